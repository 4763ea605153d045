"""Fundamentals as CSV files: what a person says of companies, of which session and since when."""

import datetime as dt
from pathlib import Path

import polars as pl

from quantmatrix_adapters.listings import table
from quantmatrix_adapters.providers.base import FundamentalsDelivery
from quantmatrix_engine.contracts.fundamentals import RawFundamentals

COLUMNS = {
    name: dtype
    for name, dtype in RawFundamentals.empty().schema.items()
    if name not in ("source", "source_row")
}
REQUIRED = ("symbol", "session")
PROVIDER = "file"
"""Who says so where the file does not name anybody: the person who brought it."""


def read(path: Path, *, asked_at: dt.datetime) -> FundamentalsDelivery:
    """Gives the figures of a file with the columns `COLUMNS`, of which `REQUIRED` must be there.

    Units are those of the contract RawFundamentals. Without `known_at` a row is known from
    `asked_at`: when it was published is not guessed, so that no past session sees it. Raises
    SettingsError where the file is none of this form.
    """
    told = table.read(path, COLUMNS, required=REQUIRED)
    moment = pl.lit(asked_at).dt.convert_time_zone("UTC").cast(pl.Datetime("us", "UTC"))
    rows = told.rows.with_columns(
        pl.col("provider").fill_null(PROVIDER),
        pl.col("known_at").fill_null(moment),
        source=pl.lit(path.name),
    )
    wanted = list(RawFundamentals.to_schema().columns)
    return FundamentalsDelivery(rows.select(wanted).sort("symbol", "session"), told.findings)
