"""Taking in a month of intraday bars part by part, against all of it at once: the peak of memory.

Seeded bars of five minutes of `--symbols` over the sessions of June 2025, given by a provider that
makes them as one on the network reads them. Each way runs in a process of its own, in turn, since a
peak never goes down; both are asserted to leave the same rows in the lake. The ratio is of what
each needs above a process that only imported the code and read the calendar.
"""

import argparse
import datetime as dt
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from quantmatrix_adapters.providers.answer_intraday import (
    MomentRow,
    joined_intraday,
    read_intraday,
)
from quantmatrix_adapters.providers.answer_rows import COLUMNS, Request
from quantmatrix_adapters.providers.base import IntradayDelivery
from quantmatrix_adapters.providers.intraday_failover import IntradayFailover
from quantmatrix_engine import calendars
from quantmatrix_engine.contracts.instruments import Instruments
from quantmatrix_engine.contracts.shape import types_of
from quantmatrix_pipelines.defs.market_data import intraday_parts
from quantmatrix_pipelines.lake import Lake

FIRST, LAST = dt.date(2025, 6, 2), dt.date(2025, 6, 30)
NOW = dt.datetime(2025, 7, 1, 1, 15, tzinfo=dt.UTC)
FIVE_MINUTES = dt.timedelta(minutes=5)
ALL = 10**9


class Seeded:
    """A provider whose bars of a symbol follow from its name alone."""

    name = "seeded"

    def intraday_bars(
        self, symbols: Sequence[str], first: dt.date, last: dt.date, *, known_at: dt.datetime
    ) -> IntradayDelivery:
        return joined_intraday(self._of(symbol, first, last, known_at) for symbol in symbols)

    def _of(
        self, symbol: str, first: dt.date, last: dt.date, known_at: dt.datetime
    ) -> IntradayDelivery:
        request = Request(self.name, f"GET /{symbol}", (first, last), (first, last), known_at)
        rng = np.random.default_rng(int(symbol[1:]))
        moments = [
            opens + FIVE_MINUTES * place
            for _, opens, closes in calendars.hours(first, last).iter_rows()
            for place in range((closes - opens) // FIVE_MINUTES)
        ]
        closes = (50 * np.exp(np.cumsum(rng.normal(0, 0.002, len(moments))))).round(4).tolist()
        rows = (
            MomentRow(
                symbol,
                moment,
                dict(zip(COLUMNS, (close, close + 0.1, close - 0.1, close, 100), strict=True)),
                {"t": moment.isoformat(), "c": close},
            )
            for moment, close in zip(moments, closes, strict=True)
        )
        return read_intraday(request, rows)


def catalogue(symbols: Sequence[str]) -> pl.DataFrame:
    """Gives an instrument for each symbol."""
    schema = types_of(Instruments)
    about = {"exchange": "XNYS", "currency": "USD", "kind": "stock", "name": None}
    since = {"valid_from": dt.date(2000, 1, 3), "valid_to": None}
    rows = [
        {"instrument_id": number, "symbol": symbol, **about, **since}
        for number, symbol in enumerate(symbols, start=1)
    ]
    return pl.DataFrame(rows, schema=schema)


def take_in(folder: Path, symbols: Sequence[str], *, at_once: int, rows_at_once: int) -> None:
    """Takes the month in as the asset does, so many symbols and rows at once."""
    feed, lake, known_as = IntradayFailover([Seeded()]), Lake(str(folder)), catalogue(symbols)
    asked = intraday_parts.questions(symbols, FIRST, LAST, known_as, at_once=at_once)
    written = intraday_parts.Written()
    for delivery in intraday_parts.delivered(feed, asked, lambda: NOW):
        known = intraday_parts.known(lake, delivery, known_as, FIRST, LAST)
        kept = intraday_parts.screened(delivery, known_as, known)
        written.add(intraday_parts.new(kept.bars, known))
    written.write(lake, rows_at_once=rows_at_once)


def one_side(side: str, folder: Path, symbols: Sequence[str]) -> None:
    """Runs one way, and prints the peak before it and after it (MiB), and the seconds."""
    calendars.hours(FIRST, LAST)
    before, began = _peak(), time.perf_counter()
    if side == "parts":
        by_symbols, by_rows = intraday_parts.SYMBOLS_AT_ONCE, intraday_parts.ROWS_AT_ONCE
        take_in(folder, symbols, at_once=by_symbols, rows_at_once=by_rows)
    else:
        take_in(folder, symbols, at_once=ALL, rows_at_once=ALL)
    print(before, _peak(), time.perf_counter() - began)


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run(side: str, folder: Path, symbols: int) -> tuple[float, float]:
    """Gives what a way needs above its start (MiB), and how long it took (s)."""
    command = [sys.executable, __file__, "--symbols", str(symbols), "--side", side]
    told = subprocess.run(  # noqa: S603 (our own command)
        [*command, "--folder", str(folder)], capture_output=True, text=True, check=True
    )
    before, after, seconds = map(float, told.stdout.split())
    return after - before, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--symbols", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--side", choices=["parts", "whole"])
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    if given.side:
        one_side(given.side, given.folder, [f"S{one}" for one in range(given.symbols)])
        return
    peaks: dict[str, list[float]] = {"whole": [], "parts": []}
    for _ in range(given.rounds):
        with tempfile.TemporaryDirectory() as made:
            for side, found in peaks.items():
                needed, seconds = run(side, Path(made) / side, given.symbols)
                found.append(needed)
                print(f"{side:<6} {needed:8.0f} MiB {seconds:8.1f} s")
            key = ["instrument_id", "interval", "starts_at"]
            rows = [Lake(str(Path(made) / side)).read("intraday_bars").sort(key) for side in peaks]
            assert rows[0].equals(rows[1])
    whole, parts = (sorted(found)[len(found) // 2] for found in peaks.values())
    print(f"{rows[0].height:,} rows written; at once needs {whole / parts:.1f} times the memory")


if __name__ == "__main__":
    main()
