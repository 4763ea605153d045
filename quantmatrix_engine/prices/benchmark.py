"""Puts a benchmark's close beside every bar, for what is measured against it."""

import numpy as np
import polars as pl

from quantmatrix_engine.prices.restatement import newest_known


def with_benchmark(
    bars: pl.DataFrame, benchmark: pl.DataFrame, actions: pl.DataFrame
) -> pl.DataFrame:
    """Gives the bars with `benchmark_close`, the benchmark's close of the same session.

    `bars` and `benchmark`, the bars of one instrument or none, keep the contract Bars and are what
    was known at one moment (`restatement.known_by`); so is what comes back, in the order of `bars`.
    `actions` keeps the contract PriceActions. Null in a session without a bar of the benchmark, an
    earlier close is never carried on. Of several vintages of the benchmark's bar the newest counts.
    Where it was known later than the bar, `known_at` is that later moment, since what is computed
    of both could not be known before.

    The closes are in the price basis of the benchmark's first session: each is multiplied by the
    splits up to it, so a later split changes none of them. For ratios to their own mean any one
    basis will do.
    """
    own = newest_known(benchmark)
    is_its = pl.col("instrument_id").is_in(own.get_column("instrument_id").unique().implode())
    told = own.join_asof(
        _grown(actions.filter(is_its)), left_on="session", right_on="ex_date"
    ).select(
        "session",
        benchmark_close=pl.col("close") * pl.col("grown").fill_null(1.0),
        benchmark_known_at="known_at",
    )
    return bars.with_columns(_beside(bars, told)) if bars.height else _without(bars)


def _without(bars: pl.DataFrame) -> pl.DataFrame:
    return bars.with_columns(benchmark_close=pl.lit(None, dtype=pl.Float64))


def _beside(bars: pl.DataFrame, told: pl.DataFrame) -> list[pl.Series]:
    """Gives `benchmark_close` of each bar, and `known_at` with what the benchmark's bar adds to it.

    Looked up by the number of the day: a join would move every column of the bars.
    """
    days = bars.get_column("session").to_physical().to_numpy()
    first, last = int(days.min()), int(days.max())
    closes = np.full(last - first + 1, np.nan)
    moments = np.full(closes.size, np.iinfo(np.int64).min)
    of_benchmark = told.get_column("session").to_physical().to_numpy() - first
    asked = (of_benchmark >= 0) & (of_benchmark < closes.size)
    closes[of_benchmark[asked]] = told.get_column("benchmark_close").to_numpy()[asked]
    known_at = told.get_column("benchmark_known_at").to_physical().to_numpy()
    moments[of_benchmark[asked]] = known_at[asked]
    places = days - first
    own = bars.get_column("known_at")
    later = moments[places]
    np.maximum(later, own.to_physical().to_numpy(), out=later)
    return [
        pl.Series("benchmark_close", closes[places], nan_to_null=True),
        pl.Series("known_at", later).cast(own.dtype),
    ]


def _grown(actions: pl.DataFrame) -> pl.DataFrame:
    """Gives by ex-date how many units one of the first session has become by its splits."""
    splits = actions.filter(pl.col("ratio").is_not_null()).sort("ex_date")
    return splits.select("ex_date", grown=pl.col("ratio").cum_prod())
