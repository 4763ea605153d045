"""Breakout: buy a close above the channel of the sessions before it, on more volume than usual.

The channel and its exit are Donchian's and the Turtles' (C. Faith, Way of the Turtle, 2007: in
above 20 sessions and out below 10, or 55 and 20; stop 2 ATR below). The volume that confirms it is
O'Neil's (W. O'Neil, How to Make Money in Stocks, 2009: 40 to 50 % above the average). What adds
strength: a close above the trend's average, near the high of a year (T. George, C. Hwang, The
52-Week High and Momentum Investing, Journal of Finance 59, 2004), and an ATR of 4 % of the price,
where V1's scan for breakouts looked.

An entry is said on the session that begins a rise, an exit on the one that ends it.
"""

from collections.abc import Mapping
from typing import Annotated

import polars as pl
from pydantic import Field, model_validator

from quantmatrix_engine.indicators.base import spec
from quantmatrix_engine.strategies.base import Kind, Source
from quantmatrix_engine.strategies.pairs import Pairs
from quantmatrix_engine.strategies.shared_rules import moves_enough, near_high
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

HIGH_WINDOW = 252


class BreakoutParams(TradeParams):
    """What a user may set. Multiples are in ATR, `_pct` in percent."""

    entry_sessions: Annotated[
        int, Field(ge=5, le=260, description="Sessions whose highest high a close must pass.")
    ] = 20
    exit_sessions: Annotated[
        int, Field(ge=2, le=260, description="Sessions whose lowest low ends the rise.")
    ] = 10
    volume_sessions: Annotated[
        int, Field(ge=5, le=260, description="Sessions before, whose mean volume is usual.")
    ] = 50
    min_relative_volume: Annotated[
        float, Field(ge=0, le=50, description="Smallest volume, as a multiple of the usual one.")
    ] = 1.4
    trend_average: Annotated[
        int, Field(ge=10, le=400, description="Average that adds strength when below the close.")
    ] = 100
    min_range_position_pct: Annotated[
        float, Field(ge=0, le=100, description="Place in the range of a year that adds strength.")
    ] = 80.0
    min_atr_pct: Annotated[
        float, Field(ge=0, le=50, description="ATR as percent of price that adds strength.")
    ] = 4.0
    target_atr_multiples: Annotated[
        Multiples, Field(description="Targets above the price, in ATR.")
    ] = (4.0, 6.0, 8.0)

    @model_validator(mode="after")
    def _ordered(self) -> "BreakoutParams":
        must_rise("target_atr_multiples", self.target_atr_multiples)
        if self.exit_sessions > self.entry_sessions:
            raise ValueError(
                f"exit_sessions = {self.exit_sessions} must not be above "
                f"entry_sessions = {self.entry_sessions}"
            )
        return self


def _sources(params: BreakoutParams) -> Mapping[str, Source]:
    period = params.atr_period
    channel = spec("channel_breakout", entry=params.entry_sessions, exit=params.exit_sessions)
    names = ("channel_upper", "channel_lower", "rise_sessions", "rise_before")
    single = {
        "atr": spec("atr", window=period),
        "atr_pct": spec("atr_pct", window=period),
        "relative_volume": spec("relative_volume", window=params.volume_sessions),
        "sma_trend": spec("sma", window=params.trend_average),
        "range_position": spec("range_position", window=HIGH_WINDOW),
    }
    return {name: Source(one, one.columns()[0]) for name, one in single.items()} | {
        name: Source(channel, column) for name, column in zip(names, channel.columns(), strict=True)
    }


def _entry_rules() -> list[Rule]:
    return [
        Rule(
            "above_channel",
            pl.col("price"),
            ">",
            pl.col("channel_upper"),
            label="close, highest high of the sessions before",
            weight=0.30,
        ),
        Rule(
            "first_of_rise",
            pl.col("rise_sessions"),
            "<=",
            pl.lit(1.0),
            label="sessions since the rise began",
        ),
        Rule(
            "relative_volume",
            pl.col("relative_volume"),
            ">=",
            pl.col("min_relative_volume"),
            label="volume, multiple of the usual",
            weight=0.25,
        ),
        Rule(
            "above_trend",
            pl.col("price"),
            ">",
            pl.col("sma_trend"),
            label="close, average of the trend",
            is_required=False,
            weight=0.15,
        ),
        near_high(0.15),
        moves_enough(0.15),
    ]


def _entries(pairs: Pairs) -> pl.LazyFrame:
    return risked_entries(pairs, _entry_rules(), stop=atr_stop(), **atr_targets("price"))


def _exits(pairs: Pairs) -> pl.LazyFrame:
    rules = [
        Rule(
            "below_channel",
            pl.col("price"),
            "<",
            pl.col("channel_lower"),
            label="close, lowest low of the sessions before",
        ),
        Rule(
            "rise_before",
            pl.col("rise_before"),
            ">",
            pl.lit(0.0),
            label="sessions of the rise until the one before",
        ),
    ]
    return exits(pairs, rules, exit_strength=0.9, urgency=Urgency.HIGH)


def _decide(pairs: Pairs) -> pl.LazyFrame:
    return pl.concat([_entries(pairs), _exits(pairs)], how="diagonal")


KIND = Kind(
    name="breakout",
    title="Breakout",
    version=2,
    params=BreakoutParams,
    sources=_sources,
    required=("atr", "channel_upper", "channel_lower", "rise_sessions", "relative_volume"),
    decide=_decide,
)
