"""Intraday bars: which session a moment belongs to, and longer intervals out of shorter ones."""

import datetime as dt

import polars as pl

from quantmatrix_engine import calendars
from quantmatrix_engine.contracts.intraday_bars import Interval, IntradayBars

LENGTHS = {
    Interval.MINUTE: dt.timedelta(minutes=1),
    Interval.FIVE_MINUTES: dt.timedelta(minutes=5),
    Interval.HOUR: dt.timedelta(hours=1),
}


def in_session(bars: pl.DataFrame, *, exchange: str = calendars.EXCHANGE) -> pl.DataFrame:
    """Gives the bars that start while the exchange is open, with their `session`.

    `bars` has `starts_at` (UTC, the first moment of the bar). What starts before the open, at or
    after the close (an early one on half days) or on a closed day is left out.
    """
    if bars.is_empty():
        return bars.with_columns(session=pl.lit(None, pl.Date))
    # A session lies within its date in UTC and the ones beside it, wherever the exchange is.
    first, last = bars.select(
        first=pl.col("starts_at").min().dt.date(), last=pl.col("starts_at").max().dt.date()
    ).row(0)
    day = dt.timedelta(days=1)
    hours = calendars.hours(first - day, last + day, exchange=exchange).sort("opens_at")
    return (
        bars.with_row_index("place")
        .sort("starts_at")
        .join_asof(hours, left_on="starts_at", right_on="opens_at", strategy="backward")
        .filter(pl.col("starts_at") < pl.col("closes_at"))
        .sort("place")
        .drop("place", "opens_at", "closes_at")
    )


def resampled_intraday(bars: pl.DataFrame, interval: Interval) -> pl.DataFrame:
    """Gives bars of a longer interval (contract IntradayBars), sorted by key.

    `bars` has the columns of that contract, one vintage of each bar, of one shorter interval.
    Intervals are those of the clock, so the first hour of New York is 9:30 to 10:00. A session
    never shares a bar with another, nothing is filled in, and a bar is final where the moment the
    last of its parts was known is past its end.
    """
    ordered = bars.sort("instrument_id", "provider", "starts_at")
    starts = pl.col("starts_at").dt.truncate(interval.value)
    return (
        ordered.with_columns(starts_at=starts)
        .group_by("instrument_id", "provider", "session", "starts_at", maintain_order=True)
        .agg(
            pl.col("open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            pl.col("volume").sum(),
            known_at=pl.col("known_at").max(),
        )
        .with_columns(
            interval=pl.lit(interval.value),
            is_final=pl.col("known_at") >= pl.col("starts_at") + LENGTHS[interval],
        )
        .select(list(IntradayBars.to_schema().columns))
    )
