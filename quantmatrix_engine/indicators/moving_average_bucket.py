"""Whether price and moving averages stand in strict order: leading, lagging or neither."""

import numpy as np

from quantmatrix_engine.indicators.base import (
    Indicator,
    Series,
    Spec,
    excess,
    kernel,
    of_the_row,
    spec,
)

WINDOWS = (5, 8, 21, 50, 100, 200)


@kernel
def step_sign(upper: float, lower: float) -> float:
    """Gives 1 where `upper` is above `lower`, -1 where it is below, 0 where they are equal."""
    return float(np.sign(excess(upper, lower)))


@kernel
def moving_average_bucket_into(  # noqa: PLR0913, PLR0917
    close: Series,
    sma_5: Series,
    sma_8: Series,
    sma_21: Series,
    sma_50: Series,
    sma_100: Series,
    sma_200: Series,
    out: Series,
) -> None:
    """Writes 1 where close > SMA5 > SMA8 > SMA21 > SMA50 > SMA100 > SMA200, -1 where reversed.

    0 in any other order, and where two that stand next to each other are equal or differ by
    rounding only. First valid row: 199; NaN before. Source: the rule of QuantMatrix's older
    `indicator_engine`, which called the three leading, lagging and neutral.
    """
    for row in range(out.size):
        if np.isnan(sma_200[row]):
            out[row] = np.nan
            continue
        first = step_sign(close[row], sma_5[row])
        same = (
            step_sign(sma_5[row], sma_8[row]) == first
            and step_sign(sma_8[row], sma_21[row]) == first
            and step_sign(sma_21[row], sma_50[row]) == first
            and step_sign(sma_50[row], sma_100[row]) == first
            and step_sign(sma_100[row], sma_200[row]) == first
        )
        out[row] = first if same else 0.0


def uses() -> tuple[Spec, ...]:
    """Gives the six averages, the shortest first."""
    return tuple(spec("sma", window=window) for window in WINDOWS)


INDICATOR = Indicator(
    name="moving_average_bucket",
    params=(),
    inputs=("close",),
    uses=uses,
    outputs=("ma_bucket",),
    descriptions=(
        "1 (leading) where close > SMA5 > SMA8 > SMA21 > SMA50 > SMA100 > SMA200, -1 (lagging) "
        "where all are reversed, else 0 (neutral); null until 200 bars are known.",
    ),
    kernel=moving_average_bucket_into,
    lookback=of_the_row,
    reach=of_the_row,
)
