"""Puts bars in order: instrument by instrument, session by session."""

import numpy as np
import polars as pl

# Gathering runs of fewer rows than this is no faster than sorting.
SHORTEST_RUN = 8


def in_order(bars: pl.DataFrame, by: str = "session") -> pl.DataFrame:
    """Gives the rows sorted by instrument_id and `by`; rows equal in both keep their order.

    What is read comes in long runs of one instrument (a file a year, each in order). Those are put
    one behind the other, which is many times faster than sorting rows.
    """
    if is_in_order(bars, by):
        return bars
    instruments = bars.get_column("instrument_id").to_numpy()
    starts = np.concatenate([[0], np.flatnonzero(np.diff(instruments)) + 1])
    if starts.size * SHORTEST_RUN <= instruments.size:
        moments = bars.get_column(by).to_physical().to_numpy()[starts]
        joined = bars[_rows_of_runs(instruments, moments, starts)]
        if is_in_order(joined, by):
            return joined
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


def _rows_of_runs(instruments: np.ndarray, moments: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Gives the row numbers of the runs, which begin at `starts` and at `moments`, in order."""
    lengths = np.diff(np.append(starts, instruments.size))
    order = np.lexsort((moments, instruments[starts]))
    starts, lengths = starts[order], lengths[order]
    begins = np.cumsum(lengths) - lengths
    return np.repeat(starts - begins, lengths) + np.arange(instruments.size)
