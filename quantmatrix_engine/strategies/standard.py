"""The standard indicators: what every instrument has stored, whatever strategies ask for."""

from quantmatrix_engine.indicators.base import spec
from quantmatrix_engine.strategies import assessment

STANDARD = tuple(
    sorted(
        {
            *assessment.SPECS,
            *(spec("sma", window=window) for window in (5, 8, 20, 21, 50, 100, 150, 200)),
            *(spec("ema", window=window) for window in (8, 10, 21, 200)),
            spec("atr", window=14),
            *(spec("range_position", window=window) for window in (20, 50, 252)),
        }
    )
)
