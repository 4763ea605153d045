"""How far the close stands above or below its exponential moving average, in percent."""

import math

from quantmatrix_engine.indicators.base import Indicator, Param, Spec, of_the_row, spec
from quantmatrix_engine.indicators.sma_distance_pct import distance_pct_into

SMALLEST_RATIO = 1e-3
"""The part of its average that a distance must be for `lookback` to hold."""


def uses(window: int) -> tuple[Spec, ...]:
    """Gives EMA(window)."""
    return (spec("ema", window=window),)


def lookback(window: int) -> int:
    """Gives the bars that let a small difference from EMA(window) forget its seed as well."""
    retained_ratio = (window - 1) / (window + 1)
    if retained_ratio == 0:
        return 0
    return math.ceil(math.log(SMALLEST_RATIO) / math.log(retained_ratio))


INDICATOR = Indicator(
    name="ema_distance_pct",
    params=(Param("window", default=21),),
    inputs=("close",),
    uses=uses,
    outputs=("ema_distance_pct_{window}",),
    descriptions=(
        "Close above its exponential mean over {window} bars, as a percentage of the mean (1.0 is "
        "one percent); negative below it; null until {window} bars are known.",
    ),
    kernel=distance_pct_into,
    kernel_params=(),
    lookback=lookback,
    reach=of_the_row,
)
