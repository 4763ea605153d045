"""Limits of users, and what is held against them."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal

import polars as pl
from sqlalchemy import Connection, text

from quantmatrix_engine import calendars
from quantmatrix_engine.sizing.exposure import (
    ACCOUNTS_SCHEMA,
    LIMITS_SCHEMA,
    NO_RISK,
    POSITIONS_SCHEMA,
    SAID_SCHEMA,
    SECTORS_SCHEMA,
    Risk,
)
from quantmatrix_models.audit import AuditAction
from quantmatrix_models.database import Database
from quantmatrix_models.privileges import Role
from quantmatrix_pipelines.stores.trail import Trail


@dataclass(frozen=True)
class Limits:
    """The limits of a user; None: not limited. Percentages are of all the user's accounts."""

    max_position_pct: Decimal | None = None
    max_sector_pct: Decimal | None = None
    max_heat_pct: Decimal | None = None
    max_positions: int | None = None


_NAMES = tuple(Limits.__dataclass_fields__)
_LISTED = ", ".join(_NAMES)


def of_user(database: Database, user_id: int) -> Limits:
    """Gives a user's limits, as that user."""
    with database.transaction(Role.APP, user_id=user_id) as connection:
        return _kept(connection)


def change(
    database: Database,
    user_id: int,
    changes: Mapping[str, Decimal | int | None],
    *,
    trail: Trail,
) -> Limits:
    """Changes some of a user's limits, as that user, and gives what holds from the next session."""
    with database.transaction(Role.APP, user_id=user_id) as connection:
        before = _kept(connection, lock=True)
        after = replace(before, **changes)  # type: ignore[arg-type]
        if after == before:
            return before
        connection.execute(text(_KEEP), {"user_id": user_id, **asdict(after)})
        old, new = asdict(before), asdict(after)
        trail.record(
            connection,
            AuditAction.CHANGED,
            "risk_limits",
            user_id=user_id,
            entity_id=user_id,
            changes={
                name: {"old": _plain(old[name]), "new": _plain(new[name])}
                for name in _NAMES
                if old[name] != new[name]
            },
        )
    return after


def _kept(connection: Connection, *, lock: bool = False) -> Limits:
    statement = f"SELECT {_LISTED} FROM risk_limits{' FOR UPDATE' if lock else ''}"
    row = connection.execute(text(statement)).one_or_none()
    return Limits() if row is None else Limits(*row)


_KEEP = f"""
INSERT INTO risk_limits (user_id, {_LISTED})
VALUES (:user_id, {", ".join(f":{name}" for name in _NAMES)})
ON CONFLICT (user_id) DO UPDATE
SET {", ".join(f"{name} = excluded.{name}" for name in _NAMES)}, changed_at = now()
"""


def _plain(value: Decimal | int | None) -> float | int | None:
    return float(value) if isinstance(value, Decimal) else value


def limits(database: Database, cohorts: Sequence[int]) -> pl.DataFrame:
    """Gives the limits (LIMITS_SCHEMA) of the active users of these cohorts who set any."""
    with database.transaction(Role.PIPELINE) as connection:
        rows = connection.execute(
            text(
                "SELECT l.user_id, CAST(l.max_position_pct AS float8),"
                " CAST(l.max_sector_pct AS float8), CAST(l.max_heat_pct AS float8), l.max_positions"
                " FROM risk_limits l JOIN users u ON u.id = l.user_id"
                " WHERE u.is_active AND u.cohort = ANY(:cohorts)"
                f" AND num_nonnulls({_LISTED}) > 0 ORDER BY l.user_id"
            ),
            {"cohorts": list(cohorts)},
        )
        return pl.DataFrame(rows.all(), schema=LIMITS_SCHEMA, orient="row")


def risk(database: Database, limited: pl.DataFrame, session: dt.date) -> Risk:
    """Gives what the users of `limited` (LIMITS_SCHEMA) hold on a session and were told of it.

    Accounts that do not count, or are kept in another currency than their user's sums are shown
    in, are left out. An account is worth what was last said of it up to the session's date;
    positions and orders are those that are open now.
    """
    if limited.is_empty():
        return NO_RISK
    values = {
        "user_ids": limited.get_column("user_id").to_list(),
        "session": session,
        "zone": calendars.EXCHANGE_TIME_ZONE,
    }
    return Risk(
        limited,
        _read(database, _ACCOUNTS, values, ACCOUNTS_SCHEMA),
        _read(database, _POSITIONS, values, POSITIONS_SCHEMA),
        _read(database, _SECTORS, {"session": session}, SECTORS_SCHEMA),
        _read(database, _SAID, values, SAID_SCHEMA),
    )


def _read(
    database: Database,
    statement: str,
    values: Mapping[str, object],
    schema: Mapping[str, pl.DataType | type[pl.DataType]],
) -> pl.DataFrame:
    with database.transaction(Role.PIPELINE) as connection:
        rows = connection.execute(text(statement), values).all()
    return pl.DataFrame(rows, schema=dict(schema), orient="row")


_COUNTED = """
    SELECT a.user_id, a.id AS account_id, a.base_currency FROM accounts a
    LEFT JOIN user_preferences p ON p.user_id = a.user_id
    WHERE a.user_id = ANY(:user_ids) AND a.is_active
      AND a.base_currency = coalesce(p.currency, 'USD')
"""

_ACCOUNTS = f"""
SELECT a.user_id, a.account_id, CAST(b.net_liquidation AS float8)
FROM ({_COUNTED}) a
LEFT JOIN LATERAL (
    SELECT b.net_liquidation FROM account_balances b
    WHERE b.user_id = a.user_id AND b.account_id = a.account_id AND b.currency = a.base_currency
      AND b.net_liquidation IS NOT NULL AND CAST(b.as_of AT TIME ZONE :zone AS date) <= :session
    ORDER BY b.as_of DESC, b.source LIMIT 1
) b ON true
ORDER BY a.user_id, a.account_id
"""

_POSITIONS = f"""
SELECT p.user_id, p.account_id, p.instrument_id,
       CAST(p.opened_at AT TIME ZONE :zone AS date) AS opened_on,
       CAST(p.quantity AS float8), CAST(p.cost_basis AS float8),
       CASE WHEN p.currency = a.base_currency THEN 1 ELSE CAST(r.exchange_rate AS float8) END,
       CAST(o.stop AS float8), CAST(o.stopped_quantity AS float8)
FROM ({_COUNTED}) a
JOIN positions p ON p.user_id = a.user_id AND p.account_id = a.account_id AND p.status = 'open'
LEFT JOIN LATERAL (
    SELECT b.exchange_rate FROM account_balances b
    WHERE p.currency <> a.base_currency AND b.user_id = p.user_id
      AND b.account_id = p.account_id AND b.currency = p.currency
      AND b.exchange_rate IS NOT NULL AND CAST(b.as_of AT TIME ZONE :zone AS date) <= :session
    ORDER BY b.as_of DESC, b.source LIMIT 1
) r ON true
-- The stop that is furthest away counts for all of them.
LEFT JOIN LATERAL (
    SELECT CASE WHEN p.quantity > 0 THEN min(s.stop_price) ELSE max(s.stop_price) END AS stop,
           sum(s.quantity - s.filled_quantity) AS stopped_quantity
    FROM orders s
    WHERE s.user_id = p.user_id AND s.account_id = p.account_id
      AND s.instrument_id = p.instrument_id AND s.kind IN ('stop', 'stop_limit')
      AND s.status IN ('submitted', 'working', 'partially_filled')
      AND starts_with(s.side, 'sell') = (p.quantity > 0)
) o ON true
ORDER BY p.user_id, p.account_id, p.instrument_id
"""

# One scheme for all: two of them name the same sector differently.
_SECTORS = """
SELECT c.instrument_id, c.sector FROM instrument_classifications c
WHERE c.valid_from <= :session AND (c.valid_to IS NULL OR c.valid_to > :session)
  AND c.scheme = (SELECT scheme FROM instrument_classifications
                  WHERE valid_from <= :session AND (valid_to IS NULL OR valid_to > :session)
                  GROUP BY scheme ORDER BY count(*) DESC, scheme LIMIT 1)
ORDER BY c.instrument_id
"""

_SAID = """
SELECT user_id, strategy_id, instrument_id, CAST(size_pct AS float8), CAST(price AS float8),
       CAST(stop AS float8)
FROM signals
WHERE user_id = ANY(:user_ids) AND session = :session AND action = 'entry'
  AND size_basis = 'account'
ORDER BY id
"""
