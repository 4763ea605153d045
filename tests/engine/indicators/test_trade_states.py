"""Momentum, breakouts and pull-backs, worked by hand."""

from collections.abc import Callable

import polars as pl
import pytest

from quantmatrix_engine.indicators.base import Spec, spec
from quantmatrix_engine.indicators.compute import compute

MakeBars = Callable[..., pl.DataFrame]


def _values(bars: pl.DataFrame, asked: Spec) -> list[list[float | None]]:
    result = compute(bars, [asked])
    return [result[name].to_list() for name in asked.columns()]


def test_momentum_leaves_the_newest_bars_out(bars: MakeBars):
    # Two bars that ended one before: 12 / 10 and 9 / 8, each less one.
    now, before = _values(bars([10, 8, 12, 9, 18]), spec("momentum", window=2, skip=1))
    assert now == [None, None, None, pytest.approx(20.0), pytest.approx(12.5)]
    assert before == [None, None, None, None, pytest.approx(20.0)]


def test_momentum_that_skips_nothing_is_performance(bars: MakeBars):
    closes = bars([10, 8, 12, 9, 18])
    momentum, _ = _values(closes, spec("momentum", window=2, skip=0))
    assert [momentum] == _values(closes, spec("performance", window=2))


def test_a_rise_begins_above_the_channel_and_ends_below_the_shorter_one(bars: MakeBars):
    # The highest of the three closes before, the lowest of the two before (high and low are the
    # close). 14 passes 12: a rise. 13 is not below 12 (of 12, 14). 12 is below 13 (of 14, 13).
    closes = [10, 12, 11, 12, 14, 13, 12, 11, 15, 15]
    upper, lower, sessions, before = _values(
        bars(closes), spec("channel_breakout", entry=3, exit=2)
    )
    assert upper == [None, None, None, 12, 12, 14, 14, 14, 13, 15]
    assert lower == [None, None, 10, 11, 11, 12, 13, 12, 11, 11]
    assert sessions == [None, None, None, 0, 1, 2, 0, 0, 1, 2]
    assert before == [None, None, None, None, 0, 1, 2, 0, 0, 1]


def test_a_price_at_rest_breaks_out_of_nothing(bars: MakeBars):
    _, _, sessions, _ = _values(bars([33.3] * 6), spec("channel_breakout", entry=3, exit=2))
    assert sessions == [None, None, None, 0, 0, 0]


def test_a_pullback_counts_below_the_average_and_keeps_its_lowest_rsi(bars: MakeBars):
    # SMA2: -, 11, 11, 9.5, 9, 9.5, 11. RSI1 is 100 after a rise and 0 after a fall.
    closes = bars([10, 12, 10, 9, 9, 10, 12])
    sessions, lowest, before = _values(closes, spec("pullback", average=2, window=1))
    assert sessions == [None, 0, 1, 2, 0, 0, 0]
    assert lowest == [None, None, None, 0, 0, None, None]
    assert before == [None, None, 0, 1, 2, 0, 0]


def test_the_lowest_rsi_of_a_pullback_is_of_its_earlier_bars(bars: MakeBars):
    # SMA3: -, -, 20, 56/3, 52/3, 15: 14 and 16 are below, 15 is on it. RSI1 falls to 0 with 14.
    closes = bars([18, 20, 22, 14, 16, 15, 30])
    sessions, lowest, _ = _values(closes, spec("pullback", average=3, window=1))
    assert sessions == [None, None, 0, 1, 2, 0, 0]
    assert lowest == [None, None, None, None, 0, 0, None]


def test_bars_are_counted_from_the_one_that_ended_a_holding(bars: MakeBars):
    # SMA2: -, 10.5, 10.5, 9.5, 10.5, 11.5, 11.25, 10.75.
    closes = bars([10, 11, 10, 9, 12, 11, 11.5, 10])
    (since,) = _values(closes, spec("since_holding", average=2, window=1))
    # 11 is above, 10 below (an end), 9 below, 12 above, 11 below (an end), 11.5 above, 10 below.
    assert since == [None, None, 0, 1, 2, 0, 1, 0]
