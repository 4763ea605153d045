"""Volume-weighted average price, from each session's first bar on."""

import numpy as np

from quantmatrix_engine.indicators.base import Indicator, Series, kernel

BARS_A_SESSION = 390
"""Minutes of a regular session: the most bars of it there are."""


@kernel
def vwap_into(
    high: Series, low: Series, close: Series, volume: Series, session: Series, out: Series
) -> None:
    """Writes sum(typical price * volume) / sum(volume) over the session's bars up to the row.

    The typical price is (high + low + close) / 3. In the price's unit; NaN until something is
    traded in the session. Of daily bars each session has one, so it is that bar's typical price.
    """
    money, units = 0.0, 0.0
    for row in range(close.size):
        if row == 0 or session[row] != session[row - 1]:
            money, units = 0.0, 0.0
        money += (high[row] + low[row] + close[row]) * volume[row]
        units += 3.0 * volume[row]
        out[row] = money / units if units > 0.0 else np.nan


def lookback() -> int:
    """Gives the bars of a session before its last."""
    return BARS_A_SESSION - 1


INDICATOR = Indicator(
    name="vwap",
    params=(),
    inputs=("high", "low", "close", "volume", "session"),
    outputs=("vwap",),
    descriptions=(
        "Volume-weighted mean of the typical price since the session's first bar, in the price's "
        "unit; of daily bars the typical price itself; null where nothing was traded.",
    ),
    kernel=vwap_into,
    lookback=lookback,
)
