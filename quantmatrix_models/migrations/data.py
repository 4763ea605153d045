"""Migrations of rows, not of tables."""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import op


@contextmanager
def past_row_security(*tables: str) -> Iterator[None]:
    """Lets the owner of `tables` see and change all their rows.

    Row security is forced, so without this an UPDATE of a migration that is not run by a superuser
    changes no row and says nothing. Within the transaction of the migration nobody else reads the
    tables, and an error undoes this with everything else.
    """
    for table in tables:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    yield
    # What a deferred trigger still has to ask, it asks now: afterwards it would see no row.
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for table in tables:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
