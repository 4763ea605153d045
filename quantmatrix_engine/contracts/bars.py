"""Bars: raw bars that can be traded on, under the instrument's permanent id."""

import datetime as dt

import pandera.polars as pa
import polars as pl
from pandera.polars import PolarsData

from quantmatrix_engine.contracts.fields import UtcTime, on_sessions, price

# Feeds round each price on its own, so an open may stand a last digit outside the range.
ROUNDING_RATIO = 1e-6
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
        return data.lazyframe.select(~pl.any_horizontal(pl.selectors.float().is_infinite()))

    @pa.dataframe_check(name="high_below_low")
    def high_is_at_least_low(cls, data: PolarsData) -> pl.LazyFrame:  # noqa: N805
        """The highest price is not below the lowest."""
        return data.lazyframe.select(pl.col("high") >= pl.col("low"))

    @pa.dataframe_check(name="open_outside_range")
    def open_is_in_range(cls, data: PolarsData) -> pl.LazyFrame:  # noqa: N805
        """The first price lies between the lowest and the highest."""
        return data.lazyframe.select(_in_range("open"))

    @pa.dataframe_check(name="close_outside_range")
    def close_is_in_range(cls, data: PolarsData) -> pl.LazyFrame:  # noqa: N805
        """The last price lies between the lowest and the highest."""
        return data.lazyframe.select(_in_range("close"))

    @pa.dataframe_check(name="duplicate_key")
    def key_is_unique(cls, data: PolarsData) -> pl.LazyFrame:  # noqa: N805
        """One delivery says one thing about a symbol's session.

        A row repeated word for word is kept once; rows that disagree are all refused, since
        nothing tells which of them is right.
        """
        said = pl.struct(*KEY, "open", "high", "low", "close", "volume")
        agrees = said.is_duplicated() & (pl.len().over(KEY) == pl.len().over(said))
        placed = data.lazyframe.with_row_index("place")
        # Comparing what was said is slow, and few keys are repeated.
        repeated = placed.filter(pl.struct(KEY).is_duplicated())
        judged = repeated.select("place", is_kept=agrees & said.is_first_distinct())
        return placed.join(judged, on="place", how="left", maintain_order="left").select(
            pl.col("is_kept").fill_null(value=True)
        )

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


def _in_range(column: str) -> pl.Expr:
    """Gives whether a price is in the range, true where another rule says what is wrong."""
    slack = pl.col("high") * ROUNDING_RATIO
    in_range = pl.col(column).is_between(pl.col("low") - slack, pl.col("high") + slack)
    has_no_range = (pl.col("high") < pl.col("low")) | (pl.min_horizontal("low", column) <= 0)
    return in_range | has_no_range
