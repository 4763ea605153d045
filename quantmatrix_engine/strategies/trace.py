"""The rule trace: each rule a signal rests on, with its value, its threshold and its margin."""

import copy
from typing import Literal, Self

import polars as pl

from quantmatrix_engine.indicators.base import ROUNDING_RATIO

Comparison = Literal[">=", "<=", ">", "<"]

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
        self._asked: pl.Expr = pl.lit(value=True)

    def only_where(self, asked: pl.Expr) -> Self:
        """Gives the rule asked where `asked` (never null) holds; elsewhere it is met and not shown.

        For a param whose default limits nothing: nobody is told of a rule nobody set.
        """
        limited = copy.copy(self)
        limited._asked = asked
        return limited

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
        return self.holds().fill_null(value=False) | ~self._asked

    def shown(self) -> pl.Expr:
        """Gives the rule as a struct of RULE_SCHEMA."""
        above = self._comparison in {">=", ">"}
        margin = self._excess() if above else 0.0 - self._excess()
        return pl.struct(
            rule=pl.lit(self.name),
            label=pl.lit(self.label),
            value=self._value,
            comparison=pl.lit(self._comparison),
            threshold=self._threshold,
            is_met=self.is_met(),
            margin=margin,
            is_required=pl.lit(self.is_required),
            weight=pl.lit(self.weight),
        )

    def text(self) -> pl.Expr:
        """Gives the rule as JSON, null where it is not asked."""
        return pl.when(self._asked).then(self.shown().struct.json_encode())

    def _excess(self) -> pl.Expr:
        difference = self._value - self._threshold
        is_rounding = difference.abs() <= ROUNDING_RATIO * self._threshold.abs()
        return pl.when(is_rounding).then(0.0).otherwise(difference)


def all_required(rules: list[Rule]) -> pl.Expr:
    """Gives whether every required rule is met."""
    return pl.all_horizontal(rule.is_met() for rule in rules if rule.is_required)


def strength(rules: list[Rule]) -> pl.Expr:
    """Gives the weights of the met rules added up, at most 1."""
    met = [pl.when(rule.is_met()).then(rule.weight).otherwise(0.0) for rule in rules]
    return pl.sum_horizontal(met).clip(0.0, 1.0)


def as_json(rules: list[Rule]) -> pl.Expr:
    """Gives the rules that are asked as one JSON array, in order."""
    return pl.concat_str(
        pl.lit("["),
        pl.concat_str([rule.text() for rule in rules], separator=",", ignore_nulls=True),
        pl.lit("]"),
    )
