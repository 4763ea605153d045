"""The current holding of a name above its moving average: how long, and how far it has been."""

import numpy as np

from quantmatrix_engine.indicators.base import (
    Indicator,
    Param,
    Series,
    Spec,
    excess,
    kernel,
    spec,
)

LONGEST_HOLDING = 1_260
"""Bars of a holding that `lookback` reaches back over, five years; a longer one needs more history.

Of 36 US names from 1990 to 2024 (`adjusted_closes_1990_2024`) the longest was 291 bars above
SMA50 and 1,037 above SMA200.
"""


@kernel
def count_into(close: Series, average: Series, out: Series) -> None:
    """Writes how many bars the close has been at or above the average, this one included.

    0 while it is below, NaN while the average is NaN. A close that differs from the average by
    rounding only is on it.
    """
    count = 0.0
    for row in range(close.size):
        if np.isnan(average[row]):
            out[row] = np.nan
            continue
        count = count + 1.0 if excess(close[row], average[row]) >= 0.0 else 0.0
        out[row] = count


@kernel
def peak_into(sessions: Series, distance: Series, out: Series) -> None:
    """Writes the highest distance of the holding on the bars before the row.

    NaN at the holding's first bar, while there is none, and while no distance before is known;
    a NaN distance does not raise the peak.
    """
    highest = np.nan
    for row in range(sessions.size):
        if not sessions[row] > 1.0:
            highest = np.nan
        out[row] = highest
        if sessions[row] > 0.0 and not distance[row] <= highest and not np.isnan(distance[row]):
            highest = distance[row]


@kernel
def holding_into(
    close: Series,
    average: Series,
    distance: Series,
    window: int,
    sessions: Series,
    peak: Series,
    before: Series,
) -> None:
    """Writes length, earlier peak and previous length of the holding above SMA(average).

    A holding starts at the first bar whose close is at or above the average and ends at the first
    below it. One that began before the history counts from the first bar that has an average.
    First valid row of `sessions`: the later of `average - 1` and `window`; of `before`: the row
    after. `peak` is a distance as `atr_distance` gives it; where ATR is 0 it is unknown and does
    not raise the peak.
    """
    count_into(close, average, sessions)
    peak_into(sessions, distance, peak)
    sessions[: min(window, close.size)] = np.nan
    before[0] = np.nan
    before[1:] = sessions[:-1]


def uses(average: int, window: int) -> tuple[Spec, ...]:
    """Gives SMA(average) and the distance from it in ATR(window)."""
    return spec("sma", window=average), spec("atr_distance", average=average, window=window)


def lookback(average: int, window: int) -> int:  # noqa: ARG001
    """Gives `LONGEST_HOLDING`.

    It holds for holdings of up to that many bars. A longer one that began before the history
    counts from the history's first average, so `holding_sessions` comes out smaller, and its
    peak is the peak of the bars given.
    """
    return LONGEST_HOLDING


INDICATOR = Indicator(
    name="holding",
    params=(Param("average", default=50), Param("window", default=14)),
    inputs=("close",),
    uses=uses,
    outputs=(
        "holding_sessions_{average}_{window}",
        "holding_peak_{average}_{window}",
        "holding_before_{average}_{window}",
    ),
    descriptions=(
        "Bars since the close came to or above its simple mean over {average} bars, the row's own "
        "included; 0 while below; null until the mean and ATR over {window} bars are known.",
        "Highest distance above that mean, in average true ranges over {window} bars, on the "
        "holding's bars before this one; null at its first bar and while below.",
        "`holding_sessions_{average}_{window}` of the previous bar; null where that is.",
    ),
    kernel=holding_into,
    kernel_params=("window",),
    lookback=lookback,
)
