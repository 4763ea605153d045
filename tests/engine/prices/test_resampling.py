"""Weeks and months, worked by hand. January 2024 begins on a holiday; the 15th is one."""

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from quantmatrix_engine import calendars
from quantmatrix_engine.contracts import gate
from quantmatrix_engine.contracts.bars import Bars
from quantmatrix_engine.contracts.period_bars import PeriodBars
from quantmatrix_engine.prices.resampling import Period, resampled, week_ends


def day(month: int, number: int) -> dt.date:
    return dt.date(2024, month, number)


def daily(first: dt.date, last: dt.date, without: tuple[dt.date, ...] = ()) -> pl.DataFrame:
    """Bars of every session: open n, high n + 2, low n - 1, close n + 1, volume n from n = 10."""
    days = [one for one in calendars.sessions(first, last) if one not in without]
    rows = [
        {
            "instrument_id": 1,
            "provider": "sample",
            "session": session,
            "open": float(n),
            "high": n + 2.0,
            "low": n - 1.0,
            "close": n + 1.0,
            "volume": float(n),
            "known_at": dt.datetime(session.year, session.month, session.day, 22, tzinfo=dt.UTC),
            "is_final": True,
        }
        for n, session in enumerate(days, 10)
    ]
    return pl.DataFrame(rows, schema=Bars.empty().schema)


def test_a_week_begins_with_its_first_open_and_ends_with_its_last_close():
    # Tuesday the 2nd to Friday the 5th: n is 10 to 13; then Monday the 8th to Friday: 14 to 18.
    weeks = resampled(daily(day(1, 2), day(1, 12)), Period.WEEK, as_of=day(1, 12))
    shown = weeks.select("session", "open", "high", "low", "close", "volume", "sessions")
    assert shown.rows() == [
        (day(1, 5), 10.0, 15.0, 9.0, 14.0, 46.0, 4),
        (day(1, 12), 14.0, 20.0, 13.0, 19.0, 80.0, 5),
    ]
    assert weeks["is_final"].all()


@pytest.mark.parametrize(
    ("first", "as_of", "ends_on", "sessions"),
    [
        # Good Friday is the 29th; Monday the 15th of January is a holiday.
        (day(3, 25), day(3, 28), day(3, 28), 4),
        (day(1, 16), day(1, 19), day(1, 19), 4),
        # The 3rd of July is a half day, the 4th a holiday, the 5th a session.
        (day(7, 1), day(7, 5), day(7, 5), 4),
    ],
)
def test_a_week_ends_on_its_last_session(first, as_of, ends_on, sessions):
    (week,) = resampled(daily(first, as_of), Period.WEEK, as_of=as_of).rows(named=True)
    assert (week["session"], week["sessions"], week["is_final"]) == (ends_on, sessions, True)


def test_an_unfinished_week_is_not_final_and_bears_the_last_session_so_far():
    (week,) = resampled(daily(day(1, 8), day(1, 10)), Period.WEEK, as_of=day(1, 10)).rows(
        named=True
    )
    assert (week["session"], week["close"], week["is_final"]) == (day(1, 10), 13.0, False)


def test_a_month_ends_on_its_last_session():
    months = resampled(daily(day(2, 28), day(4, 1)), Period.MONTH, as_of=day(4, 1))
    # February ends on the 29th; March has 20 sessions and ends on Thursday the 28th.
    assert months.select("session", "sessions", "is_final").rows() == [
        (day(2, 29), 2, True),
        (day(3, 28), 20, True),
        (day(4, 1), 1, False),
    ]


def test_a_week_whose_last_session_has_no_bar_is_over_all_the_same():
    bars = daily(day(1, 8), day(1, 16), without=(day(1, 12),))
    week = resampled(bars, Period.WEEK, as_of=day(1, 16)).row(0, named=True)
    assert (week["session"], week["sessions"], week["is_final"]) == (day(1, 12), 4, True)


def test_a_week_without_a_bar_is_not_filled_in():
    bars = daily(day(1, 2), day(1, 5)).vstack(daily(day(1, 16), day(1, 19)))
    weeks = resampled(bars, Period.WEEK, as_of=day(1, 19))
    assert weeks["session"].to_list() == [day(1, 5), day(1, 19)]


def test_a_bar_that_is_not_final_keeps_its_week_from_being_so():
    bars = daily(day(1, 8), day(1, 12)).with_columns(is_final=pl.col("session") < day(1, 12))
    assert not resampled(bars, Period.WEEK, as_of=day(1, 12))["is_final"].item()


def test_no_bars_give_no_weeks_in_the_same_shape():
    bars = daily(day(1, 2), day(1, 12))
    weeks = resampled(bars, Period.WEEK, as_of=day(1, 12))
    assert gate.apply(PeriodBars, weeks).failures.is_empty()
    assert resampled(bars.clear(), Period.WEEK, as_of=day(1, 12)).schema == weeks.schema


def test_further_columns_have_the_value_of_the_periods_last_bar():
    bars = daily(day(1, 8), day(1, 16), without=(day(1, 12),))
    further = bars.with_columns(benchmark_close=pl.int_range(pl.len()).cast(pl.Float64))
    further = further.with_columns(pl.col("benchmark_close").replace(4.0, None))
    weeks = resampled(further, Period.WEEK, as_of=day(1, 16), beside=["benchmark_close"])
    # Monday to Thursday are 0 to 3; of the next week there is Tuesday alone, without a value.
    assert weeks["benchmark_close"].to_list() == [3.0, None]
    none = resampled(further.clear(), Period.WEEK, as_of=day(1, 16), beside=["benchmark_close"])
    assert none.schema == weeks.schema


def test_a_week_is_over_with_its_last_session():
    # Good Friday is the 29th of March; the 15th of January is a holiday.
    assert week_ends(calendars.sessions(day(3, 25), day(4, 3))) == [day(3, 28)]
    assert week_ends(calendars.sessions(day(1, 12), day(1, 19))) == [day(1, 12), day(1, 19)]
    assert week_ends([day(3, 27)]) == []
    assert week_ends([]) == []


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 120), st.sampled_from(Period))
def test_cutting_later_bars_away_changes_no_period(days, period):
    bars, as_of = daily(day(1, 2), day(5, 31)), day(1, 2) + dt.timedelta(days=days)
    cut = bars.filter(pl.col("session") <= as_of)
    then = resampled(cut, period, as_of=as_of)
    assert_frame_equal(resampled(bars, period, as_of=as_of), then)
    whole = resampled(bars, period, as_of=day(5, 31))
    finished = then.filter("is_final")
    assert_frame_equal(whole.head(finished.height), finished)
