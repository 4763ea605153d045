"""Splits and cash dividends as CSV files: what a person says was done, and who told them."""

import datetime as dt
from pathlib import Path

import polars as pl

from quantmatrix_adapters.listings import table
from quantmatrix_adapters.providers.base import ActionDelivery
from quantmatrix_engine.contracts.raw_actions import CASH_DIVIDEND, RawActions
from quantmatrix_engine.prices.dividends import added_up, repeated
from quantmatrix_engine.vocabulary import FindingRule, Severity

COLUMNS = {
    "symbol": pl.String,
    "ex_date": pl.Date,
    "kind": pl.String,
    "ratio": pl.Float64,
    "amount": pl.Float64,
    "currency": pl.String,
    "label": pl.String,
    "provider": pl.String,
    "known_at": pl.Datetime("us", "UTC"),
}
REQUIRED = ("symbol", "ex_date", "kind")
PROVIDER = "file"
"""Who says so where the file does not name anybody: the person who brought it."""


def read(path: Path, *, asked_at: dt.datetime) -> ActionDelivery:
    """Gives the actions of a file with the columns `COLUMNS`, of which `REQUIRED` must be there.

    `kind` is split (with `ratio`, units after for one before) or cash_dividend (with `amount`, for
    one unit). Dividends of one provider and ex-date that differ in amount or label are added up
    (see `prices.dividends`); the same one a second time is a finding. Without `known_at` an action
    is known from its ex-date (the start of that day, UTC), or from `asked_at` where that is
    earlier: a file written later tells of what was known then.
    Raises SettingsError where the file is none of this form.
    """
    told = table.read(path, COLUMNS, required=REQUIRED)
    on_ex_date = pl.col("ex_date").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    rows = told.rows.with_columns(
        pl.col("provider").fill_null(PROVIDER),
        pl.coalesce("known_at", pl.min_horizontal(on_ex_date, pl.lit(asked_at))).cast(
            pl.Datetime("us", "UTC")
        ),
        source=pl.lit(path.name),
    )
    again = repeated(rows)
    once = rows.join(again, on="source_row", how="anti", maintain_order="left")
    # A row that is no dividend, or has no amount, is left to the contract of reported actions.
    adds = (pl.col("kind") == CASH_DIVIDEND) & pl.col("amount").is_not_null()
    wanted = list(RawActions.to_schema().columns)
    actions = pl.concat(
        [
            once.filter(adds.fill_null(value=False).not_()).select(wanted),
            added_up(once.filter(adds)).select(wanted),
        ]
    )
    return ActionDelivery(
        actions.sort("symbol", "ex_date", "kind", maintain_order=True),
        pl.concat([told.findings, _findings(again)]),
    )


def _findings(again: pl.DataFrame) -> pl.DataFrame:
    """Gives a finding (contract Findings) for each dividend that is told a second time."""
    return again.select(
        "provider",
        "symbol",
        session="ex_date",
        rule=pl.lit(FindingRule.DUPLICATE_KEY.value),
        column=pl.lit("amount"),
        value=pl.col("amount").cast(pl.String),
        expected=pl.lit("a dividend once; two of one date differ in their amount or label"),
        severity=pl.lit(Severity.ERROR.value),
        source="source",
        source_row="source_row",
        known_at="known_at",
        row=pl.struct(list(COLUMNS)).struct.json_encode(),
    )
