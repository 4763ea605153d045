"""Runs any set of indicators over the bars of any set of instruments."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import polars as pl

from quantmatrix_engine.errors import ContractError
from quantmatrix_engine.indicators.base import Series, Spec, available

__all__ = ["available", "compute", "lookback"]

KEY = ("instrument_id", "session")
WORKERS = 2


class Job(NamedTuple):
    """A kernel with its arguments over all instruments, laid end to end."""

    kernel: Callable[..., None]
    inputs: tuple[Series, ...]
    params: tuple[int, ...]
    outs: tuple[Series, ...]

    def run(self, start: int, stop: int) -> None:
        """Fills the rows of one instrument."""
        inputs = [series[start:stop] for series in self.inputs]
        outs = [series[start:stop] for series in self.outs]
        self.kernel(*inputs, *self.params, *outs)


def compute(bars: pl.DataFrame, specs: Iterable[Spec]) -> pl.DataFrame:
    """Gives the indicators of every bar, sorted by instrument_id and session.

    `bars` has one row per (instrument_id, session), in any order, none of its values null, and at
    least the columns that the specs read. The result has instrument_id, session, close and the
    columns of each spec once, specs sorted; Float64, null (never NaN) where a value is unknown.
    No bars give no rows, with all columns. Raises ContractError naming the columns that lack.
    """
    asked = sorted(set(specs))
    inputs = _inputs(asked)
    _require_columns(bars, {*KEY, *inputs})
    ordered = _ordered(bars.select(*KEY, *inputs).rechunk())
    series = {name: ordered.get_column(name).to_numpy() for name in inputs}
    jobs = [_job(spec, series, ordered.height) for spec in asked]
    _run_all(jobs, _offsets(ordered.get_column("instrument_id").to_numpy()))
    columns = [
        pl.Series(name, out).fill_nan(None)
        for spec, job in zip(asked, jobs, strict=True)
        for name, out in zip(spec.columns(), job.outs, strict=True)
    ]
    return ordered.select(*KEY, "close", *columns)


def lookback(specs: Iterable[Spec]) -> int:
    """Gives how many bars before a row all of the specs together need; 0 for none."""
    return max((spec.declared().lookback(*spec.values()) for spec in specs), default=0)


def _inputs(specs: Sequence[Spec]) -> list[str]:
    """Gives the bar columns that the specs read, and close, which the result repeats."""
    return sorted({"close", *(name for spec in specs for name in spec.declared().inputs)})


def _require_columns(bars: pl.DataFrame, needed: set[str]) -> None:
    missing = sorted(needed.difference(bars.columns))
    if missing:
        raise ContractError(
            f"Bars lack the column {', '.join(missing)}; there are: {', '.join(bars.columns)}."
        )


def _ordered(bars: pl.DataFrame) -> pl.DataFrame:
    """Gives the bars by KEY. Sorting costs more than the indicators, so sorted bars are kept."""
    instrument, session = pl.col("instrument_id"), pl.col("session")
    later = (instrument.diff() > 0) | (
        (instrument.diff() == 0) & (session.diff().dt.total_days() > 0)
    )
    # The first row follows none: its null counts as true.
    if bars.select(later.all()).item():
        return bars
    return bars.sort(KEY).rechunk()


def _job(spec: Spec, series: dict[str, Series], height: int) -> Job:
    declared = spec.declared()
    inputs = tuple(series[name] for name in declared.inputs)
    outs = tuple(np.empty(height) for _ in declared.outputs)
    return Job(declared.kernel, inputs, spec.values(), outs)


def _offsets(instruments: np.ndarray) -> list[int]:
    """Gives the row at which each instrument starts, and the number of rows, for sorted ids."""
    if instruments.size == 0:
        return [0]
    starts = np.flatnonzero(instruments[1:] != instruments[:-1]) + 1
    return [0, *starts.tolist(), instruments.size]


def _run_all(jobs: Sequence[Job], offsets: Sequence[int]) -> None:
    with ThreadPoolExecutor(WORKERS) as pool:
        for done in [pool.submit(_run, jobs, part) for part in _parts(offsets)]:
            done.result()


def _run(jobs: Sequence[Job], offsets: Sequence[int]) -> None:
    """Fills one instrument after the other, so that its series stay near the processor."""
    for start, stop in pairwise(offsets):
        for job in jobs:
            job.run(start, stop)


def _parts(offsets: Sequence[int]) -> list[Sequence[int]]:
    """Gives one stretch of instruments a worker, each of about as many rows."""
    bounds = np.searchsorted(offsets, np.linspace(0, offsets[-1], WORKERS + 1)).tolist()
    return [offsets[first : last + 1] for first, last in pairwise(bounds)]
