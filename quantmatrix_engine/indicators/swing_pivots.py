"""Swing pivots: highs and lows that stand out from the bars on both sides."""

import numpy as np

from quantmatrix_engine.indicators.base import Indicator, Param, Series, kernel
from quantmatrix_engine.indicators.extremes import highest_into

OLDEST_PIVOT = 252
"""Bars since a pivot after which it is forgotten."""


@kernel
def confirms_into(values: Series, window: int, out: Series) -> None:
    """Writes 1 where the value `window` bars before is a pivot high, else 0.

    It is one when it is above the `window` values before it and the `window` after it: Williams'
    fractal for 2. It is known only at the last of these, so no row looks ahead. Of equal highs
    within `window` bars none is a pivot.
    """
    highest = np.empty(values.size)
    highest_into(values, window, highest)
    for row in range(values.size):
        pivot = row - window
        out[row] = 0.0
        if pivot >= window and highest[pivot - 1] < values[pivot] and values[pivot] > highest[row]:
            out[row] = 1.0


@kernel
def newest_pivot_into(values: Series, window: int, out: Series) -> None:
    """Writes the newest confirmed pivot high of the last `OLDEST_PIVOT` bars; NaN where none is."""
    confirms_into(values, window, out)
    pivot = -OLDEST_PIVOT - 1
    for row in range(values.size):
        if out[row] == 1.0:
            pivot = row - window
        out[row] = values[pivot] if row - pivot <= OLDEST_PIVOT else np.nan


@kernel
def swing_pivots_into(
    high: Series, low: Series, window: int, pivot_high: Series, pivot_low: Series
) -> None:
    """Writes both levels, in the price's unit; a pivot low is a pivot high of the negatives.

    First valid row: `2 * window` at the earliest.
    """
    newest_pivot_into(high, window, pivot_high)
    newest_pivot_into(-low, window, pivot_low)
    for row in range(low.size):
        pivot_low[row] = -pivot_low[row]


def lookback(window: int) -> int:
    """Gives the bars to the oldest pivot and those before it."""
    return OLDEST_PIVOT + window


INDICATOR = Indicator(
    name="swing_pivots",
    params=(Param("window", default=20, most=120),),
    inputs=("high", "low"),
    outputs=("pivot_high_{window}", "pivot_low_{window}"),
    descriptions=(
        "Newest high of the last 252 bars that is above the highs of {window} bars on each side, "
        "known once these have closed; in the price's unit; null where there is none.",
        "Newest low of the last 252 bars that is below the lows of {window} bars on each side, "
        "known once these have closed; in the price's unit; null where there is none.",
    ),
    kernel=swing_pivots_into,
    lookback=lookback,
    reach=lookback,
)
