"""How volatile a name is by its own past: low, medium, high or extreme."""

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

LOW, MEDIUM, HIGH = 25.0, 75.0, 90.0
"""The highest percentile of each regime; above them all volatility is extreme."""


@kernel
def regime_into(percentile: Series, out: Series) -> None:
    """Writes 1 up to the 25th percentile, 2 up to the 75th, 3 up to the 90th, 4 above.

    NaN where the percentile is. Source: the levels of QuantMatrix's older `atr_engine`.
    """
    for row in range(out.size):
        rank = percentile[row]
        out[row] = (
            np.nan if np.isnan(rank) else 1.0 + (rank > LOW) + (rank > MEDIUM) + (rank > HIGH)
        )


def uses(average: int, window: int) -> tuple[Spec, ...]:
    """Gives the percentile of ATR(average) within `window` bars."""
    return (spec("volatility_percentile", average=average, window=window),)


INDICATOR = Indicator(
    name="volatility_regime",
    params=(Param("average", default=14), Param("window", default=252, least=2)),
    inputs=(),
    uses=uses,
    outputs=("volatility_regime_{average}_{window}",),
    descriptions=(
        "1 (low) where `volatility_percentile_{average}_{window}` is at most 25, 2 (medium) up to "
        "75, 3 (high) up to 90, 4 (extreme) above; null where that is.",
    ),
    kernel=regime_into,
    kernel_params=(),
    lookback=of_the_row,
    reach=of_the_row,
)
