"""Trend lines through swing pivots that no bar has broken: how many rise, how many fall."""

import numpy as np

from quantmatrix_engine.indicators.base import Indicator, Param, Series, Spec, kernel, spec
from quantmatrix_engine.indicators.swing_pivots import OLDEST_PIVOT, confirms_into

TOLERANCE_ATR = 0.1
"""Average true ranges that a bar may go beyond a line without breaking it."""


@kernel
def is_broken(high: Series, atr: Series, first: int, second: int, start: int, stop: int) -> bool:
    """Gives whether a bar from `start` to before `stop` has a high too far above the line.

    The line runs through the highs of bars `first` and `second`; too far is the tolerance.
    """
    slope = (high[second] - high[first]) / (second - first)
    for row in range(start, stop):
        if high[row] - (high[first] + slope * (row - first)) > TOLERANCE_ATR * atr[row]:
            return True
    return False


@kernel
def falling_lines_into(high: Series, atr: Series, window: int, out: Series) -> None:
    """Writes how many falling lines are unbroken.

    A line joins a confirmed pivot high to the next one, if that is lower, and is drawn from the
    row that confirms the second. It is broken by a high more than `TOLERANCE_ATR` ATRs above it
    on any bar since its first pivot, and forgotten once that is `OLDEST_PIVOT` bars old. NaN
    until `2 * window + 1` bars and ATR are known.
    """
    size = high.size
    confirms = np.empty(size)
    confirms_into(high, window, confirms)
    firsts = np.empty(size, dtype=np.int64)
    seconds = np.empty(size, dtype=np.int64)
    count, newest = 0, -1
    for row in range(size):
        kept = 0
        for line in range(count):
            first, second = firsts[line], seconds[line]
            is_young = row - first <= OLDEST_PIVOT
            if is_young and not is_broken(high, atr, first, second, row, row + 1):
                firsts[kept], seconds[kept] = first, second
                kept += 1
        count = kept
        if confirms[row] == 1.0:
            first, newest = newest, row - window
            if (
                first >= 0
                and row - first <= OLDEST_PIVOT
                and high[newest] < high[first]
                and not is_broken(high, atr, first, newest, first + 1, row + 1)
            ):
                firsts[count], seconds[count] = first, newest
                count += 1
        out[row] = np.nan if row < 2 * window or np.isnan(atr[row]) else count


@kernel
def trend_lines_into(
    high: Series, low: Series, atr: Series, window: int, up: Series, down: Series
) -> None:
    """Writes both counts; rising lines through lows are falling lines of the negatives."""
    falling_lines_into(-low, atr, window, up)
    falling_lines_into(high, atr, window, down)


def uses(window: int) -> tuple[Spec, ...]:  # noqa: ARG001
    """Gives ATR(14), for the tolerance."""
    return (spec("atr", window=14),)


def lookback(window: int) -> int:
    """Gives the bars to the oldest first pivot and those before it."""
    return OLDEST_PIVOT + window


INDICATOR = Indicator(
    name="trend_lines",
    params=(Param("window", default=20, most=120),),
    inputs=("high", "low"),
    uses=uses,
    outputs=("trend_lines_up_{window}", "trend_lines_down_{window}"),
    descriptions=(
        "Lines from a pivot low of {window} bars on each side to the next and higher one that no "
        "low since has undercut by more than 0.1 ATR14, of the last 252 bars; null until "
        "2 * {window} + 1 bars and ATR14 are known.",
        "Lines from a pivot high of {window} bars on each side to the next and lower one that no "
        "high since has exceeded by more than 0.1 ATR14, of the last 252 bars; null until "
        "2 * {window} + 1 bars and ATR14 are known.",
    ),
    kernel=trend_lines_into,
    lookback=lookback,
    reach=lookback,
)
