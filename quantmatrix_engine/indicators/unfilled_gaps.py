"""Price gaps that no later bar has filled: how many, and the level that fills the nearest."""

import numpy as np

from quantmatrix_engine.indicators.base import Indicator, Param, Series, kernel


@kernel
def gaps_up_into(
    high: Series, low: Series, gap_ratio: float, window: int, count: Series, level: Series
) -> None:
    """Writes how many gaps of the last `window` bars are open, and the nearest one's fill level.

    A bar opens a gap up where its low is more than `gap_ratio` of the previous high above it. Only
    a later bar fills it, with a low at or below that high: the fill level. A bar first fills the
    gaps before it, then may open its own. First valid row of `count`: 1; `level` is NaN while
    no gap is open. Of a bar that opens a gap the previous high is above all levels that are open,
    so levels rise in the order of their bars: bars fill from the newest, age takes the oldest.
    """
    size = high.size
    levels = np.empty(size)
    opened = np.empty(size, dtype=np.int64)
    first, stop = 0, 0
    count[0] = level[0] = np.nan
    for row in range(1, size):
        while stop > first and low[row] <= levels[stop - 1]:
            stop -= 1
        while stop > first and opened[first] <= row - window:
            first += 1
        before = high[row - 1]
        if low[row] - before > gap_ratio * abs(before):
            levels[stop], opened[stop] = before, row
            stop += 1
        count[row] = stop - first
        level[row] = levels[stop - 1] if stop > first else np.nan


@kernel
def unfilled_gaps_into(  # noqa: PLR0913, PLR0917
    high: Series,
    low: Series,
    gap_pct: float,
    window: int,
    up: Series,
    up_level: Series,
    down: Series,
    down_level: Series,
) -> None:
    """Writes open gaps up and down; gaps down are the gaps up of the prices' negatives."""
    gaps_up_into(high, low, gap_pct / 100.0, window, up, up_level)
    gaps_up_into(-low, -high, gap_pct / 100.0, window, down, down_level)
    for row in range(high.size):
        down_level[row] = -down_level[row]


def lookback(gap_pct: float, window: int) -> int:  # noqa: ARG001
    """Gives `window`: the bar before the oldest that may have opened a gap."""
    return window


INDICATOR = Indicator(
    name="unfilled_gaps",
    params=(
        Param("gap_pct", default=0.5, least=0, most=50, whole=False),
        Param("window", default=120),
    ),
    inputs=("high", "low"),
    outputs=tuple(
        f"{name}_{{gap_pct}}_{{window}}"
        for name in ("gaps_up", "gap_up_level", "gaps_down", "gap_down_level")
    ),
    descriptions=(
        "Gaps up of more than {gap_pct} % opened in the last {window} bars, low above the previous "
        "high, that no later low has filled; null at the first bar.",
        "Previous high at which the newest of these gaps up is filled; in the price's unit; null "
        "while there is none.",
        "Gaps down of more than {gap_pct} % opened in the last {window} bars, high below the "
        "previous low, that no later high has filled; null at the first bar.",
        "Previous low at which the newest of these gaps down is filled; in the price's unit; null "
        "while there is none.",
    ),
    kernel=unfilled_gaps_into,
    lookback=lookback,
    reach=lookback,
)
