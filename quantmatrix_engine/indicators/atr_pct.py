"""Average true range as a percentage of the close."""

from quantmatrix_engine.indicators import atr
from quantmatrix_engine.indicators.atr import atr_into
from quantmatrix_engine.indicators.base import Indicator, Series, kernel


@kernel
def atr_pct_into(high: Series, low: Series, close: Series, window: int, out: Series) -> None:
    """Writes ATR(window) / close * 100; 1.0 means one percent.

    First valid row: `window`; NaN before.
    """
    atr_into(high, low, close, window, out)
    for row in range(close.size):
        out[row] = out[row] / close[row] * 100.0


INDICATOR = Indicator(
    name="atr_pct",
    params=("window",),
    inputs=("high", "low", "close"),
    outputs=("atr_pct_{window}",),
    descriptions=(
        "Wilder's average true range over {window} bars as a percentage of the close (1.0 is "
        "one percent); null until {window} bars and the close before them are known.",
    ),
    kernel=atr_pct_into,
    lookback=atr.lookback,
)
