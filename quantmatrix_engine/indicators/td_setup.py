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
def setups_into(close: Series, buy: Series, sell: Series) -> None:
    """Writes the counts of the buy and the sell setup, uncapped.

    A buy setup starts with a price flip: a close below the close four bars before, right after one
    that was not. It counts while closes stay below, and is 0 after one that is equal or above. A
    sell setup is the same above. First valid row: 5; NaN before. Perl, DeMark Indicators (2008),
    chapter 1; that an equal close lets the next run start is DeMark and DeMark Jr., on Day Trading
    Options (1999). Whether a close is below is a toss of a coin that no processor guesses, so it is
    not asked: the count is the rows since the last close that was not.
    """
    buy[: COMPARED + 1], sell[: COMPARED + 1] = np.nan, np.nan
    if close.size <= COMPARED:
        return
    now, before = close[COMPARED + 1 :], close[1:]
    buys, sells = buy[COMPARED + 1 :], sell[COMPARED + 1 :]
    not_lower, not_higher = -1, -1
    for row in range(now.size):
        not_lower = not_lower if now[row] < before[row] else row
        not_higher = not_higher if now[row] > before[row] else row
        buys[row], sells[row] = row - not_lower, row - not_higher
    if not close[COMPARED] >= close[0]:
        _run_without_flip_into(buys)
    if not close[COMPARED] <= close[0]:
        _run_without_flip_into(sells)


@kernel
def _run_without_flip_into(counts: Series) -> None:
    """Writes 0 for the run at the beginning: the close before it was beyond its own, too."""
    row = 0
    while row < counts.size and counts[row] == row + 1:
        counts[row] = 0.0
        row += 1


@kernel
def buy_perfected_into(low: Series, count: Series, out: Series) -> None:
    """Writes 1 where the buy setup is complete and perfected, else 0; NaN where the count is.

    It is complete from bar 9 on, and perfected once the low of bar 8, 9 or a later bar of the run
    is at or below the lows of bars 6 and 7 (Perl, chapter 1).
    """
    for row in range(low.size):
        out[row] = 0.0 * count[row]
    lowest, is_perfect = np.inf, False
    for row in range(low.size):
        if count[row] >= COMPLETE - 1:
            if count[row] == COMPLETE - 1:
                lowest, is_perfect = min(low[row - 1], low[row - 2]), False
            is_perfect |= low[row] <= lowest
            out[row] = 1.0 if is_perfect and count[row] >= COMPLETE else 0.0


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
    """Writes both setups; a sell setup is perfected as a buy setup of the prices' negatives is."""
    setups_into(close, buy, sell)
    buy_perfected_into(low, buy, buy_perfected)
    buy_perfected_into(-high, sell, sell_perfected)


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
