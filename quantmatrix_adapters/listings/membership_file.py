"""Members of indexes as CSV files: which symbol was in which index from when to when."""

from pathlib import Path

from quantmatrix_adapters.listings import table
from quantmatrix_engine.prices.membership import FILE_SCHEMA

REQUIRED = ("index", "symbol", "valid_from")


def read(path: Path) -> table.Table:
    """Gives the rows of a file (FILE_SCHEMA of the engine's membership, and `source_row`).

    Raises SettingsError where the file is none of this form.
    """
    return table.read(path, FILE_SCHEMA, required=REQUIRED)
