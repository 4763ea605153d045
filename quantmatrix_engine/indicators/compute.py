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
    days_of,
    one_by_one,
)
from quantmatrix_engine.indicators.over_instruments import compiled, run
from quantmatrix_engine.indicators.plan import Plan, plan
from quantmatrix_engine.indicators.runs import put_together, run_starts
from quantmatrix_engine.indicators.sources import Source, source_of

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
    chosen = bars.select(*key, *read)
    complete = chosen.drop_nulls([name for name in read if name != BENCHMARK])
    ordered = put_together(complete, by)
    series = {name: _series(ordered, name) for name in wanted.inputs}
    offsets = _offsets(ordered.get_column("instrument_id").to_numpy())
    runs = one_by_one(offsets)
    if since is not None:
        runs = asked_since(runs, days_of(ordered), since)
    of_kept = ordered if since is None else ordered[asked_rows(runs)]
    outs = {name: np.empty(of_kept.height) for name in wanted.columns}
    fill_histories(wanted, [source_of(series[name], runs) for name in wanted.inputs], runs, outs)
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
    firsts = np.concatenate([[0], np.cumsum(runs.tails)])
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
    ends = np.concatenate([[0], np.cumsum(lengths)])
    marks = np.linspace(0, ends[-1], count + 1)
    yield from pairwise(np.unique(np.searchsorted(ends, marks)).tolist())
