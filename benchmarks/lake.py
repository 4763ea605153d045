"""The lake of many years: a session added, and two readings against a bare scan of the same files.

Seeded bars of `--instruments` over `--sessions`, written as a backfill writes them, a quarter at a
time, and the last `--daily` sessions one by one. Then, in turn, medians of the rounds and their
ratios: a window of 300 sessions of all instruments, and all history of one instrument, as the lake
gives them and as polars scans the very Parquet files the table stands on. Both sides must agree.
A session more is taken in whole: contracts, what is new, identity, and both tables.
"""

import argparse
import datetime as dt
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from deltalake import DeltaTable
from market_data import NOW, taken_in

from quantmatrix_engine import calendars
from quantmatrix_engine.contracts.bars import Bars
from quantmatrix_engine.contracts.raw_bars import RawBars
from quantmatrix_engine.contracts.shape import types_of
from quantmatrix_pipelines import stretches
from quantmatrix_pipelines.lake import Lake

WINDOW = 300
_COLUMNS = types_of(Bars)
_RAW_COLUMNS = types_of(RawBars)


def symbols(instruments: int) -> list[str]:
    return [f"S{number:05d}" for number in range(instruments)]


def raw_bars(instruments: int, sessions: list[dt.date], seed: int) -> pl.DataFrame:
    """Gives seeded bars with the columns of a file of bars, by symbol and session."""
    rng = np.random.default_rng(seed)
    close = 50 * np.exp(np.cumsum(rng.normal(0, 0.02, (instruments, len(sessions))), axis=1))
    spread = 1 + np.abs(rng.normal(0, 0.01, close.shape))
    return pl.DataFrame(
        {
            "symbol": np.repeat(symbols(instruments), len(sessions)),
            "session": sessions * instruments,
            "open": close.ravel(),
            "high": (close * spread).ravel(),
            "low": (close / spread).ravel(),
            "close": close.ravel(),
            "volume": rng.integers(1_000, 10_000_000, close.size).astype(float),
        }
    )


def as_bars(raw: pl.DataFrame) -> pl.DataFrame:
    """Gives them as the lake keeps them, known since the evening of their session."""
    moment = pl.col("session").cast(pl.Datetime("us", "UTC")) + pl.duration(hours=22)
    return raw.with_columns(
        instrument_id=pl.col("symbol").str.slice(1).cast(pl.Int64) + 1,
        provider=pl.lit("folder"),
        known_at=moment,
        is_final=pl.lit(value=True),
    ).select(pl.col(name).cast(of) for name, of in _COLUMNS.items())


def as_raw_bars(bars: pl.DataFrame) -> pl.DataFrame:
    """Gives the rows of the lake that such bars come from."""
    symbol = pl.format("S{}", (pl.col("instrument_id") - 1).cast(pl.String).str.zfill(5))
    return bars.with_columns(
        symbol=symbol, source=pl.lit("bars.parquet"), source_row=pl.int_range(1, pl.len() + 1)
    ).select(pl.col(name).cast(of) for name, of in _RAW_COLUMNS.items())


def fill(lake: Lake, instruments: int, sessions: list[dt.date], daily: int) -> None:
    """Writes both tables as a backfill and the evenings after it do."""
    ends = [(one.first, one.last) for one in stretches.split(sessions[:-daily], months=3)]
    ends += [(one, one) for one in sessions[-daily:]]
    for seed, (first, last) in enumerate(ends):
        within = [one for one in sessions if first <= one <= last]
        bars = as_bars(raw_bars(instruments, within, seed))
        lake.append("raw_bars", as_raw_bars(bars))
        lake.replace("bars", bars, first=first, last=last)


def bare(root: str, keep: pl.Expr) -> pl.DataFrame:
    """Scans the files of the table, as Parquet."""
    files = DeltaTable(f"{root}/bars").file_uris()
    return pl.scan_parquet(files, hive_partitioning=False).filter(keep).collect()


def timed(ways: dict[str, Callable[[], pl.DataFrame]], rounds: int) -> dict[str, float]:
    """Gives the median seconds of each way; they take turns, and must give as many rows."""
    heights = {way().height for way in ways.values()}
    assert len(heights) == 1, heights
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            began = time.perf_counter()
            way()
            taken[name].append(time.perf_counter() - began)
    return {name: statistics.median(one) for name, one in taken.items()}


def one_session(root: str, instruments: int, session: dt.date) -> float:
    """Gives the seconds that a new session takes, from its file to both tables."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "session.parquet"
        raw_bars(instruments, [session], 1).write_parquet(file)
        began = time.perf_counter()
        taken_in(file, root)
        return time.perf_counter() - began


def main() -> None:
    reading = argparse.ArgumentParser(description=__doc__)
    reading.add_argument("--instruments", type=int, default=10_000)
    reading.add_argument("--sessions", type=int, default=2_520)
    reading.add_argument("--daily", type=int, default=100)
    reading.add_argument("--rounds", type=int, default=5)
    asked = reading.parse_args()
    known = calendars.sessions(dt.date(2005, 1, 3), NOW.date())
    sessions, more = known[-asked.sessions - 5 : -5], known[-5:]
    with tempfile.TemporaryDirectory() as root:
        lake = Lake(root)
        fill(lake, asked.instruments, sessions, asked.daily)
        files = len(DeltaTable(f"{root}/bars").file_uris())
        print(f"{asked.instruments * len(sessions):,} bars in {files} files")
        first = sessions[-WINDOW]
        window = timed(
            {
                "lake": lambda: lake.read("bars", first=first, last=sessions[-1]),
                "bare": lambda: bare(root, pl.col("session") >= first),
            },
            asked.rounds,
        )
        tell(f"{WINDOW} sessions of all", window)
        one = pl.col("instrument_id") == asked.instruments // 2
        tell(
            "all history of one",
            timed(
                {"lake": lambda: lake.read("bars", keep=one), "bare": lambda: bare(root, one)},
                asked.rounds,
            ),
        )
        took = [one_session(root, asked.instruments, session) for session in more]
        print(f"one session more, taken in whole: {statistics.median(took):.2f} s")
        again = one_session(root, asked.instruments, sessions[-asked.daily // 2])
        print(f"a session of months ago, taken in again: {again:.2f} s")


def tell(what: str, seconds: dict[str, float]) -> None:
    ratio = seconds["lake"] / seconds["bare"]
    print(f"{what:<20} {seconds['lake']:.3f} s, {ratio:.2f} times a bare scan")


if __name__ == "__main__":
    main()
