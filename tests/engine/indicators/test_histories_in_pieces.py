"""Histories found in bars as they were read: in pieces, of several vintages, in any order."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from quantmatrix_engine.contracts.corporate_actions import PriceActions
from quantmatrix_engine.indicators.base import spec
from quantmatrix_engine.indicators.histories import (
    Known,
    Runs,
    asked_rows,
    asked_since,
    known,
    without,
)
from quantmatrix_engine.indicators.moments import newest_moments
from quantmatrix_engine.indicators.sessions import of_sessions
from quantmatrix_engine.prices.benchmark import ByDay, with_benchmark

FIRST = dt.date(2020, 1, 1)
MIDNIGHT = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
ACTIONS = {name: one.dtype.type for name, one in PriceActions.to_schema().columns.items()}
SPECS = [spec("sma", window=3), spec("ema", window=2), spec("obv"), spec("performance_to_date")]
# Instrument, day, and hours after the first midnight at which it was known.
Key = tuple[int, int, int]


def day(number: int) -> dt.date:
    return FIRST + dt.timedelta(days=number)


def rows(keys: list[Key]) -> pl.DataFrame:
    """Gives a bar for each key; its close says which it is."""
    closes = [10.0 + place for place in range(len(keys))]
    return pl.DataFrame(
        {
            "instrument_id": pl.Series([one for one, _, _ in keys], dtype=pl.Int64),
            "provider": pl.Series(["a"] * len(keys), dtype=pl.String),
            "session": pl.Series([day(number) for _, number, _ in keys], dtype=pl.Date),
            "close": pl.Series(closes, dtype=pl.Float64),
            "volume": pl.Series(closes, dtype=pl.Float64),
            "known_at": pl.Series(
                [MIDNIGHT + dt.timedelta(hours=hours) for _, _, hours in keys],
                dtype=pl.Datetime("us", "UTC"),
            ),
        }
    )


def in_pieces(bars: pl.DataFrame, size: int) -> pl.DataFrame:
    """Gives the bars as frames of `size` rows that were put under each other."""
    parts = [bars[start : start + size] for start in range(0, bars.height, size)]
    return pl.concat(parts, rechunk=False) if parts else bars


def newest(keys: list[Key]) -> list[tuple[int, int, float]]:
    """Gives instrument, day and close of what is known last, by a loop over the keys."""
    last: dict[tuple[int, int], tuple[int, float]] = {}
    for place, (one, number, hours) in enumerate(keys):
        held = last.get((one, number))
        if held is None or hours > held[0]:
            last[one, number] = hours, 10.0 + place
    return [(*key, close) for key, (_, close) in sorted(last.items())]


def asked(found: Known) -> list[tuple[int, int, float]]:
    told = found.bars[asked_rows(found.runs)]
    return [
        (one, (session - FIRST).days, close)
        for one, session, close in told.select("instrument_id", "session", "close").rows()
    ]


keys_of = st.lists(
    st.tuples(st.integers(1, 4), st.integers(0, 30), st.integers(0, 99)),
    unique=True,
    max_size=120,
)


@settings(deadline=None)  # the first example compiles
@given(keys=keys_of, piece=st.integers(1, 50), is_sorted=st.booleans())
def test_each_session_comes_once_in_order_as_it_is_known_last(keys, piece, is_sorted):
    given_keys = sorted(keys) if is_sorted else keys
    found = known(in_pieces(rows(given_keys), piece))
    assert asked(found) == newest(given_keys)
    assert found.instruments.tolist() == sorted({one for one, _, _ in keys})


def test_where_a_piece_begins_another_instrument_or_an_earlier_day_a_run_ends():
    one, two = (
        [(1, number, 0) for number in range(10)],
        [(1, number, 0) for number in range(10, 20)],
    )
    other = [(2, number, 0) for number in range(10, 20)]
    for keys in ([*one, *other], [*two, *one], [*one, *two]):
        found = known(in_pieces(rows(keys), 10))
        assert found.instruments.tolist() == sorted({key[0] for key in keys})
        assert asked(found) == newest(keys)


def test_of_two_vintages_of_one_moment_the_provider_decides():
    told = rows([(1, 0, 5), (1, 1, 5), (1, 0, 5), (1, 1, 5)])
    providers = pl.Series("provider", ["b", "a", "a", "b"])
    found = known(told.with_columns(providers))
    assert asked(found) == [(1, 0, 10.0), (1, 1, 13.0)]
    days = {"first": day(0), "last": day(1), "actions": pl.DataFrame(schema=ACTIONS)}
    computed = of_sessions(told.with_columns(providers), [spec("sma", window=1)], **days)
    assert computed["close"].to_list() == [10.0, 13.0]


def test_bars_of_one_provider_need_not_name_it():
    keys = [(1, 0, 0), (1, 1, 0), (1, 0, 2), (2, 0, 0), (1, 2, 1)]
    assert asked(known(rows(keys).drop("provider"))) == newest(keys)


def test_long_runs_of_several_files_are_one_history_and_one_restated_bar_moves_no_other():
    keys = [
        (one, number, 0)
        for half in (range(40, 80), range(40))
        for one in (3, 1, 2)
        for number in half
    ]
    restated = [*keys, (1, 5, 7)]
    assert asked(known(in_pieces(rows(keys), 33))) == newest(keys)
    assert asked(known(in_pieces(rows(restated), 33))) == newest(restated)


def test_runs_are_not_over_the_border_of_a_piece_of_any_column():
    whole = rows([(1, number, 0) for number in range(20)])
    mixed = pl.DataFrame([in_pieces(whole, 7)["instrument_id"], *in_pieces(whole, 10)[:, 1:]])
    found = known(mixed)
    assert found.runs.begins.tolist() == [0, 7, 10, 14]
    assert found.runs.rows.tolist() == [7, 3, 4, 6]
    assert found.runs.of.tolist() == [0, 4]


def test_what_is_asked_for_since_a_day_is_the_end_of_each_history():
    keys = [(one, number, 0) for one in (1, 2) for number in range(12)] + [(3, 2, 0)]
    found = known(rows(keys))
    told = asked_since(found.runs, found.days, day(9))
    assert told.tails.tolist() == [3, 3, 0]
    assert asked_rows(told).tolist() == [9, 10, 11, 21, 22, 23]


def test_rows_that_are_left_out_cut_their_runs_and_nothing_else():
    found = known(rows([(one, number, 0) for one in (1, 2) for number in range(10)]))
    left = without(found.runs, np.array([0, 3, 4, 19]))
    assert asked_rows(left).tolist() == [1, 2, 5, 6, 7, 8, 9, *range(10, 19)]
    assert left.of.tolist() == [0, 2, 3]
    assert without(found.runs, np.arange(10)).lengths().tolist() == [0, 10]


@pytest.mark.parametrize("piece", [1, 3, 100])
def test_the_newest_moment_up_to_a_row_is_of_its_own_history(piece: int):
    keys = [(1, number, hours) for number, hours in enumerate([5, 3, 8, 8, 1, 2, 4, 0])]
    both = rows([*keys, *((2, number, 1) for number in range(8))])
    found = known(in_pieces(both, piece))
    told = asked_since(found.runs, found.days, day(1))
    of_days = [-1, -1, -1, -1, -1, -1, 9, -1]
    assert moments_of(told, found, of_days) == [5, 8, 8, 8, 8, 9, 9] + [1] * 5 + [9, 9]
    # What was known late of a day before those asked for counts for them, too.
    assert moments_of(told, found, [7, *of_days[1:]]) == [7, 8, 8, 8, 8, 9, 9] + [7] * 5 + [9, 9]


def moments_of(told: Runs, found: Known, of_days: list[int]) -> list[float]:
    """Gives the hours of the newest moments, beside a benchmark known at some hours of each day."""
    hours = pl.Series([MIDNIGHT + dt.timedelta(hours=one) for one in of_days])
    first = (FIRST - dt.date(1970, 1, 1)).days
    beside = ByDay(first, np.empty(0), hours.to_physical().to_numpy())
    newest = newest_moments(told, found.bars.get_column("known_at"), found.days, beside)
    assert newest.name == "known_at"
    return [(moment - MIDNIGHT) / dt.timedelta(hours=1) for moment in newest]


@settings(deadline=None, max_examples=15)
@given(
    keys=keys_of,
    piece=st.integers(1, 50),
    first=st.integers(0, 30),
    splits=st.lists(st.tuples(st.integers(1, 4), st.integers(0, 35)), max_size=6),
    holes=st.sets(st.integers(0, 119), max_size=9),
)
def test_indicators_do_not_depend_on_how_the_bars_lie(keys, piece, first, splits, holes):
    """In pieces and any order, beside each instrument's bars alone, a basis at a time."""
    actions = pl.DataFrame(
        [(one, day(number), 3.0, None, MIDNIGHT) for one, number in splits], ACTIONS, orient="row"
    )
    is_hole = pl.int_range(pl.len()).is_in(list(holes))
    bars = rows(keys).with_columns(volume=pl.when(~is_hole).then("volume"))
    last = day(30)
    found = of_sessions(in_pieces(bars, piece), SPECS, first=day(first), last=last, actions=actions)
    for one, session in found.select("instrument_id", "session").rows():
        own = bars.filter(pl.col("instrument_id") == one, pl.col("session") <= session)
        alone = of_sessions(own.rechunk(), SPECS, first=session, last=session, actions=actions)
        row = (pl.col("instrument_id") == one) & (pl.col("session") == session)
        assert_frame_equal(found.filter(row), alone, check_exact=True)
    assert found.select("instrument_id", "session", "close").rows() == [
        (one, day(number), close) for one, number, close in newest(keys) if number >= first
    ]


def test_a_bar_with_a_null_has_a_row_without_values_and_the_others_go_on_without_it():
    bars = rows([(1, number, number) for number in range(5)])
    holed = bars.with_columns(volume=pl.when(pl.col("session") != day(2)).then(100.0))
    actions = pl.DataFrame(schema=ACTIONS)
    asked_for = [spec("obv"), spec("sma", window=2)]
    found = of_sessions(holed, asked_for, first=day(1), last=day(4), actions=actions)
    assert found["obv"].to_list() == [200.0, None, 300.0, 400.0]
    assert found["sma_2"].to_list() == [10.5, None, (11 + 13) / 2, 13.5]
    assert found["close"].to_list() == [11.0, 12.0, 13.0, 14.0]
    assert [moment.hour for moment in found["known_at"]] == [1, 2, 3, 4]


@pytest.mark.parametrize("ratio", [2.0, 3.0, 0.1])
def test_prices_before_two_splits_are_divided_by_both_and_volumes_multiplied(ratio):
    """Closes 10, 11, 12, 13 and volumes of as many units, a split on the second and fourth day."""
    bars = rows([(1, number, 0) for number in range(4)]).with_columns(
        high=pl.col("close") + 1.0, low=pl.col("close") - 1.0
    )
    actions = pl.DataFrame(
        [(1, day(number), ratio, None, MIDNIGHT) for number in (1, 3)], ACTIONS, orient="row"
    )
    asked_for = [
        spec("sma", window=4),
        spec("volume_average", window=4),
        spec("donchian", window=4),
    ]
    found = of_sessions(bars, asked_for, first=day(3), last=day(3), actions=actions)
    scales = [1 / ratio / ratio, 1 / ratio, 1 / ratio, 1.0]
    closes = [close * scale for close, scale in zip((10, 11, 12, 13), scales, strict=True)]
    units = [volume / scale for volume, scale in zip((10, 11, 12, 13), scales, strict=True)]
    highs = [high * scale for high, scale in zip((11, 12, 13, 14), scales, strict=True)]
    lows = [low * scale for low, scale in zip((9, 10, 11, 12), scales, strict=True)]
    assert found.select("sma_4", "volume_average_4", "donchian_upper_4", "donchian_lower_4").row(
        0
    ) == pytest.approx((sum(closes) / 4, sum(units) / 4, max(highs), min(lows)), rel=1e-12)


def test_bars_that_lie_session_by_session_come_back_in_order():
    keys = [(one, number, 0) for number in range(30) for one in (3, 1, 2)]
    found = known(in_pieces(rows(keys), 3))
    assert asked(found) == newest(keys)
    assert found.runs.rows.tolist() == [30, 30, 30]


@pytest.mark.parametrize("piece", [1, 3, 50])
def test_a_benchmark_given_beside_the_bars_is_what_it_is_as_a_column_of_them(piece):
    """It lacks a session, is restated later than the bars, and is split."""
    bars = rows([(one, number, 0) for one in (1, 2) for number in range(8)])
    benchmark = rows([(9, number, 0) for number in (0, 1, 2, 4, 5, 6, 7)] + [(9, 5, 50)])
    actions = pl.DataFrame([(9, day(6), 2.0, None, MIDNIGHT)], ACTIONS, orient="row")
    asked_for = [spec("mansfield", window=4)]
    days = {"first": day(3), "last": day(6), "actions": actions}
    beside = of_sessions(in_pieces(bars, piece), asked_for, **days, benchmark=benchmark)
    as_column = of_sessions(with_benchmark(bars, benchmark, actions), asked_for, **days)
    assert_frame_equal(beside, as_column, check_exact=True)
    of_one = beside.filter(pl.col("instrument_id") == 1)
    hours = [(moment - MIDNIGHT) // dt.timedelta(hours=1) for moment in of_one["known_at"]]
    assert hours == [0, 0, 50, 50]
    assert of_one["mansfield_4"].is_null().to_list() == [True, False, False, False]


def test_without_bars_there_are_no_rows_beside_a_benchmark_or_none():
    actions = pl.DataFrame(schema=ACTIONS)
    days = {"first": day(0), "last": day(9), "actions": actions}
    benchmark = rows([(9, 1, 0)])
    asked_for = [spec("mansfield", window=4)]
    assert of_sessions(rows([]), asked_for, **days, benchmark=benchmark).is_empty()
    none = rows([]).clear()
    bars = rows([(1, number, 0) for number in range(6)])
    found = of_sessions(bars, asked_for, **days, benchmark=none)
    assert found["mansfield_4"].to_list() == [None] * 6


def test_two_files_that_hold_every_other_session_are_one_history():
    keys = [
        (one, number, 0) for start in (0, 1) for one in (1, 2) for number in range(start, 60, 2)
    ]
    found = known(in_pieces(rows(keys), 60))
    assert asked(found) == newest(keys)
    assert found.runs.rows.tolist() == [60, 60]
