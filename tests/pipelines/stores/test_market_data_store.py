import datetime as dt

from pipelines.rows import AT, SESSION, change, findings, query

from quantmatrix_engine.vocabulary import FetchKind
from quantmatrix_models.database import Database
from quantmatrix_pipelines.stores import market_data

FETCH = {
    "provider": "sample",
    "version": "1",
    "first_session": SESSION,
    "last_session": SESSION,
    "rows": 5,
    "new_rows": 5,
    "fetched_at": AT,
    "dagster_run_id": "run",
}


def test_a_finding_is_recorded_once_with_its_row(database: Database):
    found = findings({}, {"source_row": 8, "value": 'NaN, "?"', "row": None})
    assert market_data.record_findings(database, found) == 2
    assert market_data.record_findings(database, found) == 0
    assert query(
        database, 'SELECT source_row, value, "row", status FROM findings ORDER BY source_row'
    ) == [(7, None, {"close": None}, "open"), (8, 'NaN, "?"', None, "open")]


def test_each_bad_vintage_of_a_row_is_a_finding_of_its_own(database: Database):
    later = AT + dt.timedelta(days=1)
    one = {"source": "series", "source_row": None, "known_at": AT}
    both = findings(one, one | {"known_at": later})
    assert market_data.record_findings(database, findings(one)) == 1
    assert market_data.record_findings(database, both) == 1
    assert market_data.record_findings(database, both) == 0
    assert query(database, "SELECT known_at FROM findings ORDER BY id") == [(AT,), (later,)]


def test_what_a_delivery_says_again_is_recorded_once_whenever_it_is_said(database: Database):
    wrong = findings({"value": "a\x00lot", "known_at": None})
    assert market_data.record_delivered(database, wrong, at=AT) == 1
    assert market_data.record_delivered(database, wrong, at=AT + dt.timedelta(days=1)) == 0
    assert query(database, "SELECT known_at, value FROM findings") == [(AT, "a\ufffdlot")]


def test_what_a_delivery_gets_wrong_in_another_way_or_anew_is_recorded(database: Database):
    first, second, third = (AT + dt.timedelta(days=day) for day in range(3))
    market_data.record_delivered(database, findings({"value": "a lot"}), at=first)
    assert market_data.record_delivered(database, findings({"value": "less"}), at=second) == 1
    change(database, "UPDATE findings SET status = 'corrected'")
    assert market_data.record_delivered(database, findings({"value": "less"}), at=second) == 0
    assert market_data.record_delivered(database, findings({"value": "less"}), at=third) == 1
    assert market_data.record_delivered(database, findings({}).clear(), at=third) == 0


def test_findings_of_whole_files_are_recorded_once_though_nothing_else_is_known(database: Database):
    nothing = dict.fromkeys(["symbol", "session", "column", "value", "source_row", "row"])
    found = findings({**nothing, "rule": "unreadable_file"})
    assert market_data.record_findings(database, found) == 1
    assert market_data.record_findings(database, found) == 0


def test_a_finding_somebody_released_stays_released(database: Database):
    market_data.record_findings(database, findings({}))
    change(database, "UPDATE findings SET status = 'released'")
    market_data.record_findings(database, findings({}))
    assert query(database, "SELECT status FROM findings") == [("released",)]


def test_a_zero_byte_in_a_file_is_a_finding_like_any_other(database: Database):
    row = r'{"close": "1\u0000\u00002", "path": "C:\\u0000"}'
    market_data.record_findings(database, findings({"value": "1\x002", "row": row}))
    assert query(database, 'SELECT value, "row" FROM findings') == [
        ("1\ufffd2", {"close": "1\ufffd\ufffd2", "path": "C:\\u0000"})
    ]


def test_quarantined_are_open_findings_of_the_asked_sessions_that_have_a_symbol(database: Database):
    found = findings(
        {"symbol": "AAA"},
        {"symbol": "AAA", "column": "open"},
        {"symbol": "BBB", "severity": "warning"},
        {"symbol": "CCC", "session": dt.date(2026, 11, 19)},
        {"symbol": "DDD"},
        {"symbol": None},
    )
    market_data.record_findings(database, found)
    change(database, "UPDATE findings SET status = 'released' WHERE symbol = 'DDD'")
    refused = market_data.quarantined(database, SESSION, SESSION)
    assert sorted(refused.rows()) == [
        ("AAA", SESSION, "null_price"),
        ("BBB", SESSION, "null_price"),
    ]
    assert market_data.quarantined(database, AT.date(), AT.date()).is_empty()


def test_ranges_count_as_fetched_in_the_newest_state_of_the_provider_only(database: Database):
    assert market_data.fetched(database, ["sample"], "1") == []
    market_data.record_fetch(database, FETCH)
    market_data.record_fetch(database, FETCH | {"version": "2", "new_rows": 0})
    market_data.record_fetch(database, FETCH | {"provider": "folder", "version": "3"})
    for kind in set(FetchKind) - {FetchKind.BARS}:
        market_data.record_fetch(database, FETCH | {"version": "4", "kind": kind.value})
    assert market_data.fetched(database, ["sample"], "2") == [
        market_data.Fetch(SESSION, SESSION, "run")
    ]
    assert market_data.fetched(database, ["sample"], "1") == []
    assert query(database, "SELECT fetched_at, new_rows FROM provider_fetches ORDER BY id")[:2] == [
        (AT, 5),
        (AT, 0),
    ]


def test_providers_asked_together_are_one_fetch_unless_all_of_them_failed(database: Database):
    monday, later = SESSION - dt.timedelta(days=2), AT + dt.timedelta(hours=1)
    failed = {"status": "failed", "error": "out of order", "rows": 0, "new_rows": 0}
    first = FETCH | {"provider": "first", "first_session": monday, **failed}
    for one in (first, FETCH, first | {"fetched_at": later}):
        market_data.record_fetch(database, one)
    assert market_data.fetched(database, ["first", "sample"], "1") == [
        market_data.Fetch(monday, SESSION, "run")
    ]
    assert market_data.fetched(database, ["first"], "1") == []


def test_a_provider_is_registered_by_its_first_fetch_and_keeps_its_settings(database: Database):
    market_data.record_fetch(database, FETCH)
    change(database, "UPDATE data_providers SET priority = 5")
    market_data.record_fetch(database, FETCH)
    assert query(database, "SELECT name, priority FROM data_providers") == [("sample", 5)]
    assert query(database, "SELECT count(*), min(status) FROM provider_fetches") == [
        (2, "succeeded")
    ]


def test_open_findings_are_counted_by_rule_the_most_frequent_first(database: Database):
    found = findings({}, {"rule": "not_a_number"}, {"rule": "not_a_number", "source_row": 9})
    market_data.record_findings(database, found)
    assert market_data.findings_by_rule(database) == [("not_a_number", 2), ("null_price", 1)]
    change(database, "UPDATE findings SET status = 'rejected' WHERE rule = 'not_a_number'")
    assert market_data.findings_by_rule(database) == [("null_price", 1)]


def test_the_newest_findings_come_first_and_no_more_than_asked(database: Database):
    market_data.record_findings(database, findings({"source_row": 1}, {"source_row": 2}))
    market_data.record_findings(database, findings({"source_row": 3}))
    newest = market_data.newest_findings(database, 2)
    assert newest.get_column("source_row").to_list() == [3, 2]
    assert market_data.newest_findings(database, 10).height == 3


def test_many_findings_without_a_session_do_not_hide_one_that_has_one(database: Database):
    market_data.record_findings(database, findings({}))
    undated = [{"source_row": line, "session": None, "symbol": None} for line in range(150)]
    market_data.record_findings(database, findings(*undated))
    newest = market_data.newest_findings(database, 1000)
    assert newest.get_column("session").drop_nulls().to_list() == [SESSION]


def test_without_findings_there_are_none_to_show(database: Database):
    assert market_data.newest_findings(database, 10).rows() == []
    assert market_data.findings_by_rule(database) == []
