"""Databases of single tests, each a copy of another."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import create_engine, text

from quantmatrix_models.database import parse_url


@contextmanager
def database_like(template: str, server_url: str) -> Iterator[str]:
    """Gives the address of a copy of a database nobody is connected to; it goes in the end."""
    name = f"test_{uuid.uuid4().hex}"
    admin = create_engine(parse_url(server_url), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    yield named(server_url, name)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


def named(url: str, name: str) -> str:
    """Gives the address of another database of the same server."""
    return parse_url(url).set(database=name).render_as_string(hide_password=False)
