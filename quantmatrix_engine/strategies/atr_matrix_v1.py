"""ATR Matrix as QuantMatrix V1 wrote it, for comparison with what V1 said.

The rules are those of V1's `core/strategies/atr_matrix.py`, to the letter: no memory, so at a
distance of 10 all four scale-outs are said again on every session, and every name below SMA50 is
an exit every session. `atr_matrix` is what to use for trading.

Of V1's params one does nothing and another nearly nothing, here as there, since a result can be
compared only with what was: `min_risk_reward` was reported beside the reward and never enforced;
of the size, min(`max_position_size_pct`, 2 % risk over a loss fixed at 5 % = 40 %), the second
term binds above 40 only, so a position is 5 % with the defaults, whatever its stop. V1's fallback
levels without ATR (stop 5 % below, targets 7, 10 and 15 % above) could not be reached, for a
distance needs ATR, and its callers' constant ATR of 2.5 % of the price is not taken over: a
missing ATR withholds. V1's validity of an hour and its least strength of 0.3 decided nothing in a
run once a session.
"""

from collections.abc import Mapping
from typing import Annotated

import polars as pl
from pydantic import Field, model_validator

from quantmatrix_engine.indicators.base import spec
from quantmatrix_engine.strategies.base import Kind, Params, Source
from quantmatrix_engine.strategies.pairs import Pairs
from quantmatrix_engine.strategies.shared_rules import averages_aligned, some_level_reached
from quantmatrix_engine.strategies.trace import Rule, as_json, required, strength, with_trace
from quantmatrix_engine.strategies.trades import (
    NEXT_SESSION,
    Multiple,
    entries,
    exits,
    must_rise,
    said,
    with_risk_reward,
)
from quantmatrix_engine.vocabulary import Action, SizeBasis, Urgency

MIN_STRENGTH = 0.5
MAX_STOP_PCT = 10.0
TARGETS = (7.0, 10.0, 12.0)
OVEREXTENDED = 10.0
SIZE_BY_RISK_PCT = 40.0
"""2 % of the portfolio over a loss of 5 % of the price, which V1 assumed for every position."""


class AtrMatrixV1Params(Params):
    """V1's params under V1's names (`_pct` added), with V1's defaults."""

    atr_period: Annotated[int, Field(ge=2, le=100, description="Window of Wilder's ATR.")] = 14
    entry_max_distance: Annotated[
        float, Field(ge=0, lt=7, description="Largest distance above SMA50 of an entry, in ATR.")
    ] = 4.0
    scale_out_levels: Annotated[
        tuple[Multiple, ...],
        Field(min_length=1, max_length=10, description="Distances at which a part is sold."),
    ] = (7.0, 8.0, 9.0, 10.0)
    stop_loss_multiplier: Annotated[
        float, Field(gt=0, le=20, description="Stop below the price, in ATR; 10 % at most.")
    ] = 1.5
    min_atr_percent: Annotated[
        float, Field(ge=0, le=50, description="ATR as percent of price that adds strength.")
    ] = 3.0
    min_price_position: Annotated[
        float, Field(ge=0, le=100, description="Place in the 20-session range that adds strength.")
    ] = 50.0
    min_risk_reward: Annotated[
        float, Field(ge=0, le=20, description="Does nothing, as in V1: it was never enforced.")
    ] = 3.0
    max_position_size_pct: Annotated[
        float, Field(gt=0, le=100, description="Size of every position up to 40, percent.")
    ] = 5.0

    @model_validator(mode="after")
    def _rising(self) -> "AtrMatrixV1Params":
        must_rise("scale_out_levels", self.scale_out_levels)
        return self


def _sources(params: AtrMatrixV1Params) -> Mapping[str, Source]:
    period = params.atr_period
    single = {
        "atr": spec("atr", window=period),
        "atr_pct": spec("atr_pct", window=period),
        "atr_distance": spec("atr_distance", average=50, window=period),
        "sma_20": spec("sma", window=20),
        "sma_50": spec("sma", window=50),
        "range_position": spec("range_position", window=20),
        "ma_aligned": spec("moving_average_alignment"),
    }
    return {name: Source(one, one.columns()[0]) for name, one in single.items()}


def _entry_rules() -> list[Rule]:
    distance = pl.col("atr_distance")
    far = "distance from SMA50 in ATR"
    return [
        Rule("atr_distance_at_least", distance, ">=", pl.lit(0.0), label=far),
        Rule(
            "atr_distance_at_most",
            distance,
            "<=",
            pl.col("entry_max_distance"),
            label=far,
            weight=0.30,
        ),
        Rule(
            "above_sma_20",
            pl.col("price"),
            ">",
            pl.col("sma_20"),
            label="close, SMA20",
            weight=0.20,
        ),
        averages_aligned(0.25),
        Rule(
            "price_position",
            pl.col("range_position"),
            ">",
            pl.col("min_price_position"),
            label="place in the 20-session range, %",
            is_required=False,
            weight=0.15,
        ),
        Rule(
            "atr_percent",
            pl.col("atr_pct"),
            ">=",
            pl.col("min_atr_percent"),
            label="ATR, % of the price",
            is_required=False,
            weight=0.10,
        ),
    ]


def _entries(pairs: Pairs) -> pl.LazyFrame:
    price, atr = pl.col("price"), pl.col("atr")
    floor = price * (1 - MAX_STOP_PCT / 100)
    rules = _entry_rules()
    asked, trace = with_trace(pairs.where(*required(rules)), rules)
    levelled = asked.frame().with_columns(
        stop=pl.max_horizontal(price - pl.col("stop_loss_multiplier") * atr, floor),
        **{
            f"target_{rank}": pl.col("sma_50") + multiple * atr
            for rank, multiple in enumerate(TARGETS, start=1)
        },
    )
    return entries(
        with_risk_reward(levelled),
        rules,
        strength=strength(rules),
        trace=trace,
        size_pct=pl.min_horizontal(pl.col("max_position_size_pct"), SIZE_BY_RISK_PCT),
        min_strength=pl.lit(MIN_STRENGTH),
        valid_sessions=NEXT_SESSION,
    )


def _scale_outs(pairs: Pairs) -> pl.LazyFrame:
    distance, level = pl.col("atr_distance"), pl.col("level")
    rules = [Rule("level_reached", distance, ">=", level, label="distance from SMA50 in ATR")]
    overshoot = ((distance - level) * 0.1).clip(0.0, 0.3)
    return (
        pairs.where(some_level_reached().is_met())
        .frame()
        .with_columns(level=pl.col("scale_out_levels"))
        .explode("level")
        .filter(*required(rules))
        .with_columns(
            strength=(0.7 + overshoot).clip(0.0, 1.0),
            trace=as_json(rules),
            size_pct=pl.lit(25.0),
        )
        .select(
            *said(Action.SCALE_OUT, SizeBasis.POSITION, NEXT_SESSION),
            "level",
            target_1=pl.col("sma_50") + level * pl.col("atr"),
        )
    )


def _exits(pairs: Pairs) -> pl.LazyFrame:
    below = Rule("below_sma_50", pl.col("price"), "<", pl.col("sma_50"), label="close, SMA50")
    overextended = Rule(
        "overextended",
        pl.col("atr_distance"),
        ">",
        pl.lit(OVEREXTENDED),
        label="distance from SMA50 in ATR",
    )
    return pl.concat(
        [
            exits(pairs, [below], exit_strength=0.9, urgency=Urgency.HIGH),
            exits(pairs, [overextended], exit_strength=0.7, urgency=Urgency.MEDIUM),
        ]
    )


def _decide(pairs: Pairs) -> pl.LazyFrame:
    return pl.concat([_entries(pairs), _scale_outs(pairs), _exits(pairs)], how="diagonal")


KIND = Kind(
    name="atr_matrix_v1",
    title="ATR Matrix, as in V1",
    version=2,
    params=AtrMatrixV1Params,
    sources=_sources,
    required=("atr", "atr_distance", "sma_20", "sma_50"),
    decide=_decide,
)
