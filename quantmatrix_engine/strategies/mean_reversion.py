"""Mean reversion: buy a sharp pull-back of a name that rises in the long run, sell the bounce.

Above its long average, RSI of two sessions is very low: bought; once the close is back at its mean
of five sessions: sold (L. Connors, C. Alvarez, Short Term Trading Strategies That Work, 2008). The
first targets are the middle and the upper of Bollinger's bands (J. Bollinger, Bollinger on
Bollinger Bands, 2001), and a close near the lower one adds strength, as do a close not above SMA50
and an ATR of 2 % of the price: V1's scan for value. Connors trades without a stop; here there is
one, since the size rests on it.

An entry is said once a pull-back, an exit on the session that ends such a pull-back or the trend.
"""

from collections.abc import Mapping
from typing import Annotated

import polars as pl
from pydantic import Field

from quantmatrix_engine.indicators.base import spec
from quantmatrix_engine.strategies.base import Kind, Source
from quantmatrix_engine.strategies.pairs import Pairs
from quantmatrix_engine.strategies.shared_rules import (
    above_long_average,
    long_average_lost,
    moves_enough,
)
from quantmatrix_engine.strategies.trace import Rule
from quantmatrix_engine.strategies.trades import (
    TradeParams,
    atr_stop,
    exits,
    risked_entries,
)
from quantmatrix_engine.vocabulary import Urgency

RSI_SESSIONS = 2
BAND_SESSIONS, BAND_DEVIATIONS = 20, 2.0
NEAR_AVERAGE = 50


class MeanReversionParams(TradeParams):
    """What a user may set. Multiples and distances are in ATR, `_pct` in percent."""

    max_rsi: Annotated[
        float, Field(gt=0, lt=50, description="Largest RSI of two sessions of an entry.")
    ] = 10.0
    trend_average: Annotated[
        int, Field(ge=50, le=400, description="Window of the average the close must be above.")
    ] = 200
    exit_average: Annotated[
        int, Field(ge=2, le=50, description="Window of the average whose passing is the exit.")
    ] = 5
    max_band_position_pct: Annotated[
        float, Field(ge=-100, le=100, description="Place in Bollinger's bands that adds strength.")
    ] = 5.0
    max_atr_distance: Annotated[
        float, Field(ge=-50, le=50, description="Distance from SMA50 that adds strength, in ATR.")
    ] = 0.0
    min_atr_pct: Annotated[
        float, Field(ge=0, le=50, description="ATR as percent of price that adds strength.")
    ] = 2.0
    min_risk_reward: Annotated[
        float, Field(ge=0, le=20, description="Smallest reward for the risk of an entry; 0: any.")
    ] = 0.0


def _sources(params: MeanReversionParams) -> Mapping[str, Source]:
    period = params.atr_period
    bands = spec("bollinger", window=BAND_SESSIONS, deviations=BAND_DEVIATIONS)
    pullback = spec("pullback", average=params.exit_average, window=RSI_SESSIONS)
    holding = spec("holding", average=params.trend_average, window=period)
    single = {
        "atr": spec("atr", window=period),
        "atr_pct": spec("atr_pct", window=period),
        "atr_distance": spec("atr_distance", average=NEAR_AVERAGE, window=period),
        "rsi_2": spec("rsi", window=RSI_SESSIONS),
        "sma_trend": spec("sma", window=params.trend_average),
        "sma_exit": spec("sma", window=params.exit_average),
    }
    upper, middle, _, position, _ = bands.columns()
    sessions, lowest, before = pullback.columns()
    return {name: Source(one, one.columns()[0]) for name, one in single.items()} | {
        "band_upper": Source(bands, upper),
        "band_middle": Source(bands, middle),
        "band_position": Source(bands, position),
        "pullback_sessions": Source(pullback, sessions),
        "pullback_rsi": Source(pullback, lowest),
        "pullback_before": Source(pullback, before),
        "holding_sessions": Source(holding, holding.columns()[0]),
        "holding_before": Source(holding, holding.columns()[2]),
    }


def _entry_rules() -> list[Rule]:
    return [
        Rule(
            "above_trend",
            pl.col("price"),
            ">",
            pl.col("sma_trend"),
            label="close, long average",
            weight=0.20,
        ),
        Rule(
            "rsi",
            pl.col("rsi_2"),
            "<=",
            pl.col("max_rsi"),
            label="RSI of two sessions",
            weight=0.30,
        ),
        Rule(
            "in_pullback",
            pl.col("pullback_sessions"),
            ">",
            pl.lit(0.0),
            label="sessions below the average that is the exit",
        ),
        Rule(
            "first_in_pullback",
            pl.col("pullback_rsi").fill_null(100.0),
            ">",
            pl.col("max_rsi"),
            label="lowest RSI earlier in this pull-back (100: none)",
        ),
        Rule(
            "mean_above_price",
            pl.col("target_1"),
            ">",
            pl.col("price"),
            label="middle of the bands, close",
        ),
        Rule(
            "risk_reward",
            pl.col("risk_reward"),
            ">=",
            pl.col("min_risk_reward"),
            label="reward for the risk",
        ),
        Rule(
            "band_position",
            pl.col("band_position"),
            "<=",
            pl.col("max_band_position_pct"),
            label="place in Bollinger's bands, %",
            is_required=False,
            weight=0.25,
        ),
        Rule(
            "atr_distance",
            pl.col("atr_distance"),
            "<=",
            pl.col("max_atr_distance"),
            label="distance from SMA50 in ATR",
            is_required=False,
            weight=0.15,
        ),
        moves_enough(0.10),
    ]


def _entries(pairs: Pairs) -> pl.LazyFrame:
    return risked_entries(
        pairs,
        _entry_rules(),
        stop=atr_stop(),
        target_1=pl.col("band_middle"),
        target_2=pl.col("band_upper"),
        target_3=pl.lit(None, dtype=pl.Float64),
    )


def _exits(pairs: Pairs) -> pl.LazyFrame:
    bounced = [
        Rule(
            "back_at_average",
            pl.col("price"),
            ">=",
            pl.col("sma_exit"),
            label="close, average that is the exit",
        ),
        Rule(
            "pullback_before",
            pl.col("pullback_before"),
            ">",
            pl.lit(0.0),
            label="sessions of the pull-back until the one before",
        ),
        Rule(
            "pullback_rsi",
            pl.col("pullback_rsi"),
            "<=",
            pl.col("max_rsi"),
            label="lowest RSI of the pull-back",
        ),
        above_long_average(),
    ]
    ended = pairs.where(pl.col("holding_sessions") == 0)
    return pl.concat(
        [
            exits(pairs, bounced, exit_strength=0.7, urgency=Urgency.MEDIUM),
            exits(ended, long_average_lost(), exit_strength=0.9, urgency=Urgency.HIGH),
        ]
    )


def _decide(pairs: Pairs) -> pl.LazyFrame:
    return pl.concat([_entries(pairs), _exits(pairs)], how="diagonal")


KIND = Kind(
    name="mean_reversion",
    title="Mean reversion",
    version=2,
    params=MeanReversionParams,
    sources=_sources,
    required=(
        "atr",
        "rsi_2",
        "sma_trend",
        "sma_exit",
        "band_upper",
        "band_middle",
        "pullback_sessions",
        "holding_sessions",
    ),
    decide=_decide,
)
