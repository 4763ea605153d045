"""Universes of a session resolved as one frame against sets of Python, and their lists written.

15,000 strategies name 250 of 10,000 instruments each, with two filters and an excluded symbol. The
other side is a loop over the strategies with sets and dictionaries; both must give the same lists.
Written are the lists of all strategies on a day that all are new, and again when none is.
"""

import datetime as dt
import hashlib
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from sqlalchemy import text

from quantmatrix_engine import calendars
from quantmatrix_engine.prices import considered, universe
from quantmatrix_models import embedded
from quantmatrix_models.database import Database
from quantmatrix_models.migrations import run as migrations
from quantmatrix_models.privileges import Role
from quantmatrix_pipelines.stores import evaluations

STRATEGIES, NAMED, INSTRUMENTS, ROUNDS = 15_000, 250, 10_000, 3
SESSION = dt.date(2026, 11, 20)
SESSIONS = calendars.sessions(
    calendars.sessions_before(SESSION, considered.MEASURED_SESSIONS - 1), SESSION
)
MIN_PRICE, MIN_DOLLAR_VOLUME, EXCLUDED = 5.0, 1e6, "S7"
NOBODY = {
    "members": pl.DataFrame(schema={"index": pl.String, "instrument_id": pl.Int64}),
    "held": pl.DataFrame(schema={"user_id": pl.Int64, "instrument_id": pl.Int64}),
}


def catalogue() -> pl.DataFrame:
    ids = pl.DataFrame({"instrument_id": pl.Series(range(1, INSTRUMENTS + 1), dtype=pl.Int64)})
    return ids.select(
        "instrument_id",
        symbol=pl.format("S{}", "instrument_id"),
        exchange=pl.lit("XNYS"),
        kind=pl.lit("stock"),
        valid_from=pl.lit(dt.date(2000, 1, 3)),
        valid_to=pl.lit(None, pl.Date),
    )


def bars(random: np.random.Generator) -> pl.DataFrame:
    count = INSTRUMENTS * len(SESSIONS)
    return pl.DataFrame(
        {
            "instrument_id": np.repeat(np.arange(1, INSTRUMENTS + 1), len(SESSIONS)),
            "session": pl.Series(SESSIONS * INSTRUMENTS, dtype=pl.Date),
            "close": random.uniform(1, 200, count),
            "volume": random.uniform(1e2, 1e5, count),
        }
    )


def documents(random: np.random.Generator) -> list[tuple[int, int, dict[str, Any]]]:
    """Gives (strategy_id, user_id, universe): three strategies a user."""
    ids = range(1, INSTRUMENTS + 1)
    filters = {
        "min_price": MIN_PRICE,
        "min_dollar_volume": MIN_DOLLAR_VOLUME,
        "excluded": [EXCLUDED],
    }
    return [
        (
            number,
            (number - 1) // 3 + 1,
            {"symbols": [f"S{one}" for one in random.choice(ids, NAMED, replace=False)]} | filters,
        )
        for number in range(1, STRATEGIES + 1)
    ]


def at_once(asked: pl.DataFrame, instruments: pl.DataFrame, market: pl.DataFrame) -> pl.DataFrame:
    found = considered.considered(asked, instruments, market, SESSION, **NOBODY)
    return considered.resolved(asked, found.pairs)


def in_a_loop(asked: pl.DataFrame, instruments: pl.DataFrame, market: pl.DataFrame) -> list[str]:
    ids = dict(instruments.select("symbol", "instrument_id").iter_rows())
    facts = {
        one: (price, volume)
        for one, price, volume in market.select(
            "instrument_id", "price", "dollar_volume"
        ).iter_rows()
    }
    lists = []
    for (symbols,) in asked.select("symbols").iter_rows():
        kept = {ids[one] for one in symbols if one != EXCLUDED}
        kept = {
            one for one in kept if facts[one][0] >= MIN_PRICE and facts[one][1] >= MIN_DOLLAR_VOLUME
        }
        lists.append(",".join(map(str, sorted(kept))))
    return [f"{hashlib.sha256(one.encode()).hexdigest()} {one}" for one in lists]


def resolve() -> pl.DataFrame:
    random = np.random.default_rng(7)
    asked, errors = universe.prepare(documents(random))
    assert not errors
    instruments, market = catalogue(), considered.market(bars(random), SESSION)
    ratios, seconds = [], []
    for _ in range(ROUNDS + 1):
        started = time.process_time()
        ours = at_once(asked, instruments, market)
        between = time.process_time()
        theirs = in_a_loop(asked, instruments, market)
        ended = time.process_time()
        said = ours.select(pl.format("{} {}", "digest", "instrument_ids")).to_series().to_list()
        assert said == theirs
        ratios.append((ended - between) / (between - started))
        seconds.append(between - started)
    print(
        f"{STRATEGIES:,} universes of {NAMED} resolved: {statistics.median(seconds[1:]):.1f} CPU s;"
        f" sets in a loop take {statistics.median(ratios[1:]):.1f} times that."
    )
    return ours


def write(lists: pl.DataFrame) -> None:
    with tempfile.TemporaryDirectory(prefix="quantmatrix-benchmark-") as folder:
        database = Database(embedded.start(Path(folder) / "data")["quantmatrix"])
        migrations.upgrade(database.engine)
        with database.engine.begin() as connection:
            connection.execute(
                text(
                    "INSERT INTO users (id, name) SELECT i, 'user-' || i"
                    f" FROM generate_series(1, {STRATEGIES // 3}) i"
                )
            )
        for day in ("all new", "none new"):
            started = time.perf_counter()
            with database.transaction(Role.PIPELINE) as connection:
                evaluations.keep_lists(connection, lists)
            print(f"{lists.height:,} lists, {day}: {time.perf_counter() - started:.2f} s.")
        database.dispose()
        embedded.stop(Path(folder) / "data")


if __name__ == "__main__":
    write(resolve())
