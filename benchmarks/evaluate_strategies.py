"""One evaluation of all strategies of a session against one a strategy, by the same function.

`--users 5000` evaluates their three strategies each instead, of four kinds, over universes of 50 to
500 of 10,000 instruments: what the asset `signals` asks for a session, without reading and writing.
"""

import argparse
import datetime as dt
import json
import statistics
import time
from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
from polars.testing import assert_frame_equal
from session_of_users import ATR_WINDOWS
from session_of_users import strategies as strategies_of_users

from quantmatrix_engine import calendars
from quantmatrix_engine.indicators.compute import compute
from quantmatrix_engine.strategies import evaluate
from quantmatrix_engine.strategies.base import Run
from quantmatrix_engine.strategies.evaluate import Evaluation

STRATEGIES, UNIVERSES, ROUNDS = 200, (50, 500), 3
SESSIONS = calendars.sessions(dt.date(2025, 10, 1), dt.date(2026, 11, 20))
SESSION = SESSIONS[-1]
NOBODY = pl.DataFrame(schema={"instrument_id": pl.Int64, "rule": pl.String})


def bars(instruments: int, seed: int = 7) -> pl.DataFrame:
    """Gives random walks, one an instrument."""
    steps = np.random.default_rng(seed).normal(0.0005, 0.02, (instruments, len(SESSIONS)))
    close = 100 * np.exp(steps.cumsum(axis=1)).ravel()
    return pl.DataFrame(
        {
            "instrument_id": np.repeat(np.arange(instruments), len(SESSIONS)),
            "session": pl.Series(SESSIONS * instruments, dtype=pl.Date),
            "open": close,
            "high": close * 1.01,
            "low": close * 0.99,
            "close": close,
            "volume": np.full(close.size, 1e6),
        }
    )


def strategies() -> list[Run]:
    """Gives strategies whose params all differ, of two ATR windows."""
    documents = [
        {"entry_max_atr_distance": 1 + 0.02 * number, "atr_period": 14 if number % 2 else 20}
        for number in range(STRATEGIES)
    ]
    runs, errors = evaluate.prepare(
        (number, "atr_matrix", document) for number, document in enumerate(documents)
    )
    assert not errors
    return runs


def pairs(runs: list[Run], indicators: pl.DataFrame) -> pl.DataFrame:
    """Gives every strategy every instrument."""
    ids = pl.DataFrame({"strategy_id": [run.strategy_id for run in runs]})
    instruments = indicators.select("instrument_id", last_session=pl.lit(SESSION))
    return ids.join(instruments, how="cross")


def at_once(runs: list[Run], asked: pl.DataFrame, indicators: pl.DataFrame) -> Evaluation:
    return evaluate.evaluate(runs, asked, indicators, session=SESSION, quarantined=NOBODY)


def one_by_one(runs: list[Run], asked: pl.DataFrame, indicators: pl.DataFrame) -> Evaluation:
    parts = [
        at_once([run], asked.filter(pl.col("strategy_id") == run.strategy_id), indicators)
        for run in runs
    ]
    return Evaluation(
        pl.concat(part.signals for part in parts), pl.concat(part.withheld for part in parts)
    )


def timed(way: Callable[[], Evaluation]) -> tuple[Evaluation, float]:
    """Gives the answer and the CPU seconds of this process, all its threads included."""
    started = time.process_time()
    return way(), time.process_time() - started


def compare(instruments: int) -> None:
    runs = strategies()
    values = compute(bars(instruments), evaluate.specs(runs)).filter(pl.col("session") == SESSION)
    asked = pairs(runs, values)
    ratios, seconds = [], []
    for _ in range(ROUNDS + 1):
        together, fast = timed(lambda: at_once(runs, asked, values))
        apart, slow = timed(lambda: one_by_one(runs, asked, values))
        order = ["strategy_id", "instrument_id", "action", "level"]
        assert_frame_equal(together.signals.sort(order), apart.signals.sort(order))
        assert_frame_equal(together.withheld, apart.withheld, check_row_order=False)
        ratios.append(slow / fast)
        seconds.append(fast)
    # The first round warms both sides up.
    ratio, second = statistics.median(ratios[1:]), statistics.median(seconds[1:])
    print(
        f"{STRATEGIES} strategies x {instruments} instruments, {together.signals.height:,} signals:"
        f" {second:.3f} CPU s at once; a loop over the strategies takes {ratio:.1f} times that."
    )


def of_users(users: int, instruments: int, windows: Sequence[int]) -> None:
    """Prints what the evaluation of all strategies of so many users takes."""
    names = [str(number) for number in range(instruments)]
    said = strategies_of_users(users, names, windows=windows)
    columns = said.select("id", "kind", "params").iter_rows()
    runs, errors = evaluate.prepare(
        (one, kind, json.loads(params)) for one, kind, params in columns
    )
    assert not errors
    named = pl.col("universe").str.json_decode(pl.Struct({"symbols": pl.List(pl.String)}))
    asked = said.select(
        strategy_id="id", instrument_id=named.struct.field("symbols").cast(pl.List(pl.Int64))
    ).explode("instrument_id")
    asked = asked.with_columns(last_session=pl.lit(SESSION))
    beside = bars(instruments).with_columns(benchmark_close=pl.lit(100.0))
    values = compute(beside, evaluate.specs(runs), since=SESSION)
    rounds = [timed(lambda: at_once(runs, asked, values)) for _ in range(ROUNDS + 1)]
    found, second = rounds[0][0], statistics.median(taken for _, taken in rounds[1:])
    print(
        f"{len(runs):,} strategies of {users:,} users, {asked.height:,} pairs, "
        f"{found.signals.height:,} signals: {second:.2f} CPU s."
    )


def main() -> None:
    reading = argparse.ArgumentParser(description=__doc__)
    reading.add_argument("--users", type=int, help="all strategies of so many users")
    reading.add_argument("--instruments", type=int, default=10_000)
    reading.add_argument("--windows", type=int, help="of ATR, from 5 on; else 10, 14 and 20")
    asked = reading.parse_args()
    if asked.users:
        windows = range(5, 5 + asked.windows) if asked.windows else ATR_WINDOWS
        of_users(asked.users, asked.instruments, windows)
        return
    for size in UNIVERSES:
        compare(size)


if __name__ == "__main__":
    main()
