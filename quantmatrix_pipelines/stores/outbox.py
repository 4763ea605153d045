"""The outbox: notifications that wait, are leased, sent, and stay as a record."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from sqlalchemy import Connection, text

from quantmatrix_engine.notifications.compose import Became, Told, ToldBefore, Withheld
from quantmatrix_engine.vocabulary import Action, Channel, NotificationStatus, SizeBasis, Stage
from quantmatrix_models.database import Database
from quantmatrix_models.privileges import Role
from quantmatrix_pipelines.stores import bulk
from quantmatrix_pipelines.stores.symbols import symbol_then


@dataclass(frozen=True)
class Untold:
    """What a user has not been told of a session yet; `part` is the number of the next message.

    `told_before` are signals that earlier messages told of the instruments of `told`.
    """

    user_id: int
    part: int
    told: tuple[Told, ...]
    withheld: tuple[Withheld, ...]
    failed: tuple[str, ...]
    earlier: tuple[Became, ...] = ()
    told_before: tuple[ToldBefore, ...] = ()


_TOLD_STAGES = (Stage.TARGET_HIT, Stage.STOPPED, Stage.INVALIDATED)
"""What is told of an earlier signal. That it was triggered is what its user did; that it expired or
its strategy said exit has been told with the signals themselves."""


@dataclass(frozen=True)
class Leased:
    """A notification that is ours to send until the lease runs out.

    `sealed_url` is None where the user has no webhook on the channel; `disabled_reason` is set
    where there was one and it is gone. `was_tried` says that an earlier lease ran out, so that
    nobody knows whether the message went out.
    """

    id: int
    user_id: int
    user: str
    channel: Channel
    session: dt.date
    message: dict[str, Any]
    created_at: dt.datetime
    was_tried: bool
    sealed_url: str | None
    disabled_reason: str | None


def untold(database: Database, session: dt.date, cohorts: Sequence[int]) -> list[Untold]:
    """Gives what there is to tell each user of the cohorts.

    That is a user with signals no message tells yet, and one who has had no message about the
    session at all while something was withheld, a strategy could not be evaluated, or an earlier
    signal came to a target or its stop. Those are told with the first message of the session.
    """
    values = {"session": session, "cohorts": list(cohorts), "channel": Channel.SIGNALS.value}
    with database.transaction(Role.PIPELINE) as connection:
        told = _told_by_user(connection, values)
        withheld = _withheld_by_user(connection, values)
        failed = _failed_by_user(connection, values)
        earlier = _earlier_by_user(connection, values)
        parts = _next_parts(connection, values)
        before = _told_before(connection, values | {"users": sorted(set(told) & set(parts))})
    concerned = set(told) | ((set(withheld) | set(failed) | set(earlier)) - set(parts))
    return [
        Untold(
            user_id,
            parts.get(user_id, 1),
            tuple(told[user_id]),
            tuple(withheld[user_id]),
            tuple(failed[user_id]),
            () if user_id in parts else tuple(earlier[user_id]),
            tuple(before[user_id]),
        )
        for user_id in sorted(concerned)
    ]


def _told_by_user(connection: Connection, values: dict[str, Any]) -> dict[int, list[Told]]:
    rows = bulk.read(connection, _UNTOLD_SIGNALS, values, _UNTOLD_SCHEMA)
    found: dict[int, list[Told]] = defaultdict(list)
    for row in rows.iter_rows(named=True):
        targets = (row["target_1"], row["target_2"], row["target_3"])
        found[row["user_id"]].append(
            Told(
                signal_id=row["id"],
                strategy=row["strategy"],
                symbol=row["symbol"],
                action=Action(row["action"]),
                level=row["level"],
                strength=row["strength"],
                price=row["price"],
                stop=row["stop"],
                targets=tuple(target for target in targets if target is not None),
                risk_reward=row["risk_reward"],
                size_pct=row["size_pct"],
                size_basis=SizeBasis(row["size_basis"]),
                trace=row["trace"],
                valid_until=row["valid_until"],
            )
        )
    return found


def _withheld_by_user(connection: Connection, values: dict[str, Any]) -> dict[int, list[Withheld]]:
    found: dict[int, list[Withheld]] = defaultdict(list)
    for user_id, *withheld in connection.execute(text(_WITHHELD), values):
        found[user_id].append(Withheld(*withheld))
    return found


def _failed_by_user(connection: Connection, values: dict[str, Any]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for row in connection.execute(text(FAILED), values):
        found[row.user_id].append(f"{row.name}: {row.error}")
    return found


def _earlier_by_user(connection: Connection, values: dict[str, Any]) -> dict[int, list[Became]]:
    rows = connection.execute(text(_EARLIER), values | {"stages": list(_TOLD_STAGES)})
    found: dict[int, list[Became]] = defaultdict(list)
    for row in rows:
        found[row.user_id].append(
            Became(
                strategy=row.strategy,
                symbol=row.symbol,
                action=Action(row.action),
                said_on=row.said_on,
                said_at=float(row.said_at),
                stage=Stage(row.stage),
                target=row.target,
                price=_float(row.price),
            )
        )
    return found


def _told_before(connection: Connection, values: dict[str, Any]) -> dict[int, list[ToldBefore]]:
    found: dict[int, list[ToldBefore]] = defaultdict(list)
    for row in connection.execute(text(_TOLD_BEFORE), values) if values["users"] else ():
        found[row.user_id].append(ToldBefore(row.strategy, row.symbol, Action(row.action)))
    return found


def _next_parts(connection: Connection, values: dict[str, Any]) -> dict[int, int]:
    rows = connection.execute(
        text(
            "SELECT user_id, max(part) + 1 AS part FROM notifications"
            " WHERE session = :session AND channel = :channel GROUP BY user_id"
        ),
        values,
    )
    return {row.user_id: row.part for row in rows}


def _float(value: Any) -> float | None:
    return None if value is None else float(value)


def put(database: Database, notifications: pl.DataFrame, links: pl.DataFrame) -> int:
    """Adds notifications (contract Notifications) with the signals each of them tells.

    `links` has user_id, channel, session, part and signal_id. Both or nothing is written: where a
    signal has been told in the meantime the unique key refuses, and the caller runs again.
    """
    key = ["user_id", "channel", "session", "part"]
    with database.transaction(Role.PIPELINE) as connection:
        ids = connection.execute(
            text("SELECT nextval('notifications_id_seq') FROM generate_series(1, :count)"),
            {"count": notifications.height},
        )
        numbered = notifications.with_columns(id=pl.Series([row[0] for row in ids], dtype=pl.Int64))
        bulk.insert(connection, "notifications", numbered)
        told = links.join(numbered.select(*key, notification_id="id"), on=key)
        bulk.insert(
            connection,
            "notification_signals",
            told.select("user_id", "notification_id", "signal_id", "channel"),
        )
    return notifications.height


def due(database: Database, at: dt.datetime) -> int:
    """Gives how many notifications could be leased at the moment `at`."""
    with database.transaction(Role.PIPELINE) as connection:
        count = connection.execute(text(f"SELECT count(*) FROM notifications n {_DUE}"), {"at": at})
        return int(count.scalar_one())


def lease(database: Database, *, at: dt.datetime, until: dt.datetime, limit: int) -> list[Leased]:
    """Takes up to `limit` due notifications, oldest first, until the moment `until`.

    Rows another process is taking at the same time are left to it. Of one webhook only one row is
    taken at a time, so that a rate limit stops the rest.
    """
    with database.transaction(Role.PIPELINE) as connection:
        rows = connection.execute(
            text(_LEASE), {"at": at, "until": until, "limit": limit}
        ).mappings()
        return [Leased(**{**row, "channel": Channel(row["channel"])}) for row in rows]


def finish(
    database: Database,
    notification_id: int,
    status: NotificationStatus,
    *,
    at: dt.datetime,
    message_id: str | None = None,
    reason: str | None = None,
) -> None:
    """Records how the sending of a leased notification ended."""
    _update(
        database,
        "status = :status, leased_until = NULL, attempts = attempts + 1, finished_at = :at,"
        " message_id = :message_id, reason = :reason",
        notification_id,
        {"status": status.value, "at": at, "message_id": message_id, "reason": reason},
    )


def postpone(database: Database, notification_id: int, *, until: dt.datetime, reason: str) -> None:
    """Gives a leased notification back, to be due again at the moment `until`."""
    _update(
        database,
        "status = 'pending', leased_until = NULL, attempts = attempts + 1, due_at = :until,"
        " reason = :reason",
        notification_id,
        {"until": until, "reason": reason},
    )


def keep_leased(
    database: Database, notification_id: int, *, until: dt.datetime, reason: str
) -> None:
    """Keeps a leased notification whose outcome is not known until the moment `until`."""
    _update(
        database,
        "leased_until = :until, attempts = attempts + 1, reason = :reason",
        notification_id,
        {"until": until, "reason": reason},
    )


def _update(
    database: Database, assignments: str, notification_id: int, values: dict[str, Any]
) -> None:
    with database.transaction(Role.PIPELINE) as connection:
        connection.execute(
            text(f"UPDATE notifications SET {assignments} WHERE id = :id AND status = 'leased'"),
            {"id": notification_id, **values},
        )


def count(database: Database) -> int:
    """Gives how many notifications are stored."""
    with database.transaction(Role.PIPELINE) as connection:
        return int(connection.execute(text("SELECT count(*) FROM notifications")).scalar_one())


def counts(database: Database, sessions: Sequence[dt.date]) -> Iterator[tuple[str, str, int]]:
    """Gives (user, status, count) of the notifications of these sessions."""
    with database.transaction(Role.PIPELINE) as connection:
        rows = connection.execute(
            text(
                "SELECT u.name, n.status, count(*) FROM notifications n"
                " JOIN users u ON u.id = n.user_id WHERE n.session = ANY(:sessions)"
                " GROUP BY u.name, n.status ORDER BY u.name, n.status"
            ),
            {"sessions": list(sessions)},
        ).all()
    yield from (tuple(row) for row in rows)


_REACHED = """EXISTS (
      SELECT 1 FROM notification_signals l JOIN notifications n ON n.id = l.notification_id
      WHERE l.signal_id = g.id AND l.channel = :channel
        AND n.status NOT IN ('suppressed', 'failed'))"""
"""That a message told the signal `g`, or will."""

_UNTOLD_SIGNALS = f"""
SELECT g.id, g.user_id, s.name AS strategy, {symbol_then("g")} AS symbol, g.action, g.level,
       g.strength, g.price, g.stop, g.target_1, g.target_2, g.target_3, g.risk_reward,
       g.size_pct, g.size_basis, g.trace::text AS trace, g.valid_until
FROM signals g
JOIN users u ON u.id = g.user_id
JOIN strategies s ON s.user_id = g.user_id AND s.id = g.strategy_id
WHERE g.session = :session AND u.cohort = ANY(:cohorts)
  AND NOT EXISTS (SELECT 1 FROM notification_signals t
                  WHERE t.signal_id = g.id AND t.channel = :channel)
ORDER BY g.user_id, g.id
"""

_UNTOLD_SCHEMA = {
    **dict.fromkeys(("id", "user_id"), pl.Int64),
    **dict.fromkeys(("strategy", "symbol", "action", "size_basis", "trace"), pl.String),
    **dict.fromkeys(("level", "strength", "price", "stop", "risk_reward", "size_pct"), pl.Float64),
    **dict.fromkeys(("target_1", "target_2", "target_3"), pl.Float64),
    "valid_until": pl.Date,
}

_TOLD_BEFORE = f"""
SELECT g.user_id, s.name AS strategy, {symbol_then("g")} AS symbol, g.action
FROM signals g
JOIN strategies s ON s.user_id = g.user_id AND s.id = g.strategy_id
WHERE g.session = :session AND g.user_id = ANY(:users)
  AND EXISTS (SELECT 1 FROM signals o
              WHERE o.user_id = g.user_id AND o.session = g.session
                AND o.instrument_id = g.instrument_id
                AND NOT EXISTS (SELECT 1 FROM notification_signals t
                                WHERE t.signal_id = o.id AND t.channel = :channel))
  AND {_REACHED}
ORDER BY g.user_id, g.id
"""

_WITHHELD = f"""
SELECT w.user_id, s.name, {symbol_then("w")} AS symbol, w.detail, w.reason = 'limit' AS by_limit
FROM withheld_signals w
JOIN users u ON u.id = w.user_id
JOIN strategies s ON s.user_id = w.user_id AND s.id = w.strategy_id
WHERE w.session = :session AND u.cohort = ANY(:cohorts)
  AND NOT EXISTS (SELECT 1 FROM signals g WHERE g.strategy_id = w.strategy_id
                  AND g.session = w.session AND g.instrument_id = w.instrument_id)
ORDER BY w.user_id, symbol, s.name
"""

_EARLIER = f"""
SELECT t.user_id, s.name AS strategy, {symbol_then("g")} AS symbol, g.action,
       g.session AS said_on, g.price AS said_at, t.stage, t.target, t.price
FROM signal_stages t
JOIN signals g ON g.id = t.signal_id
JOIN users u ON u.id = t.user_id
JOIN strategies s ON s.user_id = g.user_id AND s.id = g.strategy_id
WHERE t.session = :session AND u.cohort = ANY(:cohorts) AND u.is_active
  AND t.stage = ANY(:stages)
  -- Nobody is told what became of a signal that was kept from them.
  AND {_REACHED}
ORDER BY t.user_id, g.id, t.target
"""

FAILED = """
SELECT r.user_id, r.strategy_id, s.name, r.error, u.name AS user
FROM strategy_runs r
JOIN users u ON u.id = r.user_id
JOIN strategies s ON s.user_id = r.user_id AND s.id = r.strategy_id
WHERE r.session = :session AND u.cohort = ANY(:cohorts) AND r.status = 'failed'
  AND r.id = (SELECT max(n.id) FROM strategy_runs n
              WHERE n.strategy_id = r.strategy_id AND n.session = r.session)
ORDER BY r.user_id, s.name
"""
"""The strategies of users of the cohorts whose newest run of the session failed."""

_DUE = """
LEFT JOIN discord_webhooks w ON w.user_id = n.user_id AND w.channel = n.channel
WHERE ((n.status = 'pending' AND n.due_at <= :at)
       OR (n.status = 'leased' AND n.leased_until <= :at))
  AND (w.busy_until IS NULL OR w.busy_until <= :at)
  AND NOT EXISTS (
      SELECT 1 FROM notifications e
      WHERE e.user_id = n.user_id AND e.channel = n.channel AND e.id < n.id
        AND e.status IN ('pending', 'leased'))
"""

_LEASE = f"""
WITH candidates AS (
    SELECT n.id, n.status = 'leased' AS was_tried, w.sealed_url, w.disabled_reason
    FROM notifications n {_DUE}
    ORDER BY n.due_at, n.id LIMIT :limit FOR UPDATE OF n SKIP LOCKED
)
UPDATE notifications n SET status = 'leased', leased_until = :until
FROM candidates c, users u
WHERE n.id = c.id AND u.id = n.user_id
RETURNING n.id, n.user_id, u.name AS user, n.channel, n.session, n.message, n.created_at,
          c.was_tried, c.sealed_url, c.disabled_reason
"""
