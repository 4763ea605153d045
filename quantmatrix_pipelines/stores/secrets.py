"""Secrets at rest, sealed anew: every sealed column of every table, with the newest key."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, text

from quantmatrix_engine.errors import SettingsError
from quantmatrix_engine.vocabulary import Channel
from quantmatrix_models.accounts import Broker, BrokerCredential
from quantmatrix_models.audit import AuditAction
from quantmatrix_models.database import Database
from quantmatrix_models.privileges import Role
from quantmatrix_models.secrets import Vault
from quantmatrix_models.users import DiscordWebhook
from quantmatrix_pipelines.stores.trail import Trail

BATCH = 500


@dataclass(frozen=True)
class Sealed:
    """A column of secrets: where it is, who may write it, and what a row's secret is bound to.

    The table has a `key_id` beside the column, the id of the key that sealed it.
    """

    table: str
    column: str
    role: Role
    context: Callable[[Row[Any]], str]


def _of_webhook(row: Row[Any]) -> str:
    return DiscordWebhook.seal_context(row.user_id, Channel(row.channel))


def _of_credential(row: Row[Any]) -> str:
    return BrokerCredential.seal_context(row.user_id, Broker(row.broker), row.label)


SEALED = (
    Sealed("discord_webhooks", "sealed_url", Role.ADMIN, _of_webhook),
    Sealed("broker_credentials", "sealed_secret", Role.PIPELINE, _of_credential),
)


@dataclass(frozen=True)
class Rotated:
    """How many secrets a batch sealed anew, and what is wrong with those it could not."""

    table: str
    sealed: int
    faults: tuple[str, ...]


def by_key(database: Database) -> list[tuple[str, str | None, int]]:
    """Gives table, key id and number of secrets; the id is None where none was written down."""
    found = []
    for one in SEALED:
        with database.transaction(one.role) as connection:
            counted = connection.execute(
                text(f"SELECT key_id, count(*) FROM {one.table} GROUP BY key_id ORDER BY key_id")
            )
            found += [(one.table, key_id, count) for key_id, count in counted]
    return found


def rotate(database: Database, vault: Vault, *, trail: Trail) -> Iterator[Rotated]:
    """Seals every secret with the vault's newest key, and gives what each batch did.

    A batch is a transaction of its own, so it can be stopped and started again and goes on where
    it was. A row that somebody else holds is passed over; calling again takes it. One that no key
    opens, or that was sealed for another row, stays as it is.
    """
    for one in SEALED:
        after = 0
        while True:
            with database.transaction(one.role) as connection:
                rows = _next(connection, one, vault.key_id, after)
                if not rows:
                    break
                done = _seal_anew(connection, one, rows, vault, trail)
            yield done
            after = rows[-1].id


def _next(connection: Connection, one: Sealed, key_id: str, after: int) -> list[Row[Any]]:
    statement = (
        f"SELECT * FROM {one.table} WHERE key_id IS DISTINCT FROM :key_id AND id > :after"
        f" ORDER BY id LIMIT {BATCH} FOR UPDATE SKIP LOCKED"
    )
    return list(connection.execute(text(statement), {"key_id": key_id, "after": after}).all())


def _seal_anew(
    connection: Connection, one: Sealed, rows: list[Row[Any]], vault: Vault, trail: Trail
) -> Rotated:
    sealed: list[dict[str, Any]] = []
    faults: list[str] = []
    for row in rows:
        try:
            secret = vault.rotate(row._mapping[one.column], context=one.context(row))
        except SettingsError as error:
            faults.append(f"{one.table} {row.id}: {error}")
        else:
            sealed.append({"id": row.id, "secret": secret, "key_id": vault.key_id})
    if sealed:
        connection.execute(
            text(f"UPDATE {one.table} SET {one.column} = :secret, key_id = :key_id WHERE id = :id"),
            sealed,
        )
        # One event a batch: the text of a secret stays, only its seal is another.
        trail.record(
            connection,
            AuditAction.SECRET_ROTATED,
            one.table,
            user_id=None,
            changes={"key_id": {"old": None, "new": vault.key_id}, "rows": len(sealed)},
        )
    return Rotated(one.table, len(sealed), tuple(faults))
