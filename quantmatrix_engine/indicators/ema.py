"""Exponential moving average of the close."""

from quantmatrix_engine.indicators.base import Indicator, Param, Series, bars_to_forget, kernel
from quantmatrix_engine.indicators.smoothing import smoothed_from_mean_into


@kernel
def ema_into(values: Series, window: int, out: Series) -> None:
    """Writes the exponential mean with smoothing 2 / (window + 1), in the values' unit.

    First valid row: `window - 1`, which holds the mean of the first `window` values; NaN before.
    Seed and smoothing are TA-Lib's (`TA_EMA`, default compatibility).
    """
    share, kept = 2.0 / (window + 1), (window - 1) / (window + 1)
    smoothed_from_mean_into(values, window - 1, window, share, kept, out)


def lookback(window: int) -> int:
    """Gives the seed's own bars and those that let the mean forget it (EMA200: 1,811 bars)."""
    return window - 1 + bars_to_forget((window - 1) / (window + 1))


INDICATOR = Indicator(
    name="ema",
    params=(Param("window", default=21),),
    inputs=("close",),
    outputs=("ema_{window}",),
    descriptions=(
        "Exponential mean of the close over {window} bars, seeded with their simple mean; "
        "in the price's unit; null until {window} bars are known.",
    ),
    kernel=ema_into,
    lookback=lookback,
)
