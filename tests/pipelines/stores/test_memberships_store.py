import datetime as dt
from pathlib import Path

import polars as pl
import pytest
from pipelines.rows import AT, SESSION, change, listing, query

from quantmatrix_engine.contracts import gate
from quantmatrix_engine.contracts.memberships import Memberships
from quantmatrix_engine.errors import SettingsError
from quantmatrix_engine.prices.membership import members
from quantmatrix_models.database import Database
from quantmatrix_pipelines.defs.universe.index_membership import import_file
from quantmatrix_pipelines.stores import instruments
from quantmatrix_pipelines.stores.memberships import memberships

BEGINS = dt.date(1990, 1, 2)


@pytest.fixture
def sp500(database: Database) -> None:
    """The index, as an instrument."""
    instruments.record(database, listing("SP500", kind="index", first_session=BEGINS))


def imported(database: Database, folder: Path, *lines: str):
    path = folder / "members.csv"
    path.write_text("\n".join(["index,symbol,valid_from,valid_to", *lines]) + "\n")
    return import_file(database, path, at=AT, today=SESSION)


def spells(database: Database) -> list[tuple[object, ...]]:
    return query(
        database,
        "SELECT instrument_id, valid_from::text, valid_to::text FROM index_memberships"
        " ORDER BY valid_from, instrument_id",
    )


@pytest.mark.usefixtures("sp500")
def test_the_members_of_real_spells_are_those_of_the_session(
    database: Database, shared_data: Path, tmp_path: Path
):
    told = pl.read_csv(shared_data / "reference/sp500_ticker_start_end.csv", infer_schema=False)
    instruments.record(database, listing(*told["ticker"].unique().sort(), first_session=BEGINS))
    lines = [f"SP500,{a},{b},{c or ''}" for a, b, c in told.iter_rows()]
    done = imported(database, tmp_path, *lines)
    assert (done.kept.added, done.kept.contradicted.height, done.findings.height) == (1230, 0, 0)
    known = memberships(database)
    assert gate.apply(Memberships, known).failures.is_empty()
    days = (dt.date(2000, 6, 30), dt.date(2015, 6, 30), dt.date(2020, 6, 30))
    # 499 is the count the data's own README states; the others were counted in the file.
    assert [members(known, day).height for day in days] == [492, 499, 505]

    ids = dict(instruments.catalogue(database).select("symbol", "instrument_id").iter_rows())

    def is_member(symbol: str, *day: int) -> bool:
        return ("SP500", ids[symbol]) in members(known, dt.date(*day)).rows()

    # AAL was in it until 1997-01-15 and again from 2015-03-23 to 2024-09-23; PCG left for TFX.
    american = [(1997, 1, 14), (1997, 1, 15), (2015, 3, 20), (2015, 3, 23), (2024, 9, 23)]
    assert [is_member("AAL", *day) for day in american] == [True, False, False, True, False]
    assert (is_member("PCG", 2019, 1, 17), is_member("TFX", 2019, 1, 17)) == (True, False)
    assert (is_member("PCG", 2019, 1, 18), is_member("TFX", 2019, 1, 18)) == (False, True)
    again = imported(database, tmp_path, *lines)
    assert (again.kept.added, again.kept.ended) == (0, 0)


@pytest.mark.usefixtures("sp500")
def test_a_member_is_who_had_the_symbol_then(database: Database, tmp_path: Path):
    instruments.record(database, listing("FB", first_session=dt.date(2012, 5, 18)))
    change(database, "UPDATE instrument_symbols SET valid_to = '2022-06-09' WHERE symbol = 'FB'")
    instruments.record(database, listing("FB", first_session=dt.date(2023, 1, 3)))
    done = imported(database, tmp_path, "SP500,FB,2013-12-23,2022-06-09", "SP500,GONE,2013-12-23,")
    (facebook,) = query(
        database, "SELECT instrument_id FROM instrument_symbols WHERE valid_to IS NOT NULL"
    )
    assert spells(database) == [(*facebook, "2013-12-23", "2022-06-09")]
    assert done.findings.select("rule", "symbol", "source_row").rows() == [
        ("unknown_symbol", "GONE", 3)
    ]
    assert query(database, "SELECT symbol, source FROM findings") == [("GONE", "members.csv")]


@pytest.mark.usefixtures("sp500")
def test_a_symbol_that_changed_hands_within_a_spell_is_a_finding(
    database: Database, tmp_path: Path
):
    instruments.record(database, listing("FB", first_session=dt.date(1999, 9, 29)))
    change(database, "UPDATE instrument_symbols SET valid_to = '2003-03-29' WHERE symbol = 'FB'")
    instruments.record(database, listing("FB", first_session=dt.date(2012, 5, 18)))
    done = imported(database, tmp_path, "SP500,FB,2000-01-03,")
    assert done.findings["rule"].to_list() == ["ambiguous_symbol"]
    assert spells(database) == []


@pytest.mark.usefixtures("sp500")
def test_an_end_told_later_ends_the_spell_and_another_end_is_given_back(
    database: Database, tmp_path: Path
):
    instruments.record(database, listing("AAA", first_session=BEGINS))
    imported(database, tmp_path, "SP500,AAA,2010-01-04,")
    assert imported(database, tmp_path, "SP500,AAA,2010-01-04,2015-01-02").kept.ended == 1
    older = imported(database, tmp_path, "SP500,AAA,2010-01-04,")
    assert (older.kept.added, older.kept.ended) == (0, 0)
    for line in ("SP500,AAA,2010-01-04,2016-01-04", "SP500,AAA,2012-01-03,"):
        assert imported(database, tmp_path, line).kept.contradicted.height == 1
    assert [row[1:] for row in spells(database)] == [("2010-01-04", "2015-01-02")]


@pytest.mark.usefixtures("sp500")
def test_what_was_learned_later_is_not_known_before(database: Database, tmp_path: Path):
    instruments.record(database, listing("AAA", first_session=BEGINS))
    imported(database, tmp_path, "SP500,AAA,2010-01-04,")
    known, day = memberships(database), dt.date(2012, 1, 3)
    assert members(known, day, known_by=AT).height == 1
    assert members(known, day, known_by=AT - dt.timedelta(seconds=1)).height == 0


def test_an_index_nobody_knows_is_refused_with_what_to_do(database: Database, tmp_path: Path):
    instruments.record(database, listing("AAA", first_session=BEGINS))
    with pytest.raises(SettingsError, match="instruments add NDX --kind index"):
        imported(database, tmp_path, "NDX,AAA,2010-01-04,")
