"""What following the signals of thousands of users takes after weeks of full evenings.

A home of its own is made with seeded bars, and `--signals` entries an evening for `--evenings`
evenings, of 5,000 users, with the stop two and the targets two to four ATR away, as ATR Matrix has
them. The evenings but the last are followed in one run; then the last one is timed as a run of
Dagster. Reading what is followed by COPY is timed against rows of Python in the same process, and
writing it onto pages with room against writing it onto full ones.
"""

import argparse
import os
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import numpy as np
import polars as pl
import psutil
from lake import as_bars, raw_bars
from polars.testing import assert_frame_equal
from session_of_users import LAST, fill, measured
from sqlalchemy import text

from quantmatrix_engine import calendars
from quantmatrix_engine.strategies.outcomes import MEASURED_SCHEMA, SIGNAL_SCHEMA
from quantmatrix_models import embedded
from quantmatrix_models.database import Database
from quantmatrix_models.privileges import Role
from quantmatrix_pipelines import chain, home
from quantmatrix_pipelines.cli import bring_up
from quantmatrix_pipelines.cli.session import installation
from quantmatrix_pipelines.definitions import build_definitions
from quantmatrix_pipelines.home import Window
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.partitions import user_range_tags
from quantmatrix_pipelines.stores import bulk
from quantmatrix_pipelines.stores import outcomes as store

USERS, INSTRUMENTS = 5_000, 10_000
COHORTS = list(range(64))
FILLED = (100, 60)  # Percent of a page that is filled: PostgreSQL's usual, and that of ours.
WRITTEN = {
    "user_id": pl.Int64,
    "signal_id": pl.Int64,
    **MEASURED_SCHEMA,
    "highest_price": pl.Decimal(20, 6),
    "lowest_price": pl.Decimal(20, 6),
    "computed_at": pl.Datetime("us", "UTC"),
}
_OPEN = "SELECT * FROM signal_outcomes WHERE NOT closed ORDER BY signal_id"
_IN_PLACE = """
SELECT CAST(n_tup_hot_upd AS double precision) / n_tup_upd FROM pg_stat_user_tables
WHERE relname LIKE 'filled_%' ORDER BY relname
"""


def say(database: Database, bars: pl.DataFrame, signals: int) -> None:
    """Stores an evening's entries for each session of the bars but the last, at the close."""
    rng = np.random.default_rng(7)
    for session in bars.get_column("session").unique().sort()[:-1]:
        of_session = bars.filter(pl.col("session") == session)
        chosen = of_session[rng.integers(0, of_session.height, signals)]
        price, atr = chosen.get_column("close"), chosen.get_column("close") * 0.025
        strategy = pl.Series(rng.integers(0, USERS * 3, signals)) + 1
        rows = pl.DataFrame(
            {
                "user_id": (strategy - 1) % USERS + 1,
                "strategy_id": strategy,
                "run_id": strategy,
                "session": session,
                "instrument_id": chosen.get_column("instrument_id"),
                "action": "entry",
                "strength": 0.8,
                "urgency": "medium",
                "price": price,
                "stop": price - 2 * atr,
                **{f"target_{step}": price + (step + 1) * atr for step in (1, 2, 3)},
                "risk_reward": 1.0,
                "size_pct": 2.0,
                "size_basis": "account",
                "trace": "[]",
                "valid_until": calendars.sessions_after(session, 1),
            }
        ).unique(["strategy_id", "instrument_id"])
        decimals = pl.col("^(price|stop|target_.)$").cast(pl.Decimal(20, 6))
        with database.engine.begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            bulk.insert(connection, "signals", rows.with_columns(decimals))


def by_rows(database: Database) -> pl.DataFrame:
    """Reads what is followed as rows of Python, as it was before."""
    asked = store._asked(COHORTS, LAST, LAST)
    with database.transaction(Role.PIPELINE) as connection:
        rows = connection.execute(text(store._FOLLOWED), asked).all()
    return pl.DataFrame(rows, schema=SIGNAL_SCHEMA | MEASURED_SCHEMA, orient="row")


def by_copy(database: Database) -> pl.DataFrame:
    """Reads what is followed as the asset does."""
    return store.followed(database, COHORTS, LAST, LAST)


def compared(database: Database) -> None:
    """Prints how many times as long rows of Python take."""
    ways: dict[str, Callable[[Database], pl.DataFrame]] = {"rows": by_rows, "COPY": by_copy}
    assert_frame_equal(by_rows(database), by_copy(database))
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(3):
        for name, way in ways.items():
            began, cpu = time.perf_counter(), time.process_time()
            way(database)
            taken[name].append((time.perf_counter() - began, time.process_time() - cpu))
    wall, cpu = (
        [statistics.median(one[place] for one in taken[name]) for name in ways] for place in (0, 1)
    )
    print(f"read as rows {wall[0]:.1f} s, by COPY {wall[1]:.1f} s: {wall[0] / wall[1]:.1f} times")
    print(f"  CPU of ours {cpu[0]:.1f} s and {cpu[1]:.1f} s: {cpu[0] / cpu[1]:.1f} times")


def written(database: Database) -> None:
    """Prints how many times as long an evening's update takes on full pages as on ours.

    Both tables are copies of what is stored, with every row that is open changed three times over;
    CPU is that of the server's process.
    """
    with database.engine.begin() as connection:
        rows = bulk.read(connection, _OPEN, {}, WRITTEN)
        for fill in FILLED:
            connection.execute(text(f"DROP TABLE IF EXISTS filled_{fill}"))
            connection.execute(
                text(
                    f"CREATE TABLE filled_{fill} (LIKE signal_outcomes INCLUDING ALL)"
                    f" WITH (fillfactor = {fill})"
                )
            )
            connection.execute(text(f"INSERT INTO filled_{fill} SELECT * FROM signal_outcomes"))
    taken: dict[int, list[tuple[float, float]]] = {fill: [] for fill in FILLED}
    for evening in range(1, 4):
        later = rows.with_columns(pl.col("through_session") + pl.duration(days=evening))
        for fill in FILLED if evening % 2 else reversed(FILLED):
            taken[fill].append(update(database, f"filled_{fill}", later))
    with database.engine.connect() as connection:
        full, ours = (
            bulk.read(connection, f"SELECT * FROM filled_{fill} ORDER BY signal_id", {}, WRITTEN)
            for fill in FILLED
        )
        assert_frame_equal(full, ours)
        time.sleep(2)  # The server counts with a delay.
        shares = connection.execute(text(_IN_PLACE)).scalars().all()
    for name, place in (("", 0), ("  CPU of the server ", 1)):
        full, ours = (statistics.median(one[place] for one in taken[fill]) for fill in FILLED)
        what = name or f"{rows.height:,} open rows updated, "
        print(f"{what}on full pages {full:.1f} s, on ours {ours:.1f} s: {full / ours:.1f} times")
    print(f"  without a new entry in an index: {shares[0]:.0%} and {shares[1]:.0%}")


def update(database: Database, table: str, rows: pl.DataFrame) -> tuple[float, float]:
    """Updates rows of a table, as a store does; gives seconds, and those of the server's CPU."""
    with database.engine.begin() as connection:
        server = psutil.Process(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())
        began, before = time.perf_counter(), sum(server.cpu_times()[:2])
        bulk.upsert(connection, table, rows, key=["signal_id"], fixed=["user_id"])
        cpu = sum(server.cpu_times()[:2]) - before
    return time.perf_counter() - began, cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--signals", type=int, default=100_000)
    parser.add_argument("--evenings", type=int, default=21)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="quantmatrix-benchmark-"))
    os.environ["QUANTMATRIX_HOME"] = str(folder)
    os.environ["QUANTMATRIX_BARS"] = str(folder)
    sessions = calendars.sessions(calendars.sessions_before(LAST, asked.evenings), LAST)
    try:
        with installation() as here:
            bring_up.quieten()
            home.write_window(here.settings.home, Window(sessions[0], sessions[0]))
            home.write_dagster_yaml(here.settings, here.dagster_url)
            bring_up.export(here)
            fill(here.database, INSTRUMENTS, USERS)
            bars = as_bars(raw_bars(INSTRUMENTS, sessions, 1))
            lake = Lake(str(here.settings.lake))
            lake.replace("bars", bars, first=sessions[0], last=LAST)
            with measured(f"{asked.evenings} evenings of {asked.signals:,} signals stored"):
                say(here.database, bars, asked.signals)
            del bars
            definitions = build_definitions(here.settings)
            with dg.DagsterInstance.get() as instance:
                for title, some in (("Earlier evenings", sessions[1:-1]), ("Last", sessions[-1:])):
                    tags = user_range_tags(some)
                    if title == "Last":
                        compared(here.database)
                    with measured(f"{title}: signal_outcomes of {len(some)} sessions"):
                        step = chain.Step(title, "evaluation", ("signal_outcomes",), tags)
                        chain.run(definitions, instance, step)
            with here.database.engine.connect() as connection:
                counted = connection.execute(
                    text("SELECT count(*), count(*) FILTER (WHERE NOT closed) FROM signal_outcomes")
                ).one()
            written(here.database)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
            print(f"{counted[0]:,} outcomes, {counted[1]:,} open; {peak:.2f} GiB at most")
    finally:
        embedded.stop(folder / "postgres")
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
