"""A pull-back below a short average: how long it lasts, and how low RSI has been in it."""

import numpy as np

from quantmatrix_engine.indicators.base import (
    Indicator,
    Param,
    Series,
    Spec,
    excess,
    kernel,
    spec,
)

LONGEST_PULLBACK = 1_260
"""Bars of a pull-back that `lookback` reaches back over, five years."""


@kernel
def pullback_into(
    close: Series, average: Series, rsi: Series, sessions: Series, low: Series, before: Series
) -> None:
    """Writes the bars of the pull-back, the lowest RSI of its bars before the row, and the count
    of the row before.

    A pull-back begins with the first close below the average and ends with the first at or above
    it; a close that differs from the average by rounding only is on it. `sessions` counts the
    row, and is 0 outside. `low` is the lowest RSI of the pull-back's earlier bars; on the bar that
    ends it, of all of them; NaN at its first bar and where there is none. First valid row: the
    later of `average - 1` and the first RSI; NaN before.
    """
    count, lowest = 0.0, np.nan
    before[0] = np.nan
    for row in range(close.size):
        low[row] = lowest
        if np.isnan(average[row]) or np.isnan(rsi[row]):
            sessions[row] = np.nan
        elif excess(close[row], average[row]) < 0.0:
            count = count + 1.0
            sessions[row] = count
            lowest = rsi[row] if np.isnan(lowest) else min(lowest, rsi[row])
        else:
            count, lowest = 0.0, np.nan
            sessions[row] = 0.0
    before[1:] = sessions[:-1]


def uses(average: int, window: int) -> tuple[Spec, ...]:
    """Gives SMA(average) and RSI(window)."""
    return spec("sma", window=average), spec("rsi", window=window)


def lookback(average: int, window: int) -> int:  # noqa: ARG001
    """Gives `LONGEST_PULLBACK`; a longer one counts from the history's first average."""
    return LONGEST_PULLBACK


INDICATOR = Indicator(
    name="pullback",
    params=(Param("average", default=5), Param("window", default=2)),
    inputs=("close",),
    uses=uses,
    outputs=(
        "pullback_sessions_{average}_{window}",
        "pullback_rsi_{average}_{window}",
        "pullback_before_{average}_{window}",
    ),
    descriptions=(
        "Bars since the close fell below its simple mean over {average} bars, the row's own "
        "included; 0 at or above it; null until the mean and RSI over {window} moves are known.",
        "Lowest RSI over {window} moves on the pull-back's bars before this one (on the bar that "
        "ends it, on all of them); null at its first bar and outside.",
        "`pullback_sessions_{average}_{window}` of the previous bar; null where that is.",
    ),
    kernel=pullback_into,
    kernel_params=(),
    lookback=lookback,
)
