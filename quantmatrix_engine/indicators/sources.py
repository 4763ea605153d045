"""Columns as kernels read them: where each run of a history begins, and what becomes of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from quantmatrix_engine.indicators.base import Integers, Numbers, Series
from quantmatrix_engine.indicators.histories import Runs
from quantmatrix_engine.indicators.runs import starts_of
from quantmatrix_engine.prices.benchmark import ByDay

PLAIN, PRICE, VOLUME, DAYS, BY_DAY = range(5)
"""What becomes of a column's float64 values: kept, multiplied or divided by the run's scale. Days
are int32: they are made float64, or a table is looked up by them."""

_KINDS = {"open": PRICE, "high": PRICE, "low": PRICE, "close": PRICE, "volume": VOLUME}


@dataclass(frozen=True)
class Source:
    """A column that kernels read: run r begins at `addresses[r]`, in memory that `held` keeps.

    `table` is looked up BY_DAY, from the day `first` on.
    """

    addresses: Integers
    kind: int
    held: Sequence[Numbers]
    table: Series = field(default_factory=lambda: np.empty(0))
    first: int = 0


def source(bars: pl.DataFrame, name: str, runs: Runs) -> Source:
    """Gives a column of the frame as kernels read it; a null is NaN."""
    column = bars.get_column(name)
    is_days = column.dtype == pl.Date
    typed = column.to_physical() if is_days else column.cast(pl.Float64)
    at, held = addresses(typed, runs)
    return Source(
        addresses=at,
        kind=DAYS if is_days else _KINDS.get(name, PLAIN),
        held=held,
    )


def addresses(column: pl.Series, runs: Runs) -> tuple[Integers, Sequence[Numbers]]:
    """Gives the address that each run of a column of numbers begins at, and what keeps them."""
    if not _is_split_at(runs, np.cumsum(column.chunk_lengths())):
        column = column.rechunk()
    held = [piece.to_numpy() for piece in column.get_chunks()]
    firsts = starts_of([piece.size for piece in held])[:-1]
    at = np.array([piece.ctypes.data for piece in held], dtype=np.int64)
    which = np.searchsorted(firsts, runs.begins, side="right") - 1
    return at[which] + (runs.begins - firsts[which]) * held[0].itemsize, held


def source_by_day(bars: pl.DataFrame, beside: ByDay, runs: Runs) -> Source:
    """Gives a benchmark's close of each bar's session as kernels read it."""
    days = source(bars, "session", runs)
    return replace(days, kind=BY_DAY, table=beside.closes, first=beside.first)


def _is_split_at(runs: Runs, borders: Integers) -> bool:
    """Says whether no run goes on over one of the borders, rising row numbers."""
    begun = np.searchsorted(borders, runs.begins, side="right")
    ended = np.searchsorted(borders, runs.begins + runs.rows, side="left")
    return bool((begun == ended).all())


def source_of(values: Series, runs: Runs) -> Source:
    """Gives a contiguous float64 array as kernels read it."""
    return Source(values.ctypes.data + runs.begins * values.itemsize, PLAIN, [values])
