"""Relative strength index, Wilder's."""

import numpy as np

from quantmatrix_engine.indicators.base import Indicator, Param, Series, bars_to_forget, kernel
from quantmatrix_engine.indicators.rma import rma_into

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
    gains, moves = np.empty(size - 1), np.empty(size - 1)
    now = close[1:]
    for row in range(moves.size):
        move = now[row] - close[row]
        gains[row] = move if move > 0.0 else 0.0
        moves[row] = abs(move)
    mean_gain, mean_move = np.empty(size - 1), np.empty(size - 1)
    rma_into(gains, window, mean_gain)
    rma_into(moves, window, mean_move)
    gained, moved = mean_gain[window - 1 :], mean_move[window - 1 :]
    at_row, known = close[window:], out[window:]
    for row in range(known.size):
        part = 100.0 * gained[row] / moved[row]
        most = part if part < 100.0 else 100.0
        known[row] = 0.0 if moved[row] <= STILL_RATIO * at_row[row] else most


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
