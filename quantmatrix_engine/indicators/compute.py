"""Runs any set of indicators over the bars of any set of instruments."""

import datetime as dt
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import polars as pl

from quantmatrix_engine.errors import ContractError
from quantmatrix_engine.indicators.base import Integers, Series, Spec, available
from quantmatrix_engine.indicators.over_instruments import compiled, run
from quantmatrix_engine.indicators.plan import Plan, plan
from quantmatrix_engine.indicators.runs import put_together, run_starts

__all__ = ["available", "compute", "fill", "lookback"]

SESSION, BENCHMARK = "session", "benchmark_close"
WORKERS = 2


def compute(
    bars: pl.DataFrame, specs: Iterable[Spec], *, since: dt.date | None = None, by: str = SESSION
) -> pl.DataFrame:
    """Gives the indicators of every bar, sorted by instrument_id and session.

    `bars` has one row per (instrument_id, session), in any order, and at least the columns that
    the specs read. The result has instrument_id, session, close and the columns of each spec once,
    specs sorted; Float64, null (never NaN) where a value is unknown. With `since` it has the rows
    of that session and later alone, from all bars, in memory for these rows only. A bar with a
    null among the columns read counts as no bar: its own values are null, and the others are
    computed as though it were not there. `benchmark_close` alone may be null in a bar that counts.
    No bars give no rows, with all columns. Raises ContractError naming the columns that lack.

    Weekly and monthly bars are computed like daily ones. Of intraday bars a session has many: `by`
    names the column that orders them (`starts_at`) and stands in the key in the session's place;
    the result has it beside the session.
    """
    wanted = plan(specs)
    key = ("instrument_id", *dict.fromkeys((SESSION, by)))
    read = sorted({"close", *wanted.inputs} - {*key})
    _require_columns(bars, {*key, *read})
    chosen = bars.select(*key, *read)
    complete = chosen.drop_nulls([name for name in read if name != BENCHMARK])
    ordered = put_together(complete, by)
    series = {name: _series(ordered, name) for name in wanted.inputs}
    offsets = _offsets(ordered.get_column("instrument_id").to_numpy())
    kept = None if since is None else _rows_since(ordered, since)
    of_kept = ordered if kept is None else ordered[kept]
    outs = {name: np.empty(of_kept.height) for name in wanted.columns}
    fill(wanted, series, offsets, outs, kept=kept)
    columns = pl.DataFrame(outs).fill_nan(None)
    computed = pl.concat([of_kept.select(*key, "close"), columns], how="horizontal")
    if complete.height == chosen.height:
        return computed
    return (
        chosen.filter(pl.col("session") >= (since or dt.date.min))
        .select(*key, "close")
        .join(computed.drop("close"), on=key, how="left", maintain_order="left")
        .sort("instrument_id", by)
    )


def fill(
    wanted: Plan,
    series: Mapping[str, Series],
    offsets: Integers,
    outs: Mapping[str, Series],
    *,
    kept: Integers | None = None,
) -> None:
    """Writes the plan's columns into `outs`, from series that hold all instruments end to end.

    `series` has the plan's inputs and `outs` its columns, contiguous and float64. With `kept`, row
    numbers in rising order, `outs` have a row for each of them; else one for each row. Raises
    ContractError for other series: compiled code would write past their end.
    """
    _require_fit(series, int(offsets[-1]))
    _require_fit(outs, int(offsets[-1]) if kept is None else kept.size)
    if frozen := [name for name in wanted.columns if not outs[name].flags.writeable]:
        raise ContractError(f"{', '.join(frozen)} cannot be written to.")
    read = {name: series[name] for name in wanted.inputs}
    written = {name: outs[name] for name in wanted.columns}
    steps = compiled(wanted)
    with ThreadPoolExecutor(WORKERS) as pool:
        for done in [
            pool.submit(run, wanted, steps, part, read, *_share(written, kept, part))
            for part in _parts(offsets, WORKERS)
        ]:
            done.result()


def _share(
    outs: dict[str, Series], kept: Integers | None, part: Integers
) -> tuple[dict[str, Series], Integers | None]:
    """Gives the part's outs, and which of its rows they are."""
    if kept is None:
        return outs, None
    first, last = np.searchsorted(kept, (part[0], part[-1]))
    return {name: out[first:last] for name, out in outs.items()}, kept[first:last]


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


def _require_fit(series: Mapping[str, Series], rows: int) -> None:
    for name, values in series.items():
        if values.size != rows:
            raise ContractError(f"{name} has {values.size:,} rows; {rows:,} are needed.")
        if values.dtype != np.float64 or not values.flags.c_contiguous:
            raise ContractError(f"{name} is {values.dtype}; float64, row by row, is needed.")


def _rows_since(ordered: pl.DataFrame, since: dt.date) -> Integers:
    """Gives the numbers of the rows of `since` and later."""
    rows = ordered.select((pl.col("session") >= since).arg_true()).to_series()
    return rows.to_numpy().astype(np.int64)


def _series(ordered: pl.DataFrame, name: str) -> Series:
    """Gives a column as float64: a session as its days since 1970-01-01, a null as NaN."""
    column = ordered.get_column(name)
    if name == SESSION:
        column = column.to_physical()
    values: Series = column.cast(pl.Float64).to_numpy()
    return values


def _offsets(instruments: Integers) -> Integers:
    """Gives the row at which each instrument of sorted ids starts, and the number of rows."""
    return np.append(run_starts(instruments), instruments.size)


def _parts(offsets: Integers, count: int) -> list[Integers]:
    """Gives up to `count` stretches of instruments, each of about as many rows."""
    marks = np.linspace(offsets[0], offsets[-1], count + 1)
    bounds = np.unique(np.searchsorted(offsets, marks)).tolist()
    return [offsets[first : last + 1] for first, last in pairwise(bounds)]
