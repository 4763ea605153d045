"""What administrators are told of the system, as messages of the outbox."""

import datetime as dt
from collections.abc import Sequence
from enum import IntEnum

import polars as pl
from sqlalchemy import Connection, text

from quantmatrix_engine.notifications import status
from quantmatrix_engine.notifications.message import Message
from quantmatrix_engine.notifications.status import Failed
from quantmatrix_engine.vocabulary import Channel
from quantmatrix_models.database import Database
from quantmatrix_models.privileges import Role
from quantmatrix_pipelines.stores import bulk
from quantmatrix_pipelines.stores.outbox import FAILED

# The first of the two numbers of an advisory lock, so that no other lock of ours is meant.
_FAILURES_LOCK = 7_145_203


class StatusPart(IntEnum):
    """The messages about the system there can be of a session, each once.

    Of failed strategies there can be several: they have the number STRATEGIES_FAILED and those
    after it.
    """

    SESSION_MISSING = 1
    INSTRUMENTS_MISSING = 2
    STRATEGIES_FAILED = 3


def put(database: Database, message: Message, part: StatusPart, *, at: dt.datetime) -> int:
    """Adds a message about the system for every active administrator; gives how many those are.

    One who has had this part of the session's messages gets no second one.
    """
    with database.transaction(Role.PIPELINE) as connection:
        _put(connection, message, part, at=at)
        return _administrators(connection)


def tell_of_failed(
    database: Database, session: dt.date, cohorts: Sequence[int], *, at: dt.datetime
) -> int:
    """Tells the administrators of strategies of the cohorts that failed; gives how many were told.

    A message is about those no earlier one told, and the next one has the next number. Where
    there is no administrator nothing counts as told. Of runs side by side one waits for the other.
    """
    with database.transaction(Role.PIPELINE) as connection:
        _one_at_a_time(connection, session)
        asked = {"session": session, "cohorts": list(cohorts)}
        rows = connection.execute(text(_UNTOLD), asked).all()
        if not rows or not _administrators(connection):
            return 0
        failed = [Failed(row.user, row.name, row.error) for row in rows]
        part = _next_part(connection, session)
        _put(connection, status.strategies_failed(session, failed), part, at=at)
        told = [(row.user_id, row.strategy_id, session, part) for row in rows]
        bulk.insert(connection, "told_failures", pl.DataFrame(told, schema=_TOLD, orient="row"))
    return len(failed)


def _one_at_a_time(connection: Connection, session: dt.date) -> None:
    """Waits for who tells of the session's failures now, until that one's end."""
    lock = text("SELECT pg_advisory_xact_lock(:failures, :session)")
    connection.execute(lock, {"failures": _FAILURES_LOCK, "session": session.toordinal()})


def _administrators(connection: Connection) -> int:
    counted = text("SELECT count(*) FROM users WHERE role = 'admin' AND is_active")
    return int(connection.execute(counted).scalar_one())


def _next_part(connection: Connection, session: dt.date) -> int:
    asked = {"session": session, "channel": Channel.SYSTEM_STATUS.value}
    newest = connection.execute(text(_NEWEST_PART), asked).scalar()
    return max(StatusPart.STRATEGIES_FAILED, (newest or 0) + 1)


def _put(connection: Connection, message: Message, part: int, *, at: dt.datetime) -> None:
    values = {
        "session": message.session,
        "part": int(part),
        "message": message.model_dump_json(),
        "at": at,
    }
    connection.execute(text(_PUT), values)


_TOLD = {"user_id": pl.Int64, "strategy_id": pl.Int64, "session": pl.Date, "part": pl.Int64}

_UNTOLD = f"""
SELECT f.user_id, f.strategy_id, f.user, f.name, f.error FROM ({FAILED}) f
WHERE NOT EXISTS (SELECT 1 FROM told_failures t
                  WHERE t.strategy_id = f.strategy_id AND t.session = :session)
ORDER BY f.user_id, f.name
"""

_NEWEST_PART = "SELECT max(part) FROM notifications WHERE session = :session AND channel = :channel"

_PUT = """
INSERT INTO notifications (user_id, channel, session, part, message, status, due_at, kind, priority)
SELECT id, 'system_status', :session, :part, CAST(:message AS jsonb), 'pending', :at,
    'system_status', 'high'
FROM users WHERE role = 'admin' AND is_active
ON CONFLICT (user_id, channel, session, part) DO NOTHING
"""
