"""Sectors of instruments as CSV files: which symbol was in which sector from when to when."""

from pathlib import Path

import polars as pl

from quantmatrix_adapters.listings import table
from quantmatrix_engine.errors import SettingsError

SCHEMA = {
    "symbol": pl.String,
    "sector": pl.String,
    "industry": pl.String,
    "scheme": pl.String,
    "valid_from": pl.Date,
    "valid_to": pl.Date,
}
# As the database keeps them.
SCHEME = "^[a-z0-9][a-z0-9_-]{0,31}$"
REQUIRED = ("symbol", "sector", "valid_from")


def read(path: Path) -> table.Table:
    """Gives the rows of a file (SCHEMA and `source_row`); without a scheme it is `gics`.

    Raises SettingsError where the file is none of this form, names a scheme that cannot be one, or
    has a sector end before it begins.
    """
    told = table.read(path, SCHEMA, required=REQUIRED)
    rows = told.rows.with_columns(pl.col("scheme").fill_null("gics").str.to_lowercase())
    _refuse(
        path,
        rows.filter(~pl.col("scheme").str.contains(SCHEME)),
        "scheme",
        "a word such as gics, sic or a provider's name",
    )
    ends = pl.col("valid_to") <= pl.col("valid_from")
    _refuse(path, rows.filter(ends), "valid_to", "a date after valid_from, or empty")
    return table.Table(rows, told.findings)


def _refuse(path: Path, wrong: pl.DataFrame, column: str, expected: str) -> None:
    for row in wrong.head(1).iter_rows(named=True):
        value = str(row[column])
        raise SettingsError(
            f"{path}, line {row['source_row']}: {column} = {value!r} should be {expected}."
        )
