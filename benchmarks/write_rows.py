"""Bulk writes of the stores against the ORM: the same rows, the same table, row security on.

Added: signals by COPY and one INSERT, against `Session.add_all`. Brought up to date: snapshots of
instruments by COPY and one upsert, against an UPDATE a row by the ORM.
"""

import datetime as dt
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from quantmatrix_models import embedded
from quantmatrix_models.database import Database
from quantmatrix_models.market_data import MarketSnapshot
from quantmatrix_models.migrations import run as migrations
from quantmatrix_models.privileges import Role
from quantmatrix_models.signals import Signal
from quantmatrix_pipelines.stores import bulk

ROWS, ROUNDS = 20_000, 5
NEWEST = dt.date(2026, 11, 20)
MOMENT = dt.datetime(2026, 11, 20, 21, tzinfo=dt.UTC)


def prepare(database: Database) -> None:
    """Adds what the rows refer to."""
    with database.engine.begin() as connection:
        for statement in (
            "INSERT INTO users (id, name) VALUES (1, 'ada')",
            "INSERT INTO strategies (id, user_id, name, kind, params, universe)"
            " VALUES (1, 1, 'Mine', 'atr_matrix', '{}', '{}')",
            "INSERT INTO strategy_runs (id, user_id, strategy_id, session, kind, kind_version,"
            " params, universe, code_version, status, candidates, signals, withheld, evaluated_at)"
            " VALUES (1, 1, 1, '2026-11-20', 'atr_matrix', 1, '{}', '{}', '1', 'succeeded',"
            " 1, 1, 0, now())",
            "INSERT INTO instruments (id, kind, exchange, currency)"
            f" SELECT i, 'stock', 'XNYS', 'USD' FROM generate_series(1, {ROWS}) i",
            "INSERT INTO data_providers (name) VALUES ('sample')",
        ):
            connection.execute(text(statement))


def instruments() -> pl.DataFrame:
    return pl.DataFrame({"instrument_id": pl.Series(range(1, ROWS + 1), dtype=pl.Int64)})


def signals() -> pl.DataFrame:
    numbers = pl.DataFrame(
        {"instrument_id": range(1, ROWS + 1)}, schema={"instrument_id": pl.Int64}
    )
    return numbers.with_columns(
        user_id=pl.lit(1, pl.Int64),
        strategy_id=pl.lit(1, pl.Int64),
        run_id=pl.lit(1, pl.Int64),
        session=pl.lit(NEWEST),
        action=pl.lit("entry"),
        strength=pl.lit(0.5),
        price=pl.lit(100).cast(pl.Decimal(20, 6)),
        stop=pl.lit(90).cast(pl.Decimal(20, 6)),
        size_pct=pl.lit(5).cast(pl.Decimal(9, 4)),
        size_basis=pl.lit("account"),
        trace=pl.lit("[]"),
    )


def snapshots(close: int) -> pl.DataFrame:
    numbers = pl.DataFrame(
        {"instrument_id": range(1, ROWS + 1)}, schema={"instrument_id": pl.Int64}
    )
    return numbers.with_columns(
        session=pl.lit(NEWEST),
        known_at=pl.lit(MOMENT).cast(pl.Datetime("us", "UTC")),
        provider=pl.lit("sample"),
        close=pl.lit(close).cast(pl.Decimal(20, 6)),
        indicators=pl.lit("{}"),
        computed_at=pl.lit(MOMENT).cast(pl.Datetime("us", "UTC")),
    )


def add_in_bulk(connection: Connection) -> None:
    bulk.insert_new(connection, "signals", signals())


def add_by_orm(connection: Connection) -> None:
    rows = signals().with_columns(trace=pl.lit(None)).drop("trace").to_dicts()
    with Session(connection, join_transaction_mode="create_savepoint") as session:
        session.add_all(Signal(**row, trace=[]) for row in rows)
        session.commit()


def update_in_bulk(connection: Connection) -> None:
    bulk.upsert(connection, "market_snapshots", snapshots(101), key=["instrument_id"])


def update_by_orm(connection: Connection) -> None:
    rows = snapshots(101).drop("indicators").to_dicts()
    with Session(connection, join_transaction_mode="create_savepoint") as session:
        for row in rows:
            session.merge(MarketSnapshot(**row, indicators={}))
        session.commit()


def timed(
    database: Database, way: Callable[[Connection], None], sum_of: str
) -> tuple[float, float, object]:
    """Gives CPU and wall seconds of a way, and what it left; all of it is undone."""
    with database.transaction(Role.PIPELINE) as connection:
        if way in (update_in_bulk, update_by_orm):
            bulk.insert(connection, "market_snapshots", snapshots(100))
        cpu, wall = time.process_time(), time.perf_counter()
        way(connection)
        took = time.process_time() - cpu, time.perf_counter() - wall
        left = connection.execute(text(sum_of)).one()
        connection.rollback()
    return *took, tuple(left)


def compare(
    database: Database,
    what: str,
    ways: tuple[Callable[[Connection], None], Callable[[Connection], None]],
    sum_of: str,
) -> None:
    cpu, wall = [], []
    for _ in range(ROUNDS + 1):
        ours, theirs = (timed(database, way, sum_of) for way in ways)
        assert ours[2] == theirs[2] != (0, None), "both leave the same rows"
        cpu.append(theirs[0] / ours[0])
        wall.append(theirs[1] / ours[1])
    print(
        f"{ROWS:,} {what}: the ORM takes {statistics.median(cpu[1:]):.0f} times the CPU and"
        f" {statistics.median(wall[1:]):.0f} times as long; in bulk {ours[1]:.2f} s."
    )


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="quantmatrix-benchmark-") as folder:
        database = Database(embedded.start(Path(folder) / "data")["quantmatrix"])
        migrations.upgrade(database.engine)
        prepare(database)
        compare(
            database,
            "signals added",
            (add_in_bulk, add_by_orm),
            "SELECT count(*), sum(instrument_id) FROM signals",
        )
        compare(
            database,
            "snapshots brought up to date",
            (update_in_bulk, update_by_orm),
            "SELECT count(*), sum(close) FROM market_snapshots",
        )
        database.dispose()
        embedded.stop(Path(folder) / "data")


if __name__ == "__main__":
    main()
