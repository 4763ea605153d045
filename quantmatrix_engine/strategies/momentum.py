"""Momentum: buy what has risen most of a year and stands above its long average, once it does.

The rise leaves the newest month out (N. Jegadeesh, S. Titman, Returns to Buying Winners and
Selling Losers, Journal of Finance 48, 1993). Only above a long average (M. Faber, A Quantitative
Approach to Tactical Asset Allocation, Journal of Wealth Management, 2007). What adds strength: it
beats the benchmark (Mansfield's relative strength, S. Weinstein, Secrets for Profiting in Bull and
Bear Markets, 1988), is near its high of a year (T. George, C. Hwang, The 52-Week High and Momentum
Investing, Journal of Finance 59, 2004), has its averages in order, and has not run away from
SMA50: where V1's scan for momentum looked, at 8 ATR and more above, `atr_matrix` sells.

An entry is said on the session that brings momentum and trend together, an exit on the one that
parts them; between the two nothing is repeated.
"""

from collections.abc import Mapping
from typing import Annotated

import polars as pl
from pydantic import Field, model_validator

from quantmatrix_engine.indicators.base import spec
from quantmatrix_engine.strategies.base import Kind, Source
from quantmatrix_engine.strategies.pairs import Pairs
from quantmatrix_engine.strategies.shared_rules import (
    above_long_average,
    averages_aligned,
    long_average_lost,
    near_high,
)
from quantmatrix_engine.strategies.trace import Rule
from quantmatrix_engine.strategies.trades import (
    Multiples,
    TradeParams,
    atr_stop,
    atr_targets,
    exits,
    must_rise,
    risked_entries,
)
from quantmatrix_engine.vocabulary import Urgency

RELATIVE_STRENGTH_WINDOW = 252
HIGH_WINDOW = 252
NEAR_AVERAGE = 50


class MomentumParams(TradeParams):
    """What a user may set. Multiples and distances are in ATR, `_pct` in percent."""

    momentum_sessions: Annotated[
        int, Field(ge=20, le=600, description="Sessions over which the rise is measured.")
    ] = 231
    skip_sessions: Annotated[
        int, Field(ge=0, le=120, description="Newest sessions that the rise leaves out.")
    ] = 21
    min_momentum_pct: Annotated[
        float, Field(ge=-50, le=1_000, description="Smallest rise of an entry.")
    ] = 10.0
    exit_momentum_pct: Annotated[
        float, Field(ge=-90, le=1_000, description="Rise below which a position is left.")
    ] = 0.0
    trend_average: Annotated[
        int, Field(ge=20, le=400, description="Window of the average the close must be above.")
    ] = 200
    min_relative_strength_pct: Annotated[
        float, Field(ge=-100, le=100, description="Mansfield's relative strength adds from here.")
    ] = 0.0
    min_range_position_pct: Annotated[
        float, Field(ge=0, le=100, description="Place in the range of a year that adds strength.")
    ] = 80.0
    max_atr_distance: Annotated[
        float,
        Field(ge=0, le=100, description="Largest distance above SMA50 that adds strength."),
    ] = 6.0
    target_atr_multiples: Annotated[
        Multiples, Field(description="Targets above the price, in ATR.")
    ] = (4.0, 8.0, 12.0)

    @model_validator(mode="after")
    def _ordered(self) -> "MomentumParams":
        must_rise("target_atr_multiples", self.target_atr_multiples)
        if self.exit_momentum_pct > self.min_momentum_pct:
            raise ValueError(
                f"exit_momentum_pct = {self.exit_momentum_pct:g} must not be above "
                f"min_momentum_pct = {self.min_momentum_pct:g}"
            )
        return self


def _sources(params: MomentumParams) -> Mapping[str, Source]:
    period = params.atr_period
    momentum = spec("momentum", window=params.momentum_sessions, skip=params.skip_sessions)
    holding = spec("holding", average=params.trend_average, window=period)
    single = {
        "atr": spec("atr", window=period),
        "atr_distance": spec("atr_distance", average=NEAR_AVERAGE, window=period),
        "sma_trend": spec("sma", window=params.trend_average),
        "relative_strength": spec("mansfield", window=RELATIVE_STRENGTH_WINDOW),
        "range_position": spec("range_position", window=HIGH_WINDOW),
        "ma_aligned": spec("moving_average_alignment"),
    }
    return {name: Source(one, one.columns()[0]) for name, one in single.items()} | {
        "momentum_now": Source(momentum, momentum.columns()[0]),
        "momentum_before": Source(momentum, momentum.columns()[1]),
        "holding_sessions": Source(holding, holding.columns()[0]),
        "holding_before": Source(holding, holding.columns()[2]),
    }


def _entry_rules() -> list[Rule]:
    short_before = (pl.col("momentum_before") < pl.col("min_momentum_pct")) | (
        pl.col("holding_before") == 0
    )
    return [
        Rule(
            "momentum",
            pl.col("momentum_now"),
            ">=",
            pl.col("min_momentum_pct"),
            label="rise without the newest sessions, %",
            weight=0.30,
        ),
        Rule(
            "above_trend",
            pl.col("price"),
            ">",
            pl.col("sma_trend"),
            label="close, long average",
            weight=0.20,
        ),
        Rule(
            "newly_met",
            short_before,
            ">=",
            pl.lit(1.0),
            label="momentum or trend was short the session before (1: yes)",
        ),
        Rule(
            "relative_strength",
            pl.col("relative_strength"),
            ">=",
            pl.col("min_relative_strength_pct"),
            label="relative strength (Mansfield), %",
            is_required=False,
            weight=0.15,
        ),
        near_high(0.15),
        averages_aligned(0.10),
        Rule(
            "not_extended",
            pl.col("atr_distance"),
            "<=",
            pl.col("max_atr_distance"),
            label="distance from SMA50 in ATR",
            is_required=False,
            weight=0.10,
        ),
    ]


def _entries(pairs: Pairs) -> pl.LazyFrame:
    return risked_entries(pairs, _entry_rules(), stop=atr_stop(), **atr_targets("price"))


def _exits(pairs: Pairs) -> pl.LazyFrame:
    least = pl.col("exit_momentum_pct")
    faded = [
        Rule(
            "momentum_lost",
            pl.col("momentum_now"),
            "<",
            least,
            label="rise without the newest sessions, %",
        ),
        Rule(
            "momentum_before",
            pl.col("momentum_before"),
            ">=",
            least,
            label="rise without the newest sessions, the session before, %",
        ),
        above_long_average(),
    ]
    return pl.concat(
        [
            exits(
                pairs.where(pl.col("holding_sessions") == 0),
                long_average_lost(),
                exit_strength=0.9,
                urgency=Urgency.HIGH,
            ),
            exits(pairs, faded, exit_strength=0.7, urgency=Urgency.MEDIUM),
        ]
    )


def _decide(pairs: Pairs) -> pl.LazyFrame:
    return pl.concat([_entries(pairs), _exits(pairs)], how="diagonal")


KIND = Kind(
    name="momentum",
    title="Momentum",
    version=2,
    params=MomentumParams,
    sources=_sources,
    required=(
        "atr",
        "atr_distance",
        "momentum_now",
        "momentum_before",
        "sma_trend",
        "holding_sessions",
    ),
    decide=_decide,
)
