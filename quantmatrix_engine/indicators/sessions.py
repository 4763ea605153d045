"""Indicators of a range of sessions, each from the bars known up to that session."""

import datetime as dt
from collections.abc import Iterable

import polars as pl

from quantmatrix_engine.indicators.base import Spec
from quantmatrix_engine.indicators.compute import compute
from quantmatrix_engine.prices.restatement import newest_known


def of_sessions(
    bars: pl.DataFrame, specs: Iterable[Spec], *, first: dt.date, last: dt.date
) -> pl.DataFrame:
    """Gives the indicators (contract Indicators) of the sessions from `first` to `last`.

    `bars` keeps the contract Bars, with every vintage and as much history as there is; bars after
    `last` are not looked at. `known_at` is the newest one among the bars up to the row.
    """
    known = newest_known(bars.filter(pl.col("session") <= last))
    moments = known.select(
        "instrument_id",
        "session",
        pl.col("known_at").cum_max().over("instrument_id", order_by="session"),
    )
    asked = moments.filter(pl.col("session") >= first)
    values = compute(known, specs).filter(pl.col("session") >= first)
    return values.join(asked, on=["instrument_id", "session"]).sort("instrument_id", "session")


def look_ahead(
    bars: pl.DataFrame, specs: Iterable[Spec], *, session: dt.date, until: dt.date
) -> pl.DataFrame:
    """Gives the rows of a session that differ when the bars after it, up to `until`, are cut away.

    None should: a row here rests on the future. Columns as in the contract Indicators.
    """
    asked = list(specs)
    seeing = of_sessions(bars.filter(pl.col("session") <= until), asked, first=session, last=until)
    cut = of_sessions(bars, asked, first=session, last=session)
    columns = [column for spec in asked for column in spec.columns()]
    return seeing.filter(pl.col("session") == session).join(
        cut, on=["instrument_id", *columns], how="anti", nulls_equal=True
    )
