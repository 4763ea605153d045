"""Puts bars in order: instrument by instrument, session by session."""

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
    later = _instrument_steps(bars)
    if later.min(initial=0) < 0:
        return False
    back = _steps(bars, by) < 0
    return not np.any(later[back] == 0)


def has_repeated_keys(ordered: pl.DataFrame) -> bool:
    """Says whether two rows, in order, are of one instrument and session."""
    same = _steps(ordered, "session") == 0
    return bool(np.any(_instrument_steps(ordered)[same] == 0))


def _instrument_steps(bars: pl.DataFrame) -> np.ndarray:
    return np.diff(bars.get_column("instrument_id").to_numpy())


def _steps(bars: pl.DataFrame, by: str) -> np.ndarray:
    return np.diff(bars.get_column(by).to_physical().to_numpy())
