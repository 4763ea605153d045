"""Which instruments lack a bar of a session, though they traded lately."""

import datetime as dt

import polars as pl

from quantmatrix_engine import calendars
from quantmatrix_engine.prices import coverage, screening
from quantmatrix_pipelines.lake import Lake


def behind(lake: Lake, catalogue: pl.DataFrame, session: dt.date) -> pl.DataFrame:
    """Gives the coverage (contract Coverage) of the instruments without a bar of a session.

    `catalogue` keeps the contract Instruments. One that never had a bar, or had its last one long
    ago, is none of them. The furthest behind come first, then by symbol.
    """
    since = calendars.sessions_before(session, screening.LOOK_BACK_SESSIONS)
    lately = lake.read("bars", first=since, last=session, columns=["instrument_id", "session"])
    return coverage.late(coverage.coverage(lately, catalogue, session)).drop_nulls("last_session")
