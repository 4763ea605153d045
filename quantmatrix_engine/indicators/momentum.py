"""Momentum: the rise over a long stretch that ends some bars ago."""

import numpy as np

from quantmatrix_engine.indicators.base import Indicator, Param, Series, kernel


@kernel
def momentum_into(close: Series, window: int, skip: int, out: Series, before: Series) -> None:
    """Writes the rise (%) over `window` bars that ended `skip` bars ago, and the row before.

    With 231 and 21 it is the 12-1 month momentum of Jegadeesh and Titman (Returns to Buying
    Winners and Selling Losers, Journal of Finance 48, 1993): the last month is left out, since it
    tends to turn back. First valid row: `window + skip`; `before`: the row after. Without
    dividends.
    """
    reach = window + skip
    out[: min(reach, close.size)] = np.nan
    for row in range(reach, close.size):
        first = close[row - reach]
        out[row] = (close[row - skip] - first) / first * 100.0
    before[0] = np.nan
    before[1:] = out[:-1]


def lookback(window: int, skip: int) -> int:
    """Gives `window + skip + 1`: the bar the row before is compared with."""
    return window + skip + 1


INDICATOR = Indicator(
    name="momentum",
    params=(Param("window", default=231), Param("skip", default=21, least=0)),
    inputs=("close",),
    outputs=("momentum_{window}_{skip}", "momentum_before_{window}_{skip}"),
    descriptions=(
        "Rise of the close over {window} bars that ended {skip} bars before the row, in percent "
        "(1.0 is one percent), without dividends; null until the bars are known.",
        "`momentum_{window}_{skip}` of the previous bar; null where that is.",
    ),
    kernel=momentum_into,
    lookback=lookback,
    reach=lookback,
)
