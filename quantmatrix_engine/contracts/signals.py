"""Signals: what strategies say on a session, before it is stored."""

import datetime as dt

import pandera.polars as pa
import polars as pl
from pandera.polars import PolarsData

from quantmatrix_engine.vocabulary import Action, SizeBasis, Urgency

# Prices are stored with six digits after the point and fourteen before.
SMALLEST_PRICE, LARGEST_PRICE = 1e-6, 1e13


class Signals(pa.DataFrameModel):
    """One thing one strategy says about one instrument.

    Key: strategy_id, instrument_id, action, level. Prices are in the instrument's currency and in
    the price basis of the session.
    """

    strategy_id: int = pa.Field(description="The strategy that says it.")
    instrument_id: int = pa.Field(description="The instrument it is about.")
    action: str = pa.Field(isin=list(Action), description="What to consider doing.")
    level: float = pa.Field(
        nullable=True,
        gt=0,
        le=10_000,
        description="Multiple of ATR above SMA50 of a scale-out, else null.",
    )
    strength: float = pa.Field(ge=0, le=1, description="How strongly, 0 to 1.")
    urgency: str = pa.Field(
        nullable=True, isin=list(Urgency), description="How soon an exit asks for attention."
    )
    price: float = pa.Field(
        ge=SMALLEST_PRICE, le=LARGEST_PRICE, description="Close of the session."
    )
    stop: float = pa.Field(
        nullable=True,
        ge=SMALLEST_PRICE,
        le=LARGEST_PRICE,
        description="Price that ends the trade at a loss.",
    )
    target_1: float = pa.Field(nullable=True, gt=0, le=LARGEST_PRICE, description="First target.")
    target_2: float = pa.Field(nullable=True, gt=0, le=LARGEST_PRICE, description="Second target.")
    target_3: float = pa.Field(nullable=True, gt=0, le=LARGEST_PRICE, description="Third target.")
    risk_reward: float = pa.Field(nullable=True, description="(target_1 - price) / (price - stop).")
    size_pct: float = pa.Field(gt=0, le=100, description="Suggested size, percent of its basis.")
    size_basis: str = pa.Field(isin=list(SizeBasis), description="What size_pct is a part of.")
    trace: str = pa.Field(description="The rules with values and thresholds, a JSON array.")
    valid_until: dt.date = pa.Field(
        nullable=True, description="Last session it is meant for; null where its kind sets none."
    )

    class Config:
        """Exactly these columns; a thing is said once."""

        strict = True
        unique = ["strategy_id", "instrument_id", "action", "level"]  # noqa: RUF012

    # A contract that inherits these names them by their functions.
    @pa.dataframe_check(name="stop_below_price")
    def stop_below_price(cls, data: PolarsData) -> pl.LazyFrame:  # noqa: N805
        """A stop lies below the price."""
        stop = pl.col("stop")
        return data.lazyframe.select(stop.is_null() | (stop < pl.col("price")))

    @pa.dataframe_check(name="targets_above_price")
    def targets_above_price(cls, data: PolarsData) -> pl.LazyFrame:  # noqa: N805
        """What is to be bought has its targets above the price."""
        is_entry = pl.col("action") == Action.ENTRY.value
        below = pl.col("target_1") <= pl.col("price")
        return data.lazyframe.select(~(is_entry & below.fill_null(value=False)))

    @pa.dataframe_check(name="targets_ordered")
    def targets_ordered(cls, data: PolarsData) -> pl.LazyFrame:  # noqa: N805
        """Targets rise and are given from the first on."""
        first, second, third = (pl.col(f"target_{rank}") for rank in (1, 2, 3))
        rising = (first < second).fill_null(second.is_null())
        return data.lazyframe.select(rising & (second < third).fill_null(third.is_null()))

    @pa.dataframe_check(name="level_of_scale_out")
    def level_of_scale_out(cls, data: PolarsData) -> pl.LazyFrame:  # noqa: N805
        """A scale-out has a level, and nothing else has one."""
        is_scale_out = pl.col("action") == Action.SCALE_OUT.value
        return data.lazyframe.select(is_scale_out == pl.col("level").is_not_null())

    @pa.dataframe_check(name="entry_has_stop")
    def entry_has_stop(cls, data: PolarsData) -> pl.LazyFrame:  # noqa: N805
        """An entry has a stop."""
        is_entry = pl.col("action") == Action.ENTRY.value
        return data.lazyframe.select(~is_entry | pl.col("stop").is_not_null())

    @pa.dataframe_check(name="risk_reward_is_finite")
    def risk_reward_is_finite(cls, data: PolarsData) -> pl.LazyFrame:  # noqa: N805
        """Reward for the risk is a number, or null."""
        return data.lazyframe.select(pl.col("risk_reward").is_finite().fill_null(value=True))
