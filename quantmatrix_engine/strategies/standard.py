"""The standard indicators: what every instrument has stored, whatever strategies ask for.

Of daily bars, of weekly ones and of those within a session.
"""

from quantmatrix_engine.indicators.base import spec
from quantmatrix_engine.strategies import assessment

_AVERAGES = (
    *(spec("sma", window=window) for window in (5, 8, 20, 21, 50, 100, 150, 200)),
    *(spec("ema", window=window) for window in (8, 10, 21, 200)),
    spec("moving_average_bucket"),
)
_DISTANCES = (
    *(spec("atr_distance", average=average, window=14) for average in (21, 50, 100, 150)),
    *(spec("atr_distance_ema", average=average, window=14) for average in (8, 21, 200)),
    *(spec("ema_distance_pct", window=window) for window in (8, 21, 200)),
    *(spec("range_position", window=window) for window in (20, 50, 252)),
)
_MOVES = (
    spec("atr", window=14),
    spec("atr", window=30),
    spec("rsi", window=14),
    spec("directional_movement", window=14),
    spec("macd"),
    spec("bollinger"),
    spec("stochastic_rsi"),
    spec("relative_volume"),
    spec("obv"),
    spec("volatility_regime"),
    *(spec("performance", window=window) for window in (1, 3, 5, 20, 60, 120, 252)),
    spec("performance_to_date"),
    spec("mansfield"),
    spec("weinstein"),
)
_PATTERNS = (
    spec("td_setup"),
    spec("td_countdown"),
    spec("unfilled_gaps"),
    spec("trend_lines"),
    spec("chandelier"),
)

STANDARD = tuple(sorted({*assessment.SPECS, *_AVERAGES, *_DISTANCES, *_MOVES, *_PATTERNS}))

WEEKLY = tuple(
    sorted(
        {
            # 10, 30 and 40 weeks are the averages of O'Neil's and Weinstein's charts: the 50, 150
            # and 200 sessions of the daily ones. EMA 10 and 21 are those of swing traders.
            *(spec("sma", window=window) for window in (10, 30, 40)),
            *(spec("ema", window=window) for window in (10, 21)),
            # Measures whose usual params count bars, whatever these span.
            spec("rsi", window=14),
            spec("atr", window=14),
            spec("atr_pct", window=14),
            spec("macd"),
            spec("bollinger"),
            spec("directional_movement", window=14),
            # A month, a quarter, half a year and a year; a year's range.
            *(spec("performance", window=window) for window in (1, 4, 13, 26, 52)),
            spec("range_position", window=52),
            # Mansfield's charts are weekly: 52 ratios.
            spec("mansfield", window=52),
            spec("relative_volume", window=10),
        }
    )
)
"""Indicators of weekly bars.

Not among them: what counts weeks of daily bars itself (`weinstein`), and what ends with calendar
months (`performance_to_date`), which a week does not.
"""

INTRADAY = tuple(
    sorted(
        {
            # From each session's first bar on.
            spec("vwap"),
            *(spec("sma", window=window) for window in (20, 50)),
            *(spec("ema", window=window) for window in (9, 20, 50)),
            spec("rsi", window=14),
            spec("atr", window=14),
            spec("macd"),
            spec("bollinger"),
            spec("directional_movement", window=14),
            spec("range_position", window=20),
        }
    )
)
"""Indicators of bars of five minutes and of hours.

All but `vwap` go on through the night: the first bar of a session follows the last one of the
session before. Not among them: measures of volume against the bars before, since volume has a shape
within each session, and those of months and years.
"""
