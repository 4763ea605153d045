"""The sheets that Lean's tests and StockCharts' school print: every indicator we share."""

import datetime as dt
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest

from quantmatrix_engine.indicators.base import Series, Spec, spec
from quantmatrix_engine.indicators.compute import compute

TOLERANCE = 1e-8
PRICES = ("open", "high", "low", "close")
FIRST_SESSION = dt.date(2000, 1, 3)


class Printed(NamedTuple):
    """A column of ours and one of a sheet, which is `scale` times smaller, from `row` on.

    `within` is how far from a printed number a right one may be; TOLERANCE of the largest where
    every digit is printed. `still` bars at the first close come before the sheet's own: where a
    sheet is seeded with its first bar, these seed ours with the same.
    """

    file: str
    printed: str
    asked: Spec
    column: str
    within: float | None = None
    row: int = 0
    still: int = 0
    scale: float = 1.0
    why: str = ""


DMI, MACD, BANDS = spec("directional_movement"), spec("macd"), spec("bollinger")
RSI_OF_SHEET = spec("stochastic_rsi", smooth_k=1, smooth_d=1)
SLOW, FAST = spec("stochastic", window=12, smooth_d=5), spec("stochastic", smooth_k=1)
CHANNEL, SHORT_CHANNEL = spec("donchian", window=50), spec("donchian", window=5)
FIRST_RANGE = "their first range is high less low: a still bar before"
FIRST_VALUE = "seeded with the first value: 400 still bars before"
SEED = "sums seeded with a value more: once forgotten"
SINGLE = "computed in single precision"
ROUNDED_BANDS = "computed from its bands as printed, four digits"
LEAN_SHEETS = (
    Printed(
        "lean/spy_with_indicators.txt", "SMA14", spec("sma", window=14), "sma_14", 1e-2,
        why="means and closes both rounded to cents",
    ),
    Printed("lean/spy_with_rma.csv", "SMA10", spec("sma", window=10), "sma_10", row=9),
    Printed("lean/spy_ema.csv", "EMA14", spec("ema", window=14), "ema_14"),
    Printed("lean/spy_with_indicators.txt", "RSI 14 Wilder", spec("rsi"), "rsi_14", 5e-6),
    Printed(
        "lean/spy_atr_wilder.txt", "Average True Range 14", spec("atr"), "atr_14", 5e-6,
        still=1, why=FIRST_RANGE,
    ),
    Printed("lean/spy_natr.txt", "NATR_5", spec("atr_pct", window=5), "atr_pct_5"),
    Printed("lean/spy_with_adx.txt", "+DI14", DMI, "plus_di_14", 5e-5, 250, why=SEED),
    Printed("lean/spy_with_adx.txt", "-DI14", DMI, "minus_di_14", 5e-5, 250, why=SEED),
    Printed("lean/spy_with_adx.txt", "ADX 14", DMI, "adx_14", 5e-5, 400, why=SEED),
    Printed("lean/spy_with_macd.txt", "MACD", MACD, "macd_12_26_9", 5e-6),
    Printed(
        "lean/spy_with_macd.txt", "Signal", MACD, "macd_signal_12_26_9", 1e-5,
        why="printed as line less histogram, both rounded",
    ),
    Printed("lean/spy_with_macd.txt", "Histogram", MACD, "macd_histogram_12_26_9", 5e-6),
    Printed("lean/spy_sm.csv", "bb high", BANDS, "bollinger_upper_20_2"),
    Printed("lean/spy_sm.csv", "mid_bb", BANDS, "bollinger_middle_20_2"),
    Printed("lean/spy_sm.csv", "bb low", BANDS, "bollinger_lower_20_2"),
    Printed(
        "lean/spy_bollinger_bands.txt", "BandWidth", BANDS, "bollinger_width_pct_20_2", 1.5e-4,
        why=ROUNDED_BANDS,
    ),
    Printed(
        "lean/spy_bollinger_bands.txt", "%B", BANDS, "bollinger_position_pct_20_2", 1e-4,
        scale=100, why=ROUNDED_BANDS,
    ),
    Printed(
        "lean/spy_with_stoch12k3.txt", "Stochastics 12 %K 3", SLOW, "stochastic_k_12_3_5", 1e-3,
        row=17, why=SINGLE,
    ),
    Printed(
        "lean/spy_with_stoch12k3.txt", "%D 5", SLOW, "stochastic_d_12_3_5", 1e-3, why=SINGLE
    ),
    Printed(
        "lean/spy_with_StochRSI.csv", "k", spec("stochastic_rsi"), "stochastic_rsi_k_14_14_3_3",
        row=31,
    ),
    Printed(
        "lean/spy_with_StochRSI.csv", "d", spec("stochastic_rsi"), "stochastic_rsi_d_14_14_3_3"
    ),
    Printed(
        "lean/spy_with_don50.txt", "Donchian Channels 50 Top", CHANNEL, "donchian_upper_50", row=49
    ),
    Printed(
        "lean/spy_with_don50.txt", "Donchian Channels 50 Mean", CHANNEL, "donchian_middle_50",
        row=49,
    ),
    Printed(
        "lean/spy_with_don50.txt", "Donchian Channels 50 Bottom", CHANNEL, "donchian_lower_50",
        row=49,
    ),
    Printed("lean/spy_midprice.txt", "MIDPRICE_5", SHORT_CHANNEL, "donchian_middle_5"),
    Printed(
        "lean/spy_with_obv.txt", "OBV", spec("obv"), "obv", 2e3,
        why=f"{SINGLE}, and volumes rounded to tens",
    ),
    Printed(
        "lean/spy_with_rocp50.txt", "Rate of Change % 50", spec("performance", window=50),
        "performance_50", 2e-5, why=SINGLE,
    ),
)  # fmt: skip
STOCKCHARTS_SHEETS = (
    Printed(
        "stockcharts_ta/cs-rsi.csv", "RSI", spec("rsi"), "rsi_14", 5e-7, still=400,
        why="their means begin with 0: 400 still bars before",
    ),
    Printed(
        "stockcharts_ta/cs-stochrsi.csv", "StochRSI(14)", RSI_OF_SHEET,
        "stochastic_rsi_k_14_14_1_1", 5e-8, still=400, scale=100,
        why="of the RSI above: 400 still bars before",
    ),
    Printed(
        "stockcharts_ta/cs-atr.csv", "ATR", spec("atr"), "atr_14", row=13, still=1, why=FIRST_RANGE
    ),
    Printed(
        "stockcharts_ta/cs-atr2.csv", "ATR", spec("atr", window=10), "atr_10", row=9, still=1,
        why=FIRST_RANGE,
    ),
    Printed("stockcharts_ta/cs-adx.csv", "+DI14", DMI, "plus_di_14", 5e-8, 300, why=SEED),
    Printed("stockcharts_ta/cs-adx.csv", "-DI14", DMI, "minus_di_14", 5e-8, 300, why=SEED),
    Printed("stockcharts_ta/cs-adx.csv", "ADX", DMI, "adx_14", 5e-8, 400, why=SEED),
    Printed(
        "stockcharts_ta/cs-macd.csv", "MACD_line", MACD, "macd_12_26_9", 5e-10, still=400,
        why=FIRST_VALUE,
    ),
    Printed(
        "stockcharts_ta/cs-macd.csv", "MACD_signal", MACD, "macd_signal_12_26_9", row=100,
        still=400, why="its own seed, too: once forgotten",
    ),
    Printed(
        "stockcharts_ta/cs-macd.csv", "MACD_diff", MACD, "macd_histogram_12_26_9", row=100,
        still=400, why="its own seed, too: once forgotten",
    ),
    Printed(
        "stockcharts_ta/cs-kc.csv", "middle_band", spec("ema", window=20), "ema_20", still=400,
        why=FIRST_VALUE,
    ),
    Printed("stockcharts_ta/cs-bbands.csv", "HighBand", BANDS, "bollinger_upper_20_2", 5e-7),
    Printed("stockcharts_ta/cs-bbands.csv", "MiddleBand", BANDS, "bollinger_middle_20_2", 5e-7),
    Printed("stockcharts_ta/cs-bbands.csv", "LowBand", BANDS, "bollinger_lower_20_2", 5e-7),
    Printed("stockcharts_ta/cs-bbands.csv", "WidthBand", BANDS, "bollinger_width_pct_20_2", 5e-7),
    Printed(
        "stockcharts_ta/cs-bbands.csv", "PercentageBand", BANDS, "bollinger_position_pct_20_2",
        5e-7, scale=100,
    ),
    Printed("stockcharts_ta/cs-soo.csv", "SO", FAST, "stochastic_k_14_1_3", 5e-7, row=15),
    Printed("stockcharts_ta/cs-soo.csv", "SO_SIG", FAST, "stochastic_d_14_1_3", 5e-6),
    Printed("stockcharts_ta/cs-dc.csv", "upper_band", spec("donchian"), "donchian_upper_20"),
    Printed(
        "stockcharts_ta/cs-dc.csv", "middle_band", spec("donchian"), "donchian_middle_20", 5e-3
    ),
    Printed("stockcharts_ta/cs-dc.csv", "lower_band", spec("donchian"), "donchian_lower_20"),
    Printed("stockcharts_ta/cs-obv.csv", "OBV", spec("obv"), "obv"),
    Printed(
        "stockcharts_ta/cs-roc.csv", "ROC", spec("performance", window=12), "performance_12", 5e-9
    ),
)  # fmt: skip
SHEETS = (*LEAN_SHEETS, *STOCKCHARTS_SHEETS)


def table(path: Path) -> pl.DataFrame:
    """Gives a sheet as printed, its names stripped."""
    told = pl.read_csv(path, infer_schema=False, truncate_ragged_lines=True)
    return told.rename(str.strip)


def numbers(told: pl.DataFrame, column: str) -> pl.Series:
    return told[column].str.strip_chars().cast(pl.Float64, strict=False).fill_nan(None)


def bars_of(told: pl.DataFrame, still: int = 0) -> pl.DataFrame:
    """Gives the bars of a sheet on consecutive dates, `still` bars at its first close before them.

    What it does not print of a bar is the close, or the high where it prints no close, either.
    """
    names = {name.lower(): name for name in told.columns}
    known = {name: numbers(told, names[name]) for name in (*PRICES, "volume") if name in names}
    close = known["close"].fill_null(known["high"]) if "high" in known else known["close"]
    bars = pl.DataFrame({name: known.get(name, close) for name in PRICES})
    volume = known.get("volume", close * 0 + 1).fill_null(0.0)
    bars = bars.with_columns(close=close, volume=volume)
    stood = bars.head(1).select(pl.col("close").alias(name) for name in (*PRICES, "volume"))
    bars = pl.concat([*[stood] * still, bars])
    row = pl.int_range(bars.height, dtype=pl.Int64)
    return bars.with_columns(
        instrument_id=pl.lit(1, pl.Int64),
        session=pl.lit(FIRST_SESSION) + pl.duration(days=row),
    )


def both(one: Printed, folder: Path) -> tuple[Series, Series]:
    """Gives our values and the printed ones, of the rows that print one from `row` on."""
    told = table(folder / one.file)
    printed = numbers(told, one.printed).to_numpy() * one.scale
    ours = compute(bars_of(told, one.still), [one.asked])[one.column].slice(one.still)
    known = ~np.isnan(printed) & (np.arange(printed.size) >= one.row)
    return ours.fill_null(np.nan).to_numpy()[known], printed[known]


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    return shared_data / "indicators"


@pytest.mark.parametrize("one", SHEETS, ids=lambda one: f"{Path(one.file).stem}-{one.column}")
def test_values_are_those_of_the_sheet(one: Printed, folder: Path):
    ours, printed = both(one, folder)
    assert ours.size >= 6
    within = TOLERANCE * np.max(np.abs(printed)) if one.within is None else one.within * one.scale
    # A number that lies half-way between two printed ones is neither in binary.
    np.testing.assert_allclose(ours, printed, rtol=0, atol=within * (1 + 1e-6))


def test_vwap_is_that_of_stockcharts_whose_window_is_our_session(folder: Path):
    """Theirs is over the last 14 bars; until there are 14, that is since the first."""
    told = table(folder / "stockcharts_ta" / "cs-vwap.csv").head(14)
    bars = bars_of(told).with_columns(
        starts_at=pl.col("session").cast(pl.Datetime("us", "UTC")), session=pl.lit(FIRST_SESSION)
    )
    ours = compute(bars, [spec("vwap")], by="starts_at")["vwap"].to_numpy()
    # Their typical price is rounded to the fifth digit.
    np.testing.assert_allclose(ours, numbers(told, "vwap").to_numpy(), rtol=0, atol=5e-6)


def test_pivots_are_confirmed_on_the_bars_lean_confirms_them(folder: Path):
    """Lean prints 1 where a high is confirmed, -1 for a low, 2 for both."""
    told = table(folder / "lean" / "spy_pivot_pnt_hl.txt")
    bars = bars_of(told)
    printed = numbers(told, "PPHL").to_numpy()
    result = compute(bars, [spec("swing_pivots", window=10)])
    for price, signs in (("high", (1, 2)), ("low", (-1, 2))):
        level = result[f"pivot_{price}_10"]
        confirmed = (level.is_not_null() & level.ne_missing(level.shift(1))).arg_true()
        rows = np.flatnonzero(np.isin(printed, signs))
        assert confirmed.to_list() == rows.tolist()
        assert level.gather(rows).to_list() == bars[price].gather(rows - 10).to_list()


def test_what_lean_calls_a_relative_moving_average_is_not_wilders(folder: Path):
    """It is two means less a third. The columns of 5 and 15 bear each other's name."""
    told = table(folder / "lean" / "spy_with_rma.csv")
    means = compute(bars_of(told), [spec("sma", window=window) for window in (5, 10, 15)])
    relative = means["sma_5"] - means["sma_10"] + means["sma_15"]
    for ours, name in ((relative, "RMA5"), (means["sma_5"], "SMA15"), (means["sma_15"], "SMA5")):
        printed = numbers(told, name)[14:].to_numpy()
        np.testing.assert_allclose(ours[14:].to_numpy(), printed, rtol=0, atol=1e-7)
