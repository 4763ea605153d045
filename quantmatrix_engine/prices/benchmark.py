"""Puts a benchmark's close beside every bar, for what is measured against it."""

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
    beside = _of_each(bars.get_column("session"), told)
    return (
        pl.concat([bars, beside], how="horizontal")
        .with_columns(known_at=pl.max_horizontal("known_at", "benchmark_known_at"))
        .drop("benchmark_known_at")
    )


def _of_each(sessions: pl.Series, told: pl.DataFrame) -> pl.DataFrame:
    """Gives what is told of each of the sessions, null where nothing is.

    Looked up by the number of the day: a join would move every column of the bars.
    """
    if sessions.is_empty():
        return told.clear().drop("session")
    first, last = sessions.min(), sessions.max()
    days = pl.select(session=pl.date_range(first, last))  # type: ignore[arg-type]
    by_day = days.join(told, on="session", how="left", maintain_order="left").drop("session")
    return by_day[(sessions - first).dt.total_days()]


def _grown(actions: pl.DataFrame) -> pl.DataFrame:
    """Gives by ex-date how many units one of the first session has become by its splits."""
    splits = actions.filter(pl.col("ratio").is_not_null()).sort("ex_date")
    return splits.select("ex_date", grown=pl.col("ratio").cum_prod())
