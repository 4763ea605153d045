"""Column types and checks that several contracts share."""

from typing import Annotated, Any

import pandera.polars as pa
import polars as pl
from pandera.polars import PolarsData

from quantmatrix_engine import calendars

UtcTime = Annotated[pl.Datetime, "us", "UTC"]
"""A timezone-aware moment in UTC, to the microsecond."""


def price(description: str) -> Any:
    """Gives the field of a price as traded: neither null, zero nor negative."""
    return pa.Field(
        gt=0,
        description=description,
        metadata={"null_rule": "null_price", "bound_rule": "nonpositive_price"},
    )


def on_sessions(data: PolarsData) -> pl.LazyFrame:
    """Says of each row whether the exchange trades on its `session`."""
    dates = data.lazyframe.select("session").collect().get_column("session")
    if dates.is_empty():
        return data.lazyframe.select(pl.col("session").is_not_null())
    known = calendars.sessions(dates.min(), dates.max())  # type: ignore[arg-type]
    return data.lazyframe.select(pl.col("session").is_in(known))
