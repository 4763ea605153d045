"""What rows of V1 hold and no table could: media of alerts, account measures, chosen lots, imports."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from quantmatrix_models.migrations.statements import statements

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


_RULES = (
    "ALTER TABLE alert_rules ADD CONSTRAINT ck_alert_rules_groups_are_numbered CHECK (NOT "
    "jsonb_path_exists(conditions, '$[*].group ? (@.type() <> \"number\" || @ < 1)'))",
    "ALTER TABLE alert_rules ADD CONSTRAINT ck_alert_rules_max_triggers_positive CHECK "
    "(max_triggers > 0)",
    "ALTER TABLE alert_rules ADD CONSTRAINT ck_alert_rules_media_are_known CHECK (media <@ "
    "'{discord,email,app}'::varchar[])",
    "ALTER TABLE user_preferences ADD CONSTRAINT ck_user_preferences_muted_kinds_are_known "
    "CHECK (muted_kinds <@ "
    "'{signals,alert,portfolio_digest,morning_brew,backtest_result,rebalancing,margin_call,system_status,test}'::varchar[])",
    "ALTER TABLE alert_triggers ADD CONSTRAINT ck_alert_triggers_told_on_are_known CHECK "
    "(told_on <@ '{discord,email,app}'::varchar[])",
    "ALTER TABLE capital_allocations DROP CONSTRAINT ck_capital_allocations_amounts_are_numbers",
    "ALTER TABLE capital_allocations ADD CONSTRAINT "
    "ck_capital_allocations_amounts_are_numbers CHECK ('NaN' NOT IN (allocated_amount, "
    "allocation_pct, position_size_pct, max_risk_per_trade_pct, max_portfolio_risk_pct, "
    "reinvest_pct, profit_target_pct, stop_loss_pct, min_amount, max_amount, target_amount, "
    "scale_up_pct, scale_down_pct, scale_factor))",
    "ALTER TABLE capital_allocations ADD CONSTRAINT "
    "ck_capital_allocations_scale_factor_positive CHECK (scale_factor > 0)",
    "ALTER TABLE orders DROP CONSTRAINT ck_orders_finished_when",
    "ALTER TABLE orders ADD CONSTRAINT ck_orders_finished_when CHECK (status IN ('filled', "
    "'cancelled', 'rejected', 'expired') OR finished_at IS NULL)",
    "ALTER TABLE orders DROP CONSTRAINT ck_orders_kind",
    "ALTER TABLE orders ADD CONSTRAINT ck_orders_kind CHECK (kind IN ('market', 'limit', "
    "'stop', 'stop_limit', 'market_on_close', 'unknown'))",
    "ALTER TABLE orders DROP CONSTRAINT ck_orders_limit_of_kind",
    "ALTER TABLE orders ADD CONSTRAINT ck_orders_limit_of_kind CHECK (kind = 'unknown' OR "
    "(kind IN ('limit', 'stop_limit')) = (limit_price IS NOT NULL))",
    "ALTER TABLE orders ADD CONSTRAINT ck_orders_ours_is_known CHECK (client_order_id IS NULL "
    "OR (kind <> 'unknown' AND (finished_at IS NOT NULL OR status NOT IN ('filled', "
    "'cancelled', 'rejected', 'expired'))))",
    "ALTER TABLE orders DROP CONSTRAINT ck_orders_stop_of_kind",
    "ALTER TABLE orders ADD CONSTRAINT ck_orders_stop_of_kind CHECK (kind = 'unknown' OR "
    "(kind IN ('stop', 'stop_limit')) = (stop_price IS NOT NULL))",
)
_RIGHTS_BEFORE = (
    "REVOKE UPDATE (allocated_amount, allocation_pct, position_size_pct, max_positions, "
    "max_risk_per_trade_pct, max_portfolio_risk_pct, reinvest_pct, profit_target_pct, "
    "stop_loss_pct, min_amount, max_amount, is_active, valid_from, valid_to, target_amount, "
    "scale_up_pct, scale_down_pct, next_rebalance_at, scale_factor, scales_up, scales_down, "
    "changed_at) ON capital_allocations FROM quantmatrix_app",
    "REVOKE INSERT (user_id, account_id, strategy_id, allocated_amount, allocation_pct, "
    "position_size_pct, max_positions, max_risk_per_trade_pct, max_portfolio_risk_pct, "
    "reinvest_pct, profit_target_pct, stop_loss_pct, min_amount, max_amount, is_active, "
    "valid_from, valid_to, target_amount, scale_up_pct, scale_down_pct, next_rebalance_at, "
    "scale_factor, scales_up, scales_down, changed_at) ON capital_allocations FROM "
    "quantmatrix_app",
    "REVOKE UPDATE (time_zone, currency, quiet_from, quiet_until, muted_kinds, changed_at) ON "
    "user_preferences FROM quantmatrix_admin",
    "REVOKE UPDATE (time_zone, currency, quiet_from, quiet_until, muted_kinds, changed_at) ON "
    "user_preferences FROM quantmatrix_app",
    "REVOKE UPDATE (name, params, universe, is_enabled, description, mode, is_automated, "
    "review_on, archived_at, changed_at) ON strategies FROM quantmatrix_app",
    "REVOKE INSERT (user_id, name, kind, params, universe, is_enabled, description, mode, "
    "is_automated, review_on) ON strategies FROM quantmatrix_app",
    "REVOKE UPDATE (name, description, instrument_id, universe, conditions, is_enabled, "
    "frequency, cooldown_minutes, max_per_day, channel, priority, message, expires_at, media, "
    "max_triggers, archived_at, changed_at) ON alert_rules FROM quantmatrix_app",
    "REVOKE INSERT (user_id, name, description, instrument_id, universe, conditions, "
    "is_enabled, frequency, cooldown_minutes, max_per_day, channel, priority, message, "
    "expires_at, media, max_triggers) ON alert_rules FROM quantmatrix_app",
    "GRANT INSERT (channel, conditions, cooldown_minutes, description, expires_at, frequency, "
    "instrument_id, is_enabled, max_per_day, message, name, priority, universe, user_id) ON "
    "alert_rules TO quantmatrix_app",
    "GRANT UPDATE (archived_at, changed_at, channel, conditions, cooldown_minutes, "
    "description, expires_at, frequency, instrument_id, is_enabled, max_per_day, message, "
    "name, priority, universe) ON alert_rules TO quantmatrix_app",
    "GRANT INSERT (description, is_enabled, kind, mode, name, params, universe, user_id) ON "
    "strategies TO quantmatrix_app",
    "GRANT UPDATE (archived_at, changed_at, description, is_enabled, mode, name, params, "
    "universe) ON strategies TO quantmatrix_app",
    "GRANT UPDATE (changed_at, currency, quiet_from, quiet_until, time_zone) ON "
    "user_preferences TO quantmatrix_admin",
    "GRANT UPDATE (changed_at, currency, quiet_from, quiet_until, time_zone) ON "
    "user_preferences TO quantmatrix_app",
    "GRANT INSERT (account_id, allocated_amount, allocation_pct, changed_at, is_active, "
    "max_amount, max_portfolio_risk_pct, max_positions, max_risk_per_trade_pct, min_amount, "
    "next_rebalance_at, position_size_pct, profit_target_pct, reinvest_pct, scale_down_pct, "
    "scale_up_pct, stop_loss_pct, strategy_id, target_amount, user_id, valid_from, valid_to) "
    "ON capital_allocations TO quantmatrix_app",
    "GRANT UPDATE (allocated_amount, allocation_pct, changed_at, is_active, max_amount, "
    "max_portfolio_risk_pct, max_positions, max_risk_per_trade_pct, min_amount, "
    "next_rebalance_at, position_size_pct, profit_target_pct, reinvest_pct, scale_down_pct, "
    "scale_up_pct, stop_loss_pct, target_amount, valid_from, valid_to) ON capital_allocations "
    "TO quantmatrix_app",
)
_RULES_DROPPED = (
    "ALTER TABLE alert_rules DROP CONSTRAINT ck_alert_rules_groups_are_numbered",
    "ALTER TABLE alert_rules DROP CONSTRAINT ck_alert_rules_max_triggers_positive",
    "ALTER TABLE alert_rules DROP CONSTRAINT ck_alert_rules_media_are_known",
    "ALTER TABLE user_preferences DROP CONSTRAINT ck_user_preferences_muted_kinds_are_known",
    "ALTER TABLE alert_triggers DROP CONSTRAINT ck_alert_triggers_told_on_are_known",
    "ALTER TABLE capital_allocations DROP CONSTRAINT ck_capital_allocations_amounts_are_numbers",
    "ALTER TABLE capital_allocations DROP CONSTRAINT ck_capital_allocations_scale_factor_positive",
    "ALTER TABLE orders DROP CONSTRAINT ck_orders_finished_when",
    "ALTER TABLE orders DROP CONSTRAINT ck_orders_kind",
    "ALTER TABLE orders DROP CONSTRAINT ck_orders_limit_of_kind",
    "ALTER TABLE orders DROP CONSTRAINT ck_orders_ours_is_known",
    "ALTER TABLE orders DROP CONSTRAINT ck_orders_stop_of_kind",
)
_RULES_BEFORE = (
    "ALTER TABLE capital_allocations ADD CONSTRAINT "
    "ck_capital_allocations_amounts_are_numbers CHECK (((((((((((((('NaN'::numeric <> "
    "allocated_amount) AND ('NaN'::numeric <> allocation_pct)) AND ('NaN'::numeric <> "
    "position_size_pct)) AND ('NaN'::numeric <> max_risk_per_trade_pct)) AND ('NaN'::numeric "
    "<> max_portfolio_risk_pct)) AND ('NaN'::numeric <> reinvest_pct)) AND ('NaN'::numeric <> "
    "profit_target_pct)) AND ('NaN'::numeric <> stop_loss_pct)) AND ('NaN'::numeric <> "
    "min_amount)) AND ('NaN'::numeric <> max_amount)) AND ('NaN'::numeric <> target_amount)) "
    "AND ('NaN'::numeric <> scale_up_pct)) AND ('NaN'::numeric <> scale_down_pct)))",
    "ALTER TABLE orders ADD CONSTRAINT ck_orders_finished_when CHECK ((((status)::text = ANY "
    "((ARRAY['filled'::character varying, 'cancelled'::character varying, "
    "'rejected'::character varying, 'expired'::character varying])::text[])) = (finished_at "
    "IS NOT NULL)))",
    "ALTER TABLE orders ADD CONSTRAINT ck_orders_kind CHECK (kind IN ('market', 'limit', "
    "'stop', 'stop_limit', 'market_on_close'))",
    "ALTER TABLE orders ADD CONSTRAINT ck_orders_limit_of_kind CHECK ((((kind)::text = ANY "
    "(ARRAY[('limit'::character varying)::text, ('stop_limit'::character varying)::text])) = "
    "(limit_price IS NOT NULL)))",
    "ALTER TABLE orders ADD CONSTRAINT ck_orders_stop_of_kind CHECK ((((kind)::text = ANY "
    "(ARRAY[('stop'::character varying)::text, ('stop_limit'::character varying)::text])) = "
    "(stop_price IS NOT NULL)))",
)


def upgrade() -> None:
    _create_tables()
    for statement in _RULES:
        op.execute(statement)
    op.execute(statements("0012_after_tables.sql"))


def downgrade() -> None:
    for statement in _RIGHTS_BEFORE:
        op.execute(statement)
    for statement in _RULES_DROPPED:
        op.execute(statement)
    for statement in _RULES_BEFORE:
        op.execute(statement)
    _drop_tables()


def _create_tables() -> None:
    op.create_table(
        "imports",
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
            "system",
            sa.String(length=32),
            nullable=False,
            comment="The system the data is of, lower-case: v1.",
        ),
        sa.Column(
            "digest",
            sa.LargeBinary(length=32),
            nullable=True,
            comment="SHA-256 of the dump that was read; null: read from a running server.",
        ),
        sa.Column(
            "time_zone",
            sa.String(length=64),
            nullable=False,
            comment="Time zone (IANA) its times without one were read in.",
        ),
        sa.Column(
            "status",
            sa.Enum(
                "running",
                "succeeded",
                "failed",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="running",
            nullable=False,
            comment="How it stands.",
        ),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Moment (UTC) it began.",
        ),
        sa.Column(
            "finished_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Moment (UTC) it ended; null while it runs.",
        ),
        sa.Column("error", sa.String(), nullable=True, comment="Why it failed; null: it did not."),
        sa.CheckConstraint(
            "(status = 'failed') = (error IS NOT NULL)", name=op.f("ck_imports_failed_with_error")
        ),
        sa.CheckConstraint(
            "(status = 'running') = (finished_at IS NULL)",
            name=op.f("ck_imports_finished_unless_running"),
        ),
        sa.CheckConstraint(
            "btrim(system) <> '' AND btrim(error) <> ''", name=op.f("ck_imports_system_filled")
        ),
        sa.CheckConstraint(
            "finished_at >= started_at", name=op.f("ck_imports_finished_after_started")
        ),
        sa.CheckConstraint("octet_length(digest) = 32", name=op.f("ck_imports_digest_is_sha_256")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_imports_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
        sa.UniqueConstraint("user_id", "id", name=op.f("uq_imports_user_id_id")),
        comment="One import of another system's data for a user: which state of it, when, and how it ended.",
    )
    op.create_table(
        "import_rows",
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
        sa.Column("import_id", sa.BigInteger(), nullable=False, comment="The import that read it."),
        sa.Column("old_table", sa.String(length=64), nullable=False, comment="Its table there."),
        sa.Column(
            "old_key",
            sa.String(length=200),
            nullable=False,
            comment="Its key there, as text; of several columns with commas between.",
        ),
        sa.Column(
            "outcome",
            sa.Enum(
                "added",
                "merged",
                "unchanged",
                "not_kept",
                "refused",
                name="outcome",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="What became of it.",
        ),
        sa.Column(
            "new_table",
            sa.String(length=64),
            nullable=True,
            comment="Our table of the row that came of it; null: none did.",
        ),
        sa.Column(
            "new_id",
            sa.BigInteger(),
            nullable=True,
            comment="Key of that row; null: none, or its table has no such key.",
        ),
        sa.Column(
            "reason",
            sa.String(),
            nullable=True,
            comment="Why it was refused, not kept or changed on the way; null: nothing to say.",
        ),
        sa.Column(
            "row",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            nullable=True,
            comment="The row as it was there; null: all of it was taken over.",
        ),
        sa.CheckConstraint(
            "(outcome IN ('added', 'merged', 'unchanged')) = (new_table IS NOT NULL)",
            name=op.f("ck_import_rows_kept_somewhere"),
        ),
        sa.CheckConstraint(
            "btrim(old_table) <> '' AND btrim(old_key) <> '' AND btrim(new_table) <> '' AND btrim(reason) <> ''",
            name=op.f("ck_import_rows_old_table_filled"),
        ),
        sa.CheckConstraint(
            "jsonb_typeof(row) = 'object'", name=op.f("ck_import_rows_row_is_object")
        ),
        sa.CheckConstraint(
            "outcome NOT IN ('refused', 'not_kept') OR (reason IS NOT NULL AND row IS NOT NULL)",
            name=op.f("ck_import_rows_refused_with_reason"),
        ),
        sa.CheckConstraint(
            "new_table IS NOT NULL OR new_id IS NULL", name=op.f("ck_import_rows_new_id_of_table")
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "import_id"],
            ["imports.user_id", "imports.id"],
            name=op.f("fk_import_rows_user_id_import_id_imports"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_import_rows_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_rows")),
        sa.UniqueConstraint(
            "user_id",
            "import_id",
            "old_table",
            "old_key",
            name=op.f("uq_import_rows_user_id_import_id_old_table_old_key"),
        ),
        comment="A row of an imported system as it was, and which row of ours came of it.",
    )
    op.create_index(
        "ix_import_rows_new_row", "import_rows", ["user_id", "new_table", "new_id"], unique=False
    )
    op.create_table(
        "account_performance",
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
            "account_id",
            sa.BigInteger(),
            nullable=False,
            comment="The account, one of the same user.",
        ),
        sa.Column(
            "source",
            sa.Enum(
                "broker",
                "book",
                "v1",
                name="source",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="Whose balances it is computed from.",
        ),
        sa.Column(
            "period",
            sa.Enum(
                "day",
                "week",
                "month",
                "quarter",
                "year",
                "inception",
                name="period",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="Length of time measured.",
        ),
        sa.Column(
            "first_session", sa.Date(), nullable=False, comment="The period's first session."
        ),
        sa.Column(
            "last_session",
            sa.Date(),
            nullable=False,
            comment="The newest session measured; the period's last once it is over.",
        ),
        sa.Column(
            "computed_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Moment (UTC) it was computed.",
        ),
        sa.Column(
            "benchmark_id",
            sa.BigInteger(),
            nullable=True,
            comment="The instrument it is compared with; null: with none.",
        ),
        sa.Column(
            "total_return_pct",
            sa.Double(),
            nullable=True,
            comment="Time-weighted return of the period, percent; null: not known.",
        ),
        sa.Column(
            "beta", sa.Double(), nullable=True, comment="Slope of its returns on the benchmark's."
        ),
        sa.Column(
            "value_at_risk_95_pct",
            sa.Double(),
            nullable=True,
            comment="Loss of a session that 95 of 100 stay within, percent, positive.",
        ),
        sa.Column(
            "value_at_risk_99_pct",
            sa.Double(),
            nullable=True,
            comment="Loss of a session that 99 of 100 stay within, percent, positive.",
        ),
        sa.Column(
            "expected_shortfall_95_pct",
            sa.Double(),
            nullable=True,
            comment="Mean loss of the sessions beyond the 95 % value at risk, percent, positive.",
        ),
        sa.Column(
            "annualized_return_pct",
            sa.Double(),
            nullable=True,
            comment="Return scaled to a year of 252 sessions, percent.",
        ),
        sa.Column(
            "volatility_pct",
            sa.Double(),
            nullable=True,
            comment="Standard deviation of the returns of sessions, scaled to a year, percent.",
        ),
        sa.Column(
            "max_drawdown_pct",
            sa.Double(),
            nullable=True,
            comment="Deepest fall from a peak, percent of the peak, as a positive number.",
        ),
        sa.Column(
            "sharpe",
            sa.Double(),
            nullable=True,
            comment="Annualized return above the risk-free rate for each unit of volatility.",
        ),
        sa.Column(
            "sortino",
            sa.Double(),
            nullable=True,
            comment="Annualized return above the risk-free rate for each unit of downward deviation.",
        ),
        sa.Column(
            "win_rate_pct",
            sa.Double(),
            nullable=True,
            comment="Trades closed at a gain, percent of all; null without a trade.",
        ),
        sa.Column(
            "profit_factor",
            sa.Double(),
            nullable=True,
            comment="Gains of the winners over losses of the losers; null without a loser.",
        ),
        sa.CheckConstraint(
            "abs(annualized_return_pct) < 'Infinity' AND abs(volatility_pct) < 'Infinity' AND abs(max_drawdown_pct) < 'Infinity' AND abs(sharpe) < 'Infinity' AND abs(sortino) < 'Infinity' AND abs(win_rate_pct) < 'Infinity' AND abs(profit_factor) < 'Infinity' AND abs(total_return_pct) < 'Infinity' AND abs(beta) < 'Infinity' AND abs(value_at_risk_95_pct) < 'Infinity' AND abs(value_at_risk_99_pct) < 'Infinity' AND abs(expected_shortfall_95_pct) < 'Infinity'",
            name=op.f("ck_account_performance_measures_are_finite"),
        ),
        sa.CheckConstraint(
            "benchmark_id IS NOT NULL OR beta IS NULL",
            name=op.f("ck_account_performance_compared_with_a_benchmark"),
        ),
        sa.CheckConstraint(
            "last_session >= first_session", name=op.f("ck_account_performance_session_range")
        ),
        sa.CheckConstraint(
            "max_drawdown_pct >= 0 AND max_drawdown_pct <= 100",
            name=op.f("ck_account_performance_max_drawdown_pct_in_range"),
        ),
        sa.CheckConstraint(
            "profit_factor >= 0", name=op.f("ck_account_performance_profit_factor_not_negative")
        ),
        sa.CheckConstraint(
            "value_at_risk_95_pct >= 0 AND value_at_risk_99_pct >= 0 AND expected_shortfall_95_pct >= 0",
            name=op.f("ck_account_performance_value_at_risk_95_pct_not_negative"),
        ),
        sa.CheckConstraint(
            "volatility_pct >= 0", name=op.f("ck_account_performance_volatility_pct_not_negative")
        ),
        sa.CheckConstraint(
            "win_rate_pct >= 0 AND win_rate_pct <= 100",
            name=op.f("ck_account_performance_win_rate_pct_in_range"),
        ),
        sa.ForeignKeyConstraint(
            ["benchmark_id"],
            ["instruments.id"],
            name=op.f("fk_account_performance_benchmark_id_instruments"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "account_id"],
            ["accounts.user_id", "accounts.id"],
            name=op.f("fk_account_performance_user_id_account_id_accounts"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_account_performance_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_performance")),
        sa.UniqueConstraint(
            "user_id",
            "account_id",
            "source",
            "period",
            "first_session",
            name="uq_account_performance_period",
        ),
        comment="What an account came to over a period, and how much it could lose, as computed last.",
    )
    op.create_table(
        "lot_choices",
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
            "account_id",
            sa.BigInteger(),
            nullable=False,
            comment="The account, one of the same user.",
        ),
        sa.Column(
            "closing_transaction_id",
            sa.BigInteger(),
            nullable=False,
            comment="The transaction that closes, of the same account.",
        ),
        sa.Column(
            "opening_transaction_id",
            sa.BigInteger(),
            nullable=False,
            comment="The transaction that opened the lot, of the same account.",
        ),
        sa.Column(
            "ordinal",
            sa.SmallInteger(),
            server_default=sa.text("1"),
            nullable=False,
            comment="Number of the lot among those opened together, from 1.",
        ),
        sa.Column(
            "quantity",
            sa.Numeric(precision=38, scale=18),
            nullable=False,
            comment="Units to take of it, in the units of the day of the sale.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="Moment (UTC) the row was written.",
        ),
        sa.CheckConstraint(
            "'NaN' NOT IN (quantity)", name=op.f("ck_lot_choices_amounts_are_numbers")
        ),
        sa.CheckConstraint(
            "opening_transaction_id <> closing_transaction_id",
            name=op.f("ck_lot_choices_from_another"),
        ),
        sa.CheckConstraint("ordinal > 0", name=op.f("ck_lot_choices_ordinal_positive")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_lot_choices_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["user_id", "account_id", "closing_transaction_id"],
            ["transactions.user_id", "transactions.account_id", "transactions.id"],
            name="fk_lot_choices_closing",
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "account_id", "opening_transaction_id"],
            ["transactions.user_id", "transactions.account_id", "transactions.id"],
            name="fk_lot_choices_opening",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_lot_choices_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lot_choices")),
        sa.UniqueConstraint(
            "user_id",
            "account_id",
            "closing_transaction_id",
            "opening_transaction_id",
            "ordinal",
            name="uq_lot_choices_identity",
        ),
        comment="From which lot the user wants a sale to take, and how much: specific identification.",
    )
    op.add_column(
        "alert_rules",
        sa.Column(
            "media",
            postgresql.ARRAY(sa.String(length=16)),
            server_default=sa.text("'{discord}'"),
            nullable=False,
            comment="By what its messages go out: discord, email, app; empty: triggers are only kept.",
        ),
    )
    op.add_column(
        "alert_rules",
        sa.Column(
            "max_triggers",
            sa.Integer(),
            nullable=True,
            comment="How often it may trigger in all before it is disabled; null: no end.",
        ),
    )
    op.add_column(
        "alert_triggers",
        sa.Column(
            "told_on",
            postgresql.ARRAY(sa.String(length=16)),
            nullable=True,
            comment="By what it was told, where no notification says so: discord, email, app; null: not known.",
        ),
    )
    op.add_column(
        "capital_allocations",
        sa.Column(
            "scale_factor",
            sa.Numeric(precision=9, scale=4),
            server_default=sa.text("1"),
            nullable=False,
            comment="What the amount is multiplied by for how the strategy has done.",
        ),
    )
    op.add_column(
        "capital_allocations",
        sa.Column(
            "scales_up",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="Whether a gain of `scale_up_pct` raises the amount.",
        ),
    )
    op.add_column(
        "capital_allocations",
        sa.Column(
            "scales_down",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="Whether a loss of `scale_down_pct` lowers the amount.",
        ),
    )
    op.add_column(
        "strategies",
        sa.Column(
            "is_automated",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="Whether its orders may go out without the user's word for each.",
        ),
    )
    op.add_column(
        "strategies",
        sa.Column(
            "review_on",
            sa.Date(),
            nullable=True,
            comment="Date the user wants to look at it again; null: none was set.",
        ),
    )
    op.add_column(
        "transactions",
        sa.Column(
            "source_detail",
            sa.String(length=64),
            nullable=True,
            comment="The source as it was named where `source` is too coarse; null: it is not.",
        ),
    )
    op.add_column(
        "user_preferences",
        sa.Column(
            "muted_kinds",
            postgresql.ARRAY(sa.String(length=32)),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="Kinds of message the user does not want; empty: all are wanted.",
        ),
    )


def _drop_tables() -> None:
    op.drop_column("user_preferences", "muted_kinds")
    op.drop_column("transactions", "source_detail")
    op.drop_column("strategies", "review_on")
    op.drop_column("strategies", "is_automated")
    op.drop_column("capital_allocations", "scales_down")
    op.drop_column("capital_allocations", "scales_up")
    op.drop_column("capital_allocations", "scale_factor")
    op.drop_column("alert_triggers", "told_on")
    op.drop_column("alert_rules", "max_triggers")
    op.drop_column("alert_rules", "media")
    op.drop_table("lot_choices")
    op.drop_table("account_performance")
    op.drop_index("ix_import_rows_new_row", table_name="import_rows")
    op.drop_table("import_rows")
    op.drop_table("imports")
