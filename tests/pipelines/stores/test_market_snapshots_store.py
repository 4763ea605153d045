"""The newest state of each instrument is brought up to date and never set back."""

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest
from pipelines.rows import AT, SESSION, change, query, schema_of

from quantmatrix_engine.contracts.market_snapshots import MarketSnapshots
from quantmatrix_models.database import Database
from quantmatrix_pipelines.stores.market_snapshots import bring_up_to_date, count

LATER = AT + dt.timedelta(hours=1)
ASK = "SELECT session, close, score, computed_at FROM market_snapshots"


@pytest.fixture(autouse=True)
def _instrument(database: Database) -> None:
    change(
        database,
        "INSERT INTO instruments (id, kind, exchange, currency) VALUES (1, 'stock', 'XNYS', 'USD')",
    )


def _state(session: dt.date, close: float, score: float | None = 0.5) -> pl.DataFrame:
    row = {"instrument_id": 1, "session": session, "known_at": AT, "provider": "sample"}
    row |= {"close": close, "volume": 5.0, "indicators": '{"rsi_14": 55.5, "sma_200": null}'}
    row |= {"score": score, "risk_class": "low"}
    return pl.DataFrame([row], schema=schema_of(MarketSnapshots))


def test_a_state_is_added_and_a_later_session_takes_its_place(database: Database):
    assert bring_up_to_date(database, _state(SESSION, 10.25), at=AT) == 1
    assert query(database, ASK) == [(SESSION, Decimal("10.250000"), 0.5, AT)]
    following = SESSION + dt.timedelta(days=3)
    assert bring_up_to_date(database, _state(following, 11.0, None), at=LATER) == 1
    assert query(database, ASK) == [(following, Decimal(11), None, LATER)]
    assert count(database) == 1


def test_a_session_computed_again_is_brought_up_to_date(database: Database):
    bring_up_to_date(database, _state(SESSION, 10.0), at=AT)
    bring_up_to_date(database, _state(SESSION, 10.5), at=LATER)
    assert query(database, ASK) == [(SESSION, Decimal("10.5"), 0.5, LATER)]


def test_an_earlier_session_changes_nothing(database: Database):
    bring_up_to_date(database, _state(SESSION, 10.0), at=AT)
    earlier = _state(SESSION - dt.timedelta(days=1), 9.0)
    assert bring_up_to_date(database, earlier, at=LATER) == 0
    assert query(database, ASK) == [(SESSION, Decimal(10), 0.5, AT)]


def test_no_states_write_nothing(database: Database):
    assert bring_up_to_date(database, _state(SESSION, 1.0).clear(), at=AT) == 0
