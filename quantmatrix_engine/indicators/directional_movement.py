"""Directional movement: +DI, -DI and ADX, Wilder's."""

import numpy as np

from quantmatrix_engine.indicators.base import Indicator, Param, Series, bars_to_forget, kernel
from quantmatrix_engine.indicators.smoothing import smooth_into

STILL_RATIO = 1e-14
"""A true range that is less than this part of the close is rounding."""


@kernel
def _movements_into(high: Series, low: Series, rise: Series, fall: Series) -> None:
    """Writes how far a bar's high exceeds the last, and its low undercuts it.

    Only the larger of the two counts; neither does where they are equal or the bar lies inside.
    """
    rise[0], fall[0] = 0.0, 0.0
    tops, bottoms, rises, falls = high[1:], low[1:], rise[1:], fall[1:]
    for row in range(rises.size):
        up, down = tops[row] - high[row], low[row] - bottoms[row]
        rises[row] = up if (up > down) & (up > 0.0) else 0.0
        falls[row] = down if (down > up) & (down > 0.0) else 0.0


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
def _per_range_into(movement: Series, travel: Series, close: Series, out: Series) -> None:
    """Writes the movement in percent of the travel; 0 where that is rounding."""
    for row in range(close.size):
        percent = 100.0 * movement[row] / travel[row]
        out[row] = percent if travel[row] > STILL_RATIO * close[row] else 0.0


@kernel
def _one_sided_into(plus: Series, minus: Series, out: Series) -> None:
    """Writes the difference in percent of the sum; NaN where both are 0."""
    for row in range(plus.size):
        out[row] = 100.0 * abs(plus[row] - minus[row]) / (plus[row] + minus[row])


@kernel
def _smoothed_known_into(values: Series, window: int, out: Series) -> None:
    """Writes Wilder's mean of the values from row `window - 1` on; a NaN leaves it as it was.

    In its seed, the mean of `window` values, a NaN counts as 0. NaN before.
    """
    out[: min(window - 1, values.size)] = np.nan
    if values.size < window:
        return
    value = 0.0
    for row in range(window):
        value += 0.0 if np.isnan(values[row]) else values[row]
    share, kept = 1.0 / window, (window - 1) / window
    value *= share
    out[window - 1] = value
    row = window
    while row < values.size:
        if np.isnan(values[row]):
            out[row] = value
            row += 1
            continue
        first = row
        while row < values.size and not np.isnan(values[row]):
            row += 1
        smooth_into(values[:row], first, value, share, kept, out[:row])
        value = out[row - 1]


@kernel
def directional_movement_into(  # noqa: PLR0913, PLR0917 (four inputs, a param, three outputs)
    high: Series,
    low: Series,
    close: Series,
    true_range: Series,
    window: int,
    plus: Series,
    minus: Series,
    adx: Series,
) -> None:
    """Writes +DI, -DI and ADX over `window` bars, each 0 to 100.

    +DI and -DI are the summed rises and falls of a bar's range as a percentage of the summed true
    range, sums as Wilder keeps them (New Concepts in Technical Trading Systems, 1978), seeded with
    `window - 1` values as TA-Lib does (`TA_PLUS_DI`). First valid row: `window`; 0 where the true
    range is 0. ADX smooths |+DI - -DI| / (+DI + -DI) * 100; its seed is the mean of `window` of
    them, its first valid row `2 * window - 1` (`TA_ADX`). Where both are 0 it stays as it was.
    """
    size = close.size
    unknown = min(window, size)
    plus[:unknown], minus[:unknown], adx[:unknown] = np.nan, np.nan, np.nan
    if size <= window:
        return
    rise, fall = np.empty(size), np.empty(size)
    _movements_into(high, low, rise, fall)
    rises, falls, travels = np.empty(size), np.empty(size), np.empty(size)
    _summed_into(rise, window, rises)
    _summed_into(fall, window, falls)
    _summed_into(true_range, window, travels)
    at_row, per = close[window:], travels[window:]
    _per_range_into(rises[window:], per, at_row, plus[window:])
    _per_range_into(falls[window:], per, at_row, minus[window:])
    _one_sided_into(plus[window:], minus[window:], rise[window:])
    _smoothed_known_into(rise[window:], window, adx[window:])


def lookback(window: int) -> int:
    """Gives what both smoothings need, one after the other."""
    return 2 * window + 2 * bars_to_forget((window - 1) / window)


INDICATOR = Indicator(
    name="directional_movement",
    params=(Param("window", default=14),),
    inputs=("high", "low", "close", "true_range"),
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
