"""Highs and lows of the last rows."""

import numpy as np

from quantmatrix_engine.indicators.base import Series, kernel


@kernel
def highest_into(values: Series, window: int, out: Series) -> None:
    """Writes the largest of the last `window` values, the row's own included.

    First valid row: `window - 1`; NaN before. `values` hold no NaN. The largest of 2p rows is that
    of p rows or of the p before them: doubling takes as many passes as the window has binary
    digits, each a plain loop that the processor does for several rows at once.
    """
    size = values.size
    if window > size:
        out[:] = np.nan
        return
    block, doubled = values.copy(), np.empty(size)
    power = 1
    while 2 * power <= window:
        _larger_shifted(block, power, doubled)
        block, doubled = doubled, block
        power *= 2
    # Two stretches of `power` rows cover the window; they may overlap.
    _larger_shifted(block, window - power, out)
    out[: window - 1] = np.nan


@kernel
def _larger_shifted(values: Series, shift: int, out: Series) -> None:
    """Writes the larger of values[row] and values[row - shift]."""
    size = values.size
    out[:shift] = values[:shift]
    now, before, larger = values[shift:], values[: size - shift], out[shift:]
    for row in range(size - shift):
        larger[row] = now[row] if now[row] > before[row] else before[row]


@kernel
def lowest_into(values: Series, window: int, out: Series) -> None:
    """Writes the smallest of the last `window` values, as `highest_into` the largest."""
    size = values.size
    if window > size:
        out[:] = np.nan
        return
    block, doubled = values.copy(), np.empty(size)
    power = 1
    while 2 * power <= window:
        _smaller_shifted(block, power, doubled)
        block, doubled = doubled, block
        power *= 2
    _smaller_shifted(block, window - power, out)
    out[: window - 1] = np.nan


@kernel
def _smaller_shifted(values: Series, shift: int, out: Series) -> None:
    """Writes the smaller of values[row] and values[row - shift]."""
    size = values.size
    out[:shift] = values[:shift]
    now, before, smaller = values[shift:], values[: size - shift], out[shift:]
    for row in range(size - shift):
        smaller[row] = now[row] if now[row] < before[row] else before[row]
