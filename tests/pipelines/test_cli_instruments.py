import datetime as dt
from pathlib import Path

import pytest
from pipelines.rows import listing, query
from pipelines.test_cli import called, refused

from quantmatrix_models.database import Database
from quantmatrix_pipelines.stores import instruments


@pytest.fixture
def facebook(database: Database) -> None:
    """FB and IBM, as a folder lists them."""
    instruments.record(database, listing("FB", "IBM", first_session=dt.date(2012, 5, 18)))


def spells(database: Database) -> list[tuple[object, ...]]:
    return query(
        database,
        "SELECT symbol, valid_from::text, valid_to::text FROM instrument_symbols"
        " ORDER BY valid_from, symbol",
    )


def events(database: Database) -> list[tuple[object, ...]]:
    return query(database, "SELECT action, entity, changes FROM audit_events ORDER BY id")


@pytest.mark.usefixtures("facebook")
def test_a_rename_closes_the_symbol_and_is_written_down(installed, database: Database):
    done = called(installed, "instruments", "rename", "FB", "META", "--on", "2022-06-09")
    assert done.returncode == 0, done.stderr
    assert spells(database) == [
        ("FB", "2012-05-18", "2022-06-09"),
        ("IBM", "2012-05-18", None),
        ("META", "2022-06-09", None),
    ]
    ((action, entity, changes),) = events(database)
    assert (action, entity) == ("changed", "instruments")
    assert changes["symbol"] == {"old": "FB", "new": "META"}
    shown = called(installed, "instruments", "show", "META").stdout
    assert [line.split()[1:6] for line in shown.splitlines()] == [
        ["FB", "XNYS", "from", "2012-05-18", "until"],
        ["META", "XNYS", "from", "2022-06-09", "on"],
    ]


@pytest.mark.usefixtures("facebook")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["rename", "FBB", "META", "--on", "2022-06-09"], "Did you mean 'FB'?"),
        (["rename", "FB", "IBM", "--on", "2022-06-09"], "it is not free from 2022-06-09 on"),
        (["rename", "FB", "META", "--on", "2012-05-18"], "begins on 2012-05-18"),
        (["delist", "FB", "--on", "2011-01-03"], "only from 2012-05-18 on"),
        (["add", "IBM", "--since", "2020-01-02"], "IBM is instrument"),
        (["add", "ABC", "--since", "2020-01-02", "--exchange", "NYSE!"], "ISO 10383"),
        (["set-exchange", "FB", "NASDAQ"], "Did you mean 'XNAS'? There are: "),
        (["set-exchange", "FBB", "XNAS"], "Did you mean 'FB'?"),
        (["set-end", "FB", "2022-06-09"], "FB never ended"),
        (["relist", "FB"], "FB never ended"),
        (["show", "NONE"], "No instrument has the symbol 'NONE'"),
        (["import", "none.csv"], "none.csv cannot be read"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    installed,
    database: Database,
    arguments: list[str],
    said: str,
):
    before = spells(database)
    assert said in refused(installed, "instruments", *arguments)
    assert spells(database) == before
    assert events(database) == []


@pytest.mark.usefixtures("facebook")
def test_an_instrument_is_delisted_added_and_named(installed, database: Database):
    for arguments in (
        ["delist", "FB", "--on", "2022-06-09"],
        ["add", "FB", "--since", "2023-01-03", "--exchange", "XNAS", "--kind", "etf"],
        ["set-name", "FB", "ProShares S&P 500 Dynamic Buffer", "--on", "2023-01-03"],
    ):
        done = called(installed, "instruments", *arguments)
        assert done.returncode == 0, done.stderr
    assert query(
        database,
        "SELECT s.symbol, i.status, i.kind, i.name FROM instruments i JOIN instrument_symbols s"
        " ON s.instrument_id = i.id WHERE s.symbol = 'FB' ORDER BY s.valid_from",
    ) == [
        ("FB", "delisted", "stock", None),
        ("FB", "listed", "etf", "ProShares S&P 500 Dynamic Buffer"),
    ]
    assert [action for action, *_ in events(database)] == ["changed", "created", "changed"]


@pytest.mark.usefixtures("facebook")
def test_an_exchange_and_a_wrong_end_are_corrected(installed, database: Database):
    for arguments, said in (
        (["set-exchange", "FB", "XNAS"], "FB, is on XNAS."),
        (["set-exchange", "IBM", "XNAS", "--from", "2021-01-04"], "XNAS from 2021-01-04 on."),
        (["delist", "FB", "--on", "2022-06-09"], "does not trade from 2022-06-09 on."),
        (
            ["set-end", "FB", "2022-06-13"],
            "FB, ends on 2022-06-13, not on 2022-06-09:"
            " materialize bars of the sessions from 2022-06-09 until 2022-06-13.",
        ),
    ):
        done = called(installed, "instruments", *arguments)
        assert done.returncode == 0, done.stderr
        assert said in done.stdout
    assert query(
        database,
        "SELECT symbol, exchange, valid_from::text, valid_to::text FROM instrument_symbols"
        " ORDER BY symbol, valid_from",
    ) == [
        ("FB", "XNAS", "2012-05-18", "2022-06-13"),
        ("IBM", "XNYS", "2012-05-18", "2021-01-04"),
        ("IBM", "XNAS", "2021-01-04", None),
    ]
    assert [action for action, *_ in events(database)] == ["changed"] * 4


@pytest.mark.usefixtures("facebook")
def test_a_file_is_worked_in_and_told(installed, database: Database, tmp_path: Path):
    path = tmp_path / "symbols.csv"
    path.write_text(
        "key,symbol,exchange,valid_from,valid_to\n"
        "fb,FB,XNAS,2012-05-18,2022-06-09\n"
        "fb,META,XNAS,2022-06-09,\n"
        "bad,GE,XNYS,someday,\n"
    )
    done = called(installed, "instruments", "import", str(path))
    assert done.returncode == 0, done.stderr
    assert "0 instruments, 2 spells_added, 1 spells_removed, 1 findings" in done.stdout
    assert "FB       XNYS  from 2022-06-09 on: materialize bars" in done.stdout
    assert query(database, "SELECT rule, source_row FROM findings") == [("not_a_date", 4)]
    assert [action for action, *_ in events(database)] == ["imported"]
