"""Outcomes of signals and the stages they came to, as they are followed session by session."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import polars as pl
from sqlalchemy import text

from quantmatrix_engine import calendars
from quantmatrix_engine.contracts.shape import types_of
from quantmatrix_engine.contracts.signal_outcomes import OutcomeHistory, SignalStages
from quantmatrix_engine.contracts.signals import SMALLEST_PRICE
from quantmatrix_engine.strategies.outcomes import (
    FOLLOWED_SESSIONS,
    MEASURED_SCHEMA,
    SIGNAL_SCHEMA,
)
from quantmatrix_engine.vocabulary import Action
from quantmatrix_models.database import Database
from quantmatrix_models.privileges import Role
from quantmatrix_pipelines.stores import bulk

_MOST = max(FOLLOWED_SESSIONS.values())
_EXITS = {"strategy_id": pl.Int64, "instrument_id": pl.Int64, "session": pl.Date}


def to_follow(
    database: Database, cohorts: Sequence[int], first: dt.date, last: dt.date
) -> dict[int, int]:
    """Gives how many signals of each cohort `followed` gives, by cohort, where it gives any."""
    with database.transaction(Role.PIPELINE) as connection:
        rows = connection.execute(text(_COUNTED), _asked(cohorts, first, last))
        return {row.cohort: row.signals for row in rows}


def followed(
    database: Database, cohorts: Sequence[int], first: dt.date, last: dt.date
) -> pl.DataFrame:
    """Gives the signals of users of the cohorts that sessions from `first` to `last` change.

    Each comes with its outcome so far (SIGNAL_SCHEMA and MEASURED_SCHEMA of the engine), all null
    where it has none. Those of which `first` or a later session was looked at before are among
    them, closed or not.
    """
    schema = SIGNAL_SCHEMA | MEASURED_SCHEMA
    with database.transaction(Role.PIPELINE) as connection:
        return bulk.read(connection, _FOLLOWED, _asked(cohorts, first, last), schema)


def _asked(cohorts: Sequence[int], first: dt.date, last: dt.date) -> dict[str, Any]:
    return {
        "cohorts": list(cohorts),
        "first": first,
        "last": last,
        "oldest": calendars.sessions_before(first, 2 * _MOST),
    }


def exits(
    database: Database, cohorts: Sequence[int], after: dt.date, last: dt.date
) -> pl.DataFrame:
    """Gives strategy_id, instrument_id and session of the exits said after `after` until `last`."""
    values = {
        "cohorts": list(cohorts),
        "after": after,
        "last": last,
        "exit": Action.EXIT.value,
    }
    with database.transaction(Role.PIPELINE) as connection:
        return bulk.read(connection, _SAID_EXITS, values, _EXITS)


def record(
    database: Database, outcomes: pl.DataFrame, stages: pl.DataFrame, *, at: dt.datetime
) -> int:
    """Writes outcomes (contract SignalOutcomes) over what was there, and adds new stages.

    A stage a signal came to before (STAGE_SCHEMA of the engine) stays as it was seen first. Gives
    how many stages were added.
    """
    smallest = pl.col("highest_price", "lowest_price").clip(lower_bound=SMALLEST_PRICE)
    measured = outcomes.with_columns(smallest.cast(pl.Decimal(20, 6)), computed_at=pl.lit(at))
    seen = stages.with_columns(
        pl.col("target").fill_null(0),
        pl.col("price").clip(lower_bound=SMALLEST_PRICE).cast(pl.Decimal(20, 6)),
    )
    with database.transaction(Role.PIPELINE) as connection:
        bulk.upsert(connection, "signal_outcomes", measured, key=["signal_id"], fixed=["user_id"])
        return bulk.insert_new(connection, "signal_stages", seen)


def count(database: Database) -> int:
    """Gives how many signals have an outcome."""
    with database.transaction(Role.PIPELINE) as connection:
        return int(connection.execute(text("SELECT count(*) FROM signal_outcomes")).scalar_one())


def outcomes_of(
    database: Database, first: dt.date, last: dt.date, *, until: dt.date
) -> pl.DataFrame:
    """Gives the outcomes (contract OutcomeHistory) of signals of the sessions `first` to `last`.

    Those that a session after `until` changed are left out.
    """
    asked, types = {"first": first, "last": last, "until": until}, types_of(OutcomeHistory)
    with database.transaction(Role.PIPELINE) as connection:
        return bulk.read(connection, _OF_ANALYSTS, asked, types)


def stages_of(database: Database, first: dt.date, last: dt.date, *, until: dt.date) -> pl.DataFrame:
    """Gives the stages (contract SignalStages) that signals of these sessions came to `until`."""
    asked, types = {"first": first, "last": last, "until": until}, types_of(SignalStages)
    with database.transaction(Role.PIPELINE) as connection:
        return bulk.read(connection, _STAGES, asked, types)


def _numbers(row: str, *names: str) -> str:
    return ", ".join(f"CAST({row}.{name} AS double precision) AS {name}" for name in names)


_MEASURES = f"""o.stage, o.through_session, o.sessions_held,
    {_numbers("o", "highest_price", "lowest_price")}, o.return_pct, o.best_pct, o.worst_pct,
    o.hit_target, o.hit_stop, o.closed"""

_SIGNALS = """
FROM signals g
JOIN users u ON u.id = g.user_id
LEFT JOIN signal_outcomes o ON o.signal_id = g.id
WHERE u.cohort = ANY(:cohorts) AND g.session < :last
"""

# What was said long ago is found where it is still open; of the rest only the last sessions count.
_LATELY = f"""{_SIGNALS} AND g.session >= :oldest
  AND (o.signal_id IS NULL OR o.through_session >= :first
       OR (NOT o.closed AND o.through_session < :last))"""
_LONG_AGO = f"{_SIGNALS} AND g.session < :oldest AND NOT o.closed AND o.through_session < :last"

_WITH_OUTCOME = f"""
SELECT g.id AS signal_id, g.user_id, g.strategy_id, g.instrument_id, g.session, g.action,
    {_numbers("g", "price", "stop", "target_1", "target_2", "target_3")}, g.valid_until,
    {_MEASURES}
"""
_FOLLOWED = f"{_WITH_OUTCOME} {_LATELY} UNION ALL {_WITH_OUTCOME} {_LONG_AGO} ORDER BY signal_id"

_COUNTED = f"""
SELECT cohort, count(*) AS signals
FROM (SELECT u.cohort {_LATELY} UNION ALL SELECT u.cohort {_LONG_AGO}) found
GROUP BY cohort ORDER BY cohort
"""

_SAID_EXITS = """
SELECT DISTINCT g.strategy_id, g.instrument_id, g.session
FROM signals g JOIN users u ON u.id = g.user_id
WHERE u.cohort = ANY(:cohorts) AND g.action = :exit AND g.session > :after AND g.session <= :last
"""

_IN_R = "o.{name}_pct / 100 * CAST(g.price / nullif(g.price - g.stop, 0) AS double precision)"

_OF_ANALYSTS = f"""
SELECT g.id AS signal_id, g.user_id, {_MEASURES},
    {", ".join(f"{_IN_R.format(name=name)} AS {name}_r" for name in ("return", "best", "worst"))}
FROM signal_outcomes o JOIN signals g ON g.id = o.signal_id
WHERE g.session BETWEEN :first AND :last AND o.through_session <= :until
ORDER BY g.id
"""

_STAGES = f"""
SELECT t.signal_id, t.user_id, t.stage, t.target, t.session, {_numbers("t", "price")}
FROM signal_stages t JOIN signals g ON g.id = t.signal_id
WHERE g.session BETWEEN :first AND :last AND t.session <= :until
ORDER BY t.signal_id, t.session, t.created_at, t.stage, t.target
"""
