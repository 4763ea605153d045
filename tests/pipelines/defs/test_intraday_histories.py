"""The intraday bars that a session's indicators are computed of."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest
from pipelines.rows import schema_of
from polars.testing import assert_frame_equal

from quantmatrix_engine.contracts.corporate_actions import PriceActions
from quantmatrix_engine.contracts.intraday_bars import IntradayBars
from quantmatrix_engine.indicators.base import spec
from quantmatrix_pipelines.defs.market_data import intraday_histories
from quantmatrix_pipelines.defs.market_data.intraday_histories import IntradayHistories
from quantmatrix_pipelines.lake import Lake

THURSDAY, FRIDAY = dt.date(2013, 2, 28), dt.date(2013, 3, 1)
KNOWN = dt.datetime(2013, 3, 2, 1, tzinfo=dt.UTC)
NO_ACTIONS = pl.DataFrame(schema=schema_of(PriceActions))
SMA_2 = [spec("sma", window=2), spec("vwap")]


def bars(session: dt.date, instrument: int, *closes: float, **said: object) -> pl.DataFrame:
    opens = dt.datetime.combine(session, dt.time(14, 30), dt.UTC)
    rows = [
        {"instrument_id": instrument, "provider": "folder", "interval": "5m", "session": session}
        | {"starts_at": opens + place * dt.timedelta(minutes=5), "volume": 1.0}
        | dict.fromkeys(("open", "high", "low", "close"), close)
        | {"known_at": KNOWN, "is_final": True}
        | said
        for place, close in enumerate(closes)
    ]
    return pl.DataFrame(rows, schema=schema_of(IntradayBars))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Two sessions of five instruments, of which 4 has no bar of the second."""
    made = Lake(str(tmp_path / "lake"))
    for session, ids in ((THURSDAY, (1, 2, 3, 4, 7)), (FRIDAY, (1, 2, 3, 7))):
        made.append("intraday_bars", pl.concat(bars(session, one, one, one + 2.0) for one in ids))
    return made


def computed(lake: Lake, *providers: str, session: dt.date = FRIDAY) -> pl.DataFrame:
    return IntradayHistories(lake, providers or ("folder",), NO_ACTIONS).indicators(SMA_2, session)


@pytest.mark.parametrize("at_once", [1, 2 * 2_610])
def test_groups_come_to_the_same_as_all_at_once(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, at_once: int
):
    whole = computed(lake)
    # Thursday's last close is the instrument's number and two.
    assert whole.select("instrument_id", "sma_2").rows() == [
        row for one in (1, 2, 3, 7) for row in ((one, one + 1.0), (one, one + 1.0))
    ]
    monkeypatch.setattr(intraday_histories, "_BARS_AT_ONCE", at_once)
    assert_frame_equal(computed(lake), whole, check_exact=True)


def test_bars_are_of_the_first_provider_that_has_any_and_as_they_are_known_last(lake: Lake):
    late = KNOWN + dt.timedelta(days=1)
    lake.append("intraday_bars", bars(FRIDAY, 1, 50.0, provider="yahoo"))
    lake.append("intraday_bars", bars(FRIDAY, 2, 20.0, known_at=late))
    first = computed(lake, "yahoo", "folder").filter(pl.col("instrument_id") <= 2)
    assert first.select("close", "sma_2", "known_at").rows() == [
        (50.0, 26.5, KNOWN),
        (20.0, 12.0, late),
        (4.0, 12.0, late),
    ]
    assert computed(lake, "nobody").is_empty()


def test_a_session_without_bars_has_no_rows_and_all_columns(lake: Lake):
    none = computed(lake, session=dt.date(2013, 3, 4))
    assert none.is_empty()
    assert none.schema == computed(lake).schema
