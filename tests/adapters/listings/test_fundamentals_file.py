import datetime as dt
from pathlib import Path

import pytest

from quantmatrix_adapters.listings import fundamentals_file
from quantmatrix_adapters.providers.base import FundamentalsDelivery
from quantmatrix_engine.contracts import gate
from quantmatrix_engine.contracts.findings import Findings
from quantmatrix_engine.contracts.fundamentals import RawFundamentals
from quantmatrix_engine.errors import SettingsError

ASKED_AT = dt.datetime(2026, 11, 21, 12, tzinfo=dt.timezone(dt.timedelta(hours=9)))
HEADER = "symbol,session,market_cap,employees,ceo,period_end"
MSFT = "MSFT,2026-11-19,3.5e12,228000,,2026-09-30"


def read(folder: Path, *rows: str, header: str = HEADER) -> FundamentalsDelivery:
    path = folder / "fundamentals.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    told = fundamentals_file.read(path, asked_at=ASKED_AT)
    assert gate.apply(Findings, told.findings).failing_rows == 0
    return told


def test_a_file_becomes_figures_and_an_empty_cell_is_null(tmp_path: Path) -> None:
    told = read(tmp_path, MSFT, "AAPL,2026-11-20,,164000,Ada,")
    assert gate.apply(RawFundamentals, told.fundamentals).failing_rows == 0
    assert told.findings.is_empty()
    columns = ["symbol", "session", "market_cap", "employees", "ceo", "period_end"]
    assert told.fundamentals.select(columns).rows() == [
        ("AAPL", dt.date(2026, 11, 20), None, 164000, "Ada", None),
        ("MSFT", dt.date(2026, 11, 19), 3.5e12, 228000, None, dt.date(2026, 9, 30)),
    ]
    assert told.fundamentals.select("provider", "source", "source_row", "beta").rows() == [
        ("file", "fundamentals.csv", 3, None),
        ("file", "fundamentals.csv", 2, None),
    ]


def test_without_a_moment_a_row_is_known_from_the_moment_of_reading(tmp_path: Path) -> None:
    header = "symbol,session,beta,known_at,provider"
    told = read(
        tmp_path,
        "AAPL,2026-11-19,1.1,2026-11-19T21:30:00,our-desk",
        "MSFT,2026-11-19,0.9,,",
        header=header,
    )
    assert told.fundamentals.select("provider", "known_at").rows() == [
        ("our-desk", dt.datetime(2026, 11, 19, 21, 30, tzinfo=dt.UTC)),
        ("file", dt.datetime(2026, 11, 21, 3, tzinfo=dt.UTC)),
    ]


@pytest.mark.parametrize(
    ("row", "column", "value"),
    [
        ("AAPL,20.11.2026,1,2,,", "session", "20.11.2026"),
        ("AAPL,,1,2,,", "session", None),
        ("AAPL,2026-11-20,1.2T,2,,", "market_cap", "1.2T"),
        ("AAPL,2026-11-20,nan,2,,", "market_cap", "nan"),
        ("AAPL,2026-11-20,1,164.5,,", "employees", "164.5"),
        ("AAPL,2026-11-20,1,2,,Q3", "period_end", "Q3"),
        (",2026-11-20,1,2,,", "symbol", None),
    ],
)
def test_a_row_that_cannot_be_read_is_a_finding_and_the_others_are_taken(
    tmp_path: Path, row: str, column: str, value: str | None
) -> None:
    told = read(tmp_path, row, MSFT)
    assert told.fundamentals["symbol"].to_list() == ["MSFT"]
    assert told.findings.select("source_row", "column", "value").rows() == [(2, column, value)]


def test_the_v2_drafts_name_of_a_column_is_refused_with_the_near_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="Did you mean 'market_cap'"):
        read(tmp_path, "AAPL,2026-11-20,1", header="symbol,session,marketcap")
