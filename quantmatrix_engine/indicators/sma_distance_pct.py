"""How far the close stands above or below its simple moving average, in percent."""

from quantmatrix_engine.indicators.base import (
    Indicator,
    Param,
    Series,
    Spec,
    excess,
    kernel,
    of_the_row,
    spec,
)


@kernel
def distance_pct_into(close: Series, average: Series, out: Series) -> None:
    """Writes (close / average - 1) * 100, signed; 1.0 means one percent above the average.

    Exactly 0 where the two differ by rounding only. NaN where the average is.
    """
    for row in range(close.size):
        out[row] = excess(close[row], average[row]) / average[row] * 100.0


def uses(window: int) -> tuple[Spec, ...]:
    """Gives SMA(window)."""
    return (spec("sma", window=window),)


INDICATOR = Indicator(
    name="sma_distance_pct",
    params=(Param("window", default=50),),
    inputs=("close",),
    uses=uses,
    outputs=("sma_distance_pct_{window}",),
    descriptions=(
        "Close above its simple mean over {window} bars, as a percentage of the mean (1.0 is one "
        "percent); negative below it; null until {window} bars are known.",
    ),
    kernel=distance_pct_into,
    kernel_params=(),
    lookback=of_the_row,
    reach=of_the_row,
)
