"""Where the close stands between the lowest low and the highest high of a window."""

import numpy as np

from quantmatrix_engine.indicators.base import Indicator, Param, Series, kernel
from quantmatrix_engine.indicators.extremes import highest_into, lowest_into


@kernel
def range_position_into(high: Series, low: Series, close: Series, window: int, out: Series) -> None:
    """Writes (close - lowest low) / (highest high - lowest low) * 100 over the last `window` bars.

    0 is the lowest low and 100 the highest high; a close that its feed rounded past the bar's
    own range may lie as far outside. First valid row: `window - 1`; NaN before, and where the
    range is 0.
    """
    highest = np.empty(close.size)
    lowest = np.empty(close.size)
    highest_into(high, window, highest)
    lowest_into(low, window, lowest)
    for row in range(close.size):
        span = highest[row] - lowest[row]
        out[row] = (close[row] - lowest[row]) / span * 100.0 if span > 0.0 else np.nan


def lookback(window: int) -> int:
    """Gives `window - 1`: nothing older is in the range."""
    return window - 1


INDICATOR = Indicator(
    name="range_position",
    params=(Param("window", default=20),),
    inputs=("high", "low", "close"),
    outputs=("range_position_{window}",),
    descriptions=(
        "Where the close stands between the lowest low (0) and the highest high (100) of the last "
        "{window} bars, the row's own included; null where the two are equal or not yet known.",
    ),
    kernel=range_position_into,
    lookback=lookback,
    reach=lookback,
)
