"""Sessions of an exchange: the dates it trades on, and when each of them closes (UTC)."""

import datetime as dt
from functools import cache

import exchange_calendars
import polars as pl

EXCHANGE = "XNYS"
EXCHANGE_TIME_ZONE = "America/New_York"
# Rules beyond the current year are the exchange's present ones; they are good enough for
# partitions that lie ahead, and the library's next release corrects them.
_FIRST, _LAST = dt.date(1990, 1, 2), dt.date(2049, 12, 31)


@cache
def exchanges() -> frozenset[str]:
    """Gives the exchanges (MIC) whose calendar is known."""
    names = exchange_calendars.get_calendar_names(include_aliases=False)
    # The library also keeps calendars of no exchange, such as `us_futures`.
    return frozenset(name for name in names if len(name) == 4 and name.isupper())


@cache
def _hours(exchange: str) -> pl.DataFrame:
    calendar = exchange_calendars.get_calendar(exchange, start=str(_FIRST), end=str(_LAST))
    return pl.DataFrame(
        {
            "session": [stamp.date() for stamp in calendar.sessions],
            "opens_at": [stamp.to_pydatetime() for stamp in calendar.opens],
            "closes_at": [stamp.to_pydatetime() for stamp in calendar.closes],
        },
        schema={
            "session": pl.Date,
            "opens_at": pl.Datetime("us", "UTC"),
            "closes_at": pl.Datetime("us", "UTC"),
        },
    )


@cache
def _closes_by_session(exchange: str) -> dict[dt.date, dt.datetime]:
    return dict(_hours(exchange).select("session", "closes_at").iter_rows())


def sessions(first: dt.date, last: dt.date, *, exchange: str = EXCHANGE) -> list[dt.date]:
    """Gives the sessions from `first` to `last`, both included, ascending."""
    return (
        _hours(exchange)
        .filter(pl.col("session").is_between(first, last))
        .get_column("session")
        .to_list()
    )


def hours(first: dt.date, last: dt.date, *, exchange: str = EXCHANGE) -> pl.DataFrame:
    """Gives session, opens_at and closes_at (UTC) of the sessions from `first` to `last`."""
    return _hours(exchange).filter(pl.col("session").is_between(first, last))


def is_session(date: dt.date, *, exchange: str = EXCHANGE) -> bool:
    """Says whether the exchange trades on `date`."""
    return date in _closes_by_session(exchange)


def closes_at(session: dt.date, *, exchange: str = EXCHANGE) -> dt.datetime:
    """Gives the moment (UTC) the session closes; half days close early.

    Raises KeyError where `session` is not one.
    """
    return _closes_by_session(exchange)[session]


def last_closed_session(at: dt.datetime, *, exchange: str = EXCHANGE) -> dt.date:
    """Gives the newest session that had closed at the moment `at` (timezone-aware)."""
    closed = _hours(exchange).filter(pl.col("closes_at") <= at)
    newest: dt.date = closed.get_column("session").item(-1)
    return newest


def is_open(at: dt.datetime, *, exchange: str = EXCHANGE) -> bool:
    """Says whether a session has opened and not closed at the moment `at` (timezone-aware)."""
    is_now = (pl.col("opens_at") <= at) & (pl.col("closes_at") > at)
    return not _hours(exchange).filter(is_now).is_empty()


def sessions_before(session: dt.date, count: int, *, exchange: str = EXCHANGE) -> dt.date:
    """Gives the session `count` sessions before `session`, or the calendar's first one."""
    earlier = _hours(exchange).filter(pl.col("session") < session).get_column("session")
    found: dt.date = session if count == 0 else earlier.tail(count).item(0)
    return found


def sessions_after(session: dt.date, count: int, *, exchange: str = EXCHANGE) -> dt.date:
    """Gives the session `count` sessions after `session`, or the calendar's last one."""
    later = _hours(exchange).filter(pl.col("session") > session).get_column("session")
    found: dt.date = session if count == 0 else later.head(count).item(-1)
    return found


def closed_weekdays(first: dt.date, last: dt.date, *, exchange: str = EXCHANGE) -> list[dt.date]:
    """Gives the weekdays from `first` to `last` on which the exchange does not trade, ascending."""
    open_dates = set(sessions(first, last, exchange=exchange))
    weekdays = pl.date_range(first, last, eager=True)
    return [day for day in weekdays if day.weekday() < 5 and day not in open_dates]
