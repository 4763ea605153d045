"""Runs any set of indicators over the bars of any set of instruments."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import polars as pl

from quantmatrix_engine.errors import ContractError
from quantmatrix_engine.indicators.base import Series, Spec, available
from quantmatrix_engine.indicators.plan import Plan, plan

__all__ = ["available", "compute", "fill", "lookback"]

KEY = ("instrument_id", "session")
SESSION, BENCHMARK = "session", "benchmark_close"
WORKERS = 2
ROWS_AT_ONCE = 8_192
"""Rows a step computes before the next one does: few enough to stay near the processor."""

Offsets = npt.NDArray[np.int64]
"""The row at which each instrument starts, and the number of rows."""


def compute(bars: pl.DataFrame, specs: Iterable[Spec]) -> pl.DataFrame:
    """Gives the indicators of every bar, sorted by instrument_id and session.

    `bars` has one row per (instrument_id, session), in any order, and at least the columns that
    the specs read. The result has instrument_id, session, close and the columns of each spec once,
    specs sorted; Float64, null (never NaN) where a value is unknown. A bar with a null among the
    columns read counts as no bar: its own values are null, and the others are computed as though
    it were not there. `benchmark_close` alone may be null in a bar that counts. No bars give no
    rows, with all columns. Raises ContractError naming the columns that lack.
    """
    wanted = plan(specs)
    read = sorted({"close", *wanted.inputs} - {*KEY})
    _require_columns(bars, {*KEY, *read})
    chosen = bars.select(*KEY, *read)
    complete = chosen.drop_nulls([name for name in read if name != BENCHMARK])
    ordered = _ordered(complete.rechunk())
    series = {name: _series(ordered, name) for name in wanted.inputs}
    outs = {name: np.empty(ordered.height) for name in wanted.columns}
    fill(wanted, series, _offsets(ordered.get_column("instrument_id").to_numpy()), outs)
    columns = [pl.Series(name, out).fill_nan(None) for name, out in outs.items()]
    computed = ordered.select(*KEY, "close", *columns)
    if complete.height == chosen.height:
        return computed
    return (
        chosen.select(*KEY, "close")
        .join(computed.drop("close"), on=KEY, how="left", maintain_order="left")
        .sort(KEY)
    )


def fill(
    wanted: Plan, series: Mapping[str, Series], offsets: Offsets, outs: Mapping[str, Series]
) -> None:
    """Writes the plan's columns into `outs`, from series that hold all instruments end to end.

    `series` has the plan's inputs and `outs` its columns, each one long and float64.
    """
    with ThreadPoolExecutor(WORKERS) as pool:
        parts = _parts(offsets, WORKERS)
        for done in [pool.submit(_fill_part, wanted, series, part, outs) for part in parts]:
            done.result()


def lookback(specs: Iterable[Spec]) -> int | None:
    """Gives how many bars before a row all of the specs together need; None for all of them."""
    reaches = [spec.lookback() for spec in specs]
    if None in reaches:
        return None
    return max((reach for reach in reaches if reach is not None), default=0)


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


def _series(ordered: pl.DataFrame, name: str) -> Series:
    """Gives a column as float64: a session as its days since 1970-01-01, a null as NaN."""
    column = ordered.get_column(name)
    if name == SESSION:
        column = column.to_physical()
    values: Series = column.cast(pl.Float64).to_numpy()
    return values


def _offsets(instruments: npt.NDArray[np.int64]) -> Offsets:
    """Gives the offsets of sorted ids."""
    if instruments.size == 0:
        return np.zeros(1, dtype=np.int64)
    starts = np.flatnonzero(instruments[1:] != instruments[:-1]) + 1
    return np.concatenate([[0], starts, [instruments.size]])


def _fill_part(
    wanted: Plan, series: Mapping[str, Series], offsets: Offsets, outs: Mapping[str, Series]
) -> None:
    """Fills some instruments after the others, so that their series stay near the processor."""
    groups = _groups(offsets)
    longest = max((group[-1] - group[0] for group in groups), default=0)
    between = {name: np.empty(longest) for name in wanted.between}
    for group in groups:
        start, stop = group[0], group[-1]
        rows = {name: values[start:stop] for name, values in series.items()}
        rows |= {name: values[start:stop] for name, values in outs.items()}
        rows |= {name: values[: stop - start] for name, values in between.items()}
        for step in wanted.steps:
            reads = tuple([rows[name] for name in step.reads])
            writes = tuple([rows[name] for name in step.writes])
            step.run(group - start, reads, step.params, writes)


def _groups(offsets: Offsets) -> Sequence[Offsets]:
    """Gives stretches of instruments of about ROWS_AT_ONCE rows, at least one in each."""
    rows = offsets[-1] - offsets[0]
    return _parts(offsets, max(1, min(offsets.size - 1, int(rows) // ROWS_AT_ONCE)))


def _parts(offsets: Offsets, count: int) -> list[Offsets]:
    """Gives up to `count` stretches of instruments, each of about as many rows."""
    marks = np.linspace(offsets[0], offsets[-1], count + 1)
    bounds = np.unique(np.searchsorted(offsets, marks)).tolist()
    return [offsets[first : last + 1] for first, last in pairwise(bounds)]
