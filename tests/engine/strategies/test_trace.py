import json

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantmatrix_engine.strategies.pairs import Pairs
from quantmatrix_engine.strategies.trace import (
    RULE_SCHEMA,
    Rule,
    as_json,
    required,
    strength,
    with_trace,
)

VALUE = pl.col("value")


def values(*numbers) -> pl.DataFrame:
    return pl.DataFrame({"value": numbers}, schema={"value": pl.Float64})


def rule(comparison="<=", threshold=4.0, **more) -> Rule:
    return Rule("rule", VALUE, comparison, pl.lit(threshold), label="a value", **more)


def shown(frame: pl.DataFrame, one: Rule) -> list[dict]:
    """Gives the rule of each row's trace."""
    return [json.loads(text)[0] for text in frame.select(as_json([one])).to_series()]


@pytest.mark.parametrize(
    ("comparison", "met"),
    [
        (">=", [False, True, True]),
        ("<=", [True, True, False]),
        (">", [False, False, True]),
        ("<", [True, False, False]),
    ],
)
def test_a_comparison_means_what_it_says(comparison, met):
    frame = values(3.99, 4.0, 4.01)
    assert frame.select(rule(comparison).is_met()).to_series().to_list() == met


@pytest.mark.parametrize(
    ("comparison", "met"), [(">=", True), ("<=", True), (">", False), ("<", False)]
)
def test_numbers_that_differ_by_rounding_only_are_equal(comparison, met):
    assert 0.1 + 0.2 != 0.3
    one = rule(comparison, threshold=0.3)
    (found,) = shown(values(0.1 + 0.2), one)
    assert (found["is_met"], found["margin"]) == (met, 0.0)


@pytest.mark.parametrize("comparison", [">=", "<=", ">", "<"])
def test_an_unknown_value_meets_no_rule(comparison):
    (found,) = shown(values(None), rule(comparison))
    assert (found["value"], found["is_met"], found["margin"]) == (None, False, None)


@pytest.mark.parametrize(
    ("comparison", "margins"), [(">=", [-1.0, 2.0]), (">", [-1.0, 2.0]), ("<=", [1.0, -2.0])]
)
def test_margin_is_how_far_a_value_is_on_the_right_side(comparison, margins):
    found = shown(values(3.0, 6.0), rule(comparison))
    assert [one["margin"] for one in found] == margins


def test_strength_adds_the_weights_of_the_met_rules():
    soft = {"is_required": False}
    rules = [
        rule(weight=0.3, **soft),
        rule(">", 2.0, weight=0.25, **soft),
        rule(">", 3.0, weight=0.1, **soft),
    ]
    added = values(1.0, 2.5, 3.5, 5.0, None).select(strength(rules)).to_series().to_list()
    assert added == pytest.approx([0.3, 0.55, 0.65, 0.35, 0.0])


def test_strength_is_of_rows_that_meet_what_is_required():
    rules = [rule(weight=0.3), rule(">", 2.0, weight=0.25, is_required=False)]
    met = values(1.0, 2.5, 3.5, 5.0, None).filter(*required(rules))
    assert met.select(strength(rules)).to_series().to_list() == pytest.approx([0.3, 0.55, 0.55])


def test_strength_is_at_most_one():
    assert values(1.0).select(strength([rule(weight=0.7), rule(weight=0.6)])).item() == 1.0


def test_only_required_rules_have_to_be_met():
    rules = [rule(">", 1.0), rule(">", 2.0), rule(">", 3.0, is_required=False)]
    met = values(1.5, 2.5, 3.5).select(pl.all_horizontal(required(rules))).to_series()
    assert met.to_list() == [False, True, True]


def test_the_json_of_a_row_is_an_array_of_its_rules_in_order():
    second = Rule("2nd", VALUE, ">", pl.lit(9), label='with "quotes", %', is_required=False)
    text = values(3.5).select(as_json([rule(weight=0.3), second])).item()
    assert json.loads(text) == [
        {
            "rule": "rule",
            "label": "a value",
            "value": 3.5,
            "comparison": "<=",
            "threshold": 4.0,
            "is_met": True,
            "margin": 0.5,
            "is_required": True,
            "weight": 0.3,
        },
        {
            "rule": "2nd",
            "label": 'with "quotes", %',
            "value": 3.5,
            "comparison": ">",
            "threshold": 9.0,
            "is_met": False,
            "margin": -5.5,
            "is_required": False,
            "weight": 0.0,
        },
    ]


def test_each_row_gets_its_own_json_and_an_unknown_value_is_null():
    texts = values(1.0, None).select(as_json([rule()])).to_series().to_list()
    assert [json.loads(text)[0]["value"] for text in texts] == [1.0, None]


def test_no_rows_give_no_json():
    assert values().select(as_json([rule()]).alias("trace")).height == 0


def test_a_rule_that_is_not_asked_is_met_and_not_shown():
    frame = values(1.0, 5.0).with_columns(asked=pl.Series([True, False]))
    one = rule(">", 9.0).only_where(pl.col("asked"))
    assert frame.select(one.is_met()).to_series().to_list() == [False, True]
    texts = frame.select(as_json([rule(), one])).to_series().to_list()
    assert [len(json.loads(text)) for text in texts] == [2, 1]


def test_a_trace_begins_with_a_rule_that_is_asked_of_every_row():
    with pytest.raises(ValueError, match="rule comes first in a trace"):
        as_json([rule().only_where(pl.lit(value=False)), rule()])


@pytest.mark.parametrize(
    "number",
    [0.0, -0.0, 1.0, -2.5, 1 / 3, 1e15, 1e16, 1e22, 1e-4, 1e-7, 5e-324, 1.7e308, 123456789.125],
)
def test_numbers_are_written_as_polars_writes_them(number):
    frame = values(number, None, float("nan"), float("inf"), -float("inf"))
    label = 'Größe, "quoted" \\ and\ttabbed'
    one = Rule("rule", VALUE, ">=", pl.lit(4.0), label=label, weight=0.15)
    excess = VALUE - 4.0
    expected = pl.struct(
        rule=pl.lit("rule"),
        label=pl.lit(label),
        value=VALUE,
        comparison=pl.lit(">="),
        threshold=pl.lit(4.0),
        is_met=(excess >= 0).fill_null(value=False),
        margin=excess,
        is_required=pl.lit(value=True),
        weight=pl.lit(0.15),
    )
    written = frame.select(
        ours=as_json([one]), theirs=pl.format("[{}]", expected.struct.json_encode())
    )
    assert frame.select(expected.alias("rule")).schema["rule"] == RULE_SCHEMA
    assert written["ours"].to_list() == written["theirs"].to_list()


@pytest.mark.parametrize(
    "read",
    [("price", "price"), ("price", "least"), ("least", "price"), ("least", "least")],
    ids=["of instruments", "of both", "of both, runs first", "of runs"],
)
def test_a_trace_written_once_an_instrument_is_the_one_of_each_pair(read):
    first, other = (Rule("a rule", pl.col(one), ">", pl.lit(1.5), label="rule") for one in read)
    rules = [first, other.only_where(pl.col("asked"))]
    pairs = Pairs(
        runs=pl.DataFrame({"strategy_id": [1, 2], "least": [1.0, 2.0]}),
        shared={"asked": True},
        instruments=pl.DataFrame({"instrument_id": [5, 6, 7], "price": [1.0, 2.0, None]}),
        run=np.array([0, 1, 1, 0], dtype=np.uint32),
        instrument=np.array([1, 1, 2, 2], dtype=np.uint32),
    )
    noted, trace = with_trace(pairs, rules)
    key = ["strategy_id", "instrument_id"]
    written = noted.frame().select(*key, trace=trace).sort(key).collect()
    plain = pairs.frame().select(*key, trace=as_json(rules)).sort(key).collect()
    assert written.height == 4
    assert_frame_equal(written, plain)


def test_a_rule_that_comes_first_is_always_asked_also_where_no_pair_is_left():
    empty = np.array([], dtype=np.uint32)
    one = pl.DataFrame({"instrument_id": [1], "value": [1.0]})
    pairs = Pairs(pl.DataFrame({"strategy_id": [1]}), {}, one, empty, empty)
    with pytest.raises(ValueError, match="it must be asked of every row"):
        with_trace(pairs, [rule().only_where(pl.lit(value=True))])
