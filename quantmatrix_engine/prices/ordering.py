"""Puts bars in order: instrument by instrument, session by session."""

import datetime as dt

import numpy as np
import polars as pl


def in_order(bars: pl.DataFrame, by: str = "session") -> pl.DataFrame:
    """Gives the rows sorted by instrument_id and `by`; rows equal in both keep their order.

    Histories of many instruments are put in order by `indicators.runs.put_together`, which is many
    times faster than sorting rows.
    """
    if is_in_order(bars, by):
        return bars
    return bars.sort("instrument_id", by, maintain_order=True)


def is_in_order(bars: pl.DataFrame, by: str = "session") -> bool:
    """Says whether no row comes before the one above it."""
    # Compared in place: millions of differences would each need a number.
    instruments, moments = _key(bars, by)
    if np.any(instruments[1:] < instruments[:-1]):
        return False
    is_earlier = moments[1:] < moments[:-1]
    return not np.any(is_earlier & (instruments[1:] == instruments[:-1]))


def has_repeated_keys(ordered: pl.DataFrame) -> bool:
    """Says whether two rows, in order, are of one instrument and session."""
    instruments, sessions = _key(ordered, "session")
    is_same = sessions[1:] == sessions[:-1]
    return bool(np.any(is_same & (instruments[1:] == instruments[:-1])))


def days_of(bars: pl.DataFrame, by: str = "session") -> np.ndarray:
    """Gives each row's session as days since 1970-01-01, int32; of `by` a moment as its integer."""
    days: np.ndarray = bars.get_column(by).to_physical().to_numpy()
    return days


def up_to(bars: pl.DataFrame, last: dt.date) -> pl.DataFrame:
    """Gives the rows up to the session `last`: where that is all, the bars as they are."""
    is_later = bars.get_column("session") > last
    return bars.filter(~is_later) if is_later.any() else bars


def _key(bars: pl.DataFrame, by: str) -> tuple[np.ndarray, np.ndarray]:
    instruments = bars.get_column("instrument_id").to_numpy()
    return instruments, days_of(bars, by)
