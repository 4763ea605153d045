"""Strategies as users set them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, text

from quantmatrix_models.audit import AuditAction
from quantmatrix_models.database import Database
from quantmatrix_models.privileges import Role
from quantmatrix_pipelines.stores.trail import Trail, added


@dataclass(frozen=True)
class Strategy:
    """A strategy of a user, as stored."""

    id: int
    user_id: int
    user: str
    cohort: int
    name: str
    kind: str
    params: dict[str, Any]
    universe: dict[str, Any]
    is_enabled: bool


_SELECT = (
    "SELECT s.id, s.user_id, u.name, u.cohort, s.name, s.kind, s.params, s.universe, s.is_enabled"
    " FROM strategies s JOIN users u ON u.id = s.user_id"
)


def enabled(database: Database, cohorts: Sequence[int] | None = None) -> list[Strategy]:
    """Gives the enabled strategies of active users, of these cohorts or of all, by id."""
    with database.transaction(Role.PIPELINE) as connection:
        rows = connection.execute(
            text(
                f"{_SELECT} WHERE s.is_enabled AND u.is_active"
                " AND (CAST(:cohorts AS int[]) IS NULL OR u.cohort = ANY(:cohorts)) ORDER BY s.id"
            ),
            {"cohorts": None if cohorts is None else list(cohorts)},
        )
        return [Strategy(*row) for row in rows]


def of_user(database: Database, user_id: int) -> list[Strategy]:
    """Gives a user's strategies by name, as that user: no other row can come back."""
    with database.transaction(Role.APP, user_id=user_id) as connection:
        rows = connection.execute(text(f"{_SELECT} ORDER BY s.name"))
        return [Strategy(*row) for row in rows]


def add(
    database: Database,
    *,
    user_id: int,
    name: str,
    kind: str,
    params: dict[str, Any],
    universe: dict[str, Any],
    trail: Trail,
) -> int | None:
    """Adds a strategy and gives its id, or None where the user has one of that name."""
    with database.transaction(Role.ADMIN) as connection:
        strategy_id: int | None = connection.execute(
            text(
                "INSERT INTO strategies (user_id, name, kind, params, universe)"
                " VALUES (:user_id, :name, :kind, CAST(:params AS jsonb), CAST(:universe AS jsonb))"
                " ON CONFLICT DO NOTHING RETURNING id"
            ),
            {
                "user_id": user_id,
                "name": name,
                "kind": kind,
                "params": json.dumps(params),
                "universe": json.dumps(universe),
            },
        ).scalar()
        if strategy_id is not None:
            _add_version(connection, strategy_id)
            trail.record(
                connection,
                AuditAction.CREATED,
                "strategies",
                user_id=user_id,
                entity_id=strategy_id,
                changes=added(name=name, kind=kind, params=params, universe=universe),
            )
    return strategy_id


def set_params(
    database: Database, *, user_id: int, strategy_id: int, params: dict[str, Any], trail: Trail
) -> None:
    """Replaces the params of a user's strategy, as that user; the next run uses them."""
    _replace(database, "params", params, user_id=user_id, strategy_id=strategy_id, trail=trail)


def set_universe(
    database: Database, *, user_id: int, strategy_id: int, universe: dict[str, Any], trail: Trail
) -> None:
    """Replaces the universe of a user's strategy, as that user; the next run uses it."""
    _replace(database, "universe", universe, user_id=user_id, strategy_id=strategy_id, trail=trail)


def _replace(
    database: Database,
    column: Literal["params", "universe"],
    document: dict[str, Any],
    *,
    user_id: int,
    strategy_id: int,
    trail: Trail,
) -> None:
    with database.transaction(Role.APP, user_id=user_id) as connection:
        before = connection.execute(
            text(f"SELECT {column} FROM strategies WHERE id = :strategy_id FOR UPDATE"),
            {"strategy_id": strategy_id},
        ).one_or_none()
        if before is None:
            return
        connection.execute(
            text(
                f"UPDATE strategies SET {column} = CAST(:document AS jsonb), changed_at = now()"
                " WHERE id = :strategy_id"
            ),
            {"strategy_id": strategy_id, "document": json.dumps(document)},
        )
        _add_version(connection, strategy_id)
        trail.record(
            connection,
            AuditAction.CHANGED,
            "strategies",
            user_id=user_id,
            entity_id=strategy_id,
            changes={column: {"old": before[0], "new": document}},
        )


def set_enabled(
    database: Database, *, user_id: int, strategy_id: int, is_enabled: bool, trail: Trail
) -> bool:
    """Says whether a user's strategy is evaluated each session, as that user.

    Gives whether it could: not where the user has no such strategy, or it is archived.
    """
    with database.transaction(Role.APP, user_id=user_id) as connection:
        before = connection.execute(
            text(
                "SELECT is_enabled FROM strategies"
                " WHERE id = :strategy_id AND archived_at IS NULL FOR UPDATE"
            ),
            {"strategy_id": strategy_id},
        ).one_or_none()
        if before is None:
            return False
        connection.execute(
            text(
                "UPDATE strategies SET is_enabled = :is_enabled, changed_at = now()"
                " WHERE id = :strategy_id"
            ),
            {"strategy_id": strategy_id, "is_enabled": is_enabled},
        )
        trail.record(
            connection,
            AuditAction.CHANGED,
            "strategies",
            user_id=user_id,
            entity_id=strategy_id,
            changes={"is_enabled": {"old": before.is_enabled, "new": is_enabled}},
        )
    return True


def _add_version(connection: Connection, strategy_id: int) -> None:
    """Keeps a strategy's settings, as they are now, as its next version."""
    connection.execute(
        text(
            "INSERT INTO strategy_versions"
            " (user_id, strategy_id, version, kind, params, universe, valid_from)"
            " SELECT s.user_id, s.id, coalesce((SELECT max(v.version) FROM strategy_versions v"
            " WHERE v.strategy_id = s.id), 0) + 1, s.kind, s.params, s.universe, now()"
            " FROM strategies s WHERE s.id = :strategy_id"
        ),
        {"strategy_id": strategy_id},
    )
