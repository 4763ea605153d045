"""Custom: entries, exits, stop and targets that the user writes as formulas over indicators.

As `rsi(14) < 30 and close > sma(200)`: `formula_text.py` has the grammar, `formulas.py` the names.
Formulas are read when the strategy is set, and refused with the place in the text; they are never
executed. There is no memory: an entry and an exit are said on every session their formula holds.
An indicator that is unknown withholds, even in a part of an `or` that need not be known.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import zip_longest
from typing import Annotated, Any

import polars as pl
from pydantic import AfterValidator, Field, model_validator

from quantmatrix_engine.errors import ParamsError
from quantmatrix_engine.strategies import formula_text, formulas
from quantmatrix_engine.strategies.base import Kind, Params, Source
from quantmatrix_engine.strategies.pairs import Pairs
from quantmatrix_engine.strategies.trace import Rule, required, with_trace
from quantmatrix_engine.strategies.trades import (
    ValidSessions,
    entries,
    exits,
    risked_pct,
    with_risk_reward,
)
from quantmatrix_engine.vocabulary import Urgency

MOST_INDICATORS = 12
"""Columns that the formulas of one strategy may read together."""


def _checked(read: Callable[[str], formula_text.Node]) -> AfterValidator:
    """Gives the check of a text at definition: it is a formula, and its names exist."""

    def check(text: str) -> str:
        try:
            formulas.sources(read(text))
        except ParamsError as error:
            raise ValueError(str(error)) from None
        return text

    return AfterValidator(check)


_Text = Annotated[str, Field(min_length=1, max_length=formula_text.LONGEST)]
Condition = Annotated[_Text, _checked(formula_text.condition)]
Number = Annotated[_Text, _checked(formula_text.number)]


class CustomParams(Params):
    """What a user may set: formulas, and how much may be risked."""

    entry: Annotated[
        Condition, Field(description="Condition that buys, as 'rsi(14) < 30 and close > sma(200)'.")
    ] = "rsi(14) < 30 and close > sma(200)"
    exit: Annotated[Condition, Field(description="Condition that sells, as 'rsi(14) > 70'.")] = (
        "rsi(14) > 70"
    )
    stop: Annotated[
        Number, Field(description="Price that ends a trade at a loss, as 'close - 2 * atr(14)'.")
    ] = "close - 2 * atr(14)"
    targets: Annotated[
        tuple[Number, ...],
        Field(min_length=1, max_length=3, description="Prices to sell at, rising."),
    ] = ("close + 3 * atr(14)", "close + 6 * atr(14)")
    strength: Annotated[
        float, Field(ge=0, le=1, description="Strength of its entries; exits have 0.7.")
    ] = 0.5
    min_risk_reward: Annotated[
        float, Field(ge=0, le=20, description="Smallest reward for the risk of an entry; 0: any.")
    ] = 0.0
    max_position_pct: Annotated[
        float, Field(gt=0, le=100, description="Largest position, percent of the account.")
    ] = 10.0
    risk_per_trade_pct: Annotated[
        float, Field(gt=0, le=100, description="Loss at the stop, percent of the account.")
    ] = 0.5
    valid_sessions: ValidSessions = 1

    @model_validator(mode="after")
    def _few_indicators(self) -> "CustomParams":
        if (count := len(_sources(self))) > MOST_INDICATORS:
            raise ValueError(
                f"the formulas read {count} indicators; at most {MOST_INDICATORS} are allowed"
            )
        return self


def _sources(params: CustomParams) -> Mapping[str, Source]:
    conditions = [formula_text.condition(text) for text in (params.entry, params.exit)]
    numbers = [formula_text.number(text) for text in (params.stop, *params.targets)]
    return {
        name: source
        for node in (*conditions, *numbers)
        for name, source in formulas.sources(node).items()
    }


def _decide(pairs: Pairs) -> pl.LazyFrame:
    # One text after the other: a plan of thousands of texts would need memory for each of them.
    said = [
        one.collect(engine="in-memory")
        for texts, those in pairs.by_params("entry", "exit", "stop", "targets")
        for one in _of_texts(those, texts)
    ]
    return pl.concat(said, how="diagonal").lazy() if said else pairs.frame().select("strategy_id")


def _of_texts(pairs: Pairs, texts: Mapping[str, Any]) -> Iterator[pl.LazyFrame]:
    """Gives what the runs whose formulas are these texts say, whoever's they are."""
    entry, leave, targets = texts["entry"], texts["exit"], texts["targets"]
    absent = pl.lit(None, dtype=pl.Float64)
    levels = {"stop": formulas.value(formula_text.number(texts["stop"]))} | {
        f"target_{rank}": formulas.value(formula_text.number(text)) if text else absent
        for rank, text in zip_longest((1, 2, 3), targets)
    }
    buys = formulas.rules("entry", formula_text.condition(entry), entry)
    rules = [*buys, *_level_rules(len(targets))]
    bought, trace = with_trace(pairs.where(*required(buys)), rules)
    yield entries(
        with_risk_reward(bought.frame().with_columns(**levels)),
        rules,
        strength=pl.col("strength"),
        trace=trace,
        size_pct=risked_pct(),
        min_strength=pl.lit(0.0),
        valid_sessions=pl.col("valid_sessions"),
    )
    sells = formulas.rules("exit", formula_text.condition(leave), leave)
    yield exits(pairs, sells, exit_strength=0.7, urgency=Urgency.MEDIUM)


def _level_rules(targets: int) -> Iterator[Rule]:
    """Gives the rules that the levels of an entry keep, whatever the formulas make of them."""
    price, stop = pl.col("price"), pl.col("stop")
    yield Rule("stop_below_price", stop, "<", price, label="stop, close")
    yield Rule("stop_above_zero", stop, ">", pl.lit(0.0), label="stop")
    yield Rule("target_1_above_price", pl.col("target_1"), ">", price, label="first target, close")
    for rank in range(2, targets + 1):
        yield Rule(
            f"target_{rank}_above_target_{rank - 1}",
            pl.col(f"target_{rank}"),
            ">",
            pl.col(f"target_{rank - 1}"),
            label=f"target {rank}, the one before",
        )
    yield Rule(
        "risk_reward",
        pl.col("risk_reward"),
        ">=",
        pl.col("min_risk_reward"),
        label="reward for the risk",
    )


KIND = Kind(
    name="custom",
    title="Custom, by formulas",
    version=2,
    params=CustomParams,
    sources=_sources,
    required=None,
    decide=_decide,
)
