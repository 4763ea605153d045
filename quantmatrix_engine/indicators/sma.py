"""Simple moving average of the close."""

import numpy as np

from quantmatrix_engine.indicators.base import Indicator, Param, Series, kernel


@kernel
def sma_into(values: Series, window: int, out: Series) -> None:
    """Writes the mean of the last `window` values, the row's own included, in the values' unit.

    First valid row: `window - 1`; NaN before. Each row is added up from its own window alone, so
    nothing is lost to older values: a price adjusted for many splits can start at 1e9 and end
    at 1. The sum of 4p rows is that of four stretches of p rows, and the window is put together
    from such stretches: a few plain loops that the processor does for several rows at once.
    """
    size = values.size
    out[: min(window - 1, size)] = np.nan
    if window > size:
        return
    sums = out[window - 1 :]
    sums[:] = 0.0
    reach, power, rest = values, 1, window
    while rest >= 4 * power:
        rest -= _add_several(reach, power, rest, rest // power % 4, sums)
        wider = np.empty(size)
        _of_four_into(reach, power, wider)
        reach, power = wider, 4 * power
    _add_several(reach, power, rest, rest // power, sums)
    share = 1.0 / window
    for row in range(sums.size):
        sums[row] *= share


@kernel
def _add_several(reach: Series, power: int, rest: int, count: int, sums: Series) -> int:
    """Adds the oldest `count` stretches, up to three, of the `rest` rows; gives how many rows."""
    one = reach[rest - 1 :]
    two, three = reach[max(rest - 1 - power, 0) :], reach[max(rest - 1 - 2 * power, 0) :]
    if count == 1:
        for row in range(sums.size):
            sums[row] += one[row]
    elif count == 2:
        for row in range(sums.size):
            sums[row] += one[row] + two[row]
    elif count == 3:
        for row in range(sums.size):
            sums[row] += (one[row] + two[row]) + three[row]
    return count * power


@kernel
def _of_four_into(sums: Series, power: int, out: Series) -> None:
    """Writes the sum of 4 * power rows, from row 4 * power - 1 on; `sums` has that of power."""
    first = 4 * power - 1
    one, two, three = sums[first:], sums[first - power :], sums[first - 2 * power :]
    four, wider = sums[power - 1 :], out[first:]
    for row in range(wider.size):
        wider[row] = (one[row] + two[row]) + (three[row] + four[row])


@kernel
def sma_of_totals_into(total: Series, rest: Series, window: int, out: Series) -> None:
    """Writes the mean of the last `window` values, from their totals (`totals_into`).

    As `sma_into`, for many windows of the same series.
    """
    size = total.size
    out[: min(window - 1, size)] = np.nan
    if window > size:
        return
    share = 1.0 / window
    out[window - 1] = (total[window - 1] + rest[window - 1]) * share
    totals, rests, means = total[window:], rest[window:], out[window:]
    for row in range(means.size):
        means[row] = ((totals[row] - total[row]) + (rests[row] - rest[row])) * share


def lookback(window: int) -> int:
    """Gives `window - 1`: nothing older is in the mean."""
    return window - 1


def reach(window: int) -> int:
    """Gives `window`: the row whose total is taken off."""
    return window


INDICATOR = Indicator(
    name="sma",
    params=(Param("window", default=20),),
    inputs=("close_total", "close_total_rest"),
    outputs=("sma_{window}",),
    descriptions=(
        "Mean close of the last {window} bars, the row's own included; "
        "in the price's unit; null until {window} bars are known.",
    ),
    kernel=sma_of_totals_into,
    lookback=lookback,
    reach=reach,
)
