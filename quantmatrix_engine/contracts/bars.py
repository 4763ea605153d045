"""Bars: raw bars that can be traded on, under the instrument's permanent id."""

import datetime as dt

import pandera.polars as pa
import polars as pl
from pandera.polars import PolarsData

from quantmatrix_engine.contracts import price_rules
from quantmatrix_engine.contracts.fields import UtcTime, on_sessions, price

KEY = ("provider", "symbol", "session", "known_at")


class CleanBars(pa.DataFrameModel):
    """A raw bar whose values can be true: the gate between what was said and what is used.

    Each check is named for the finding rule a failing row gets.
    """

    provider: str = pa.Field(description="The provider that delivered the bar.")
    symbol: str = pa.Field(description="The provider's symbol at the time of the bar.")
    session: dt.date = pa.Field(description="Trading date on the exchange.")
    open: float = price("First price, as traded.")
    high: float = price("Highest price, as traded.")
    low: float = price("Lowest price, as traded.")
    close: float = price("Last price, as traded.")
    volume: float = pa.Field(
        ge=0,
        description="Units traded.",
        metadata={"null_rule": "null_volume", "bound_rule": "negative_volume"},
    )
    source: str = pa.Field(description="Where the row was read.")
    source_row: int = pa.Field(nullable=True, description="Line of the file, or null.")
    known_at: UtcTime = pa.Field(description="Moment from which the row could be known.")

    class Config:
        """Exactly these columns; types are never guessed."""

        strict = True

    @pa.dataframe_check(name="not_a_number")
    def values_are_finite(cls, data: PolarsData) -> pl.LazyFrame:  # noqa: N805
        """No price and no volume is infinite; one that is NaN or null breaks its own rule."""
        return price_rules.values_are_finite(data)

    @pa.dataframe_check(name="high_below_low")
    def high_is_at_least_low(cls, data: PolarsData) -> pl.LazyFrame:  # noqa: N805
        """The highest price is not below the lowest."""
        return price_rules.high_is_at_least_low(data)

    @pa.dataframe_check(name="open_outside_range")
    def open_is_in_range(cls, data: PolarsData) -> pl.LazyFrame:  # noqa: N805
        """The first price lies between the lowest and the highest."""
        return price_rules.is_in_range(data, "open")

    @pa.dataframe_check(name="close_outside_range")
    def close_is_in_range(cls, data: PolarsData) -> pl.LazyFrame:  # noqa: N805
        """The last price lies between the lowest and the highest."""
        return price_rules.is_in_range(data, "close")

    @pa.dataframe_check(name="duplicate_key")
    def key_is_unique(cls, data: PolarsData) -> pl.LazyFrame:  # noqa: N805
        """One delivery says one thing about a symbol's session.

        A row repeated word for word is kept once; rows that disagree are all refused, since
        nothing tells which of them is right.
        """
        return price_rules.is_said_once(data, KEY)

    @pa.dataframe_check(name="not_a_session")
    def exchange_is_open(cls, data: PolarsData) -> pl.LazyFrame:  # noqa: N805
        """The exchange trades on that date."""
        return on_sessions(data)


class Bars(pa.DataFrameModel):
    """A bar of an instrument, as traded; the base of every indicator.

    Key: instrument_id, provider, session, known_at. A restatement is a further row.
    """

    instrument_id: int = pa.Field(description="The instrument, permanent through renames.")
    provider: str = pa.Field(description="The provider that delivered the bar.")
    session: dt.date = pa.Field(description="Trading date on the exchange.")
    open: float = price("First price, as traded.")
    high: float = price("Highest price, as traded.")
    low: float = price("Lowest price, as traded.")
    close: float = price("Last price, as traded.")
    volume: float = pa.Field(ge=0, description="Units traded.")
    known_at: UtcTime = pa.Field(description="Moment from which the row could be known.")
    is_final: bool = pa.Field(description="False while the session was still open at `known_at`.")

    class Config:
        """Exactly these columns; types are never guessed."""

        strict = True
        unique = ["instrument_id", "provider", "session", "known_at"]  # noqa: RUF012
