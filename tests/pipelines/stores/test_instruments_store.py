import datetime as dt

import polars as pl
from pipelines.rows import change, listing, schema_of

from quantmatrix_engine.contracts.instruments import Instruments
from quantmatrix_models.database import Database
from quantmatrix_pipelines.stores import instruments

BEGINS = dt.date(2020, 1, 2)


def spells(database: Database) -> list[tuple[object, ...]]:
    return instruments.catalogue(database).select("symbol", "exchange", "valid_from").rows()


def test_an_empty_catalogue_has_the_columns_of_its_contract(database: Database):
    empty = instruments.catalogue(database)
    assert dict(empty.schema) == schema_of(Instruments)
    assert empty.is_empty()


def test_a_listing_adds_what_is_new(database: Database):
    assert instruments.record(database, listing("BBB", "AAA", name='It\'s "A"')) == 2
    known = instruments.catalogue(database)
    Instruments.validate(known)
    assert known.get_column("symbol").to_list() == ["AAA", "BBB"]
    assert known.get_column("instrument_id").n_unique() == 2
    assert known.row(0, named=True) | {"instrument_id": 0} == {
        "instrument_id": 0,
        "symbol": "AAA",
        "exchange": "XNYS",
        "currency": "USD",
        "kind": "stock",
        "name": 'It\'s "A"',
        "valid_from": BEGINS,
        "valid_to": None,
    }


def test_a_listing_that_comes_again_adds_nothing_and_changes_no_id(database: Database):
    instruments.record(database, listing("AAA", "BBB"))
    before = instruments.catalogue(database)
    assert instruments.record(database, listing("AAA", "BBB")) == 0
    assert instruments.catalogue(database).equals(before)


def test_an_empty_listing_adds_nothing(database: Database):
    assert instruments.record(database, listing("AAA").clear()) == 0


def test_a_symbol_listed_earlier_than_known_begins_earlier(database: Database):
    instruments.record(database, listing("AAA", "BBB"))
    earlier = dt.date(2010, 1, 4)
    assert instruments.record(database, listing("AAA", first_session=earlier)) == 0
    assert spells(database) == [("AAA", "XNYS", earlier), ("BBB", "XNYS", BEGINS)]


def test_a_symbol_listed_later_than_known_keeps_its_beginning(database: Database):
    instruments.record(database, listing("AAA"))
    instruments.record(database, listing("AAA", first_session=dt.date(2024, 1, 2)))
    assert spells(database) == [("AAA", "XNYS", BEGINS)]


def test_a_listing_under_the_new_symbol_alone_keeps_the_old_one_of_a_renamed_instrument(
    database: Database,
):
    instruments.record(database, listing("FB"))
    renamed = dt.date(2022, 6, 9)
    change(database, "UPDATE instrument_symbols SET valid_to = :on", on=renamed)
    change(
        database,
        "INSERT INTO instrument_symbols (instrument_id, symbol, exchange, valid_from)"
        " SELECT instrument_id, 'META', exchange, valid_to FROM instrument_symbols",
    )
    assert instruments.record(database, listing("META", "AAA")) == 1
    assert spells(database) == [
        ("AAA", "XNYS", BEGINS),
        ("FB", "XNYS", BEGINS),
        ("META", "XNYS", renamed),
    ]


def test_a_symbol_known_on_another_exchange_is_the_same_instrument(database: Database):
    instruments.record(database, listing("AAA"))
    earlier = dt.date(2010, 1, 4)
    assert instruments.record(database, listing("AAA", exchange="XNAS", first_session=earlier)) == 0
    assert spells(database) == [("AAA", "XNYS", earlier)]


def end_the_first_spell(database: Database) -> None:
    change(database, "UPDATE instrument_symbols SET valid_to = '2022-01-03'")


def test_a_symbol_that_is_free_again_means_another_instrument(database: Database):
    instruments.record(database, listing("AAA"))
    end_the_first_spell(database)
    assert instruments.record(database, listing("AAA", first_session=dt.date(2024, 1, 2))) == 1
    known = instruments.catalogue(database)
    assert known.get_column("instrument_id").n_unique() == 2
    assert known.get_column("valid_to").to_list() == [dt.date(2022, 1, 3), None]


def test_a_symbol_whose_first_spell_has_ended_can_be_listed_from_its_beginning(database: Database):
    instruments.record(database, listing("AAA"))
    end_the_first_spell(database)
    instruments.record(database, listing("AAA", "BBB"))
    assert "BBB" in instruments.catalogue(database).get_column("symbol")


def test_a_symbol_listed_on_two_exchanges_at_once_is_one_instrument(database: Database):
    both = pl.concat([listing("AAA"), listing("AAA", exchange="XNAS")])
    assert instruments.record(database, both) == 1
