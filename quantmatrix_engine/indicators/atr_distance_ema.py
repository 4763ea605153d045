"""How many average true ranges the close stands above or below its exponential average."""

from quantmatrix_engine.indicators.atr_distance import distance_into
from quantmatrix_engine.indicators.base import Indicator, Param, Spec, of_the_row, spec
from quantmatrix_engine.indicators.ema_distance_pct import lookback as lookback_of_difference


def uses(average: int, window: int) -> tuple[Spec, ...]:
    """Gives EMA(average) and ATR(window)."""
    return spec("ema", window=average), spec("atr", window=window)


def lookback(average: int, window: int) -> int:  # noqa: ARG001
    """Gives the bars that let a small difference from EMA(average) forget its seed as well."""
    return lookback_of_difference(average)


INDICATOR = Indicator(
    name="atr_distance_ema",
    params=(Param("average", default=21), Param("window", default=14)),
    inputs=("close",),
    uses=uses,
    outputs=("atr_distance_ema_{average}_{window}",),
    descriptions=(
        "Close less its exponential mean over {average} bars, in average true ranges over "
        "{window} bars; negative below it; null where the range is 0 or either is not yet known.",
    ),
    kernel=distance_into,
    kernel_params=(),
    lookback=lookback,
    reach=of_the_row,
)
