"""The audit trail as the stores write it: in the transaction of the change itself."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from quantmatrix_models import audit
from quantmatrix_models.audit import AuditAction, AuditKeys, Event
from quantmatrix_models.database import Database
from quantmatrix_models.privileges import Role

ACTOR_LENGTH = 64


@dataclass(frozen=True)
class Trail:
    """Who changes something now. Every change a person can make takes one."""

    keys: AuditKeys
    actor: str
    clock: Callable[[], dt.datetime]

    def record(
        self,
        connection: Connection,
        action: AuditAction,
        entity: str,
        *,
        user_id: int | None,
        entity_id: int | None = None,
        changes: Mapping[str, Any],
    ) -> None:
        """Adds an event to the chain of `user_id`; it is undone with the caller's transaction.

        `changes` gives `{"old": …, "new": …}` by column. Under a secret's name it is masked.
        """
        event = Event(
            user_id=user_id,
            actor=self.actor[:ACTOR_LENGTH],
            action=action,
            entity=entity,
            entity_id=None if entity_id is None else str(entity_id),
            changes=changes,
            at=self.clock(),
        )
        audit.record(connection, self.keys, event)


def added(**values: Any) -> dict[str, Any]:
    """Gives the changes of a row that was not there before."""
    return {name: {"old": None, "new": value} for name, value in values.items()}


def imported(database: Database, trail: Trail, entity: str, **values: Any) -> None:
    """Writes down that somebody brought a file into a table, and what came of it."""
    with database.transaction(Role.ADMIN) as connection:
        trail.record(
            connection, AuditAction.IMPORTED, entity, user_id=None, changes=added(**values)
        )


@dataclass(frozen=True)
class Verified:
    """What a walk over all chains found."""

    chains: int
    events: int
    faults: list[audit.Fault]


def verify(
    database: Database, keys: AuditKeys, anchors: Sequence[Mapping[str, audit.Anchor]]
) -> Verified:
    """Walks every chain and holds it to its own hashes and to the anchors kept elsewhere.

    Every anchor is asked, the newest first: one that disagrees with a later one shows, too.
    """
    with database.transaction(Role.ADMIN) as connection:
        found = [audit.verify(connection, keys, one) for one in [*reversed(anchors)] or [{}]]
        heads = audit.heads(connection)
    faults = list(dict.fromkeys(fault for one in found for fault in one))
    return Verified(len(heads), sum(head.seq for head in heads.values()), faults)


@dataclass(frozen=True)
class Shown:
    """An event as a person reads it; `user` is whose row it was, None the system's."""

    at: dt.datetime
    actor: str
    action: str
    entity: str
    entity_id: str | None
    user: str | None
    changes: dict[str, Any]


def newest(database: Database, *, user_id: int | None, limit: int) -> list[Shown]:
    """Gives the newest events, of one user's chain or of all."""
    with database.transaction(Role.ADMIN) as connection:
        rows = connection.execute(
            text(
                "SELECT e.at, e.actor, e.action, e.entity, e.entity_id, u.name, e.changes"
                " FROM audit_events e LEFT JOIN users u ON u.id = e.user_id"
                " WHERE CAST(:user_id AS bigint) IS NULL OR e.user_id = :user_id"
                " ORDER BY e.id DESC LIMIT :limit"
            ),
            {"user_id": user_id, "limit": limit},
        )
        return [Shown(*row) for row in rows]


def heads(database: Database) -> dict[str, audit.Anchor]:
    """Gives how far each chain has come."""
    with database.transaction(Role.ADMIN) as connection:
        return audit.heads(connection)
