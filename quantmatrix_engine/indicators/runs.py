"""Bars in order out of the pieces they were read in, for what looks at all of their history."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from quantmatrix_engine.indicators.base import Integers, Numbers, kernel
from quantmatrix_engine.prices.ordering import days_of, in_order, is_in_order

# Moving runs of fewer rows than this is no faster than sorting.
_SHORTEST_RUN = 8


def put_together(bars: pl.DataFrame, by: str = "session") -> pl.DataFrame:
    """Gives the rows sorted by instrument_id and `by`, in one piece; equal ones keep their order.

    What is read lies in pieces, a file a year or session, each in order, so that the rows of an
    instrument come in long runs. Their columns are copied to where they belong, run by run, which
    is many times faster than sorting rows, and moves each column once.
    """
    if is_in_order(bars, by):
        return bars.rechunk()
    instruments = bars.get_column("instrument_id").to_numpy()
    starts = run_starts(instruments)
    if starts.size * _SHORTEST_RUN > instruments.size:
        return in_order(bars, by).rechunk()
    moments = days_of(bars, by)[starts]
    order = np.lexsort((moments, instruments[starts]))
    lengths = np.diff(np.append(starts, instruments.size))
    begins = np.empty_like(starts)
    begins[order] = starts_of(lengths[order])[:-1]
    return in_order(pl.DataFrame([_moved(column, starts, begins) for column in bars]), by)


def starts_of(lengths: Sequence[int] | Numbers) -> Integers:
    """Gives where each of some stretches end to end begins, and where the last one ends."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


@kernel
def run_starts(instruments: Numbers) -> Integers:
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


def _moved(column: pl.Series, starts: Integers, begins: Integers) -> pl.Series:
    """Gives the column with the runs that begin at `starts` moved to where they shall begin."""
    if column.has_nulls() or not _is_plain(column.dtype):
        return column if _is_one_text(column) else column.rechunk()[_rows(column, starts, begins)]
    pieces = [piece.to_physical().to_numpy() for piece in column.get_chunks()]
    out = np.empty(column.len(), dtype=pieces[0].dtype)
    first = 0
    for piece in pieces:
        _move_runs(piece, first, starts, begins, out)
        first += piece.size
    return pl.Series(column.name, out).cast(column.dtype)


def _is_plain(kind: pl.DataType) -> bool:
    return kind in {pl.Int64, pl.Int32, pl.Float64, pl.Boolean, pl.Date} or kind == pl.Datetime


def _is_one_text(column: pl.Series) -> bool:
    is_text = column.dtype == pl.String and not column.has_nulls()
    return is_text and bool((column == column[0]).all())


@kernel
def _move_runs(
    piece: Numbers, first: int, starts: Integers, begins: Integers, out: Numbers
) -> None:
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


def _rows(column: pl.Series, starts: Integers, begins: Integers) -> Integers:
    """Gives the row that comes to each place when the runs are moved."""
    rows = np.empty(column.len(), dtype=np.int64)
    _move_runs(np.arange(column.len()), 0, starts, begins, rows)
    return rows
