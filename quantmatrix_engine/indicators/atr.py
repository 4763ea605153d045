"""Average true range, Wilder's."""

import numpy as np

from quantmatrix_engine.indicators.base import Indicator, Param, Series, bars_to_forget, kernel
from quantmatrix_engine.indicators.smoothing import smoothed_from_mean_into


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
def wilder_into(values: Series, window: int, out: Series) -> None:
    """Writes Wilder's smoothing of values whose first is unknown, in the values' unit.

    First valid row: `window`, which holds the mean of values 1 to `window`; NaN before. Each
    later row keeps (window - 1) / window of the one before and takes the rest from its value.
    """
    smoothed_from_mean_into(values, window, window, 1.0 / window, (window - 1) / window, out)


@kernel
def atr_into(high: Series, low: Series, close: Series, window: int, out: Series) -> None:
    """Writes the average true range in the price's unit; 0 or more.

    First valid row: `window`; NaN before. Seed and smoothing are TA-Lib's (`TA_ATR`).
    """
    true_range = np.empty(close.size)
    true_range_into(high, low, close, true_range)
    wilder_into(true_range, window, out)


def lookback(window: int) -> int:
    """Gives the seed's own bars and those that let the mean forget it (ATR14: 232 bars)."""
    return window + bars_to_forget((window - 1) / window)


INDICATOR = Indicator(
    name="atr",
    params=(Param("window", default=14),),
    inputs=("high", "low", "close"),
    outputs=("atr_{window}",),
    descriptions=(
        "Wilder's average true range over {window} bars; in the price's unit; "
        "null until {window} bars and the close before them are known.",
    ),
    kernel=atr_into,
    lookback=lookback,
)
