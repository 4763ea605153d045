"""Price bases: one history of an instrument for each basis that its rows are asked in."""

import datetime as dt

import numpy as np
import polars as pl

from quantmatrix_engine.indicators.base import Integers, Numbers, Series, exact_kernel
from quantmatrix_engine.indicators.histories import Runs, day_number
from quantmatrix_engine.indicators.runs import starts_of
from quantmatrix_engine.prices.ordering import days_of

_NEVER = np.iinfo(np.int32).max


def in_bases(
    runs: Runs, instruments: Integers, days: Numbers, splits: pl.DataFrame, first: dt.date
) -> Runs:
    """Gives the histories that the rows of `first` and later are computed from.

    Each of these rows is in the price basis of its own session: prices before it are divided by
    the ratio of every split since, up to it. So an instrument with n splits after `first` comes
    n + 1 times, each time up to the next ex-date and asked for the rows since the one before; one
    without such rows does not come. `runs` hold one history of each of the `instruments`, and
    `days` are the frame's. `splits` have instrument_id, ex_date and ratio, in any order.
    """
    at_once = _at_once(splits, instruments)
    ex_days = days_of(at_once, "ex_date")
    of_splits = np.searchsorted(at_once.get_column("instrument_id").to_numpy(), instruments)
    events = np.append(of_splits, ex_days.size)
    begun = day_number(first)
    later = starts_of(ex_days > begun)
    bases = later[events[1:]] - later[events[:-1]] + 1
    most = int((bases * (np.diff(runs.of) + np.diff(events))).sum())
    of, tails = np.zeros((2, int(bases.sum()) + 1), dtype=np.int64)
    begins, rows = np.empty((2, most), dtype=np.int64)
    scales = np.empty(most)
    ratios = at_once.get_column("ratio").to_numpy()
    asked = runs.of, runs.begins, runs.rows, days, events, ex_days, ratios, begun
    histories, parts = _in_bases(*asked, of, begins, rows, scales, tails)
    return Runs(
        of[: histories + 1], begins[:parts], rows[:parts], scales[:parts], tails[:histories]
    )


def _at_once(splits: pl.DataFrame, instruments: Integers) -> pl.DataFrame:
    """Gives the splits of the instruments, those of one date as one, by instrument and date."""
    return (
        splits.filter(pl.col("instrument_id").is_in(pl.Series(instruments).implode()))
        .group_by("instrument_id", "ex_date")
        .agg(pl.col("ratio").product())
        .sort("instrument_id", "ex_date")
    )


@exact_kernel
def _in_bases(  # noqa: PLR0913, PLR0917
    of: Integers,
    begins: Integers,
    rows: Integers,
    days: Numbers,
    events: Integers,
    ex_days: Numbers,
    ratios: Series,
    first: int,
    out_of: Integers,
    out_begins: Integers,
    out_rows: Integers,
    out_scales: Series,
    out_tails: Integers,
) -> tuple[int, int]:
    """Writes the runs of each history in each basis; gives how many histories and runs those are.

    Splits of instrument i are those from `events[i]` to before `events[i + 1]`.
    """
    histories, parts = 0, 0
    for instrument in range(of.size - 1):
        past_basis, past_event = events[instrument], events[instrument + 1]
        while past_basis < past_event and ex_days[past_basis] <= first:
            past_basis += 1
        asked = first
        while True:
            end = ex_days[past_basis] if past_basis < past_event else _NEVER
            event, begun, tail = events[instrument], parts, 0
            for run in range(of[instrument], of[instrument + 1]):
                row, past_run = begins[run], begins[run] + rows[run]
                while row < past_run and days[row] < end:
                    while event < past_basis and ex_days[event] <= days[row]:
                        event += 1
                    until = ex_days[event] if event < past_basis else end
                    of_part = days[row:past_run]
                    count = np.searchsorted(of_part, until)
                    scale = 1.0
                    for since in range(past_basis - 1, event - 1, -1):
                        scale *= 1.0 / ratios[since]
                    out_begins[parts], out_rows[parts], out_scales[parts] = row, count, scale
                    parts += 1
                    tail += int(count - np.searchsorted(of_part[:count], asked))
                    row += count
            if tail == 0:
                parts = begun
            else:
                out_tails[histories] = tail
                histories += 1
                out_of[histories] = parts
            if past_basis == past_event:
                break
            asked = int(ex_days[past_basis])
            past_basis += 1
    return histories, parts
