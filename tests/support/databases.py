"""The server of a test process, and databases of single tests, each a copy of another."""

import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import psutil
from sqlalchemy import create_engine, text

from quantmatrix_models.database import parse_url

_OURS = "quantmatrix-tests-"
_ROOM = 2 * 2**30


def folder_of_a_server() -> Path:
    """Makes a folder for the server of this process, in the machine's memory if it has room."""
    return Path(mkdtemp(prefix=f"{_OURS}{os.getpid()}-", dir=_memory()))


def _memory() -> Path | None:
    """Gives a folder of the machine's memory with room for a server, if there is one.

    Copying a database is some 700 files: on a slow disk ten times the work of most tests. What a
    killed test run left there is removed.
    """
    memory = Path("/dev/shm")  # noqa: S108
    if not memory.is_dir() or shutil.disk_usage(memory).free < _ROOM:
        return None
    for left in memory.glob(f"{_OURS}*"):
        made_by = re.match(rf"{_OURS}(\d+)-", left.name)
        if made_by is not None and not psutil.pid_exists(int(made_by[1])):
            shutil.rmtree(left, ignore_errors=True)
    return memory


def not_durable(url: str) -> None:
    """Lets the server not wait for its disk: what a test wrote need not outlive a power cut."""
    admin = create_engine(parse_url(url), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(text(f"ALTER SYSTEM SET {name} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    admin.dispose()


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
