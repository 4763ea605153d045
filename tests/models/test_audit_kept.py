"""The database takes no event back, whoever asks for it."""

from collections.abc import Iterator

import pytest
from models.trail import ADA, CHANGED, fill_chains, write
from psycopg import errors
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from quantmatrix_models.database import Database
from quantmatrix_models.privileges import Role

ATTACKS = [
    "UPDATE audit_events SET actor = 'mallory'",
    "UPDATE audit_events SET id = id",
    "DELETE FROM audit_events",
    "TRUNCATE audit_events",
    "INSERT INTO audit_events SELECT * FROM audit_events"
    " ON CONFLICT (id) DO UPDATE SET actor = 'mallory'",
    "MERGE INTO audit_events a USING users u ON a.user_id = u.id WHEN MATCHED THEN DELETE",
]


@pytest.fixture
def superuser(populated: Database) -> Iterator[Connection]:
    """The superuser of a database with events in it; undone at the end."""
    with populated.engine.connect() as connection:
        yield connection
        connection.rollback()


def refused(connection: Connection, attack: str, *, saying: str) -> None:
    with pytest.raises(ProgrammingError, match=saying) as caught, connection.begin_nested():
        connection.execute(text(attack))
    assert isinstance(caught.value.orig, errors.InsufficientPrivilege)


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("role", Role)
def test_a_role_lacks_the_right_to_take_back_an_event(
    populated: Database, role: Role, attack: str
) -> None:
    with populated.transaction(role, user_id=ADA) as connection:
        refused(connection, attack, saying="permission denied for table audit_events")


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("role", Role)
def test_a_role_with_every_right_is_refused_by_the_trigger(
    superuser: Connection, role: Role, attack: str
) -> None:
    superuser.execute(text(f"GRANT ALL ON audit_events, users TO {role.value}"))
    superuser.execute(
        text(f"CREATE POLICY everything ON audit_events TO {role.value} USING (true)")
    )
    superuser.execute(text(f"SET LOCAL ROLE {role.value}"))
    superuser.execute(text("SET LOCAL app.user_id = '1'"))
    refused(superuser, attack, saying="its rows are only added to")


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_owner_is_refused_even_where_row_security_is_lifted(
    superuser: Connection, attack: str
) -> None:
    for statement in (
        "CREATE ROLE owner_of_events",
        "GRANT SELECT ON users TO owner_of_events",
        "GRANT USAGE ON SCHEMA public TO owner_of_events",
        "ALTER TABLE audit_events OWNER TO owner_of_events",
        "ALTER TABLE users DISABLE ROW LEVEL SECURITY",
        "SET LOCAL ROLE owner_of_events",
        "ALTER TABLE audit_events NO FORCE ROW LEVEL SECURITY",
    ):
        superuser.execute(text(statement))
    refused(superuser, attack, saying="its rows are only added to")


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("mode", ["origin", "replica"])
def test_a_superuser_is_refused_also_where_other_triggers_are_silent(
    superuser: Connection, mode: str, attack: str
) -> None:
    superuser.execute(text(f"SET LOCAL session_replication_role = {mode}"))
    refused(superuser, attack, saying="its rows are only added to")


def test_an_event_that_follows_none_is_refused_so_that_no_chain_can_be_blocked(
    database: Database,
) -> None:
    """Else a user could use up the numbers of their own chain, and nothing could be written."""
    fill_chains(database)
    jump = text(
        "INSERT INTO audit_events (user_id, seq, at, actor, action, entity, key_id, previous_hash,"
        " hash) VALUES (1, 9223372036854775807, now(), 'ada', 'changed', 'users', 'key',"
        " sha256('a'\\:\\:bytea), sha256('b'\\:\\:bytea))"
    )

    def blocked() -> None:
        with database.transaction(Role.APP, user_id=ADA) as connection:
            connection.execute(jump)

    with pytest.raises(IntegrityError, match="follows no event of its chain"):
        blocked()
    assert write(database, CHANGED) == [6]
