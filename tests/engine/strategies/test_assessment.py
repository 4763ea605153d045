"""What the indicators of a session come to; the sums are worked by hand."""

import polars as pl
import pytest

from quantmatrix_engine.strategies.assessment import SPECS, assessed
from quantmatrix_engine.vocabulary import Recommendation, RiskClass

NAMES = [one.columns()[0] for one in SPECS]


def _of(*values: float | None) -> dict[str, object]:
    frame = pl.DataFrame([values], schema=dict.fromkeys(NAMES, pl.Float64), orient="row")
    return assessed(frame).row(0, named=True)


@pytest.mark.parametrize(
    ("values", "score", "confidence", "recommendation"),
    [
        # 0.5 + 0.4 + 0.25 + 0.15 + 0.1, at most 1; 0.3 + 0.2 + 0.1 + 0.1.
        ((2.0, 1.0, 80.0, 4.0), 1.0, 0.7, Recommendation.STRONG_BUY),
        # 0.5 + 0.2; 0.2 alone.
        ((5.0, 0.0, 30.0, 1.0), 0.7, 0.2, Recommendation.BUY),
        # 0.5 - 0.2 + 0.25 + 0.1 - 0.05; 0.3 + 0.2 + 0.1.
        ((9.0, 1.0, 60.0, 7.0), 0.6, 0.6, Recommendation.HOLD),
        # 0.5 - 0.2; 0.3.
        ((7.5, 0.0, 50.0, 2.0), 0.3, 0.3, Recommendation.SELL),
        # 0.5 - 0.4; 0.4.
        ((-1.0, 0.0, 10.0, 2.0), 0.1, 0.4, Recommendation.STRONG_SELL),
        # 0.5 + 0.4; the bounds 0 and 4 belong to the entry zone, 70 to the middle one.
        ((0.0, 0.0, 50.0, 2.9), 0.9, 0.3, Recommendation.STRONG_BUY),
        ((4.0, 0.0, 70.0, 2.9), 1.0, 0.4, Recommendation.STRONG_BUY),
    ],
)
def test_rules_add_up_to_score_confidence_and_recommendation(
    values, score, confidence, recommendation
):
    found = _of(*values)
    assert (found["score"], found["confidence"]) == pytest.approx((score, confidence), abs=1e-9)
    assert found["recommendation"] == recommendation


@pytest.mark.parametrize("missing", range(4))
def test_nothing_is_judged_while_an_indicator_is_unknown(missing):
    values: list[float | None] = [2.0, 1.0, 80.0, 4.0]
    values[missing] = None
    found = _of(*values)
    assert (found["score"], found["confidence"], found["recommendation"]) == (None, None, None)


@pytest.mark.parametrize(
    ("atr_pct", "risk"),
    [
        (0.0, RiskClass.LOW),
        (1.99, RiskClass.LOW),
        (2.0, RiskClass.MEDIUM),
        (4.0, RiskClass.HIGH),
        (6.0, RiskClass.EXTREME),
        (None, None),
    ],
)
def test_the_class_of_risk_is_read_from_atr_in_percent(atr_pct, risk):
    assert _of(2.0, 1.0, 80.0, atr_pct)["risk_class"] == risk


def test_other_columns_and_the_order_of_rows_stay():
    frame = pl.DataFrame({"instrument_id": [3, 1], **{name: [1.0, 2.0] for name in NAMES}})
    assert assessed(frame).select(frame.columns).equals(frame)
