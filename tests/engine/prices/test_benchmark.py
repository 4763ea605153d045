import datetime as dt

import polars as pl
from polars.testing import assert_frame_equal

from quantmatrix_engine.contracts.corporate_actions import PriceActions
from quantmatrix_engine.prices.benchmark import with_benchmark

SPY = 9
NO_ACTIONS = pl.DataFrame(
    schema={name: one.dtype.type for name, one in PriceActions.to_schema().columns.items()}
)


def test_each_bar_gets_the_benchmarks_close_of_its_own_session(series):
    own = series({"close": 10.0}, {"close": 10.2}, {"close": 10.4})
    spy = series({"instrument_id": SPY, "close": 10.1}, None, {"instrument_id": SPY, "close": 10.3})
    both = with_benchmark(pl.concat([own, spy]), spy, NO_ACTIONS)
    assert both.filter(instrument_id=1)["benchmark_close"].to_list() == [10.1, None, 10.3]
    assert both.filter(instrument_id=SPY)["benchmark_close"].to_list() == [10.1, 10.3]


def test_order_and_columns_stay_and_the_bars_are_left_as_they_are(series):
    spy = series({"instrument_id": SPY}, {"instrument_id": SPY})
    bars = pl.concat([series({}, {}), spy])
    turned = bars.reverse()
    copy = turned.clone()
    found = with_benchmark(turned, spy.reverse(), NO_ACTIONS)
    assert found.columns == [*bars.columns, "benchmark_close"]
    assert_frame_equal(found.drop("benchmark_close"), turned)
    assert_frame_equal(turned, copy)


def test_of_a_restated_benchmark_the_newest_close_counts_and_moves_what_is_known(series):
    later = dt.datetime(2024, 1, 5, tzinfo=dt.UTC)
    own, spy = series({}), series({"instrument_id": SPY, "close": 10.1})
    restated = spy.with_columns(close=pl.lit(10.2), known_at=pl.lit(later))
    found = with_benchmark(own, pl.concat([spy, restated]), NO_ACTIONS)
    assert found["benchmark_close"].to_list() == [10.2]
    assert found["known_at"].to_list() == [later]


def test_without_a_benchmark_all_are_null(series):
    found = with_benchmark(series({}, {}), series({}).clear(), NO_ACTIONS)
    assert found["benchmark_close"].to_list() == [None, None]
    assert found["benchmark_close"].dtype == pl.Float64
    assert_frame_equal(found.drop("benchmark_close"), series({}, {}))


def test_a_split_of_the_benchmark_leaves_no_step_and_changes_no_close_before_it(series):
    spy = series(
        {"instrument_id": SPY, "close": 10.0},
        {"instrument_id": SPY, "close": 5.1},
        {"instrument_id": SPY, "close": 5.2},
    )
    split = pl.DataFrame(
        [{"instrument_id": SPY, "ex_date": spy["session"][1], "ratio": 2.0}],
        schema=NO_ACTIONS.schema,
    )
    assert with_benchmark(spy, spy, split)["benchmark_close"].to_list() == [10.0, 10.2, 10.4]
    before = with_benchmark(spy.head(1), spy.head(1), NO_ACTIONS)
    assert before["benchmark_close"].to_list() == [10.0]


def test_no_bars_have_the_column_too(series):
    none = series({}).clear()
    found = with_benchmark(none, series({"instrument_id": SPY}), NO_ACTIONS)
    assert found.is_empty()
    assert found.columns == [*none.columns, "benchmark_close"]


def test_a_session_outside_the_benchmarks_has_none(series):
    spy = series(None, {"instrument_id": SPY, "close": 10.1}, None)
    found = with_benchmark(series({}, {}, {}), spy, NO_ACTIONS)
    assert found["benchmark_close"].to_list() == [None, 10.1, None]
