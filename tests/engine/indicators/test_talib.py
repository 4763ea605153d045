"""Every indicator TA-Lib has, on real series of 500 symbols: the same values and the same nulls."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import talib

from quantmatrix_engine.indicators.base import Series, Spec, spec
from quantmatrix_engine.indicators.compute import compute

SYMBOLS, TOLERANCE = 500, 1e-9
Bars = dict[str, Series]
Oracle = Callable[[Bars], tuple[Series, ...]]


def _bollinger(one: Bars) -> tuple[Series, ...]:
    # TA_BBANDS itself loses up to 1e-6 of a deviation: it takes squares that cancel.
    windows = np.lib.stride_tricks.sliding_window_view(one["close"], 20)
    middle, deviation = windows.mean(axis=1), windows.std(axis=1)
    unknown = np.full(19, np.nan)
    upper, lower = middle + 2 * deviation, middle - 2 * deviation
    return tuple(np.concatenate([unknown, found]) for found in (upper, middle, lower))


def _stochastic(one: Bars) -> tuple[Series, ...]:
    return talib.STOCH(one["high"], one["low"], one["close"], 14, 3, 0, 3, 0)


def _fast_stochastic(one: Bars) -> tuple[Series, ...]:
    return talib.STOCHF(one["high"], one["low"], one["close"], 14, 3, 0)


def _range(one: Bars) -> tuple[Series, ...]:
    return (one["high"], one["low"], one["close"])


def _donchian(one: Bars) -> tuple[Series, ...]:
    upper, lower = talib.MAX(one["high"], 20), talib.MIN(one["low"], 20)
    return upper, (upper + lower) / 2, lower


def _keltner(one: Bars) -> tuple[Series, ...]:
    middle, away = talib.EMA(one["close"], 20), 2 * talib.ATR(*_range(one), 10)
    return middle + away, middle, middle - away


ORACLES: dict[Spec, Oracle] = {
    spec("sma", window=20): lambda one: (talib.SMA(one["close"], 20),),
    spec("ema", window=21): lambda one: (talib.EMA(one["close"], 21),),
    spec("rsi"): lambda one: (talib.RSI(one["close"], 14),),
    spec("rsi", window=2): lambda one: (talib.RSI(one["close"], 2),),
    spec("atr"): lambda one: (talib.ATR(*_range(one), 14),),
    spec("atr_pct"): lambda one: (talib.NATR(*_range(one), 14),),
    spec("directional_movement"): lambda one: (
        talib.PLUS_DI(*_range(one), 14),
        talib.MINUS_DI(*_range(one), 14),
        talib.ADX(*_range(one), 14),
    ),
    spec("directional_movement", window=5): lambda one: (
        talib.PLUS_DI(*_range(one), 5),
        talib.MINUS_DI(*_range(one), 5),
        talib.ADX(*_range(one), 5),
    ),
    spec("macd"): lambda one: talib.MACD(one["close"], 12, 26, 9),
    spec("bollinger"): _bollinger,
    spec("stochastic"): _stochastic,
    spec("stochastic", smooth_k=1): _fast_stochastic,
    spec("donchian"): _donchian,
    spec("keltner"): _keltner,
    spec("obv"): lambda one: (talib.OBV(one["close"], one["volume"]),),
    spec("performance", window=20): lambda one: (talib.ROC(one["close"], 20),),
    spec("volume_average"): lambda one: (talib.SMA(one["volume"], 20),),
}


@pytest.fixture(scope="module")
def real(shared_data: Path) -> pl.DataFrame:
    return real_bars(shared_data)


def real_bars(shared_data: Path) -> pl.DataFrame:
    """Gives the bars of the 500 symbols that have the most, splits and all."""
    told = pl.read_parquet(shared_data / "ohlcv" / "pystock_us_daily_2015_2017.parquet")
    can_be = told.filter(pl.min_horizontal("low", "open", "close") > 0, pl.col("volume") >= 0)
    longest = can_be.group_by("symbol").len().sort("len", "symbol", descending=[True, False])
    chosen = longest.head(SYMBOLS).select("symbol").with_row_index("instrument_id", offset=1)
    return (
        can_be.join(chosen, on="symbol")
        .rename({"date": "session"})
        .unique(["instrument_id", "session"])
        .sort("instrument_id", "session")
        .select(
            "session",
            *(pl.col(name).cast(pl.Int64) for name in ("instrument_id",)),
            *(pl.col(name).cast(pl.Float64) for name in ("open", "high", "low", "close", "volume")),
        )
    )


@pytest.mark.parametrize("asked", ORACLES, ids=lambda asked: asked.columns()[0])
def test_values_and_nulls_are_those_of_talib(asked: Spec, real: pl.DataFrame):
    ours = compute(real, [asked])
    assert real["instrument_id"].n_unique() == SYMBOLS
    parts = real.partition_by("instrument_id", maintain_order=True)
    start = 0
    for part in parts:
        one = {name: part[name].to_numpy() for name in ("high", "low", "close", "volume")}
        for name, expected in zip(asked.columns(), ORACLES[asked](one), strict=False):
            found = ours[name][start : start + part.height].fill_null(np.nan).to_numpy()
            np.testing.assert_array_equal(np.isnan(found), np.isnan(expected), err_msg=name)
            scale = np.nanmax(np.abs(expected), initial=0.0)
            np.testing.assert_allclose(
                found, expected, rtol=0, atol=TOLERANCE * max(scale, 1e-300), err_msg=name
            )
        start += part.height


def test_stochastic_rsi_is_that_of_talib_where_rsi_moves(real: pl.DataFrame):
    asked = spec("stochastic_rsi", smooth_k=1)
    ours = compute(real, [asked])
    start = 0
    for part in real.partition_by("instrument_id", maintain_order=True):
        expected = talib.STOCHRSI(part["close"].to_numpy(), 14, 14, 3, 0)
        rsi = talib.RSI(part["close"].to_numpy(), 14)
        moves = (talib.MAX(rsi[14:], 16) - talib.MIN(rsi[14:], 16)) > 1e-6
        known = np.concatenate([np.zeros(14, dtype=bool), moves])
        for name, one in zip(asked.columns(), expected, strict=True):
            found = ours[name][start : start + part.height].fill_null(np.nan).to_numpy()
            np.testing.assert_array_equal(np.isnan(found), np.isnan(one))
            np.testing.assert_allclose(found[known], one[known], rtol=0, atol=1e-6)
        start += part.height
