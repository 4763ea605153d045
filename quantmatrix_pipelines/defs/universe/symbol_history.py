"""A file of symbol histories, on its way into the catalogue."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from quantmatrix_adapters.listings import symbol_file
from quantmatrix_engine.contracts import gate, quarantine
from quantmatrix_engine.contracts.instruments import SymbolHistory
from quantmatrix_engine.prices.symbol_history import Changes
from quantmatrix_models.database import Database
from quantmatrix_pipelines.stores import market_data
from quantmatrix_pipelines.stores.symbol_history import work_in

SOURCE = "file"
"""The name under which the keys of such files are kept."""


@dataclass(frozen=True)
class Imported:
    """What a file changed, and findings of the rows that could not be used."""

    changes: Changes
    refused: pl.DataFrame


def import_file(database: Database, path: Path, *, seen_on: dt.date) -> Imported:
    """Works a file (see docs/instruments.md) into the catalogue; bad rows become findings.

    A key with a row that cannot be used is left alone: the others might say something else.
    """
    told = symbol_file.read(path)
    rows = told.rows.with_columns(source=pl.lit(path.name))
    split = gate.apply(SymbolHistory, rows.drop("source", "source_row"))
    broken = quarantine.findings(
        SymbolHistory, rows, split.failures, provider=SOURCE, key=("key", "symbol")
    )
    refused = pl.concat([told.findings, broken])
    market_data.record_findings(database, refused)
    bad = refused.select(key=pl.col("row").str.json_path_match("$.key")).drop_nulls()
    whole = split.good.join(bad.unique(), on="key", how="anti")
    return Imported(work_in(database, whole, source=SOURCE, seen_on=seen_on), refused)
