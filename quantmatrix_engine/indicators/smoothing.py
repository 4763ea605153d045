"""Exponential smoothing: seeded with a mean, four rows at a time."""

import numpy as np

from quantmatrix_engine.indicators.base import Series, kernel


@kernel
def smooth_into(
    values: Series, start: int, seed: float, share: float, kept: float, out: Series
) -> None:
    """Writes from row `start` on `share` of the row's value and `kept` of the row before.

    The row before `start` counts as `seed`; rows before `start` are left as they are. A row waits
    for the one before it, which is most of the time this takes; so what four rows take from their
    own values is added up first, and only every fourth waits.
    """
    second, third, fourth = kept * kept, kept * kept * kept, kept * kept * kept * kept
    last = values.size - 1
    value = seed
    for row in range(start, values.size, 4):
        # The last rows go through the same sums as all others, or their last digit would depend
        # on where the series ends: what is past the end is read and written at the last row, and
        # the write that belongs there comes after those that do not.
        at_two, at_three, at_four = min(row + 1, last), min(row + 2, last), min(row + 3, last)
        one = share * values[row]
        two = share * values[at_two] + kept * one
        three = share * values[at_three] + kept * two
        four = share * values[at_four] + kept * three
        out[at_four] = four + fourth * value
        out[at_three] = three + third * value
        out[at_two] = two + second * value
        out[row] = one + kept * value
        value = four + fourth * value


@kernel
def smoothed_from_mean_into(
    values: Series, first: int, window: int, share: float, kept: float, out: Series
) -> None:
    """Writes from row `first` on the smoothed mean, whose seed is the mean of `window` values.

    They end with row `first`. Later rows take `share` of their value and keep `kept` of the row
    before; NaN before `first`. In the values' unit.
    """
    size = values.size
    out[: min(first, size)] = np.nan
    if size <= first:
        return
    base = values[first - window + 1]
    total = 0.0
    for row in range(first - window + 2, first + 1):
        total += values[row] - base
    seed = base + total / window
    out[first] = seed
    smooth_into(values, first + 1, seed, share, kept, out)
