"""Taking in bars, against merely reading and writing the same rows.

`--bars` names a Parquet file or a folder of bars as `docs/bars.md` says; without it, seeded bars of
`--instruments` over `--sessions`. One process, the two ways in turn, medians and their ratio. Ours:
both contracts, what is new, identity, and the two tables of the lake; theirs: polars reads the file
and writes it as one Delta table.
"""

import argparse
import datetime as dt
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from quantmatrix_adapters.providers.folder import FolderProvider
from quantmatrix_engine import calendars
from quantmatrix_engine.contracts import quarantine
from quantmatrix_engine.contracts.instruments import Instruments
from quantmatrix_engine.contracts.raw_bars import RawBars
from quantmatrix_engine.contracts.shape import types_of
from quantmatrix_engine.prices import quality
from quantmatrix_engine.prices.identity import identified
from quantmatrix_engine.prices.restatement import unseen
from quantmatrix_pipelines.lake import Lake

NOW = dt.datetime(2026, 11, 20, 22, tzinfo=dt.UTC)


def seeded(path: Path, instruments: int, sessions: int) -> None:
    """Writes seeded bars: a random walk an instrument, over the last sessions of 2025."""
    days = calendars.sessions(dt.date(2005, 1, 3), dt.date(2025, 12, 31))[-sessions:]
    rng = np.random.default_rng(5)
    close = 50 * np.exp(np.cumsum(rng.normal(0, 0.02, (instruments, sessions)), axis=1))
    spread = 1 + np.abs(rng.normal(0, 0.01, (instruments, sessions)))
    pl.DataFrame(
        {
            "symbol": np.repeat([f"S{number:05d}" for number in range(instruments)], sessions),
            "session": days * instruments,
            "open": close.ravel(),
            "high": (close * spread).ravel(),
            "low": (close / spread).ravel(),
            "close": close.ravel(),
            "volume": rng.integers(1_000, 10_000_000, instruments * sessions).astype(float),
        }
    ).write_parquet(path)


def catalogue(listing: pl.DataFrame) -> pl.DataFrame:
    """Gives each listed symbol an id, as the store would."""
    columns = types_of(Instruments)
    known = listing.with_row_index("instrument_id", offset=1).with_columns(
        valid_from=pl.col("first_session"), valid_to=pl.lit(None, pl.Date)
    )
    return known.select(
        (pl.col(name) if name in known.columns else pl.lit(None)).cast(of).alias(name)
        for name, of in columns.items()
    )


def taken_in(bars: Path, root: str) -> int:
    """Takes in the bars as the assets do; gives how many came to the lake."""
    feed, lake = FolderProvider(bars), Lake(root)
    instruments = catalogue(feed.listing())
    first, last = feed.sessions()
    delivery = feed.daily_bars(first, last, known_at=NOW)
    raw = quarantine.part(
        RawBars, delivery.bars, provider=feed.name, key=("symbol", "session")
    ).good
    lake.append("raw_bars", unseen(raw, lake.read("raw_bars", first=first, last=last)))
    known = identified(quality.inspect(raw).good, instruments)
    lake.replace("bars", known.bars, first=first, last=last)
    return known.bars.height


def merely_written(bars: Path, root: str) -> int:
    """Reads the file and writes it as it is."""
    read = pl.read_parquet(bars)
    read.write_delta(f"{root}/bare")
    return read.height


def seconds(way: Callable[[Path, str], int], bars: Path) -> tuple[float, int]:
    """Gives how long a way takes into an empty folder, and its rows."""
    with tempfile.TemporaryDirectory() as root:
        began = time.perf_counter()
        rows = way(bars, root)
        return time.perf_counter() - began, rows


def main() -> None:
    """Prints the medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bars", type=Path, help="a Parquet file of bars")
    parser.add_argument("--instruments", type=int, default=2_000)
    parser.add_argument("--sessions", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bars = asked.bars or Path(folder) / "bars.parquet"
        if asked.bars is None:
            seeded(bars, asked.instruments, asked.sessions)
        timed = [
            (seconds(taken_in, bars), seconds(merely_written, bars)) for _ in range(asked.rounds)
        ]
    ours, theirs = (statistics.median(one[way][0] for one in timed) for way in (0, 1))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{timed[0][0][1]:,} of {timed[0][1][1]:,} rows, {asked.rounds} rounds, medians")
    print(f"taken in         {ours:8.2f} s")
    print(f"read and written {theirs:8.2f} s")
    print(f"ratio            {ours / theirs:8.1f}   (peak memory {peak:.1f} GiB)")


if __name__ == "__main__":
    main()
