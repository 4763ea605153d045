"""Highs and lows of the last rows."""

import numpy as np

from quantmatrix_engine.indicators.base import Series, kernel

UPWARD, DOWNWARD = 1.0, -1.0


@kernel
def highest_into(values: Series, window: int, out: Series) -> None:
    """Writes the largest of the last `window` values, the row's own included.

    First valid row: `window - 1`; NaN before. `values` hold no NaN.
    """
    _extreme_into(values, window, UPWARD, out)


@kernel
def lowest_into(values: Series, window: int, out: Series) -> None:
    """Writes the smallest of the last `window` values, as `highest_into` the largest."""
    _extreme_into(values, window, DOWNWARD, out)


@kernel
def _extreme_into(values: Series, window: int, direction: float, out: Series) -> None:
    """Writes the value of the window that is furthest in a direction.

    That of 2p rows is that of p rows or of the p before them: doubling takes as many passes as the
    window has binary digits, each a plain loop that the processor does for several rows at once.
    """
    size = values.size
    if window > size:
        out[:] = np.nan
        return
    block, doubled = values.copy(), np.empty(size)
    power = 1
    while 2 * power <= window:
        _further_into(block, power, direction, doubled)
        block, doubled = doubled, block
        power *= 2
    # Two stretches of `power` rows cover the window; they may overlap.
    _further_into(block, window - power, direction, out)
    out[: window - 1] = np.nan


@kernel
def _further_into(values: Series, shift: int, direction: float, out: Series) -> None:
    """Writes whichever of values[row] and values[row - shift] is further in the direction."""
    size = values.size
    out[:shift] = values[:shift]
    now, before, further = values[shift:], values[: size - shift], out[shift:]
    for row in range(size - shift):
        further[row] = now[row] if direction * (now[row] - before[row]) > 0.0 else before[row]
