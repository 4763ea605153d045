"""On-balance volume."""

from quantmatrix_engine.indicators.base import Indicator, Series, kernel


@kernel
def _total_into(changes: Series) -> None:
    """Puts in place of each change the sum of all up to it.

    Four changes are added up before they wait for the total of the row before them.
    """
    total = 0.0
    whole = changes.size // 4 * 4
    for row in range(0, whole, 4):
        one = changes[row]
        two = one + changes[row + 1]
        three = two + changes[row + 2]
        changes[row], changes[row + 1], changes[row + 2] = total + one, total + two, total + three
        total += three + changes[row + 3]
        changes[row + 3] = total
    part = 0.0
    for row in range(whole, changes.size):
        part += changes[row]
        changes[row] = total + part


@kernel
def obv_into(close: Series, volume: Series, out: Series) -> None:
    """Writes the running total of volume, added where the close rose and taken off where it fell.

    Starts with the first bar's volume, as TA-Lib does (`TA_OBV`; Granville 1963), in units traded;
    valid from row 0. Only its changes mean anything: the level depends on where the history begins.
    """
    out[0] = volume[0]
    now, traded, changes = close[1:], volume[1:], out[1:]
    for row in range(changes.size):
        rose = traded[row] if now[row] > close[row] else 0.0
        fell = traded[row] if now[row] < close[row] else 0.0
        changes[row] = rose - fell
    _total_into(out)


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
