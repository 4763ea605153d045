import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import polars as pl
import pytest
from pipelines.rows import listing, query
from sqlalchemy.exc import ProgrammingError
from support.symbol_histories import history, told

from quantmatrix_models.database import Database
from quantmatrix_models.privileges import Role
from quantmatrix_pipelines.stores import instruments
from quantmatrix_pipelines.stores.symbol_history import work_in

SEEN_ON = dt.date(2024, 1, 2)
FACEBOOK = pl.concat(
    [
        told("old", "FB", "1999-09-29", "2003-03-29"),
        told("new", "FB", "2012-05-18", "2022-06-09"),
        told("new", "META", "2022-06-09"),
    ]
)


def worked_in(database: Database, *rows: pl.DataFrame):
    return work_in(database, pl.concat(rows), source="maps", seen_on=SEEN_ON)


def spells(database: Database) -> list[tuple[object, ...]]:
    """Gives (instrument, symbol, from, to), instruments numbered by their first spell."""
    return query(
        database,
        "SELECT dense_rank() OVER (ORDER BY instrument_id), symbol, valid_from::text,"
        " valid_to::text FROM instrument_symbols ORDER BY instrument_id, valid_from",
    )


def test_a_history_is_kept_with_its_keys(database: Database):
    changes = worked_in(database, FACEBOOK)
    assert (changes.instruments["instrument_id"] > 0).all()
    assert query(
        database,
        "SELECT k.scheme, k.provider, k.value, s.symbol, s.valid_from::text, s.valid_to::text"
        " FROM instrument_symbols s JOIN instrument_identifiers k USING (instrument_id)"
        " ORDER BY s.valid_from",
    ) == [
        ("provider", "maps", "old", "FB", "1999-09-29", "2003-03-29"),
        ("provider", "maps", "new", "FB", "2012-05-18", "2022-06-09"),
        ("provider", "maps", "new", "META", "2022-06-09", None),
    ]


def test_a_history_that_comes_again_changes_nothing_and_uses_up_no_id(database: Database):
    worked_in(database, FACEBOOK)
    before = query(database, "SELECT * FROM instrument_symbols ORDER BY id")
    assert worked_in(database, FACEBOOK).is_empty
    assert query(database, "SELECT * FROM instrument_symbols ORDER BY id") == before
    worked_in(database, told("another", "IBM", "1990-01-02"))
    assert query(database, "SELECT max(id) - min(id), count(*) FROM instruments") == [(2, 3)]


def test_a_folder_s_instrument_keeps_its_id_and_loses_the_years_of_another(database: Database):
    instruments.record(database, listing("FB", first_session=dt.date(1999, 9, 29)))
    ((first,),) = query(database, "SELECT id FROM instruments")
    changes = worked_in(
        database, told("old", "FB", "1999-09-29", "2003-03-29"), told("new", "FB", "2012-05-18")
    )
    assert query(
        database, "SELECT instrument_id FROM instrument_identifiers WHERE value = 'new'"
    ) == [(first,)]
    assert changes.moved.rows() == [
        (first, "FB", "XNYS", dt.date(1999, 9, 29), dt.date(2012, 5, 18))
    ]


def test_a_listing_moves_no_symbol_whose_history_is_told(database: Database):
    worked_in(database, FACEBOOK, told("bank", "BAC", "1998-10-01"))
    before = spells(database)
    again = listing("FB", "BAC", "META", first_session=dt.date(1998, 1, 2))
    assert instruments.record(database, again) == 0
    assert spells(database) == before


def test_a_contradiction_is_recorded_once(database: Database):
    worked_in(database, FACEBOOK)
    for _ in range(2):
        changes = worked_in(database, told("third", "FB", "2020-01-02"))
        assert changes.is_empty
    found = query(database, "SELECT rule, provider, symbol, session, value FROM findings")
    assert found == [
        (
            "contradicted_symbol",
            "maps",
            "FB",
            dt.date(2020, 1, 2),
            "third: FB on XNYS from 2020-01-02 on",
        )
    ]


def test_a_delisted_instrument_says_since_when(database: Database):
    row = {"key": "a", "symbol": "TWX", "valid_from": "2003-10-16", "delisted_on": "2018-06-16"}
    worked_in(database, history(row))
    assert query(database, "SELECT status, delisted_on::text FROM instruments") == [
        ("delisted", "2018-06-16")
    ]
    assert spells(database) == [(1, "TWX", "2003-10-16", "2018-06-16")]


def test_deliveries_at_the_same_time_end_as_one_after_the_other(database: Database):
    deliveries = [
        told("new", "FB", "2012-05-18"),
        FACEBOOK,
        told("old", "FB", "1999-09-29"),
        FACEBOOK,
    ]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda one: worked_in(database, one), deliveries * 3))
    known = instruments.catalogue(database).sort("valid_from")
    assert known.select("symbol", "valid_from", "valid_to").rows() == [
        ("FB", dt.date(1999, 9, 29), dt.date(2003, 3, 29)),
        ("FB", dt.date(2012, 5, 18), dt.date(2022, 6, 9)),
        ("META", dt.date(2022, 6, 9), None),
    ]
    assert known["instrument_id"].n_unique() == 2
    assert query(database, "SELECT count(*) FROM instruments") == [(2,)]


@pytest.mark.parametrize("role", list(Role))
def test_nobody_can_point_a_spell_at_another_instrument_or_take_an_instrument_away(
    database: Database, role: Role
):
    worked_in(database, FACEBOOK)
    for statement in (
        "UPDATE instrument_symbols SET instrument_id = instrument_id + 1",
        "UPDATE instruments SET id = id + 100",
        "DELETE FROM instruments",
    ):
        with pytest.raises(ProgrammingError), database.transaction(role) as connection:
            connection.exec_driver_sql(statement)
