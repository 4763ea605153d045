"""Corporate actions: what was reported, what is believed, and what prices are adjusted by."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import polars as pl
from sqlalchemy import Connection, text

from quantmatrix_engine.contracts.corporate_actions import PriceActions
from quantmatrix_engine.contracts.shape import types_of
from quantmatrix_engine.errors import SettingsError
from quantmatrix_engine.prices.confirmation import unseen_actions
from quantmatrix_models.audit import AuditAction
from quantmatrix_models.database import Database
from quantmatrix_models.instruments import CorporateActionStatus
from quantmatrix_models.privileges import Role
from quantmatrix_pipelines.stores import bulk
from quantmatrix_pipelines.stores.trail import Trail

REPORTED_SCHEMA: dict[str, Any] = {
    "id": pl.Int64,
    "instrument_id": pl.Int64,
    "provider": pl.String,
    "kind": pl.String,
    "ex_date": pl.Date,
    "ratio": pl.Float64,
    "amount": pl.Float64,
    "known_at": pl.Datetime("us", "UTC"),
    "status": pl.String,
}
_PRICE_ACTIONS = types_of(PriceActions)
UNJUDGED = "Reported, and not held against other sources and the price yet."
_RATIO = "CAST(ratio_to / ratio_from AS double precision)"


def reported(database: Database, first: dt.date, last: dt.date) -> pl.DataFrame:
    """Gives the splits and cash dividends that go ex in a range, as reported (REPORTED_SCHEMA)."""
    with database.transaction(Role.PIPELINE) as connection:
        return _reported(connection, first, last)


def _reported(connection: Connection, first: dt.date, last: dt.date) -> pl.DataFrame:
    rows = connection.execute(
        text(
            f"SELECT id, instrument_id, provider, kind, ex_date, {_RATIO},"
            " CAST(amount AS double precision), known_at, status FROM corporate_actions"
            " WHERE kind IN ('split', 'cash_dividend') AND ex_date BETWEEN :first AND :last"
            " ORDER BY id"
        ),
        {"first": first, "last": last},
    )
    return pl.DataFrame(rows.all(), schema=REPORTED_SCHEMA, orient="row")


def record(database: Database, told: pl.DataFrame) -> pl.DataFrame:
    """Adds reports that say something new, in quarantine until they are judged; gives those.

    `told` has instrument_id, the columns of the contract RawActions, a currency in each dividend,
    and the row as it was delivered.
    """
    if told.is_empty():
        return told
    with database.transaction(Role.PIPELINE) as connection:
        dates = told.get_column("ex_date")
        known = _reported(connection, dates.min(), dates.max())  # type: ignore[arg-type]
        new = unseen_actions(told, known.select(*_SAID))
        names = new.get_column("provider").unique().to_list()
        connection.execute(
            text(
                "INSERT INTO data_providers (name) SELECT unnest(CAST(:names AS text[]))"
                " ON CONFLICT DO NOTHING"
            ),
            {"names": names},
        )
        bulk.insert_new(connection, "corporate_actions", _as_rows(new))
        return new


_SAID = ("provider", "instrument_id", "kind", "ex_date", "ratio", "amount", "known_at")


def _as_rows(new: pl.DataFrame) -> pl.DataFrame:
    ratio = pl.col("ratio").cast(pl.Decimal(20, 10))
    return new.select(
        "instrument_id",
        "kind",
        "ex_date",
        ratio_from=pl.when(ratio.is_not_null()).then(pl.lit(1).cast(pl.Decimal(20, 10))),
        ratio_to=ratio,
        amount=pl.col("amount").cast(pl.Decimal(24, 8)),
        currency=pl.when(pl.col("amount").is_not_null()).then("currency"),
        provider="provider",
        known_at="known_at",
        status=pl.lit("quarantined"),
        reason=pl.lit(UNJUDGED),
        row="row",
    )


def believe(database: Database, judged: pl.DataFrame) -> int:
    """Keeps what the judgement says of actions in quarantine; gives how many are confirmed now.

    `judged` has id, confirmed_at and reason. What was confirmed stays so, and what a person decided
    is left alone.
    """
    if judged.is_empty():
        return 0
    with database.transaction(Role.PIPELINE) as connection:
        connection.execute(
            text(
                "CREATE TEMPORARY TABLE judged (id bigint, confirmed_at timestamptz, reason text)"
                " ON COMMIT DROP"
            )
        )
        bulk.copy_into(connection, "judged", judged.select("id", "confirmed_at", "reason"))
        count: int = connection.execute(
            text(
                "WITH kept AS (UPDATE corporate_actions a SET reason = j.reason,"
                " confirmed_at = j.confirmed_at, status = CASE WHEN j.confirmed_at IS NULL"
                " THEN 'quarantined' ELSE 'confirmed' END FROM judged j"
                " WHERE a.id = j.id AND a.status = 'quarantined'"
                " AND (a.reason, a.confirmed_at) IS DISTINCT FROM (j.reason, j.confirmed_at)"
                " RETURNING a.status) SELECT count(*) FROM kept WHERE status = 'confirmed'"
            )
        ).scalar_one()
        return count


def price_actions(database: Database) -> pl.DataFrame:
    """Gives what prices are adjusted by (contract PriceActions): every confirmed form of an action.

    `known_at` is the moment it was confirmed. Where several sources say the same, it is there once;
    of several forms confirmed at one moment it is the one told last.
    """
    with database.transaction(Role.PIPELINE) as connection:
        rows = connection.execute(
            text(
                "SELECT DISTINCT ON (instrument_id, ex_date, ratio_to IS NULL, confirmed_at)"
                f" instrument_id, ex_date, {_RATIO},"
                " CASE WHEN ratio_to IS NULL THEN CAST(amount AS double precision) END,"
                " confirmed_at FROM corporate_actions"
                " WHERE status = 'confirmed' AND (kind IN ('split', 'stock_dividend')"
                " OR kind IN ('cash_dividend', 'special_dividend', 'return_of_capital'))"
                " ORDER BY instrument_id, ex_date, ratio_to IS NULL, confirmed_at, known_at DESC,"
                " provider"
            )
        )
        return pl.DataFrame(rows.all(), schema=_PRICE_ACTIONS, orient="row")


def count(database: Database) -> int:
    """Gives how many reports there are, believed or not."""
    with database.transaction(Role.PIPELINE) as connection:
        rows: int = connection.execute(text("SELECT count(*) FROM corporate_actions")).scalar_one()
        return rows


def listed(database: Database, *, status: str | None, limit: int) -> list[dict[str, Any]]:
    """Gives actions for a person to read, newest ex-dates first, with the symbol of the day."""
    with database.transaction(Role.PIPELINE) as connection:
        rows = connection.execute(
            text(
                f"SELECT a.id, s.symbol, a.ex_date, a.kind, {_RATIO} AS ratio,"
                " a.amount, a.currency, a.provider, a.known_at, a.status, a.reason"
                " FROM corporate_actions a LEFT JOIN instrument_symbols s"
                " ON s.instrument_id = a.instrument_id AND s.valid_from <= a.ex_date"
                " AND (s.valid_to IS NULL OR s.valid_to > a.ex_date)"
                " WHERE CAST(:status AS text) IS NULL OR a.status = CAST(:status AS text)"
                " ORDER BY a.ex_date DESC, a.id DESC LIMIT :limit"
            ),
            {"status": status, "limit": limit},
        )
        return [dict(row._mapping) for row in rows]


def decide(
    database: Database,
    ids: Sequence[int],
    status: CorporateActionStatus,
    *,
    reason: str,
    trail: Trail,
) -> list[dt.date]:
    """Confirms or rejects actions, all or none of them; gives their ex-dates.

    Raises SettingsError where an id is no action.
    """
    with database.transaction(Role.ADMIN) as connection:
        return [
            _decide_one(connection, one, status, reason=reason, trail=trail)
            for one in dict.fromkeys(ids)
        ]


def _decide_one(
    connection: Connection,
    action_id: int,
    status: CorporateActionStatus,
    *,
    reason: str,
    trail: Trail,
) -> dt.date:
    found = connection.execute(
        text("SELECT status, reason, ex_date FROM corporate_actions WHERE id = :id FOR UPDATE"),
        {"id": action_id},
    ).one_or_none()
    if found is None:
        raise SettingsError(
            f"There is no corporate action {action_id}; `quantmatrix actions list` shows them."
        )
    connection.execute(
        text(
            "UPDATE corporate_actions SET status = CAST(:status AS text), reason = :reason,"
            " confirmed_at = CASE WHEN CAST(:status AS text) = 'confirmed'"
            " THEN greatest(known_at, :at) END WHERE id = :id"
        ),
        {"id": action_id, "status": status.value, "reason": reason, "at": trail.clock()},
    )
    trail.record(
        connection,
        AuditAction.CHANGED,
        "corporate_actions",
        user_id=None,
        entity_id=action_id,
        changes={
            "status": {"old": found.status, "new": status.value},
            "reason": {"old": found.reason, "new": reason},
        },
    )
    ex_date: dt.date = found.ex_date
    return ex_date
