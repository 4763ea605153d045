"""Highs and lows of the last rows."""

import numpy as np

from quantmatrix_engine.indicators.base import Series, kernel

UPWARD, DOWNWARD = True, False


@kernel
def highest_into(values: Series, window: int, out: Series) -> None:
    """Writes the largest of the last `window` values, the row's own included.

    First valid row: `window - 1`; NaN before. `values` hold no NaN.
    """
    _furthest_into(values, window, UPWARD, out)


@kernel
def lowest_into(values: Series, window: int, out: Series) -> None:
    """Writes the smallest of the last `window` values, as `highest_into` the largest."""
    _furthest_into(values, window, DOWNWARD, out)


@kernel
def _furthest_into(values: Series, window: int, is_upward: bool, out: Series) -> None:
    """Writes the largest or smallest value of the window.

    That of 4p rows is that of four stretches of p rows: it takes a pass for each time that four
    goes into the window, each a plain loop that the processor does for several rows at once.
    """
    size = values.size
    out[: min(window - 1, size)] = np.nan
    if window > size:
        return
    reach, power = values, 1
    while 4 * power <= window:
        wider = np.empty(size)
        _of_four_into(reach, power, 4 * power, is_upward, wider)
        reach, power = wider, 4 * power
    # Four stretches of `power` rows cover the window; they may overlap.
    _of_four_into(reach, power, window, is_upward, out)


@kernel
def _of_four_into(reach: Series, power: int, window: int, is_upward: bool, out: Series) -> None:
    """Writes the furthest of `window` rows, from row `window - 1` on.

    `reach` has that of `power` rows, from row `power - 1` on; the window is up to four times as
    long.
    """
    one, four = reach[window - 1 :], reach[power - 1 :]
    two = reach[max(window - 1 - power, power - 1) :]
    three = reach[max(window - 1 - 2 * power, power - 1) :]
    furthest = out[window - 1 :]
    for row in range(furthest.size):
        late = one[row] if (one[row] > two[row]) == is_upward else two[row]
        early = three[row] if (three[row] > four[row]) == is_upward else four[row]
        furthest[row] = late if (late > early) == is_upward else early
