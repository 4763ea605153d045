"""Indicators of the intraday bars of a session, from those of the sessions up to it."""

import datetime as dt
from collections.abc import Iterable

import polars as pl

from quantmatrix_engine import calendars
from quantmatrix_engine.contracts.intraday_bars import Interval
from quantmatrix_engine.indicators.base import Spec
from quantmatrix_engine.indicators.compute import compute
from quantmatrix_engine.prices.adjustment import View, adjusted

WINDOW_SESSIONS = {Interval.FIVE_MINUTES: 20, Interval.HOUR: 150}
"""How many sessions, its own included, the indicators of a session are computed of.

A fixed number, so that a session's rows are the same whatever else is computed with it, as long as
the window's bars are kept. A whole window has 1,560 bars of five minutes or some 840 hours: three
and nearly two times what the standard indicators look back, since an interval in which nothing
traded has no bar.
"""

_BAR = ("instrument_id", "starts_at")


def window_begins(interval: Interval, session: dt.date) -> dt.date:
    """Gives the first session whose bars the indicators of a session are computed of."""
    return calendars.sessions_before(session, WINDOW_SESSIONS[interval] - 1)


def of_session(
    bars: pl.DataFrame, specs: Iterable[Spec], *, session: dt.date, actions: pl.DataFrame
) -> pl.DataFrame:
    """Gives the indicators (contract IntradayIndicators) of a session's bars, sorted by key.

    `bars` keeps the contract IntradayBars with one row an instrument, interval and start; those
    after the session, or before the window of their interval, are not looked at. `actions` keeps
    the contract PriceActions. Bars of earlier sessions are adjusted for the splits up to the
    session; later splits change nothing. `known_at` is the newest one among the window's bars up to
    the row.
    """
    wanted = list(specs)
    splits = actions.filter(pl.col("ratio").is_not_null())
    parts = [
        _of_interval(_within(bars, interval, session), wanted, session, splits).with_columns(
            interval=pl.lit(interval.value)
        )
        for interval in WINDOW_SESSIONS
    ]
    ahead = ["instrument_id", "interval", "starts_at", "session", "close", "known_at"]
    return (
        pl.concat(parts)
        .select(*ahead, pl.exclude(ahead))
        .sort("instrument_id", "interval", "starts_at")
    )


def _within(bars: pl.DataFrame, interval: Interval, session: dt.date) -> pl.DataFrame:
    first = window_begins(interval, session)
    in_window = pl.col("session").is_between(first, session)
    return bars.filter(in_window, pl.col("interval") == interval.value)


def _of_interval(
    bars: pl.DataFrame, specs: list[Spec], session: dt.date, splits: pl.DataFrame
) -> pl.DataFrame:
    """Gives the session's rows, from bars of one interval."""
    in_basis = adjusted(bars, splits, as_of=session, view=View.SPLIT_ADJUSTED)
    known_at = pl.col("known_at").cum_max().over("instrument_id", order_by="starts_at")
    moments = bars.select(*_BAR, "session", known_at=known_at).filter(pl.col("session") == session)
    return compute(in_basis, specs, since=session, by="starts_at").join(
        moments.drop("session"), on=_BAR, maintain_order="left"
    )


def look_ahead(
    bars: pl.DataFrame, specs: Iterable[Spec], *, session: dt.date, actions: pl.DataFrame
) -> pl.DataFrame:
    """Gives the rows of a session's first half that differ when its later bars are cut away.

    None should: such a row rests on the future. Arguments and columns are those of `of_session`.
    """
    asked = list(specs)
    moment = bars.filter(pl.col("session") == session).get_column("starts_at").median()
    up_to = pl.col("starts_at") <= pl.lit(moment, pl.Datetime("us", "UTC"))
    seeing = of_session(bars, asked, session=session, actions=actions).filter(up_to)
    cut = of_session(bars.filter(up_to), asked, session=session, actions=actions)
    return seeing.join(cut, on=seeing.columns, how="anti", nulls_equal=True)
