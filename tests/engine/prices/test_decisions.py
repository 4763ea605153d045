import datetime as dt

import polars as pl
import pytest

from quantmatrix_engine.contracts.findings import Findings
from quantmatrix_engine.prices.decisions import DECISIONS_SCHEMA, corrected
from quantmatrix_engine.prices.quality import inspect

KNOWN = dt.datetime(2024, 1, 3, tzinfo=dt.UTC)
LATER = KNOWN + dt.timedelta(days=1)
FINDING = {
    "provider": "folder",
    "source": "bars.csv",
    "source_row": 2,
    "symbol": "AAPL",
    "session": dt.date(2024, 1, 2),
    "rule": "close_outside_range",
    "column": None,
    "status": "released",
    "known_at": KNOWN,
}
NOTHING = Findings.empty()


def decided(*changes: dict) -> pl.DataFrame:
    return pl.DataFrame([FINDING | one for one in changes], schema=DECISIONS_SCHEMA)


def still_open(*changes: dict) -> pl.DataFrame:
    rows = [FINDING | {"id": number} | one for number, one in enumerate(changes, 1)]
    return pl.DataFrame(rows, schema={"id": pl.Int64, **DECISIONS_SCHEMA})


def test_a_row_whose_only_finding_was_released_is_good(raw_bars):
    inspection = inspect(raw_bars({"close": 8.5}), decided({}))
    assert (inspection.good.height, inspection.findings.height) == (1, 0)


@pytest.mark.parametrize(
    "change",
    [
        {"source_row": 3},
        {"known_at": LATER},
        {"status": "rejected"},
        {"rule": "open_outside_range"},
        {"symbol": "MSFT"},
    ],
)
def test_a_release_of_another_row_moment_or_rule_lets_nothing_in(raw_bars, change):
    inspection = inspect(raw_bars({"close": 8.5}), decided(change))
    assert (inspection.good.height, inspection.findings.height) == (0, 1)


def test_a_row_that_breaks_a_second_rule_stays_out(raw_bars):
    inspection = inspect(raw_bars({"close": 8.5, "volume": None}), decided({}))
    assert inspection.good.is_empty()
    assert inspection.findings["rule"].to_list() == ["null_volume"]


def test_a_release_of_a_row_without_a_price_is_not_heeded(raw_bars):
    released = decided({"rule": "null_price", "column": "close"})
    assert inspect(raw_bars({"close": None}), released).good.is_empty()


def test_of_two_released_rows_of_one_moment_the_first_is_taken(raw_bars):
    rows = raw_bars({}, {"close": 10.6})
    one = decided({"rule": "duplicate_key", "source_row": 3})
    both = pl.concat([one, decided({"rule": "duplicate_key"})])
    assert inspect(rows, one).good["close"].to_list() == [10.6]
    assert inspect(rows, both).good["close"].to_list() == [10.5]


def test_a_rejected_flag_takes_its_row_out_and_no_later_vintage(raw_bars):
    rows = raw_bars({}, {"known_at": LATER, "close": 10.6}, {"symbol": "MSFT"})
    rejected = decided({"rule": "unit_error", "status": "rejected", "source": "series"})
    assert inspect(rows, rejected).good["close"].to_list() == [10.6, 10.5]


def test_a_refused_row_is_answered_by_a_good_one_known_later(raw_bars):
    findings = still_open({}, {"symbol": "MSFT"})
    assert corrected(findings, raw_bars({"known_at": LATER}), NOTHING) == [1]
    assert corrected(findings, raw_bars({"known_at": KNOWN}), NOTHING) == []


def test_a_flag_is_answered_by_a_later_row_it_is_not_found_in_again(raw_bars):
    findings, later = still_open({"rule": "zero_volume"}), raw_bars({"known_at": LATER})
    again = pl.DataFrame(
        [FINDING | {"rule": "zero_volume", "expected": "", "severity": "warning"}],
        schema=NOTHING.schema,
    )
    assert corrected(findings, later, NOTHING) == [1]
    assert corrected(findings, later, again) == []


def test_a_flag_is_answered_by_a_later_row_that_shows_it_again_as_a_finding_of_its_own(raw_bars):
    findings, later = still_open({"rule": "zero_volume"}), raw_bars({"known_at": LATER})
    told = {"rule": "zero_volume", "expected": "", "severity": "warning", "known_at": LATER}
    again = pl.DataFrame([FINDING | told], schema=NOTHING.schema)
    assert corrected(findings, later, again) == [1]


def test_a_disagreement_is_answered_where_the_other_side_gave_way(raw_bars):
    findings = still_open({"rule": "provider_disagreement", "column": "close"})
    told = {"rule": "provider_disagreement", "expected": "", "severity": "warning"}
    again = pl.DataFrame([FINDING | told], schema=NOTHING.schema)
    assert corrected(findings, raw_bars({}), again) == []
    assert corrected(findings, raw_bars({}), NOTHING) == [1]
    assert corrected(findings, raw_bars({"symbol": "MSFT"}), NOTHING) == []


def test_what_is_said_of_an_action_is_not_answered_by_a_bar(raw_bars):
    findings = still_open({"rule": "unconfirmed_action"})
    assert corrected(findings, raw_bars({"known_at": LATER}), NOTHING) == []


def test_a_spike_is_answered_only_where_the_bar_after_it_is_there(raw_bars):
    findings = still_open({"rule": "spike_reverts"})
    alone = raw_bars({"known_at": LATER})
    followed = raw_bars({"known_at": LATER}, {"session": dt.date(2024, 1, 3)})
    assert corrected(findings, alone, NOTHING) == []
    assert corrected(findings, followed, NOTHING) == [1]


def test_a_gap_is_answered_by_a_bar_in_it_and_a_silence_by_one_after_it(raw_bars):
    findings = still_open({"rule": "missing_session"}, {"rule": "stale_series"})
    assert corrected(findings, raw_bars({}), NOTHING) == [1]
    assert corrected(findings, raw_bars({"session": dt.date(2024, 1, 9)}), NOTHING) == [2]
