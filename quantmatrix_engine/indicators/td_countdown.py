"""TD Sequential's countdowns to 13, which follow a complete setup."""

import numpy as np

from quantmatrix_engine.indicators.base import Indicator, Series, Spec, Whole, kernel, spec
from quantmatrix_engine.indicators.td_setup import COMPLETE, rows_of_bar

EXTENDED = 2 * COMPLETE
LAST, QUALIFYING = 13, 8
LARGEST_RATIO = 1.618
LONGEST_COUNTDOWN = 1_000
"""Bars of a countdown and of those before that decide it, which `lookback` reaches back over.

Of 7,072 US names from 2015 to 2017 (`pystock_us_daily_2015_2017`) the longest ran for 238 bars.
"""


@kernel
def true_extremes(high: Series, low: Series, close: Series, row: int) -> tuple[float, float]:
    """Gives the true low and true high of the nine bars up to the row, closes before counted."""
    lowest, highest = np.inf, -np.inf
    for bar in range(row - COMPLETE + 1, row + 1):
        lowest = min(lowest, low[bar], close[bar - 1])
        highest = max(highest, high[bar], close[bar - 1])
    return lowest, highest


@kernel
def buy_countdown_into(
    high: Series,
    low: Series,
    close: Series,
    setup: Series,
    opposite: Series,
    out: Series,
    completed: Series,
) -> None:
    """Writes the buy countdown's count, 0 to 13, and 1 where it is 13, else 0; NaN as the setup.

    It starts at a setup's ninth bar, which may itself be counted. A bar counts whose close is at
    or below the low two bars before; the thirteenth only if its low is at or below the close of
    the eighth, else it waits at 12. It is 13 on one bar, and then over; 0 where none runs.

    Cancelled: by a complete setup of the opposite direction, or by a true low above the true high
    of its setup. Recycled, to begin anew: by a further setup of its direction whose true range is
    at least that of its setup and less than 1.618 times it (which becomes its setup), and by a
    setup that reaches 18 bars. A smaller or larger setup changes nothing. Perl, DeMark Indicators
    (2008), chapter 1; his setup within a setup is smaller, and so changes nothing either.
    """
    qualifies, true_low = np.zeros(close.size, dtype=np.int64), np.empty(close.size)
    for row in range(close.size):
        out[row] = completed[row] = 0.0 * setup[row]
    _bars_into(low, close, qualifies, true_low)
    complete, cancelling = rows_of_bar(setup, COMPLETE), rows_of_bar(opposite, COMPLETE)
    after = 0
    for number in range(complete.size):
        first = complete[number]
        if first < after:
            continue
        later = np.searchsorted(cancelling, first)
        end = cancelling[later] if later < cancelling.size else close.size
        after = _one_countdown_into(
            high, low, close, setup, complete[number:], qualifies, true_low, end, out
        )
        if after <= end and out[after - 1] == LAST:
            completed[after - 1] = 1.0


@kernel
def _bars_into(low: Series, close: Series, qualifies: Whole, true_low: Series) -> None:
    """Writes 1 where a close is at or below the low two bars before, and each bar's true low."""
    earlier, now, counted = low, close[2:], qualifies[2:]
    for row in range(counted.size):
        counted[row] = now[row] <= earlier[row]
    before, lows, lowest = close, low[1:], true_low[1:]
    for row in range(lowest.size):
        lowest[row] = lows[row] if lows[row] < before[row] else before[row]


@kernel
def _one_countdown_into(  # noqa: PLR0913, PLR0917
    high: Series,
    low: Series,
    close: Series,
    setup: Series,
    complete: Whole,
    qualifies: Whole,
    true_low: Series,
    end: int,
    out: Series,
) -> int:
    """Writes the countdown of the setup that is complete at `complete[0]`; gives the row after it.

    Later ones of `complete` may recycle it; at the row `end` it is cancelled. Its bars are counted
    one after the other up to the next setup that is complete or has 18 bars.
    """
    row, place = int(complete[0]), 0
    counted, eighth, span, ceiling = 0, np.nan, -1.0, np.inf
    while row < end:
        extended = end
        if place < complete.size and row == complete[place]:
            lowest, highest = true_extremes(high, low, close, row)
            its = highest - lowest
            if span < 0.0 or (span <= its < LARGEST_RATIO * span):
                counted, span, ceiling = 0, its, highest
            place += 1
            extended = row + EXTENDED - COMPLETE
        else:
            counted = 0
        stop = min(end, complete[place] if place < complete.size else end)
        if extended < stop and setup[extended] == EXTENDED:
            stop = extended
        while row < stop:
            if true_low[row] > ceiling:
                return row + 1
            if counted < QUALIFYING:
                row, counted = _count_into(
                    qualifies, true_low, row, stop, ceiling, counted, QUALIFYING, out
                )
                eighth = close[row - 1] if counted == QUALIFYING else eighth
            elif counted < LAST - 1:
                row, counted = _count_into(
                    qualifies, true_low, row, stop, ceiling, counted, LAST - 1, out
                )
            else:
                counted += qualifies[row] & (low[row] <= eighth)
                out[row] = counted
                row += 1
                if counted == LAST:
                    return row
    return end + 1


@kernel
def _count_into(  # noqa: PLR0913, PLR0917
    qualifies: Whole,
    true_low: Series,
    row: int,
    stop: int,
    ceiling: float,
    counted: int,
    most: int,
    out: Series,
) -> tuple[int, int]:
    """Writes the count from `row` on, up to `most`, a low above the ceiling or `stop`.

    Gives the row that comes next, and the count. Not asked but added, as in `setups_into`: whether
    a bar counts no one guesses. Asked as its caller asks, so that also a NaN, which no bar should
    have, comes to an end.
    """
    while row < stop and counted < most and not true_low[row] > ceiling:
        counted += qualifies[row]
        out[row] = counted
        row += 1
    return row, counted


@kernel
def td_countdown_into(  # noqa: PLR0913, PLR0917
    high: Series,
    low: Series,
    close: Series,
    buy_setup: Series,
    buy_perfected: Series,  # noqa: ARG001
    sell_setup: Series,
    sell_perfected: Series,  # noqa: ARG001
    buy: Series,
    buy_completed: Series,
    sell: Series,
    sell_completed: Series,
) -> None:
    """Writes both countdowns and where they are complete.

    The sell countdown is the buy countdown of the prices' negatives. First valid row: 5.
    """
    buy_countdown_into(high, low, close, buy_setup, sell_setup, buy, buy_completed)
    buy_countdown_into(-low, -high, -close, sell_setup, buy_setup, sell, sell_completed)


def uses() -> tuple[Spec, ...]:
    """Gives the setups."""
    return (spec("td_setup"),)


def lookback() -> int:
    """Gives `LONGEST_COUNTDOWN`: a countdown whose setup is older needs more history."""
    return LONGEST_COUNTDOWN


INDICATOR = Indicator(
    name="td_countdown",
    params=(),
    inputs=("high", "low", "close"),
    uses=uses,
    outputs=(
        "td_buy_countdown",
        "td_buy_countdown_completed",
        "td_sell_countdown",
        "td_sell_countdown_completed",
    ),
    descriptions=(
        "Bars since a complete buy setup whose close is at or below the low two bars before, up "
        "to 13; 0 while no countdown runs; null until six bars are known.",
        "1 where the buy countdown reaches 13, else 0; null until six bars are known.",
        "Bars since a complete sell setup whose close is at or above the high two bars before, up "
        "to 13; 0 while no countdown runs; null until six bars are known.",
        "1 where the sell countdown reaches 13, else 0; null until six bars are known.",
    ),
    kernel=td_countdown_into,
    lookback=lookback,
)
