"""Chandelier stops: average true ranges below the highest high, and above the lowest low."""

from quantmatrix_engine.indicators.base import Indicator, Param, Series, Spec, kernel, spec
from quantmatrix_engine.indicators.extremes import highest_into, lowest_into


@kernel
def chandelier_into(
    high: Series,
    low: Series,
    true_range: Series,
    window: int,
    multiple: float,
    long: Series,
    short: Series,
) -> None:
    """Writes highest high - multiple * ATR and lowest low + multiple * ATR, in the price's unit.

    High, low and ATR are taken over `window` bars, the row's own included. First valid row:
    `window`; NaN before. Not a ratchet: a stop falls when ATR rises, or the high leaves the
    window. LeBeau; printed in Elder, Come Into My Trading Room (2002).
    """
    highest_into(high, window, long)
    lowest_into(low, window, short)
    # Multiplied first: fused with the difference it would round differently from row to row.
    distance = multiple * true_range
    for row in range(high.size):
        long[row] -= distance[row]
        short[row] += distance[row]


def uses(window: int, multiple: float) -> tuple[Spec, ...]:  # noqa: ARG001
    """Gives ATR(window)."""
    return (spec("atr", window=window),)


def lookback(window: int, multiple: float) -> int:  # noqa: ARG001
    """Gives `window - 1`: nothing older is in the range."""
    return window - 1


INDICATOR = Indicator(
    name="chandelier",
    params=(
        Param("window", default=22),
        Param("multiple", default=3.0, least=0.1, most=20, whole=False),
    ),
    inputs=("high", "low"),
    uses=uses,
    outputs=("chandelier_long_{window}_{multiple}", "chandelier_short_{window}_{multiple}"),
    descriptions=(
        "Stop of a long position: highest high of {window} bars less {multiple} average true "
        "ranges over {window} bars; in the price's unit; null until the range is known.",
        "Stop of a short position: lowest low of {window} bars plus {multiple} average true "
        "ranges over {window} bars; in the price's unit; null until the range is known.",
    ),
    kernel=chandelier_into,
    lookback=lookback,
    reach=lookback,
)
