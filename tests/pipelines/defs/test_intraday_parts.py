"""What is asked for at once, and what is written at once."""

import datetime as dt
from pathlib import Path

import polars as pl
from pipelines.rows import schema_of

from quantmatrix_engine.contracts.instruments import Instruments
from quantmatrix_engine.contracts.intraday_bars import IntradayBars
from quantmatrix_pipelines.defs.market_data.intraday_parts import Written, questions
from quantmatrix_pipelines.lake import Lake

THURSDAY, FRIDAY = dt.date(2013, 2, 28), dt.date(2013, 3, 1)
LATER = dt.datetime(2013, 3, 2, tzinfo=dt.UTC)


def catalogue(**symbols: int) -> pl.DataFrame:
    about = {"exchange": "XNYS", "currency": "USD", "kind": "stock", "name": None}
    since = {"valid_from": dt.date(2000, 1, 3), "valid_to": None}
    return pl.DataFrame(
        [{"instrument_id": one, "symbol": name, **about, **since} for name, one in symbols.items()],
        schema=schema_of(Instruments),
    )


def bars(session: dt.date, *ids: int) -> pl.DataFrame:
    opens = dt.datetime.combine(session, dt.time(14, 30), dt.UTC)
    common = {"provider": "folder", "interval": "5m", "starts_at": opens, "session": session}
    values = {"open": 1.0, "high": 1.0, "low": 1.0, "close": 1.0, "volume": 1.0}
    known = {"known_at": LATER, "is_final": True}
    return pl.DataFrame(
        [{"instrument_id": one, **common, **values, **known} for one in ids],
        schema=schema_of(IntradayBars),
    )


def test_symbols_are_asked_for_so_many_at_once():
    known = catalogue(A=1, B=2, C=3)
    asked = list(questions(["C", "ZZ", "A", "B"], THURSDAY, FRIDAY, known, at_once=2))
    assert asked == [
        (["A", "B"], THURSDAY, FRIDAY),
        (["C", "ZZ"], THURSDAY, FRIDAY),
    ]


def test_symbols_of_one_instrument_are_asked_for_together():
    known = catalogue(A=1, B=2, C=1, D=3)
    asked = list(questions(["A", "B", "C", "D"], THURSDAY, FRIDAY, known, at_once=2))
    assert [symbols for symbols, *_ in asked] == [["A", "C"], ["B", "D"]]


def test_without_symbols_it_is_a_session_at_once():
    monday = dt.date(2013, 3, 4)
    assert list(questions([], THURSDAY, monday, catalogue())) == [
        ([], one, one) for one in (THURSDAY, FRIDAY, monday)
    ]


def test_parts_are_written_session_by_session_and_the_last_commit_has_the_note(tmp_path: Path):
    lake, written = Lake(str(tmp_path)), Written()
    parts = [bars(FRIDAY, 1), bars(THURSDAY, 1, 2), bars(FRIDAY, 2, 3), bars(FRIDAY)]
    for part in parts:
        written.add(part)
    assert written.rows == 5
    written.write(lake, note="a stretch", rows_at_once=3)
    assert lake.notes("intraday_bars") == {"a stretch"}
    assert lake.rows_by_session("intraday_bars", first=THURSDAY, last=FRIDAY) == {
        THURSDAY: 2,
        FRIDAY: 3,
    }
    assert sorted(lake.read("intraday_bars").rows()) == sorted(pl.concat(parts).rows())
    # A file an interval and session, as a stretch that is written at once leaves.
    assert len(list(tmp_path.glob("intraday_bars/**/*.parquet"))) == 2


def test_a_stretch_without_anything_new_is_noted_all_the_same(tmp_path: Path):
    lake, first = Lake(str(tmp_path)), Written()
    first.add(bars(FRIDAY, 1))
    first.write(lake)
    Written().write(lake, note="nothing new")
    assert lake.notes("intraday_bars") == {"nothing new"}
    assert lake.rows("intraday_bars") == 1
