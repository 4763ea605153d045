"""Average true range, Wilder's."""

from quantmatrix_engine.indicators.base import Indicator, Param, Series, bars_to_forget, kernel
from quantmatrix_engine.indicators.smoothing import smoothed_from_mean_into


@kernel
def atr_into(true_range: Series, window: int, out: Series) -> None:
    """Writes the average true range in the price's unit; 0 or more.

    First valid row: `window`, which holds the mean of the ranges of rows 1 to `window`; NaN before.
    Each later row keeps (window - 1) / window of the one before and takes the rest from its range:
    seed and smoothing are TA-Lib's (`TA_ATR`).
    """
    smoothed_from_mean_into(true_range, window, window, 1.0 / window, (window - 1) / window, out)


def lookback(window: int) -> int:
    """Gives the seed's own bars and those that let the mean forget it (ATR14: 232 bars)."""
    return window + bars_to_forget((window - 1) / window)


INDICATOR = Indicator(
    name="atr",
    params=(Param("window", default=14),),
    inputs=("true_range",),
    outputs=("atr_{window}",),
    descriptions=(
        "Wilder's average true range over {window} bars; in the price's unit; "
        "null until {window} bars and the close before them are known.",
    ),
    kernel=atr_into,
    lookback=lookback,
)
