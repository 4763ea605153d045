"""Whether the moving averages stand in the order of a rising price, shortest on top."""

import numpy as np

from quantmatrix_engine.indicators import ema, sma
from quantmatrix_engine.indicators.base import Indicator, Series, excess, kernel
from quantmatrix_engine.indicators.ema import ema_into
from quantmatrix_engine.indicators.sma import sma_into


@kernel
def moving_average_alignment_into(close: Series, out: Series) -> None:
    """Writes 1.0 where EMA10 >= SMA20 >= SMA50 >= SMA100 >= SMA200, else 0.0.

    Averages that differ by rounding only count as equal. First valid row: 199; NaN before.
    """
    size = close.size
    upper, lower = np.empty(size), np.empty(size)
    ema_into(close, 10, upper)
    out[:] = 1.0
    for window in (20, 50, 100, 200):
        sma_into(close, window, lower)
        for row in range(size):
            if excess(upper[row], lower[row]) < 0.0:
                out[row] = 0.0
        upper, lower = lower, upper
    out[: min(199, size)] = np.nan


def lookback() -> int:
    """Gives the longer of EMA10's and SMA200's.

    Two averages closer to each other than `TOLERANCE` may still change places.
    """
    return max(ema.lookback(10), sma.lookback(200))


INDICATOR = Indicator(
    name="moving_average_alignment",
    params=(),
    inputs=("close",),
    outputs=("ma_aligned",),
    descriptions=(
        "1 where EMA10 >= SMA20 >= SMA50 >= SMA100 >= SMA200, else 0; "
        "null until 200 bars are known.",
    ),
    kernel=moving_average_alignment_into,
    lookback=lookback,
)
