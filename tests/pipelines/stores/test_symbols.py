import datetime as dt

import pytest
from pipelines.rows import add_instrument, change, query

from quantmatrix_models.database import Database
from quantmatrix_pipelines.stores.symbols import symbol_then

SPELLS = [
    # Two at once, on two exchanges, one before, one after.
    ("OLD", "XNYS", dt.date(2010, 1, 4), dt.date(2020, 1, 2)),
    ("NOW.B", "XNYS", dt.date(2020, 1, 2), dt.date(2022, 1, 3)),
    ("NOW.A", "XNAS", dt.date(2020, 1, 2), dt.date(2022, 1, 3)),
    ("NEW", "XNYS", dt.date(2022, 1, 3), None),
]


def called(database: Database, instrument_id: int, session: dt.date) -> object:
    statement = (
        f"SELECT {symbol_then('g')} FROM (SELECT CAST(:id AS bigint) AS instrument_id,"  # noqa: S608
        " CAST(:session AS date) AS session) g"
    )
    return query(database, statement, id=instrument_id, session=session)[0][0]


@pytest.mark.parametrize(
    ("session", "symbol"),
    [
        (dt.date(2020, 1, 2), "NOW.A"),
        (dt.date(2021, 12, 31), "NOW.A"),
        (dt.date(2019, 12, 31), "OLD"),
        (dt.date(2026, 11, 20), "NEW"),
        # A corrected history begins later than the session.
        (dt.date(2009, 12, 31), "NEW"),
    ],
)
def test_an_instrument_is_called_as_it_was_then_or_as_it_is_newest(
    database: Database, session: dt.date, symbol: str
):
    number = add_instrument(database, "GONE")
    change(database, "DELETE FROM instrument_symbols")
    for name, exchange, first, last in SPELLS:
        change(
            database,
            "INSERT INTO instrument_symbols (instrument_id, symbol, exchange, valid_from, valid_to)"
            " VALUES (:id, :name, :exchange, :first, :last)",
            id=number,
            name=name,
            exchange=exchange,
            first=first,
            last=last,
        )
    assert called(database, number, session) == symbol


def test_an_instrument_without_a_symbol_is_called_by_its_number(database: Database):
    number = add_instrument(database, "GONE")
    change(database, "DELETE FROM instrument_symbols")
    assert called(database, number, dt.date(2026, 11, 20)) == f"instrument {number}"
