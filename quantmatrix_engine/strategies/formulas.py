"""Formulas as polars expressions over a kind's names, with the indicators they read."""

import difflib
import functools
import re
from collections.abc import Callable, Mapping
from typing import cast

import polars as pl

from quantmatrix_engine.errors import ParamsError
from quantmatrix_engine.indicators.base import Spec, available, spec
from quantmatrix_engine.strategies.base import Source
from quantmatrix_engine.strategies.formula_text import (
    FUNCTIONS,
    Column,
    Comparison,
    Logic,
    Node,
    Number,
    Operation,
    columns,
    comparisons,
    refuse,
)
from quantmatrix_engine.strategies.trace import Comparison as Sign
from quantmatrix_engine.strategies.trace import Rule

CLOSE = "close"
_PARAM = re.compile(r"_?\{\w+\}")
_NUMBERED = re.compile(r"(?P<name>.+?)(?P<numbers>(?:_\d+)+)")


@functools.cache
def names() -> Mapping[str, tuple[str, int]]:
    """Gives the names a formula may use beside `close`: an indicator and which of its columns.

    A name is the column's without its params: `sma`, `bollinger_upper`, `macd_signal`.
    """
    return {
        _PARAM.sub("", output): (name, position)
        for name, declared in available().items()
        for position, output in enumerate(declared.outputs)
    }


def sources(node: Node) -> dict[str, Source]:
    """Gives the indicator columns a formula reads, under their own names.

    Raises ParamsError where there is no such name, or an indicator refuses the params.
    """
    found = [_source(column) for column in columns(node) if column.name != CLOSE]
    return {source.column: source for source in found}


def value(node: Node) -> pl.Expr:
    """Gives a formula that is a number; null where it is unknown, not finite, or divides by 0."""
    exact = _number(node)
    return pl.when(exact.is_finite()).then(exact)


def rules(name: str, node: Node, text: str) -> list[Rule]:
    """Gives the rules of a condition: it holds where all required ones are met.

    There is one rule for each comparison, labelled as it was written. One that is joined to the
    rest by `and` alone is required; of `or` and `not` the whole is a required rule, with value 1
    where it holds, and the comparisons inside are shown below it.
    """
    made: list[tuple[pl.Expr, Sign, pl.Expr, str, bool]] = []
    for part in _conjuncts(node):
        label = text[part.start : part.end]
        if not isinstance(part, Comparison):
            made.append((_truth(part), ">=", pl.lit(1.0), label, True))
        made += [
            (
                value(one.left),
                cast(Sign, one.sign),
                value(one.right),
                text[one.start : one.end],
                one is part,
            )
            for one in comparisons(part)
        ]
    return [
        Rule(f"{name}_{number}", left, sign, right, label=label, is_required=is_required)
        for number, (left, sign, right, label, is_required) in enumerate(made, start=1)
    ]


def _conjuncts(node: Node) -> tuple[Node, ...]:
    if isinstance(node, Logic) and node.name == "and":
        return tuple(one for part in node.of for one in _conjuncts(part))
    return (node,)


def _truth(node: Node) -> pl.Expr:
    """Gives whether a condition holds; null where that depends on what is unknown."""
    if isinstance(node, Logic):
        conditions = [_truth(one) for one in node.of]
        if node.name == "not":
            return ~conditions[0]
        joined = pl.all_horizontal if node.name == "and" else pl.any_horizontal
        return joined(conditions)
    one = cast(Comparison, node)
    return Rule("", value(one.left), cast(Sign, one.sign), value(one.right), label="").holds()


_OPERATIONS: Mapping[str, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: pl.when(right != 0).then(left / right),
    # A minimum leaves nulls out; of an unknown number it is unknown.
    "min": lambda left, right: pl.when(left <= right).then(left).when(left > right).then(right),
    "max": lambda left, right: pl.when(left >= right).then(left).when(left < right).then(right),
}


def _number(node: Node) -> pl.Expr:
    if isinstance(node, Number):
        return pl.lit(node.value, dtype=pl.Float64)
    if isinstance(node, Column):
        return pl.col("price" if node.name == CLOSE else _source(node).column)
    operation = cast(Operation, node)
    numbers = [_number(one) for one in operation.of]
    if operation.name == "abs":
        return numbers[0].abs()
    if len(numbers) == 1:
        return 0.0 - numbers[0]
    return _OPERATIONS[operation.name](numbers[0], numbers[1])


@functools.lru_cache(maxsize=4_096)
def _source(column: Column) -> Source:
    if column.name not in names():
        refuse(column.start, f"there is no {column.name!r}, {_near(column.name)}")
    indicator, position = names()[column.name]
    try:
        asked = _spec(indicator, column)
    except ParamsError as error:
        refuse(column.start, str(error).rstrip("."))
    return Source(asked, asked.columns()[position])


def _spec(indicator: str, column: Column) -> Spec:
    known = [param.name for param in available()[indicator].params]
    if len(column.params) > len(known):
        takes = ", ".join(known) or "no params"
        raise ParamsError(f"{column.name} takes {takes}; {len(column.params)} are given")
    given: dict[str, float] = {}
    for place, (name, number) in enumerate(column.params):
        key = name or known[place]
        if key in given:
            raise ParamsError(f"{column.name} is given {key} twice")
        given[key] = number
    return spec(indicator, **given)


def _near(name: str) -> str:
    numbered = _NUMBERED.fullmatch(name)
    if numbered and numbered["name"] in names():
        params = numbered["numbers"].removeprefix("_").replace("_", ", ")
        return f"did you mean '{numbered['name']}({params})'?"
    known = [CLOSE, *names(), *FUNCTIONS]
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    if near:
        return f"did you mean {' or '.join(repr(one) for one in near)}?"
    return f"there are: {', '.join(known)}"
