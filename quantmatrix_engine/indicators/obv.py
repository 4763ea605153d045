"""On-balance volume."""

from quantmatrix_engine.indicators.base import Indicator, Series, kernel


@kernel
def obv_into(close: Series, volume: Series, out: Series) -> None:
    """Writes the running total of volume, added where the close rose and taken off where it fell.

    Starts with the first bar's volume, as TA-Lib does (`TA_OBV`; Granville 1963), in units traded;
    valid from row 0. Only its changes mean anything: the level depends on where the history begins.
    """
    total = volume[0]
    out[0] = total
    for row in range(1, close.size):
        rose = 1.0 if close[row] > close[row - 1] else 0.0
        fell = 1.0 if close[row] < close[row - 1] else 0.0
        total += (rose - fell) * volume[row]
        out[row] = total


def lookback() -> None:
    """Gives None: all history counts."""


INDICATOR = Indicator(
    name="obv",
    params=(),
    inputs=("close", "volume"),
    outputs=("obv",),
    descriptions=(
        "On-balance volume: volume added up where the close rose, taken off where it fell, since "
        "the first bar there is; in units traded.",
    ),
    kernel=obv_into,
    lookback=lookback,
)
