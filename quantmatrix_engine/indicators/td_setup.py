"""TD Sequential's setups: consecutive closes beyond the close four bars before."""

import numpy as np

from quantmatrix_engine.indicators.base import Indicator, Series, kernel

COMPARED = 4
COMPLETE = 9
LONGEST_RUN = 250
"""Bars of a run that `lookback` reaches back over; a longer one that began earlier is not seen.

Of 7,072 US names from 2015 to 2017 (`pystock_us_daily_2015_2017`) the longest was 45 bars.
"""


@kernel
def buy_setup_into(low: Series, close: Series, count: Series, perfected: Series) -> None:
    """Writes the buy setup's count, uncapped, and 1 where it is complete and perfected, else 0.

    It starts with a price flip: a close below the close four bars before, right after one that
    was not. It counts while closes stay below, and is 0 after one that is equal or above. From
    bar 9 on it is complete; it is perfected once the low of bar 8, 9 or a later bar of the run is
    at or below the lows of bars 6 and 7. First valid row: 5; NaN before. Perl, DeMark Indicators
    (2008), chapter 1; that an equal close lets the next run start is DeMark and DeMark Jr., on
    Day Trading Options (1999).
    """
    count[: COMPARED + 1] = np.nan
    perfected[: COMPARED + 1] = np.nan
    bars, lowest, is_perfect = 0, np.inf, False
    for row in range(COMPARED + 1, close.size):
        if not close[row] < close[row - COMPARED]:
            bars = 0
        elif bars > 0 or not close[row - 1] < close[row - 1 - COMPARED]:
            bars += 1
        if bars <= 6:
            lowest, is_perfect = low[row], False
        elif bars == 7:
            lowest = min(lowest, low[row])
        elif low[row] <= lowest:
            is_perfect = True
        count[row] = bars
        perfected[row] = 1.0 if bars >= COMPLETE and is_perfect else 0.0


@kernel
def td_setup_into(
    high: Series,
    low: Series,
    close: Series,
    buy: Series,
    buy_perfected: Series,
    sell: Series,
    sell_perfected: Series,
) -> None:
    """Writes both setups; the sell setup is the buy setup of the prices' negatives."""
    buy_setup_into(low, close, buy, buy_perfected)
    buy_setup_into(-high, -close, sell, sell_perfected)


def lookback() -> int:
    """Gives `LONGEST_RUN` and the bars its first close is compared with."""
    return LONGEST_RUN + COMPARED + 1


INDICATOR = Indicator(
    name="td_setup",
    params=(),
    inputs=("high", "low", "close"),
    outputs=("td_buy_setup", "td_buy_perfected", "td_sell_setup", "td_sell_perfected"),
    descriptions=(
        "Consecutive closes below the close four bars before, after one that was not; complete "
        "from 9 on; 0 while there is no run; null until six bars are known.",
        "1 where the buy setup is complete and the low of bar 8, 9 or a later bar is at or below "
        "the lows of bars 6 and 7, else 0; null until six bars are known.",
        "Consecutive closes above the close four bars before, after one that was not; complete "
        "from 9 on; 0 while there is no run; null until six bars are known.",
        "1 where the sell setup is complete and the high of bar 8, 9 or a later bar is at or "
        "above the highs of bars 6 and 7, else 0; null until six bars are known.",
    ),
    kernel=td_setup_into,
    lookback=lookback,
)
