"""What kinds that trade have in common: params of risk, and how entries and exits are said."""

from collections.abc import Sequence
from typing import Annotated

import polars as pl
from pydantic import Field

from quantmatrix_engine.sizing.risk import position_pct
from quantmatrix_engine.strategies.base import Params
from quantmatrix_engine.strategies.pairs import Pairs
from quantmatrix_engine.strategies.trace import Rule, required, strength, with_trace
from quantmatrix_engine.vocabulary import Action, SizeBasis, Urgency

Multiple = Annotated[float, Field(gt=0, le=100)]
Multiples = tuple[Multiple, Multiple, Multiple]
ValidSessions = Annotated[
    int, Field(ge=1, le=60, description="Sessions after its own that an entry may be acted on.")
]
RISK_REWARD = "risk_reward"
_STRENGTH = "strength of rules"
"""With a space, which no param's or indicator's name has."""
NEXT_SESSION = pl.lit(1)
"""How long an exit and a scale-out are valid: the session after their own."""


class TradeParams(Params):
    """Params of every kind that sets its stop by ATR and its size by the loss at the stop."""

    atr_period: Annotated[int, Field(ge=2, le=100, description="Window of Wilder's ATR.")] = 14
    min_strength: Annotated[
        float, Field(ge=0, le=1, description="Smallest strength of an entry that is told.")
    ] = 0.5
    stop_atr_multiple: Annotated[
        float, Field(gt=0, le=20, description="Stop below the price, in ATR.")
    ] = 2.0
    max_stop_pct: Annotated[
        float, Field(gt=0, lt=100, description="Stop at most this far below the price.")
    ] = 15.0
    max_position_pct: Annotated[
        float, Field(gt=0, le=100, description="Largest position, percent of the account.")
    ] = 10.0
    risk_per_trade_pct: Annotated[
        float, Field(gt=0, le=100, description="Loss at the stop, percent of the account.")
    ] = 0.5
    valid_sessions: ValidSessions = 1


def must_rise(name: str, values: Sequence[float]) -> None:
    """Raises ValueError where the values of the param `name` do not rise from one to the next."""
    if list(values) != sorted(set(values)):
        raise ValueError(f"{name} = {list(values)} must rise from one to the next")


def atr_stop() -> pl.Expr:
    """Gives the price less the stop's multiple of ATR, at most `max_stop_pct` below the price."""
    price = pl.col("price")
    floor = price * (1 - pl.col("max_stop_pct") / 100)
    return pl.max_horizontal(price - pl.col("stop_atr_multiple") * pl.col("atr"), floor)


def atr_targets(above: str) -> dict[str, pl.Expr]:
    """Gives the three targets: the column `above` and `target_atr_multiples` of ATR."""
    return {
        f"target_{rank}": pl.col(above)
        + pl.col("target_atr_multiples").list.get(rank - 1) * pl.col("atr")
        for rank in (1, 2, 3)
    }


def with_risk_reward(levelled: pl.LazyFrame) -> pl.LazyFrame:
    """Adds risk_reward, (target_1 - price) / (price - stop); null where the stop is the price."""
    price = pl.col("price")
    risk = price - pl.col("stop")
    return levelled.with_columns(
        risk_reward=pl.when(risk > 0).then((pl.col("target_1") - price) / risk)
    )


def risked_pct() -> pl.Expr:
    """Gives the size (percent of the account) that the params of risk allow at the stop."""
    return position_pct(
        price=pl.col("price"),
        stop=pl.col("stop"),
        risk_pct=pl.col("risk_per_trade_pct"),
        max_position_pct=pl.col("max_position_pct"),
    )


def entries(
    levelled: pl.LazyFrame,
    rules: list[Rule],
    *,
    strength: pl.Expr,
    trace: pl.Expr,
    size_pct: pl.Expr,
    min_strength: pl.Expr,
    valid_sessions: pl.Expr,
) -> pl.LazyFrame:
    """Gives the entries whose required rules hold and that are strong enough.

    `levelled` has the kind's frame with stop, target_1 to target_3 and risk_reward; of such a
    frame, `strength` (0 to 1) is how strong each entry is, `trace` what is written of the rules.
    """
    # What is written out costs more than what is asked: only the entries' traces are.
    return (
        levelled.filter(*required(rules))
        .with_columns(strength=strength)
        .filter(pl.col("strength") >= min_strength)
        .with_columns(trace=trace, size_pct=size_pct)
        .select(
            *said(Action.ENTRY, SizeBasis.ACCOUNT, valid_sessions),
            "stop",
            "target_1",
            "target_2",
            "target_3",
            "risk_reward",
            level=pl.lit(None, dtype=pl.Float64),
            urgency=pl.lit(None, dtype=pl.String),
        )
    )


def risked_entries(pairs: Pairs, rules: list[Rule], **levels: pl.Expr) -> pl.LazyFrame:
    """Gives the entries of a kind with the params of risk, sized by the loss at the stop.

    `levels` are stop and target_1 to target_3; `rules` may ask risk_reward beside the pairs.
    """
    # Levels are worked out for the few that the other rules leave.
    early = [rule for rule in rules if not rule.reads() & {RISK_REWARD, *levels}]
    asked, trace = with_trace(_strong(pairs.where(*required(early)), rules), rules)
    return entries(
        with_risk_reward(asked.frame().with_columns(**levels)),
        rules,
        strength=strength(rules),
        trace=trace,
        size_pct=risked_pct(),
        min_strength=pl.col("min_strength"),
        valid_sessions=pl.col("valid_sessions"),
    )


def _strong(pairs: Pairs, rules: list[Rule]) -> Pairs:
    """Gives the pairs as strong as `min_strength` where instruments alone say so, else all."""
    noted = pairs if pairs.is_empty else pairs.noting({_STRENGTH: strength(rules)})
    if _STRENGTH not in noted.instruments.columns:
        return pairs
    return noted.where(pl.col(_STRENGTH) >= pl.col("min_strength"))


def exits(
    pairs: Pairs, rules: list[Rule], *, exit_strength: float, urgency: Urgency
) -> pl.LazyFrame:
    """Gives the exits, of the whole position, whose required rules hold."""
    said_of, trace = with_trace(pairs.where(*required(rules)), rules)
    return (
        said_of.frame()
        .with_columns(strength=pl.lit(exit_strength), trace=trace, size_pct=pl.lit(100.0))
        .select(*said(Action.EXIT, SizeBasis.POSITION, NEXT_SESSION), urgency=pl.lit(urgency.value))
    )


def said(action: Action, basis: SizeBasis, valid_sessions: pl.Expr) -> list[pl.Expr]:
    """Gives the columns that every signal has, of a frame with strength, size_pct and trace."""
    return [
        pl.col("strategy_id", "instrument_id", "strength", "price", "size_pct", "trace"),
        pl.lit(action.value).alias("action"),
        pl.lit(basis.value).alias("size_basis"),
        valid_sessions.cast(pl.Int64).alias("valid_sessions"),
    ]
