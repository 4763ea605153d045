"""Whether a name's range is growing or shrinking: its newest mean against a longer one."""

import numpy as np

from quantmatrix_engine.indicators.base import Indicator, Param, Series, Spec, kernel, spec
from quantmatrix_engine.indicators.sma import sma_into

SHORT, LONG = 5, 20


@kernel
def volatility_trend_into(true_range: Series, window: int, out: Series) -> None:
    """Writes the mean of the last 5 ATRs / the mean of the last 20; 1.0 means no change.

    First valid row: `window + 19`, `window` being the row of the first ATR; NaN before, and where
    the range has been 0 for 20 bars. Source: QuantMatrix's older ATR services, which called more
    than 1.1 increasing and less than 0.9 decreasing.
    """
    out[:] = np.nan
    if true_range.size <= window:
        return
    known = true_range[window:]
    long = np.empty(known.size)
    sma_into(known, SHORT, out[window:])
    sma_into(known, LONG, long)
    for row in range(known.size):
        out[window + row] = out[window + row] / long[row] if long[row] > 0.0 else np.nan


def uses(window: int) -> tuple[Spec, ...]:
    """Gives ATR(window)."""
    return (spec("atr", window=window),)


def lookback(window: int) -> int:  # noqa: ARG001
    """Gives 19: nothing older is in the longer mean."""
    return LONG - 1


def reach(window: int) -> int:
    """Gives the rows of the longer mean, and those before the first ATR, which it passes over."""
    return window + lookback(window)


INDICATOR = Indicator(
    name="volatility_trend",
    params=(Param("window", default=14),),
    inputs=(),
    uses=uses,
    outputs=("volatility_trend_{window}",),
    descriptions=(
        "Mean of the last 5 average true ranges over {window} bars / mean of the last 20; above 1 "
        "where the range grows; null until 20 are known, and where they are 0.",
    ),
    kernel=volatility_trend_into,
    lookback=lookback,
    reach=reach,
)
