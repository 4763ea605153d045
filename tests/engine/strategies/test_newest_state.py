"""The newest state of each instrument, from bars and indicators worked by hand."""

import datetime as dt
import json

import polars as pl
import pytest

from quantmatrix_engine.contracts import gate
from quantmatrix_engine.contracts.bars import Bars
from quantmatrix_engine.contracts.corporate_actions import PriceActions
from quantmatrix_engine.contracts.market_snapshots import MarketSnapshots
from quantmatrix_engine.strategies.newest_state import newest_states

WEDNESDAY, FRIDAY, MONDAY = dt.date(2026, 11, 18), dt.date(2026, 11, 20), dt.date(2026, 11, 23)
KNOWN = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
NO_ACTIONS = pl.DataFrame(
    schema={name: one.dtype.type for name, one in PriceActions.to_schema().columns.items()}
)


def _bars(*rows: tuple[int, dt.date, float]) -> pl.DataFrame:
    schema = {name: one.dtype.type for name, one in Bars.to_schema().columns.items()}
    same = {"provider": "sample", "volume": 7.0, "known_at": KNOWN, "is_final": True}
    made = [
        {"instrument_id": instrument, "session": session, **same}
        | dict.fromkeys(("open", "high", "low", "close"), close)
        for instrument, session, close in rows
    ]
    return pl.DataFrame(made, schema=schema)


def _indicators(*rows: tuple[int, dt.date, float, float | None]) -> pl.DataFrame:
    speaking = {"atr_distance_50_14": 2.0, "ma_aligned": 1.0, "range_position_20": 80.0}
    return pl.DataFrame(
        [
            {"instrument_id": instrument, "session": session, "close": close, "known_at": KNOWN}
            | speaking
            | {"atr_pct_14": atr_pct}
            for instrument, session, close, atr_pct in rows
        ],
        schema_overrides={"known_at": pl.Datetime("us", "UTC"), "atr_pct_14": pl.Float64},
    )


def test_a_state_is_of_the_newest_session_with_its_change_and_indicators():
    bars = _bars((1, FRIDAY, 100.0), (1, MONDAY, 104.0))
    indicators = _indicators((1, MONDAY, 104.0, 4.0), (1, FRIDAY, 100.0, 4.0))
    states = newest_states(bars, indicators, NO_ACTIONS)
    assert gate.apply(MarketSnapshots, states).good.height == 1
    (state,) = states.iter_rows(named=True)
    assert (state["session"], state["close"], state["volume"]) == (MONDAY, 104.0, 7.0)
    assert state["change_pct"] == pytest.approx(4.0)
    assert (state["score"], state["recommendation"], state["risk_class"]) == (
        1.0,
        "strong_buy",
        "high",
    )
    assert json.loads(state["indicators"]) == {
        "atr_distance_50_14": 2.0,
        "ma_aligned": 1.0,
        "range_position_20": 80.0,
        "atr_pct_14": 4.0,
    }


def test_the_change_sees_through_a_split():
    bars = _bars((1, FRIDAY, 100.0), (1, MONDAY, 51.0))
    split = pl.DataFrame(
        [{"instrument_id": 1, "ex_date": MONDAY, "ratio": 2.0}], schema=NO_ACTIONS.schema
    )
    states = newest_states(bars, _indicators((1, MONDAY, 51.0, 4.0)), split)
    assert states["change_pct"].item() == pytest.approx(2.0)


def test_the_change_is_unknown_where_the_session_before_has_no_bar():
    bars = _bars((1, WEDNESDAY, 100.0), (1, MONDAY, 104.0))
    states = newest_states(bars, _indicators((1, MONDAY, 104.0, 4.0)), NO_ACTIONS)
    assert states["change_pct"].item() is None


def test_what_is_unknown_is_null_and_judges_nothing():
    states = newest_states(
        _bars((1, MONDAY, 104.0)), _indicators((1, MONDAY, 104.0, None)), NO_ACTIONS
    )
    (state,) = states.iter_rows(named=True)
    assert json.loads(state["indicators"])["atr_pct_14"] is None
    assert [state[name] for name in ("score", "recommendation", "risk_class")] == [None] * 3


def test_an_instrument_without_a_bar_of_the_session_has_no_state():
    states = newest_states(_bars(), _indicators((1, MONDAY, 104.0, 4.0)), NO_ACTIONS)
    assert states.height == 0
