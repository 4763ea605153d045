"""Exponential smoothing: seeded with a mean, four rows at a time."""

import numpy as np

from quantmatrix_engine.indicators.base import Series, kernel

AT_ONCE = 4


@kernel
def smooth_into(
    values: Series, start: int, seed: float, share: float, kept: float, out: Series
) -> None:
    """Writes from row `start` on `share` of the row's value and `kept` of the row before.

    The row before `start` counts as `seed`; rows before `start` are left as they are. `out` is
    another array than `values`. A row waits for the one before it, which would be most of the time
    this takes. So each row first gets what the last four values are worth to it, for which none
    has to wait, and then adds what is left of the row four before.
    """
    first = min(start + AT_ONCE, values.size)
    value = seed
    # Two loops: multiplied and added in one, the last digit would depend on where the series ends.
    for row in range(start, first):
        out[row] = share * values[row]
    for row in range(start, first):
        value = out[row] + kept * value
        out[row] = value
    _last_four_into(values[start + 1 :], share, kept, out[first:])
    _add_fourth_before(out[start:], kept * kept * kept * kept)


@kernel
def _last_four_into(values: Series, share: float, kept: float, out: Series) -> None:
    """Writes what four values in a row, the newest last, are worth; out[0] of the first four."""
    newest, third, second = values[3:], values[2:], values[1:]
    for row in range(out.size):
        older = third[row] + kept * (second[row] + kept * values[row])
        out[row] = share * (newest[row] + kept * older)


@kernel
def _add_fourth_before(out: Series, kept: float) -> None:
    """Adds to each row, from the fifth on, `kept` of the sum four rows before.

    Four sums run side by side. None is seen twice, so a row's digits do not depend on where the
    series ends.
    """
    if out.size <= AT_ONCE:
        return
    one, two, three, four = out[0], out[1], out[2], out[3]
    whole = out.size // AT_ONCE * AT_ONCE
    for row in range(AT_ONCE, whole, AT_ONCE):
        one = out[row] + kept * one
        two = out[row + 1] + kept * two
        three = out[row + 2] + kept * three
        four = out[row + 3] + kept * four
        out[row], out[row + 1], out[row + 2], out[row + 3] = one, two, three, four
    for row in range(whole, out.size):
        out[row] += kept * out[row - AT_ONCE]


@kernel
def smoothed_from_mean_into(
    values: Series, first: int, window: int, share: float, kept: float, out: Series
) -> None:
    """Writes from row `first` on the smoothed mean, whose seed is the mean of `window` values.

    They end with row `first`. Later rows take `share` of their value and keep `kept` of the row
    before; NaN before `first`. In the values' unit; `out` is another array than `values`.
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
