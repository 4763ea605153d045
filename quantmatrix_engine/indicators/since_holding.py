"""How long ago the last holding of a name above its moving average ended."""

import numpy as np

from quantmatrix_engine.indicators.base import Indicator, Param, Series, Spec, kernel, spec

LONGEST_REST = 520
"""Bars since a holding ended that `lookback` reaches back over, two years."""


@kernel
def since_holding_into(
    sessions: Series,
    peak: Series,  # noqa: ARG001
    before: Series,
    out: Series,
) -> None:
    """Writes the bars since the last holding ended: 0 on the bar that ended it.

    NaN while no end was seen. The three columns are those of `holding`; the bars of the next
    holding count on.
    """
    count = np.nan
    for row in range(sessions.size):
        count = count + 1.0
        if sessions[row] == 0.0 and before[row] > 0.0:
            count = 0.0
        out[row] = count


def uses(average: int, window: int) -> tuple[Spec, ...]:
    """Gives the holding."""
    return (spec("holding", average=average, window=window),)


def lookback(average: int, window: int) -> int:  # noqa: ARG001
    """Gives `LONGEST_REST`; of an end longer ago nothing is known."""
    return LONGEST_REST


INDICATOR = Indicator(
    name="since_holding",
    params=(Param("average", default=50), Param("window", default=14)),
    inputs=(),
    uses=uses,
    outputs=("since_holding_{average}_{window}",),
    descriptions=(
        "Bars since the close last fell below its simple mean over {average} bars after standing "
        "at or above it, 0 on that bar; null while that was not seen.",
    ),
    kernel=since_holding_into,
    kernel_params=(),
    lookback=lookback,
)
