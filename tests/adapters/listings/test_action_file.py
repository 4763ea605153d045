import datetime as dt
from pathlib import Path

import pytest

from quantmatrix_adapters.listings import action_file
from quantmatrix_adapters.providers.base import ActionDelivery
from quantmatrix_engine.contracts import gate
from quantmatrix_engine.contracts.findings import Findings
from quantmatrix_engine.contracts.raw_actions import RawActions
from quantmatrix_engine.errors import SettingsError

ASKED_AT = dt.datetime(2020, 10, 1, 12, tzinfo=dt.UTC)


def read(
    folder: Path, *rows: str, header: str = "symbol,ex_date,kind,ratio,amount"
) -> ActionDelivery:
    path = folder / "actions.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return action_file.read(path, asked_at=ASKED_AT)


def test_a_file_becomes_reported_actions(tmp_path: Path) -> None:
    told = read(tmp_path, "IBM,2020-11-09,cash_dividend,,1.63", "AAPL,2020-08-31,split,4,")
    assert gate.apply(RawActions, told.actions).failing_rows == 0
    assert told.findings.is_empty()
    columns = ["symbol", "kind", "ratio", "amount", "currency", "provider", "source"]
    assert told.actions.select(columns).rows() == [
        ("AAPL", "split", 4.0, None, None, "file", "actions.csv"),
        ("IBM", "cash_dividend", None, 1.63, None, "file", "actions.csv"),
    ]


def test_an_action_is_known_from_its_ex_date_or_from_the_file_where_that_is_earlier(
    tmp_path: Path,
) -> None:
    told = read(tmp_path, "IBM,2020-11-09,cash_dividend,,1.63", "AAPL,2020-08-31,split,4,")
    assert told.actions["known_at"].to_list() == [
        dt.datetime(2020, 8, 31, tzinfo=dt.UTC),
        ASKED_AT,
    ]


@pytest.mark.parametrize(
    ("row", "column", "value"),
    [
        ("AAPL,31.8.2020,split,4,", "ex_date", "31.8.2020"),
        ("AAPL,2020-08-31,split,four,", "ratio", "four"),
        ("AAPL,2020-08-31,split,inf,", "ratio", "inf"),
        (",2020-08-31,split,4,", "symbol", None),
    ],
)
def test_a_row_that_cannot_be_read_is_a_finding_and_the_others_are_taken(
    tmp_path: Path, row: str, column: str, value: str | None
) -> None:
    told = read(tmp_path, row, "IBM,2020-11-09,cash_dividend,,1.63")
    assert told.actions["symbol"].to_list() == ["IBM"]
    assert told.findings.select("source_row", "column", "value").rows() == [(2, column, value)]


def test_two_dividends_of_one_date_are_added_up_and_a_repeat_is_a_finding(tmp_path: Path) -> None:
    told = read(
        tmp_path,
        "COST,2012-12-10,cash_dividend,,0.275,regular",
        "COST,2012-12-10,cash_dividend,,7,special",
        "COST,2012-12-10,cash_dividend,,7,special",
        "COST,2012-12-10,cash_dividend,,,special",
        header="symbol,ex_date,kind,ratio,amount,label",
    )
    assert told.actions["amount"].to_list() == [None, 7.275]
    assert told.findings.select("rule", "source_row", "symbol", "session", "value").rows() == [
        ("duplicate_key", 4, "COST", dt.date(2012, 12, 10), "7.0")
    ]
    assert gate.apply(Findings, told.findings).failing_rows == 0


def test_a_column_nobody_knows_is_told_with_the_near_name(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="Did you mean 'ex_date'"):
        read(tmp_path, "AAPL,2020-08-31,split", header="symbol,exdate,kind")
