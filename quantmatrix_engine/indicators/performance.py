"""How much the close has risen or fallen over a number of bars."""

import numpy as np

from quantmatrix_engine.indicators.base import Indicator, Param, Series, kernel


@kernel
def performance_into(close: Series, window: int, out: Series) -> None:
    """Writes (close / close `window` bars before - 1) * 100; 1.0 means a rise of one percent.

    First valid row: `window`; NaN before. Dividends are not counted.
    """
    out[: min(window, close.size)] = np.nan
    now, known = close[window:], out[window:]
    for row in range(known.size):
        known[row] = (now[row] - close[row]) / close[row] * 100.0


def lookback(window: int) -> int:
    """Gives `window`: the bar compared with."""
    return window


INDICATOR = Indicator(
    name="performance",
    params=(Param("window", default=20),),
    inputs=("close",),
    outputs=("performance_{window}",),
    descriptions=(
        "Rise of the close over {window} bars in percent (1.0 is one percent), without dividends; "
        "null until {window} bars and the one before them are known.",
    ),
    kernel=performance_into,
    lookback=lookback,
    reach=lookback,
)
