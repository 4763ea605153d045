from typing import Any

from quantmatrix_engine.strategies.explanation import in_words


def rule(**given: Any) -> dict[str, Any]:
    return {
        "rule": "atr_distance_at_most",
        "label": "distance from SMA50 in ATR",
        "value": 3.125,
        "comparison": "<=",
        "threshold": 4.0,
        "is_met": True,
        "margin": 0.875,
        "is_required": True,
        "weight": 0.0,
    } | given


NAME = "distance from SMA50 in ATR (atr_distance_at_most)"


def test_a_met_rule_says_how_far_its_value_may_move():
    assert in_words([rule(weight=0.3)]) == [
        f"met      {NAME}: 3.125; holds at or below 4, 0.875 to spare (adds 0.3)"
    ]


def test_a_rule_that_is_not_met_says_where_it_would_be():
    not_met = rule(value=4.3, is_met=False, margin=-0.3)
    assert in_words([not_met, not_met | {"comparison": "<"}]) == [
        f"not met  {NAME}: 4.3; fires at or below 4",
        f"not met  {NAME}: 4.3; fires below 4",
    ]


def test_an_optional_rule_says_what_it_would_add():
    optional = rule(
        comparison=">", value=43.0, threshold=50.0, is_met=False, margin=-7.0,
        is_required=False, weight=0.15,
    )  # fmt: skip
    assert in_words([optional]) == [f"not met  {NAME}: 43; adds 0.15 to the strength above 50"]


def test_a_value_that_is_missing_is_said_to_be():
    missing = rule(value=None, is_met=False, margin=None, comparison=">=")
    assert in_words([missing]) == [f"not met  {NAME}: no value; fires at or above 4"]
