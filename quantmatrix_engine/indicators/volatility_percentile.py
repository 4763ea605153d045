"""Where today's volatility ranks among its own past."""

import numpy as np

from quantmatrix_engine.indicators.base import (
    Indicator,
    Param,
    Series,
    Spec,
    kernel,
    spec,
)


@kernel
def percentile_into(values: Series, window: int, out: Series) -> None:
    """Writes the percentage of the `window - 1` values before the row that are below the row's.

    Equal ones count half, so values that never change give 50. 0 is the lowest of the window and
    100 the highest. NaN until `window` values are known; only the first may be NaN.
    """
    start = 0
    while start < values.size and np.isnan(values[start]):
        start += 1
    out[: min(start + window - 1, values.size)] = np.nan
    for row in range(start + window - 1, values.size):
        now, before = values[row], values[row - window + 1 : row]
        below, not_above = 0.0, 0.0
        # By index and in floats, the loop is one of vectors: a third of the time.
        for at in range(before.size):
            below += 1.0 if before[at] < now else 0.0
            not_above += 1.0 if before[at] <= now else 0.0
        out[row] = (below + not_above) / (2.0 * (window - 1)) * 100.0


def uses(average: int, window: int) -> tuple[Spec, ...]:  # noqa: ARG001
    """Gives ATR(average) as a percentage of the close.

    Two values closer to each other than `TOLERANCE` may change places with more history.
    """
    return (spec("atr_pct", window=average),)


def lookback(average: int, window: int) -> int:  # noqa: ARG001
    """Gives `window - 1`: nothing older is ranked."""
    return window - 1


INDICATOR = Indicator(
    name="volatility_percentile",
    params=(Param("average", default=14), Param("window", default=252, least=2)),
    inputs=(),
    uses=uses,
    outputs=("volatility_percentile_{average}_{window}",),
    descriptions=(
        "Percentage (0 to 100) of the {window} bars up to this one, itself not counted, whose "
        "average true range over {average} bars as a percentage of the close was lower; equal "
        "ones count half; null until {window} are known.",
    ),
    kernel=percentile_into,
    kernel_params=("window",),
    lookback=lookback,
    reach=lookback,
)
