"""Indicators of intraday bars: by hand, and against TA-Lib."""

import datetime as dt
from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest
import talib
from polars.testing import assert_frame_equal

from quantmatrix_engine import calendars
from quantmatrix_engine.contracts import gate
from quantmatrix_engine.contracts.corporate_actions import PriceActions
from quantmatrix_engine.contracts.intraday_bars import Interval, IntradayBars
from quantmatrix_engine.contracts.intraday_indicators import IntradayIndicators
from quantmatrix_engine.indicators import intraday
from quantmatrix_engine.indicators.base import Indicator, Series, Spec, kernel, spec
from quantmatrix_engine.indicators.compute import lookback
from quantmatrix_engine.indicators.intraday import look_ahead, of_session, window_begins
from quantmatrix_engine.strategies.standard import INTRADAY

ACTIONS = {name: one.dtype.type for name, one in PriceActions.to_schema().columns.items()}
NONE = pl.DataFrame(schema=ACTIONS)
SMA_2, VWAP = spec("sma", window=2), spec("vwap")
MONDAY, TUESDAY = dt.date(2024, 1, 8), dt.date(2024, 1, 9)
KNOWN = dt.datetime(2024, 1, 10, 1, tzinfo=dt.UTC)


def opens(session: dt.date) -> dt.datetime:
    """The first five minutes of a session in winter."""
    return dt.datetime.combine(session, dt.time(14, 30), dt.UTC)


def bars(
    session: dt.date, closes: Sequence[float], interval: Interval = Interval.FIVE_MINUTES, **said
) -> pl.DataFrame:
    """Bars one after the other from the open on; open, high and low are the close, volume is 1."""
    length = dt.timedelta(minutes=5 if interval is Interval.FIVE_MINUTES else 60)
    rows = [
        {"instrument_id": 1, "provider": "a", "interval": interval.value, "session": session}
        | {"starts_at": opens(session) + place * length, "known_at": KNOWN, "is_final": True}
        | dict.fromkeys(("open", "high", "low", "close"), close)
        | {"volume": 1.0}
        | said
        for place, close in enumerate(closes)
    ]
    return pl.DataFrame(rows, schema=IntradayBars.empty().schema)


def split(session: dt.date, ratio: float) -> pl.DataFrame:
    return pl.DataFrame([(1, session, ratio, None, KNOWN)], ACTIONS, orient="row")


def told(rows: pl.DataFrame, *specs: Spec, session=TUESDAY, actions=NONE) -> pl.DataFrame:
    return of_session(rows, specs or (SMA_2, VWAP), session=session, actions=actions)


def test_averages_go_through_the_night_and_vwap_begins_with_the_session():
    rows = pl.concat([bars(MONDAY, [9.0, 12.0]), bars(TUESDAY, [14.0, 17.0, 20.0])])
    found = told(rows.reverse())
    assert gate.apply(IntradayIndicators, found).failures.is_empty()
    assert found.select("session", "close", "sma_2", "vwap").rows() == [
        (TUESDAY, 14.0, 13.0, 14.0),
        (TUESDAY, 17.0, 15.5, 15.5),
        (TUESDAY, 20.0, 18.5, 17.0),
    ]


def test_a_split_between_the_sessions_is_seen_through():
    """Monday's 12 count as 6 on Tuesday, and Monday's own rows stay as traded."""
    rows = pl.concat([bars(MONDAY, [9.0, 12.0]), bars(TUESDAY, [8.0])])
    actions = split(TUESDAY, 2.0)
    assert told(rows, actions=actions).select("close", "sma_2").rows() == [(8.0, 7.0)]
    monday = told(rows, session=MONDAY, actions=actions)
    assert monday.select("close", "sma_2", "vwap").rows() == [(9.0, None, 9.0), (12.0, 10.5, 10.5)]


def test_intervals_and_instruments_do_not_touch_each_other():
    rows = [
        bars(MONDAY, [9.0, 12.0]),
        bars(TUESDAY, [14.0]),
        bars(MONDAY, [100.0], Interval.HOUR),
        bars(TUESDAY, [102.0, 104.0], Interval.HOUR),
        bars(MONDAY, [50.0], instrument_id=2),
        bars(TUESDAY, [52.0], instrument_id=2),
    ]
    found = told(pl.concat(rows), SMA_2)
    assert found.select("instrument_id", "interval", "sma_2").rows() == [
        (1, "1h", 101.0),
        (1, "1h", 103.0),
        (1, "5m", 13.0),
        (2, "5m", 51.0),
    ]


def test_neither_later_sessions_nor_those_before_the_window_are_looked_at():
    (before, *_), first = (
        calendars.sessions(dt.date(2023, 12, 1), window_begins(Interval.FIVE_MINUTES, TUESDAY))[
            -2:
        ],
        window_begins(Interval.FIVE_MINUTES, TUESDAY),
    )
    inside = pl.concat([bars(first, [1.0]), bars(TUESDAY, [14.0, 16.0])])
    outside = [bars(before, [99.0]), bars(dt.date(2024, 1, 10), [99.0])]
    asked = spec("sma", window=3)
    found = told(inside, asked)
    assert found["sma_3"].to_list() == [None, pytest.approx(31 / 3)]
    assert_frame_equal(told(pl.concat([inside, *outside]), asked), found, check_exact=True)


def test_the_window_is_longer_than_the_standard_indicators_look_back():
    bars_a_session = {Interval.FIVE_MINUTES: 78, Interval.HOUR: 7}
    reach = lookback(INTRADAY)
    assert reach is not None
    for interval, sessions in intraday.WINDOW_SESSIONS.items():
        assert sessions * bars_a_session[interval] > 1.9 * reach
    assert window_begins(Interval.FIVE_MINUTES, TUESDAY) == dt.date(2023, 12, 11)


def test_a_row_is_known_since_the_newest_of_its_windows_bars():
    late = dt.datetime(2024, 2, 1, tzinfo=dt.UTC)
    rows = pl.concat([bars(MONDAY, [9.0]), bars(TUESDAY, [14.0]), bars(TUESDAY, [10.0, 15.0])[1:]])
    assert told(rows)["known_at"].to_list() == [KNOWN, KNOWN]
    restated = rows.with_columns(
        known_at=pl.when(pl.col("close") == 15.0).then(late).otherwise("known_at")
    )
    assert told(restated)["known_at"].to_list() == [KNOWN, late]
    older = rows.with_columns(
        known_at=pl.when(pl.col("close") == 9.0).then(late).otherwise("known_at")
    )
    assert told(older)["known_at"].to_list() == [late, late]


def test_a_session_without_bars_has_no_rows_and_all_columns():
    found = told(bars(MONDAY, [9.0, 12.0]))
    assert found.is_empty()
    assert found.schema == told(bars(TUESDAY, [9.0])).schema


@pytest.fixture(scope="module")
def walked() -> pl.DataFrame:
    """Eleven whole sessions of five minutes."""
    random = np.random.default_rng(3)
    days = calendars.sessions(dt.date(2023, 12, 22), TUESDAY)
    close = 40.0 * np.exp(np.cumsum(random.normal(0.0, 0.002, (len(days), 78))))
    return pl.concat(
        bars(session, one.tolist()).with_columns(
            high=pl.col("close") + 0.1, low=pl.col("close") - 0.1
        )
        for session, one in zip(days, close.reshape(len(days), 78), strict=True)
    )


def test_what_ta_lib_has_is_the_same(walked: pl.DataFrame):
    found = told(walked, *INTRADAY)
    high, low, close = (walked[name].to_numpy() for name in ("high", "low", "close"))
    expected = {
        "ema_20": talib.EMA(close, 20),
        "rsi_14": talib.RSI(close, 14),
        "atr_14": talib.ATR(high, low, close, 14),
        "adx_14": talib.ADX(high, low, close, 14),
        "macd_12_26_9": talib.MACD(close, 12, 26, 9)[0],
    }
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values[-78:], rtol=1e-9, err_msg=name)
    typical = close[-78:]
    np.testing.assert_allclose(found["vwap"], np.cumsum(typical) / np.arange(1, 79), rtol=1e-12)


@kernel
def next_close_into(close: Series, out: Series) -> None:
    out[-1] = close[-1]
    out[:-1] = close[1:]


class Planted(Spec):
    """A spec of an indicator that no registry has: the close of the bar after the row."""

    def declared(self) -> Indicator:
        said = {"outputs": ("planted",), "descriptions": ("From the future.",)}
        return Indicator(
            "planted", (), ("close",), **said, kernel=next_close_into, lookback=lambda: 0
        )


def test_cutting_later_bars_of_the_session_changes_nothing(walked: pl.DataFrame):
    cut = {"session": TUESDAY, "actions": split(TUESDAY, 2.0)}
    assert look_ahead(walked, INTRADAY, **cut).is_empty()
    assert look_ahead(walked, [Planted("planted", ())], **cut).height == 1
    assert look_ahead(walked.clear(), INTRADAY, **cut).is_empty()
