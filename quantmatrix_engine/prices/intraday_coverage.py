"""Coverage within a session: how many of its intervals each instrument has a bar of."""

import datetime as dt
from collections.abc import Iterable

import polars as pl

from quantmatrix_engine import calendars
from quantmatrix_engine.contracts.intraday_bars import Interval
from quantmatrix_engine.prices.intraday import LENGTHS


def intraday_coverage(
    bars: pl.DataFrame, session: dt.date, instruments: Iterable[int]
) -> pl.DataFrame:
    """Gives instrument_id, five_minutes, hours and coverage_pct of a session, the least first.

    `bars` has the columns of the contract IntradayBars but for values; an interval counts once,
    whoever brought it and however often. `instruments` are those a bar is expected of; others that
    have one are there too. `coverage_pct` is the share of the session's five minutes with a bar: 78
    on a whole day, 42 on a half one. A share of an instrument that trades seldom is low and no
    fault.
    """
    told = (
        bars.filter(pl.col("session") == session)
        .unique(["instrument_id", "interval", "starts_at"])
        .group_by("instrument_id")
        .agg(
            five_minutes=(pl.col("interval") == Interval.FIVE_MINUTES.value).sum().cast(pl.Int64),
            hours=(pl.col("interval") == Interval.HOUR.value).sum().cast(pl.Int64),
        )
    )
    expected = pl.DataFrame(
        {"instrument_id": sorted(set(instruments))}, schema={"instrument_id": pl.Int64}
    )
    everyone = expected.join(told, on="instrument_id", how="full", coalesce=True)
    share = pl.col("five_minutes") * (100 / five_minutes_in(session))
    return (
        everyone.with_columns(pl.col("five_minutes", "hours").fill_null(0))
        .with_columns(coverage_pct=share)
        .sort("coverage_pct", "instrument_id")
    )


def five_minutes_in(session: dt.date) -> int:
    """Gives how many bars of five minutes a session can have. Raises ValueError where it is none.

    A session is from its open to its close; half days are shorter.
    """
    hours = calendars.hours(session, session)
    if hours.is_empty():
        raise ValueError(f"{session} is no session of {calendars.EXCHANGE}")
    opens_at, closes_at = hours.select("opens_at", "closes_at").row(0)
    count: int = (closes_at - opens_at) // LENGTHS[Interval.FIVE_MINUTES]
    return count
