"""TD Sequential's countdowns to 13, which follow a complete setup."""

import numpy as np

from quantmatrix_engine.indicators.base import Indicator, Series, Spec, kernel, spec
from quantmatrix_engine.indicators.td_setup import COMPARED, COMPLETE

EXTENDED = 2 * COMPLETE
LAST, QUALIFYING = 13, 8
LARGEST_RATIO = 1.618
BARS_BEFORE = COMPLETE
"""Bars before a row that any count looks at: those of a setup that it completes, and a close."""

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
    high: Series, low: Series, close: Series, setup: Series, opposite: Series, row: int, out: Series
) -> None:
    """Writes the buy countdown's count from `row` on, 0 to 13; 0 where none runs, NaN before `row`.

    None runs at the row before. One starts at a setup's ninth bar, which may itself be counted. A
    bar counts whose close is at or below the low two bars before; the thirteenth only if its low is
    at or below the close of the eighth, else it waits at 12. It is 13 on one bar, and then over.

    Cancelled: by a complete setup of the opposite direction, or by a true low above the true high
    of its setup. Recycled, to begin anew: by a further setup of its direction whose true range is
    at least that of its setup and less than 1.618 times it (which becomes its setup), and by a
    setup that reaches 18 bars. A smaller or larger setup changes nothing. Perl, DeMark Indicators
    (2008), chapter 1; his setup within a setup is smaller, and so changes nothing either.
    """
    out[:row] = np.nan
    while row < close.size:
        row = _until_setup_into(setup, row, out)
        row = _one_countdown_into(high, low, close, setup, opposite, row, out)


@kernel
def _until_setup_into(setup: Series, row: int, out: Series) -> int:
    """Writes 0 up to the next complete setup; gives its row, or that after the last."""
    while row < setup.size and setup[row] != COMPLETE:
        out[row] = 0.0
        row += 1
    return row


@kernel
def _one_countdown_into(
    high: Series,
    low: Series,
    close: Series,
    setup: Series,
    opposite: Series,
    row: int,
    out: Series,
) -> int:
    """Writes the countdown that starts at `row`, a setup's ninth bar; gives the row after it."""
    counted, eighth, size, ceiling = 0, np.nan, 0.0, np.inf
    is_first = True
    while row < close.size and counted < LAST:
        if setup[row] == COMPLETE:
            lowest, highest = true_extremes(high, low, close, row)
            span = highest - lowest
            if is_first or (size <= span < LARGEST_RATIO * size):
                counted, size, ceiling = 0, span, highest
        elif setup[row] == EXTENDED:
            counted = 0
        if opposite[row] == COMPLETE or min(low[row], close[row - 1]) > ceiling:
            out[row] = 0.0
            return row + 1
        # Not asked but added, as in `setups_into`: whether a bar counts no one guesses.
        counts = (close[row] <= low[row - 2]) & ((counted < LAST - 1) | (low[row] <= eighth))
        counted += counts
        eighth = close[row] if counts & (counted == QUALIFYING) else eighth
        out[row] = counted
        is_first = False
        row += 1
    return row


@kernel
def _begin(opposite: Series, row: int) -> int:
    """Gives the newest row up to `row` that follows a complete setup of the opposite direction.

    Such a setup ends every countdown, so nothing before it counts. Without one it is the first row
    that can be known.
    """
    while row > 0 and opposite[row - 1] != COMPLETE:
        row -= 1
    return max(row, min(COMPARED + 1, opposite.size))


@kernel
def _newest_into(
    high: Series, low: Series, close: Series, setup: Series, opposite: Series, row: int, out: Series
) -> None:
    """Writes the buy countdown's counts of the newest rows, of which there are as many as `out`."""
    if out.size == close.size:
        buy_countdown_into(high, low, close, setup, opposite, row, out)
        return
    counts = np.empty(close.size)
    buy_countdown_into(high, low, close, setup, opposite, row, counts)
    out[:] = counts[close.size - out.size :]


@kernel
def completed_into(count: Series, out: Series) -> None:
    """Writes 1 where the count is 13, else 0; NaN where it is NaN."""
    for row in range(count.size):
        out[row] = 1.0 if count[row] == LAST else count[row] * 0.0


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
    """Writes both countdowns of the newest rows and where they are complete.

    The sell countdown is the buy countdown of the prices' negatives. First valid row: 5.
    """
    row = _begin(sell_setup, close.size - buy.size)
    since = max(row - BARS_BEFORE, 0)
    bars = high[since:], low[since:], close[since:]
    _newest_into(*bars, buy_setup[since:], sell_setup[since:], row - since, buy)
    row = _begin(buy_setup, close.size - sell.size)
    since = max(row - BARS_BEFORE, 0)
    negatives = -low[since:], -high[since:], -close[since:]
    _newest_into(*negatives, sell_setup[since:], buy_setup[since:], row - since, sell)
    completed_into(buy, buy_completed)
    completed_into(sell, sell_completed)


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
    writes_asked_only=True,
    lookback=lookback,
)
