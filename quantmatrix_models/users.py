"""Users: who they are, how they sign in, what they prefer, and where their messages go."""

import datetime as dt
import re
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from quantmatrix_engine.errors import SettingsError
from quantmatrix_engine.vocabulary import Channel, NotificationKind
from quantmatrix_models.base import Base, HasId
from quantmatrix_models.constraints import filled, in_percent, is_currency, not_negative, positive
from quantmatrix_models.privileges import ADD, CHANGE, DELETE, READ, Role, add, change, read
from quantmatrix_models.tenancy import OwnedByUser, OwnedByUserOrNobody
from quantmatrix_models.types import CreatedAt, Currency, Digest, Percentage, UtcTime, by_value

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


class TokenKind(StrEnum):
    """What a token is for: a browser, a phone, a program of the user's, or one step by e-mail."""

    SESSION = "session"
    MOBILE = "mobile"
    PERSONAL = "personal"
    EMAIL_VERIFICATION = "email_verification"
    PASSWORD_RESET = "password_reset"  # noqa: S105


class ThrottleScope(StrEnum):
    """Whose failed sign-ins are counted together."""

    ACCOUNT_AND_ADDRESS = "account_and_address"
    ACCOUNT = "account"
    ADDRESS = "address"


class OneForEachUser(OwnedByUser):
    """A row that belongs to one user, who has one at most: the owner is the key."""

    user_id: Mapped[int] = mapped_column(
        BigInteger,
        ForeignKey("users.id"),
        primary_key=True,
        sort_order=-1,
        comment="The user the row belongs to; one row a user.",
    )


class User(HasId, Base):
    """A person who runs strategies. `cohort` is the partition their rows are computed in.

    Users are deactivated, never deleted. Code that only turns `is_active` off leaves
    `deactivated_at` null.
    """

    __tablename__ = "users"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (READ,),
        Role.ADMIN: (READ, ADD, CHANGE),
        Role.AUTH: (
            read("id", "name", "email", "email_verified_at", "role", "is_active"),
            change("email_verified_at", "last_sign_in_at"),
        ),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        CheckConstraint(f"cohort >= 0 AND cohort < {COHORTS}", name="cohort_in_range"),
        CheckConstraint(f"name ~ '{NAME_PATTERN}'", name="name_is_plain"),
        CheckConstraint(
            r"email = lower(email) AND email ~ '^[^@\s]+@[^@\s]+$'", name="email_is_plain"
        ),
        CheckConstraint(
            "email_verified_at IS NULL OR email IS NOT NULL", name="verified_has_email"
        ),
        CheckConstraint("deactivated_at IS NULL OR NOT is_active", name="deactivated_not_active"),
    )

    name: Mapped[str] = mapped_column(
        String(64), unique=True, comment="Name the user is addressed by on the command line."
    )
    role: Mapped[UserRole] = mapped_column(
        by_value(UserRole, name="role"),
        server_default=UserRole.USER.value,
        comment="What the user may do.",
    )
    cohort: Mapped[int] = mapped_column(
        SmallInteger,
        server_default=text(f"(nextval('user_cohorts') % {COHORTS})::smallint"),
        comment="Partition the user's rows are computed in, 0 to 63.",
    )
    is_active: Mapped[bool] = mapped_column(
        server_default=text("true"), comment="Whether strategies run and signing in is allowed."
    )
    created_at: Mapped[CreatedAt]
    email: Mapped[str | None] = mapped_column(
        String(254), unique=True, comment="E-mail address in lower case; null: none is known."
    )
    email_verified_at: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) the user proved the address is theirs; null: not yet."
    )
    deactivated_at: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) the user was deactivated; null: active, or it was not written down."
    )
    last_sign_in_at: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) of the last sign-in; null: never."
    )


_EDIT_PREFERENCES = change(
    "time_zone", "currency", "quiet_from", "quiet_until", "muted_kinds", "changed_at"
)


class UserPreference(OneForEachUser, Base):
    """What a user prefers; a user without a row has the defaults.

    The quiet time may go over midnight: from 22:00 until 07:00 is nine hours.
    """

    __tablename__ = "user_preferences"
    __grants__: ClassVar = {
        Role.APP: (READ, ADD, _EDIT_PREFERENCES),
        Role.PIPELINE: (READ,),
        Role.ADMIN: (READ, ADD, _EDIT_PREFERENCES),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        CheckConstraint("time_zone ~ '^[A-Za-z][A-Za-z0-9_+/-]*$'", name="time_zone_is_plain"),
        is_currency(),
        CheckConstraint(
            "(quiet_from IS NULL) = (quiet_until IS NULL)", name="quiet_from_has_until"
        ),
        CheckConstraint("quiet_from <> quiet_until", name="quiet_time_not_empty"),
        CheckConstraint(
            f"muted_kinds <@ '{{{','.join(NotificationKind)}}}'::varchar[]",
            name="muted_kinds_are_known",
        ),
    )

    time_zone: Mapped[str] = mapped_column(
        String(64),
        server_default="America/New_York",
        comment="Time zone, IANA name; the user's times of the day are meant in it.",
    )
    currency: Mapped[Currency] = mapped_column(
        server_default="USD", comment="Currency (ISO 4217) the user's sums are shown in."
    )
    quiet_from: Mapped[dt.time | None] = mapped_column(
        comment="Time of the day in `time_zone` messages begin to wait; null: they never wait."
    )
    quiet_until: Mapped[dt.time | None] = mapped_column(
        comment="Time of the day in `time_zone` waiting messages go out; null with `quiet_from`."
    )
    changed_at: Mapped[CreatedAt] = mapped_column(
        comment="Moment (UTC) the preferences were last changed."
    )
    muted_kinds: Mapped[list[str]] = mapped_column(
        ARRAY(String(32)),
        server_default=text("'{}'"),
        comment="Kinds of message the user does not want; empty: all are wanted.",
    )


_LIMITS = ("max_position_pct", "max_sector_pct", "max_heat_pct", "max_positions")
_EDIT_LIMITS = change(*_LIMITS, "changed_at")


class RiskLimit(OneForEachUser, Base):
    """The most a user wants to have in one place; entries are cut to it. Without a row: no limits.

    Percentages are of all accounts that count in the user's totals.
    """

    __tablename__ = "risk_limits"
    __grants__: ClassVar = {
        Role.APP: (READ, add("user_id", *_LIMITS), _EDIT_LIMITS),
        Role.PIPELINE: (READ,),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        in_percent("max_position_pct", lowest="> 0"),
        in_percent("max_sector_pct", lowest="> 0"),
        in_percent("max_heat_pct", lowest="> 0"),
        positive("max_positions"),
    )

    max_position_pct: Mapped[Percentage | None] = mapped_column(
        comment="Most in one instrument, 0-100 of the accounts; null: not limited."
    )
    max_sector_pct: Mapped[Percentage | None] = mapped_column(
        comment="Most in one sector, 0-100 of the accounts; null: not limited."
    )
    max_heat_pct: Mapped[Percentage | None] = mapped_column(
        comment="Most that is lost if every stop is hit, 0-100; null: not limited."
    )
    max_positions: Mapped[int | None] = mapped_column(
        comment="Most instruments held at a time; null: not limited."
    )
    changed_at: Mapped[CreatedAt] = mapped_column(comment="Moment (UTC) of the last change.")


class PasswordCredential(OneForEachUser, Base):
    """The hash of a user's password; a user without a row signs in some other way."""

    __tablename__ = "password_credentials"
    __grants__: ClassVar = {
        Role.AUTH: (READ, ADD, change("password_hash", "changed_at", "must_change")),
    }
    __table_args__ = (
        CheckConstraint(
            "starts_with(password_hash, '$argon2id$')", name="password_hash_is_argon2id"
        ),
    )

    password_hash: Mapped[str] = mapped_column(
        Text, deferred=True, comment="Argon2id hash with its parameters and salt; a secret."
    )
    changed_at: Mapped[CreatedAt] = mapped_column(comment="Moment (UTC) the password was last set.")
    must_change: Mapped[bool] = mapped_column(
        server_default=text("false"), comment="Whether the next sign-in has to set another one."
    )


class OauthIdentity(HasId, OwnedByUser, Base):
    """An account at an identity provider that signs a user in.

    Issuer and subject are the identity. The address is what the provider said and never links an
    identity to a user.
    """

    __tablename__ = "oauth_identities"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.AUTH: (READ, ADD, change("email", "email_was_verified", "last_used_at"), DELETE),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        UniqueConstraint("issuer", "subject"),
        filled("issuer"),
        filled("subject"),
        CheckConstraint("NOT email_was_verified OR email IS NOT NULL", name="verified_has_email"),
    )

    issuer: Mapped[str] = mapped_column(
        Text, comment="Identity provider: the issuer (iss) of its tokens."
    )
    subject: Mapped[str] = mapped_column(
        Text, comment="The provider's permanent name (sub) for the person."
    )
    email: Mapped[str | None] = mapped_column(
        Text, comment="E-mail address as the provider said it; null: it said none."
    )
    email_was_verified: Mapped[bool] = mapped_column(
        server_default=text("false"), comment="Whether the provider said the address is verified."
    )
    linked_at: Mapped[CreatedAt] = mapped_column(
        comment="Moment (UTC) the identity was linked to the user."
    )
    last_used_at: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) it last signed the user in; null: never."
    )


_READ_ALL_BUT_DIGEST = read(
    "id",
    "user_id",
    "kind",
    "scopes",
    "label",
    "created_at",
    "authenticated_at",
    "seen_at",
    "idle_seconds",
    "expires_at",
    "revoked_at",
)


class AuthToken(HasId, OwnedByUser, Base):
    """A token that stands for a user until it expires or is revoked.

    The token itself is never stored, its SHA-256 digest is. A token that serves once is revoked
    when it was used.
    """

    __tablename__ = "auth_tokens"
    __grants__: ClassVar = {
        Role.APP: (_READ_ALL_BUT_DIGEST, change("revoked_at")),
        Role.ADMIN: (_READ_ALL_BUT_DIGEST, change("revoked_at")),
        Role.AUTH: (READ, ADD, change("authenticated_at", "seen_at", "revoked_at")),
        Role.SUPPORT: (_READ_ALL_BUT_DIGEST,),
    }
    __table_args__ = (
        CheckConstraint("octet_length(token_digest) = 32", name="token_digest_is_sha_256"),
        CheckConstraint("kind <> 'personal' OR label IS NOT NULL", name="personal_has_label"),
        filled("label"),
        positive("idle_seconds"),
        CheckConstraint("expires_at > created_at", name="expires_after_creation"),
        # The live tokens of a user.
        Index(
            "ix_auth_tokens_user_id_expires_at",
            "user_id",
            "expires_at",
            postgresql_where=text("revoked_at IS NULL"),
        ),
    )

    kind: Mapped[TokenKind] = mapped_column(
        by_value(TokenKind, name="kind"), comment="What the token is for."
    )
    token_digest: Mapped[Digest] = mapped_column(
        unique=True, deferred=True, comment="SHA-256 digest of the token; a secret."
    )
    scopes: Mapped[list[str]] = mapped_column(
        ARRAY(Text),
        server_default=text("'{}'"),
        comment="What a personal token may be used for; empty where nothing was singled out.",
    )
    label: Mapped[str | None] = mapped_column(
        String(100), comment="What the user calls it; null: unnamed, which a personal one never is."
    )
    created_at: Mapped[CreatedAt]
    authenticated_at: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) the user last proved who they are; null: not with this token."
    )
    seen_at: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) the token was last used; null: never."
    )
    idle_seconds: Mapped[int | None] = mapped_column(
        comment="Seconds without use after which it no longer serves; null: no such limit."
    )
    expires_at: Mapped[UtcTime] = mapped_column(
        comment="Moment (UTC) from which the token no longer serves."
    )
    revoked_at: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) it was revoked or used up; null: it was not."
    )


class SignInThrottle(Base):
    """The failed sign-ins of one account, one address, or the two together.

    Accounts and addresses are kept as digests: the names people mistype are often passwords.
    """

    __tablename__ = "sign_in_throttles"
    __grants__: ClassVar = {
        Role.AUTH: (READ, ADD, CHANGE, DELETE),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        CheckConstraint("octet_length(key_digest) = 32", name="key_digest_is_sha_256"),
        not_negative("failures"),
    )

    scope: Mapped[ThrottleScope] = mapped_column(
        by_value(ThrottleScope, name="scope"),
        primary_key=True,
        comment="What is counted: an account, an address, or an account from an address.",
    )
    key_digest: Mapped[Digest] = mapped_column(
        primary_key=True, comment="SHA-256 digest of the account, the address, or both."
    )
    failures: Mapped[int] = mapped_column(
        server_default=text("0"), comment="Failed sign-ins since the last that went well."
    )
    last_failed_at: Mapped[UtcTime] = mapped_column(
        comment="Moment (UTC) of the last failed sign-in."
    )
    blocked_until: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) until which sign-ins are refused; null: they are not."
    )


_READ_ALL_BUT_ADDRESS = read(
    "id",
    "user_id",
    "channel",
    "created_at",
    "disabled_at",
    "disabled_reason",
    "busy_until",
    "key_id",
    "label",
    "consecutive_failures",
)


class DiscordWebhook(HasId, OwnedByUserOrNobody, Base):
    """Where the messages of one channel are posted. The address is a secret and sealed.

    A row of nobody is the system's own webhook of its channel. A user replaces a webhook that was
    disabled by deleting it and adding another.
    """

    __tablename__ = "discord_webhooks"
    __grants__: ClassVar = {
        Role.APP: (
            _READ_ALL_BUT_ADDRESS,
            add("user_id", "channel", "sealed_url", "key_id", "label"),
            change("sealed_url", "key_id", "label"),
            DELETE,
        ),
        Role.PIPELINE: (
            READ,
            change("disabled_at", "disabled_reason", "busy_until", "consecutive_failures"),
        ),
        Role.ADMIN: (READ, ADD, CHANGE),
        Role.SUPPORT: (_READ_ALL_BUT_ADDRESS,),
    }
    __table_args__ = (
        UniqueConstraint("user_id", "channel", postgresql_nulls_not_distinct=True),
        CheckConstraint(
            "(disabled_at IS NULL) = (disabled_reason IS NULL)", name="disabled_with_reason"
        ),
        filled("label"),
        not_negative("consecutive_failures"),
    )

    channel: Mapped[Channel] = mapped_column(
        by_value(Channel, name="channel"), comment="Stream of messages that is posted here."
    )
    sealed_url: Mapped[str] = mapped_column(
        deferred=True, comment="Address, sealed with a key kept outside the database; a secret."
    )
    created_at: Mapped[CreatedAt]
    disabled_at: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) the webhook was found to be gone; null: it is in use."
    )
    disabled_reason: Mapped[str | None] = mapped_column(
        comment="Why nothing is posted here any more; null with `disabled_at`."
    )
    busy_until: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) Discord asked us to wait for; null: it never did."
    )
    key_id: Mapped[str | None] = mapped_column(
        String(16),
        comment="Vault key the address is sealed with; null: sealed before keys had ids.",
    )
    label: Mapped[str | None] = mapped_column(
        String(100), comment="What the owner calls it; null: unnamed."
    )
    consecutive_failures: Mapped[int] = mapped_column(
        server_default=text("0"), comment="Messages that failed since the last one that arrived."
    )

    @staticmethod
    def seal_context(user_id: int | None, channel: Channel) -> str:
        """Gives the context the address is sealed for; `user_id` None is the system."""
        owner = "system" if user_id is None else user_id
        return f"discord_webhooks/{owner}/{channel.value}"
