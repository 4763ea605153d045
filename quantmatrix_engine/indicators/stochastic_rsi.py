"""Stochastic RSI: where RSI stands in its own range."""

import numpy as np

from quantmatrix_engine.indicators.base import Indicator, Param, Series, Spec, kernel, spec
from quantmatrix_engine.indicators.extremes import highest_into, lowest_into
from quantmatrix_engine.indicators.stochastic import place_into, smoothed_twice_into

LEAST_RANGE = 1e-9
"""A range of RSI, in its points, that is rounding: a price that stands still has such a one."""


@kernel
def stochastic_rsi_into(
    rsi: Series,
    average: int,
    window: int,
    smooth_k: int,
    smooth_d: int,
    percent_k: Series,
    percent_d: Series,
) -> None:
    """Writes %K and %D of RSI(average) within its last `window` values, 0 to 100.

    Chande and Kroll, The New Technical Trader, 1994. 0 where RSI does not move. First valid row of
    both: `average + window + smooth_k + smooth_d - 3`. With `smooth_k` 1 it is TA-Lib's
    (`TA_STOCHRSI`).
    """
    size = rsi.size
    raw = np.empty(size)
    if size > average:
        known = rsi[average:]
        highest, lowest = np.empty(known.size), np.empty(known.size)
        highest_into(known, window, highest)
        lowest_into(known, window, lowest)
        place_into(known, highest, lowest, LEAST_RANGE, raw[average:])
    smoothed_twice_into(raw, average + window - 1, smooth_k, smooth_d, percent_k, percent_d)


def uses(average: int, window: int, smooth_k: int, smooth_d: int) -> tuple[Spec, ...]:  # noqa: ARG001
    """Gives RSI(average)."""
    return (spec("rsi", window=average),)


def lookback(average: int, window: int, smooth_k: int, smooth_d: int) -> int:  # noqa: ARG001
    """Gives all values of RSI that are in one of the windows."""
    return window + smooth_k + smooth_d - 3


def reach(average: int, window: int, smooth_k: int, smooth_d: int) -> int:
    """Gives all values of RSI that are in one of the windows, and those it passes over."""
    return average + lookback(average, window, smooth_k, smooth_d)


INDICATOR = Indicator(
    name="stochastic_rsi",
    params=(
        Param("average", default=14),
        Param("window", default=14, least=2),
        Param("smooth_k", default=3),
        Param("smooth_d", default=3),
    ),
    inputs=(),
    uses=uses,
    outputs=(
        "stochastic_rsi_k_{average}_{window}_{smooth_k}_{smooth_d}",
        "stochastic_rsi_d_{average}_{window}_{smooth_k}_{smooth_d}",
    ),
    descriptions=(
        "%K of RSI over {average} moves in its range of {window} rows, 0 to 100, mean of "
        "{smooth_k} rows; null until %D over {smooth_d} rows is known.",
        "%D: mean over {smooth_d} rows of %K, which is of RSI over {average} moves, {window} rows "
        "and a mean of {smooth_k}.",
    ),
    kernel=stochastic_rsi_into,
    lookback=lookback,
    reach=reach,
)
