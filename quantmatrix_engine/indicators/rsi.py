"""Relative strength index, Wilder's."""

import numpy as np

from quantmatrix_engine.indicators.base import Indicator, Param, Series, bars_to_forget, kernel
from quantmatrix_engine.indicators.smoothing import smooth_into

STILL_RATIO = 1e-14
"""Gains and losses that together are less than this part of the close are rounding."""


@kernel
def rsi_into(close: Series, window: int, out: Series) -> None:
    """Writes 100 * mean gain / (mean gain + mean loss), 0 to 100.

    Gains and losses are the rises and falls of the close, smoothed as Wilder does (New Concepts in
    Technical Trading Systems, 1978): the first is the mean of `window` moves, each later one keeps
    (window - 1) / window of the one before. First valid row: `window`; NaN before. 0 where nothing
    moved, as in TA-Lib (`TA_RSI`).
    """
    size = close.size
    out[: min(window, size)] = np.nan
    if size <= window:
        return
    gains, moves = np.empty(size), np.empty(size)
    gains[0], moves[0] = 0.0, 0.0
    now, gained, moved = close[1:], gains[1:], moves[1:]
    for row in range(now.size):
        move = now[row] - close[row]
        gained[row] = move if move > 0.0 else 0.0
        moved[row] = abs(move)
    gain, travel = 0.0, 0.0
    for row in range(1, window + 1):
        gain += gains[row]
        travel += moves[row]
    share, kept = 1.0 / window, (window - 1) / window
    gain, travel = gain * share, travel * share
    smooth_into(gains, window + 1, gain, share, kept, gains)
    smooth_into(moves, window + 1, travel, share, kept, moves)
    gains[window], moves[window] = gain, travel
    for row in range(window, size):
        is_still = moves[row] <= STILL_RATIO * close[row]
        out[row] = 0.0 if is_still else 100.0 * min(gains[row] / moves[row], 1.0)


def lookback(window: int) -> int:
    """Gives the seed's own moves and those that let the means forget it (RSI14: 232 bars)."""
    return window + bars_to_forget((window - 1) / window)


INDICATOR = Indicator(
    name="rsi",
    params=(Param("window", default=14),),
    inputs=("close",),
    outputs=("rsi_{window}",),
    descriptions=(
        "Wilder's relative strength index over {window} moves, 0 to 100; 0 where nothing moved; "
        "null until {window} moves are known.",
    ),
    kernel=rsi_into,
    lookback=lookback,
)
