"""An audit trail of two users and the system, for the tests to write to and to tamper with."""

from dataclasses import replace

from models.rows_of.moments import MOMENT
from sqlalchemy import text

from quantmatrix_models.audit import (
    Anchor,
    AuditAction,
    AuditKeys,
    Event,
    Fault,
    heads,
    record,
    verify,
)
from quantmatrix_models.database import Database
from quantmatrix_models.privileges import Role

ADA, BOB = 1, 2
KEYS = AuditKeys([AuditKeys.new_key()])
CHANGED = Event(
    user_id=ADA,
    actor_id=ADA,
    actor="ada",
    action=AuditAction.CHANGED,
    entity="strategies",
    entity_id="7",
    at=MOMENT,
    changes={"name": {"old": "one", "new": "two"}},
    request_id="request 1",
    address="192.0.2.1",
)


def add_users(database: Database) -> None:
    with database.engine.begin() as connection:
        users = text("INSERT INTO users (id, name, cohort) VALUES (1, 'ada', 0), (2, 'bob', 1)")
        connection.execute(users)


def fill_chains(database: Database) -> None:
    """Adds the users, five events of Ada's, three of Bob's and two of the system's."""
    add_users(database)
    for user_id, many in ((ADA, 5), (BOB, 3), (None, 2)):
        write(database, *[replace(CHANGED, user_id=user_id)] * many)


def write(database: Database, *events: Event, keys: AuditKeys = KEYS) -> list[int]:
    with database.transaction(Role.ADMIN) as connection:
        return [record(connection, keys, event) for event in events]


def faults(
    database: Database, anchors: dict[str, Anchor] | None = None, keys: AuditKeys = KEYS
) -> list[Fault]:
    with database.transaction(Role.SUPPORT) as connection:
        return verify(connection, keys, anchors or {})


def anchored(database: Database) -> dict[str, Anchor]:
    with database.transaction(Role.SUPPORT) as connection:
        return heads(connection)


def tamper(database: Database, *statements: str) -> None:
    """Runs statements as the superuser, who can take triggers and unique keys away."""
    with database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE audit_events DISABLE TRIGGER USER"))
        for statement in statements:
            connection.execute(text(statement.replace(":", "\\:")))
