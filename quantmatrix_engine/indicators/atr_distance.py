"""How many average true ranges the close stands above or below its simple moving average."""

import numpy as np

from quantmatrix_engine.indicators import atr, sma
from quantmatrix_engine.indicators.atr import atr_into
from quantmatrix_engine.indicators.base import Indicator, Series, excess, kernel
from quantmatrix_engine.indicators.sma import sma_into


@kernel
def distance_into(close: Series, average: Series, true_range: Series, out: Series) -> None:
    """Writes (close - average) / true_range, signed.

    NaN where either is NaN or the range is 0; exactly 0 where close and average differ by
    rounding only.
    """
    for row in range(close.size):
        if true_range[row] > 0.0:
            out[row] = excess(close[row], average[row]) / true_range[row]
        else:
            out[row] = np.nan


@kernel
def atr_distance_into(
    high: Series, low: Series, close: Series, average: int, window: int, out: Series
) -> None:
    """Writes (close - SMA(average)) / ATR(window), in ATRs, negative below the average.

    First valid row: the later of `average - 1` and `window`. NaN before, and where ATR is 0.
    """
    mean = np.empty(close.size)
    true_range = np.empty(close.size)
    sma_into(close, average, mean)
    atr_into(high, low, close, window, true_range)
    distance_into(close, mean, true_range, out)


def lookback(average: int, window: int) -> int:
    """Gives the longer of the average's and the range's own."""
    return max(sma.lookback(average), atr.lookback(window))


INDICATOR = Indicator(
    name="atr_distance",
    params=("average", "window"),
    inputs=("high", "low", "close"),
    outputs=("atr_distance_{average}_{window}",),
    descriptions=(
        "Close less its simple mean over {average} bars, in average true ranges over {window} "
        "bars; negative below the mean; null where the range is 0 or either is not yet known.",
    ),
    kernel=atr_distance_into,
    lookback=lookback,
)
