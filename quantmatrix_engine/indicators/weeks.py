"""Indicators of weekly bars, which are made of daily ones, for weeks that are over."""

import datetime as dt
from collections.abc import Iterable

import polars as pl

from quantmatrix_engine import calendars
from quantmatrix_engine.indicators.base import Spec
from quantmatrix_engine.indicators.runs import put_together
from quantmatrix_engine.indicators.sessions import of_sessions
from quantmatrix_engine.prices.adjustment import PRICES
from quantmatrix_engine.prices.benchmark import with_benchmark
from quantmatrix_engine.prices.ordering import up_to
from quantmatrix_engine.prices.resampling import Period, resampled, week_ends
from quantmatrix_engine.prices.restatement import newest_known

_BENCHMARK = "benchmark_close"
_BAR = ("instrument_id", "session")
_BESIDE = ("open", "high", "low", "volume", "sessions")


def of_weeks(
    bars: pl.DataFrame,
    specs: Iterable[Spec],
    *,
    first: dt.date,
    last: dt.date,
    actions: pl.DataFrame,
    benchmark: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Gives the indicators (contract WeeklyIndicators) of the weeks that end from `first` to
    `last`, sorted by key.

    `bars` keeps the contract Bars, with every vintage and as much history as there is, and has
    `benchmark_close` (null where unknown) unless there is a `benchmark`, the bars of what others
    are measured against. Bars after `last` are not looked at. `actions` keeps the contract
    PriceActions. Each row is in the price basis of its week's last session: earlier prices are
    adjusted for the splits up to it, later splits change nothing. `known_at` is the newest one
    among the bars up to the row. A week is compared with the benchmark's close of the session of
    its last bar.
    """
    weeks = weekly_bars(bars, actions, last=last, benchmark=benchmark)
    computed = of_sessions(weeks, specs, first=first, last=last, actions=actions)
    own = weeks.filter(pl.col("session") >= first).select(*_BAR, *_BESIDE)
    together = computed.join(own, on=_BAR, maintain_order="left")
    ahead = [*_BAR, "open", "high", "low", "close", "volume", "sessions", "known_at"]
    return together.select(*ahead, pl.exclude(ahead))


def weekly_bars(
    bars: pl.DataFrame,
    actions: pl.DataFrame,
    *,
    last: dt.date,
    benchmark: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Gives the bars of the weeks that are over by `last`, with `benchmark_close`, sorted by key.

    Arguments are those of `of_weeks`. Columns are those of the contract PeriodBars, `provider`
    empty, since the sessions of a week may be of several. Each week is in the price basis of its
    own last session, so that it is to the weeks after it what a bar as traded is to later bars.
    """
    over = _last_end(last)
    needed = ["instrument_id", "session", *PRICES, "volume", "known_at", "is_final", _BENCHMARK]
    known = newest_known(put_together(up_to(bars, over)))
    if benchmark is not None:
        known = with_benchmark(known, benchmark, actions)
    known = known.select(*needed, provider=pl.lit(""))
    in_basis = _in_basis_of_week(known, actions)
    return resampled(in_basis, Period.WEEK, as_of=over, beside=[_BENCHMARK])


def _last_end(last: dt.date) -> dt.date:
    """Gives the newest session up to `last` that is the last of its week."""
    return week_ends(calendars.sessions(last - dt.timedelta(days=14), last))[-1]


def _in_basis_of_week(known: pl.DataFrame, actions: pl.DataFrame) -> pl.DataFrame:
    """Gives the bars adjusted for the splits that went ex after them in their own week."""
    ratios = _ratios_within_weeks(known, actions)
    if ratios.is_empty():
        return known
    ratio = pl.col("ratio").fill_null(1.0)
    return (
        known.join(ratios, on=_BAR, how="left", maintain_order="left")
        .with_columns(*(pl.col(name) / ratio for name in PRICES), volume=pl.col("volume") * ratio)
        .drop("ratio")
    )


def _ratios_within_weeks(known: pl.DataFrame, actions: pl.DataFrame) -> pl.DataFrame:
    """Gives instrument_id, session and `ratio` of the bars that a split of their week follows."""
    splits = _splits_by_week(actions)
    concerned = pl.col("instrument_id").is_in(splits.get_column("instrument_id").unique().implode())
    return (
        known.filter(concerned)
        .select(*_BAR, week=_week("session"))
        .join(splits, on=["instrument_id", "week"])
        .filter(pl.col("ex_date") > pl.col("session"))
        .group_by(_BAR)
        .agg(pl.col("ratio").product())
    )


def _splits_by_week(actions: pl.DataFrame) -> pl.DataFrame:
    """Gives the splits with the week of the first session that counts in their units."""
    splits = actions.filter(pl.col("ratio").is_not_null()).sort("ex_date")
    if splits.is_empty():
        return splits.select("instrument_id", "ex_date", "ratio", week="ex_date")
    first, last = splits.item(0, "ex_date"), splits.item(-1, "ex_date")
    days = calendars.sessions(first, last + dt.timedelta(days=14))
    counted = splits.join_asof(
        pl.DataFrame({"counts_from": days}),
        left_on="ex_date",
        right_on="counts_from",
        strategy="forward",
    )
    return counted.select("instrument_id", "ex_date", "ratio", week=_week("counts_from"))


def _week(session: str) -> pl.Expr:
    return pl.col(session).dt.truncate(Period.WEEK.value)
