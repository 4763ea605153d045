"""ATR Matrix: buy strength close above SMA50, sell it in parts far above, leave below.

Distance is measured in ATR: (close - SMA50) / ATR, ATR being Wilder's. The rules and weights are
those of QuantMatrix V1; docs/decisions/0006-atr-matrix.md says where its words left a choice.
"""

from collections.abc import Mapping
from typing import Annotated

import polars as pl
from pydantic import Field, model_validator

from quantmatrix_engine.indicators.base import spec
from quantmatrix_engine.strategies.base import Kind, Params, Source
from quantmatrix_engine.strategies.pairs import Pairs
from quantmatrix_engine.strategies.shared_rules import (
    averages_aligned,
    moves_enough,
    some_level_reached,
)
from quantmatrix_engine.strategies.trace import Rule, as_json, required
from quantmatrix_engine.strategies.trades import (
    NEXT_SESSION,
    Multiple,
    Multiples,
    ValidSessions,
    atr_stop,
    atr_targets,
    exits,
    must_rise,
    risked_entries,
    said,
)
from quantmatrix_engine.vocabulary import Action, SizeBasis, Urgency

TREND_AVERAGE = 50
SHORT_AVERAGE = 20
RANGE_WINDOW = 20
ANY_PEAK = 100.0
"""The `max_entry_peak` that refuses no holding."""
NEVER_ENDED = 9_999
"""Stands for the sessions since a holding ended where none did."""


class AtrMatrixParams(Params):
    """What a user may set. Distances and multiples are in ATR, `_pct` in percent."""

    atr_period: Annotated[int, Field(ge=2, le=100, description="Window of Wilder's ATR.")] = 14
    entry_max_atr_distance: Annotated[
        float, Field(ge=0, le=20, description="Largest distance above SMA50 of an entry.")
    ] = 4.0
    min_strength: Annotated[
        float, Field(ge=0, le=1, description="Smallest strength of an entry that is told.")
    ] = 0.5
    min_atr_pct: Annotated[
        float, Field(ge=0, le=50, description="ATR as percent of price that adds strength.")
    ] = 3.0
    min_range_position_pct: Annotated[
        float, Field(ge=0, le=100, description="Place in the 20-session range that adds strength.")
    ] = 50.0
    min_risk_reward: Annotated[
        float, Field(ge=0, le=20, description="Smallest reward for the risk of an entry; 0: any.")
    ] = 0.0
    stop_atr_multiple: Annotated[
        float, Field(gt=0, le=20, description="Stop below the price, in ATR.")
    ] = 1.5
    max_stop_pct: Annotated[
        float, Field(gt=0, lt=100, description="Stop at most this far below the price.")
    ] = 10.0
    target_atr_multiples: Annotated[
        Multiples, Field(description="Targets above SMA50, in ATR.")
    ] = (7.0, 10.0, 12.0)
    scale_out_levels: Annotated[
        tuple[Multiple, ...],
        Field(min_length=1, max_length=10, description="Distances at which a part is sold."),
    ] = (7.0, 8.0, 9.0, 10.0)
    scale_out_pct: Annotated[
        float, Field(gt=0, le=100, description="Part of the position sold at each level.")
    ] = 25.0
    overextended_atr_distance: Annotated[
        float, Field(gt=0, le=100, description="Distance beyond which the name is overextended.")
    ] = 10.0
    max_position_pct: Annotated[
        float, Field(gt=0, le=100, description="Largest position, percent of the account.")
    ] = 5.0
    risk_per_trade_pct: Annotated[
        float, Field(gt=0, le=100, description="Loss at the stop, percent of the account.")
    ] = 2.0
    valid_sessions: ValidSessions = 1
    cooldown_sessions: Annotated[
        int,
        Field(ge=0, le=260, description="Sessions after a close below SMA50 without an entry."),
    ] = 0
    max_entry_peak: Annotated[
        float,
        Field(
            gt=0, le=ANY_PEAK, description="No entry in a holding that was this far above SMA50."
        ),
    ] = ANY_PEAK
    max_holding_sessions: Annotated[
        int, Field(ge=0, le=1_000, description="Session of a holding that ends it; 0: none does.")
    ] = 0

    @model_validator(mode="after")
    def _rising(self) -> "AtrMatrixParams":
        for name in ("target_atr_multiples", "scale_out_levels"):
            must_rise(name, getattr(self, name))
        if self.target_atr_multiples[0] <= self.entry_max_atr_distance:
            raise ValueError(
                f"target_atr_multiples begin at {self.target_atr_multiples[0]:g}, which must be "
                f"above entry_max_atr_distance = {self.entry_max_atr_distance:g}"
            )
        return self


def _sources(params: AtrMatrixParams) -> Mapping[str, Source]:
    period = params.atr_period
    holding = spec("holding", average=TREND_AVERAGE, window=period)
    sessions, peak, before = holding.columns()
    single = {
        "atr": spec("atr", window=period),
        "atr_pct": spec("atr_pct", window=period),
        "atr_distance": spec("atr_distance", average=TREND_AVERAGE, window=period),
        "sma_short": spec("sma", window=SHORT_AVERAGE),
        "sma_trend": spec("sma", window=TREND_AVERAGE),
        "range_position": spec("range_position", window=RANGE_WINDOW),
        "ma_aligned": spec("moving_average_alignment"),
        "since_holding": spec("since_holding", average=TREND_AVERAGE, window=period),
    }
    return {name: Source(one, one.columns()[0]) for name, one in single.items()} | {
        "holding_sessions": Source(holding, sessions),
        "holding_peak": Source(holding, peak),
        "holding_before": Source(holding, before),
    }


def _entries(pairs: Pairs) -> pl.LazyFrame:
    return risked_entries(pairs, _entry_rules(), stop=atr_stop(), **atr_targets("sma_trend"))


def _entry_rules() -> list[Rule]:
    distance, price = pl.col("atr_distance"), pl.col("price")
    return [
        Rule(
            "atr_distance_at_least", distance, ">=", pl.lit(0.0), label="distance from SMA50 in ATR"
        ),
        Rule(
            "atr_distance_at_most",
            distance,
            "<=",
            pl.col("entry_max_atr_distance"),
            label="distance from SMA50 in ATR",
            weight=0.30,
        ),
        Rule("above_sma_20", price, ">", pl.col("sma_short"), label="close, SMA20", weight=0.20),
        Rule(
            "risk_reward",
            pl.col("risk_reward"),
            ">=",
            pl.col("min_risk_reward"),
            label="reward for the risk",
        ),
        Rule(
            "cooldown",
            pl.col("since_holding").fill_null(NEVER_ENDED),
            ">=",
            pl.col("cooldown_sessions"),
            label=f"sessions since the last close below SMA50 that ended a holding "
            f"({NEVER_ENDED}: none)",
        ).only_where(pl.col("cooldown_sessions") > 0),
        Rule(
            "entry_peak",
            pl.col("holding_peak").fill_null(0.0),
            "<",
            pl.col("max_entry_peak"),
            label="highest distance earlier in this holding",
        ).only_where(pl.col("max_entry_peak") < ANY_PEAK),
        averages_aligned(0.25),
        Rule(
            "range_position",
            pl.col("range_position"),
            ">",
            pl.col("min_range_position_pct"),
            label="place in the 20-session range, %",
            is_required=False,
            weight=0.15,
        ),
        moves_enough(0.10),
    ]


def _scale_outs(pairs: Pairs) -> pl.LazyFrame:
    distance, level = pl.col("atr_distance"), pl.col("level")
    rules = [
        Rule("level_reached", distance, ">=", level, label="distance from SMA50 in ATR"),
        Rule(
            "first_time_in_holding",
            pl.col("holding_peak").fill_null(0.0),
            "<",
            level,
            label="highest distance earlier in this holding",
        ),
    ]
    overshoot = ((distance - level) * 0.1).clip(0.0, 0.3)
    return (
        pairs.where(pl.col("holding_sessions") > 0, some_level_reached().is_met())
        .frame()
        .with_columns(level=pl.col("scale_out_levels"))
        .explode("level")
        .filter(*required(rules))
        .with_columns(
            strength=(0.7 + overshoot).clip(0.0, 1.0),
            trace=as_json(rules),
            size_pct=pl.col("scale_out_pct"),
        )
        .select(
            *said(Action.SCALE_OUT, SizeBasis.POSITION, NEXT_SESSION),
            "level",
            target_1=pl.col("sma_trend") + level * pl.col("atr"),
        )
    )


def _exits(pairs: Pairs) -> pl.LazyFrame:
    ended = pl.col("holding_sessions") == 0
    below = [
        Rule("below_sma_50", pl.col("price"), "<", pl.col("sma_trend"), label="close, SMA50"),
        Rule(
            "held_before",
            pl.col("holding_before"),
            ">",
            pl.lit(0.0),
            label="sessions above SMA50 until the one before",
        ),
    ]
    limit = pl.col("overextended_atr_distance")
    overextended = [
        Rule(
            "overextended", pl.col("atr_distance"), ">", limit, label="distance from SMA50 in ATR"
        ),
        Rule(
            "first_time_in_holding",
            pl.col("holding_peak").fill_null(0.0),
            "<=",
            limit,
            label="highest distance earlier in this holding",
        ),
    ]
    overdue = [
        Rule(
            "holding_sessions",
            pl.col("holding_sessions"),
            ">=",
            pl.col("max_holding_sessions"),
            label="sessions above SMA50",
        ),
        Rule(
            "first_time_in_holding",
            pl.col("holding_sessions") - 1,
            "<",
            pl.col("max_holding_sessions"),
            label="sessions above SMA50 until the one before",
        ),
    ]
    # One exit of an instrument and session: overextended says more than overdue.
    far = pl.all_horizontal(required(overextended))
    timed = pairs.where(pl.col("max_holding_sessions") > 0, ~far)
    return pl.concat(
        [
            exits(pairs.where(ended), below, exit_strength=0.9, urgency=Urgency.HIGH),
            exits(pairs, overextended, exit_strength=0.7, urgency=Urgency.MEDIUM),
            exits(timed, overdue, exit_strength=0.7, urgency=Urgency.MEDIUM),
        ]
    )


def _decide(pairs: Pairs) -> pl.LazyFrame:
    return pl.concat([_entries(pairs), _scale_outs(pairs), _exits(pairs)], how="diagonal")


KIND = Kind(
    name="atr_matrix",
    title="ATR Matrix",
    version=3,
    params=AtrMatrixParams,
    sources=_sources,
    required=("atr", "atr_distance", "sma_short", "sma_trend", "holding_sessions"),
    decide=_decide,
)
