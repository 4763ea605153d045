"""Puts a benchmark's close beside every bar, for what is measured against it."""

import polars as pl

from quantmatrix_engine.prices.restatement import newest_known


def with_benchmark(
    bars: pl.DataFrame, benchmark_id: int | None, actions: pl.DataFrame
) -> pl.DataFrame:
    """Gives the bars with `benchmark_close`, the benchmark's close of the same session.

    `bars` keeps the contract Bars, holds the benchmark among its instruments, and is what was known
    at one moment (`restatement.known_by`); so does what comes back, in the same order, the
    benchmark's own bars included. `actions` keeps the contract PriceActions. Null in a session
    without a bar of the benchmark, an earlier close is never carried on, and everywhere where
    `benchmark_id` is None. Of several vintages of the benchmark's bar the newest counts. Where it
    was known later than the bar, `known_at` is that later moment, since what is computed of both
    could not be known before.

    The closes are in the price basis of the benchmark's first session: each is multiplied by the
    splits up to it, so a later split changes none of them. For ratios to their own mean any one
    basis will do.
    """
    is_benchmark = pl.col("instrument_id") == pl.lit(benchmark_id, pl.Int64)
    own = newest_known(bars.filter(is_benchmark))
    benchmark = own.join_asof(
        _grown(actions.filter(is_benchmark)),
        left_on="session",
        right_on="ex_date",
    ).select(
        "session",
        benchmark_close=pl.col("close") * pl.col("grown").fill_null(1.0),
        benchmark_known_at="known_at",
    )
    return (
        bars.join(benchmark, on="session", how="left", maintain_order="left")
        .with_columns(known_at=pl.max_horizontal("known_at", "benchmark_known_at"))
        .drop("benchmark_known_at")
    )


def _grown(actions: pl.DataFrame) -> pl.DataFrame:
    """Gives by ex-date how many units one of the first session has become by its splits."""
    splits = actions.filter(pl.col("ratio").is_not_null()).sort("ex_date")
    return splits.select("ex_date", grown=pl.col("ratio").cum_prod())
