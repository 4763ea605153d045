"""Wilder's moving average of the close."""

from quantmatrix_engine.indicators.base import Indicator, Param, Series, bars_to_forget, kernel
from quantmatrix_engine.indicators.smoothing import smoothed_from_mean_into


@kernel
def rma_into(values: Series, window: int, out: Series) -> None:
    """Writes Wilder's smoothed mean, in the values' unit.

    First valid row: `window - 1`, which holds the mean of the first `window` values; NaN before.
    Each later row keeps (window - 1) / window of the one before and takes the rest from its value
    (Wilder, New Concepts in Technical Trading Systems, 1978); also known as SMMA.
    """
    share, kept = 1.0 / window, (window - 1) / window
    smoothed_from_mean_into(values, window - 1, window, share, kept, out)


def lookback(window: int) -> int:
    """Gives the seed's own bars and those that let the mean forget it."""
    return window - 1 + bars_to_forget((window - 1) / window)


INDICATOR = Indicator(
    name="rma",
    params=(Param("window", default=14),),
    inputs=("close",),
    outputs=("rma_{window}",),
    descriptions=(
        "Wilder's smoothed mean of the close over {window} bars, seeded with their simple mean; "
        "in the price's unit; null until {window} bars are known.",
    ),
    kernel=rma_into,
    lookback=lookback,
)
