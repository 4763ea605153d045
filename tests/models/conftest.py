"""Databases with two users in them, shared by the tests that undo what they do."""

from collections.abc import Iterator

import pytest
from models.rows import fill
from models.servers import named
from sqlalchemy import text

from quantmatrix_models import embedded
from quantmatrix_models.database import Database
from quantmatrix_models.migrations import run as migrations


@pytest.fixture(scope="session")
def populated(server_url: str) -> Iterator[Database]:
    """A database with a row of user 1 and one of user 2 in every table."""
    made = _filled(server_url, "populated")
    yield made
    made.dispose()


@pytest.fixture(scope="session")
def armed(server_url: str) -> Iterator[Database]:
    """The same, where the application's role has every privilege on every table.

    What is refused there is refused by row security and foreign keys alone.
    """
    made = _filled(server_url, "armed")
    with made.engine.begin() as connection:
        connection.execute(text("GRANT ALL ON ALL TABLES IN SCHEMA public TO quantmatrix_app"))
    yield made
    made.dispose()


def _filled(server_url: str, name: str) -> Database:
    embedded.create_database(server_url, name)
    made = Database(named(server_url, name))
    migrations.upgrade(made.engine)
    with made.engine.begin() as connection:
        fill(connection, 1)
        fill(connection, 2)
    return made
