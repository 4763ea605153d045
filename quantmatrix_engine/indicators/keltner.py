"""Keltner channel: an exponential mean and its average true ranges."""

import numpy as np

from quantmatrix_engine.indicators.base import (
    Indicator,
    Param,
    Series,
    Spec,
    kernel,
    of_the_row,
    spec,
)


@kernel
def keltner_into(
    average: Series,
    true_range: Series,
    multiple: float,
    upper: Series,
    middle: Series,
    lower: Series,
) -> None:
    """Writes EMA(average) and the lines `multiple` ATRs above and below it, in the price's unit.

    Raschke's form of Keltner's channel (How to Make Money in Commodities, 1960), with Wilder's ATR.
    First valid row: the later of the average's and the range's; NaN before.
    """
    # Multiplied first, in a loop of its own: rounded together, the last digit would depend on where
    # the series ends.
    for row in range(average.size):
        middle[row] = multiple * true_range[row]
    for row in range(average.size):
        upper[row] = average[row] + middle[row]
        lower[row] = average[row] - middle[row]
        middle[row] = np.nan if np.isnan(middle[row]) else average[row]


def uses(average: int, window: int, multiple: float) -> tuple[Spec, ...]:  # noqa: ARG001
    """Gives EMA(average) and ATR(window)."""
    return spec("ema", window=average), spec("atr", window=window)


INDICATOR = Indicator(
    name="keltner",
    params=(
        Param("average", default=20),
        Param("window", default=10),
        Param("multiple", default=2.0, least=0.1, most=20, whole=False),
    ),
    inputs=(),
    uses=uses,
    outputs=(
        "keltner_upper_{average}_{window}_{multiple}",
        "keltner_middle_{average}_{window}_{multiple}",
        "keltner_lower_{average}_{window}_{multiple}",
    ),
    descriptions=(
        "Exponential mean of the close over {average} bars plus {multiple} average true ranges "
        "over {window}; in the price's unit; null until both are known.",
        "Exponential mean of the close over {average} bars, where the range over {window} bars "
        "({multiple} of them to the lines) is known, too.",
        "Exponential mean of the close over {average} bars less {multiple} average true ranges "
        "over {window}; in the price's unit.",
    ),
    kernel=keltner_into,
    kernel_params=("multiple",),
    lookback=of_the_row,
    reach=of_the_row,
)
