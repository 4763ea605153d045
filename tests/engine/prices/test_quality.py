"""The gate of bars: each row is good but for what it changes; its first line is 2."""

import datetime as dt
import json

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantmatrix_engine.contracts import gate
from quantmatrix_engine.contracts.findings import Findings
from quantmatrix_engine.errors import ContractError
from quantmatrix_engine.prices.quality import inspect

INFINITE = float("inf")


def found(inspection) -> list[tuple]:
    return inspection.findings.select("source_row", "rule", "column", "value", "expected").rows()


@pytest.mark.parametrize("column", ["open", "high", "low", "close"])
def test_a_price_that_is_missing_is_a_finding(raw_bars, column):
    assert found(inspect(raw_bars({"symbol": "MSFT"}, {column: None}))) == [
        (3, "null_price", column, None, "a price")
    ]


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_a_price_that_is_not_above_zero_is_a_finding(raw_bars, value):
    assert found(inspect(raw_bars({"low": value}))) == [
        (2, "nonpositive_price", "low", f"{value}", "a price above 0")
    ]


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (
            {"volume": None},
            ("null_volume", "volume", None, "a volume, 0 where nothing traded"),
        ),
        ({"volume": -5.0}, ("negative_volume", "volume", "-5.0", "a volume of 0 or more")),
        (
            {"open": 12.0},
            ("open_outside_range", None, "open 12.0 outside 9.0..11.0", "an open between low and"),
        ),
        (
            {"close": 8.5},
            ("close_outside_range", None, "close 8.5 outside 9.0..11.0", "a close between low and"),
        ),
        (
            {"session": dt.date(2024, 1, 1)},
            ("not_a_session", None, "Monday 2024-01-01", "a date the exchange traded on"),
        ),
        (
            {"session": dt.date(2024, 1, 6)},
            ("not_a_session", None, "Saturday 2024-01-06", "a date the exchange traded on"),
        ),
    ],
)
def test_a_row_that_breaks_one_rule_is_one_finding(raw_bars, change, finding):
    ((line, rule, column, value, expected),) = found(inspect(raw_bars(change)))
    assert (line, rule, column, value) == (2, *finding[:3])
    assert expected.startswith(finding[3])


def test_a_high_below_the_low_is_one_finding_not_three(raw_bars):
    findings = found(inspect(raw_bars({"high": 8.0})))
    assert {(rule, value) for _, rule, _, value, _ in findings} == {
        ("high_below_low", "high 8.0 < low 9.0"),
    }


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({"high": INFINITE}, "low 9.0, high inf, open 10.0, close 10.5, volume 100.0"),
        ({"volume": INFINITE}, "low 9.0, high 11.0, open 10.0, close 10.5, volume inf"),
    ],
)
def test_a_value_that_is_infinite_is_a_finding(raw_bars, change, shown):
    assert found(inspect(raw_bars({"symbol": "MSFT"}, change))) == [
        (3, "not_a_number", None, shown, "finite prices and volume")
    ]


@pytest.mark.parametrize("column", ["open", "high", "low", "close", "volume"])
def test_a_value_that_is_not_a_number_never_passes(raw_bars, column):
    inspection = inspect(raw_bars({column: float("nan")}, {"symbol": "MSFT"}))
    assert inspection.good["symbol"].to_list() == ["MSFT"]


def test_good_rows_come_back_untouched_and_in_order(raw_bars):
    rows = raw_bars(
        {"symbol": "MSFT"}, {"close": None}, {"symbol": "FB"}, {"volume": 0.0, "symbol": "IBM"}
    )
    assert_frame_equal(inspect(rows).good, rows[[0, 2, 3]])


def test_a_bar_that_did_not_move_is_good(raw_bars):
    assert found(inspect(raw_bars({"open": 9.0, "high": 9.0, "low": 9.0, "close": 9.0}))) == []


def test_a_row_repeated_word_for_word_is_kept_once(raw_bars):
    rows = raw_bars({}, {}, {"symbol": "MSFT"}, {})
    inspection = inspect(rows)
    assert_frame_equal(inspection.good, rows[[0, 2]])
    values = "low 9.0, high 11.0, open 10.0, close 10.5"
    assert found(inspection) == [
        (3, "duplicate_key", None, values, "one row for a symbol and session"),
        (5, "duplicate_key", None, values, "one row for a symbol and session"),
    ]


def test_rows_that_contradict_each_other_are_all_refused(raw_bars):
    inspection = inspect(raw_bars({}, {"close": 10.6}, {}))
    assert inspection.good.is_empty()
    assert [(line, rule) for line, rule, *_ in found(inspection)] == [
        (2, "duplicate_key"),
        (3, "duplicate_key"),
        (4, "duplicate_key"),
    ]


def test_another_session_symbol_provider_or_moment_is_no_repetition(raw_bars):
    rows = raw_bars(
        {},
        {"session": dt.date(2024, 1, 3)},
        {"symbol": "MSFT"},
        {"provider": "sample"},
        {"known_at": dt.datetime(2024, 1, 4, tzinfo=dt.UTC)},
    )
    assert inspect(rows).good.height == 5


@pytest.mark.parametrize("column", ["open", "close"])
@pytest.mark.parametrize("value", [11.00001, 8.99999])
def test_a_last_digit_outside_the_range_is_rounding(raw_bars, column, value):
    # The slack is a millionth of the high: 0.000011.
    assert found(inspect(raw_bars({column: value}))) == []


@pytest.mark.parametrize("value", [11.000012, 8.999988])
def test_more_than_rounding_outside_the_range_is_a_finding(raw_bars, value):
    ((_, rule, *_),) = found(inspect(raw_bars({"close": value})))
    assert rule == "close_outside_range"


def test_a_finding_keeps_the_row_as_it_was_delivered(raw_bars):
    findings = inspect(raw_bars({"close": None})).findings
    assert json.loads(findings["row"].item()) == {
        "provider": "folder",
        "symbol": "AAPL",
        "session": "2024-01-02",
        "open": 10.0,
        "high": 11.0,
        "low": 9.0,
        "close": None,
        "volume": 100.0,
        "source": "bars.csv",
        "source_row": 2,
        "known_at": "2024-01-03T00:00:00+00:00",
    }


def test_findings_keep_their_contract(raw_bars):
    rows = raw_bars({"high": 8.0, "volume": None}, {}, {}, {"low": 0.0}, {"volume": INFINITE})
    findings = inspect(rows).findings
    assert gate.apply(Findings, findings).failures.is_empty()
    assert set(findings["severity"]) == {"error"}


def test_nothing_delivered_gives_nothing_in_the_same_shape(raw_bars):
    nothing, some = inspect(raw_bars()), inspect(raw_bars({}, {"close": None}))
    assert nothing.good.schema == some.good.schema
    assert nothing.findings.schema == some.findings.schema
    assert (nothing.good.height, nothing.findings.height) == (0, 0)


def test_a_frame_of_another_shape_is_refused_whole(raw_bars):
    with pytest.raises(ContractError):
        inspect(raw_bars({}).with_columns(pl.col("close").cast(pl.String)))
