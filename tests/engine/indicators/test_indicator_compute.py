"""What `compute`, `lookback`, `spec` and `available` do, whatever the indicator."""

import datetime as dt
import math
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantmatrix_engine import calendars
from quantmatrix_engine.errors import ContractError, ParamsError, UnknownPlugin
from quantmatrix_engine.indicators.base import Param, Series, Spec, available, kernel, spec
from quantmatrix_engine.indicators.compute import compute, fill, fill_histories, lookback
from quantmatrix_engine.indicators.histories import one_by_one
from quantmatrix_engine.indicators.over_instruments import compiled
from quantmatrix_engine.indicators.plan import Plan, Step, plan
from quantmatrix_engine.indicators.sources import source_of
from quantmatrix_engine.prices.resampling import Period, resampled

MakeBars = Callable[..., pl.DataFrame]
SMA_2 = spec("sma", window=2)
ATR_1 = spec("atr", window=1)


def test_rows_come_sorted_by_instrument_and_session_with_key_and_close_first(bars: MakeBars):
    unsorted = pl.concat([bars([5.0, 7.0], instrument_id=2), bars([1.0, 3.0, 5.0])]).reverse()
    expected = pl.DataFrame(
        {
            "instrument_id": [1, 1, 1, 2, 2],
            "session": [dt.date(2015, 1, day) for day in (1, 2, 3, 1, 2)],
            "close": [1.0, 3.0, 5.0, 5.0, 7.0],
            "sma_2": [None, 2.0, 4.0, None, 6.0],
        }
    )
    assert_frame_equal(compute(unsorted, [SMA_2]), expected)


def test_columns_come_once_and_in_the_order_of_the_specs_sorted(bars: MakeBars):
    asked = (spec("sma", window=10), SMA_2, ATR_1, SMA_2)
    columns = compute(bars([1.0]), asked).columns
    assert columns == ["instrument_id", "session", "close", "atr_1", "sma_2", "sma_10"]
    assert compute(bars([1.0]), {*asked}).columns == columns
    assert compute(bars([1.0]), (one for one in asked)).columns == columns


def test_no_specs_give_key_and_close(bars: MakeBars):
    assert compute(bars([2.0]), []).columns == ["instrument_id", "session", "close"]
    assert lookback([]) == 0


def test_no_bars_give_no_rows_with_all_columns(bars: MakeBars):
    result = compute(bars([]), [SMA_2, ATR_1])
    assert result.schema == {
        "instrument_id": pl.Int64,
        "session": pl.Date,
        "close": pl.Float64,
        "atr_1": pl.Float64,
        "sma_2": pl.Float64,
    }
    assert result.height == 0


def test_an_unknown_value_is_null_and_never_nan(bars: MakeBars):
    column = compute(bars([1.0, 2.0, 3.0]), [spec("sma", window=9)])["sma_9"]
    assert column.null_count() == 3
    assert not column.is_nan().any()


@pytest.mark.parametrize("name", ["instrument_id", "session", "high", "low", "close"])
def test_a_missing_column_is_named(name, bars: MakeBars):
    with pytest.raises(ContractError, match=f"Bars lack the column {name};"):
        compute(bars([1.0]).drop(name), [ATR_1])


def test_columns_no_spec_reads_may_be_absent(bars: MakeBars):
    assert compute(bars([1.0, 3.0]).drop("open", "high", "low", "volume"), [SMA_2]).height == 2


@pytest.mark.parametrize("count", [1, 2, 3, 50])
def test_any_number_of_instruments_of_any_length_is_filled(count, bars: MakeBars):
    frames = [bars([2.0] * (1 + number % 4), instrument_id=number) for number in range(count)]
    result = compute(pl.concat(frames), [spec("sma", window=1)])
    assert result["sma_1"].to_list() == result["close"].to_list()


def test_one_long_instrument_among_short_ones_is_filled(bars: MakeBars):
    frames = [
        bars([4.0] * (900 if number == 3 else 2), instrument_id=number) for number in range(9)
    ]
    assert compute(pl.concat(frames), [spec("sma", window=1)])["sma_1"].null_count() == 0


def test_bars_in_several_chunks_give_the_same(market):
    pieces = [market[start : start + 701] for start in range(0, market.height, 701)]
    chunked = pl.concat(pieces, rechunk=False)
    assert chunked.n_chunks() > 1
    assert_frame_equal(compute(chunked, [ATR_1]), compute(market, [ATR_1]), check_exact=True)


@pytest.mark.parametrize("day", [1, 400, 2_700, 2_701])
def test_rows_since_a_session_are_those_of_all_rows(day, market):
    since = dt.date(2015, 1, 1) + dt.timedelta(days=day - 1)
    asked = [ATR_1, SMA_2, spec("holding", average=20, window=5)]
    holed = market.with_columns(
        pl.when(pl.col("session") != since).then(pl.col("high")).alias("high")
    )
    for bars in (market, holed):
        expected = compute(bars, asked).filter(pl.col("session") >= since)
        assert_frame_equal(compute(bars, asked, since=since), expected, check_exact=True)


def test_series_of_another_length_are_refused_before_compiled_code_runs():
    wanted = plan([SMA_2])
    with pytest.raises(ContractError, match="sma_2 has 3 rows; 5 are needed"):
        fill(wanted, {"close": np.ones(5)}, np.array([0, 5]), {"sma_2": np.ones(3)})


def test_the_lookback_of_several_specs_is_the_largest():
    assert lookback([SMA_2]) == 1
    assert lookback([SMA_2, spec("sma", window=200), ATR_1]) == 199


def test_the_lookback_of_a_recursion_is_what_lets_it_forget_its_seed():
    # (199 / 201) ** 1612 < 1e-7 <= (199 / 201) ** 1611, and 199 bars before the seed's row.
    assert lookback([spec("ema", window=200)]) == 1612 + 199
    # (13 / 14) ** 218 < 1e-7 <= (13 / 14) ** 217, and the seed's 14 ranges.
    assert lookback([spec("atr", window=14)]) == 218 + 14


def test_a_spec_gives_its_columns_with_what_they_hold():
    asked = spec("holding", window=14, average=50)
    assert asked == Spec("holding", (("average", 50), ("window", 14)))
    assert asked.columns() == (
        "holding_sessions_50_14",
        "holding_peak_50_14",
        "holding_before_50_14",
    )
    assert "over 50 bars" in asked.descriptions()["holding_sessions_50_14"]


def test_specs_can_be_compared_and_kept_in_a_set():
    assert len({spec("sma", window=2), SMA_2}) == 1
    assert sorted([spec("sma", window=10), SMA_2, ATR_1]) == [ATR_1, SMA_2, spec("sma", window=10)]


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"windows": 5}, r"'sma' takes no 'windows'\. Did you mean 'window'\? It takes \(window\)"),
        ({"window": 5, "x": 2}, r"'sma' takes no 'x'\. It takes \(window\)"),
        ({"window": 0}, "window=0; window must be a whole number from 1 to 1260"),
        ({"window": -3}, "window=-3; window must be a whole number from 1 to 1260"),
        ({"window": 1261}, "window=1261; window must be a whole number from 1 to 1260"),
        ({"window": 2.0}, r"window=2\.0; window must be a whole number from 1 to 1260"),
        ({"window": True}, "window=True; window must be a whole number from 1 to 1260"),
        ({"window": None}, "window=None; window must be a whole number from 1 to 1260"),
    ],
)
def test_params_an_indicator_cannot_take_are_refused(params, said):
    with pytest.raises(ParamsError, match=said):
        spec("sma", **params)


@pytest.mark.parametrize("value", [math.nan, math.inf, 0, "2", True])
def test_a_param_that_may_be_a_fraction_is_a_number_within_bounds(value):
    deviations = Param("deviations", default=2.0, least=0.1, most=10, whole=False)
    assert deviations.checked("x", 2) == 2.0
    with pytest.raises(ParamsError, match=r"deviations must be a number from 0\.1 to 10"):
        deviations.checked("x", value)


def test_params_left_out_are_the_defaults():
    assert spec("atr") == spec("atr", window=14)


def test_a_param_for_an_indicator_without_any_is_refused():
    with pytest.raises(ParamsError, match=r"takes no 'window'\. It takes \(none\)"):
        spec("moving_average_alignment", window=5)


def test_what_indicators_read_or_use_is_computed_once_and_before_them():
    wanted = plan([spec("atr_distance"), spec("atr_pct"), spec("sma", window=50)])
    assert [step.writes for step in wanted.steps] == [
        ("close_total", "close_total_rest"),
        ("true_range",),
        ("sma_50",),
        ("atr_14",),
        ("atr_distance_50_14",),
        ("atr_pct_14",),
    ]
    assert wanted.columns == ("atr_distance_50_14", "atr_pct_14", "sma_50")
    assert wanted.between == ("close_total", "close_total_rest", "true_range", "atr_14")
    assert wanted.inputs == ("close", "high", "low")


def test_an_unknown_indicator_is_refused_with_the_nearest_name():
    with pytest.raises(UnknownPlugin, match=r"called 'smaa'\. Did you mean 'sma'\?"):
        spec("smaa", window=5)


def test_the_folder_itself_says_what_there_is():
    assert [*available()] == [
        "atr",
        "atr_distance",
        "atr_distance_ema",
        "atr_pct",
        "bollinger",
        "chandelier",
        "channel_breakout",
        "directional_movement",
        "donchian",
        "ema",
        "ema_distance_pct",
        "historical_volatility",
        "holding",
        "keltner",
        "macd",
        "mansfield",
        "momentum",
        "moving_average_alignment",
        "moving_average_bucket",
        "obv",
        "performance",
        "performance_to_date",
        "pullback",
        "range_position",
        "relative_volume",
        "rma",
        "rsi",
        "since_holding",
        "sma",
        "sma_distance_pct",
        "stochastic",
        "stochastic_rsi",
        "swing_pivots",
        "td_countdown",
        "td_setup",
        "trend_lines",
        "unfilled_gaps",
        "volatility_percentile",
        "volatility_regime",
        "volatility_trend",
        "volume_average",
        "vwap",
        "weinstein",
    ]


def _intraday(bars: MakeBars) -> pl.DataFrame:
    """Gives two sessions of three five-minute bars, the later one first."""
    prices = bars([9.0, 12.0, 15.0, 30.0, 33.0, 36.0], volume=[1, 1, 2, 1, 2, 1])
    starts = [
        dt.datetime(2015, 1, day, 14, 30 + 5 * place, tzinfo=dt.UTC)
        for day in (2, 5)
        for place in range(3)
    ]
    sessions = [one.date() for one in starts]
    timed = prices.with_columns(starts_at=pl.Series(starts), session=pl.Series(sessions))
    return pl.concat([timed.tail(3), timed.head(3)])


def test_intraday_bars_are_ordered_by_their_start_and_sessions_begin_anew(bars: MakeBars):
    result = compute(_intraday(bars), [spec("vwap"), SMA_2], by="starts_at")
    assert result["starts_at"].is_sorted()
    assert result.columns[:4] == ["instrument_id", "session", "starts_at", "close"]
    # (9 + 12) / 2, (9 + 12 + 2 * 15) / 4; then from 30 on: (30 + 2 * 33) / 3, and with 36.
    assert result["vwap"].to_list() == pytest.approx([9, 10.5, 12.75, 30, 32, 33])
    assert result["sma_2"].to_list() == [None, 10.5, 13.5, 22.5, 31.5, 34.5]


def test_an_intraday_bar_with_a_null_counts_as_no_bar(bars: MakeBars):
    holed = _intraday(bars).with_columns(pl.col("close").replace(12.0, None))
    result = compute(holed, [SMA_2], by="starts_at")
    assert result["sma_2"].to_list() == [None, None, 12.0, 22.5, 31.5, 34.5]


def test_weekly_bars_are_computed_by_the_same_kernels(market):
    weekly = resampled(
        market.with_columns(
            provider=pl.lit("sample"),
            known_at=pl.lit(dt.datetime(2026, 1, 1, tzinfo=dt.UTC)),
            is_final=pl.lit(value=True),
        )
        .drop("benchmark_close")
        .filter(
            pl.col("session").is_in(calendars.sessions(dt.date(2015, 1, 2), dt.date(2016, 1, 8)))
        ),
        Period.WEEK,
        as_of=dt.date(2016, 1, 8),
    )
    found = compute(weekly, [SMA_2]).filter(pl.col("instrument_id") == 7)
    closes = weekly.filter(pl.col("instrument_id") == 7).sort("session")["close"].to_list()
    assert found["sma_2"].to_list()[1:5] == pytest.approx(
        [(closes[row] + closes[row + 1]) / 2 for row in range(4)]
    )


@kernel
def _refusing_into(values: Series, out: Series) -> None:
    if values.size < 3:
        raise ValueError("too short")
    out[:] = values


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("tails", [None, np.array([1, 2])])
def test_a_kernel_that_raises_stops_the_run_and_is_named(tails: np.ndarray | None):
    step = Step(_refusing_into, ("close",), (), ("copy",))
    wanted = Plan(steps=(step,), inputs=("close",), columns=("copy",), between=())
    close = np.arange(10.0)
    runs = one_by_one(np.array([0, 5, 10]), tails)
    outs = {"copy": np.zeros(10 if tails is None else 3)}
    fill_histories(wanted, [source_of(close, runs)], runs, outs)
    assert outs["copy"].tolist() == (close.tolist() if tails is None else [4.0, 8.0, 9.0])
    short = one_by_one(np.array([0, 5, 7, 10]), None if tails is None else np.array([1, 1, 1]))
    with pytest.raises(RuntimeError, match="_refusing_into raised"):
        fill_histories(wanted, [source_of(close, short)], short, outs)


@kernel
def _twice_into(values: Series, out: Series) -> None:
    for row in range(out.size):
        out[row] = 2.0 * values[row]


def test_two_threads_that_compile_a_step_at_once_have_one():
    """Of two the cache would keep one, and the address of the other would be that of nothing."""
    step = Step(_twice_into, ("close",), (), ("twice",))
    wanted = Plan(steps=(step,), inputs=("close",), columns=("twice",), between=())
    both = threading.Barrier(2)

    def addresses() -> list[int]:
        both.wait()
        return compiled(wanted).tolist()

    with ThreadPoolExecutor(2) as pool:
        one, other = (pool.submit(addresses) for _ in "ab")
        assert one.result() == other.result() == compiled(wanted).tolist()


def test_series_that_compiled_code_could_not_write_or_read_are_refused():
    wanted = plan([spec("obv")])
    close = {name: np.arange(1.0, 6.0) for name in wanted.inputs}
    offsets = np.array([0, 5])
    out = np.zeros(5)
    for unfit in (np.zeros(5, dtype=np.float32), np.zeros(10)[::2]):
        with pytest.raises(ContractError, match="obv is float"):
            fill(wanted, close, offsets, {"obv": unfit})
    out.flags.writeable = False
    with pytest.raises(ContractError, match="obv cannot be written to"):
        fill(wanted, close, offsets, {"obv": out})
    assert out.tolist() == [0.0] * 5
