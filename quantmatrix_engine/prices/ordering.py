"""Puts bars in order: instrument by instrument, session by session."""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from quantmatrix_engine.kernels import kernel

# Gathering runs of fewer rows than this is no faster than sorting.
SHORTEST_RUN = 8

Numbers = npt.NDArray[Any]
"""A column as it lies in memory: ids, days, moments, prices."""

Rows = npt.NDArray[np.int64]


def in_order(bars: pl.DataFrame, by: str = "session") -> pl.DataFrame:
    """Gives the rows sorted by instrument_id and `by`; rows equal in both keep their order.

    What is read comes in long runs of one instrument (a file a year, each in order). Those are put
    one behind the other, which is many times faster than sorting rows.
    """
    if is_in_order(bars, by):
        return bars
    instruments = bars.get_column("instrument_id").to_numpy()
    starts = run_starts(instruments)
    if starts.size * SHORTEST_RUN <= instruments.size:
        moments = _moments(bars, by)[starts]
        joined = _joined(bars, starts, np.lexsort((moments, instruments[starts])))
        if is_in_order(joined, by):
            return joined
    return bars.sort("instrument_id", by, maintain_order=True)


def is_in_order(bars: pl.DataFrame, by: str = "session") -> bool:
    """Says whether no row comes before the one above it."""
    return not _goes_back(bars.get_column("instrument_id").to_numpy(), _moments(bars, by))


def has_repeated_keys(ordered: pl.DataFrame) -> bool:
    """Says whether two rows, in order, are of one instrument and session."""
    instruments = ordered.get_column("instrument_id").to_numpy()
    return bool(_repeats(instruments, _moments(ordered, "session")))


def _moments(bars: pl.DataFrame, by: str) -> Numbers:
    return bars.get_column(by).to_physical().to_numpy()


@kernel
def _goes_back(instruments: Numbers, moments: Numbers) -> bool:
    for row in range(1, instruments.size):
        is_same = instruments[row] == instruments[row - 1]
        if instruments[row] < instruments[row - 1] or (is_same and moments[row] < moments[row - 1]):
            return True
    return False


@kernel
def _repeats(instruments: Numbers, moments: Numbers) -> bool:
    for row in range(1, instruments.size):
        if moments[row] == moments[row - 1] and instruments[row] == instruments[row - 1]:
            return True
    return False


@kernel
def run_starts(instruments: Numbers) -> Rows:
    """Gives the rows whose instrument is not that of the row above, the first row among them."""
    count = 0
    for row in range(instruments.size):
        count += row == 0 or instruments[row] != instruments[row - 1]
    starts = np.empty(count, dtype=np.int64)
    count = 0
    for row in range(instruments.size):
        if row == 0 or instruments[row] != instruments[row - 1]:
            starts[count] = row
            count += 1
    return starts


def _joined(bars: pl.DataFrame, starts: Rows, order: Rows) -> pl.DataFrame:
    """Gives the runs that begin at `starts` one behind the other, in their `order`."""
    lengths = np.diff(np.append(starts, bars.height))
    begins = np.empty_like(starts)
    begins[order] = np.cumsum(lengths[order]) - lengths[order]
    return pl.DataFrame([_moved(column, starts, begins) for column in bars])


def _moved(column: pl.Series, starts: Rows, begins: Rows) -> pl.Series:
    """Gives the column with the runs that begin at `starts` moved to where they shall begin.

    Numbers without a null are copied run by run, out of the pieces they were read in.
    """
    kind = column.dtype
    is_number = kind.is_numeric() or kind.is_temporal() or kind == pl.Boolean
    if not is_number or column.has_nulls():
        return column if _is_one_value(column) else column.rechunk()[_rows(column, starts, begins)]
    pieces = [piece.to_physical().to_numpy() for piece in column.get_chunks()]
    out = np.empty(column.len(), dtype=pieces[0].dtype)
    first = 0
    for piece in pieces:
        _move_runs(piece, first, starts, begins, out)
        first += piece.size
    return pl.Series(column.name, out).cast(column.dtype)


def _is_one_value(column: pl.Series) -> bool:
    return not column.has_nulls() and bool((column == column[0]).all())


@kernel
def _move_runs(piece: Numbers, first: int, starts: Rows, begins: Rows, out: Numbers) -> None:
    """Copies the runs' rows that lie in the piece, whose first row is `first`."""
    run = np.searchsorted(starts, first, side="right") - 1
    done = 0
    while done < piece.size:
        row = first + done
        end = starts[run + 1] if run + 1 < starts.size else first + piece.size
        length = min(end - row, piece.size - done)
        begin = begins[run] + row - starts[run]
        out[begin : begin + length] = piece[done : done + length]
        done += length
        run += 1


def _rows(column: pl.Series, starts: Rows, begins: Rows) -> Rows:
    """Gives the row that comes to each place when the runs are moved."""
    rows = np.empty(column.len(), dtype=np.int64)
    _move_runs(np.arange(column.len()), 0, starts, begins, rows)
    return rows
