import datetime as dt
from pathlib import Path

import pytest

from quantmatrix_adapters.listings import symbol_file
from quantmatrix_engine.contracts import gate
from quantmatrix_engine.contracts.findings import Findings
from quantmatrix_engine.contracts.instruments import SymbolHistory
from quantmatrix_engine.errors import SettingsError


@pytest.fixture
def written(tmp_path: Path):
    def write(text: str) -> Path:
        path = tmp_path / "symbols.csv"
        path.write_text(text)
        return path

    return write


def test_a_file_becomes_a_history(written):
    path = written(
        "key,symbol,exchange,valid_from,valid_to\n"
        "fb,FB,XNAS,2012-05-18,2022-06-09\n"
        "fb, META ,XNAS,2022-06-09,\n"
    )
    told = symbol_file.read(path)
    assert gate.apply(SymbolHistory, told.rows.drop("source_row")).failures.is_empty()
    assert told.findings.is_empty()
    columns = ["source_row", "symbol", "currency", "kind", "valid_from", "valid_to"]
    assert told.rows.select(columns).rows() == [
        (2, "FB", "USD", "stock", dt.date(2012, 5, 18), dt.date(2022, 6, 9)),
        (3, "META", "USD", "stock", dt.date(2022, 6, 9), None),
    ]


def test_an_end_that_cannot_be_read_is_no_open_end(written):
    path = written(
        "key,symbol,exchange,valid_from,valid_to\n"
        "a,FB,XNAS,2012-05-18,9 June 2022\n"
        ",IBM,XNYS,1990-01-02,\n"
        "c,GE,XNYS,1990-01-02,\n"
    )
    told = symbol_file.read(path)
    assert told.rows["symbol"].to_list() == ["GE"]
    found = told.findings.select("source_row", "column", "rule", "value")
    assert sorted(found.rows()) == [
        (2, "valid_to", "not_a_date", "9 June 2022"),
        (3, "key", "broken_contract", None),
    ]
    assert gate.apply(Findings, told.findings).failures.is_empty()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("key,symbol\na,FB\n", "no column 'exchange'"),
        ("key,symbol,exchange,valid_form\na,FB,XNAS,\n", "Did you mean 'valid_from'?"),
        ("", "cannot be read"),
    ],
)
def test_a_file_of_another_form_is_refused_in_one_line(written, text, message):
    with pytest.raises(SettingsError, match=message.replace("?", r"\?")) as refused:
        symbol_file.read(written(text))
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(SettingsError, match=r"none\.csv cannot be read"):
        symbol_file.read(tmp_path / "none.csv")
