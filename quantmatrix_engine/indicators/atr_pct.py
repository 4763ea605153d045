"""Average true range as a percentage of the close."""

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
def atr_pct_into(close: Series, true_range: Series, out: Series) -> None:
    """Writes the true range / close * 100; 1.0 means one percent. NaN where the range is."""
    for row in range(close.size):
        out[row] = true_range[row] / close[row] * 100.0


def uses(window: int) -> tuple[Spec, ...]:
    """Gives ATR(window)."""
    return (spec("atr", window=window),)


INDICATOR = Indicator(
    name="atr_pct",
    params=(Param("window", default=14),),
    inputs=("close",),
    uses=uses,
    outputs=("atr_pct_{window}",),
    descriptions=(
        "Wilder's average true range over {window} bars as a percentage of the close (1.0 is "
        "one percent); null until {window} bars and the close before them are known.",
    ),
    kernel=atr_pct_into,
    kernel_params=(),
    lookback=of_the_row,
    reach=of_the_row,
)
