"""The indicators as frames compute them: polars expressions, pandas groupby, vectorbt.

One set of formulas serves polars and pandas, since both add and divide columns alike; a column
bears the name ours has. Seeds are each library's own, so only rows far from the start agree.
"""

import importlib.util
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from quantmatrix_engine.indicators.base import Series

SMA, EMA, PERFORMANCE = (
    (5, 8, 10, 14, 20, 21, 50, 100, 200),
    (8, 10, 21, 200),
    (1, 3, 5, 20, 60, 120),
)
RANGES = (20, 50, 252)
PRICES = ("high", "low", "close", "volume")
FORGOTTEN = 2_000
"""Bars after which nothing is left of a seed, that of EMA200 last."""
Columns = dict[str, Any]


class Polars:
    """Expressions over a frame of all instruments."""

    def __init__(self, of: Mapping[str, Series], bars: int) -> None:
        numbers = {"instrument_id": np.arange(of["close"].size) // bars}
        self.frame = pl.DataFrame(numbers | {name: of[name] for name in PRICES})

    def run(self) -> Columns:
        wanted = formulas(self, *(pl.col(name) for name in PRICES))
        return self.frame.lazy().select(**wanted).collect().to_dict()

    def mean(self, values: pl.Expr, window: int) -> pl.Expr:
        return values.rolling_mean(window).over("instrument_id")

    def deviation(self, values: pl.Expr, window: int) -> pl.Expr:
        return values.rolling_std(window, ddof=0).over("instrument_id")

    def highest(self, values: pl.Expr, window: int) -> pl.Expr:
        return values.rolling_max(window).over("instrument_id")

    def lowest(self, values: pl.Expr, window: int) -> pl.Expr:
        return values.rolling_min(window).over("instrument_id")

    def smoothed(self, values: pl.Expr, share: float) -> pl.Expr:
        return values.ewm_mean(alpha=share, adjust=False).over("instrument_id")

    def before(self, values: pl.Expr, rows: int) -> pl.Expr:
        return values.shift(rows).over("instrument_id")

    def total(self, values: pl.Expr) -> pl.Expr:
        return values.cum_sum().over("instrument_id")

    def larger(self, first: pl.Expr, second: pl.Expr) -> pl.Expr:
        return pl.max_horizontal(first, second)

    def sign(self, values: pl.Expr) -> pl.Expr:
        return values.sign()


class Pandas:
    """Series of all instruments, grouped by their number: what pandas-ta does, without its loop."""

    def __init__(self, of: Mapping[str, Series], bars: int) -> None:
        self.ids = np.arange(of["close"].size) // bars
        self.series = [pd.Series(of[name]) for name in PRICES]

    def run(self) -> Columns:
        return formulas(self, *self.series)

    def grouped(self, values: pd.Series) -> Any:
        return values.groupby(self.ids, sort=False)

    def mean(self, values: pd.Series, window: int) -> pd.Series:
        return self.grouped(values).rolling(window).mean().droplevel(0)

    def deviation(self, values: pd.Series, window: int) -> pd.Series:
        return self.grouped(values).rolling(window).std(ddof=0).droplevel(0)

    def highest(self, values: pd.Series, window: int) -> pd.Series:
        return self.grouped(values).rolling(window).max().droplevel(0)

    def lowest(self, values: pd.Series, window: int) -> pd.Series:
        return self.grouped(values).rolling(window).min().droplevel(0)

    def smoothed(self, values: pd.Series, share: float) -> pd.Series:
        return self.grouped(values).ewm(alpha=share, adjust=False).mean().droplevel(0)

    def before(self, values: pd.Series, rows: int) -> pd.Series:
        return self.grouped(values).shift(rows)

    def total(self, values: pd.Series) -> pd.Series:
        return self.grouped(values).cumsum()

    def larger(self, first: pd.Series, second: pd.Series) -> pd.Series:
        return np.maximum(first, second)

    def sign(self, values: pd.Series) -> pd.Series:
        return np.sign(values)


def formulas(way: Polars | Pandas, high: Any, low: Any, close: Any, volume: Any) -> Columns:
    """Gives the columns that means, extremes and exponential means can express."""
    before = way.before(close, 1)
    change = close - before
    travel = way.larger(high, before) + way.larger(-low, -before)
    averages = {window: way.mean(close, window) for window in SMA}
    atr = way.smoothed(travel, 1 / 14)
    gain = way.smoothed(way.larger(change, change * 0), 1 / 14)
    line = way.smoothed(close, 2 / 13) - way.smoothed(close, 2 / 27)
    signal = way.smoothed(line, 2 / 10)
    away = 2 * way.deviation(close, 20)
    traded = way.mean(volume, 20)
    return {
        **{f"sma_{window}": mean for window, mean in averages.items()},
        **{f"ema_{window}": way.smoothed(close, 2 / (window + 1)) for window in EMA},
        "rsi_14": gain / way.smoothed(way.larger(change, -change), 1 / 14) * 100,
        "atr_14": atr,
        "atr_30": way.smoothed(travel, 1 / 30),
        "atr_pct_14": atr / close * 100,
        "atr_distance_50_14": (close - averages[50]) / atr,
        "macd_12_26_9": line,
        "macd_signal_12_26_9": signal,
        "macd_histogram_12_26_9": line - signal,
        "bollinger_upper_20_2": averages[20] + away,
        "bollinger_middle_20_2": averages[20] * 1,
        "bollinger_lower_20_2": averages[20] - away,
        "bollinger_position_pct_20_2": ((close - averages[20]) / away + 1) * 50,
        "bollinger_width_pct_20_2": 2 * away / averages[20] * 100,
        **{f"range_position_{window}": place(way, high, low, close, window) for window in RANGES},
        **{f"performance_{n}": (close / way.before(close, n) - 1) * 100 for n in PERFORMANCE},
        "volume_average_20": traded,
        "relative_volume_20": volume / way.before(traded, 1),
        "obv": way.total(way.sign(change) * volume),
    }


def place(way: Polars | Pandas, high: Any, low: Any, close: Any, window: int) -> Any:
    lowest = way.lowest(low, window)
    return (close - lowest) / (way.highest(high, window) - lowest) * 100


class Vectorbt:
    """Its own indicators, on wide frames of a column an instrument."""

    def __init__(self, of: Mapping[str, Series], bars: int) -> None:
        self.wide = [pd.DataFrame(of[name].reshape(-1, bars).T.copy()) for name in PRICES]

    def run(self) -> Columns:
        """Gives what it has. Its span of 2n - 1 is Wilder's smoothing of n."""
        with warnings.catch_warnings(action="ignore"):
            import vectorbt as vbt

            high, low, close, volume = self.wide
            bands = vbt.BBANDS.run(close, window=20, alpha=2)
            macd = vbt.MACD.run(close, macd_ewm=True, signal_ewm=True)
            found = {
                **{f"sma_{n}": vbt.MA.run(close, window=n).ma for n in SMA},
                **{f"ema_{n}": vbt.MA.run(close, window=n, ewm=True).ma for n in EMA},
                "rsi_14": vbt.RSI.run(close, window=27, ewm=True).rsi,
                "atr_14": vbt.ATR.run(high, low, close, window=27, ewm=True).atr,
                "atr_30": vbt.ATR.run(high, low, close, window=59, ewm=True).atr,
                "macd_12_26_9": macd.macd,
                "macd_signal_12_26_9": macd.signal,
                "macd_histogram_12_26_9": macd.hist,
                "bollinger_upper_20_2": bands.upper,
                "bollinger_middle_20_2": bands.middle,
                "bollinger_lower_20_2": bands.lower,
                "bollinger_position_pct_20_2": bands.percent_b * 100,
                "bollinger_width_pct_20_2": bands.bandwidth * 100,
                **{f"performance_{n}": close.vbt.pct_change(n) * 100 for n in PERFORMANCE},
                "obv": vbt.OBV.run(close, volume).obv,
            }
        return {name: values.to_numpy().T for name, values in found.items()}


def frame_ways(of: Mapping[str, Series], bars: int) -> dict[str, Callable[[], Columns]]:
    """Gives each way by its name, over bars made ready for it; vectorbt where it is installed."""
    ways = {"polars": Polars(of, bars).run, "pandas groupby": Pandas(of, bars).run}
    if importlib.util.find_spec("vectorbt"):
        ways["vectorbt"] = Vectorbt(of, bars).run
    return ways


def agree(found: Columns, outs: Mapping[str, Series], bars: int) -> None:
    """Asserts that the columns are ours where seeds are forgotten; of OBV its steps."""
    for name, values in found.items():
        ours = outs[name].reshape(-1, bars)[:, FORGOTTEN:]
        theirs = np.asarray(values, dtype=np.float64).reshape(-1, bars)[:, FORGOTTEN:]
        if name == "obv":
            ours, theirs = np.diff(ours), np.diff(theirs)
        near = 1e-7 * np.max(np.abs(ours), initial=0.0)
        np.testing.assert_allclose(theirs, ours, rtol=0, atol=near, err_msg=name)
