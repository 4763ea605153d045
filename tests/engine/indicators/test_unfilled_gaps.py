"""Gaps: values worked by hand, and each gap followed by itself on real bars."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from quantmatrix_engine.indicators.base import Spec, spec
from quantmatrix_engine.indicators.compute import compute

MakeBars = Callable[..., pl.DataFrame]


def _values(bars: pl.DataFrame, asked: Spec) -> list[list[float | None]]:
    result = compute(bars, [asked])
    return [result[name].to_list() for name in asked.columns()]


def _bars(bars: MakeBars, *ranges: tuple[float, float]) -> pl.DataFrame:
    low, high = zip(*ranges, strict=True)
    return bars(close=low, high=high, low=low)


def test_a_gap_up_is_open_until_a_later_low_comes_down_to_the_high_before_it(bars: MakeBars):
    frame = _bars(bars, (98, 100), (102, 105), (101, 103), (100.5, 101), (100, 101))
    up, level, down, _ = _values(frame, spec("unfilled_gaps", gap_pct=1, window=10))
    assert up == [None, 1, 1, 1, 0]
    assert level == [None, 100, 100, 100, None]
    assert down == [None, 0, 0, 0, 0]


def test_a_gap_down_is_open_until_a_later_high_comes_up_to_the_low_before_it(bars: MakeBars):
    frame = _bars(bars, (100, 102), (95, 98), (97, 99.5), (98, 100))
    _, _, down, level = _values(frame, spec("unfilled_gaps", gap_pct=1, window=10))
    assert down == [None, 1, 1, 0]
    assert level == [None, 100, 100, None]


def test_a_gap_must_be_larger_than_the_percentage(bars: MakeBars):
    # 101 is exactly 1 % above 100, 102.5 is 1.49 % above 101.
    frame = _bars(bars, (99, 100), (101, 101), (102.5, 103))
    assert _values(frame, spec("unfilled_gaps", gap_pct=1, window=10))[0] == [None, 0, 1]


def test_lower_gaps_stay_open_when_a_bar_fills_the_nearest(bars: MakeBars):
    # Gaps at 100 and 105; a low of 104 fills the upper, one of 99 both.
    frame = _bars(bars, (98, 100), (103, 105), (108, 110), (104, 107), (99, 104))
    up, level, _, _ = _values(frame, spec("unfilled_gaps", gap_pct=1, window=10))
    assert up == [None, 1, 2, 1, 0]
    assert level == [None, 100, 105, 100, None]


def test_a_bar_that_fills_one_gap_may_open_another(bars: MakeBars):
    # Row 2 gaps down below the low of row 1, and through the gap up of row 1.
    frame = _bars(bars, (98, 100), (103, 105), (90, 95))
    up, _, down, level = _values(frame, spec("unfilled_gaps", gap_pct=1, window=10))
    assert (up, down, level) == ([None, 1, 0], [None, 0, 1], [None, None, 103])


def test_a_gap_older_than_the_window_is_not_counted(bars: MakeBars):
    frame = _bars(bars, (98, 100), (103, 105), (103, 105), (103, 105))
    assert _values(frame, spec("unfilled_gaps", gap_pct=1, window=2))[0] == [None, 1, 1, 0]


def _slow(high: np.ndarray, low: np.ndarray, row: int) -> tuple[list[float], list[float]]:
    """The fill levels of the gaps of more than half a percent open at a row, oldest first."""
    up, down = [], []
    for bar in range(max(1, row - 119), row + 1):
        later = slice(bar + 1, row + 1)
        above, below = high[bar - 1], low[bar - 1]
        if low[bar] / above - 1 > 0.005 and not (low[later] <= above).any():
            up.append(above)
        if 1 - high[bar] / below > 0.005 and not (high[later] >= below).any():
            down.append(below)
    return up, down


@pytest.fixture(scope="session")
def real_bars(shared_data: Path) -> pl.DataFrame:
    """Every 25th of 7,072 US tickers, 2015 to 2017, as delivered (pystock-data)."""
    frame = pl.read_parquet(shared_data / "ohlcv" / "pystock_us_daily_2015_2017.parquet")
    number = pl.col("symbol").rank("dense").cast(pl.Int64).alias("instrument_id")
    return (
        frame.with_columns(number, session=pl.col("date"))
        .filter(pl.col("instrument_id") % 25 == 0)
        .sort("instrument_id", "session")
    )


def test_hundreds_of_real_instruments_have_the_gaps_that_each_bar_left(real_bars):
    """At every 37th row."""
    result = compute(real_bars, [spec("unfilled_gaps")])
    seen = 0
    for one in real_bars.partition_by("instrument_id"):
        got = result.filter(pl.col("instrument_id") == one["instrument_id"][0]).rows(named=True)
        high, low = one["high"].to_numpy(), one["low"].to_numpy()
        for row in range(1, one.height, 37):
            up, down = _slow(high, low, row)
            assert got[row]["gaps_up_0p5_120"] == len(up)
            assert got[row]["gaps_down_0p5_120"] == len(down)
            assert got[row]["gap_up_level_0p5_120"] == (up[-1] if up else None)
            assert got[row]["gap_down_level_0p5_120"] == (down[-1] if down else None)
            seen += len(up) + len(down)
    assert seen > 1_000
