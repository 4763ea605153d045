"""Column types: money, times, enums by value, JSON documents."""

import datetime as dt
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from sqlalchemy import DateTime, Enum, LargeBinary, Numeric, String, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import mapped_column

Price = Annotated[Decimal, mapped_column(Numeric(20, 6))]
"""A price in the instrument's currency."""

TradePrice = Annotated[Decimal, mapped_column(Numeric(28, 12))]
"""A price something was traded at, in the instrument's currency; of a coin a fraction of a cent."""

Money = Annotated[Decimal, mapped_column(Numeric(24, 8))]
"""An amount of a currency; brokers state fees and proceeds to eight digits."""

Quantity = Annotated[Decimal, mapped_column(Numeric(38, 18))]
"""Units of an instrument, fractions included; negative where sold short."""

ExchangeRate = Annotated[Decimal, mapped_column(Numeric(20, 10))]
"""Units of the account's base currency for one unit of the row's currency."""

Currency = Annotated[str, mapped_column(String(3))]
"""A currency, ISO 4217."""

Digest = Annotated[bytes, mapped_column(LargeBinary(32))]
"""A SHA-256 digest: 32 bytes."""

Percentage = Annotated[Decimal, mapped_column(Numeric(9, 4))]
"""A percentage: 5 is five of a hundred."""

UtcTime = Annotated[dt.datetime, mapped_column(DateTime(timezone=True))]
"""A timezone-aware moment; PostgreSQL keeps it in UTC."""

CreatedAt = Annotated[
    dt.datetime,
    mapped_column(
        DateTime(timezone=True),
        server_default=func.now(),
        comment="Moment (UTC) the row was written.",
    ),
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
