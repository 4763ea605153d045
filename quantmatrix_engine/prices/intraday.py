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


_BAR = ("instrument_id", "provider", "starts_at")
_DAY = ("instrument_id", "provider", "session")
_INSTANT = dt.timedelta(microseconds=1)


def in_session(bars: pl.DataFrame, *, exchange: str = calendars.EXCHANGE) -> pl.DataFrame:
    """Gives the bars of which a part lies in the hours of the exchange, with their `session`.

    `bars` has `starts_at` (UTC, the first moment of the bar) and may have its `interval`; without
    one a bar is taken for the moment it starts. What ends by the open, starts at or after the close
    (an early one on half days) or is of a closed day is left out. The first hour on the clock of
    New York starts before the open.
    """
    if bars.is_empty():
        return bars.with_columns(session=pl.lit(None, pl.Date))
    placed = bars.with_row_index("place").with_columns(lasts_until=_last_moment(bars))
    # A session lies within its date in UTC and the ones beside it, wherever the exchange is.
    first, last = placed.select(
        first=pl.col("starts_at").min().dt.date(), last=pl.col("lasts_until").max().dt.date()
    ).row(0)
    day = dt.timedelta(days=1)
    hours = calendars.hours(first - day, last + day, exchange=exchange).sort("opens_at")
    return (
        placed.sort("lasts_until")
        .join_asof(hours, left_on="lasts_until", right_on="opens_at", strategy="backward")
        .filter(pl.col("starts_at") < pl.col("closes_at"))
        .sort("place")
        .drop("place", "lasts_until", "opens_at", "closes_at")
    )


def _last_moment(bars: pl.DataFrame) -> pl.Expr:
    if "interval" not in bars.columns:
        return pl.col("starts_at")
    return pl.col("starts_at") + _length() - _INSTANT


def _length() -> pl.Expr:
    """Gives how long a bar of the column `interval` is."""
    lengths = {interval.value: length for interval, length in LENGTHS.items()}
    return pl.col("interval").replace_strict(lengths, return_dtype=pl.Duration("us"))


def is_over() -> pl.Expr:
    """Says whether a bar's interval was over when it was known: then it is final."""
    return pl.col("known_at") >= pl.col("starts_at") + _length()


def resampled_intraday(bars: pl.DataFrame, interval: Interval) -> pl.DataFrame:
    """Gives bars of a longer interval (contract IntradayBars), sorted by key.

    `bars` has the columns of that contract, of one shorter interval. Intervals are those of the
    clock, so the first hour of New York is 9:30 to 10:00. A session never shares a bar with
    another, and nothing is filled in. Where `bars` has several vintages, so has what comes back: at
    each moment one of its parts was known anew a longer bar is made of what was known then. A bar
    is final where that moment is past its end and all its parts are final.
    """
    longer = (*_DAY, "ends_up_in")
    parts = bars.with_columns(ends_up_in=pl.col("starts_at").dt.truncate(interval.value))
    moments = parts.select(*longer, moment="known_at").unique()
    seen = parts.join(moments, on=longer).filter(pl.col("known_at") <= pl.col("moment"))
    newest = pl.col("known_at") == pl.col("known_at").max().over(*_BAR, "moment")
    return (
        seen.filter(newest)
        .sort(*_BAR)
        .group_by(*longer, "moment", maintain_order=True)
        .agg(
            pl.col("open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            pl.col("volume").sum(),
            pl.col("is_final").all(),
        )
        .rename({"ends_up_in": "starts_at", "moment": "known_at"})
        .with_columns(interval=pl.lit(interval.value))
        .with_columns(is_final=pl.col("is_final") & is_over())
        .select(list(IntradayBars.to_schema().columns))
        .sort(*_BAR, "known_at")
    )


def in_kept_intervals(bars: pl.DataFrame, known: pl.DataFrame | None = None) -> pl.DataFrame:
    """Gives bars in the intervals that are kept (contract IntradayBars), sorted by key.

    `bars` has the columns of that contract and may be of minutes, five minutes and hours. Five
    minutes are made of minutes, and hours of five minutes, for each instrument, provider and
    session that has none of its own. `known` (contract IntradayBars) is what is kept already: hours
    are made of its five minutes too, so that a part said again alone does not stand for the hour.
    """
    minutes, fives, hours = (bars.filter(pl.col("interval") == one.value) for one in Interval)
    every_five = _with_made(fives, minutes, Interval.FIVE_MINUTES)
    parts = every_five
    if known is not None:
        before = known.filter(pl.col("interval") == Interval.FIVE_MINUTES.value)
        touched = before.join(every_five.select(_DAY).unique(), on=_DAY, how="semi")
        both = pl.concat([touched.select(every_five.columns), every_five])
        parts = both.unique([*_BAR, "known_at"], keep="first", maintain_order=True)
    kept = pl.concat([every_five, _with_made(hours, parts, Interval.HOUR)])
    return kept.sort("instrument_id", "provider", "interval", "starts_at", "known_at")


def _with_made(stated: pl.DataFrame, parts: pl.DataFrame, interval: Interval) -> pl.DataFrame:
    made = resampled_intraday(parts.join(stated, on=_DAY, how="anti"), interval)
    return pl.concat([stated.select(made.columns), made])
