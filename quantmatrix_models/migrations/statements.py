"""Reads the SQL that migrations run beside Alembic's operations."""

from pathlib import Path

from sqlalchemy import TextClause, text

_SQL = Path(__file__).parents[2] / "sql" / "postgres"


def statements(name: str) -> TextClause:
    """Gives the statements of a file of `sql/postgres/`, none of which takes a parameter."""
    # A colon is SQLAlchemy's sign for a parameter.
    return text((_SQL / name).read_text().replace(":", "\\:"))
