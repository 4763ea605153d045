"""One evening of thousands of users, inside Dagster: what each step takes, and how it grows.

A home of its own is made with seeded bars of `--instruments` over `--sessions`, and `--users` with
three strategies each: params of their own, universes of 50 to 500 named symbols. The sessions
before the last are evaluated with a tenth of the users, the last one with all: signals, outcomes,
messages, each as a run of Dagster whose events are stored as in an installation.
"""

import argparse
import datetime as dt
import os
import resource
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import numpy as np
import polars as pl
from lake import as_bars, raw_bars, symbols
from sqlalchemy import text

from quantmatrix_engine import calendars
from quantmatrix_models import embedded
from quantmatrix_models.database import Database
from quantmatrix_models.privileges import Role
from quantmatrix_pipelines import chain, home
from quantmatrix_pipelines.cli import bring_up
from quantmatrix_pipelines.cli.session import Installation, installation
from quantmatrix_pipelines.definitions import build_definitions
from quantmatrix_pipelines.home import Window
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.partitions import range_tags, user_range_tags
from quantmatrix_pipelines.stores import bulk

LAST = dt.date(2026, 11, 20)
STRATEGIES = 3
KINDS = ("atr_matrix", "momentum", "breakout", "mean_reversion")


ATR_WINDOWS = (10, 14, 20)


def params(kind: str, rng: np.random.Generator, windows: Sequence[int]) -> dict[str, object]:
    """Gives params of one strategy: numbers of its own, and one of the windows of ATR."""
    common = {
        "atr_period": int(rng.choice(windows)),
        "min_strength": round(float(rng.uniform(0.75, 1.0)), 3),
        "max_position_pct": round(float(rng.uniform(1, 10)), 2),
    }
    if kind == "atr_matrix":
        common["entry_max_atr_distance"] = round(float(rng.uniform(0.2, 3)), 3)
    return common


def strategies(
    users: int, names: list[str], *, windows: Sequence[int] = ATR_WINDOWS
) -> pl.DataFrame:
    """Gives three strategies of each user, two of three of the kind ATR Matrix."""
    rng = np.random.default_rng(11)
    rows = []
    for number in range(users * STRATEGIES):
        kind = KINDS[0] if number % 3 else KINDS[int(rng.integers(0, len(KINDS)))]
        chosen = rng.choice(len(names), int(rng.integers(50, 501)), replace=False)
        rows.append(
            {
                "id": number + 1,
                "user_id": 1 + number % users,
                "name": f"strategy {number}",
                "kind": kind,
                "params": pl.Series([params(kind, rng, windows)]).struct.json_encode().item(),
                "universe": f'{{"symbols": {str([names[one] for one in chosen])!s}}}'.replace(
                    "'", '"'
                ),
            }
        )
    return pl.DataFrame(rows)


def fill(database: Database, instruments: int, users: int) -> None:
    """Registers instruments, users and strategies; a tenth of the users is active."""
    names = symbols(instruments)
    with database.engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        listed = {"kind": "stock", "exchange": "XNYS", "currency": "USD"}
        ids = pl.DataFrame({"id": range(1, instruments + 1)}, schema={"id": pl.Int64})
        bulk.insert(
            connection,
            "instruments",
            ids.with_columns(pl.lit(value).alias(name) for name, value in listed.items()),
        )
        bulk.insert(
            connection,
            "instrument_symbols",
            ids.select(
                instrument_id="id",
                symbol=pl.Series(names),
                exchange=pl.lit("XNYS"),
                valid_from=pl.lit(dt.date(2000, 1, 3)),
            ),
        )
        people = pl.DataFrame({"id": range(1, users + 1)}, schema={"id": pl.Int64})
        bulk.insert(
            connection,
            "users",
            people.with_columns(
                name=pl.format("user-{}", "id"),
                cohort=pl.col("id") % 64,
                is_active=pl.col("id") <= users // 10,
            ),
        )
        bulk.insert(connection, "strategies", strategies(users, names))


@contextmanager
def measured(what: str) -> Iterator[None]:
    """Prints the wall and CPU seconds of this process that the block takes."""
    began, cpu = time.perf_counter(), time.process_time()
    yield
    print(
        f"{what}: {time.perf_counter() - began:.1f} s wall, {time.process_time() - cpu:.1f} s CPU",
        flush=True,
    )


def evening(here: Installation, instance: dg.DagsterInstance, session: dt.date) -> None:
    """Runs the evaluation of a session, step by step."""
    definitions = build_definitions(here.settings)
    tags = user_range_tags([session])
    with measured("  the whole job"):
        for asset in ("signals", "signal_outcomes", "notifications"):
            with measured(f"  {asset}"):
                chain.run(definitions, instance, chain.Step(asset, "evaluation", (asset,), tags))
    with here.database.transaction(Role.PIPELINE) as connection:
        said, followed = connection.execute(
            text(
                "SELECT (SELECT count(*) FROM signals WHERE session = :session),"
                " (SELECT count(*) FROM signal_outcomes)"
            ),
            {"session": session},
        ).one()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"  {said:,} signals, {followed:,} outcomes; {peak:.2f} GiB at most so far", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=5_000)
    parser.add_argument("--instruments", type=int, default=10_000)
    parser.add_argument("--sessions", type=int, default=260)
    parser.add_argument("--evenings", type=int, default=3)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="quantmatrix-benchmark-"))
    os.environ["QUANTMATRIX_HOME"] = str(folder)
    os.environ["QUANTMATRIX_BARS"] = str(folder)
    sessions = calendars.sessions(calendars.sessions_before(LAST, asked.sessions - 1), LAST)
    evenings = sessions[-asked.evenings :]
    try:
        with installation() as here:
            bring_up.quieten()
            home.write_window(here.settings.home, Window(sessions[0], evenings[0]))
            home.write_dagster_yaml(here.settings, here.dagster_url)
            bring_up.export(here)
            with measured("Users, instruments and strategies registered"):
                fill(here.database, asked.instruments, asked.users)
            lake = Lake(str(here.settings.lake))
            bars = as_bars(raw_bars(asked.instruments, sessions, 1))
            lake.replace("bars", bars, first=sessions[0], last=LAST)
            del bars
            with dg.DagsterInstance.get() as instance:
                definitions = build_definitions(here.settings)
                tags = range_tags(str(evenings[0]), str(LAST))
                with measured("Indicators"):
                    chain.run(
                        definitions,
                        instance,
                        chain.Step("indicators", "market_data", ("indicators",), tags),
                    )
                for session in evenings[:-1]:
                    print(f"{session}, {asked.users // 10:,} users")
                    evening(here, instance, session)
                with here.database.engine.begin() as connection:
                    connection.execute(text("UPDATE users SET is_active = true"))
                print(f"{LAST}, {asked.users:,} users")
                evening(here, instance, LAST)
    finally:
        embedded.stop(folder / "postgres")
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
