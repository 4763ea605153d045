"""Splits and cash dividends as CSV files: what a person says was done, and who told them."""

import datetime as dt
from pathlib import Path

import polars as pl

from quantmatrix_adapters.listings import table
from quantmatrix_adapters.providers.base import ActionDelivery
from quantmatrix_engine.contracts.raw_actions import RawActions

COLUMNS = {
    "symbol": pl.String,
    "ex_date": pl.Date,
    "kind": pl.String,
    "ratio": pl.Float64,
    "amount": pl.Float64,
    "currency": pl.String,
    "provider": pl.String,
    "known_at": pl.Datetime("us", "UTC"),
}
REQUIRED = ("symbol", "ex_date", "kind")
PROVIDER = "file"
"""Who says so where the file does not name anybody: the person who brought it."""


def read(path: Path, *, asked_at: dt.datetime) -> ActionDelivery:
    """Gives the actions of a file with the columns `COLUMNS`, of which `REQUIRED` must be there.

    `kind` is split (with `ratio`, units after for one before) or cash_dividend (with `amount`, for
    one unit). Without `known_at` an action is known from its ex-date (the start of that day, UTC),
    or from `asked_at` where that is earlier: a file written later tells of what was known then.
    Raises SettingsError where the file is none of this form.
    """
    told = table.read(path, COLUMNS, required=REQUIRED)
    on_ex_date = pl.col("ex_date").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    actions = told.rows.select(
        pl.col("provider").fill_null(PROVIDER),
        "symbol",
        "ex_date",
        "kind",
        "ratio",
        "amount",
        "currency",
        pl.coalesce("known_at", pl.min_horizontal(on_ex_date, pl.lit(asked_at))).cast(
            pl.Datetime("us", "UTC")
        ),
        source=pl.lit(path.name),
    )
    wanted = list(RawActions.to_schema().columns)
    return ActionDelivery(actions.select(wanted).sort("symbol", "ex_date", "kind"), told.findings)
