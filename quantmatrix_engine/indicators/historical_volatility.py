"""Historical volatility: the standard deviation of daily returns, a year's worth."""

import numpy as np

from quantmatrix_engine.indicators.base import ROUNDING_RATIO, Indicator, Param, Series, kernel

SESSIONS_A_YEAR = 252


@kernel
def historical_volatility_into(close: Series, window: int, out: Series) -> None:
    """Writes the sample's standard deviation of the last `window` log returns, annualised.

    In percent: times the square root of 252 sessions, times 100 (Hull, Options, Futures, and Other
    Derivatives). First valid row: `window`; NaN before. 0 where the price does not move.
    """
    size = close.size
    returns = np.empty(size)
    returns[0] = 0.0
    for row in range(1, size):
        returns[row] = np.log(close[row] / close[row - 1])
    out[: min(window, size)] = np.nan
    yearly = np.sqrt(SESSIONS_A_YEAR) * 100.0
    for row in range(window, size):
        last = returns[row - window + 1 : row + 1]
        total = 0.0
        for value in last:
            total += value
        mean = total / window
        squares = 0.0
        for value in last:
            squares += (value - mean) * (value - mean)
        deviation = np.sqrt(squares / (window - 1))
        out[row] = deviation * yearly if deviation > ROUNDING_RATIO else 0.0


def lookback(window: int) -> int:
    """Gives `window`: so many returns, and the close before them."""
    return window


INDICATOR = Indicator(
    name="historical_volatility",
    params=(Param("window", default=20, least=2),),
    inputs=("close",),
    outputs=("historical_volatility_pct_{window}",),
    descriptions=(
        "Standard deviation (of the sample) of the last {window} log returns, times the root of "
        "252 sessions, in percent; null until {window} returns are known.",
    ),
    kernel=historical_volatility_into,
    lookback=lookback,
    reach=lookback,
)
