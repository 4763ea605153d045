"""The bounds of the users' tables, and who reads and writes which of their columns."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from models.rows import a_row, fill
from models.rows_of.moments import MOMENT, moment
from models.rows_of.users import digest
from models.trail import add_users
from psycopg import errors
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from quantmatrix_engine.vocabulary import Channel
from quantmatrix_models.database import Database
from quantmatrix_models.migrations.tables import metadata
from quantmatrix_models.privileges import Role
from quantmatrix_models.users import DiscordWebhook

ME = 1
NEW = 3


@pytest.fixture
def connection(populated: Database) -> Iterator[Connection]:
    with populated.engine.connect() as made:
        yield made
        made.rollback()


def is_taken(connection: Connection, table: str, changes: dict[str, Any]) -> bool:
    fill(connection, NEW, until=table)
    return is_added(connection, table, changes)


def is_added(connection: Connection, table: str, changes: dict[str, Any]) -> bool:
    row = a_row(table, NEW) | changes
    try:
        with connection.begin_nested():
            connection.execute(metadata.tables[table].insert().values(row))
    except IntegrityError:
        return False
    return True


# Bounds


@pytest.mark.parametrize(
    ("changes", "taken"),
    [
        ({"email": None}, True),
        ({"email": "ada@example.com"}, True),
        ({"email": "ada+signals@mail.example.com"}, True),
        ({"email": "Ada@example.com"}, False),
        ({"email": "ada@Example.com"}, False),
        ({"email": "ada"}, False),
        ({"email": "ada@"}, False),
        ({"email": "@example.com"}, False),
        ({"email": "ada@b@example.com"}, False),
        ({"email": "ada lovelace@example.com"}, False),
        ({"email": "ada@example.com\n"}, False),
        ({"email": ""}, False),
        ({"email": "user-1@example.com"}, False),
        ({"email_verified_at": MOMENT}, True),
        ({"is_active": False}, True),
        ({"is_active": False, "deactivated_at": MOMENT}, True),
        ({"is_active": True, "deactivated_at": MOMENT}, False),
    ],
    ids=str,
)
def test_a_user_has_a_plain_address_and_is_deactivated_only_when_not_active(
    connection: Connection, changes: dict[str, Any], taken: bool
) -> None:
    assert is_taken(connection, "users", changes) == taken


@pytest.mark.parametrize(
    ("changes", "taken"),
    [
        ({"time_zone": "Etc/GMT+5"}, True),
        ({"time_zone": "America/Argentina/Buenos_Aires"}, True),
        ({"time_zone": "America/Port-au-Prince"}, True),
        ({"time_zone": "UTC"}, True),
        ({"time_zone": ""}, False),
        ({"time_zone": "+05:00"}, False),
        ({"time_zone": "UTC; SELECT 1"}, False),
        ({"quiet_from": dt.time(22), "quiet_until": dt.time(7)}, True),
        ({"quiet_from": dt.time(12), "quiet_until": dt.time(13)}, True),
        ({"quiet_from": dt.time(0), "quiet_until": dt.time(0)}, False),
        ({"quiet_until": dt.time(7)}, False),
        ({"currency": "EUR"}, True),
        ({"currency": None}, False),
    ],
    ids=str,
)
def test_preferences_name_a_zone_and_a_quiet_time_that_may_go_over_midnight(
    connection: Connection, changes: dict[str, Any], taken: bool
) -> None:
    assert is_taken(connection, "user_preferences", changes) == taken


def test_a_user_who_said_nothing_prefers_new_york_and_dollars(connection: Connection) -> None:
    asked = "SELECT time_zone, currency, quiet_from FROM user_preferences WHERE user_id = 1"
    assert tuple(connection.execute(text(asked)).one()) == ("America/New_York", "USD", None)


@pytest.mark.parametrize(
    ("password_hash", "taken"),
    [
        ("$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA", True),
        ("$argon2i$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA", False),
        ("$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW", False),
        ("hunter2", False),
        ("", False),
    ],
)
def test_a_password_is_kept_as_an_argon2id_hash_only(
    connection: Connection, password_hash: str, taken: bool
) -> None:
    changes = {"password_hash": password_hash}
    assert is_taken(connection, "password_credentials", changes) == taken


@pytest.mark.parametrize(
    ("changes", "taken"),
    [
        ({"issuer": "https://other.example", "subject": "subject 1"}, True),
        ({"subject": "subject 1"}, False),
        ({"user_id": 1}, True),
        ({"email": "Ada@Example.com", "email_was_verified": True}, True),
    ],
    ids=str,
)
def test_an_identity_is_one_users_and_a_user_may_have_several_of_one_issuer(
    connection: Connection, changes: dict[str, Any], taken: bool
) -> None:
    assert is_taken(connection, "oauth_identities", changes) == taken


@pytest.mark.parametrize(
    ("changes", "taken"),
    [
        ({"token_digest": digest("token 4")}, True),
        ({"token_digest": digest("token 1")}, False),
        ({"token_digest": b"\0" * 33}, False),
        ({"token_digest": b""}, False),
        ({"kind": "personal", "label": "my script", "scopes": ["signals:read"]}, True),
        ({"kind": "personal", "label": None}, False),
        ({"kind": "mobile", "label": "phone"}, True),
        ({"idle_seconds": 1}, True),
        ({"idle_seconds": -1}, False),
        ({"expires_at": moment(2)}, False),
        ({"expires_at": None}, False),
        ({"scopes": None}, False),
    ],
    ids=str,
)
def test_a_token_is_a_digest_that_expires(
    connection: Connection, changes: dict[str, Any], taken: bool
) -> None:
    assert is_taken(connection, "auth_tokens", changes) == taken


def test_failures_are_counted_once_for_each_scope_of_a_key(connection: Connection) -> None:
    same_key = {"key_digest": digest("192.0.2.1")}
    assert is_taken(connection, "sign_in_throttles", same_key | {"scope": "account"})
    assert not is_added(connection, "sign_in_throttles", same_key | {"scope": "address"})


# Webhooks


def test_a_channel_has_one_webhook_of_the_system(connection: Connection) -> None:
    of_system = {"user_id": None, "channel": "system_status"}
    assert is_taken(connection, "discord_webhooks", of_system)
    assert not is_added(connection, "discord_webhooks", of_system | {"id": 4})


@pytest.mark.parametrize("user_id", ["1", "NULL"])
def test_a_webhook_set_again_replaces_the_one_before(database: Database, user_id: str) -> None:
    add_users(database)
    upsert = (
        "INSERT INTO discord_webhooks (user_id, channel, sealed_url)"  # noqa: S608
        f" VALUES ({user_id}, 'signals', 'new') ON CONFLICT (user_id, channel)"
        " DO UPDATE SET sealed_url = excluded.sealed_url RETURNING id"
    )
    with database.transaction(Role.ADMIN) as connection:
        first = connection.execute(text(upsert)).scalar()
        assert connection.execute(text(upsert)).scalar() == first


@pytest.mark.parametrize(
    ("user_id", "context"),
    [(7, "discord_webhooks/7/signals"), (None, "discord_webhooks/system/signals")],
)
def test_an_address_is_sealed_for_its_owner_and_channel(user_id: int | None, context: str) -> None:
    assert DiscordWebhook.seal_context(user_id, Channel.SIGNALS) == context


def test_a_user_sets_a_webhook_and_sets_it_again_without_reading_the_address(
    database: Database,
) -> None:
    add_users(database)
    with database.transaction(Role.APP, user_id=ME) as connection:
        for statement in (
            "INSERT INTO discord_webhooks (user_id, channel, sealed_url, key_id, label)"
            " VALUES (1, 'playground', 'first', 'id', 'mine') RETURNING id",
            "UPDATE discord_webhooks SET sealed_url = 'second', key_id = 'id', label = 'ours'"
            " WHERE channel = 'playground'",
            "DELETE FROM discord_webhooks WHERE channel = 'playground'",
        ):
            assert connection.execute(text(statement)).rowcount == 1


@pytest.mark.parametrize("owner", ["2", "NULL"])
def test_a_user_sets_no_webhook_of_another_or_of_the_system(database: Database, owner: str) -> None:
    add_users(database)
    theirs = (
        "INSERT INTO discord_webhooks (user_id, channel, sealed_url)"  # noqa: S608
        f" VALUES ({owner}, 'playground', 'mine')"
    )
    with (
        pytest.raises(ProgrammingError, match="row-level security policy"),
        database.transaction(Role.APP, user_id=ME) as connection,
    ):
        connection.execute(text(theirs))


def test_a_user_sees_and_deletes_no_webhook_of_the_system(connection: Connection) -> None:
    assert is_taken(connection, "discord_webhooks", {"user_id": None, "channel": "system_status"})
    connection.execute(text("SET LOCAL ROLE quantmatrix_app"))
    connection.execute(text("SET LOCAL app.user_id = '1'"))
    seen = connection.execute(text("SELECT user_id FROM discord_webhooks")).scalars().all()
    assert seen == [ME]
    assert connection.execute(text("DELETE FROM discord_webhooks")).rowcount == 1


# Who reads and writes what

SECRETS = {
    ("password_credentials", "password_hash"): {Role.AUTH},
    ("auth_tokens", "token_digest"): {Role.AUTH},
    # The pipelines open it to send, the administrator's command sets it and rotates its key.
    ("discord_webhooks", "sealed_url"): {Role.PIPELINE, Role.ADMIN},
}


@pytest.mark.parametrize(("table", "column"), SECRETS)
def test_a_secret_is_read_by_those_who_use_it_and_nobody_else(
    connection: Connection, table: str, column: str
) -> None:
    asked = text("SELECT has_column_privilege(:role, :table, :column, 'SELECT')")
    readers = {
        role
        for role in Role
        if connection.execute(
            asked, {"role": role.value, "table": table, "column": column}
        ).scalar()
    }
    assert readers == SECRETS[table, column]


def test_support_writes_nothing(connection: Connection) -> None:
    asked = text("SELECT has_any_column_privilege('quantmatrix_support', :table, 'INSERT, UPDATE')")
    names = [table.name for table in metadata.sorted_tables]
    assert not any(connection.execute(asked, {"table": name}).scalar() for name in names)


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        (Role.AUTH, "SELECT * FROM users"),
        (Role.AUTH, "SELECT * FROM signals"),
        (Role.AUTH, "UPDATE users SET role = 'admin'"),
        (Role.AUTH, "UPDATE users SET email = 'mallory@example.com'"),
        (Role.AUTH, "INSERT INTO users (name) VALUES ('mallory')"),
        (Role.AUTH, "UPDATE auth_tokens SET expires_at = 'infinity'"),
        (Role.AUTH, "UPDATE auth_tokens SET user_id = 2"),
        (Role.AUTH, "UPDATE oauth_identities SET user_id = 2"),
        (Role.AUTH, "UPDATE oauth_identities SET subject = 'mallory'"),
        (Role.ADMIN, "SELECT user_id FROM password_credentials"),
        (Role.ADMIN, "UPDATE password_credentials SET password_hash = ''"),
        (Role.ADMIN, "INSERT INTO auth_tokens (user_id) VALUES (1)"),
        (Role.APP, "SELECT user_id FROM password_credentials"),
        (Role.APP, "UPDATE oauth_identities SET subject = 'mallory'"),
        (Role.APP, "UPDATE auth_tokens SET scopes = '{}'"),
        (Role.APP, "UPDATE auth_tokens SET expires_at = 'infinity'"),
        (Role.APP, "SELECT * FROM sign_in_throttles"),
        (Role.APP, "UPDATE user_preferences SET user_id = 2"),
        (Role.APP, "UPDATE discord_webhooks SET disabled_at = NULL"),
        (Role.PIPELINE, "SELECT user_id FROM auth_tokens"),
        (Role.PIPELINE, "UPDATE user_preferences SET quiet_from = NULL"),
    ],
)
def test_a_role_cannot_do_what_is_not_its_work(
    populated: Database, role: Role, statement: str
) -> None:
    with pytest.raises(ProgrammingError) as caught, populated.transaction(role, user_id=ME) as at:
        at.execute(text(statement))
    assert isinstance(caught.value.orig, errors.InsufficientPrivilege)


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        (Role.AUTH, "SELECT id, name, email, email_verified_at, role, is_active FROM users"),
        (Role.AUTH, "UPDATE users SET last_sign_in_at = now(), email_verified_at = now()"),
        (Role.AUTH, "UPDATE password_credentials SET must_change = true"),
        (Role.AUTH, "UPDATE auth_tokens SET seen_at = now(), revoked_at = now()"),
        (Role.AUTH, "UPDATE oauth_identities SET last_used_at = now()"),
        (Role.AUTH, "DELETE FROM oauth_identities"),
        (Role.AUTH, "DELETE FROM sign_in_throttles"),
        (Role.APP, "UPDATE user_preferences SET time_zone = 'UTC', changed_at = now()"),
        (Role.APP, "UPDATE auth_tokens SET revoked_at = now() WHERE id = 1"),
        (Role.ADMIN, "UPDATE auth_tokens SET revoked_at = now() WHERE user_id = 2"),
        (Role.ADMIN, "UPDATE users SET is_active = false, deactivated_at = now()"),
        (Role.PIPELINE, "UPDATE discord_webhooks SET consecutive_failures = 1"),
        (Role.PIPELINE, "SELECT time_zone, quiet_from, quiet_until FROM user_preferences"),
    ],
)
def test_a_role_does_its_work(populated: Database, role: Role, statement: str) -> None:
    with populated.transaction(role, user_id=ME) as connection:
        expected = 1 if role is Role.APP or "= 2" in statement else 2
        assert connection.execute(text(statement)).rowcount == expected
        connection.rollback()


def test_a_token_that_was_revoked_cannot_be_brought_back(populated: Database) -> None:
    revoke = text("UPDATE auth_tokens SET revoked_at = now() WHERE user_id = 1")
    revive = text("UPDATE auth_tokens SET revoked_at = NULL WHERE user_id = 1")
    with populated.transaction(Role.APP, user_id=1) as connection:
        assert connection.execute(revoke).rowcount == 1
        with pytest.raises(ProgrammingError, match="was revoked and stays so"):
            connection.execute(revive)
        connection.rollback()
