"""Coverage and freshness: what bars there are of each instrument, and how far behind it is."""

import datetime as dt

import polars as pl

from quantmatrix_engine import calendars
from quantmatrix_engine.contracts.coverage import Coverage
from quantmatrix_engine.contracts.shape import types_of
from quantmatrix_engine.prices.considered import listed

# An instrument without a bar for longer than this is taken to have left the market.
ENDED_AFTER_SESSIONS = 20
_SCHEMA = types_of(Coverage)


def coverage(bars: pl.DataFrame, instruments: pl.DataFrame, session: dt.date) -> pl.DataFrame:
    """Gives what bars there are of each instrument listed on a session (contract Coverage).

    `bars` needs instrument_id and session and may hold several vintages or providers of one bar;
    rows after `session`, and dates that are no session, are not looked at. `instruments` keeps the
    contract Instruments. The furthest behind come first, then by symbol.
    """
    place = _places(session)
    newest = place.get_column("place").max()
    held = (
        bars.filter(pl.col("session") <= session)
        .select("instrument_id", "session")
        .unique()
        .join(place, on="session")
        .group_by("instrument_id")
        .agg(
            first_session=pl.col("session").min(),
            last_session=pl.col("session").max(),
            first_place=pl.col("place").min(),
            last_place=pl.col("place").max(),
            bars=pl.len(),
        )
    )
    spanned = pl.col("last_place") - pl.col("first_place") + 1
    since_first = newest - pl.col("first_place") + 1
    counted = (
        listed(instruments, session)
        .unique("instrument_id", keep="first", maintain_order=True)
        .join(held, on="instrument_id", how="left")
        .with_columns(
            sessions_behind=newest - pl.col("last_place"),
            missing=(spanned - pl.col("bars")).fill_null(0),
            coverage_pct=100 * pl.col("bars") / since_first,
            bars=pl.col("bars").fill_null(0),
        )
    )
    return counted.select(pl.col(name).cast(of) for name, of in _SCHEMA.items()).sort(
        pl.col("sessions_behind").is_null(),
        "sessions_behind",
        "symbol",
        descending=[True, True, False],
    )


def late(found: pl.DataFrame) -> pl.DataFrame:
    """Gives the rows of a coverage whose newest bar is missing though they still trade.

    One that had its last bar long ago has left the market and is not late; one that never had a bar
    is.
    """
    behind = pl.col("sessions_behind")
    return found.filter(behind.is_null() | behind.is_between(1, ENDED_AFTER_SESSIONS))


def _places(session: dt.date) -> pl.DataFrame:
    """Gives the sessions up to one, numbered."""
    sessions = calendars.sessions(dt.date.min, session)
    return (
        pl.DataFrame({"session": sessions}, schema={"session": pl.Date})
        .with_row_index("place")
        .cast({"place": pl.Int64})
    )
