"""Moments: when the newest of all that a row of indicators rests on was known."""

import numpy as np
import polars as pl

from quantmatrix_engine.indicators.addresses import carray, pointer
from quantmatrix_engine.indicators.base import Integers, Numbers, kernel
from quantmatrix_engine.indicators.histories import Runs
from quantmatrix_engine.indicators.sources import addresses
from quantmatrix_engine.prices.benchmark import ByDay


def newest_moments(runs: Runs, moments: pl.Series, days: Numbers, beside: ByDay) -> pl.Series:
    """Gives for each row asked for the newest moment of its history up to it.

    `moments` and `days` are the frame's. What lies `beside` the bars counts, too.
    """
    # `held` is the memory that the addresses are in: it is let go once nobody reads it.
    at, held = addresses(moments.to_physical(), runs)
    newest = _newest_moments(
        runs.of, runs.begins, at, runs.rows, runs.tails, days, beside.moments, beside.first
    )
    del held
    return pl.Series(moments.name, newest).cast(moments.dtype)


@kernel
def _newest_moments(  # noqa: PLR0913, PLR0917
    of: Integers,
    begins: Integers,
    moments: Integers,
    rows: Integers,
    tails: Integers,
    days: Numbers,
    of_days: Integers,
    first: int,
) -> Integers:
    out = np.empty(tails.sum(), dtype=np.int64)
    end = 0
    for history in range(tails.size):
        if tails[history] == 0:
            continue
        end += tails[history]
        place = end - rows[of[history] : of[history + 1]].sum()
        asked, newest = end - tails[history], np.iinfo(np.int64).min
        for run in range(of[history], of[history + 1]):
            own = carray(pointer(moments[run]), rows[run], np.int64)
            own_days = days[begins[run] : begins[run] + rows[run]]
            before = min(max(asked - place, 0), rows[run])
            # Two plain loops: the processor takes the newest of several rows at once.
            for row in range(before):
                newest = max(newest, own[row])
            for row in range(before):
                newest = max(newest, of_days[own_days[row] - first])
            for row in range(before, rows[run]):
                newest = max(newest, own[row], of_days[own_days[row] - first])
                out[place + row] = newest
            place += rows[run]
    return out
