"""Runs, signals and withheld signals: what an evaluation leaves behind, in one transaction."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
from sqlalchemy import Connection, text

from quantmatrix_engine.contracts.shape import types_of
from quantmatrix_engine.contracts.signal_history import SignalHistory
from quantmatrix_models.database import Database
from quantmatrix_models.privileges import Role
from quantmatrix_pipelines.stores import bulk
from quantmatrix_pipelines.stores.symbols import symbol_then

NO_UNIVERSES = pl.DataFrame(
    schema={"user_id": pl.Int64, "digest": pl.String, "instrument_ids": pl.String}
)
_LIST_KEY = ("user_id", "digest")
_MONEY = ("price", "stop", "target_1", "target_2", "target_3", "size_pct", "level")


@dataclass(frozen=True)
class Recorded:
    """How many rows an evaluation added; a repeated one adds runs and nothing else."""

    runs: int
    signals: int
    withheld: int


def record(
    database: Database,
    runs: pl.DataFrame,
    signals: pl.DataFrame,
    withheld: pl.DataFrame,
    *,
    universes: pl.DataFrame = NO_UNIVERSES,
) -> Recorded:
    """Adds a session's runs with what they said and which instruments they were asked about.

    `runs` has the columns of strategy_runs but id, one row a strategy; `signals` keeps the
    contract Signals; `withheld` is an Evaluation's; `universes` has user_id, digest and
    instrument_ids of every list a run names by its digest. Rows that are there already stay as
    they are, and so does a list: a user has it once.
    """
    with database.transaction(Role.PIPELINE) as connection:
        keep_lists(connection, universes)
        numbered = runs.with_columns(
            _bytes("universe_digest"),
            id=pl.Series(_new_ids(connection, runs.height), dtype=pl.Int64),
        )
        bulk.insert_new(connection, "strategy_runs", numbered)
        owner = numbered.select("strategy_id", "user_id", "session", run_id="id")
        added = bulk.insert_new(
            connection, "signals", _stored(signals.join(owner, on="strategy_id"))
        )
        kept = bulk.insert_new(
            connection, "withheld_signals", withheld.join(owner, on="strategy_id")
        )
    return Recorded(runs=runs.height, signals=added, withheld=kept)


def keep_lists(connection: Connection, universes: pl.DataFrame) -> None:
    """Adds the lists their users do not have yet: most days that is none, and none is sent.

    `universes` has user_id, digest and instrument_ids, as `record` takes them.
    """
    if universes.is_empty():
        return
    owners = universes.get_column("user_id").unique().to_list()
    rows = connection.execute(
        text(
            "SELECT user_id, encode(digest, 'hex') AS digest FROM resolved_universes"
            " WHERE user_id = ANY(:owners) AND digest = ANY(CAST(:digests AS bytea[]))"
        ),
        {"owners": owners, "digests": universes.select(_bytes("digest")).to_series().to_list()},
    )
    known = pl.DataFrame(rows.all(), schema=universes.select(*_LIST_KEY).schema, orient="row")
    new = universes.unique(_LIST_KEY).join(known, on=_LIST_KEY, how="anti")
    missing = new.select(
        "user_id",
        _bytes("digest"),
        instrument_ids=pl.lit("{") + pl.col("instrument_ids") + pl.lit("}"),
    )
    if missing.is_empty():
        return
    # A staged copy that compressed the lists would take five times as long.
    connection.execute(
        text(
            "CREATE TEMPORARY TABLE lists (LIKE resolved_universes INCLUDING STORAGE)"
            " ON COMMIT DROP"
        )
    )
    bulk.copy_into(connection, "lists", missing)
    connection.execute(
        text(
            "INSERT INTO resolved_universes (user_id, digest, instrument_ids)"
            " SELECT user_id, digest, instrument_ids FROM lists ON CONFLICT DO NOTHING"
        )
    )


def _bytes(digest: str) -> pl.Expr:
    """Gives hexadecimal digits as PostgreSQL reads bytes."""
    return (pl.lit("\\x") + pl.col(digest)).alias(digest)


def _new_ids(connection: Connection, count: int) -> list[int]:
    ids = connection.execute(
        text("SELECT nextval('strategy_runs_id_seq') FROM generate_series(1, :count)"),
        {"count": count},
    )
    return [row[0] for row in ids]


def _stored(signals: pl.DataFrame) -> pl.DataFrame:
    """Writes money as decimals of six digits: what is compared and shown is what is stored."""
    return signals.with_columns(pl.col(name).cast(pl.Decimal(20, 6)) for name in _MONEY)


def count(database: Database) -> int:
    """Gives how many signals are stored."""
    with database.transaction(Role.PIPELINE) as connection:
        return int(connection.execute(text("SELECT count(*) FROM signals")).scalar_one())


def signals_by_user(database: Database, sessions: Sequence[dt.date]) -> list[tuple[str, str, int]]:
    """Gives (user, action, count) of the stored signals of these sessions, by user."""
    with database.transaction(Role.PIPELINE) as connection:
        rows = connection.execute(
            text(
                "SELECT u.name, g.action, count(*) FROM signals g JOIN users u ON u.id = g.user_id"
                " WHERE g.session = ANY(:sessions) GROUP BY u.name, g.action"
                " ORDER BY u.name, g.action"
            ),
            {"sessions": list(sessions)},
        )
        return [tuple(row) for row in rows]


@dataclass(frozen=True)
class PastRun:
    """A run of a user's strategy as the ledger has it; `told` counts its signals that went out."""

    session: dt.date
    strategy: str
    status: str
    error: str | None
    candidates: int
    signals: int
    withheld: int
    told: int


def runs_of(database: Database, user_id: int, *, limit: int) -> list[PastRun]:
    """Gives a user's newest runs, the newest first, as that user: no other row can come back."""
    with database.transaction(Role.APP, user_id=user_id) as connection:
        rows = connection.execute(
            text(
                "SELECT r.session, s.name, r.status, r.error, r.candidates, r.signals, r.withheld,"
                " (SELECT count(DISTINCT g.id) FROM signals g"
                "  JOIN notification_signals t ON t.signal_id = g.id"
                "  JOIN notifications n ON n.id = t.notification_id"
                "  WHERE g.run_id = r.id AND n.status IN ('sent', 'printed'))"
                " FROM strategy_runs r JOIN strategies s ON s.id = r.strategy_id"
                " ORDER BY r.session DESC, r.id DESC LIMIT :limit"
            ),
            {"limit": limit},
        )
        return [PastRun(*row) for row in rows]


def said_of(database: Database, instrument_id: int, *, user_id: int) -> pl.DataFrame:
    """Gives session and action of what a user's strategies said of an instrument, by session."""
    with database.transaction(Role.PIPELINE) as connection:
        rows = connection.execute(
            text(
                "SELECT session, action FROM signals WHERE user_id = :user_id"
                " AND instrument_id = :instrument_id ORDER BY session, id"
            ),
            {"user_id": user_id, "instrument_id": instrument_id},
        )
        return pl.DataFrame(
            rows.all(), schema={"session": pl.Date, "action": pl.String}, orient="row"
        )


def signals_by_session(database: Database, *, until: dt.date) -> dict[dt.date, int]:
    """Gives how many signals each session up to `until` has, ascending; one without is left out."""
    with database.transaction(Role.PIPELINE) as connection:
        rows = connection.execute(
            text(
                "SELECT session, count(*) AS signals FROM signals WHERE session <= :until"
                " GROUP BY session ORDER BY session"
            ),
            {"until": until},
        )
        return {row.session: row.signals for row in rows}


def signals_of(database: Database, first: dt.date, last: dt.date) -> pl.DataFrame:
    """Gives the signals of the sessions from `first` to `last` (contract SignalHistory).

    They are sorted by session and user.
    """
    with database.transaction(Role.PIPELINE) as connection:
        asked, types = {"first": first, "last": last}, types_of(SignalHistory)
        return bulk.read(connection, _SIGNALS_OF_ANALYSTS, asked, types)


_SIGNALS_OF_ANALYSTS = f"""
SELECT g.id AS signal_id, g.user_id, u.name AS user_name, g.strategy_id, s.name AS strategy_name,
       r.kind, g.instrument_id,
       {symbol_then("g")} AS symbol,
       g.session, g.action, g.level, g.strength, g.urgency, g.price, g.stop, g.target_1, g.target_2,
       g.target_3, g.risk_reward, g.size_pct, g.size_basis, g.trace::text AS trace, g.valid_until,
       g.created_at
FROM signals g
JOIN users u ON u.id = g.user_id
JOIN strategies s ON s.id = g.strategy_id
JOIN strategy_runs r ON r.id = g.run_id
WHERE g.session BETWEEN :first AND :last
ORDER BY g.session, u.name, symbol, g.action, g.level
"""
