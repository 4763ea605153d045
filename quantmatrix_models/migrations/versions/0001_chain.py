"""The chain: users, instruments, market data, strategies, signals, notifications."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import postgresql

from quantmatrix_models.migrations.statements import statements

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(statements("0001_before_tables.sql"))
    _create_tables()
    op.execute(statements("0001_after_tables.sql"))


def downgrade() -> None:
    _drop_tables()
    # The roles stay: they belong to the server, and another database of it may use them.
    op.execute("DROP FUNCTION app_user_id()")
    op.execute("DROP SEQUENCE user_cohorts")
    op.execute("DROP TYPE text_range")
    op.execute(
        "REVOKE USAGE ON SCHEMA public "
        "FROM quantmatrix_app, quantmatrix_pipeline, quantmatrix_admin"
    )


def _create_tables() -> None:
    op.create_table(
        "findings",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column("symbol", sa.String(), nullable=True),
        sa.Column("session", sa.Date(), nullable=True),
        sa.Column(
            "rule",
            sa.Enum(
                "missing_column",
                "unreadable_file",
                "not_a_number",
                "not_a_date",
                "mixed_time_zone",
                "missing_symbol",
                "null_price",
                "nonpositive_price",
                "null_volume",
                "negative_volume",
                "high_below_low",
                "open_outside_range",
                "close_outside_range",
                "duplicate_key",
                "not_a_session",
                "unknown_symbol",
                name="rule",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("column", sa.String(), nullable=True),
        sa.Column("value", sa.String(), nullable=True),
        sa.Column("expected", sa.String(), nullable=False),
        sa.Column(
            "severity",
            sa.Enum(
                "info",
                "warning",
                "error",
                name="severity",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("source_row", sa.BigInteger(), nullable=True),
        sa.Column("row", postgresql.JSONB(astext_type=Text()), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "open",
                "released",
                "rejected",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default=sa.text("'open'"),
            nullable=False,
        ),
        sa.Column(
            "found_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_findings")),
    )
    op.create_index("ix_findings_session_symbol", "findings", ["session", "symbol"], unique=False)
    op.create_index(
        "uq_findings_identity",
        "findings",
        ["provider", "source", "source_row", "symbol", "session", "rule", "column"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "instruments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "stock",
                "etf",
                "index",
                "option",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("exchange", sa.String(length=4), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "currency ~ '^[A-Z]{3}$'", name=op.f("ck_instruments_currency_is_iso_4217")
        ),
        sa.CheckConstraint(
            "exchange ~ '^[A-Z0-9]{4}$'", name=op.f("ck_instruments_exchange_is_mic")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instruments")),
    )
    op.create_table(
        "provider_fetches",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("first_session", sa.Date(), nullable=False),
        sa.Column("last_session", sa.Date(), nullable=False),
        sa.Column("bars", sa.BigInteger(), nullable=False),
        sa.Column("new_bars", sa.BigInteger(), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dagster_run_id", sa.String(length=64), nullable=False),
        sa.CheckConstraint("bars >= 0 AND new_bars >= 0", name=op.f("ck_provider_fetches_counts")),
        sa.CheckConstraint(
            "last_session >= first_session", name=op.f("ck_provider_fetches_session_range")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_fetches")),
    )
    op.create_index(
        op.f("ix_provider_fetches_provider"), "provider_fetches", ["provider"], unique=False
    )
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "admin",
                "user",
                "read_only",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="user",
            nullable=False,
        ),
        sa.Column(
            "cohort",
            sa.SmallInteger(),
            server_default=sa.text("(nextval('user_cohorts') % 64)::smallint"),
            nullable=False,
        ),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "name ~ '^[a-z0-9][a-z0-9_-]{0,63}$'", name=op.f("ck_users_name_is_plain")
        ),
        sa.CheckConstraint("cohort >= 0 AND cohort < 64", name=op.f("ck_users_cohort_in_range")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("name", name=op.f("uq_users_name")),
    )
    op.create_table(
        "discord_webhooks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum(
                "signals",
                "alerts",
                "portfolio_digest",
                "morning_brew",
                "system_status",
                "playground",
                name="channel",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("sealed_url", sa.String(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_reason", sa.String(), nullable=True),
        sa.Column("busy_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(disabled_at IS NULL) = (disabled_reason IS NULL)",
            name=op.f("ck_discord_webhooks_disabled_with_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_discord_webhooks_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_discord_webhooks")),
        sa.UniqueConstraint("user_id", "channel", name=op.f("uq_discord_webhooks_user_id_channel")),
    )
    op.create_table(
        "instrument_symbols",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("instrument_id", sa.BigInteger(), nullable=False),
        sa.Column("symbol", sa.String(length=32), nullable=False),
        sa.Column("exchange", sa.String(length=4), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.text("text_range(symbol, symbol, '[]')"), "&&"),
            (sa.text("text_range(exchange, exchange, '[]')"), "&&"),
            (sa.text("daterange(valid_from, valid_to)"), "&&"),
            using="gist",
            name="ex_instrument_symbols_symbol_exchange_valid",
        ),
        sa.CheckConstraint("valid_to > valid_from", name=op.f("ck_instrument_symbols_valid_range")),
        sa.ForeignKeyConstraint(
            ["instrument_id"],
            ["instruments.id"],
            name=op.f("fk_instrument_symbols_instrument_id_instruments"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instrument_symbols")),
    )
    op.create_index(
        op.f("ix_instrument_symbols_instrument_id"),
        "instrument_symbols",
        ["instrument_id"],
        unique=False,
    )
    op.create_table(
        "notifications",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum(
                "signals",
                "alerts",
                "portfolio_digest",
                "morning_brew",
                "system_status",
                "playground",
                name="channel",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("session", sa.Date(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("message", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "pending",
                "leased",
                "sent",
                "printed",
                "suppressed",
                "failed",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("message_id", sa.String(length=32), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(status = 'leased') = (leased_until IS NOT NULL)",
            name=op.f("ck_notifications_leased_until"),
        ),
        sa.CheckConstraint(
            "(status = 'sent') = (message_id IS NOT NULL)",
            name=op.f("ck_notifications_sent_with_message"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('failed', 'suppressed') OR reason IS NOT NULL",
            name=op.f("ck_notifications_reason_given"),
        ),
        sa.CheckConstraint("attempts >= 0 AND part >= 1", name=op.f("ck_notifications_counts")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_notifications_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
        sa.UniqueConstraint(
            "user_id",
            "channel",
            "session",
            "part",
            name=op.f("uq_notifications_user_id_channel_session_part"),
        ),
        sa.UniqueConstraint("user_id", "id", name=op.f("uq_notifications_user_id_id")),
    )
    op.create_index(
        "ix_notifications_due",
        "notifications",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("status IN ('pending', 'leased')"),
    )
    op.create_table(
        "strategies",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("params", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("universe", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "changed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_strategies_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_strategies")),
        sa.UniqueConstraint("user_id", "id", name=op.f("uq_strategies_user_id_id")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_strategies_user_id_name")),
    )
    op.create_index(op.f("ix_strategies_kind"), "strategies", ["kind"], unique=False)
    op.create_table(
        "strategy_runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("strategy_id", sa.BigInteger(), nullable=False),
        sa.Column("session", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("kind_version", sa.Integer(), nullable=False),
        sa.Column("params", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("universe", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column("code_version", sa.String(length=64), nullable=False),
        sa.Column("inputs_known_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "succeeded",
                "failed",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("candidates", sa.Integer(), nullable=False),
        sa.Column("signals", sa.Integer(), nullable=False),
        sa.Column("withheld", sa.Integer(), nullable=False),
        sa.Column("evaluated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dagster_run_id", sa.String(length=64), nullable=True),
        sa.CheckConstraint(
            "(status = 'failed') = (error IS NOT NULL)",
            name=op.f("ck_strategy_runs_failed_with_error"),
        ),
        sa.CheckConstraint(
            "candidates >= 0 AND signals >= 0 AND withheld >= 0",
            name=op.f("ck_strategy_runs_counts"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "strategy_id"],
            ["strategies.user_id", "strategies.id"],
            name=op.f("fk_strategy_runs_user_id_strategy_id_strategies"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_strategy_runs_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_strategy_runs")),
        sa.UniqueConstraint("user_id", "id", name=op.f("uq_strategy_runs_user_id_id")),
    )
    op.create_index(
        "ix_strategy_runs_strategy_id_session",
        "strategy_runs",
        ["strategy_id", "session"],
        unique=False,
    )
    op.create_table(
        "signals",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("strategy_id", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("instrument_id", sa.BigInteger(), nullable=False),
        sa.Column("session", sa.Date(), nullable=False),
        sa.Column(
            "action",
            sa.Enum(
                "entry",
                "scale_out",
                "exit",
                name="action",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("level", sa.Numeric(precision=9, scale=4), nullable=True),
        sa.Column("strength", sa.Double(), nullable=False),
        sa.Column(
            "urgency",
            sa.Enum(
                "medium",
                "high",
                name="urgency",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("price", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("stop", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("target_1", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("target_2", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("target_3", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("risk_reward", sa.Double(), nullable=True),
        sa.Column("size_pct", sa.Numeric(precision=9, scale=4), nullable=False),
        sa.Column(
            "size_basis",
            sa.Enum(
                "account",
                "position",
                name="size_basis",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("trace", postgresql.JSONB(astext_type=Text()), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(action = 'scale_out') = (level IS NOT NULL)",
            name=op.f("ck_signals_level_of_scale_out"),
        ),
        sa.CheckConstraint(
            "action <> 'entry' OR stop IS NOT NULL", name=op.f("ck_signals_entry_has_stop")
        ),
        sa.CheckConstraint(
            "'NaN' NOT IN (price, level, target_1, target_2, target_3)",
            name=op.f("ck_signals_amounts_are_numbers"),
        ),
        sa.CheckConstraint(
            "abs(risk_reward) < 'Infinity'", name=op.f("ck_signals_risk_reward_is_finite")
        ),
        sa.CheckConstraint("price > 0", name=op.f("ck_signals_price_positive")),
        sa.CheckConstraint(
            "size_pct > 0 AND size_pct <= 100", name=op.f("ck_signals_size_in_range")
        ),
        sa.CheckConstraint("stop > 0 AND stop < price", name=op.f("ck_signals_stop_below_price")),
        sa.CheckConstraint(
            "strength >= 0 AND strength <= 1", name=op.f("ck_signals_strength_in_range")
        ),
        sa.CheckConstraint(
            "target_1 < target_2 AND target_2 < target_3", name=op.f("ck_signals_targets_ordered")
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name=op.f("fk_signals_instrument_id_instruments")
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "run_id"],
            ["strategy_runs.user_id", "strategy_runs.id"],
            name=op.f("fk_signals_user_id_run_id_strategy_runs"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "strategy_id"],
            ["strategies.user_id", "strategies.id"],
            name=op.f("fk_signals_user_id_strategy_id_strategies"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_signals_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signals")),
        sa.UniqueConstraint(
            "strategy_id",
            "session",
            "instrument_id",
            "action",
            "level",
            name=op.f("uq_signals_strategy_id_session_instrument_id_action_level"),
            postgresql_nulls_not_distinct=True,
        ),
        sa.UniqueConstraint("user_id", "id", name=op.f("uq_signals_user_id_id")),
    )
    op.create_index("ix_signals_user_id_session", "signals", ["user_id", "session"], unique=False)
    op.create_table(
        "withheld_signals",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("strategy_id", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("instrument_id", sa.BigInteger(), nullable=False),
        sa.Column("session", sa.Date(), nullable=False),
        sa.Column(
            "reason",
            sa.Enum(
                "no_bar",
                "quarantined_bar",
                "missing_indicator",
                name="reason",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("detail", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instrument_id"],
            ["instruments.id"],
            name=op.f("fk_withheld_signals_instrument_id_instruments"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "run_id"],
            ["strategy_runs.user_id", "strategy_runs.id"],
            name=op.f("fk_withheld_signals_user_id_run_id_strategy_runs"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "strategy_id"],
            ["strategies.user_id", "strategies.id"],
            name=op.f("fk_withheld_signals_user_id_strategy_id_strategies"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_withheld_signals_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_withheld_signals")),
        sa.UniqueConstraint(
            "strategy_id",
            "session",
            "instrument_id",
            name=op.f("uq_withheld_signals_strategy_id_session_instrument_id"),
        ),
    )
    op.create_table(
        "notification_signals",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("notification_id", sa.BigInteger(), nullable=False),
        sa.Column("signal_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum(
                "signals",
                "alerts",
                "portfolio_digest",
                "morning_brew",
                "system_status",
                "playground",
                name="channel",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "notification_id"],
            ["notifications.user_id", "notifications.id"],
            name=op.f("fk_notification_signals_user_id_notification_id_notifications"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "signal_id"],
            ["signals.user_id", "signals.id"],
            name=op.f("fk_notification_signals_user_id_signal_id_signals"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_notification_signals_user_id_users")
        ),
        sa.PrimaryKeyConstraint(
            "notification_id", "signal_id", name=op.f("pk_notification_signals")
        ),
        sa.UniqueConstraint(
            "signal_id", "channel", name=op.f("uq_notification_signals_signal_id_channel")
        ),
    )


def _drop_tables() -> None:
    op.drop_table("notification_signals")
    op.drop_table("withheld_signals")
    op.drop_index("ix_signals_user_id_session", table_name="signals")
    op.drop_table("signals")
    op.drop_index("ix_strategy_runs_strategy_id_session", table_name="strategy_runs")
    op.drop_table("strategy_runs")
    op.drop_index(op.f("ix_strategies_kind"), table_name="strategies")
    op.drop_table("strategies")
    op.drop_index(
        "ix_notifications_due",
        table_name="notifications",
        postgresql_where=sa.text("status IN ('pending', 'leased')"),
    )
    op.drop_table("notifications")
    op.drop_index(op.f("ix_instrument_symbols_instrument_id"), table_name="instrument_symbols")
    op.drop_table("instrument_symbols")
    op.drop_table("discord_webhooks")
    op.drop_table("users")
    op.drop_index(op.f("ix_provider_fetches_provider"), table_name="provider_fetches")
    op.drop_table("provider_fetches")
    op.drop_table("instruments")
    op.drop_index("uq_findings_identity", table_name="findings", postgresql_nulls_not_distinct=True)
    op.drop_index("ix_findings_session_symbol", table_name="findings")
    op.drop_table("findings")
