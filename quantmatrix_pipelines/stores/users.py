"""Users, their webhooks, and what is kept of each."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import text

from quantmatrix_engine.errors import SettingsError
from quantmatrix_engine.vocabulary import Channel
from quantmatrix_models.audit import AuditAction
from quantmatrix_models.database import Database
from quantmatrix_models.privileges import Role
from quantmatrix_models.secrets import Vault
from quantmatrix_models.users import DiscordWebhook, UserRole
from quantmatrix_pipelines.stores.trail import Trail, added


@dataclass(frozen=True)
class User:
    """A user as the command line shows one."""

    id: int
    name: str
    role: str
    cohort: int
    channels: tuple[str, ...]


def listed(database: Database) -> list[User]:
    """Gives every active user by name, with the channels that have a usable webhook."""
    with database.transaction(Role.ADMIN) as connection:
        rows = connection.execute(
            text(
                "SELECT u.id, u.name, u.role, u.cohort, coalesce(array_agg(w.channel ORDER BY"
                " w.channel) FILTER (WHERE w.id IS NOT NULL), '{}') AS channels FROM users u"
                " LEFT JOIN discord_webhooks w ON w.user_id = u.id AND w.disabled_at IS NULL"
                " WHERE u.is_active GROUP BY u.id ORDER BY u.name"
            )
        )
        return [User(row.id, row.name, row.role, row.cohort, tuple(row.channels)) for row in rows]


def named(database: Database, name: str) -> User:
    """Gives the user called `name`. Raises SettingsError listing those there are."""
    users = listed(database)
    for user in users:
        if user.name == name:
            return user
    known = ", ".join(user.name for user in users) or "none yet"
    raise SettingsError(f"No user is called {name!r}. There are: {known}.")


def add(
    database: Database, name: str, *, role: UserRole = UserRole.USER, trail: Trail
) -> int | None:
    """Adds a user and gives the id, or None where the name is taken."""
    with database.transaction(Role.ADMIN) as connection:
        user_id: int | None = connection.execute(
            # A row that is refused would have used up a cohort.
            text(
                "INSERT INTO users (name, role) SELECT CAST(:name AS varchar), :role"
                " WHERE NOT EXISTS (SELECT 1 FROM users WHERE name = :name)"
                " ON CONFLICT DO NOTHING RETURNING id"
            ),
            {"name": name, "role": role.value},
        ).scalar()
        if user_id is not None:
            changes = added(name=name, role=role.value)
            trail.record(
                connection,
                AuditAction.CREATED,
                "users",
                user_id=user_id,
                entity_id=user_id,
                changes=changes,
            )
    return user_id


def set_webhook(
    database: Database, vault: Vault, *, user_id: int, channel: Channel, url: str, trail: Trail
) -> None:
    """Sets where a user's messages of a channel go; the address is sealed, and usable at once."""
    sealed = vault.seal(url, context=DiscordWebhook.seal_context(user_id, channel))
    with database.transaction(Role.ADMIN) as connection:
        kept = connection.execute(
            text(
                "INSERT INTO discord_webhooks AS w (user_id, channel, sealed_url, key_id)"
                " VALUES (:user_id, :channel, :sealed, :key_id)"
                " ON CONFLICT (user_id, channel) DO UPDATE SET sealed_url = excluded.sealed_url,"
                " key_id = excluded.key_id, disabled_at = NULL, disabled_reason = NULL,"
                " busy_until = NULL, consecutive_failures = 0"
                # A row that was there has been locked by us; one that was not has no xmax.
                " RETURNING w.id, w.xmax <> 0 AS was_there"
            ),
            {
                "user_id": user_id,
                "channel": channel.value,
                "sealed": sealed,
                "key_id": vault.key_id,
            },
        ).one()
        trail.record(
            connection,
            AuditAction.CHANGED if kept.was_there else AuditAction.CREATED,
            "discord_webhooks",
            user_id=user_id,
            entity_id=kept.id,
            changes=added(channel=channel.value, sealed_url=sealed),
        )


def webhook(database: Database, vault: Vault, *, user_id: int, channel: Channel) -> str | None:
    """Gives the address a user's messages of a channel go to, or None where there is none."""
    with database.transaction(Role.PIPELINE) as connection:
        sealed = connection.execute(
            text(
                "SELECT sealed_url FROM discord_webhooks"
                " WHERE user_id = :user_id AND channel = :channel"
            ),
            {"user_id": user_id, "channel": channel.value},
        ).scalar()
    context = DiscordWebhook.seal_context(user_id, channel)
    return None if sealed is None else vault.open(sealed, context=context)


def disable_webhook(
    database: Database,
    *,
    user_id: int,
    channel: Channel,
    at: dt.datetime,
    reason: str,
    trail: Trail,
) -> None:
    """Marks a webhook as gone; nothing is posted to it until it is set again."""
    with database.transaction(Role.PIPELINE) as connection:
        webhook_id = connection.execute(
            text(
                "UPDATE discord_webhooks SET disabled_at = :at, disabled_reason = :reason"
                " WHERE user_id = :user_id AND channel = :channel RETURNING id"
            ),
            {"user_id": user_id, "channel": channel.value, "at": at, "reason": reason},
        ).scalar()
        if webhook_id is not None:
            changes = added(disabled_at=at, disabled_reason=reason)
            trail.record(
                connection,
                AuditAction.CHANGED,
                "discord_webhooks",
                user_id=user_id,
                entity_id=webhook_id,
                changes=changes,
            )


def pause_webhook(
    database: Database, *, user_id: int, channel: Channel, until: dt.datetime
) -> None:
    """Keeps everybody from a webhook until the moment it asked us to wait for."""
    with database.transaction(Role.PIPELINE) as connection:
        connection.execute(
            text(
                "UPDATE discord_webhooks SET busy_until = :until"
                " WHERE user_id = :user_id AND channel = :channel"
            ),
            {"user_id": user_id, "channel": channel.value, "until": until},
        )
