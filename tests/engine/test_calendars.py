import datetime as dt

import polars as pl
import pytest

from quantmatrix_engine import calendars


def date(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def closes(first: dt.date, last: dt.date) -> list[tuple[dt.date, dt.datetime]]:
    return [(one, calendars.closes_at(one)) for one in calendars.sessions(first, last)]


def test_every_session_and_close_from_1990_to_2027_is_that_of_the_reference(shared_data):
    reference = (
        pl.read_parquet(shared_data / "calendars" / "xnys_sessions.parquet")
        .filter(pl.col("date") >= date("1990-01-01"))
        .select("date", pl.col("close_utc").dt.replace_time_zone("UTC").dt.cast_time_unit("us"))
    )
    assert reference.height > 9_500
    assert closes(date("1990-01-01"), reference["date"].max()) == reference.rows()


def test_sessions_and_closes_are_those_of_the_hand_checked_table(shared_data):
    table = pl.read_csv(shared_data / "calendars" / "xnys_independent_resource.csv").select(
        pl.col("").str.to_datetime("%Y-%m-%dT%H:%M:%SZ").dt.date().alias("session"),
        pl.col("close").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_zone="UTC"),
    )
    assert table.height > 5_000
    assert closes(table["session"].min(), table["session"].max()) == table.rows()


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        # The attacks on New York.
        ("2001-09-10", "2001-09-17", ["2001-09-10", "2001-09-17"]),
        # Hurricane Sandy.
        ("2012-10-26", "2012-10-31", ["2012-10-26", "2012-10-31"]),
        # The mourning of President Carter.
        ("2025-01-08", "2025-01-10", ["2025-01-08", "2025-01-10"]),
        # Independence Day on a Saturday is kept on the Friday.
        ("2026-07-02", "2026-07-06", ["2026-07-02", "2026-07-06"]),
    ],
)
def test_the_exchange_does_not_trade_on_days_it_was_closed(first, last, expected):
    assert calendars.sessions(date(first), date(last)) == [date(day) for day in expected]


@pytest.mark.parametrize(
    ("session", "closes_at"),
    [
        ("2024-07-03", "2024-07-03T17:00"),  # 13:00 in summer
        ("2023-11-24", "2023-11-24T18:00"),  # 13:00 in winter
        ("2024-12-24", "2024-12-24T18:00"),
        ("2026-07-02", "2026-07-02T20:00"),  # not a half day, though the 3rd is a holiday
    ],
)
def test_half_days_close_at_one_in_new_york(session, closes_at):
    assert calendars.closes_at(date(session)) == utc(closes_at)


@pytest.mark.parametrize(
    ("session", "closes_at"),
    [
        ("2024-03-08", "2024-03-08T21:00"),
        ("2024-03-11", "2024-03-11T20:00"),
        ("2024-11-01", "2024-11-01T20:00"),
        ("2024-11-04", "2024-11-04T21:00"),
    ],
)
def test_the_close_moves_in_utc_when_new_york_changes_its_clocks(session, closes_at):
    assert calendars.closes_at(date(session)) == utc(closes_at)


def test_the_close_of_a_day_without_trading_is_unknown():
    assert not calendars.is_session(date("2024-01-01"))
    with pytest.raises(KeyError):
        calendars.closes_at(date("2024-01-01"))


@pytest.mark.parametrize(
    ("at", "session"),
    [
        ("2024-01-02T20:59:59", "2023-12-29"),
        ("2024-01-02T21:00:00", "2024-01-02"),
        ("2024-01-07T12:00:00", "2024-01-05"),  # a Sunday
        ("2024-07-03T17:00:00", "2024-07-03"),  # a half day
    ],
)
def test_a_session_is_the_last_closed_from_its_close_on(at, session):
    assert calendars.last_closed_session(utc(at)) == date(session)


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        ("2024-01-03T14:29:59", False),
        ("2024-01-03T14:30:00", True),
        ("2024-01-03T20:59:59", True),
        ("2024-01-03T21:00:00", False),
        ("2024-07-03T17:00:00", False),  # a half day
        ("2024-07-04T15:00:00", False),  # Independence Day
        ("2024-01-07T15:00:00", False),  # a Sunday
    ],
)
def test_the_exchange_is_open_from_its_opening_until_its_close(at, is_open):
    assert calendars.is_open(utc(at)) is is_open


def test_the_last_closed_session_is_asked_for_in_any_time_zone():
    kolkata = dt.timezone(dt.timedelta(hours=5, minutes=30))
    assert calendars.last_closed_session(dt.datetime(2024, 1, 3, 2, 29, tzinfo=kolkata)) == date(
        "2023-12-29"
    )
    assert calendars.last_closed_session(dt.datetime(2024, 1, 3, 2, 30, tzinfo=kolkata)) == date(
        "2024-01-02"
    )


@pytest.mark.parametrize(
    ("count", "session"), [(0, "2024-01-16"), (1, "2024-01-12"), (4, "2024-01-09")]
)
def test_sessions_before_are_counted_over_weekends_and_holidays(count, session):
    # 2024-01-15 is Martin Luther King Day.
    assert calendars.sessions_before(date("2024-01-16"), count) == date(session)


def test_there_is_nothing_before_the_calendars_first_session():
    assert calendars.sessions_before(date("1990-01-03"), 5) == date("1990-01-02")


def test_closed_weekdays_are_the_holidays():
    assert calendars.closed_weekdays(date("2023-12-23"), date("2024-01-20")) == [
        date("2023-12-25"),
        date("2024-01-01"),
        date("2024-01-15"),
    ]


def test_the_calendar_reaches_ten_years_ahead():
    assert calendars.is_session(date("2037-11-23"))


@pytest.mark.parametrize(
    ("session", "count", "expected"),
    [
        ("2024-07-03", 0, "2024-07-03"),
        # Independence Day and a weekend lie between.
        ("2024-07-03", 1, "2024-07-05"),
        ("2024-07-03", 2, "2024-07-08"),
    ],
)
def test_a_session_later_is_counted_in_sessions(session, count, expected):
    assert calendars.sessions_after(date(session), count) == date(expected)
