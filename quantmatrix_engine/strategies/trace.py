"""The rule trace: each rule a signal rests on, with its value, its threshold and its margin."""

import copy
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, Self

import polars as pl

from quantmatrix_engine.indicators.base import ROUNDING_RATIO
from quantmatrix_engine.strategies.pairs import Pairs

Comparison = Literal[">=", "<=", ">", "<"]

# With a space, which no param's or indicator's name has.
_ALL_RULES = "all rules"

RULE_SCHEMA = pl.Struct(
    {
        "rule": pl.String,
        "label": pl.String,
        "value": pl.Float64,
        "comparison": pl.String,
        "threshold": pl.Float64,
        "is_met": pl.Boolean,
        "margin": pl.Float64,
        "is_required": pl.Boolean,
        "weight": pl.Float64,
    }
)


class Rule:
    """A comparison of a column with a threshold, that can be asked and can be shown.

    A null value meets no rule. A value that differs from the threshold by rounding only is equal
    to it, as for the indicators: a price at rest is not above its own mean. `margin` is how far
    the value is on the right side of the threshold (negative: short of it). `weight` is what a
    met rule adds to the strength.
    """

    def __init__(
        self,
        name: str,
        value: pl.Expr,
        comparison: Comparison,
        threshold: pl.Expr,
        *,
        label: str,
        is_required: bool = True,
        weight: float = 0.0,
    ) -> None:
        self.name = name
        self.label = label
        self.is_required = is_required
        self.weight = weight
        # Not strict: what may raise is not asked of instruments before the pairs are made. Columns
        # that rules read are numbers and booleans, of which no cast fails.
        self._value = value.cast(pl.Float64, strict=False)
        self._comparison = comparison
        self._threshold = threshold.cast(pl.Float64, strict=False)
        self._asked: pl.Expr | None = None

    def only_where(self, asked: pl.Expr) -> Self:
        """Gives the rule asked where `asked` (never null) holds; elsewhere it is met and not shown.

        For a param whose default limits nothing: nobody is told of a rule nobody set.
        """
        limited = copy.copy(self)
        limited._asked = asked
        return limited

    @property
    def is_always_asked(self) -> bool:
        """Whether it is asked of every row."""
        return self._asked is None

    def reads(self) -> set[str]:
        """Gives the columns that say whether the rule is met."""
        return {*self.is_met().meta.root_names()}

    def holds(self) -> pl.Expr:
        """Gives whether the rule holds, null where its value or its threshold is."""
        excess = self._excess()
        return {
            ">=": excess >= 0,
            "<=": excess <= 0,
            ">": excess > 0,
            "<": excess < 0,
        }[self._comparison]

    def is_met(self) -> pl.Expr:
        """Gives whether the rule holds, false where its value or its threshold is null."""
        met = self.holds().fill_null(value=False)
        return met if self._asked is None else met | ~self._asked

    def pieces(self, separator: str) -> list[pl.Expr]:
        """Gives the text of the separator and the rule as a JSON object (RULE_SCHEMA), in pieces.

        All of them are empty where the rule is not asked. A struct's `json_encode` writes the same
        in three times the time.
        """
        above = self._comparison in {">=", ">"}
        margin = self._excess() if above else 0.0 - self._excess()
        written: dict[str, pl.Expr | str | float | bool] = {
            "rule": self.name,
            "label": self.label,
            "value": _number(self._value),
            "comparison": self._comparison,
            "threshold": _number(self._threshold),
            "is_met": pl.when(self.is_met()).then(pl.lit("true")).otherwise(pl.lit("false")),
            "margin": _number(margin),
            "is_required": self.is_required,
            "weight": float(self.weight),
        }
        found = [*_pieces(separator, written)]
        if self._asked is None:
            return found
        return [pl.when(self._asked).then(pl.concat_str(found)).otherwise(pl.lit(""))]

    def _excess(self) -> pl.Expr:
        difference = self._value - self._threshold
        is_rounding = difference.abs() <= ROUNDING_RATIO * self._threshold.abs()
        return pl.when(is_rounding).then(0.0).otherwise(difference)


def required(rules: list[Rule]) -> list[pl.Expr]:
    """Gives of each required rule whether it is met."""
    return [rule.is_met() for rule in rules if rule.is_required]


def strength(rules: list[Rule]) -> pl.Expr:
    """Gives the weights of the met rules added up, at most 1, of rows that meet the required ones.

    So it asks the others only.
    """
    met = [
        pl.lit(rule.weight)
        if rule.is_required
        else pl.when(rule.is_met()).then(rule.weight).otherwise(0.0)
        for rule in rules
    ]
    return pl.sum_horizontal(met).clip(0.0, 1.0)


def as_json(rules: list[Rule]) -> pl.Expr:
    """Gives the rules that are asked as one JSON array, in order; the first is asked of every row.

    Raises ValueError where it is not.
    """
    return _array(_pieces_of(rules).values())


def with_trace(pairs: Pairs, rules: list[Rule]) -> tuple[Pairs, pl.Expr]:
    """Gives the pairs, and what `as_json` gives of the rules in a frame of them.

    What asks instruments alone is written once for each of them: all of it, or rule by rule. Raises
    ValueError where the first rule is not asked of every row.
    """
    pieces = _pieces_of(rules)
    if pairs.is_empty:
        return pairs, pl.lit("[]")
    whole = pairs.noting({_ALL_RULES: _array(pieces.values())})
    if _ALL_RULES in whole.instruments.columns:
        return whole, pl.col(_ALL_RULES)
    noted = pairs.noting({name: pl.concat_str(those) for name, those in pieces.items()})
    known = noted.instruments.columns
    return noted, _array(
        [pl.col(name)] if name in known else those for name, those in pieces.items()
    )


def _pieces_of(rules: list[Rule]) -> dict[str, list[pl.Expr]]:
    """Gives the text of each rule, in pieces, by the name of a column it may stand in."""
    if not rules[0].is_always_asked:
        raise ValueError(f"{rules[0].name} comes first in a trace; it must be asked of every row.")
    return {f"rule {place}": rule.pieces("," if place else "") for place, rule in enumerate(rules)}


def _array(texts: Iterable[list[pl.Expr]]) -> pl.Expr:
    return pl.concat_str([pl.lit("["), *itertools.chain(*texts), pl.lit("]")])


def _number(value: pl.Expr) -> pl.Expr:
    """Gives a float as JSON; what is not finite is null."""
    return pl.when(value.is_finite()).then(value).cast(pl.String).fill_null("null")


def _pieces(
    separator: str, written: Mapping[str, pl.Expr | str | float | bool]
) -> Iterator[pl.Expr]:
    """Gives the text of a JSON object piece by piece; an expression is JSON already."""
    waiting = separator + "{"
    for name, value in written.items():
        waiting += f"{json.dumps(name)}:"
        if isinstance(value, pl.Expr):
            yield pl.lit(waiting)
            yield value
            waiting = ","
        else:
            waiting += f"{json.dumps(value, ensure_ascii=False)},"
    yield pl.lit(f"{waiting.removesuffix(',')}}}")
