import datetime as dt

import pytest

from quantmatrix_engine import calendars
from quantmatrix_pipelines import partitions
from quantmatrix_pipelines.home import Window

ENDED = Window(dt.date(2012, 10, 22), dt.date(2012, 10, 25), dt.date(2012, 11, 2))
# The evening of Friday 20 November 2026 in New York.
NOW = dt.datetime(2026, 11, 21, 0, 15, tzinfo=dt.UTC)


def test_partitions_are_the_sessions_and_a_hurricane_has_none():
    # Sandy kept the exchange closed on Monday 29 and Tuesday 30 October 2012.
    keys = partitions.shared_partitions(ENDED).get_partition_keys()
    assert keys == [
        *(f"2012-10-{day}" for day in (22, 23, 24, 25, 26, 31)),
        *("2012-11-01", "2012-11-02"),
    ]


@pytest.mark.parametrize("last", [dt.date(2013, 2, 28), dt.date(2013, 3, 1), dt.date(2013, 3, 4)])
def test_the_windows_last_session_is_a_partition_and_nothing_after_it(last: dt.date):
    # A Thursday, a Friday and a Monday.
    keys = partitions.session_partitions(dt.date(2013, 2, 1), last).get_partition_keys()
    assert keys[-1] == str(last)


@pytest.mark.parametrize(
    ("at", "newest"),
    [
        (dt.datetime(2026, 11, 20, 23, 59, tzinfo=dt.UTC), "2026-11-19"),
        (dt.datetime(2026, 11, 21, 0, 0, tzinfo=dt.UTC), "2026-11-20"),
        (dt.datetime(2026, 11, 23, 23, 59, tzinfo=dt.UTC), "2026-11-20"),
        (dt.datetime(2026, 11, 24, 0, 15, tzinfo=dt.UTC), "2026-11-23"),
        (dt.datetime(2026, 11, 27, 12, 0, tzinfo=dt.UTC), "2026-11-25"),
    ],
)
def test_a_session_has_a_partition_from_midnight_utc_after_it(at: dt.datetime, newest: str):
    # The last one is the day after Thanksgiving, which is the 26th.
    live = partitions.shared_partitions(Window())
    assert live.get_partition_keys(current_time=at)[-1] == newest


def test_a_year_of_partitions_is_the_exchanges_year():
    # NYSE, holidays of 2025: ten, and 9 January for the funeral of a president; 250 sessions.
    window = partitions.session_partitions(dt.date(2025, 1, 2), dt.date(2025, 12, 31))
    keys = window.get_partition_keys()
    assert len(keys) == 250
    assert not {"2025-01-09", "2025-07-04", "2025-11-27", "2025-12-25"} & set(keys)
    assert not [key for key in keys if dt.date.fromisoformat(key).weekday() > 4]


def test_the_partitions_of_ten_years_ahead_are_the_calendars_sessions():
    at = dt.datetime(2036, 1, 1, tzinfo=dt.UTC)
    keys = partitions.shared_partitions(Window()).get_partition_keys(current_time=at)
    expected = calendars.sessions(Window().first, dt.date(2035, 12, 31))
    assert keys == [str(one) for one in expected]


def test_a_key_of_users_is_the_session_and_then_the_cohort():
    keys = partitions.user_partitions(ENDED).get_partition_keys()
    assert keys[0] == "2012-10-25|u00"
    assert keys[-1] == "2012-11-02|u63"
    assert len(keys) == 5 * 64


def test_there_are_64_cohorts_named_in_the_order_of_their_numbers():
    assert len(partitions.COHORT_KEYS) == 64
    assert sorted(set(partitions.COHORT_KEYS)) == partitions.COHORT_KEYS
    assert partitions.COHORT_KEYS[9:11] == ["u09", "u10"]


def test_the_budget_of_the_default_window_ends_in_2032():
    # 1,562 sessions of 64 cohorts are 99,968 partitions; one more session would be 100,032.
    # Six years of 251 sessions leave 56: 20 in January 2032, 19 in February, 17 in March.
    ends = partitions.budget_ends(Window().first_for_users)
    assert ends == dt.date(2032, 3, 23)


def test_every_asset_stays_within_the_budget_until_it_ends():
    ends = partitions.budget_ends(Window().first_for_users)
    at = dt.datetime.combine(ends + dt.timedelta(days=1), dt.time(), dt.UTC)
    users = partitions.user_partitions(Window())
    sessions = users.get_partitions_def_for_dimension(partitions.SESSION)
    counted = len(sessions.get_partition_keys(current_time=at))
    assert counted * 64 == 99_968
    assert len(partitions.shared_partitions(Window()).get_partition_keys(current_time=at)) < 100_000


def test_sessions_and_cohorts_are_read_from_keys_each_once_in_order():
    keys = ["2026-11-20|u10", "2026-11-19|u02", "2026-11-20|u02"]
    assert partitions.sessions_in(keys) == [dt.date(2026, 11, 19), dt.date(2026, 11, 20)]
    assert partitions.cohorts_in(keys) == [2, 10]
    assert partitions.sessions_in(["2026-11-20"]) == [dt.date(2026, 11, 20)]


def test_a_run_of_all_cohorts_asks_from_the_first_of_the_first_to_the_last_of_the_last():
    sessions = [dt.date(2026, 11, 20), dt.date(2026, 11, 18), dt.date(2026, 11, 19)]
    assert partitions.user_range_tags(sessions) == {
        "dagster/asset_partition_range_start": "2026-11-18|u00",
        "dagster/asset_partition_range_end": "2026-11-20|u63",
    }


def test_tags_of_a_range_span_sessions_where_they_name_two():
    friday, monday = dt.date(2026, 11, 20), dt.date(2026, 11, 23)
    assert partitions.spans_sessions(partitions.user_range_tags([friday, monday]))
    assert partitions.spans_sessions(partitions.range_tags(str(friday), str(monday)))
    assert not partitions.spans_sessions(partitions.user_range_tags([monday]))
    assert not partitions.spans_sessions({"quantmatrix/backfill": "2026"})
