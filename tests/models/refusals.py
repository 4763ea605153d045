"""Asking the database whether it takes a row."""

from typing import Any

from models.cases import NEW
from models.rows import a_row
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from quantmatrix_models.migrations.tables import metadata


def refusal(connection: Connection, table: str, row: dict[str, Any]) -> str | None:
    """Gives the constraint that refuses a row, or None where the row is taken."""
    try:
        with connection.begin_nested():
            connection.execute(metadata.tables[table].insert().values(row))
    except IntegrityError as error:
        return error.orig.diag.constraint_name  # type: ignore[union-attr]
    return None


def broken(connection: Connection, table: str, changes: dict[str, Any]) -> str | None:
    """Gives the constraint that refuses row 3 with `changes`, or None where the row is taken."""
    return refusal(connection, table, a_row(table, NEW) | changes)
