import datetime as dt

import polars as pl
from polars.testing import assert_frame_equal

from quantmatrix_engine.prices.benchmark import with_benchmark

SPY = 9


def test_each_bar_gets_the_benchmarks_close_of_its_own_session(series):
    own = series({"close": 10.0}, {"close": 10.2}, {"close": 10.4})
    spy = series({"instrument_id": SPY, "close": 10.1}, None, {"instrument_id": SPY, "close": 10.3})
    both = with_benchmark(pl.concat([own, spy]), SPY)
    assert both.filter(instrument_id=1)["benchmark_close"].to_list() == [10.1, None, 10.3]
    assert both.filter(instrument_id=SPY)["benchmark_close"].to_list() == [10.1, 10.3]


def test_order_and_columns_stay_and_the_bars_are_left_as_they_are(series):
    bars = pl.concat([series({}, {}), series({"instrument_id": SPY}, {"instrument_id": SPY})])
    turned = bars.reverse()
    copy = turned.clone()
    found = with_benchmark(turned, SPY)
    assert found.columns == [*bars.columns, "benchmark_close"]
    assert_frame_equal(found.drop("benchmark_close"), turned)
    assert_frame_equal(turned, copy)


def test_of_a_restated_benchmark_the_newest_close_counts_and_moves_what_is_known(series):
    later = dt.datetime(2024, 1, 5, tzinfo=dt.UTC)
    own, spy = series({}), series({"instrument_id": SPY, "close": 10.1})
    restated = spy.with_columns(close=pl.lit(10.2), known_at=pl.lit(later))
    found = with_benchmark(pl.concat([own, spy, restated]), SPY).filter(instrument_id=1)
    assert found["benchmark_close"].to_list() == [10.2]
    assert found["known_at"].to_list() == [later]


def test_without_a_benchmark_all_are_null(series):
    found = with_benchmark(series({}, {}), SPY)
    assert found["benchmark_close"].to_list() == [None, None]
    assert found["benchmark_close"].dtype == pl.Float64
    assert_frame_equal(found.drop("benchmark_close"), series({}, {}))
