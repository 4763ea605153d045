"""Symbol histories as CSV files: who was called what from when to when."""

from pathlib import Path

import polars as pl

from quantmatrix_adapters.listings import table
from quantmatrix_engine.contracts.instruments import SymbolHistory
from quantmatrix_engine.vocabulary import InstrumentKind

COLUMNS = dict(SymbolHistory.empty().schema)
REQUIRED = ("key", "symbol", "exchange")


def read(path: Path) -> table.Table:
    """Gives the history in a file (contract SymbolHistory, and `source_row`).

    Where the file does not say, an instrument is a stock in US dollars. Raises SettingsError where
    the file is none of this form.
    """
    found = table.read(path, COLUMNS, required=REQUIRED)
    told = found.rows.with_columns(
        pl.col("currency").fill_null("USD"),
        pl.col("kind").fill_null(InstrumentKind.STOCK.value),
    )
    return table.Table(told, found.findings)
