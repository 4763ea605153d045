"""Runs any set of indicators over the bars of any set of instruments."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import polars as pl

from quantmatrix_engine.errors import ContractError
from quantmatrix_engine.indicators.base import Integers, Series, Spec, available
from quantmatrix_engine.indicators.histories import (
    Runs,
    asked_rows,
    asked_since,
    one_by_one,
    without,
)
from quantmatrix_engine.indicators.over_instruments import compiled, run
from quantmatrix_engine.indicators.plan import Plan, plan
from quantmatrix_engine.indicators.runs import put_together, run_starts, starts_of
from quantmatrix_engine.indicators.sources import Source, source_of
from quantmatrix_engine.prices.ordering import days_of

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
    require_columns(bars, {*key, *read})
    ordered = put_together(bars.select(*key, *read), by)
    series = {name: _series(ordered, name) for name in wanted.inputs}
    offsets = _offsets(ordered.get_column("instrument_id").to_numpy())
    told = one_by_one(offsets)
    nulls = rows_with_null(ordered, read)
    runs = without(told, nulls)
    if since is not None:
        told, runs = (asked_since(one, days_of(ordered), since) for one in (told, runs))
    outs = {name: np.empty(int(runs.tails.sum())) for name in wanted.columns}
    fill_histories(wanted, [source_of(series[name], runs) for name in wanted.inputs], runs, outs)
    rows = asked_rows(told)
    of_asked = ordered if since is None else ordered[rows]
    columns = beside_nulls(outs, rows, nulls)
    return pl.concat([of_asked.select(*key, "close"), columns], how="horizontal")


def fill(
    wanted: Plan,
    series: Mapping[str, Series],
    offsets: Integers,
    outs: Mapping[str, Series],
) -> None:
    """Writes the plan's columns into `outs`, from series that hold all instruments end to end.

    `series` has the plan's inputs and `outs` its columns, contiguous and float64, a row for each
    row. Raises ContractError for other series: compiled code would write past their end.
    """
    _require_fit(series, int(offsets[-1]))
    runs = one_by_one(offsets)
    fill_histories(wanted, [source_of(series[name], runs) for name in wanted.inputs], runs, outs)


def fill_histories(
    wanted: Plan, sources: Sequence[Source], runs: Runs, outs: Mapping[str, Series]
) -> None:
    """Writes the plan's columns of histories into `outs`, a row for each row asked for.

    `sources` are those of the plan's inputs. Raises ContractError for outs that are not contiguous,
    not float64, not writeable or of another length.
    """
    _require_fit(outs, int(runs.tails.sum()))
    if frozen := [name for name in wanted.columns if not outs[name].flags.writeable]:
        raise ContractError(f"{', '.join(frozen)} cannot be written to.")
    steps = compiled(wanted)
    firsts = starts_of(runs.tails)
    with ThreadPoolExecutor(WORKERS) as pool:
        for done in [
            pool.submit(
                run,
                wanted,
                steps,
                runs.part(first, past),
                sources,
                {name: outs[name][firsts[first] : firsts[past]] for name in wanted.columns},
            )
            for first, past in _parts(runs.lengths(), WORKERS)
        ]:
            done.result()


def rows_with_null(bars: pl.DataFrame, names: Iterable[str]) -> Integers:
    """Gives the rows that count as no bar, rising: those with a null in one of the columns.

    A benchmark's close alone may be null in a bar that counts.
    """
    holed = [bars.get_column(one) for one in names if one != BENCHMARK]
    rows = [one.is_null().arg_true().to_numpy() for one in holed if one.has_nulls()]
    return np.unique(np.concatenate([np.empty(0, dtype=np.int64), *rows])).astype(np.int64)


def beside_nulls(outs: Mapping[str, Series], rows: Integers, nulls: Integers) -> pl.DataFrame:
    """Gives a row for each of `rows`, of the columns that have one for each that is no null's.

    Values are null where they are NaN, and in the rows `nulls`.
    """
    if nulls.size == 0:
        return pl.DataFrame(outs).fill_nan(None)
    is_bar = ~np.isin(rows, nulls)
    whole = {name: np.full(rows.size, np.nan) for name in outs}
    for name, values in outs.items():
        whole[name][is_bar] = values
    return pl.DataFrame(whole).fill_nan(None)


def lookback(specs: Iterable[Spec]) -> int | None:
    """Gives how many bars before a row all of the specs together need; None for all of them."""
    reaches = [spec.lookback() for spec in specs]
    if None in reaches:
        return None
    return max((reach for reach in reaches if reach is not None), default=0)


def require_columns(bars: pl.DataFrame, needed: set[str]) -> None:
    """Raises ContractError where bars lack one of the columns."""
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


def _parts(lengths: Integers, count: int) -> Iterator[tuple[int, int]]:
    """Gives up to `count` stretches of histories, each of about as many rows."""
    ends = starts_of(lengths)
    marks = np.linspace(0, ends[-1], count + 1)
    yield from pairwise(np.unique(np.searchsorted(ends, marks)).tolist())
