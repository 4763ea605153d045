import datetime as dt

import dagster as dg
import pytest

from quantmatrix_engine import calendars
from quantmatrix_pipelines.defs.market_data.schedules import schedules
from quantmatrix_pipelines.home import Window
from quantmatrix_pipelines.partitions import session_partitions

LIVE = Window()
ENDED = Window(dt.date(2025, 1, 2), dt.date(2025, 1, 2), dt.date(2026, 3, 2))


JOBS = {
    name: dg.define_asset_job(name) for name in ("market_data", "company_data", "intraday_data")
}


def scheduled(
    job: str, window: Window = LIVE, *, has_intraday: bool = True
) -> dg.ScheduleDefinition:
    """Gives the schedule that starts a job."""
    made = schedules(window, **JOBS, has_intraday=has_intraday)
    (schedule,) = (one for one in made if one.job_name == job)
    return schedule


def tick(utc: str, window: Window = LIVE, *, job: str = "market_data") -> str:
    """Gives the key a tick at this moment asks for, or why it asks for none."""
    at = dt.datetime.fromisoformat(utc).replace(tzinfo=dt.UTC)
    answer = scheduled(job, window)(dg.build_schedule_context(scheduled_execution_time=at))
    if isinstance(answer, dg.SkipReason):
        return f"skipped: {answer.skip_message}"
    assert answer.run_key == f"{job}:{answer.partition_key}"
    return str(answer.partition_key)


def test_it_ticks_at_a_quarter_past_midnight_utc_from_tuesday_to_saturday():
    schedule = scheduled("market_data")
    assert schedule.cron_schedule == "15 0 * * 2-6"
    assert schedule.execution_timezone == "UTC"
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING


@pytest.mark.parametrize(
    ("utc", "key"),
    [
        ("2026-11-21 00:15", "2026-11-20"),  # Friday evening in New York
        ("2026-11-24 00:15", "2026-11-23"),  # Monday evening
        ("2026-11-28 00:15", "2026-11-27"),  # the half day after Thanksgiving
        ("2026-03-07 00:15", "2026-03-06"),  # the last session before clocks go forward: 19:15
        ("2026-03-10 00:15", "2026-03-09"),  # the first one after: 20:15
        ("2026-10-31 00:15", "2026-10-30"),  # the last session before clocks go back
        ("2026-11-03 00:15", "2026-11-02"),  # the first one after
    ],
)
def test_an_evening_asks_for_the_session_that_has_just_closed(utc: str, key: str):
    assert tick(utc) == key


@pytest.mark.parametrize(
    ("utc", "reason"),
    [
        ("2026-11-27 00:15", "XNYS did not trade on Thursday 2026-11-26."),
        ("2026-12-26 00:15", "XNYS did not trade on Friday 2026-12-25."),
        ("2026-11-22 00:15", "XNYS did not trade on Saturday 2026-11-21."),
    ],
)
def test_where_the_exchange_was_closed_the_tick_says_so(utc: str, reason: str):
    assert tick(utc) == f"skipped: {reason}"


def test_after_a_feed_has_ended_the_tick_says_what_to_do():
    assert tick("2026-03-03 00:15", ENDED) == "2026-03-02"
    skipped = tick("2026-03-04 00:15", ENDED)
    assert skipped.startswith("skipped: The feed ended on 2026-03-02")
    assert "QUANTMATRIX_BARS" in skipped


def test_before_the_partitions_begin_the_tick_says_when_they_do():
    late = Window(dt.date(2026, 11, 20), dt.date(2026, 11, 20), None)
    assert tick("2026-11-21 00:15", late) == "2026-11-20"
    assert tick("2026-11-20 00:15", late) == "skipped: Partitions begin at 2026-11-20."


def test_the_ticks_of_a_year_ask_for_each_partition_once_and_after_its_close():
    days = [dt.date(2026, 1, 1) + dt.timedelta(days=day) for day in range(366)]
    ticks = [day for day in days if day.isoweekday() in (2, 3, 4, 5, 6)]
    asked = {key: day for day in ticks if not (key := tick(f"{day} 00:15")).startswith("skipped")}
    year = session_partitions(dt.date(2026, 1, 2), dt.date(2026, 12, 31))
    at = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
    assert list(asked) == year.get_partition_keys(current_time=at)
    for key, day in asked.items():
        at = dt.datetime.combine(day, dt.time(0, 15), dt.UTC)
        late = at - calendars.closes_at(dt.date.fromisoformat(key))
        assert dt.timedelta(hours=3) <= late <= dt.timedelta(hours=8)


def test_fundamentals_are_asked_for_two_hours_later_before_the_next_session_opens():
    schedule = scheduled("company_data")
    assert schedule.cron_schedule == "15 2 * * 2-6"
    assert schedule.execution_timezone == "UTC"
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    for utc, session in [
        ("2026-11-21 02:15", "2026-11-20"),  # Friday evening in New York
        ("2026-11-28 02:15", "2026-11-27"),  # the half day after Thanksgiving
        ("2026-03-10 02:15", "2026-03-09"),  # the first session of summer time: 22:15
    ]:
        assert tick(utc, job="company_data") == session
        at = dt.datetime.fromisoformat(utc).replace(tzinfo=dt.UTC)
        assert calendars.last_closed_session(at) == dt.date.fromisoformat(session)
        assert not calendars.is_open(at)
    holiday = tick("2026-11-27 02:15", job="company_data")
    assert holiday == "skipped: XNYS did not trade on Thursday 2026-11-26."


def test_intraday_bars_are_asked_for_in_between_and_not_where_none_are_configured():
    schedule = scheduled("intraday_data")
    assert schedule.cron_schedule == "15 1 * * 2-6"
    assert schedule.execution_timezone == "UTC"
    for utc, session in [
        ("2026-11-28 01:15", "2026-11-27"),  # the half day after Thanksgiving
        ("2026-03-10 01:15", "2026-03-09"),  # the first session of summer time
    ]:
        assert tick(utc, job="intraday_data") == session
        at = dt.datetime.fromisoformat(utc).replace(tzinfo=dt.UTC)
        assert calendars.last_closed_session(at) == dt.date.fromisoformat(session)
    off = scheduled("intraday_data", has_intraday=False)
    at = dt.datetime(2026, 11, 28, 1, 15, tzinfo=dt.UTC)
    skipped = off(dg.build_schedule_context(scheduled_execution_time=at))
    assert isinstance(skipped, dg.SkipReason)
    assert "QUANTMATRIX_INTRADAY_PROVIDERS" in str(skipped.skip_message)
