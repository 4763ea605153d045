"""Indicators of weekly bars: by hand, and against weeks built by polars and TA-Lib."""

import datetime as dt
from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest
import talib
from polars.testing import assert_frame_equal

from quantmatrix_engine import calendars
from quantmatrix_engine.contracts import gate
from quantmatrix_engine.contracts.bars import Bars
from quantmatrix_engine.contracts.corporate_actions import PriceActions
from quantmatrix_engine.contracts.weekly_indicators import WeeklyIndicators
from quantmatrix_engine.indicators.base import spec
from quantmatrix_engine.indicators.sessions import look_ahead
from quantmatrix_engine.indicators.weeks import of_weeks
from quantmatrix_engine.strategies.standard import WEEKLY

ACTIONS = {name: one.dtype.type for name, one in PriceActions.to_schema().columns.items()}
NONE = pl.DataFrame(schema=ACTIONS)
SMA_2, ATR_1 = spec("sma", window=2), spec("atr", window=1)
MANSFIELD_2 = spec("mansfield", window=2)


def day(number: int, month: int = 1) -> dt.date:
    return dt.date(2024, month, number)


def at_night(session: dt.date) -> dt.datetime:
    return dt.datetime.combine(session, dt.time(22), dt.UTC)


# Two whole weeks from Monday the 8th on, a Monday that is a holiday, and a week of four sessions.
DAYS = calendars.sessions(day(8), day(26))
FRIDAYS = [day(12), day(19), day(26)]
# A 2:1 split goes ex on Wednesday the 17th, another one on Friday the 26th.
CLOSES = [96.0, 97.0, 98.0, 99.0, 100.0, 104.0, 52.0, 53.0, 54.0, 56.0, 57.0, 58.0, 59.0, 30.0]
TWICE = [(day(17), 2.0), (day(26), 2.0)]


def bars(closes: Sequence[float], days: Sequence[dt.date] = DAYS, instrument: int = 1, **said):
    """Bars with a range of 2 around their close, against a benchmark that stands still."""
    rows = [
        {"instrument_id": instrument, "provider": "a", "session": session, "open": close}
        | {"high": close + 1, "low": close - 1, "close": close, "volume": 10.0}
        | {"known_at": at_night(session), "is_final": True, "benchmark_close": 50.0}
        | said
        for session, close in zip(days, closes, strict=True)
    ]
    return pl.DataFrame(rows, schema={**Bars.empty().schema, "benchmark_close": pl.Float64})


def splits(*rows: tuple[dt.date, float], instrument: int = 1) -> pl.DataFrame:
    said = at_night(day(1))
    return pl.DataFrame(
        [(instrument, date, ratio, None, said) for date, ratio in rows], ACTIONS, orient="row"
    )


def weeks(rows: pl.DataFrame, *specs, first=DAYS[0], last=DAYS[-1], actions=NONE) -> pl.DataFrame:
    return of_weeks(rows, specs or (SMA_2,), first=first, last=last, actions=actions)


def test_each_week_is_in_the_price_basis_of_its_own_last_session():
    found = weeks(bars(CLOSES), actions=splits(*TWICE))
    assert gate.apply(WeeklyIndicators, found).failures.is_empty()
    shown = found.select("session", "open", "high", "low", "close", "volume", "sessions", "sma_2")
    assert shown.rows() == [
        (day(12), 96.0, 101.0, 95.0, 100.0, 50.0, 5, None),
        # Tuesday's 104 counts as 52, and 10 units as 20; the week before ended at 50.
        (day(19), 52.0, 55.0, 51.0, 54.0, 50.0, 4, 52.0),
        # Four closes are halved by Friday's split, and 54 counts as 27.
        (day(26), 28.0, 31.0, 27.5, 30.0, 90.0, 5, 28.5),
    ]


def test_a_split_is_no_range_of_the_week():
    """From 50, the close before in its basis, to the high of 55."""
    found = weeks(bars(CLOSES), ATR_1, first=day(19), last=day(19), actions=splits(*TWICE))
    assert found["atr_1"].to_list() == [5.0]


def test_a_split_of_a_weekend_counts_from_the_session_after_it():
    saturday = splits((day(13), 2.0))
    found = weeks(bars([10.0] * 5 + [5.0] * 9), actions=saturday)
    assert found.select("close", "sma_2").rows() == [(10.0, None), (5.0, 5.0), (5.0, 5.0)]


def test_a_split_of_one_instrument_changes_no_other():
    both = pl.concat([bars(CLOSES), bars(CLOSES, instrument=2)])
    found = weeks(both, actions=splits(*TWICE)).filter(instrument_id=2)
    assert_frame_equal(found, weeks(bars(CLOSES, instrument=2)), check_exact=True)


@pytest.mark.parametrize("friday", FRIDAYS)
def test_a_range_gives_what_each_week_alone_gave(friday: dt.date):
    rows, asked = pl.concat([bars(CLOSES), bars(CLOSES, instrument=2)]), (SMA_2, ATR_1, MANSFIELD_2)
    whole = weeks(rows, *asked, actions=splits(*TWICE))
    then = rows.filter(pl.col("session") <= friday)
    known = splits(*(one for one in TWICE if one[0] <= friday))
    alone = weeks(then, *asked, first=friday, last=friday, actions=known)
    assert alone.height == 2
    assert_frame_equal(whole.filter(session=friday), alone, check_exact=True)


@pytest.mark.parametrize(
    ("first", "last"), [(day(8), day(11)), (day(16), day(18)), (day(22), day(25))]
)
def test_sessions_that_end_no_week_have_no_rows_and_all_columns(first: dt.date, last: dt.date):
    found = weeks(bars(CLOSES), first=first, last=last)
    assert found.is_empty()
    assert found.schema == weeks(bars(CLOSES)).schema


def test_no_bars_give_no_rows():
    assert weeks(bars([], [])).is_empty()


def test_a_week_whose_last_session_has_no_bar_is_over_all_the_same():
    gone = bars(CLOSES).filter(pl.col("session") != day(19))
    week = weeks(gone, first=day(19), last=day(19)).row(0, named=True)
    assert (week["session"], week["close"], week["sessions"]) == (day(19), 53.0, 3)


def test_sessions_of_two_providers_are_one_week():
    rows = pl.concat([bars(CLOSES[:7], DAYS[:7]), bars(CLOSES[7:], DAYS[7:], provider="b")])
    assert_frame_equal(weeks(rows), weeks(bars(CLOSES)))


def test_a_row_is_known_since_the_newest_of_its_bars_and_restated_bars_count():
    late = dt.datetime(2024, 2, 1, tzinfo=dt.UTC)
    restated = bars([90.0], [day(18)], known_at=late)
    found = weeks(pl.concat([bars(CLOSES), restated]))
    assert found["known_at"].to_list() == [at_night(day(12)), late, late]
    assert found["high"].to_list()[1] == 105.0
    assert found["low"].to_list()[1] == 51.0  # 53 - 1 is gone, 52 - 1 is there
    assert weeks(bars(CLOSES))["known_at"].to_list() == [at_night(one) for one in FRIDAYS]


def test_a_week_is_compared_with_the_benchmarks_close_of_its_last_bar():
    """Ratios 2, 54 / 60 and none: (0.9 / mean of 2 and 0.9 - 1) in percent."""
    told = bars(CLOSES).with_columns(
        benchmark_close=pl.col("session").replace_strict(
            {day(19): 60.0, day(26): None}, default=50.0, return_dtype=pl.Float64
        )
    )
    found = weeks(told, MANSFIELD_2)["mansfield_2"].to_list()
    assert found == [None, pytest.approx((0.9 / 1.45 - 1) * 100), None]


@pytest.fixture(scope="module")
def years() -> pl.DataFrame:
    """Four years of two seeded walks, with sessions missing here and there."""
    days = calendars.sessions(dt.date(2020, 1, 2), dt.date(2023, 12, 29))
    random = np.random.default_rng(5)
    parts = []
    for instrument in (1, 2):
        moves = random.normal(0.0, 0.02, (3, len(days)))
        close = 50.0 * np.exp(np.cumsum(moves[0]))
        parts.append(
            bars(close.tolist(), days, instrument).with_columns(
                open=pl.col("close") * (1 + pl.Series(moves[1]) / 4),
                high=pl.col("close") * (1 + pl.Series(abs(moves[1]))),
                low=pl.col("close") * (1 - pl.Series(abs(moves[2]))),
                volume=pl.Series(random.integers(1, 1_000, len(days)).astype(float)),
            )
        )
    return pl.concat(parts).filter(pl.col("volume") > 20)


def test_weeks_built_by_polars_and_computed_by_ta_lib_are_the_same(years: pl.DataFrame):
    asked = [spec("sma", window=10), spec("ema", window=21), spec("rsi"), spec("atr"), spec("macd")]
    found = weeks(years, *asked, first=dt.date(2020, 1, 2), last=dt.date(2023, 12, 29))
    for instrument in (1, 2):
        by_week = (
            years.filter(instrument_id=instrument)
            .sort("session")
            .group_by_dynamic("session", every="1w")
            .agg(pl.col("high").max(), pl.col("low").min(), pl.col("close").last())
        )
        high, low, close = (by_week[name].to_numpy() for name in ("high", "low", "close"))
        expected = {
            "sma_10": talib.SMA(close, 10),
            "ema_21": talib.EMA(close, 21),
            "rsi_14": talib.RSI(close, 14),
            "atr_14": talib.ATR(high, low, close, 14),
            "macd_histogram_12_26_9": talib.MACD(close, 12, 26, 9)[2],
        }
        own = found.filter(instrument_id=instrument)
        assert own.height == by_week.height == 209
        for name, values in expected.items():
            told = own[name].to_numpy()
            np.testing.assert_allclose(told, values, rtol=1e-9, err_msg=name)


def test_cutting_the_future_changes_nothing(years: pl.DataFrame):
    actions = splits((dt.date(2023, 9, 13), 3.0), (dt.date(2023, 12, 20), 2.0))
    cut = {"session": dt.date(2023, 11, 24), "until": dt.date(2023, 12, 29), "actions": actions}
    assert look_ahead(years, WEEKLY, **cut, of=of_weeks).is_empty()

    def ahead(rows: pl.DataFrame, *told, **further) -> pl.DataFrame:
        return of_weeks(rows, *told, **further).with_columns(sma_10=rows["close"].sum())

    assert look_ahead(years, WEEKLY, **cut, of=ahead).height == 2
