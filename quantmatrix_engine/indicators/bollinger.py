"""Bollinger bands: a mean and its standard deviations."""

import numpy as np

from quantmatrix_engine.indicators.base import (
    ROUNDING_RATIO,
    Indicator,
    Param,
    Series,
    Spec,
    kernel,
    spec,
)


@kernel
def deviation_into(values: Series, mean: Series, window: int, out: Series) -> None:
    """Writes the population's standard deviation of the last `window` values, in their unit.

    Of each window the distances from its own mean, so nothing cancels; 0 where values differ by
    rounding only. NaN where `mean`, their mean, is. All windows take their first values, then all
    the next ones: plain loops, four places of the window in each.
    """
    size = values.size
    out[: min(window - 1, size)] = np.nan
    if size < window:
        return
    means, sums = mean[window - 1 :], out[window - 1 :]
    sums[:] = 0.0
    by_fours = window // 4 * 4
    for place in range(0, by_fours, 4):
        _add_four_squares(values[place:], means, sums)
    for place in range(by_fours, window):
        at_place = values[place:]
        for row in range(sums.size):
            away = at_place[row] - means[row]
            sums[row] += away * away
    share = 1.0 / window
    for row in range(sums.size):
        deviation = np.sqrt(sums[row] * share)
        is_rounding = deviation <= ROUNDING_RATIO * abs(means[row])
        sums[row] = 0.0 if is_rounding else deviation


@kernel
def _add_four_squares(values: Series, means: Series, sums: Series) -> None:
    """Adds the squares of four values' distances from a mean; values[0] to [3] belong to row 0."""
    second, third, fourth = values[1:], values[2:], values[3:]
    for row in range(sums.size):
        mean = means[row]
        one, two = values[row] - mean, second[row] - mean
        three, four = third[row] - mean, fourth[row] - mean
        sums[row] = (((sums[row] + one * one) + two * two) + three * three) + four * four


@kernel
def bollinger_into(  # noqa: PLR0913, PLR0917 (two inputs, two params, five outputs)
    close: Series,
    mean: Series,
    window: int,
    deviations: float,
    upper: Series,
    middle: Series,
    lower: Series,
    position: Series,
    width: Series,
) -> None:
    """Writes SMA(window) and the bands `deviations` standard deviations above and below it.

    The deviation is the population's, as in TA-Lib (`TA_BBANDS`), which loses up to 1e-6 of it by
    squares that cancel; here it is exact. Beside them %b, (close - lower) / (upper - lower) * 100,
    NaN where the bands meet, and the width (upper - lower) / middle * 100 (Bollinger on Bollinger
    Bands, 2001). First valid row: `window - 1`; NaN before.
    """
    deviation_into(close, mean, window, width)
    for row in range(close.size):
        width[row] *= deviations
    for row in range(close.size):
        middle[row] = mean[row]
        upper[row] = mean[row] + width[row]
        lower[row] = mean[row] - width[row]
    for row in range(close.size):
        place = ((close[row] - mean[row]) / width[row] + 1.0) * 50.0
        position[row] = place if width[row] > 0.0 else np.nan
    for row in range(close.size):
        width[row] = 200.0 * width[row] / mean[row]


def uses(window: int, deviations: float) -> tuple[Spec, ...]:  # noqa: ARG001
    """Gives SMA(window)."""
    return (spec("sma", window=window),)


def lookback(window: int, deviations: float) -> int:  # noqa: ARG001
    """Gives 0 beside what the mean looks back: its window is the deviation's."""
    return 0


def reach(window: int, deviations: float) -> int:  # noqa: ARG001
    """Gives `window - 1`: the window's closes."""
    return window - 1


INDICATOR = Indicator(
    name="bollinger",
    params=(
        Param("window", default=20, least=2),
        Param("deviations", default=2.0, least=0.1, most=10, whole=False),
    ),
    inputs=("close",),
    uses=uses,
    outputs=(
        "bollinger_upper_{window}_{deviations}",
        "bollinger_middle_{window}_{deviations}",
        "bollinger_lower_{window}_{deviations}",
        "bollinger_position_pct_{window}_{deviations}",
        "bollinger_width_pct_{window}_{deviations}",
    ),
    descriptions=(
        "Mean close over {window} bars plus {deviations} standard deviations (of the population), "
        "in the price's unit; null until {window} bars are known.",
        "Mean close over {window} bars, between the bands of {deviations} deviations.",
        "Mean close over {window} bars less {deviations} standard deviations, in the price's unit.",
        "Where the close stands between lower (0) and upper band (100), of {window} bars and "
        "{deviations} deviations; null where the bands meet.",
        "Distance of the bands of {window} bars and {deviations} deviations, percent of the mean.",
    ),
    kernel=bollinger_into,
    lookback=lookback,
    reach=reach,
)
