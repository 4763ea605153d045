"""What the database roles may do: the roles, and the grants each table declares for them.

A model says `__grants__ = {Role.APP: (READ, ADD, change("name"))}`. A test holds the migrated
database to these declarations, word for word.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Table


class Role(StrEnum):
    """A PostgreSQL role a transaction is run as.

    APP sees the rows of one user, the one named when the transaction began. PIPELINE sees every
    user's rows and writes what the chain produces. ADMIN manages users and their settings. AUTH
    signs people in: it alone reads password hashes and tokens. SUPPORT reads, and never a secret.
    """

    APP = "quantmatrix_app"
    PIPELINE = "quantmatrix_pipeline"
    ADMIN = "quantmatrix_admin"
    AUTH = "quantmatrix_auth"
    SUPPORT = "quantmatrix_support"


@dataclass(frozen=True)
class Grant:
    """A privilege on a table, or on some of its columns where any are named."""

    privilege: str
    columns: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.privilege + (f" ({', '.join(self.columns)})" if self.columns else "")


READ = Grant("SELECT")
ADD = Grant("INSERT")
CHANGE = Grant("UPDATE")
DELETE = Grant("DELETE")


def read(*columns: str) -> Grant:
    """Gives the right to read these columns and no other."""
    return Grant("SELECT", columns)


def add(*columns: str) -> Grant:
    """Gives the right to add rows that name these columns and no other."""
    return Grant("INSERT", columns)


def change(*columns: str) -> Grant:
    """Gives the right to change these columns and no other."""
    return Grant("UPDATE", columns)


def granted(table: Table) -> Iterator[tuple[Role, Grant]]:
    """Gives each grant a table declares, by role."""
    for role, grants in table.info["grants"].items():
        for grant in grants:
            yield role, grant
