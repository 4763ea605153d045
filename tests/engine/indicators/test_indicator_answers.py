"""Values worked by hand, and values of TA-Lib and of Stock.Indicators."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import talib

from quantmatrix_engine.indicators.base import Spec, spec
from quantmatrix_engine.indicators.compute import compute, lookback
from quantmatrix_engine.indicators.holding import LONGEST_HOLDING

MakeBars = Callable[..., pl.DataFrame]
# 97 prices between 50 and 53.7, none twice in a row.
WAVE = [50 + 3.7 * (row * 7 % 11) / 11 for row in range(97)]
ORACLE_SPECS = [
    *(spec("sma", window=window) for window in (1, 2, 20, 50, 200)),
    *(spec("ema", window=window) for window in (2, 10, 21, 200)),
    *(spec("atr", window=window) for window in (1, 2, 14, 30)),
]
every_oracle_spec = pytest.mark.parametrize(
    "asked", ORACLE_SPECS, ids=lambda asked: asked.columns()[0]
)


def _values(bars: pl.DataFrame, asked: Spec) -> list[list[float | None]]:
    result = compute(bars, [asked])
    return [result[name].to_list() for name in asked.columns()]


def _approx(*values: float | None) -> list[object]:
    return [None if value is None else pytest.approx(value, rel=1e-13) for value in values]


@pytest.fixture
def four_bars(bars: MakeBars) -> pl.DataFrame:
    """True ranges 2, 3 and 4: 11 - 9, 12 - 9, 15 - 11."""
    return bars(close=[9, 10, 11, 14], high=[10, 11, 12, 15], low=[8, 9, 9, 11])


def test_sma_is_the_mean_of_the_window_with_the_row_itself(bars: MakeBars):
    assert _values(bars([1, 2, 3, 4, 8]), spec("sma", window=3)) == [_approx(None, None, 2, 3, 5)]


def test_sma_forgets_prices_a_billion_times_larger(bars: MakeBars):
    fallen = bars([1e9] * 7 + [1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8])
    assert _values(fallen, spec("sma", window=3))[0][-3:] == _approx(1.5, 1.6, 1.7)


def test_ema_starts_from_the_mean_and_moves_by_two_parts_of_window_plus_one(bars: MakeBars):
    # (1 + 2 + 3) / 3 = 2, then half the way to 4 and half the way to 8.
    assert _values(bars([1, 2, 3, 4, 8]), spec("ema", window=3)) == [_approx(None, None, 2, 3, 5.5)]


def test_atr_starts_from_the_mean_of_the_first_ranges_and_then_keeps_its_share(four_bars):
    # (2 + 3) / 2 = 2.5, then (2.5 * 1 + 4) / 2.
    assert _values(four_bars, spec("atr", window=2)) == [_approx(None, None, 2.5, 3.25)]


def test_a_true_range_reaches_to_the_previous_close_across_a_gap(bars: MakeBars):
    gaps = bars(close=[10, 19, 5], high=[11, 20, 6], low=[9, 18, 4])
    assert _values(gaps, spec("atr", window=1)) == [_approx(None, 20 - 10, 19 - 4)]


def test_atr_pct_is_a_percentage_of_the_close(four_bars):
    expected = _approx(None, None, 2.5 / 11 * 100, 3.25 / 14 * 100)
    assert _values(four_bars, spec("atr_pct", window=2)) == [expected]


def test_atr_distance_counts_ranges_above_the_average(four_bars):
    # Averages 10 and 35 / 3.
    expected = _approx(None, None, (11 - 10) / 2.5, (14 - 35 / 3) / 3.25)
    assert _values(four_bars, spec("atr_distance", average=3, window=2)) == [expected]


def test_atr_distance_is_negative_below_the_average(bars: MakeBars):
    # True range 4, average (10 + 6) / 2 = 8.
    assert _values(bars([10, 6]), spec("atr_distance", average=2, window=1)) == [
        _approx(None, -0.5)
    ]


def test_atr_distance_is_null_where_the_range_is_zero(bars: MakeBars):
    still = bars([10, 10, 13, 13])
    # At row 2 the range is 3 and the average 11; at rows 1 and 3 the price stood still.
    expected = _approx(None, None, (13 - 11.5) / 3, None)
    assert _values(still, spec("atr_distance", average=2, window=1)) == [expected]


def test_range_position_runs_from_the_lowest_low_to_the_highest_high(four_bars):
    # 8 to 11, 9 to 12, 9 to 15.
    expected = _approx(None, (10 - 8) / 3 * 100, (11 - 9) / 3 * 100, (14 - 9) / 6 * 100)
    assert _values(four_bars, spec("range_position", window=2)) == [expected]


def test_range_position_is_0_at_the_low_100_at_the_high_and_null_without_a_range(bars: MakeBars):
    prices = bars([5, 6, 7, 8, 4, 6, 6, 6, 6])
    expected = _approx(None, None, 100, 100, 0, 50, 100, None, None)
    assert _values(prices, spec("range_position", window=3)) == [expected]


def test_range_position_is_null_without_a_range_though_the_close_is_rounded_past_it(bars: MakeBars):
    still = bars(close=[10.000001] * 3, high=[10.0] * 3, low=[10.0] * 3)
    assert _values(still, spec("range_position", window=2)) == [[None, None, None]]


def test_a_holding_counts_from_the_first_close_above_to_the_first_below(bars: MakeBars):
    closes = [10, 12, 14, 11, 12, 13]
    prices = bars(closes, high=[close + 1 for close in closes], low=[close - 1 for close in closes])
    # Averages 11, 13, 12.5, 11.5, 12.5; true ranges 3, 3, 4, 2, 2; distances 1/3, 1/3, -3/8, 1/4,
    # 1/4.
    assert _values(prices, spec("holding", average=2, window=1)) == [
        [None, 1, 2, 0, 1, 2],
        _approx(None, None, 1 / 3, None, None, 1 / 4),
        [None, None, 1, 2, 0, 1],
    ]


def test_the_peak_of_a_holding_is_the_highest_before_the_row(bars: MakeBars):
    closes = [10, 12, 20, 21, 22]
    prices = bars(closes, high=[close + 1 for close in closes], low=[close - 1 for close in closes])
    # Averages 11, 16, 20.5, 21.5; true ranges 3, 9, 2, 2; distances 1/3, 4/9, 1/4, 1/4.
    peak = _values(prices, spec("holding", average=2, window=1))[1]
    assert peak == _approx(None, None, 1 / 3, 4 / 9, 4 / 9)


def test_a_bar_without_a_range_does_not_raise_the_peak_of_a_holding(bars: MakeBars):
    # Averages from row 2: 11, 12, 13, 40/3; true ranges 3, 0, 0, 1.
    assert _values(bars([10, 10, 13, 13, 13, 14]), spec("holding", average=3, window=1)) == [
        [None, None, 1, 2, 3, 4],
        _approx(None, None, None, 2 / 3, 2 / 3, 2 / 3),
        [None, None, None, 1, 2, 3],
    ]


def test_a_holding_counts_bars_whose_range_is_not_yet_known(bars: MakeBars):
    # The average is known from row 1, the range from row 3.
    sessions, peak, before = _values(bars([1, 2, 3, 4, 5]), spec("holding", average=2, window=3))
    assert sessions == [None, None, None, 3, 4]
    # Distance at row 3: (4 - 3.5) / 1.
    assert peak == _approx(None, None, None, None, 0.5)
    assert before == [None, None, None, None, 3]


def test_a_price_that_stops_moving_stays_held_at_distance_zero(bars: MakeBars):
    # The mean of fifty closes of 5.74 comes out above 5.74 by its last digit on some rows.
    stopped = bars(WAVE + [5.74] * 300)
    still = slice(len(WAVE) + 49, None)
    assert set(_values(stopped, spec("atr_distance", average=50, window=14))[0][still]) == {0.0}
    sessions = _values(stopped, spec("holding", average=50, window=14))[0][still]
    assert np.diff(sessions).tolist() == [1.0] * (300 - 50)


def test_the_lookback_of_a_holding_reaches_over_the_longest_it_promises_and_no_further(
    bars: MakeBars,
):
    asked = spec("holding", average=5, window=3)
    reach = lookback([asked])
    # Falls for `reach` bars, then rises: the holding's first bar is the turn's first.
    turn, rise = reach, LONGEST_HOLDING + reach
    closes = [5_000.0 - row for row in range(turn)] + [5_000.0 + row for row in range(rise)]
    whole = bars(closes, high=[close + 1 for close in closes], low=[close - 1 for close in closes])
    longest = turn + LONGEST_HOLDING - 1
    assert _last(whole[: longest + 1], asked)[0] == LONGEST_HOLDING
    cut = _last(whole[longest - reach : longest + 1], asked)
    assert cut == pytest.approx(_last(whole[: longest + 1], asked), rel=1e-6)
    # The last bar's holding began before the cut history: it counts from the first average.
    assert _last(whole[-reach - 1 :], asked)[0] == reach + 1 - (5 - 1)
    assert _last(whole, asked)[0] == rise


def _last(bars: pl.DataFrame, asked: Spec) -> list[float]:
    return [values[-1] for values in _values(bars, asked)]


@pytest.mark.parametrize(
    ("closes", "aligned"),
    [
        ([float(row) for row in range(1, 231)], 1.0),
        ([float(row) for row in range(230, 0, -1)], 0.0),
        ([33.3] * 230, 1.0),
        # EMA10 falls to about 160, SMA20 only to (19 * 191 + 1) / 20 = 181.5.
        ([*(float(row) for row in range(1, 201)), 1.0], 0.0),
    ],
    ids=["rising", "falling", "still", "crashed"],
)
def test_averages_are_aligned_while_the_price_rises_or_stands_still(bars, closes, aligned):
    values = _values(bars(closes), spec("moving_average_alignment"))[0]
    assert values[:199] == [None] * 199
    assert values[-1] == aligned
    assert None not in values[199:]


@pytest.mark.parametrize(
    ("levels", "aligned"),
    [
        # SMA200 109, SMA100 118, SMA50 126, SMA20 135, EMA10 139.
        ((100, 110, 120, 130, 140), 1.0),
        # EMA10 124 below SMA20 135.
        ((100, 110, 120, 150, 120), 0.0),
        # SMA20 135 below SMA50 144.
        ((100, 110, 150, 130, 140), 0.0),
        # SMA50 126 below SMA100 138.
        ((100, 150, 120, 130, 140), 0.0),
        # SMA100 118 below SMA200 134.
        ((150, 110, 120, 130, 140), 0.0),
    ],
    ids=["aligned", "ema10", "sma20", "sma50", "sma100"],
)
def test_one_average_out_of_order_is_enough_to_be_not_aligned(levels, aligned, bars: MakeBars):
    closes = np.repeat(levels, (100, 50, 30, 10, 10))
    assert _values(bars(closes.tolist()), spec("moving_average_alignment"))[0][-1] == aligned


def test_averages_that_differ_by_rounding_are_aligned(bars: MakeBars):
    # EMA10 comes near 52.36 from below and stops short of it by a last digit.
    values = _values(bars(WAVE + [52.36] * 700), spec("moving_average_alignment"))[0]
    assert set(values[-250:]) == {1.0}


def _talib(asked: Spec, bars: pl.DataFrame) -> np.ndarray:
    high, low, close = (bars[name].to_numpy() for name in ("high", "low", "close"))
    (window,) = asked.values()
    if asked.indicator == "atr":
        return talib.ATR(high, low, close, timeperiod=window)
    return getattr(talib, asked.indicator.upper())(close, timeperiod=window)


def _deviation(got: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference as a part of the largest expected value; both NaN at the same rows."""
    known = ~np.isnan(expected)
    assert np.array_equal(known, ~np.isnan(got))
    difference = np.abs(got - expected)[known].max(initial=0.0)
    return float(difference / np.abs(expected)[known].max(initial=1e-300))


def _deviation_from_talib(asked: Spec, bars: pl.DataFrame) -> float:
    result = compute(bars, [asked])
    (name,) = asked.columns()
    of_each = result.select("instrument_id", pl.col(name).fill_null(np.nan))
    got = of_each.partition_by("instrument_id", maintain_order=True)
    sorted_bars = bars.sort("instrument_id", "session")
    series = sorted_bars.partition_by("instrument_id", maintain_order=True)
    return max(
        _deviation(ours[name].to_numpy(), _talib(asked, theirs))
        for ours, theirs in zip(got, series, strict=True)
    )


@every_oracle_spec
def test_random_walks_give_what_talib_gives(asked, market):
    assert _deviation_from_talib(asked, market) <= 1e-9


def _as_bars(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(
        pl.col("symbol").rank("dense").cast(pl.Int64).alias("instrument_id"),
        pl.col("date").alias("session"),
        pl.col("open", "high", "low", "close"),
        pl.col("volume").cast(pl.Float64),
    )


@pytest.fixture(scope="session")
def lean_bars(shared_data: Path) -> pl.DataFrame:
    """21 US tickers, 1998 to 2021, as traded, splits included (QuantConnect Lean)."""
    return _as_bars(pl.read_parquet(shared_data / "ohlcv" / "lean_us_daily_raw.parquet"))


@pytest.fixture(scope="session")
def pystock_bars(shared_data: Path) -> pl.DataFrame:
    """Every 30th of 7,072 US tickers, 2015 to 2017, as delivered (pystock-data)."""
    frame = pl.read_parquet(shared_data / "ohlcv" / "pystock_us_daily_2015_2017.parquet")
    return _as_bars(frame).filter(pl.col("instrument_id") % 30 == 0)


@every_oracle_spec
def test_twenty_years_of_real_bars_give_what_talib_gives(asked, lean_bars):
    assert _deviation_from_talib(asked, lean_bars) <= 1e-9


@every_oracle_spec
def test_hundreds_of_real_instruments_give_what_talib_gives(asked, pystock_bars):
    assert _deviation_from_talib(asked, pystock_bars) <= 1e-9


@pytest.fixture(scope="session")
def stock_indicators_bars(shared_data: Path) -> pl.DataFrame:
    """502 bars of SPY; `calls.csv`: ToSma(20), ToEma(20), ToAtr(14) (Stock.Indicators)."""
    path = shared_data / "indicators" / "stock_indicators" / "input_default.csv"
    frame = pl.read_csv(path, try_parse_dates=True)
    return _as_bars(frame.with_columns(symbol=pl.lit("SPY")))


def _expected(shared_data: Path, indicator: str, field: str) -> np.ndarray:
    path = shared_data / "indicators" / "stock_indicators" / "expected.parquet"
    of_it = (pl.col("indicator") == indicator) & (pl.col("field") == field)
    values = pl.read_parquet(path).filter(of_it).sort("row").get_column("value")
    return values.fill_null(np.nan).to_numpy()


@pytest.mark.parametrize(
    ("asked", "indicator", "field"),
    [
        (spec("sma", window=20), "sma", "sma"),
        (spec("ema", window=20), "ema", "ema"),
        (spec("atr", window=14), "atr", "atr"),
        (spec("atr_pct", window=14), "atr", "atrp"),
    ],
    ids=["sma", "ema", "atr", "atr_pct"],
)
def test_spy_gives_what_stock_indicators_gives(
    asked, indicator, field, stock_indicators_bars, shared_data
):
    got = compute(stock_indicators_bars, [asked])[asked.columns()[0]].fill_null(np.nan).to_numpy()
    assert _deviation(got, _expected(shared_data, indicator, field)) <= 1e-8
