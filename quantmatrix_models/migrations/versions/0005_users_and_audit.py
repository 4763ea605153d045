"""Preferences, sign-in, webhooks of the system, and the audit trail."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from quantmatrix_models.migrations.data import past_row_security
from quantmatrix_models.migrations.statements import statements

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


_RULES = (
    "ALTER TABLE users ADD CONSTRAINT ck_users_deactivated_not_active CHECK (deactivated_at "
    "IS NULL OR NOT is_active)",
    "ALTER TABLE users ADD CONSTRAINT ck_users_email_is_plain CHECK (email = lower(email) AND "
    "email ~ '^[^@\\s]+@[^@\\s]+$')",
    "ALTER TABLE users ADD CONSTRAINT ck_users_verified_has_email CHECK (email_verified_at IS "
    "NULL OR email IS NOT NULL)",
    "ALTER TABLE discord_webhooks ADD CONSTRAINT "
    "ck_discord_webhooks_consecutive_failures_not_negative CHECK (consecutive_failures >= 0)",
    "ALTER TABLE discord_webhooks ADD CONSTRAINT ck_discord_webhooks_label_filled CHECK "
    "(btrim(label) <> '')",
)
_RIGHTS_BEFORE = (
    "REVOKE SELECT (id, user_id, channel, created_at, disabled_at, disabled_reason, "
    "busy_until, key_id, label, consecutive_failures) ON discord_webhooks FROM "
    "quantmatrix_support",
    "REVOKE UPDATE (disabled_at, disabled_reason, busy_until, consecutive_failures) ON "
    "discord_webhooks FROM quantmatrix_pipeline",
    "REVOKE DELETE ON discord_webhooks FROM quantmatrix_app",
    "REVOKE UPDATE (sealed_url, key_id, label) ON discord_webhooks FROM quantmatrix_app",
    "REVOKE INSERT (user_id, channel, sealed_url, key_id, label) ON discord_webhooks FROM "
    "quantmatrix_app",
    "REVOKE SELECT (id, user_id, channel, created_at, disabled_at, disabled_reason, "
    "busy_until, key_id, label, consecutive_failures) ON discord_webhooks FROM "
    "quantmatrix_app",
    "REVOKE SELECT ON users FROM quantmatrix_support",
    "REVOKE UPDATE (email_verified_at, last_sign_in_at) ON users FROM quantmatrix_auth",
    "REVOKE SELECT (id, name, email, email_verified_at, role, is_active) ON users FROM "
    "quantmatrix_auth",
    "ALTER POLICY all_rows ON users TO quantmatrix_admin, quantmatrix_pipeline",
    "ALTER POLICY all_rows ON discord_webhooks TO quantmatrix_admin, quantmatrix_pipeline",
    "GRANT SELECT (busy_until, channel, created_at, disabled_at, disabled_reason, id, "
    "user_id) ON discord_webhooks TO quantmatrix_app",
    "GRANT UPDATE (busy_until, disabled_at, disabled_reason) ON discord_webhooks TO "
    "quantmatrix_pipeline",
)
_RULES_DROPPED = (
    "ALTER TABLE users DROP CONSTRAINT ck_users_deactivated_not_active",
    "ALTER TABLE users DROP CONSTRAINT ck_users_email_is_plain",
    "ALTER TABLE users DROP CONSTRAINT ck_users_verified_has_email",
    "ALTER TABLE discord_webhooks DROP CONSTRAINT "
    "ck_discord_webhooks_consecutive_failures_not_negative",
    "ALTER TABLE discord_webhooks DROP CONSTRAINT ck_discord_webhooks_label_filled",
)


def upgrade() -> None:
    _create_tables()
    for statement in _RULES:
        op.execute(statement)
    op.execute(statements("0005_triggers.sql"))
    op.execute(statements("0005_after_tables.sql"))


def downgrade() -> None:
    for statement in _RIGHTS_BEFORE:
        op.execute(statement)
    for statement in _RULES_DROPPED:
        op.execute(statement)
    with past_row_security("discord_webhooks"):
        # The older schema has no webhooks of the system.
        op.execute("DELETE FROM discord_webhooks WHERE user_id IS NULL")
    _drop_tables()
    op.execute("DROP FUNCTION refuse_to_change()")
    op.execute("DROP FUNCTION refuse_to_revive()")


def _create_tables() -> None:
    op.create_table(
        "sign_in_throttles",
        sa.Column(
            "scope",
            sa.Enum(
                "account_and_address",
                "account",
                "address",
                name="scope",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="What is counted: an account, an address, or an account from an address.",
        ),
        sa.Column(
            "key_digest",
            sa.LargeBinary(length=32),
            nullable=False,
            comment="SHA-256 digest of the account, the address, or both.",
        ),
        sa.Column(
            "failures",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Failed sign-ins since the last that went well.",
        ),
        sa.Column(
            "last_failed_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Moment (UTC) of the last failed sign-in.",
        ),
        sa.Column(
            "blocked_until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Moment (UTC) until which sign-ins are refused; null: they are not.",
        ),
        sa.CheckConstraint(
            "failures >= 0", name=op.f("ck_sign_in_throttles_failures_not_negative")
        ),
        sa.CheckConstraint(
            "octet_length(key_digest) = 32", name=op.f("ck_sign_in_throttles_key_digest_is_sha_256")
        ),
        sa.PrimaryKeyConstraint("scope", "key_digest", name=op.f("pk_sign_in_throttles")),
        comment="The failed sign-ins of one account, one address, or the two together.",
    )
    op.create_table(
        "audit_events",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="Key, handed out by the database and never reused.",
        ),
        sa.Column(
            "user_id",
            sa.BigInteger(),
            nullable=True,
            comment="The user the row belongs to; null: the system's own.",
        ),
        sa.Column(
            "seq",
            sa.BigInteger(),
            nullable=False,
            comment="Place in the chain of the same user; the first is 1, without gaps.",
        ),
        sa.Column(
            "at", sa.DateTime(timezone=True), nullable=False, comment="Moment (UTC) it was done."
        ),
        sa.Column(
            "actor_id",
            sa.BigInteger(),
            nullable=True,
            comment="The user who did it; null: the system, or somebody not known.",
        ),
        sa.Column(
            "actor",
            sa.String(length=64),
            nullable=False,
            comment="Name of the user or of the process, as it was then.",
        ),
        sa.Column(
            "action",
            sa.Enum(
                "created",
                "changed",
                "deleted",
                "signed_in",
                "sign_in_refused",
                "signed_out",
                "token_issued",
                "token_revoked",
                "secret_opened",
                "secret_rotated",
                "viewed",
                "imported",
                "exported",
                name="action",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="What was done.",
        ),
        sa.Column("entity", sa.String(length=63), nullable=False, comment="Table it was done to."),
        sa.Column(
            "entity_id",
            sa.String(length=64),
            nullable=True,
            comment="Key of the row it was done to; null: no single row.",
        ),
        sa.Column(
            "changes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="Old and new values by column; a secret is written as [secret].",
        ),
        sa.Column(
            "request_id",
            sa.String(length=64),
            nullable=True,
            comment="Request or run it was part of; null: none.",
        ),
        sa.Column(
            "address",
            postgresql.INET(),
            nullable=True,
            comment="Network address it was asked from; null: from none.",
        ),
        sa.Column(
            "key_id",
            sa.String(length=16),
            nullable=False,
            comment="Id of the audit key the hash is made with.",
        ),
        sa.Column(
            "previous_hash",
            sa.LargeBinary(length=32),
            nullable=True,
            comment="Hash of the event before it in the chain; null for the first.",
        ),
        sa.Column(
            "hash",
            sa.LargeBinary(length=32),
            nullable=False,
            comment="HMAC-SHA256 over the other columns but the id, with the audit key.",
        ),
        sa.CheckConstraint("btrim(actor) <> ''", name=op.f("ck_audit_events_actor_filled")),
        sa.CheckConstraint(
            "entity ~ '^[a-z][a-z0-9_]*$'", name=op.f("ck_audit_events_entity_is_plain")
        ),
        sa.CheckConstraint(
            "jsonb_typeof(changes) = 'object'", name=op.f("ck_audit_events_changes_are_an_object")
        ),
        sa.CheckConstraint(
            "(seq = 1) = (previous_hash IS NULL)",
            name=op.f("ck_audit_events_first_follows_nothing"),
        ),
        sa.CheckConstraint(
            "octet_length(hash) = 32 AND octet_length(previous_hash) = 32",
            name=op.f("ck_audit_events_hashes_are_sha_256"),
        ),
        sa.CheckConstraint("seq >= 1", name=op.f("ck_audit_events_seq_from_1")),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["users.id"], name=op.f("fk_audit_events_actor_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_audit_events_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_events")),
        sa.UniqueConstraint(
            "user_id",
            "previous_hash",
            name=op.f("uq_audit_events_user_id_previous_hash"),
            postgresql_nulls_not_distinct=True,
        ),
        sa.UniqueConstraint(
            "user_id",
            "seq",
            name=op.f("uq_audit_events_user_id_seq"),
            postgresql_nulls_not_distinct=True,
        ),
        comment="One thing somebody did, in the chain of the user it was done to. Never changed or deleted.",
    )
    op.create_table(
        "auth_tokens",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="Key, handed out by the database and never reused.",
        ),
        sa.Column(
            "user_id", sa.BigInteger(), nullable=False, comment="The user the row belongs to."
        ),
        sa.Column(
            "kind",
            sa.Enum(
                "session",
                "mobile",
                "personal",
                "email_verification",
                "password_reset",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="What the token is for.",
        ),
        sa.Column(
            "token_digest",
            sa.LargeBinary(length=32),
            nullable=False,
            comment="SHA-256 digest of the token; a secret.",
        ),
        sa.Column(
            "scopes",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="What a personal token may be used for; empty where nothing was singled out.",
        ),
        sa.Column(
            "label",
            sa.String(length=100),
            nullable=True,
            comment="What the user calls it; null: unnamed, which a personal one never is.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="Moment (UTC) the row was written.",
        ),
        sa.Column(
            "authenticated_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Moment (UTC) the user last proved who they are; null: not with this token.",
        ),
        sa.Column(
            "seen_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Moment (UTC) the token was last used; null: never.",
        ),
        sa.Column(
            "idle_seconds",
            sa.Integer(),
            nullable=True,
            comment="Seconds without use after which it no longer serves; null: no such limit.",
        ),
        sa.Column(
            "expires_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Moment (UTC) from which the token no longer serves.",
        ),
        sa.Column(
            "revoked_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Moment (UTC) it was revoked or used up; null: it was not.",
        ),
        sa.CheckConstraint("btrim(label) <> ''", name=op.f("ck_auth_tokens_label_filled")),
        sa.CheckConstraint(
            "kind <> 'personal' OR label IS NOT NULL",
            name=op.f("ck_auth_tokens_personal_has_label"),
        ),
        sa.CheckConstraint(
            "expires_at > created_at", name=op.f("ck_auth_tokens_expires_after_creation")
        ),
        sa.CheckConstraint("idle_seconds > 0", name=op.f("ck_auth_tokens_idle_seconds_positive")),
        sa.CheckConstraint(
            "octet_length(token_digest) = 32", name=op.f("ck_auth_tokens_token_digest_is_sha_256")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_auth_tokens_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_auth_tokens")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_auth_tokens_token_digest")),
        comment="A token that stands for a user until it expires or is revoked.",
    )
    op.create_index(
        "ix_auth_tokens_user_id_expires_at",
        "auth_tokens",
        ["user_id", "expires_at"],
        unique=False,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_table(
        "oauth_identities",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="Key, handed out by the database and never reused.",
        ),
        sa.Column(
            "user_id", sa.BigInteger(), nullable=False, comment="The user the row belongs to."
        ),
        sa.Column(
            "issuer",
            sa.Text(),
            nullable=False,
            comment="Identity provider: the issuer (iss) of its tokens.",
        ),
        sa.Column(
            "subject",
            sa.Text(),
            nullable=False,
            comment="The provider's permanent name (sub) for the person.",
        ),
        sa.Column(
            "email",
            sa.Text(),
            nullable=True,
            comment="E-mail address as the provider said it; null: it said none.",
        ),
        sa.Column(
            "email_was_verified",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="Whether the provider said the address is verified.",
        ),
        sa.Column(
            "linked_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="Moment (UTC) the identity was linked to the user.",
        ),
        sa.Column(
            "last_used_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Moment (UTC) it last signed the user in; null: never.",
        ),
        sa.CheckConstraint("btrim(issuer) <> ''", name=op.f("ck_oauth_identities_issuer_filled")),
        sa.CheckConstraint("btrim(subject) <> ''", name=op.f("ck_oauth_identities_subject_filled")),
        sa.CheckConstraint(
            "NOT email_was_verified OR email IS NOT NULL",
            name=op.f("ck_oauth_identities_verified_has_email"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_oauth_identities_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_oauth_identities")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_oauth_identities_issuer_subject")),
        comment="An account at an identity provider that signs a user in.",
    )
    op.create_table(
        "password_credentials",
        sa.Column(
            "user_id",
            sa.BigInteger(),
            nullable=False,
            comment="The user the row belongs to; one row a user.",
        ),
        sa.Column(
            "password_hash",
            sa.Text(),
            nullable=False,
            comment="Argon2id hash with its parameters and salt; a secret.",
        ),
        sa.Column(
            "changed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="Moment (UTC) the password was last set.",
        ),
        sa.Column(
            "must_change",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="Whether the next sign-in has to set another one.",
        ),
        sa.CheckConstraint(
            "starts_with(password_hash, '$argon2id$')",
            name=op.f("ck_password_credentials_password_hash_is_argon2id"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_password_credentials_user_id_users")
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_password_credentials")),
        comment="The hash of a user's password; a user without a row signs in some other way.",
    )
    op.create_table(
        "user_preferences",
        sa.Column(
            "user_id",
            sa.BigInteger(),
            nullable=False,
            comment="The user the row belongs to; one row a user.",
        ),
        sa.Column(
            "time_zone",
            sa.String(length=64),
            server_default="America/New_York",
            nullable=False,
            comment="Time zone, IANA name; the user's times of the day are meant in it.",
        ),
        sa.Column(
            "currency",
            sa.String(length=3),
            server_default="USD",
            nullable=False,
            comment="Currency (ISO 4217) the user's sums are shown in.",
        ),
        sa.Column(
            "quiet_from",
            sa.Time(),
            nullable=True,
            comment="Time of the day in `time_zone` messages begin to wait; null: they never wait.",
        ),
        sa.Column(
            "quiet_until",
            sa.Time(),
            nullable=True,
            comment="Time of the day in `time_zone` waiting messages go out; null with `quiet_from`.",
        ),
        sa.Column(
            "changed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="Moment (UTC) the preferences were last changed.",
        ),
        sa.CheckConstraint(
            "currency ~ '^[A-Z]{3}$'", name=op.f("ck_user_preferences_currency_is_iso_4217")
        ),
        sa.CheckConstraint(
            "time_zone ~ '^[A-Za-z][A-Za-z0-9_+/-]*$'",
            name=op.f("ck_user_preferences_time_zone_is_plain"),
        ),
        sa.CheckConstraint(
            "(quiet_from IS NULL) = (quiet_until IS NULL)",
            name=op.f("ck_user_preferences_quiet_from_has_until"),
        ),
        sa.CheckConstraint(
            "quiet_from <> quiet_until", name=op.f("ck_user_preferences_quiet_time_not_empty")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_user_preferences_user_id_users")
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_user_preferences")),
        comment="What a user prefers; a user without a row has the defaults.",
    )
    op.add_column(
        "discord_webhooks",
        sa.Column(
            "key_id",
            sa.String(length=16),
            nullable=True,
            comment="Vault key the address is sealed with; null: sealed before keys had ids.",
        ),
    )
    op.add_column(
        "discord_webhooks",
        sa.Column(
            "label",
            sa.String(length=100),
            nullable=True,
            comment="What the owner calls it; null: unnamed.",
        ),
    )
    op.add_column(
        "discord_webhooks",
        sa.Column(
            "consecutive_failures",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Messages that failed since the last one that arrived.",
        ),
    )
    op.alter_column(
        "discord_webhooks",
        "user_id",
        existing_type=sa.BIGINT(),
        nullable=True,
        existing_comment="The user the row belongs to.",
    )
    op.drop_constraint(
        op.f("uq_discord_webhooks_user_id_channel"), "discord_webhooks", type_="unique"
    )
    op.create_unique_constraint(
        op.f("uq_discord_webhooks_user_id_channel"),
        "discord_webhooks",
        ["user_id", "channel"],
        postgresql_nulls_not_distinct=True,
    )
    op.add_column(
        "users",
        sa.Column(
            "email",
            sa.String(length=254),
            nullable=True,
            comment="E-mail address in lower case; null: none is known.",
        ),
    )
    op.add_column(
        "users",
        sa.Column(
            "email_verified_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Moment (UTC) the user proved the address is theirs; null: not yet.",
        ),
    )
    op.add_column(
        "users",
        sa.Column(
            "deactivated_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Moment (UTC) the user was deactivated; null: active, or it was not written down.",
        ),
    )
    op.add_column(
        "users",
        sa.Column(
            "last_sign_in_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Moment (UTC) of the last sign-in; null: never.",
        ),
    )
    op.create_unique_constraint(op.f("uq_users_email"), "users", ["email"])


def _drop_tables() -> None:
    op.drop_constraint(op.f("uq_users_email"), "users", type_="unique")
    op.drop_column("users", "last_sign_in_at")
    op.drop_column("users", "deactivated_at")
    op.drop_column("users", "email_verified_at")
    op.drop_column("users", "email")
    op.drop_constraint(
        op.f("uq_discord_webhooks_user_id_channel"), "discord_webhooks", type_="unique"
    )
    op.create_unique_constraint(
        op.f("uq_discord_webhooks_user_id_channel"),
        "discord_webhooks",
        ["user_id", "channel"],
        postgresql_nulls_not_distinct=False,
    )
    op.alter_column(
        "discord_webhooks",
        "user_id",
        existing_type=sa.BIGINT(),
        nullable=False,
        existing_comment="The user the row belongs to; null: the system's own.",
    )
    op.drop_column("discord_webhooks", "consecutive_failures")
    op.drop_column("discord_webhooks", "label")
    op.drop_column("discord_webhooks", "key_id")
    op.drop_table("user_preferences")
    op.drop_table("password_credentials")
    op.drop_table("oauth_identities")
    op.drop_index(
        "ix_auth_tokens_user_id_expires_at",
        table_name="auth_tokens",
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.drop_table("auth_tokens")
    op.drop_table("audit_events")
    op.drop_table("sign_in_throttles")
