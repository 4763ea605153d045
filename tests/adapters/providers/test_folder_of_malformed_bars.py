"""Malformed files as they were found: no row is lost, and none is loaded that cannot be read."""

import datetime as dt
import re
from pathlib import Path

import polars as pl
import pytest

from quantmatrix_adapters.providers.base import Delivery
from quantmatrix_adapters.providers.folder import FolderProvider
from quantmatrix_engine.prices import quality

FIRST, LAST = dt.date(1990, 1, 1), dt.date(2030, 1, 1)
ASKED_AT = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)
GOOD = "symbol,session,open,high,low,close,volume\nAAPL,2024-01-02,187,188,183,185,824\n"
MALFORMED = [
    *("orcl-2010-googlefinance-malformed", "si_bad", "si_mismatch", "si_zeros"),
    "si__issue0859.adx.nan",
]


def delivered(folder: Path) -> Delivery:
    return FolderProvider(folder).daily_bars(FIRST, LAST, known_at=ASKED_AT)


def with_dates_as_documented(text: str) -> str:
    """Writes 03/01/2017 and 31-Dec-10 as YYYY-MM-DD, and changes nothing else."""
    lines = []
    for line in text.removeprefix("\ufeff").splitlines():
        date, comma, rest = line.partition(",")
        for form in ("%m/%d/%Y", "%m/%d/%y", "%d-%b-%y"):
            if re.match(r"\d+[/-]\w+[/-]\d+$", date):
                try:
                    date = (
                        dt.datetime.strptime(date, form).replace(tzinfo=dt.UTC).date().isoformat()
                    )
                except ValueError:
                    continue
        lines.append(date + comma + rest)
    return "\n".join(lines) + "\n"


def original(shared_data: Path, name: str) -> str:
    return (shared_data / "ohlcv_defects" / f"{name}.csv").read_text(encoding="utf-8")


def in_documented_form(shared_data: Path, tmp_path: Path, name: str) -> tuple[Delivery, int]:
    text = with_dates_as_documented(original(shared_data, name))
    (tmp_path / "X.csv").write_text(text)
    return delivered(tmp_path), len(text.splitlines()) - 1


@pytest.mark.parametrize("name", MALFORMED)
def test_a_file_whose_dates_are_in_no_documented_form_stops_no_other(shared_data, tmp_path, name):
    text = original(shared_data, name)
    (tmp_path / f"{name}.csv").write_text(text)
    (tmp_path / "good.csv").write_text(GOOD)
    delivery = delivered(tmp_path)
    assert delivery.bars["symbol"].to_list() == ["AAPL"]
    rows = delivery.findings["source_row"].drop_nulls().n_unique()
    # Without a column of dates the file as a whole is one finding; else every row is one.
    whole_file = delivery.findings["rule"].to_list() == ["missing_column"]
    assert whole_file or rows == len(text.splitlines()) - 1


def test_a_dash_in_the_place_of_a_price_is_the_one_finding(shared_data, tmp_path):
    delivery, rows = in_documented_form(shared_data, tmp_path, "orcl-2010-googlefinance-malformed")
    assert (rows, delivery.bars.height) == (252, 251)
    assert delivery.findings.select("source_row", "rule", "column", "value").rows() == [
        (3, "not_a_number", "open", "-")
    ]


def test_prices_that_are_missing_negative_or_of_another_line_are_refused(shared_data, tmp_path):
    # Of 502 rows 51 have no value at all, four a minus sign: lines 356 and 358 to 360.
    delivery, rows = in_documented_form(shared_data, tmp_path, "si_bad")
    assert (rows, delivery.bars.height + delivery.findings["source_row"].n_unique()) == (502, 502)
    inspected = quality.inspect(delivery.bars)
    refused = inspected.findings.select("source_row", "rule").unique()
    negative = refused.filter(pl.col("source_row").is_in([356, 358, 359, 360]))
    assert negative["source_row"].n_unique() == 4
    empty = refused.filter(rule="null_price")
    assert empty["source_row"].n_unique() == 51
    assert inspected.good.select(pl.min_horizontal("open", "low", "close").min()).item() > 0


def test_rows_of_nothing_but_zeros_are_all_refused(shared_data, tmp_path):
    delivery, rows = in_documented_form(shared_data, tmp_path, "si_zeros")
    assert (rows, delivery.bars.height) == (200, 200)
    inspected = quality.inspect(delivery.bars)
    assert inspected.good.is_empty()
    assert set(inspected.findings["rule"]) >= {"nonpositive_price"}


def test_penny_stock_is_loaded_whole(shared_data, tmp_path):
    (tmp_path / "PENNY.csv").write_text(original(shared_data, "si_penny"))
    delivery = delivered(tmp_path)
    assert (delivery.bars.height, delivery.findings.height) == (533, 0)
