"""Whose a row is: tables that belong to users, and the database roles that may touch them."""

from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, MetaData, Table
from sqlalchemy.orm import Mapped, mapped_column


class Role(StrEnum):
    """A PostgreSQL role a transaction is run as; `sql/postgres` says what each may do.

    APP sees the rows of one user, the one named when the transaction began. PIPELINE sees every
    user's rows and writes what the chain produces. ADMIN manages users and their settings.
    """

    APP = "quantmatrix_app"
    PIPELINE = "quantmatrix_pipeline"
    ADMIN = "quantmatrix_admin"


class OwnedByUser:
    """A row that belongs to one user; row-level security holds on every such table."""

    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"), sort_order=-1)


def tenant_tables(metadata: MetaData) -> list[Table]:
    """Gives the tables whose rows belong to a user, by name; `users` itself is one of them."""
    return [
        table
        for name, table in sorted(metadata.tables.items())
        if name == "users" or "user_id" in table.columns
    ]
