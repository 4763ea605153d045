"""Indicators of a range of sessions, each from the bars known up to that session."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
import polars as pl

from quantmatrix_engine.indicators.base import Series, Spec
from quantmatrix_engine.indicators.bases import in_bases
from quantmatrix_engine.indicators.compute import (
    BENCHMARK,
    beside_nulls,
    fill_histories,
    require_columns,
    rows_with_null,
)
from quantmatrix_engine.indicators.histories import (
    Known,
    asked_rows,
    asked_since,
    known,
    without,
)
from quantmatrix_engine.indicators.moments import newest_moments
from quantmatrix_engine.indicators.plan import Plan, plan
from quantmatrix_engine.indicators.sources import source, source_by_day
from quantmatrix_engine.prices.benchmark import ByDay, by_day
from quantmatrix_engine.prices.ordering import up_to

_NEEDED = ("instrument_id", "session", "known_at")
_PROVIDER = "provider"

LOOK_AHEAD_INSTRUMENTS = 200
"""So many instruments, or up to twice as many, are computed again to see if any looks ahead."""


class Computed(Protocol):
    """What computes the indicators of a range of sessions from daily bars, as `of_sessions`."""

    def __call__(
        self,
        bars: pl.DataFrame,
        specs: Iterable[Spec],
        *,
        first: dt.date,
        last: dt.date,
        actions: pl.DataFrame,
        benchmark: pl.DataFrame | None = None,
    ) -> pl.DataFrame:
        """Gives a row an instrument and session from `first` to `last`."""


def of_sessions(
    bars: pl.DataFrame,
    specs: Iterable[Spec],
    *,
    first: dt.date,
    last: dt.date,
    actions: pl.DataFrame,
    benchmark: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Gives the indicators (contract Indicators) of the sessions from `first` to `last`.

    `bars` keeps the contract Bars, with every vintage and as much history as there is, and has at
    least the columns of `columns_read`; bars after `last` are not looked at. A `provider`, where
    there is one, orders vintages of one moment. `actions` keeps the contract PriceActions. Each row
    is in the price basis of its own session: earlier prices are adjusted for the splits up to it,
    later splits change nothing. `known_at` is the newest one among the bars up to the row.

    `benchmark`, the bars of what others are measured against, is put beside the bars
    (`prices.benchmark`); without it `bars` have `benchmark_close` themselves, if a spec reads it.
    """
    wanted = plan(specs)
    read = _columns_of(wanted, is_benchmark_beside=benchmark is not None)
    require_columns(bars, read)
    found = known(up_to(bars[sorted(read.union({_PROVIDER}.intersection(bars.columns)))], last))
    given = read.difference(_NEEDED)
    beside = by_day(benchmark, actions, found.days)
    told = asked_since(found.runs, found.days, first)
    rows = asked_rows(told)
    nulls = rows_with_null(found.bars, given)
    left = replace(found, runs=without(found.runs, nulls))
    splits = actions.filter(pl.col("ratio").is_not_null(), pl.col("ex_date") <= last)
    outs = _computed(wanted, left, beside, splits, first)
    newest = newest_moments(told, found.bars.get_column("known_at"), found.days, beside)
    return pl.concat(
        [
            found.bars[["instrument_id", "session", "close"]][rows],
            beside_nulls(outs, rows, nulls),
            newest.to_frame(),
        ],
        how="horizontal",
    )


def columns_read(specs: Iterable[Spec]) -> set[str]:
    """Gives the columns of the bars that `of_sessions` needs where a benchmark is given."""
    return _columns_of(plan(specs), is_benchmark_beside=True)


def _columns_of(wanted: Plan, *, is_benchmark_beside: bool) -> set[str]:
    read = {*_NEEDED, "close", *wanted.inputs}
    return read - {BENCHMARK} if is_benchmark_beside else read


def _computed(
    wanted: Plan, found: Known, beside: ByDay, splits: pl.DataFrame, first: dt.date
) -> dict[str, Series]:
    """Gives the plan's columns of the rows of `first` and later, each in its own price basis."""
    runs = in_bases(found.runs, found.instruments, found.days, splits, first)
    sources = [
        source_by_day(found.bars, beside, runs)
        if name == BENCHMARK and BENCHMARK not in found.bars.columns
        else source(found.bars, name, runs)
        for name in wanted.inputs
    ]
    outs = {name: np.empty(int(runs.tails.sum())) for name in wanted.columns}
    fill_histories(wanted, sources, runs, outs)
    return outs


def look_ahead(
    bars: pl.DataFrame,
    specs: Iterable[Spec],
    *,
    session: dt.date,
    until: dt.date,
    actions: pl.DataFrame,
    of: Computed = of_sessions,
) -> pl.DataFrame:
    """Gives the rows of a session that differ when the bars after it, up to `until`, are cut away.

    None should: a row here rests on the future. Columns are those `of` gives, the code that is
    looked at. It is that code that would look ahead, not an instrument: `LOOK_AHEAD_INSTRUMENTS` of
    them are looked at, spread over all.
    """
    asked = list(specs)
    until_then = bars.filter(pl.col("session") <= until)
    chosen = sampled(until_then.get_column("instrument_id").unique().sort().to_list())
    seen = until_then.filter(pl.col("instrument_id").is_in(chosen))
    seeing = of(seen, asked, first=session, last=until, actions=actions)
    seen_then = seen.filter(pl.col("session") <= session)
    known_then = actions.filter(pl.col("ex_date") <= session)
    cut = of(seen_then, asked, first=session, last=session, actions=known_then)
    return seeing.filter(pl.col("session") == session).join(
        cut, on=seeing.columns, how="anti", nulls_equal=True
    )


def sampled(instruments: Sequence[int]) -> list[int]:
    """Gives every n-th of the instruments that `look_ahead` computes again; all where few."""
    return list(instruments)[:: max(1, len(instruments) // LOOK_AHEAD_INSTRUMENTS)]
