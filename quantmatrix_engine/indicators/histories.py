"""Histories: bars of an instrument in order, as runs of rows of the pieces they were read in.

What is read lies in pieces, a file a year or session, each in order, so that the rows of an
instrument come in long runs. Kernels are given the runs of one history after another; nothing is
moved before.
"""

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from quantmatrix_engine.indicators.base import Integers, Numbers, Series, kernel
from quantmatrix_engine.indicators.runs import put_together, starts_of
from quantmatrix_engine.prices.ordering import days_of

# Bars whose runs are shorter than this many rows, in the mean, are put in order sooner than copied
# run by run.
_SHORTEST_RUN = 3


@dataclass(frozen=True)
class Runs:
    """Histories, each of runs of rows that lie somewhere in a frame, one after another.

    History h has the runs from `of[h]` to before `of[h + 1]`. Run r is `rows[r]` rows of the frame
    from row `begins[r]` on, whose prices are multiplied by `scales[r]`. Of history h the last
    `tails[h]` rows are asked for.
    """

    of: Integers
    begins: Integers
    rows: Integers
    scales: Series
    tails: Integers

    def lengths(self) -> Integers:
        """Gives how many rows each history has."""
        ends = starts_of(self.rows)
        lengths: Integers = ends[self.of[1:]] - ends[self.of[:-1]]
        return lengths

    def part(self, first: int, past: int) -> "Runs":
        """Gives the histories from `first` to before `past`."""
        return replace(self, of=self.of[first : past + 1], tails=self.tails[first:past])


@dataclass(frozen=True)
class Known:
    """Bars, and where the history of each of the `instruments`, in rising order, lies in them.

    `days` are the bars' sessions as days since 1970-01-01.
    """

    bars: pl.DataFrame
    days: Numbers
    instruments: Integers
    runs: Runs


def one_by_one(offsets: Integers, tails: Integers | None = None) -> Runs:
    """Gives histories that lie end to end: h has the rows from `offsets[h]` to `offsets[h + 1]`."""
    rows = np.diff(offsets)
    return Runs(
        of=np.arange(offsets.size),
        begins=offsets[:-1],
        rows=rows,
        scales=np.ones(rows.size),
        tails=rows if tails is None else tails,
    )


def known(bars: pl.DataFrame) -> Known:
    """Gives each instrument's history, of its bars as they are known last; all rows are asked for.

    `bars` keeps the contract Bars, holds every vintage and comes in any order; it may lack a
    `provider`, by which vintages of one moment are ordered. Rows of which a newer vintage is there
    are in no run. Bars without runs to speak of come back in order.
    """
    found = _found(bars)
    if found.runs.rows.size * _SHORTEST_RUN > bars.height:
        found = _found(put_together(bars))
    apart = found.instruments[_overlapping(found.runs, found.days)]
    if apart.size:
        left = without(found.runs, _superseded(found.bars, apart))
        found = replace(found, runs=_in_order(left, found.days))
    if _overlapping(found.runs, found.days).size:
        return known(put_together(bars))
    within = split(found.runs, _borders(found.bars))
    return replace(found, runs=replace(within, tails=within.lengths()))


def _found(bars: pl.DataFrame) -> Known:
    """Gives the runs of rising sessions of each instrument, by their first session."""
    days = days_of(bars)
    starts, ids = _rising_runs(bars.get_column("instrument_id").cast(pl.Int64), days)
    rows = np.diff(np.append(starts, days.size))
    order = np.lexsort((days[starts], ids))
    instruments, firsts = np.unique(ids[order], return_index=True)
    runs = Runs(
        of=np.append(firsts, starts.size),
        begins=starts[order],
        rows=rows[order],
        scales=np.ones(starts.size),
        tails=np.zeros(instruments.size, dtype=np.int64),
    )
    return Known(bars, days, instruments, runs)


def _in_order(runs: Runs, days: Numbers) -> Runs:
    """Gives the runs of each history by their first session."""
    order = np.lexsort((days[runs.begins], _histories(runs)))
    return replace(runs, begins=runs.begins[order], rows=runs.rows[order])


def _overlapping(runs: Runs, days: Numbers) -> Integers:
    """Gives the histories, rising numbers, of which a run begins before the one above it ends."""
    history = _histories(runs)
    last = days[runs.begins[:-1] + runs.rows[:-1] - 1]
    overlaps = (history[1:] == history[:-1]) & (last >= days[runs.begins[1:]])
    return np.unique(history[1:][overlaps])


def _histories(runs: Runs) -> Integers:
    """Gives the history of each run."""
    return np.repeat(np.arange(runs.of.size - 1), np.diff(runs.of))


def _superseded(bars: pl.DataFrame, instruments: Integers) -> Integers:
    """Gives the rows of some instruments of which a newer vintage is there."""
    key = ["instrument_id", "session", "known_at", *{"provider"}.intersection(bars.columns)]
    is_asked = pl.col("instrument_id").is_in(pl.Series(instruments).implode())
    ordered = bars[key].with_row_index("row").filter(is_asked).sort(key, maintain_order=True)
    same = [pl.col(name) == pl.col(name).shift(-1) for name in ("instrument_id", "session")]
    rows = ordered.filter(*same).get_column("row").sort()
    return rows.to_numpy().astype(np.int64)


def _rising_runs(ids: pl.Series, days: Numbers) -> tuple[Integers, Integers]:
    """Gives the rows that are not a later session of the row above's instrument, and their ids."""
    # As many as there can be; memory that nothing is written to costs nothing.
    starts, of_starts = np.empty((2, ids.len()), dtype=np.int64)
    count, first = 0, 0
    for piece in ids.get_chunks():
        # In a piece of their own ids need not be copied to lie beside those of the others.
        count = _add_starts(piece.to_numpy(), days, first, count, starts, of_starts)
        first += piece.len()
    return starts[:count].copy(), of_starts[:count].copy()


@kernel
def _add_starts(
    ids: Integers,
    days: Numbers,
    first: int,
    count: int,
    starts: Integers,
    of_starts: Integers,
) -> int:
    """Adds the starts of a piece, whose first row is `first`, to the `count` of those before.

    Gives how many there are then.
    """
    own = days[first : first + ids.size]
    for row in range(ids.size):
        if row > 0:
            is_later = ids[row] == ids[row - 1] and own[row] > own[row - 1]
        else:
            is_later = count > 0 and of_starts[count - 1] == ids[0] and own[0] > days[first - 1]
        if not is_later:
            starts[count], of_starts[count] = first + row, ids[row]
            count += 1
    return count


def _borders(bars: pl.DataFrame) -> Integers:
    """Gives the rows at which a piece of some column begins."""
    lengths = {tuple(column.chunk_lengths()) for column in bars}
    return np.unique([row for one in lengths for row in np.cumsum(one)]).astype(np.int64)


def split(runs: Runs, borders: Integers) -> Runs:
    """Gives runs of which none goes on over one of the borders, rising row numbers."""
    ends = runs.begins + runs.rows
    first = np.searchsorted(borders, runs.begins, side="right")
    pieces = np.searchsorted(borders, ends, side="left") - first + 1
    owner = np.repeat(np.arange(pieces.size), pieces)
    offsets = starts_of(pieces)
    number = np.arange(owner.size) - offsets[owner]
    inner = np.append(borders, 0)
    begins = np.where(number == 0, runs.begins[owner], inner[first[owner] + number - 1])
    is_last = number == pieces[owner] - 1
    past = np.where(is_last, ends[owner], inner[np.minimum(first[owner] + number, borders.size)])
    return replace(
        runs,
        of=offsets[runs.of],
        begins=begins,
        rows=past - begins,
        scales=runs.scales[owner],
    )


def without(runs: Runs, rows: Integers) -> Runs:
    """Gives the runs without some rows of the frame, rising numbers.

    Of runs that lose a row all that is left is asked for; a history can be left without any.
    """
    if rows.size == 0:
        return runs
    apart = split(runs, np.unique(np.concatenate([rows, rows + 1])))
    stays = ~np.isin(apart.begins, rows)
    left = replace(
        apart,
        of=starts_of(stays)[apart.of],
        begins=apart.begins[stays],
        rows=apart.rows[stays],
        scales=apart.scales[stays],
    )
    return replace(left, tails=left.lengths())


def asked_since(runs: Runs, days: Numbers, first: dt.date) -> Runs:
    """Gives the runs, asked for their rows of `first` and later. `days` are the frame's."""
    tails = _rows_since(runs.of, runs.begins, runs.rows, days, day_number(first))
    return replace(runs, tails=tails)


def day_number(day: dt.date) -> int:
    """Gives a date as days since 1970-01-01."""
    return (day - dt.date(1970, 1, 1)).days


@kernel
def _rows_since(
    of: Integers, begins: Integers, rows: Integers, days: Numbers, first: int
) -> Integers:
    tails = np.zeros(of.size - 1, dtype=np.int64)
    for history in range(tails.size):
        for run in range(of[history + 1] - 1, of[history] - 1, -1):
            of_run = days[begins[run] : begins[run] + rows[run]]
            tails[history] += rows[run] - np.searchsorted(of_run, first)
            if of_run[0] < first:
                break
    return tails


def asked_rows(runs: Runs) -> Integers:
    """Gives the rows of the frame that are asked for, one history after another."""
    return _asked_rows(runs.of, runs.begins, runs.rows, runs.tails)


@kernel
def _asked_rows(of: Integers, begins: Integers, rows: Integers, tails: Integers) -> Integers:
    out = np.empty(tails.sum(), dtype=np.int64)
    end = 0
    for history in range(tails.size):
        left = tails[history]
        end += left
        place = end
        for run in range(of[history + 1] - 1, of[history] - 1, -1):
            count = min(left, rows[run])
            past = begins[run] + rows[run]
            place -= count
            for row in range(count):
                out[place + row] = past - count + row
            left -= count
            if left == 0:
                break
    return out
