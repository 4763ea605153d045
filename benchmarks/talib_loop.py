"""The set of `indicators.py` as one would write it with TA-Lib: a loop over the instruments.

What TA-Lib has it computes, numpy the rest, in whole columns. TD countdowns are left out: numpy has
no way to them but a loop over rows.
"""

from collections.abc import Callable, Mapping

import numpy as np
import talib
from indicator_frames import EMA, PERFORMANCE, RANGES, SMA

from quantmatrix_engine.indicators.base import Series

LEFT_OUT = ("td_countdown",)
WITHOUT_FUNCTION = ("td_countdown", "td_setup", "weinstein")
"""What neither a function of TA-Lib gives nor a line of arithmetic on a few of them."""

Columns = dict[str, Series]
Compute = Callable[[Mapping[str, Series]], Columns]


def by_loop(
    compute: Compute, of: Mapping[str, Series], outs: Mapping[str, Series], bars: int
) -> int:
    """Writes what `compute` gives of each instrument into `outs`; gives how many columns."""
    written = 0
    for start in range(0, of["close"].size, bars):
        rows = slice(start, start + bars)
        columns = compute({name: values[rows] for name, values in of.items()})
        for name, column in columns.items():
            outs[name][rows] = column
        written = len(columns)
    return written


def functions(one: Mapping[str, Series]) -> Columns:
    """Gives what TA-Lib has functions for, by the names that ours have."""
    high, low, close, volume = (one[name] for name in ("high", "low", "close", "volume"))
    averages = {window: talib.SMA(close, window) for window in SMA}
    rsi, atr = talib.RSI(close, 14), talib.ATR(high, low, close, 14)
    upper, middle, lower = talib.BBANDS(close, 20, 2.0, 2.0)
    lowest, highest = talib.MIN(rsi, 14), talib.MAX(rsi, 14)
    fast = talib.SMA((rsi - lowest) / (highest - lowest) * 100.0, 3)
    line, signal, histogram = talib.MACD(close)
    traded = talib.SMA(volume, 20)
    strength = close / one["benchmark_close"]
    return {
        **{f"sma_{window}": values for window, values in averages.items()},
        **{f"ema_{window}": talib.EMA(close, window) for window in EMA},
        "rsi_14": rsi,
        "atr_14": atr,
        "atr_30": talib.ATR(high, low, close, 30),
        "atr_pct_14": atr / close * 100.0,
        "atr_distance_50_14": (close - averages[50]) / atr,
        "plus_di_14": talib.PLUS_DI(high, low, close, 14),
        "minus_di_14": talib.MINUS_DI(high, low, close, 14),
        "adx_14": talib.ADX(high, low, close, 14),
        "macd_12_26_9": line,
        "macd_signal_12_26_9": signal,
        "macd_histogram_12_26_9": histogram,
        "bollinger_upper_20_2": upper,
        "bollinger_middle_20_2": middle,
        "bollinger_lower_20_2": lower,
        "bollinger_position_pct_20_2": (close - lower) / (upper - lower) * 100.0,
        "bollinger_width_pct_20_2": (upper - lower) / middle * 100.0,
        "stochastic_rsi_k_14_14_3_3": fast,
        "stochastic_rsi_d_14_14_3_3": talib.SMA(fast, 3),
        **{f"range_position_{window}": _position(high, low, close, window) for window in RANGES},
        **{f"performance_{window}": talib.ROC(close, window) for window in PERFORMANCE},
        "volume_average_20": traded,
        "relative_volume_20": volume / np.append(np.nan, traded[:-1]),
        "obv": talib.OBV(close, volume),
        "mansfield_252": (strength / talib.SMA(strength, 252) - 1.0) * 100.0,
    }


def with_setups_and_stages(one: Mapping[str, Series]) -> Columns:
    """Gives TD setups and Weinstein's stages beside them."""
    high, low, close = one["high"], one["low"], one["close"]
    buy, sell = _setup(close[4:] < close[:-4]), _setup(close[4:] > close[:-4])
    return {
        **functions(one),
        "td_buy_setup": buy,
        "td_buy_perfected": _perfected(low, buy),
        "td_sell_setup": sell,
        "td_sell_perfected": _perfected(-high, sell),
        **_stages(one["session"], close, one["benchmark_close"]),
    }


def agree(
    compute: Compute, of: Mapping[str, Series], outs: Mapping[str, Series], bars: int
) -> None:
    """Asserts that the loop's columns are ours, where ours are known: %K waits for its %D.

    TA-Lib's bands lose up to 1e-6 of their width to rounding.
    """
    for start in range(0, of["close"].size, bars):
        rows = slice(start, start + bars)
        columns = compute({name: values[rows] for name, values in of.items()})
        for name, theirs in columns.items():
            known = ~np.isnan(outs[name][rows])
            ours = outs[name][rows][known]
            near = 1e-6 * float(np.max(np.abs(ours)))
            np.testing.assert_allclose(theirs[known], ours, rtol=0, atol=near, err_msg=name)


def _position(high: Series, low: Series, close: Series, window: int) -> Series:
    lowest = talib.MIN(low, window)
    return (close - lowest) / (talib.MAX(high, window) - lowest) * 100.0


def _setup(met: np.ndarray) -> Series:
    """Gives the setup's count; `met`, from row 4 on, is whether a close is beyond its own."""
    counted = np.arange(1, met.size + 1)
    broken = np.maximum.accumulate(np.where(met, 0, counted))
    counts = np.full(met.size + 4, np.nan)
    counts[5:] = np.where(broken > 0, counted - broken, 0)[1:]
    return counts


def _perfected(low: Series, count: Series) -> Series:
    row = np.arange(count.size)
    eighth = np.full(count.size, 2)
    eighth[5:] = np.where(count[5:] >= 8, row[5:] - count[5:] + 8, 2)
    met = (count >= 8) & (low <= np.minimum(low[eighth - 1], low[eighth - 2]))
    newest = np.maximum.accumulate(np.where(met, row, -1))
    return np.where(count >= 9, newest >= eighth, 0.0 * count)


def _stages(
    session: Series, close: Series, benchmark: Series, average: int = 30, span: int = 9
) -> Columns:
    number = (session.astype(np.int64) + 3) // 7
    begins = number[1:] != number[:-1]
    week = np.append(0, begins.cumsum())
    last = np.append(np.flatnonzero(begins), close.size - 1)
    before = np.append(np.nan, talib.SMA(close[last], average - 1))[week]
    mean = before + (close - before) / average
    ratio = close / benchmark

    def earlier(values: Series) -> Series:
        return np.append(np.full(span, np.nan), values[last])[week]

    mean_before = earlier(mean)
    distance, slope, strength = close - mean, mean - mean_before, ratio - earlier(ratio)
    above = (distance > 0) & (slope > 0) & (strength > 0)
    below = (distance < 0) & (slope < 0) & (strength < 0)
    side = 2.0 * above + 4.0 * below + 0.0 * (distance + slope + strength)
    stage, weeks = _stage_and_age(side, week, last)
    return {
        "weinstein_stage_30_9": stage,
        "weinstein_weeks_30_9": weeks,
        "weinstein_slope_pct_30_9": slope / mean_before * 100.0,
        "weinstein_distance_pct_30_9": distance / mean * 100.0,
    }


def _stage_and_age(side: Series, week: np.ndarray, last: np.ndarray) -> tuple[Series, Series]:
    """Gives the stage, of rows on neither side what the newest 2 or 4 left, and its weeks."""
    ends, weeks = side[last], np.arange(last.size)
    newest = np.maximum.accumulate(np.where((ends == 2.0) | (ends == 4.0), weeks, -1))
    left = np.where(newest < 0, 0.0, np.where(ends[newest] == 2.0, 3.0, 1.0))
    stage = np.where(side == 0.0, np.append(0.0, left[:-1])[week], side)
    found = stage[last]
    begun = np.maximum.accumulate(np.where(np.append(True, found[1:] != found[:-1]), weeks, 0))
    age = np.append(0.0, (weeks - begun + 1.0)[:-1])
    goes_on = stage == np.append(np.nan, found[:-1])[week]
    return stage, 1.0 + age[week] * goes_on + 0.0 * stage
