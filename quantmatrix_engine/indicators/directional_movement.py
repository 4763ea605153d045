"""Directional movement: +DI, -DI and ADX, Wilder's."""

import numpy as np

from quantmatrix_engine.indicators.base import Indicator, Param, Series, bars_to_forget, kernel
from quantmatrix_engine.indicators.smoothing import smooth_into

STILL_RATIO = 1e-14
"""A true range that is less than this part of the close is rounding."""


@kernel
def _movements_into(
    high: Series, low: Series, close: Series, rise: Series, fall: Series, travel: Series
) -> None:
    """Writes how far a bar's high exceeds the last, its low undercuts it, and its true range.

    Only the larger of the two counts; neither does where they are equal or the bar lies inside.
    """
    rise[0], fall[0], travel[0] = 0.0, 0.0, 0.0
    tops, bottoms, before = high[1:], low[1:], close[:-1]
    rises, falls, travels = rise[1:], fall[1:], travel[1:]
    for row in range(before.size):
        up, down = tops[row] - high[row], low[row] - bottoms[row]
        rises[row] = up if (up > down) & (up > 0.0) else 0.0
        falls[row] = down if (down > up) & (down > 0.0) else 0.0
        upper = tops[row] if tops[row] > before[row] else before[row]
        lower = bottoms[row] if bottoms[row] < before[row] else before[row]
        travels[row] = upper - lower


@kernel
def _summed_into(values: Series, window: int, out: Series) -> None:
    """Writes Wilder's running sum: that of `window - 1` values, then a window-th of it less a row.

    Values begin at row 1; first valid row: `window`.
    """
    seed = 0.0
    for row in range(1, window):
        seed += values[row]
    smooth_into(values, window, seed, 1.0, (window - 1) / window, out)


@kernel
def directional_movement_into(
    high: Series, low: Series, close: Series, window: int, plus: Series, minus: Series, adx: Series
) -> None:
    """Writes +DI, -DI and ADX over `window` bars, each 0 to 100.

    +DI and -DI are the summed rises and falls of a bar's range as a percentage of the summed true
    range, sums as Wilder keeps them (New Concepts in Technical Trading Systems, 1978), seeded with
    `window - 1` values as TA-Lib does (`TA_PLUS_DI`). First valid row: `window`; 0 where the true
    range is 0. ADX smooths |+DI - -DI| / (+DI + -DI) * 100; its seed is the mean of `window` of
    them, its first valid row `2 * window - 1` (`TA_ADX`). Where both are 0 it stays as it was.
    """
    size = close.size
    plus[:], minus[:], adx[:] = np.nan, np.nan, np.nan
    if size <= window:
        return
    rise, fall, travel = np.empty(size), np.empty(size), np.empty(size)
    _movements_into(high, low, close, rise, fall, travel)
    _summed_into(rise, window, rise)
    _summed_into(fall, window, fall)
    _summed_into(travel, window, travel)
    for row in range(window, size):
        per_range = 100.0 / travel[row] if travel[row] > STILL_RATIO * close[row] else 0.0
        plus[row] = rise[row] * per_range
        minus[row] = fall[row] * per_range
    # A loop of its own: multiplied and added in one, the last digit would depend on where the
    # series ends.
    for row in range(window, size):
        both = plus[row] + minus[row]
        travel[row] = abs(plus[row] - minus[row]) / both if both > 0.0 else np.nan
    first = 2 * window - 1
    if size <= first:
        return
    share, kept = 100.0 / window, (window - 1) / window
    for row in range(window, size):
        travel[row] *= share
    value = 0.0
    for row in range(window, first + 1):
        value += 0.0 if np.isnan(travel[row]) else travel[row]
    adx[first] = value
    for row in range(first + 1, size):
        if not np.isnan(travel[row]):
            value = travel[row] + kept * value
        adx[row] = value


def lookback(window: int) -> int:
    """Gives what both smoothings need, one after the other."""
    return 2 * window + 2 * bars_to_forget((window - 1) / window)


INDICATOR = Indicator(
    name="directional_movement",
    params=(Param("window", default=14),),
    inputs=("high", "low", "close"),
    outputs=("plus_di_{window}", "minus_di_{window}", "adx_{window}"),
    descriptions=(
        "Wilder's +DI over {window} bars, 0 to 100: how much of the range went up; null until "
        "{window} bars and the one before them are known.",
        "Wilder's -DI over {window} bars, 0 to 100: how much of the range went down.",
        "Wilder's average directional index over {window} bars, 0 to 100: how one-sided the moves "
        "are, whatever their direction.",
    ),
    kernel=directional_movement_into,
    lookback=lookback,
)
