"""Puts a benchmark's close beside every bar, for what is measured against it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from quantmatrix_engine.prices.ordering import days_of
from quantmatrix_engine.prices.restatement import newest_known


def with_benchmark(
    bars: pl.DataFrame, benchmark: pl.DataFrame, actions: pl.DataFrame
) -> pl.DataFrame:
    """Gives the bars with `benchmark_close`, the benchmark's close of the same session.

    `bars` and `benchmark`, the bars of one instrument or none, keep the contract Bars. `bars` have
    one row an instrument and session (`restatement.newest_known`): beside a benchmark that was
    restated later, vintages would not differ in `known_at` any more. What comes back is in their
    order. `actions` keeps the contract PriceActions. Null in a session without a bar of the
    benchmark, an earlier close is never carried on. Of several vintages of the benchmark's bar the
    newest counts.
    Where it was known later than the bar, `known_at` is that later moment, since what is computed
    of both could not be known before.

    The closes are in the price basis of the benchmark's first session: each is multiplied by the
    splits up to it, so a later split changes none of them. For ratios to their own mean any one
    basis will do.
    """
    if bars.is_empty():
        return bars.with_columns(benchmark_close=pl.lit(None, dtype=pl.Float64))
    days = days_of(bars)
    beside = by_day(benchmark, actions, days)
    places = days - beside.first
    own = bars.get_column("known_at")
    later = np.maximum(own.to_physical().to_numpy(), beside.moments[places])
    return bars.with_columns(
        pl.Series("benchmark_close", beside.closes[places], nan_to_null=True),
        pl.Series("known_at", later).cast(own.dtype),
    )


@dataclass(frozen=True)
class ByDay:
    """A benchmark's closes, and the moments they were known at, of each day from `first` on.

    Days are numbered from 1970-01-01, moments are as the bars have them. Where the benchmark has no
    bar the close is NaN and the moment the least number there is.
    """

    first: int
    closes: npt.NDArray[np.float64]
    moments: npt.NDArray[np.int64]


def by_day(
    benchmark: pl.DataFrame | None, actions: pl.DataFrame, days: npt.NDArray[np.int32]
) -> ByDay:
    """Gives what `with_benchmark` puts beside bars of these days, looked up by the day.

    A join would move every column of the bars. Without a benchmark no day has a bar.
    """
    first, last = (int(days.min()), int(days.max())) if days.size else (0, -1)
    closes = np.full(last - first + 1, np.nan)
    moments = np.full(closes.size, np.iinfo(np.int64).min)
    if benchmark is not None:
        told = _told(benchmark, actions)
        places = days_of(told) - first
        asked = (places >= 0) & (places < closes.size)
        closes[places[asked]] = told.get_column("close").to_numpy()[asked]
        known_at = told.get_column("known_at").to_physical().to_numpy()
        moments[places[asked]] = known_at[asked]
    return ByDay(first, closes, moments)


def _told(benchmark: pl.DataFrame, actions: pl.DataFrame) -> pl.DataFrame:
    """Gives session, `close` in the basis of the first one, and known_at of the newest vintages."""
    own = newest_known(benchmark)
    is_its = pl.col("instrument_id").is_in(own.get_column("instrument_id").unique().implode())
    grown = _grown(actions.filter(is_its))
    return own.join_asof(grown, left_on="session", right_on="ex_date").select(
        "session", close=pl.col("close") * pl.col("grown").fill_null(1.0), known_at="known_at"
    )


def _grown(actions: pl.DataFrame) -> pl.DataFrame:
    """Gives by ex-date how many units one of the first session has become by its splits."""
    splits = actions.filter(pl.col("ratio").is_not_null()).sort("ex_date")
    return splits.select("ex_date", grown=pl.col("ratio").cum_prod())
