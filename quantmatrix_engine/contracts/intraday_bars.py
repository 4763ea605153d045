"""Intraday bars: an interval of a session, stamped with the moment it starts."""

import datetime as dt
from enum import StrEnum

import pandera.polars as pa
import polars as pl
from pandera.polars import PolarsData

from quantmatrix_engine.contracts import price_rules
from quantmatrix_engine.contracts.fields import UtcTime, price


class Interval(StrEnum):
    """How long an intraday bar is. Minutes are resampled, and not kept."""

    MINUTE = "1m"
    FIVE_MINUTES = "5m"
    HOUR = "1h"


KEPT = (Interval.FIVE_MINUTES, Interval.HOUR)
SAID = ("provider", "symbol", "interval", "starts_at", "known_at")
"""What two delivered rows must share to be about the same bar."""


class CleanIntradayBars(pa.DataFrameModel):
    """A raw intraday bar of a session whose values can be true.

    Each check is named for the finding rule a failing row gets.
    """

    provider: str = pa.Field(description="The provider that delivered the bar.")
    symbol: str = pa.Field(description="The provider's symbol at the time of the bar.")
    interval: str = pa.Field(isin=list(Interval), description="How long it is.")
    starts_at: UtcTime = pa.Field(description="First moment of the interval, on the clock.")
    session: dt.date = pa.Field(description="The session it belongs to.")
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
        """One delivery says one thing about an interval of a symbol."""
        return price_rules.is_said_once(data, SAID)

    @pa.dataframe_check(name="broken_contract")
    def starts_on_the_clock(cls, data: PolarsData) -> pl.LazyFrame:  # noqa: N805
        """Hours start at whole hours (UTC) and five minutes at whole five minutes.

        So that bars of one interval never overlap, whoever brings them.
        """
        start = pl.col("starts_at")
        on_the_clock = [
            (pl.col("interval") == one.value) & (start == start.dt.truncate(one.value))
            for one in Interval
        ]
        return data.lazyframe.select(pl.any_horizontal(on_the_clock))


class IntradayBars(pa.DataFrameModel):
    """A bar of five minutes or an hour, as traded.

    Key: instrument_id, provider, interval, starts_at, known_at. An interval in which nothing traded
    has no bar; a restatement is a further row. They do not add up to the daily bar, whose first and
    last price are the auctions'.
    """

    instrument_id: int = pa.Field(description="The instrument.")
    provider: str = pa.Field(description="The provider of the bar, or of what it is made of.")
    interval: str = pa.Field(isin=list(KEPT), description="How long it is.")
    starts_at: UtcTime = pa.Field(description="First moment of the interval, on the clock.")
    session: dt.date = pa.Field(description="The session it belongs to.")
    open: float = price("First price, as traded.")
    high: float = price("Highest price, as traded.")
    low: float = price("Lowest price, as traded.")
    close: float = price("Last price, as traded.")
    volume: float = pa.Field(ge=0, description="Units traded.")
    known_at: UtcTime = pa.Field(description="Moment from which the row could be known.")
    is_final: bool = pa.Field(description="False while the interval went on at `known_at`.")

    class Config:
        """Exactly these columns; types are never guessed."""

        strict = True
        unique = ["instrument_id", "provider", "interval", "starts_at", "known_at"]  # noqa: RUF012
