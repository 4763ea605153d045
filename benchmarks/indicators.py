"""All indicators over many instruments, against a TA-Lib loop and the mere writing of the output.

The same seeded bars, one process, the ways interleaved, compiled and warmed up beforehand. A value
is a cell of a column. There are two loops (`talib_loop.py`): of what TA-Lib has functions for, and
with TD setups and Weinstein's stages, for which it takes numpy. TD countdowns, which numpy cannot
do without a loop over rows, are ours alone and no value of theirs.
`--frames` adds what polars, pandas and vectorbt can express of the set (`indicator_frames.py`).
`--session` times one new session of 10,000 instruments instead: read from a lake, and computed.
"""

import argparse
import datetime as dt
import functools
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence, Sized
from typing import Any

import numpy as np
import polars as pl
import talib_loop
from indicator_frames import EMA, PERFORMANCE, RANGES, SMA, frame_ways
from indicator_frames import agree as agree_with_frames

from quantmatrix_engine import calendars
from quantmatrix_engine.contracts.corporate_actions import PriceActions
from quantmatrix_engine.contracts.shape import types_of
from quantmatrix_engine.indicators.base import Series, Spec, kernel, spec
from quantmatrix_engine.indicators.compute import fill
from quantmatrix_engine.indicators.plan import plan
from quantmatrix_pipelines.defs.market_data.histories import Histories
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.stretches import Stretch

ROUNDS = 7
SPECS = (
    *(spec("sma", window=window) for window in SMA),
    *(spec("ema", window=window) for window in EMA),
    spec("rsi", window=14),
    spec("atr", window=14),
    spec("atr", window=30),
    spec("atr_pct", window=14),
    spec("atr_distance", average=50, window=14),
    spec("directional_movement", window=14),
    spec("macd"),
    spec("bollinger", window=20, deviations=2.0),
    spec("stochastic_rsi"),
    *(spec("range_position", window=window) for window in RANGES),
    *(spec("performance", window=window) for window in PERFORMANCE),
    spec("volume_average", window=20),
    spec("relative_volume", window=20),
    spec("obv"),
    spec("mansfield", window=252),
    spec("td_setup"),
    spec("td_countdown"),
    spec("weinstein"),
)


def market(instruments: int, bars: int) -> dict[str, Series]:
    """Gives seeded bars of all instruments end to end, with a benchmark beside them."""
    random = np.random.default_rng(20240607)
    close = 50.0 * np.exp(np.cumsum(random.standard_t(5, (instruments, bars)) * 0.018, axis=1))
    away = np.abs(random.normal(0.0, 0.008, (2, instruments, bars)))
    benchmark = 300.0 * np.exp(np.cumsum(random.normal(0.0, 0.01, bars)))
    first = np.datetime64("2015-01-02")
    sessions = np.busday_offset(first, np.arange(bars)).astype(np.int64).astype(np.float64)
    return {
        "open": close.ravel(),
        "high": (close * (1 + away[0])).ravel(),
        "low": (close * (1 - away[1])).ravel(),
        "close": close.ravel(),
        "volume": np.round(random.lognormal(12.0, 0.5, instruments * bars)),
        "benchmark_close": np.tile(benchmark, instruments),
        "session": np.tile(sessions, instruments),
    }


@kernel
def only_write(
    offsets: np.ndarray, close: Series, high: Series, low: Series, volume: Series, outs: Any
) -> None:
    for instrument in range(offsets.size - 1):
        rows = slice(offsets[instrument], offsets[instrument + 1])
        for out in outs:
            write(close[rows], high[rows], low[rows], volume[rows], out[rows])


@kernel
def write(close: Series, high: Series, low: Series, volume: Series, out: Series) -> None:
    for row in range(out.size):
        out[row] = (close[row] + high[row]) * (low[row] + volume[row])


def by_writing(of: Mapping[str, Series], outs: Sequence[Series], offsets: np.ndarray) -> int:
    """Writes as many columns, instrument by instrument, with next to no arithmetic."""
    only_write(offsets, *(of[name] for name in ("close", "high", "low", "volume")), tuple(outs))
    return len(outs)


def counted(way: Callable[[], Sized]) -> Callable[[], int]:
    return lambda: len(way())


def timed(way: Callable[[], int]) -> tuple[float, float, int]:
    cpu, wall = time.process_time(), time.perf_counter()
    columns = way()
    return time.process_time() - cpu, time.perf_counter() - wall, columns


def ours(
    specs: Sequence[Spec], of: Mapping[str, Series], outs: Mapping[str, Series], offsets: np.ndarray
) -> Callable[[], int]:
    """Gives the way that fills the specs' columns of `outs`."""
    wanted = plan(specs)
    series = {name: of[name] for name in wanted.inputs}
    written = {name: outs[name] for name in wanted.columns}

    def way() -> int:
        fill(wanted, series, offsets, written)
        return len(written)

    return way


def whole_set(instruments: int, bars: int, *, frames: bool) -> None:
    of = market(instruments, bars)
    columns = plan(SPECS).columns
    outs = {name: np.zeros(instruments * bars) for name in columns}
    theirs = {name: np.zeros(instruments * bars) for name in columns}
    offsets = np.arange(0, instruments * bars + 1, bars)
    loops = {
        "TA-Lib loop": (talib_loop.functions, talib_loop.WITHOUT_FUNCTION),
        "TA-Lib and numpy loop": (talib_loop.with_setups_and_stages, talib_loop.LEFT_OUT),
    }
    ways = {"quantmatrix": ours(SPECS, of, outs, offsets)}
    for name, (compute, left_out) in loops.items():
        alike = [one for one in SPECS if one.indicator not in left_out]
        ways[f"{name}, ours"] = ours(alike, of, outs, offsets)
        ways[name] = functools.partial(talib_loop.by_loop, compute, of, theirs, bars)
    ways["only writing"] = lambda: by_writing(of, [*theirs.values()], offsets)
    for way in ways.values():
        way()
    for compute, _ in loops.values():
        talib_loop.agree(compute, of, outs, bars)
    for name, of_frames in (frame_ways(of, bars) if frames else {}).items():
        agree_with_frames(of_frames(), outs, bars)
        ways[name] = counted(of_frames)
    rounds = [{name: paused(way) for name, way in ways.items()} for _ in range(ROUNDS)]
    show(rounds, instruments * bars, [*loops])


def show(
    rounds: list[dict[str, tuple[float, float, int]]], rows: int, loops: Sequence[str]
) -> None:
    """Prints each way's medians, and the medians of the ratios of each round."""
    for name in rounds[0]:
        cpu, wall = (statistics.median(one[name][which] for one in rounds) for which in (0, 1))
        columns = rounds[0][name][2]
        print(
            f"{name:<32} {columns:>3} columns  {cpu:.3f} CPU s  {wall:.3f} s  "
            f"{columns * rows / cpu / 1e6:,.0f} million values a CPU second"
        )
    for loop in loops:
        whole, alike = (
            statistics.median(
                (one[name][2] / one[name][0]) / (one[loop][2] / one[loop][0]) for one in rounds
            )
            for name in ("quantmatrix", f"{loop}, ours")
        )
        wall = statistics.median(one[loop][1] / one["quantmatrix"][1] for one in rounds)
        print(
            f"{whole:.1f} times the values a CPU second of the {loop}, {alike:.1f} times "
            f"in its columns; it takes {wall:.1f} times as long as all of ours"
        )
    floor = statistics.median(one["quantmatrix"][0] / one["only writing"][0] for one in rounds)
    print(f"{floor:.1f} times the CPU of only writing")


def one_session(instruments: int, bars: int) -> None:
    """Times the newest session as the chain computes it, against reading all bars of the lake."""
    sessions = calendars.sessions(dt.date(2000, 1, 3), dt.date(2026, 11, 20))[-bars:]
    actions = pl.DataFrame(schema=types_of(PriceActions))
    with tempfile.TemporaryDirectory(prefix="quantmatrix-benchmark-") as folder:
        lake = Lake(folder)
        fill_lake(lake, instruments, sessions)
        source = Histories(lake, range(1, instruments + 1), ("sample",), 1, actions)
        newest = Stretch(sessions[-1], sessions[-1])
        rounds = []
        for _ in range(6):
            reading = paused(lambda: lake.read("bars").height)
            whole = paused(lambda: source.indicators(SPECS, newest).height)
            assert whole[2] == instruments
            rounds.append((*whole[:2], *reading[:2]))
    cpu, wall, reading_cpu, reading = map(statistics.median, zip(*rounds[1:], strict=True))
    ratio = statistics.median(one[1] / one[3] for one in rounds[1:])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"one session of {instruments:,} instruments from {instruments * bars:,} bars: "
        f"{wall:.2f} s, {cpu:.1f} CPU s; reading them {reading:.2f} s, {reading_cpu:.1f} CPU s: "
        f"{ratio:.1f} times; {peak:.1f} GiB at most"
    )


def paused(way: Callable[[], int]) -> tuple[float, float, int]:
    """Times a way once the memory that the one before freed has gone back, as it has in a new run.

    Else each would pay for pages of the other: polars gives them back while the next one runs.
    """
    time.sleep(2)
    return timed(way)


def fill_lake(lake: Lake, instruments: int, sessions: list[dt.date]) -> None:
    random = np.random.default_rng(7)
    for year in sorted({one.year for one in sessions}):
        of_year = [one for one in sessions if one.year == year]
        moves = random.normal(0.0, 0.018, (instruments, len(of_year)))
        close = 50.0 * np.exp(np.cumsum(moves, axis=1)).ravel()
        dates = pl.Series(of_year * instruments, dtype=pl.Date)
        lake.append(
            "bars",
            pl.DataFrame(
                {
                    "instrument_id": np.repeat(np.arange(1, instruments + 1), len(of_year)),
                    "provider": ["sample"] * close.size,
                    "session": dates,
                    "open": close,
                    "high": close * 1.01,
                    "low": close * 0.99,
                    "close": close,
                    "volume": np.round(random.lognormal(12.0, 0.5, close.size)),
                    "known_at": dates.cast(pl.Datetime("us", "UTC")),
                    "is_final": [True] * close.size,
                }
            ),
        )


def main() -> None:
    reading = argparse.ArgumentParser(description=__doc__)
    reading.add_argument("--instruments", type=int, help="else 500, of a session 10,000")
    reading.add_argument("--bars", type=int, default=2_520, help="of each")
    reading.add_argument("--session", action="store_true", help="one new session, from a lake")
    reading.add_argument("--frames", action="store_true", help="polars, pandas and vectorbt, too")
    asked = reading.parse_args()
    if asked.session:
        one_session(asked.instruments or 10_000, asked.bars)
    else:
        whole_set(asked.instruments or 500, asked.bars, frames=asked.frames)


if __name__ == "__main__":
    main()
