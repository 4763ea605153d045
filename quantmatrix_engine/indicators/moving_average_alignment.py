"""Whether the moving averages stand in the order of a rising price, shortest on top."""

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


@kernel
def moving_average_alignment_into(
    ema_10: Series, sma_20: Series, sma_50: Series, sma_100: Series, sma_200: Series, out: Series
) -> None:
    """Writes 1.0 where EMA10 >= SMA20 >= SMA50 >= SMA100 >= SMA200, else 0.0.

    Averages that differ by rounding only count as equal. First valid row: 199; NaN before.
    """
    for row in range(out.size):
        if np.isnan(sma_200[row]):
            out[row] = np.nan
            continue
        aligned = (
            excess(ema_10[row], sma_20[row]) >= 0.0
            and excess(sma_20[row], sma_50[row]) >= 0.0
            and excess(sma_50[row], sma_100[row]) >= 0.0
            and excess(sma_100[row], sma_200[row]) >= 0.0
        )
        out[row] = 1.0 if aligned else 0.0


def uses() -> tuple[Spec, ...]:
    """Gives the five averages, the shortest first.

    Two averages closer to each other than `TOLERANCE` may still change places with more history.
    """
    return spec("ema", window=10), *(spec("sma", window=window) for window in (20, 50, 100, 200))


INDICATOR = Indicator(
    name="moving_average_alignment",
    params=(),
    inputs=(),
    uses=uses,
    outputs=("ma_aligned",),
    descriptions=(
        "1 where EMA10 >= SMA20 >= SMA50 >= SMA100 >= SMA200, else 0; "
        "null until 200 bars are known.",
    ),
    kernel=moving_average_alignment_into,
    lookback=of_the_row,
    reach=of_the_row,
)
