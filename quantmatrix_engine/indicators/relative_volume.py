"""Volume against its own mean."""

import numpy as np

from quantmatrix_engine.indicators.base import Indicator, Param, Series, Spec, kernel, spec


@kernel
def relative_volume_into(volume: Series, average: Series, out: Series) -> None:
    """Writes volume / mean volume of the bars *before* the row; 1.0 is as much as lately.

    The row itself is not in the mean: an outbreak would otherwise hide in what it is compared
    with. First valid row: the window; NaN before, and where nothing was traded before.
    """
    out[0] = np.nan
    now, known = volume[1:], out[1:]
    for row in range(known.size):
        times = now[row] / average[row]
        known[row] = times if average[row] > 0.0 else np.nan


def uses(window: int) -> tuple[Spec, ...]:
    """Gives the mean volume."""
    return (spec("volume_average", window=window),)


def lookback(window: int) -> int:  # noqa: ARG001
    """Gives 1: the mean of the row before."""
    return 1


INDICATOR = Indicator(
    name="relative_volume",
    params=(Param("window", default=20),),
    inputs=("volume",),
    uses=uses,
    outputs=("relative_volume_{window}",),
    descriptions=(
        "Volume as a multiple of the mean of the {window} bars before the row (1.0 is as much); "
        "null until they are known, and where they traded nothing.",
    ),
    kernel=relative_volume_into,
    kernel_params=(),
    lookback=lookback,
    reach=lookback,
)
