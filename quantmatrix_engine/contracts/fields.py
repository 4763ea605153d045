"""Column types that several contracts share."""

from typing import Annotated, Any

import pandera.polars as pa
import polars as pl

UtcTime = Annotated[pl.Datetime, "us", "UTC"]
"""A timezone-aware moment in UTC, to the microsecond."""


def price(description: str) -> Any:
    """Gives the field of a price as traded: neither null, zero nor negative."""
    return pa.Field(
        gt=0,
        description=description,
        metadata={"null_rule": "null_price", "bound_rule": "nonpositive_price"},
    )
