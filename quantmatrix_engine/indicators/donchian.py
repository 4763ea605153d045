"""Donchian channel: the highest high and the lowest low."""

from quantmatrix_engine.indicators.base import Indicator, Param, Series, kernel
from quantmatrix_engine.indicators.extremes import highest_into, lowest_into


@kernel
def donchian_into(
    high: Series, low: Series, window: int, upper: Series, middle: Series, lower: Series
) -> None:
    """Writes the highest high and the lowest low of the last `window` bars, and their mean.

    The row's own bar is included, as TA-Lib's `TA_MAX` and `TA_MIN` do; a breakout is a close above
    the *previous* row's upper. First valid row: `window - 1`; NaN before. In the price's unit.
    """
    highest_into(high, window, upper)
    lowest_into(low, window, lower)
    for row in range(high.size):
        middle[row] = (upper[row] + lower[row]) * 0.5


def lookback(window: int) -> int:
    """Gives `window - 1`: nothing older is in the channel."""
    return window - 1


INDICATOR = Indicator(
    name="donchian",
    params=(Param("window", default=20),),
    inputs=("high", "low"),
    outputs=("donchian_upper_{window}", "donchian_middle_{window}", "donchian_lower_{window}"),
    descriptions=(
        "Highest high of the last {window} bars, the row's own included; in the price's unit; "
        "null until {window} bars are known.",
        "Mean of the highest high and the lowest low of the last {window} bars.",
        "Lowest low of the last {window} bars, the row's own included; in the price's unit.",
    ),
    kernel=donchian_into,
    lookback=lookback,
    reach=lookback,
)
