"""The overall assessment of an instrument: what its indicators of a session come to.

Weights and bounds are those of QuantMatrix V1. They are no forecast and no signal of a user's
strategy: they rank what a person may want to look at first.
"""

from typing import NamedTuple

import polars as pl

from quantmatrix_engine.indicators.base import spec
from quantmatrix_engine.vocabulary import Recommendation, RiskClass

SPECS = (
    spec("atr_distance", average=50, window=14),
    spec("moving_average_alignment"),
    spec("range_position", window=20),
    spec("atr_pct", window=14),
)
"""The indicators it rests on."""

NEUTRAL_SCORE = 0.5

RECOMMENDATIONS = (
    (0.9, Recommendation.STRONG_BUY),
    (0.7, Recommendation.BUY),
    (0.4, Recommendation.HOLD),
    (0.2, Recommendation.SELL),
    (0.0, Recommendation.STRONG_SELL),
)
"""The least score of each recommendation. V1 told holders to scale out from 0.4 to 0.6: only a
strategy knows of a holding, so that is a hold here."""

RISK_CLASSES = (
    (6.0, RiskClass.EXTREME),
    (4.0, RiskClass.HIGH),
    (2.0, RiskClass.MEDIUM),
    (0.0, RiskClass.LOW),
)
"""The least ATR in percent of the close of each class of risk."""


class _Rule(NamedTuple):
    """What is added to score and confidence where a rule is met."""

    met: pl.Expr
    score: float
    confidence: float


def _rules() -> tuple[_Rule, ...]:
    distance, aligned, position, atr_pct = (pl.col(one.columns()[0]) for one in SPECS)
    return (
        _Rule((distance >= 0) & (distance <= 4), 0.4, 0.3),
        _Rule((distance > 4) & (distance <= 7), 0.2, 0.2),
        _Rule(distance > 7, -0.2, 0.3),
        _Rule(distance < 0, -0.4, 0.4),
        _Rule(aligned == 1, 0.25, 0.2),
        _Rule(position > 70, 0.15, 0.1),
        _Rule((position > 50) & (position <= 70), 0.1, 0.1),
        _Rule((atr_pct >= 3) & (atr_pct <= 6), 0.1, 0.1),
        _Rule(atr_pct > 6, -0.05, 0.0),
    )


def assessed(indicators: pl.DataFrame) -> pl.DataFrame:
    """Gives the rows with score, recommendation, confidence and risk_class.

    `indicators` has the columns of `SPECS`. `score` is 0 to 1, 0.5 where nothing speaks for or
    against; `confidence` is 0 to 1, the more the more rules speak. All three are null where one of
    the four indicators is; `risk_class` is null where ATR is.
    """
    rules = _rules()
    judged = pl.all_horizontal(pl.col(one.columns()[0]).is_not_null() for one in SPECS)
    score = NEUTRAL_SCORE + pl.sum_horizontal(rule.met * rule.score for rule in rules)
    confidence = pl.sum_horizontal(rule.met * rule.confidence for rule in rules)
    # Tenths are added: their sum is rounded, so that 0.7 is not just below its own bound.
    return indicators.with_columns(
        score=pl.when(judged).then(score.clip(0, 1).round(6)),
        confidence=pl.when(judged).then(confidence.clip(0, 1).round(6)),
    ).with_columns(
        recommendation=_class("score", RECOMMENDATIONS),
        risk_class=_class(SPECS[3].columns()[0], RISK_CLASSES),
    )


def _class(column: str, bounds: tuple[tuple[float, str], ...]) -> pl.Expr:
    """Gives the first class whose least value the column reaches; null where it is null."""
    value = pl.col(column)
    return pl.coalesce(
        pl.when(value >= least).then(pl.lit(str(name), pl.String)) for least, name in bounds
    )
