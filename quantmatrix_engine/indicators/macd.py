"""Moving average convergence and divergence."""

import numpy as np

from quantmatrix_engine.indicators.base import Indicator, Param, Series, bars_to_forget, kernel
from quantmatrix_engine.indicators.smoothing import smoothed_from_mean_into

SMALLEST_RATIO = 1e-3
"""Part of the averages that a line may be, for `lookback` to hold: their difference is small."""


@kernel
def _ema_from(values: Series, first: int, window: int, out: Series) -> None:
    """Writes the exponential mean whose seed, the mean of `window` values, stands at `first`."""
    share, kept = 2.0 / (window + 1), (window - 1) / (window + 1)
    smoothed_from_mean_into(values, first, window, share, kept, out)


@kernel
def macd_into(
    close: Series,
    fast: int,
    slow: int,
    smooth: int,
    line: Series,
    signal: Series,
    histogram: Series,
) -> None:
    """Writes EMA(fast) - EMA(slow), the EMA over `smooth` rows of it, and their difference.

    In the price's unit (Appel 1979). First valid row of all three: `slow + smooth - 2`; NaN before.
    As in TA-Lib (`TA_MACD`) both averages are seeded at row `slow - 1`, each with the mean of its
    own last values, so the fast one is not the EMA that starts with the series.
    """
    size = close.size
    first = slow + smooth - 2
    unknown = min(first, size)
    _ema_from(close, slow - 1, fast, line)
    _ema_from(close, slow - 1, slow, histogram)
    for row in range(size):
        line[row] -= histogram[row]
    _ema_from(line, first, smooth, signal)
    for row in range(size):
        histogram[row] = line[row] - signal[row]
    line[:unknown] = np.nan


def lookback(fast: int, slow: int, smooth: int) -> int:  # noqa: ARG001
    """Gives the seeds' own bars and those that let both means forget them.

    The line is a small difference of two averages, so the seed must be forgotten to a smaller part;
    it holds for lines down to `SMALLEST_RATIO` of the price.
    """
    deeper = 2 * bars_to_forget((slow - 1) / (slow + 1))
    return slow + smooth - 2 + deeper + bars_to_forget((smooth - 1) / (smooth + 1))


def refusal(fast: int, slow: int, smooth: int) -> str | None:  # noqa: ARG001
    """Says that fast must be below slow where it is not."""
    return None if fast < slow else "fast must be less than slow."


INDICATOR = Indicator(
    name="macd",
    params=(
        Param("fast", default=12, least=1),
        Param("slow", default=26, least=2),
        Param("smooth", default=9),
    ),
    inputs=("close",),
    outputs=(
        "macd_{fast}_{slow}_{smooth}",
        "macd_signal_{fast}_{slow}_{smooth}",
        "macd_histogram_{fast}_{slow}_{smooth}",
    ),
    descriptions=(
        "Exponential mean of the close over {fast} bars less that over {slow}, in the price's "
        "unit; null until its signal over {smooth} rows is known.",
        "Exponential mean of the MACD line over {smooth} rows, in the price's unit.",
        "MACD line ({fast}, {slow}) less its signal over {smooth} rows, in the price's unit.",
    ),
    kernel=macd_into,
    lookback=lookback,
    refusal=refusal,
)
