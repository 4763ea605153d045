"""The database: addresses, transactions, and one holder of a lock."""

import socket
import time
from collections.abc import Iterator
from contextlib import nullcontext

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from quantmatrix_engine.errors import DatabaseError, SettingsError
from quantmatrix_models.database import Database, parse_url
from quantmatrix_models.privileges import Role
from quantmatrix_models.users import check_name

USERS = text("SELECT name FROM users ORDER BY name")
NEW_USER = text("INSERT INTO users (name) VALUES (:name)")


@pytest.mark.parametrize(
    "address", ["postgresql://u@h/d", "postgresql+psycopg2://u@h/d", "postgresql+psycopg://u@h/d"]
)
def test_every_postgresql_address_gets_our_driver(address: str) -> None:
    assert parse_url(address).drivername == "postgresql+psycopg"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "hunter2",
        "mysql://ada:hunter2@host/quantmatrix",
        "postgres://ada:hunter2@host/quantmatrix",
        "postgresql://ada:hunter2@host:port/quantmatrix",
        "postgresql://ada:p@hunter2@host/quantmatrix",
        "postgresql://ada:p@hun/hunter2@host/quantmatrix",
        "postgresql://ada:@:hunter2/@host/quantmatrix",
        "host=db user=ada password=hunter2",
    ],
)
def test_an_address_that_is_none_is_refused_without_showing_the_password(address: str) -> None:
    with pytest.raises(SettingsError, match="postgresql://user:password@host:5432/") as caught:
        parse_url(address)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://ada:hunter2@127.0.0.1:1/quantmatrix",
        "postgresql://127.0.0.1:1/quantmatrix?user=ada&password=hunter2",
        "postgresql://127.0.0.1:1/quantmatrix?user=ada&sslpassword=hunter2",
        "postgresql://ada:hunter2@127.0.0.1:99999/quantmatrix",
        "postgresql://ada:hunter2@127.0.0.1:1/quantmatrix?no_such_option=1",
        "postgresql://ada:hunter2@/quantmatrix?host=/no/such/folder",
    ],
)
def test_a_server_that_is_not_there_is_one_line_without_the_password(address: str) -> None:
    database = Database(address)
    with pytest.raises(DatabaseError, match="cannot be reached") as caught:
        database.require()
    for shown in (str(caught.value), repr(database)):
        assert "hunter2" not in shown
        assert "\n" not in shown


def test_a_server_that_is_away_stops_a_transaction_in_the_same_words() -> None:
    database = Database("postgresql://ada:hunter2@127.0.0.1:1/quantmatrix")
    with (
        pytest.raises(DatabaseError, match="cannot be reached"),
        database.transaction(Role.APP, user_id=1),
    ):
        pytest.fail("the server is not there")


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port of the loopback that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_silent_server_is_given_up_after_the_time_out_of_its_address(silent_port: int) -> None:
    database = Database(f"postgresql://ada@127.0.0.1:{silent_port}/quantmatrix?connect_timeout=2")
    began = time.monotonic()
    with pytest.raises(DatabaseError, match=r"cannot be reached: .*timeout"):
        database.require()
    assert time.monotonic() - began < 8, "two seconds were allowed, and the default is ten"


def test_making_a_database_connects_to_nothing() -> None:
    Database("postgresql://ada@127.0.0.1:1/quantmatrix").dispose()


def test_a_transaction_is_kept_when_it_ends_well(database: Database) -> None:
    with database.transaction(Role.ADMIN) as connection:
        connection.execute(NEW_USER, {"name": "ada"})
    with database.transaction(Role.ADMIN) as connection:
        assert connection.execute(USERS).scalars().all() == ["ada"]


def test_a_transaction_is_undone_when_it_ends_in_an_error(database: Database) -> None:
    with pytest.raises(DBAPIError, match="by zero"), database.transaction(Role.ADMIN) as connection:
        connection.execute(text("INSERT INTO users (name) VALUES ('ada'); SELECT 1 / 0"))
    with database.transaction(Role.ADMIN) as connection:
        assert connection.execute(USERS).all() == []


@pytest.mark.parametrize("role", Role)
def test_a_transaction_runs_as_its_role(database: Database, role: Role) -> None:
    with database.transaction(role) as connection:
        assert connection.execute(text("SELECT current_user")).scalar() == role.value


def test_a_lock_has_one_holder(database: Database, database_url: str) -> None:
    other = Database(database_url)
    with (
        database.alone(7, what="`quantmatrix up`"),
        pytest.raises(DatabaseError, match=r"`quantmatrix up` is under way in another process"),
        other.alone(7, what="`quantmatrix up`"),
    ):
        pytest.fail("two hold the same lock")
    other.dispose()


def test_locks_of_different_numbers_do_not_meet(database: Database, database_url: str) -> None:
    other = Database(database_url)
    with database.alone(7, what="one"), other.alone(8, what="another"):
        pass
    other.dispose()


@pytest.mark.parametrize("error", [None, RuntimeError("half way")])
def test_a_lock_is_free_as_soon_as_its_block_ends(
    database: Database, database_url: str, error: RuntimeError | None
) -> None:
    try:
        with database.alone(7, what="one"):
            if error is not None:
                raise error
    except RuntimeError:
        pass
    other = Database(database_url)
    with other.alone(7, what="another"):
        pass
    other.dispose()


NAMES = {
    "ada": True,
    "a": True,
    "7": True,
    "ada-b_9": True,
    "a" * 64: True,
    "a" * 65: False,
    "": False,
    "Ada": False,
    "-ada": False,
    "_ada": False,
    "ada b": False,
    "ada\n": False,
    "ädä": False,
    "ada'--": False,
}


@pytest.mark.parametrize(("name", "is_good"), NAMES.items())
def test_a_name_of_a_user_is_judged_alike_by_python_and_postgresql(
    database: Database, name: str, is_good: bool
) -> None:
    by_python = nullcontext() if is_good else pytest.raises(SettingsError, match="1 to 64 lower")
    with by_python:
        check_name(name)
    by_postgresql = nullcontext() if is_good else pytest.raises(DBAPIError, match=r"name|too long")
    with by_postgresql, database.transaction(Role.ADMIN) as connection:
        connection.execute(NEW_USER, {"name": name})


def test_a_connection_that_breaks_off_is_an_error_that_can_be_tried_again(
    database: Database,
) -> None:
    def cut_off() -> None:
        with database.transaction(Role.PIPELINE) as connection:
            connection.execute(text("RESET ROLE"))
            connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(DatabaseError, match="broke off") as caught:
        cut_off()
    assert caught.value.retryable
    with database.transaction(Role.PIPELINE) as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1


def test_a_row_that_is_refused_stays_the_error_it_is(database: Database) -> None:
    with (
        pytest.raises(IntegrityError),
        database.transaction(Role.ADMIN) as connection,
    ):
        connection.execute(text("INSERT INTO users (name) VALUES ('Not A Name')"))
