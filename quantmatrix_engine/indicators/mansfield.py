"""Relative strength against a benchmark, as a distance from its own average (Mansfield)."""

import numpy as np

from quantmatrix_engine.indicators.base import Indicator, Param, Series, excess, kernel
from quantmatrix_engine.indicators.sma import sma_into

KNOWN_RATIO = 0.5
"""The part of a window's bars that must have a benchmark close."""


@kernel
def mean_of_known_into(values: Series, window: int, out: Series) -> None:
    """Writes the mean of the known among the last `window` values, the row's own included.

    First valid row: `window - 1`; NaN before, and where fewer than `KNOWN_RATIO` of them are
    known. It is the mean with 0 for what is unknown, divided by the part that is known.
    """
    size, lacking = values.size, 0
    part = np.empty(size)
    for row in range(size):
        lacking += np.isnan(values[row])
        part[row] = 0.0 if np.isnan(values[row]) else values[row]
    sma_into(part, window, out)
    if lacking == 0:
        return
    for row in range(size):
        part[row] = 0.0 if np.isnan(values[row]) else 1.0
    known = np.empty(size)
    sma_into(part, window, known)
    for row in range(size):
        count = np.rint(known[row] * window)
        mean = out[row] * (window / count)
        out[row] = mean if count >= KNOWN_RATIO * window else np.nan


@kernel
def mansfield_into(close: Series, benchmark_close: Series, window: int, out: Series) -> None:
    """Writes (ratio / mean ratio over `window` bars - 1) * 100, ratio = close / benchmark close.

    Above 0 the instrument does better than the benchmark has on average; exactly 0 where the two
    differ by rounding only. The window includes the row. A bar whose session has no benchmark
    close is null and is left out of the mean, which needs half of its bars. First valid row:
    `window - 1`; NaN before. Weinstein, Secrets for Profiting in Bull and Bear Markets (1988),
    takes 52 weekly ratios of Mansfield's charts; 252 daily ones are as long.
    """
    ratio = np.empty(close.size)
    for row in range(close.size):
        ratio[row] = close[row] / benchmark_close[row]
    mean_of_known_into(ratio, window, out)
    for row in range(close.size):
        out[row] = excess(ratio[row], out[row]) / out[row] * 100.0


def lookback(window: int) -> int:
    """Gives `window - 1`: nothing older is in the mean."""
    return window - 1


INDICATOR = Indicator(
    name="mansfield",
    params=(Param("window", default=252),),
    inputs=("close", "benchmark_close"),
    outputs=("mansfield_{window}",),
    descriptions=(
        "Close / benchmark close above its own mean over {window} bars, in percent (1.0 is one "
        "percent); null until {window} bars are known, where the session has no benchmark close, "
        "and where fewer than half of the window's sessions have.",
    ),
    kernel=mansfield_into,
    lookback=lookback,
    reach=lookback,
)
