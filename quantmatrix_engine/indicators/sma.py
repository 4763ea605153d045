"""Simple moving average of the close."""

import numpy as np

from quantmatrix_engine.indicators.base import Indicator, Param, Series, kernel


@kernel
def sma_into(values: Series, window: int, out: Series) -> None:
    """Writes the mean of the last `window` values, the row's own included, in the values' unit.

    First valid row: `window - 1`; NaN before. The sum slides from row to row and is taken afresh
    every `window` rows, so what a row loses to rounding comes from the two windows before it and
    not from the whole history: a price adjusted for many splits can start at 1e9 and end at 1.
    """
    size = values.size
    out[: min(window - 1, size)] = np.nan
    share = 1.0 / window
    for start in range(window - 1, size, window):
        base = values[start]
        total = 0.0
        for row in range(start - window + 1, start):
            total += values[row] - base
        out[start] = base + total * share
        now, means = values[start + 1 : start + window], out[start + 1 : start + window]
        gone = values[start + 1 - window :]
        for row in range(now.size):
            total += now[row] - gone[row]
            means[row] = base + total * share


def lookback(window: int) -> int:
    """Gives `window - 1`: nothing older is in the mean."""
    return window - 1


INDICATOR = Indicator(
    name="sma",
    params=(Param("window", default=20),),
    inputs=("close",),
    outputs=("sma_{window}",),
    descriptions=(
        "Mean close of the last {window} bars, the row's own included; "
        "in the price's unit; null until {window} bars are known.",
    ),
    kernel=sma_into,
    lookback=lookback,
)
