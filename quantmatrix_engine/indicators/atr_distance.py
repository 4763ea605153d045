"""How many average true ranges the close stands above or below its simple moving average."""

import numpy as np

from quantmatrix_engine.indicators.base import (
    Indicator,
    Param,
    Series,
    Spec,
    excess,
    kernel,
    of_the_row,
    spec,
)


@kernel
def distance_into(close: Series, average: Series, true_range: Series, out: Series) -> None:
    """Writes (close - average) / true_range, signed, in ATRs; negative below the average.

    NaN where either is NaN or the range is 0; exactly 0 where close and average differ by
    rounding only. Of SMA(average) and ATR(window) the first valid row is the later of
    `average - 1` and `window`.
    """
    for row in range(close.size):
        if true_range[row] > 0.0:
            out[row] = excess(close[row], average[row]) / true_range[row]
        else:
            out[row] = np.nan


def uses(average: int, window: int) -> tuple[Spec, ...]:
    """Gives SMA(average) and ATR(window)."""
    return spec("sma", window=average), spec("atr", window=window)


INDICATOR = Indicator(
    name="atr_distance",
    params=(Param("average", default=50), Param("window", default=14)),
    inputs=("close",),
    uses=uses,
    outputs=("atr_distance_{average}_{window}",),
    descriptions=(
        "Close less its simple mean over {average} bars, in average true ranges over {window} "
        "bars; negative below the mean; null where the range is 0 or either is not yet known.",
    ),
    kernel=distance_into,
    kernel_params=(),
    lookback=of_the_row,
    reach=of_the_row,
)
