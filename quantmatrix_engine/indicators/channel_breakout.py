"""Breakouts from a Donchian channel: the levels to pass, and whether the last one was upwards."""

import numpy as np

from quantmatrix_engine.indicators.base import (
    Indicator,
    Param,
    Series,
    Spec,
    excess,
    kernel,
    spec,
)

LONGEST_RISE = 1_260
"""Bars since a breakout that `lookback` reaches back over, five years."""


@kernel
def previous_into(values: Series, out: Series) -> None:
    """Writes each row's previous value; NaN in the first row."""
    out[0] = np.nan
    out[1:] = values[:-1]


@kernel
def channel_breakout_into(  # noqa: PLR0913, PLR0917
    close: Series,
    entry_upper: Series,
    entry_middle: Series,  # noqa: ARG001
    entry_lower: Series,  # noqa: ARG001
    exit_upper: Series,  # noqa: ARG001
    exit_middle: Series,  # noqa: ARG001
    exit_lower: Series,
    upper: Series,
    lower: Series,
    sessions: Series,
    before: Series,
) -> None:
    """Writes the previous bar's channel, and the bars since the last breakout was upwards.

    A close above `upper` (the highest high of the `entry` bars before the row) begins a rise, a
    close below `lower` (the lowest low of the `exit` bars before) ends it: the channel rules of
    Donchian and of the Turtles (C. Faith, Way of the Turtle, 2007: 20 and 10 bars, 55 and 20).
    `sessions` is 1 on the bar that begins it, 0 from the bar that ends it on and while none was
    seen. A close that differs from a level by rounding only has not passed it. First valid row:
    the larger of `entry` and `exit`; NaN before; of `before` (the previous bar's) the row after.
    """
    previous_into(entry_upper, upper)
    previous_into(exit_lower, lower)
    count = 0.0
    for row in range(close.size):
        if np.isnan(upper[row]) or np.isnan(lower[row]):
            sessions[row] = np.nan
            continue
        if excess(close[row], lower[row]) < 0.0:
            count = 0.0
        elif count > 0.0 or excess(close[row], upper[row]) > 0.0:
            count = count + 1.0
        sessions[row] = count
    previous_into(sessions, before)


def uses(entry: int, exit: int) -> tuple[Spec, ...]:  # noqa: A002
    """Gives both channels."""
    return spec("donchian", window=entry), spec("donchian", window=exit)


def lookback(entry: int, exit: int) -> int:  # noqa: A002, ARG001
    """Gives `LONGEST_RISE`.

    It holds for rises of up to that many bars; a longer one that began before the history counts
    from the first breakout upwards the history has.
    """
    return LONGEST_RISE


INDICATOR = Indicator(
    name="channel_breakout",
    params=(Param("entry", default=20), Param("exit", default=10)),
    inputs=("close",),
    uses=uses,
    outputs=(
        "channel_breakout_upper_{entry}_{exit}",
        "channel_breakout_lower_{entry}_{exit}",
        "channel_breakout_sessions_{entry}_{exit}",
        "channel_breakout_before_{entry}_{exit}",
    ),
    descriptions=(
        "Highest high of the {entry} bars before the row; in the price's unit; null until they "
        "are known.",
        "Lowest low of the {exit} bars before the row; in the price's unit; null until they are "
        "known.",
        "Bars since a close above the {entry} bars before it, that one included, with no close "
        "below the {exit} bars before it since; 0 where there is none; null until the bars are "
        "known.",
        "`channel_breakout_sessions_{entry}_{exit}` of the previous bar; null where that is.",
    ),
    kernel=channel_breakout_into,
    kernel_params=(),
    lookback=lookback,
)
