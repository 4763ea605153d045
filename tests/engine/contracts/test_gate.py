import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantmatrix_engine.contracts import gate
from quantmatrix_engine.contracts.bars import CleanBars
from quantmatrix_engine.contracts.findings import Findings
from quantmatrix_engine.contracts.signals import Signals
from quantmatrix_engine.errors import ContractError

SIGNAL = {
    "strategy_id": 1,
    "instrument_id": 1,
    "action": "entry",
    "level": None,
    "strength": 0.5,
    "urgency": None,
    "price": 100.0,
    "stop": 97.0,
    "target_1": 114.0,
    "target_2": 120.0,
    "target_3": 124.0,
    "risk_reward": 3.0,
    "size_pct": 5.0,
    "size_basis": "account",
    "trace": "[]",
}


def signals(*changes) -> pl.DataFrame:
    rows = [SIGNAL | {"strategy_id": row} | one for row, one in enumerate(changes, start=1)]
    return pl.DataFrame(rows, schema=Signals.empty().schema)


def broken(frame) -> list[tuple[int, str | None, str, str | None]]:
    return gate.apply(Signals, frame).failures.rows()


def test_a_frame_that_keeps_its_contract_comes_back_as_it_is(raw_bars):
    frame = raw_bars({}, {"symbol": "MSFT"})
    split = gate.apply(CleanBars, frame)
    assert_frame_equal(split.good, frame)
    assert (split.failures.height, split.failing_rows) == (0, 0)


def test_rows_that_keep_the_contract_keep_their_order_and_columns(raw_bars):
    frame = raw_bars(
        {"symbol": "MSFT"},
        {"close": None},
        {"symbol": "IBM"},
        {"symbol": "GOOG", "low": -1.0},
        {"symbol": "FB"},
    )
    split = gate.apply(CleanBars, frame)
    assert_frame_equal(split.good, frame[[0, 2, 4]])
    assert split.failing_rows == 2


def test_a_failure_names_row_column_rule_and_value(raw_bars):
    split = gate.apply(
        CleanBars, raw_bars({}, {"symbol": "MSFT", "close": None}, {"symbol": "IBM", "low": -1.0})
    )
    assert split.failures.rows() == [
        (1, "close", "null_price", None),
        (2, "low", "nonpositive_price", "-1.0"),
    ]


def test_a_row_that_breaks_two_rules_is_one_failing_row(raw_bars):
    split = gate.apply(CleanBars, raw_bars({"high": None, "volume": -1.0}))
    assert [(row, rule) for row, _, rule, _ in split.failures.rows()] == [
        (0, "null_price"),
        (0, "negative_volume"),
    ]
    assert split.failing_rows == 1


def test_a_rule_about_the_row_names_no_column(raw_bars):
    split = gate.apply(CleanBars, raw_bars({"open": 12.0}))
    assert split.failures.select("row_index", "column", "rule").rows() == [
        (0, None, "open_outside_range")
    ]


def test_no_rows_keep_any_contract(raw_bars):
    split = gate.apply(CleanBars, raw_bars())
    assert (split.good.height, split.failures.height) == (0, 0)
    assert split.good.schema == raw_bars({}).schema


@pytest.mark.parametrize(
    ("change", "column", "rule"),
    [
        ({"stop": 100.0}, None, "stop_below_price"),
        ({"target_2": 113.0}, None, "targets_ordered"),
        ({"target_3": 120.0}, None, "targets_ordered"),
        ({"target_1": None}, None, "targets_ordered"),
        ({"target_2": None}, None, "targets_ordered"),
        ({"target_1": None, "target_2": None}, None, "targets_ordered"),
        ({"stop": None}, None, "entry_has_stop"),
        ({"level": 7.0}, None, "level_of_scale_out"),
        ({"action": "scale_out"}, None, "level_of_scale_out"),
        ({"risk_reward": float("inf")}, None, "risk_reward_is_finite"),
        ({"risk_reward": float("nan")}, None, "risk_reward_is_finite"),
        ({"strength": 1.1}, "strength", "less_than_or_equal_to(1)"),
        ({"size_pct": 0.0}, "size_pct", "greater_than(0)"),
        ({"trace": None}, "trace", "not_nullable"),
    ],
)
def test_a_signal_that_breaks_its_contract_stops_no_other(change, column, rule):
    split = gate.apply(Signals, signals({}, change, {}))
    assert [failure[:3] for failure in split.failures.rows()] == [(1, column, rule)]
    assert split.good["strategy_id"].to_list() == [1, 3]


@pytest.mark.parametrize(
    "change",
    [
        {"target_3": None},
        {"target_2": None, "target_3": None},
        {"target_1": None, "target_2": None, "target_3": None, "risk_reward": None},
        {"action": "exit", "stop": None, "target_1": 80.0},
        {"action": "exit", "stop": None},
        {"action": "scale_out", "level": 7.0, "stop": None},
    ],
)
def test_a_signal_may_leave_out_what_it_has_not(change):
    assert broken(signals(change)) == []


def test_an_entry_has_its_targets_above_the_price():
    rules = [failure[2] for failure in broken(signals({"target_1": 80.0}, {"target_1": 100.0}))]
    assert rules == ["targets_above_price"] * 2


def test_a_thing_said_twice_breaks_the_contract_in_both_rows():
    twice = signals({"strategy_id": 7}, {}, {"strategy_id": 7})
    assert [failure[:3] for failure in broken(twice)] == [
        (0, None, "multiple_fields_uniqueness"),
        (2, None, "multiple_fields_uniqueness"),
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda frame: frame.drop("close", "volume"),
            "CleanBars: no column close; no column volume. Expected: provider String, ",
        ),
        (
            lambda frame: frame.with_columns(adjusted=1.0),
            "CleanBars: unknown column adjusted. Expected: ",
        ),
        (
            lambda frame: frame.with_columns(pl.col("volume").cast(pl.Int64)),
            "CleanBars: column volume is Int64, not Float64. Expected: ",
        ),
        (
            lambda frame: frame.with_columns(pl.col("known_at").dt.replace_time_zone(None)),
            "CleanBars: column known_at is Datetime(time_unit='us', time_zone=None), not Datetime(",
        ),
    ],
)
def test_a_frame_of_another_shape_is_refused_in_one_line(raw_bars, change, message):
    with pytest.raises(ContractError) as refused:
        gate.apply(CleanBars, change(raw_bars({"close": None}, {})))
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


def test_a_type_is_never_guessed(raw_bars):
    text = raw_bars({}).with_columns(session=pl.lit("2024-01-02"))
    with pytest.raises(ContractError, match="column session is String, not Date"):
        gate.apply(CleanBars, text)


def test_a_contract_may_have_only_null_values_in_a_nullable_column():
    row = {
        "provider": "folder",
        "symbol": None,
        "session": None,
        "rule": "unreadable_file",
        "column": None,
        "value": None,
        "expected": "a CSV file",
        "severity": "error",
        "source": "bars.csv",
        "source_row": None,
        "row": None,
    }
    frame = pl.DataFrame([row], schema=Findings.empty().schema)
    assert gate.apply(Findings, frame).failing_rows == 0
