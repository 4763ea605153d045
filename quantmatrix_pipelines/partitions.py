"""Partitions: sessions for what is shared, sessions and cohorts for what belongs to users."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

import dagster as dg

from quantmatrix_engine import calendars
from quantmatrix_models.users import COHORTS
from quantmatrix_pipelines.home import Window

# Dagster orders the dimensions of a key by name, so these names make it `2026-11-20|u00`.
SESSION, COHORT = "session", "user_cohort"
COHORT_KEYS = [f"u{number:02d}" for number in range(COHORTS)]
PARTITION_BUDGET = 100_000
YEARS_AHEAD = 10

_RANGE_START = "dagster/asset_partition_range_start"
_RANGE_END = "dagster/asset_partition_range_end"


def session_partitions(first: dt.date, last: dt.date | None) -> dg.DailyPartitionsDefinition:
    """Gives the sessions from `first` on as daily partitions; weekends and holidays have none.

    A session's window ends at 00:00 UTC of the next date, the evening of its close in New York.
    """
    horizon = last or dt.date(first.year + 2 * YEARS_AHEAD, 12, 31)
    holidays = calendars.closed_weekdays(first, horizon)
    return dg.DailyPartitionsDefinition(
        start_date=dt.datetime.combine(first, dt.time()),
        end_date=dt.datetime.combine(last + dt.timedelta(days=1), dt.time()) if last else None,
        timezone="UTC",
        exclusions=[
            "0 0 * * 6",
            "0 0 * * 0",
            *(dt.datetime.combine(day, dt.time()) for day in holidays),
        ],
    )


def shared_partitions(window: Window) -> dg.DailyPartitionsDefinition:
    """Gives the partitions of what all users share."""
    return session_partitions(window.first, window.last)


def user_partitions(window: Window) -> dg.MultiPartitionsDefinition:
    """Gives the partitions of what belongs to users: session by cohort."""
    return dg.MultiPartitionsDefinition(
        {
            SESSION: session_partitions(window.first_for_users, window.last),
            COHORT: dg.StaticPartitionsDefinition(COHORT_KEYS),
        }
    )


def budget_ends(first: dt.date) -> dt.date:
    """Gives the last session users' assets may have when they begin at `first`.

    After it they would have more than PARTITION_BUDGET partitions; move `first` before then.
    """
    sessions = calendars.sessions(first, dt.date(first.year + 2 * YEARS_AHEAD, 12, 31))
    return sessions[PARTITION_BUDGET // COHORTS - 1]


def sessions_in(keys: Iterable[str]) -> list[dt.date]:
    """Gives the sessions among partition keys, ascending; cohorts are left aside."""
    return sorted({dt.date.fromisoformat(key.split("|")[0]) for key in keys})


def cohorts_in(keys: Iterable[str]) -> list[int]:
    """Gives the numbers of the cohorts among keys of users' assets, ascending."""
    return sorted({int(key.split("|u")[1]) for key in keys})


def range_tags(first: str, last: str) -> dict[str, str]:
    """Gives the run tags that ask for every partition from `first` to `last` in one run."""
    return {_RANGE_START: first, _RANGE_END: last}


def spans_sessions(tags: Mapping[str, str]) -> bool:
    """Says whether run tags ask for partitions of more than one session."""
    return len(sessions_in(tags[one] for one in (_RANGE_START, _RANGE_END) if one in tags)) > 1


def user_range_tags(sessions: Sequence[dt.date]) -> dict[str, str]:
    """Gives the run tags that ask for all cohorts of the sessions from the first to the last."""
    return range_tags(f"{min(sessions)}|{COHORT_KEYS[0]}", f"{max(sessions)}|{COHORT_KEYS[-1]}")
