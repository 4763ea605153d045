"""Stochastic oscillator, fast and slow."""

import numpy as np

from quantmatrix_engine.indicators.base import Indicator, Param, Series, kernel
from quantmatrix_engine.indicators.extremes import highest_into, lowest_into
from quantmatrix_engine.indicators.sma import sma_into


@kernel
def place_into(
    values: Series, highest: Series, lowest: Series, least_range: float, out: Series
) -> None:
    """Writes (value - lowest) / (highest - lowest) * 100; 0 where they are `least_range` apart."""
    for row in range(values.size):
        span = highest[row] - lowest[row]
        out[row] = (values[row] - lowest[row]) / span * 100.0 if span > least_range else 0.0


@kernel
def smoothed_twice_into(
    raw: Series, first: int, smooth_k: int, smooth_d: int, percent_k: Series, percent_d: Series
) -> None:
    """Writes the mean of `smooth_k` raw values and that of `smooth_d` of those, from row `first`.

    Both are NaN until both are known: `smooth_k + smooth_d - 2` rows later.
    """
    percent_k[:], percent_d[:] = np.nan, np.nan
    if raw.size <= first + smooth_k - 1:
        return
    begins = first + smooth_k - 1
    sma_into(raw[first:], smooth_k, percent_k[first:])
    sma_into(percent_k[begins:], smooth_d, percent_d[begins:])
    percent_k[: min(begins + smooth_d - 1, raw.size)] = np.nan


@kernel
def stochastic_into(  # noqa: PLR0913, PLR0917 (three inputs, three params, two outputs)
    high: Series,
    low: Series,
    close: Series,
    window: int,
    smooth_k: int,
    smooth_d: int,
    percent_k: Series,
    percent_d: Series,
) -> None:
    """Writes %K and %D, 0 to 100 (Lane, 1984).

    Raw: where the close stands between the lowest low and the highest high of the last `window`
    bars, 0 where the two are equal. %K is its mean over `smooth_k` rows (1: the fast stochastic),
    %D that of %K over `smooth_d`. First valid row of both: `window + smooth_k + smooth_d - 3`, as
    in TA-Lib (`TA_STOCH`, `TA_STOCHF`).
    """
    size = close.size
    raw, highest, lowest = np.empty(size), np.empty(size), np.empty(size)
    highest_into(high, window, highest)
    lowest_into(low, window, lowest)
    place_into(close, highest, lowest, 0.0, raw)
    smoothed_twice_into(raw, window - 1, smooth_k, smooth_d, percent_k, percent_d)


def lookback(window: int, smooth_k: int, smooth_d: int) -> int:
    """Gives all bars that are in one of the windows."""
    return window + smooth_k + smooth_d - 3


INDICATOR = Indicator(
    name="stochastic",
    params=(
        Param("window", default=14),
        Param("smooth_k", default=3),
        Param("smooth_d", default=3),
    ),
    inputs=("high", "low", "close"),
    outputs=(
        "stochastic_k_{window}_{smooth_k}_{smooth_d}",
        "stochastic_d_{window}_{smooth_k}_{smooth_d}",
    ),
    descriptions=(
        "%K: where the close stands in the range of {window} bars, 0 to 100, mean of {smooth_k} "
        "rows; null until %D over {smooth_d} rows is known.",
        "%D: mean of %K over {smooth_d} rows; %K is of {window} bars and {smooth_k} rows.",
    ),
    kernel=stochastic_into,
    lookback=lookback,
    reach=lookback,
)
