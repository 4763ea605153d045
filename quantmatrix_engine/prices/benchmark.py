"""Puts a benchmark's close beside every bar, for what is measured against it."""

import polars as pl

from quantmatrix_engine.prices.restatement import newest_known


def with_benchmark(bars: pl.DataFrame, benchmark_id: int) -> pl.DataFrame:
    """Gives the bars with `benchmark_close`, the benchmark's close of the same session.

    `bars` keeps the contract Bars, holds the benchmark among its instruments, and is what was known
    at one moment (`restatement.known_by`); so does what comes back, in the same order, the
    benchmark's own bars included. Null in a session without a bar of the benchmark: an earlier
    close is never carried on. Of several vintages of the benchmark's bar the newest counts. Where
    it was known later than the bar, `known_at` is that later moment, since what is computed of
    both could not be known before. Closes are as given: for ratios across a split of the benchmark,
    adjust the bars first.
    """
    benchmark = newest_known(bars.filter(pl.col("instrument_id") == benchmark_id)).select(
        "session", benchmark_close="close", benchmark_known_at="known_at"
    )
    return (
        bars.join(benchmark, on="session", how="left", maintain_order="left")
        .with_columns(known_at=pl.max_horizontal("known_at", "benchmark_known_at"))
        .drop("benchmark_known_at")
    )
