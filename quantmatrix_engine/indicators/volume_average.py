"""Mean volume."""

from quantmatrix_engine.indicators.base import Indicator, Param
from quantmatrix_engine.indicators.sma import lookback, sma_into

INDICATOR = Indicator(
    name="volume_average",
    params=(Param("window", default=20),),
    inputs=("volume",),
    outputs=("volume_average_{window}",),
    descriptions=(
        "Mean volume of the last {window} bars, the row's own included, in units traded; null "
        "until {window} bars are known.",
    ),
    kernel=sma_into,
    lookback=lookback,
    reach=lookback,
)
