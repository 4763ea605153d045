"""Series that several indicators read and that are made from the bars once a plan."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from quantmatrix_engine.indicators.base import Series, kernel


@dataclass(frozen=True)
class SharedSeries:
    """`kernel(*reads, *outs)` writes the series an indicator may name among its inputs.

    It gets the columns of the bars named in `reads`, of one instrument, and writes every cell.
    """

    kernel: Callable[..., None]
    reads: tuple[str, ...]
    writes: tuple[str, ...]


@kernel
def true_range_into(high: Series, low: Series, close: Series, out: Series) -> None:
    """Writes how far the price travelled since the previous close, in the price's unit.

    The larger of high and previous close, less the smaller of low and previous close (Wilder,
    New Concepts in Technical Trading Systems, 1978). First valid row: 1; NaN at row 0.
    """
    out[0] = np.nan
    tops, bottoms, before, ranges = high[1:], low[1:], close[:-1], out[1:]
    for row in range(before.size):
        upper = tops[row] if tops[row] > before[row] else before[row]
        lower = bottoms[row] if bottoms[row] < before[row] else before[row]
        ranges[row] = upper - lower


@kernel
def totals_into(values: Series, total: Series, rest: Series) -> None:
    """Writes the sum of all values up to the row, and what it lost to rounding.

    A difference of two totals would have few digits left where values were once a billion times
    larger; with the difference of the two rests it has all of them (Knuth, The Art of Computer
    Programming 2, 4.2.2, theorem B).
    """
    so_far, lost = 0.0, 0.0
    for row in range(values.size):
        value = values[row]
        longer = so_far + value
        added = longer - so_far
        lost += (so_far - (longer - added)) + (value - added)
        so_far = longer
        total[row], rest[row] = longer, lost


SHARED = (
    SharedSeries(true_range_into, reads=("high", "low", "close"), writes=("true_range",)),
    SharedSeries(totals_into, reads=("close",), writes=("close_total", "close_total_rest")),
)

SHARED_SERIES: Mapping[str, SharedSeries] = {
    name: shared for shared in SHARED for name in shared.writes
}
"""What makes a series, keyed by the series' name."""
