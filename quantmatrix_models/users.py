"""Users: who gets signals, and where their messages go."""

import re
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import CheckConstraint, SmallInteger, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from quantmatrix_engine.errors import SettingsError
from quantmatrix_engine.vocabulary import Channel
from quantmatrix_models.base import Base, HasId
from quantmatrix_models.privileges import ADD, CHANGE, READ, Role, change, read
from quantmatrix_models.tenancy import OwnedByUser
from quantmatrix_models.types import CreatedAt, UtcTime, by_value

COHORTS = 64
"""How many partitions the users share; fixed, since partition keys are made from it."""


NAME_PATTERN = "^[a-z0-9][a-z0-9_-]{0,63}$"


def check_name(name: str) -> None:
    """Raises SettingsError where `name` cannot be a user's name."""
    if not re.fullmatch(NAME_PATTERN, name):
        raise SettingsError(
            f"A user cannot be called {name!r}: a name is 1 to 64 lower-case letters, digits, "
            "- and _, and begins with a letter or digit."
        )


class UserRole(StrEnum):
    """What a user may do."""

    ADMIN = "admin"
    USER = "user"
    READ_ONLY = "read_only"


class User(HasId, Base):
    """A person who runs strategies. `cohort` is the partition their rows are computed in."""

    __tablename__ = "users"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (READ,),
        Role.ADMIN: (READ, ADD, CHANGE),
    }
    __table_args__ = (
        CheckConstraint(f"cohort >= 0 AND cohort < {COHORTS}", name="cohort_in_range"),
        CheckConstraint(f"name ~ '{NAME_PATTERN}'", name="name_is_plain"),
    )

    name: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[UserRole] = mapped_column(
        by_value(UserRole, name="role"), server_default=UserRole.USER.value
    )
    cohort: Mapped[int] = mapped_column(
        SmallInteger, server_default=text(f"(nextval('user_cohorts') % {COHORTS})::smallint")
    )
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[CreatedAt]


class DiscordWebhook(HasId, OwnedByUser, Base):
    """Where a user's messages of one channel are posted. The address is a secret and sealed."""

    __tablename__ = "discord_webhooks"
    __grants__: ClassVar = {
        Role.APP: (
            read(
                "id",
                "user_id",
                "channel",
                "created_at",
                "disabled_at",
                "disabled_reason",
                "busy_until",
            ),
        ),
        Role.PIPELINE: (READ, change("disabled_at", "disabled_reason", "busy_until")),
        Role.ADMIN: (READ, ADD, CHANGE),
    }
    __table_args__ = (
        UniqueConstraint("user_id", "channel"),
        CheckConstraint(
            "(disabled_at IS NULL) = (disabled_reason IS NULL)", name="disabled_with_reason"
        ),
    )

    channel: Mapped[Channel] = mapped_column(by_value(Channel, name="channel"))
    sealed_url: Mapped[str] = mapped_column(deferred=True)
    created_at: Mapped[CreatedAt]
    disabled_at: Mapped[UtcTime | None]
    disabled_reason: Mapped[str | None]
    busy_until: Mapped[UtcTime | None]

    @staticmethod
    def seal_context(user_id: int, channel: Channel) -> str:
        """Gives the context the address is sealed for."""
        return f"discord_webhooks/{user_id}/{channel.value}"
