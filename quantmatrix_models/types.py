"""Column types: money, times, enums by value, JSON documents."""

import datetime as dt
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from sqlalchemy import DateTime, Enum, Numeric, String, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import mapped_column

Price = Annotated[Decimal, mapped_column(Numeric(20, 6))]
"""A price in the instrument's currency."""

Percentage = Annotated[Decimal, mapped_column(Numeric(9, 4))]
"""A share of a hundred, 0-100."""

UtcTime = Annotated[dt.datetime, mapped_column(DateTime(timezone=True))]
"""A timezone-aware moment; PostgreSQL keeps it in UTC."""

CreatedAt = Annotated[
    dt.datetime, mapped_column(DateTime(timezone=True), server_default=func.now())
]
"""The moment the row was written."""

Symbol = Annotated[str, mapped_column(String(32))]
"""A name an instrument has for a time."""

Document = Annotated[dict[str, Any], mapped_column(JSONB)]
"""A JSON object."""


def by_value(kind: type[StrEnum], *, name: str) -> Enum:
    """Gives a text column that holds the values of `kind`, with a CHECK named `name`.

    A text with a check, not a native enum: adding a member is one statement in any transaction.
    """
    return Enum(
        kind,
        native_enum=False,
        create_constraint=True,
        length=32,
        name=name,
        values_callable=lambda members: [member.value for member in members],
    )
