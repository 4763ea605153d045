"""What became of findings: released or rejected by a person, or answered by a later delivery."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import polars as pl
from sqlalchemy import Connection, text

from quantmatrix_engine.errors import SettingsError
from quantmatrix_engine.prices.decisions import DECISIONS_SCHEMA, RELEASABLE
from quantmatrix_engine.vocabulary import FindingRule, FindingStatus
from quantmatrix_models.audit import AuditAction
from quantmatrix_models.database import Database
from quantmatrix_models.privileges import Role
from quantmatrix_pipelines.stores.trail import Trail

CORRECTED = "A later delivery answered it."
_COLUMNS = (
    'id, provider, source, source_row, symbol, session, rule, "column", status,'
    " coalesce(known_at, found_at) AS known_at"
)
_ROW: dict[str, Any] = {"id": pl.Int64, **DECISIONS_SCHEMA}


def decided(database: Database, first: dt.date, last: dt.date) -> pl.DataFrame:
    """Gives the findings of these sessions that a person released or rejected."""
    return _read(
        database,
        "session BETWEEN :first AND :last AND status IN ('released', 'rejected')",
        first=first,
        last=last,
    ).select(list(DECISIONS_SCHEMA))


def undecided(database: Database, first: dt.date, last: dt.date) -> pl.DataFrame:
    """Gives the open findings of these sessions about market data, with their `id`."""
    return _read(
        database, "session BETWEEN :first AND :last AND status = 'open'", first=first, last=last
    ).select("id", *DECISIONS_SCHEMA)


def close_corrected(database: Database, ids: Sequence[int], *, at: dt.datetime) -> int:
    """Closes open findings that a later delivery answered; gives how many that were."""
    if not ids:
        return 0
    with database.transaction(Role.PIPELINE) as connection:
        return connection.execute(
            text(
                "UPDATE findings SET status = 'corrected', closed_at = :at, resolution = :said"
                " WHERE id = ANY(:ids) AND status = 'open'"
            ),
            {"ids": list(ids), "at": at, "said": CORRECTED},
        ).rowcount


def decide(
    database: Database, ids: Sequence[int], status: FindingStatus, *, reason: str, trail: Trail
) -> None:
    """Releases or rejects findings, all or none of them; what was decided can be decided anew.

    A released row comes into `bars`, and a rejected one leaves it, when its session is materialized
    again. Raises SettingsError where an id is no finding about market data, where a later delivery
    answered it, and where a row cannot be used though somebody releases it.
    """
    with database.transaction(Role.ADMIN) as connection:
        for finding_id in dict.fromkeys(ids):
            _decide_one(connection, finding_id, status, reason=reason, trail=trail)


def _decide_one(
    connection: Connection, finding_id: int, status: FindingStatus, *, reason: str, trail: Trail
) -> None:
    found = connection.execute(
        text(
            "SELECT rule, status, resolution, provider, symbol, session FROM findings"
            " WHERE id = :id AND user_id IS NULL FOR UPDATE"
        ),
        {"id": finding_id},
    ).one_or_none()
    if found is None:
        raise SettingsError(
            f"No finding has the id {finding_id}; `quantmatrix findings list` shows the open ones."
        )
    if found.status == FindingStatus.CORRECTED:
        raise SettingsError(f"Finding {finding_id} was answered by a later delivery already.")
    if status is FindingStatus.RELEASED:
        _refuse_what_cannot_be_used(finding_id, FindingRule(found.rule))
    at = trail.clock()
    connection.execute(
        text(
            "UPDATE findings SET status = :status, closed_at = :at, resolution = :reason"
            " WHERE id = :id"
        ),
        {"id": finding_id, "status": status.value, "at": at, "reason": reason},
    )
    trail.record(
        connection,
        AuditAction.CHANGED,
        "findings",
        user_id=None,
        entity_id=finding_id,
        changes={
            "status": {"old": found.status, "new": status.value},
            "resolution": {"old": found.resolution, "new": reason},
        },
    )


def _refuse_what_cannot_be_used(finding_id: int, rule: FindingRule) -> None:
    if rule not in RELEASABLE:
        raise SettingsError(
            f"Finding {finding_id} is {rule}: such a row cannot be used though it is released;"
            f" those of {', '.join(sorted(RELEASABLE))} can."
        )


def _read(database: Database, where: str, **values: object) -> pl.DataFrame:
    with database.transaction(Role.PIPELINE) as connection:
        rows = connection.execute(
            text(f"SELECT {_COLUMNS} FROM findings WHERE user_id IS NULL AND {where}"), values
        )
        return pl.DataFrame(rows.all(), schema=_ROW, orient="row")
