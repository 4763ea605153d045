"""Strategies' versions, performance and backtests; what became of signals; alert rules."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from quantmatrix_models.migrations.data import past_row_security
from quantmatrix_models.migrations.statements import statements

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


_RULES = (
    "ALTER TABLE strategies ADD CONSTRAINT ck_strategies_archived_is_disabled CHECK "
    "(archived_at IS NULL OR NOT is_enabled)",
    "ALTER TABLE strategies ADD CONSTRAINT ck_strategies_name_filled CHECK (btrim(name) <> '')",
    "ALTER TABLE strategies ADD CONSTRAINT ck_strategies_params_are_objects CHECK "
    "(jsonb_typeof(params) = 'object' AND jsonb_typeof(universe) = 'object')",
    "ALTER TABLE strategy_runs ADD CONSTRAINT ck_strategy_runs_duration_ms_not_negative CHECK "
    "(duration_ms >= 0)",
    "ALTER TABLE signals DROP CONSTRAINT ck_signals_targets_ordered",
    "ALTER TABLE signals ADD CONSTRAINT ck_signals_targets_ordered CHECK (coalesce(target_1 < "
    "target_2, target_2 IS NULL) AND coalesce(target_2 < target_3, target_3 IS NULL))",
    "ALTER TABLE signals ADD CONSTRAINT ck_signals_valid_range CHECK (valid_until >= session)",
)
_RIGHTS_BEFORE = (
    "REVOKE SELECT ON notification_signals FROM quantmatrix_support",
    "REVOKE SELECT ON withheld_signals FROM quantmatrix_support",
    "REVOKE SELECT ON signals FROM quantmatrix_support",
    "REVOKE SELECT ON strategy_runs FROM quantmatrix_support",
    "REVOKE SELECT ON strategies FROM quantmatrix_support",
    "REVOKE UPDATE (name, params, universe, is_enabled, description, mode, archived_at, "
    "changed_at) ON strategies FROM quantmatrix_app",
    "REVOKE INSERT (user_id, name, kind, params, universe, is_enabled, description, mode) ON "
    "strategies FROM quantmatrix_app",
    "REVOKE SELECT ON notifications FROM quantmatrix_support",
    "REVOKE UPDATE (read_at, dismissed_at) ON notifications FROM quantmatrix_app",
    "ALTER POLICY all_rows ON notifications TO quantmatrix_admin, quantmatrix_pipeline",
    "ALTER POLICY all_rows ON strategies TO quantmatrix_admin, quantmatrix_pipeline",
    "ALTER POLICY all_rows ON strategy_runs TO quantmatrix_admin, quantmatrix_pipeline",
    "ALTER POLICY all_rows ON signals TO quantmatrix_admin, quantmatrix_pipeline",
    "ALTER POLICY all_rows ON withheld_signals TO quantmatrix_admin, quantmatrix_pipeline",
    "ALTER POLICY all_rows ON notification_signals TO quantmatrix_admin, quantmatrix_pipeline",
    "GRANT UPDATE (changed_at, is_enabled, name, params, universe) ON strategies TO "
    "quantmatrix_app",
)
_RULES_DROPPED = (
    "ALTER TABLE strategies DROP CONSTRAINT ck_strategies_archived_is_disabled",
    "ALTER TABLE strategies DROP CONSTRAINT ck_strategies_name_filled",
    "ALTER TABLE strategies DROP CONSTRAINT ck_strategies_params_are_objects",
    "ALTER TABLE strategy_runs DROP CONSTRAINT ck_strategy_runs_duration_ms_not_negative",
    "ALTER TABLE signals DROP CONSTRAINT ck_signals_targets_ordered",
    "ALTER TABLE signals DROP CONSTRAINT ck_signals_valid_range",
)
_RULES_BEFORE = (
    "ALTER TABLE signals ADD CONSTRAINT ck_signals_targets_ordered CHECK (((target_1 < "
    "target_2) AND (target_2 < target_3)))",
)


def upgrade() -> None:
    _create_tables()
    for statement in _RULES:
        op.execute(statement)
    with past_row_security("strategies"):
        # What a strategy is set to today is its first version.
        op.execute(
            "INSERT INTO strategy_versions"
            " (user_id, strategy_id, version, kind, params, universe, valid_from)"
            " SELECT user_id, id, 1, kind, params, universe, changed_at FROM strategies"
        )
    op.execute(statements("0006_after_tables.sql"))


def downgrade() -> None:
    for statement in _RIGHTS_BEFORE:
        op.execute(statement)
    for statement in _RULES_DROPPED:
        op.execute(statement)
    for statement in _RULES_BEFORE:
        op.execute(statement)
    _drop_tables()


def _create_tables() -> None:
    op.create_unique_constraint(
        op.f("uq_notifications_user_id_id_channel"), "notifications", ["user_id", "id", "channel"]
    )
    op.create_table(
        "alert_rules",
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
        sa.Column("name", sa.String(length=64), nullable=False, comment="What its user calls it."),
        sa.Column(
            "description",
            sa.String(),
            nullable=True,
            comment="The user's own words about it; null where there are none.",
        ),
        sa.Column(
            "instrument_id",
            sa.BigInteger(),
            nullable=True,
            comment="The instrument it watches; null where it names none.",
        ),
        sa.Column(
            "universe",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            nullable=True,
            comment="Which instruments it watches, each by itself; null where it names none.",
        ),
        sa.Column(
            "conditions",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="What must hold, all of it: a list of measure, comparison and value.",
        ),
        sa.Column(
            "is_enabled",
            sa.Boolean(),
            server_default=sa.text("true"),
            nullable=False,
            comment="Whether it is watched.",
        ),
        sa.Column(
            "frequency",
            sa.Enum(
                "once",
                "every_time",
                "daily",
                name="frequency",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="once",
            nullable=False,
            comment="How often it triggers while its conditions hold.",
        ),
        sa.Column(
            "cooldown_minutes",
            sa.Integer(),
            server_default=sa.text("60"),
            nullable=False,
            comment="Minutes it keeps silent after it has triggered.",
        ),
        sa.Column(
            "max_per_day",
            sa.Integer(),
            server_default=sa.text("10"),
            nullable=False,
            comment="How many messages it may make on a session's date.",
        ),
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
            server_default="alerts",
            nullable=False,
            comment="The channel its messages go out on.",
        ),
        sa.Column(
            "priority",
            sa.Enum(
                "low",
                "normal",
                "high",
                "critical",
                name="priority",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="normal",
            nullable=False,
            comment="How much its messages ask for attention.",
        ),
        sa.Column(
            "message",
            sa.String(),
            nullable=True,
            comment="The user's own text for its messages; null: the usual one.",
        ),
        sa.Column(
            "expires_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Moment (UTC) after which it is not watched; null: no end.",
        ),
        sa.Column(
            "last_triggered_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Moment (UTC) it triggered last; null where it never did.",
        ),
        sa.Column(
            "trigger_count",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="How many times it has triggered.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="Moment (UTC) the row was written.",
        ),
        sa.Column(
            "changed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="Moment (UTC) its user last changed it.",
        ),
        sa.Column(
            "archived_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Moment (UTC) it was put away; null while in use.",
        ),
        sa.CheckConstraint("btrim(name) <> ''", name=op.f("ck_alert_rules_name_filled")),
        sa.CheckConstraint(
            "jsonb_typeof(conditions) = 'array' AND conditions <> '[]'",
            name=op.f("ck_alert_rules_conditions_listed"),
        ),
        sa.CheckConstraint(
            "jsonb_typeof(universe) = 'object'", name=op.f("ck_alert_rules_universe_is_object")
        ),
        sa.CheckConstraint(
            "(trigger_count = 0) = (last_triggered_at IS NULL)",
            name=op.f("ck_alert_rules_triggered_with_moment"),
        ),
        sa.CheckConstraint(
            "archived_at IS NULL OR NOT is_enabled",
            name=op.f("ck_alert_rules_archived_is_disabled"),
        ),
        sa.CheckConstraint(
            "cooldown_minutes >= 0", name=op.f("ck_alert_rules_cooldown_minutes_not_negative")
        ),
        sa.CheckConstraint("max_per_day > 0", name=op.f("ck_alert_rules_max_per_day_positive")),
        sa.CheckConstraint(
            "num_nonnulls(instrument_id, universe) <= 1",
            name=op.f("ck_alert_rules_about_one_or_many"),
        ),
        sa.CheckConstraint(
            "trigger_count >= 0", name=op.f("ck_alert_rules_trigger_count_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"],
            ["instruments.id"],
            name=op.f("fk_alert_rules_instrument_id_instruments"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_alert_rules_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_rules")),
        sa.UniqueConstraint("user_id", "id", name=op.f("uq_alert_rules_user_id_id")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_alert_rules_user_id_name")),
        comment="What a user wants to be told, and when: conditions, how often, and on which channel.",
    )
    op.create_table(
        "alert_triggers",
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
            "rule_id", sa.BigInteger(), nullable=False, comment="The alert rule that triggered."
        ),
        sa.Column(
            "instrument_id",
            sa.BigInteger(),
            nullable=True,
            comment="The instrument it triggered for; null: the accounts as a whole.",
        ),
        sa.Column("session", sa.Date(), nullable=False, comment="The session it triggered on."),
        sa.Column(
            "triggered_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Moment (UTC) the conditions were found to hold.",
        ),
        sa.Column(
            "value",
            sa.Double(),
            nullable=True,
            comment="What was measured; null where the conditions name no single number.",
        ),
        sa.Column(
            "threshold",
            sa.Double(),
            nullable=True,
            comment="What it was compared with; null where there is no single number.",
        ),
        sa.Column(
            "detail",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="The conditions as they stood, with the value of each.",
        ),
        sa.Column(
            "notification_id",
            sa.BigInteger(),
            nullable=True,
            comment="The message that told it; null where it was kept silent.",
        ),
        sa.Column(
            "acknowledged_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Moment (UTC) its user noted it; null until then.",
        ),
        sa.CheckConstraint(
            "abs(value) < 'Infinity' AND abs(threshold) < 'Infinity'",
            name=op.f("ck_alert_triggers_numbers_are_finite"),
        ),
        sa.CheckConstraint(
            "jsonb_typeof(detail) = 'object'", name=op.f("ck_alert_triggers_detail_is_object")
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"],
            ["instruments.id"],
            name=op.f("fk_alert_triggers_instrument_id_instruments"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "notification_id"],
            ["notifications.user_id", "notifications.id"],
            name=op.f("fk_alert_triggers_user_id_notification_id_notifications"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "rule_id"],
            ["alert_rules.user_id", "alert_rules.id"],
            name=op.f("fk_alert_triggers_user_id_rule_id_alert_rules"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_alert_triggers_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_triggers")),
        sa.UniqueConstraint(
            "rule_id",
            "instrument_id",
            "triggered_at",
            name=op.f("uq_alert_triggers_rule_id_instrument_id_triggered_at"),
            postgresql_nulls_not_distinct=True,
        ),
        comment="A moment at which the conditions of an alert rule held, with what was measured.",
    )
    op.create_table(
        "backtest_runs",
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
            "strategy_id",
            sa.BigInteger(),
            nullable=True,
            comment="The strategy it tries; null: settings that were never saved as one.",
        ),
        sa.Column("name", sa.String(length=64), nullable=False, comment="What its user calls it."),
        sa.Column(
            "kind", sa.String(length=64), nullable=False, comment="The kind of strategy tried."
        ),
        sa.Column(
            "kind_version",
            sa.Integer(),
            nullable=True,
            comment="Version of the kind's rules; null until it is run.",
        ),
        sa.Column(
            "params",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="The kind's parameters, by name.",
        ),
        sa.Column(
            "universe",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="Which instruments it may trade.",
        ),
        sa.Column("first_session", sa.Date(), nullable=False, comment="The first session traded."),
        sa.Column("last_session", sa.Date(), nullable=False, comment="The last session traded."),
        sa.Column(
            "initial_capital",
            sa.Numeric(precision=24, scale=8),
            nullable=False,
            comment="Cash it begins with, in the currency of its instruments.",
        ),
        sa.Column(
            "commission_per_trade",
            sa.Numeric(precision=24, scale=8),
            server_default=sa.text("1"),
            nullable=False,
            comment="Paid for each trade, in the same currency.",
        ),
        sa.Column(
            "slippage_bps",
            sa.Numeric(precision=9, scale=4),
            server_default=sa.text("5"),
            nullable=False,
            comment="How much worse than the bar's price it trades, basis points.",
        ),
        sa.Column(
            "benchmark_id",
            sa.BigInteger(),
            nullable=True,
            comment="The instrument it is compared with; null: with none.",
        ),
        sa.Column(
            "data_known_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="The data are those known at this moment (UTC); null: the newest, until it is run.",
        ),
        sa.Column(
            "inputs_digest",
            sa.LargeBinary(length=32),
            nullable=True,
            comment="SHA-256 of the data it read; null until it is run.",
        ),
        sa.Column(
            "code_version",
            sa.String(length=64),
            nullable=True,
            comment="Version of the program; null until it is run.",
        ),
        sa.Column(
            "seed",
            sa.BigInteger(),
            nullable=True,
            comment="Seed of its random numbers; null where it draws none.",
        ),
        sa.Column(
            "status",
            sa.Enum(
                "queued",
                "running",
                "succeeded",
                "failed",
                "cancelled",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="queued",
            nullable=False,
            comment="Where it is on its way.",
        ),
        sa.Column(
            "error", sa.String(), nullable=True, comment="Why it failed; null where it did not."
        ),
        sa.Column(
            "requested_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="Moment (UTC) it was asked for.",
        ),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Moment (UTC) it began; null while it waits.",
        ),
        sa.Column(
            "finished_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Moment (UTC) it ended, however it did; null until then.",
        ),
        sa.Column(
            "final_value",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Cash and positions at the end; null unless it succeeded.",
        ),
        sa.Column(
            "total_return_pct",
            sa.Double(),
            nullable=True,
            comment="Return from first to last session, percent.",
        ),
        sa.Column(
            "trades",
            sa.Integer(),
            nullable=True,
            comment="How many trades it closed; null until it is done.",
        ),
        sa.Column(
            "series_path",
            sa.String(),
            nullable=True,
            comment="Where in the lake its equity curve and trades lie; null where none were kept.",
        ),
        sa.Column(
            "dagster_run_id",
            sa.String(length=64),
            nullable=True,
            comment="The Dagster run that computed it; null until then.",
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
            "'NaN' NOT IN (initial_capital, commission_per_trade, slippage_bps, final_value)",
            name=op.f("ck_backtest_runs_amounts_are_numbers"),
        ),
        sa.CheckConstraint(
            "(status = 'failed') = (error IS NOT NULL)",
            name=op.f("ck_backtest_runs_failed_with_error"),
        ),
        sa.CheckConstraint(
            "(status = 'succeeded') = (final_value IS NOT NULL)",
            name=op.f("ck_backtest_runs_succeeded_with_value"),
        ),
        sa.CheckConstraint(
            "(status IN ('succeeded', 'failed', 'cancelled')) = (finished_at IS NOT NULL)",
            name=op.f("ck_backtest_runs_ended_is_finished"),
        ),
        sa.CheckConstraint(
            "abs(annualized_return_pct) < 'Infinity' AND abs(volatility_pct) < 'Infinity' AND abs(max_drawdown_pct) < 'Infinity' AND abs(sharpe) < 'Infinity' AND abs(sortino) < 'Infinity' AND abs(win_rate_pct) < 'Infinity' AND abs(profit_factor) < 'Infinity' AND abs(total_return_pct) < 'Infinity'",
            name=op.f("ck_backtest_runs_measures_are_finite"),
        ),
        sa.CheckConstraint("btrim(name) <> ''", name=op.f("ck_backtest_runs_name_filled")),
        sa.CheckConstraint(
            "jsonb_typeof(params) = 'object' AND jsonb_typeof(universe) = 'object'",
            name=op.f("ck_backtest_runs_params_are_objects"),
        ),
        sa.CheckConstraint(
            "status <> 'succeeded' OR num_nulls(kind_version, code_version, data_known_at) = 0",
            name=op.f("ck_backtest_runs_succeeded_with_origin"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('running', 'succeeded') OR started_at IS NOT NULL",
            name=op.f("ck_backtest_runs_running_was_started"),
        ),
        sa.CheckConstraint(
            "commission_per_trade >= 0",
            name=op.f("ck_backtest_runs_commission_per_trade_not_negative"),
        ),
        sa.CheckConstraint(
            "initial_capital > 0", name=op.f("ck_backtest_runs_initial_capital_positive")
        ),
        sa.CheckConstraint("kind_version > 0", name=op.f("ck_backtest_runs_kind_version_positive")),
        sa.CheckConstraint(
            "last_session > first_session", name=op.f("ck_backtest_runs_end_after_start")
        ),
        sa.CheckConstraint(
            "max_drawdown_pct >= 0 AND max_drawdown_pct <= 100",
            name=op.f("ck_backtest_runs_max_drawdown_pct_in_range"),
        ),
        sa.CheckConstraint(
            "octet_length(inputs_digest) = 32",
            name=op.f("ck_backtest_runs_inputs_digest_is_sha_256"),
        ),
        sa.CheckConstraint(
            "profit_factor >= 0", name=op.f("ck_backtest_runs_profit_factor_not_negative")
        ),
        sa.CheckConstraint(
            "slippage_bps >= 0", name=op.f("ck_backtest_runs_slippage_bps_not_negative")
        ),
        sa.CheckConstraint(
            "started_at >= requested_at AND finished_at >= coalesce(started_at, requested_at)",
            name=op.f("ck_backtest_runs_moments_ordered"),
        ),
        sa.CheckConstraint("trades >= 0", name=op.f("ck_backtest_runs_trades_not_negative")),
        sa.CheckConstraint(
            "volatility_pct >= 0", name=op.f("ck_backtest_runs_volatility_pct_not_negative")
        ),
        sa.CheckConstraint(
            "win_rate_pct >= 0 AND win_rate_pct <= 100",
            name=op.f("ck_backtest_runs_win_rate_pct_in_range"),
        ),
        sa.ForeignKeyConstraint(
            ["benchmark_id"],
            ["instruments.id"],
            name=op.f("fk_backtest_runs_benchmark_id_instruments"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "strategy_id"],
            ["strategies.user_id", "strategies.id"],
            name=op.f("fk_backtest_runs_user_id_strategy_id_strategies"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_backtest_runs_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backtest_runs")),
        comment="A strategy tried on past sessions: what was asked, from which data, and what came of it.",
    )
    op.create_index(
        "ix_backtest_runs_user_id_requested_at",
        "backtest_runs",
        ["user_id", "requested_at"],
        unique=False,
    )
    op.create_table(
        "strategy_performance",
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
        sa.Column("strategy_id", sa.BigInteger(), nullable=False, comment="The strategy measured."),
        sa.Column(
            "source",
            sa.Enum(
                "paper", "live", name="source", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
            comment="Which of its trades: on paper or with money.",
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
            "code_version",
            sa.String(length=64),
            nullable=False,
            comment="Version of the program that computed it.",
        ),
        sa.Column("trades", sa.Integer(), nullable=False, comment="Trades closed in the period."),
        sa.Column("winners", sa.Integer(), nullable=False, comment="Trades closed at a gain."),
        sa.Column("losers", sa.Integer(), nullable=False, comment="Trades closed at a loss."),
        sa.Column(
            "total_return_pct",
            sa.Double(),
            nullable=False,
            comment="Return of the period, percent.",
        ),
        sa.Column(
            "calmar",
            sa.Double(),
            nullable=True,
            comment="Annualized return for each unit of the deepest drawdown.",
        ),
        sa.Column(
            "beta", sa.Double(), nullable=True, comment="Slope of its returns on the benchmark's."
        ),
        sa.Column(
            "alpha_pct",
            sa.Double(),
            nullable=True,
            comment="Annualized return its beta does not explain, percent.",
        ),
        sa.Column(
            "average_win_pct",
            sa.Double(),
            nullable=True,
            comment="Mean return of the winners, percent; null without one.",
        ),
        sa.Column(
            "average_loss_pct",
            sa.Double(),
            nullable=True,
            comment="Mean return of the losers, percent, below 0; null without one.",
        ),
        sa.Column(
            "exposure_pct",
            sa.Double(),
            nullable=True,
            comment="Mean part of the equity in positions, percent; above 100 on margin.",
        ),
        sa.Column(
            "turnover_ratio", sa.Double(), nullable=True, comment="Value traded over mean equity."
        ),
        sa.Column(
            "benchmark_id",
            sa.BigInteger(),
            nullable=True,
            comment="The instrument compared with; null: compared with none.",
        ),
        sa.Column(
            "benchmark_return_pct",
            sa.Double(),
            nullable=True,
            comment="Return of the benchmark over the same sessions, percent.",
        ),
        sa.Column(
            "excess_return_pct",
            sa.Double(),
            nullable=True,
            comment="Total return less the benchmark's, percentage points.",
        ),
        sa.Column(
            "tracking_error_pct",
            sa.Double(),
            nullable=True,
            comment="Annualized standard deviation of the difference of returns, percent.",
        ),
        sa.Column(
            "information_ratio",
            sa.Double(),
            nullable=True,
            comment="Annualized excess return for each unit of tracking error.",
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
            "abs(annualized_return_pct) < 'Infinity' AND abs(volatility_pct) < 'Infinity' AND abs(max_drawdown_pct) < 'Infinity' AND abs(sharpe) < 'Infinity' AND abs(sortino) < 'Infinity' AND abs(win_rate_pct) < 'Infinity' AND abs(profit_factor) < 'Infinity' AND abs(total_return_pct) < 'Infinity' AND abs(calmar) < 'Infinity' AND abs(beta) < 'Infinity' AND abs(alpha_pct) < 'Infinity' AND abs(average_win_pct) < 'Infinity' AND abs(average_loss_pct) < 'Infinity' AND abs(exposure_pct) < 'Infinity' AND abs(turnover_ratio) < 'Infinity' AND abs(benchmark_return_pct) < 'Infinity' AND abs(excess_return_pct) < 'Infinity' AND abs(tracking_error_pct) < 'Infinity' AND abs(information_ratio) < 'Infinity'",
            name=op.f("ck_strategy_performance_measures_are_finite"),
        ),
        sa.CheckConstraint(
            "average_win_pct >= 0 AND average_loss_pct <= 0",
            name=op.f("ck_strategy_performance_averages_have_their_sign"),
        ),
        sa.CheckConstraint(
            "benchmark_id IS NOT NULL OR num_nonnulls(beta, alpha_pct, benchmark_return_pct, excess_return_pct, tracking_error_pct, information_ratio) = 0",
            name=op.f("ck_strategy_performance_compared_with_a_benchmark"),
        ),
        sa.CheckConstraint(
            "exposure_pct >= 0", name=op.f("ck_strategy_performance_exposure_pct_not_negative")
        ),
        sa.CheckConstraint(
            "last_session >= first_session", name=op.f("ck_strategy_performance_session_range")
        ),
        sa.CheckConstraint(
            "max_drawdown_pct >= 0 AND max_drawdown_pct <= 100",
            name=op.f("ck_strategy_performance_max_drawdown_pct_in_range"),
        ),
        sa.CheckConstraint(
            "profit_factor >= 0", name=op.f("ck_strategy_performance_profit_factor_not_negative")
        ),
        sa.CheckConstraint(
            "tracking_error_pct >= 0",
            name=op.f("ck_strategy_performance_tracking_error_pct_not_negative"),
        ),
        sa.CheckConstraint(
            "turnover_ratio >= 0", name=op.f("ck_strategy_performance_turnover_ratio_not_negative")
        ),
        sa.CheckConstraint(
            "volatility_pct >= 0", name=op.f("ck_strategy_performance_volatility_pct_not_negative")
        ),
        sa.CheckConstraint(
            "win_rate_pct >= 0 AND win_rate_pct <= 100",
            name=op.f("ck_strategy_performance_win_rate_pct_in_range"),
        ),
        sa.CheckConstraint(
            "winners >= 0 AND losers >= 0 AND winners + losers <= trades",
            name=op.f("ck_strategy_performance_counts"),
        ),
        sa.ForeignKeyConstraint(
            ["benchmark_id"],
            ["instruments.id"],
            name=op.f("fk_strategy_performance_benchmark_id_instruments"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "strategy_id"],
            ["strategies.user_id", "strategies.id"],
            name=op.f("fk_strategy_performance_user_id_strategy_id_strategies"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_strategy_performance_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_strategy_performance")),
        sa.UniqueConstraint(
            "strategy_id",
            "source",
            "period",
            "first_session",
            name=op.f("uq_strategy_performance_strategy_id_source_period_first_session"),
        ),
        comment="What a strategy's trades came to over a period, as computed last.",
    )
    op.create_table(
        "strategy_versions",
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
            "strategy_id",
            sa.BigInteger(),
            nullable=False,
            comment="The strategy whose settings these are.",
        ),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="Counts the strategy's settings, from 1.",
        ),
        sa.Column(
            "kind",
            sa.String(length=64),
            nullable=False,
            comment="The strategy's kind at that time.",
        ),
        sa.Column(
            "params",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="The strategy's params at that time.",
        ),
        sa.Column(
            "universe",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="The strategy's universe at that time.",
        ),
        sa.Column(
            "valid_from",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Moment (UTC) from which these settings held.",
        ),
        sa.Column(
            "changed_by",
            sa.BigInteger(),
            nullable=True,
            comment="The administrator who set them in the user's place; null: the user.",
        ),
        sa.CheckConstraint(
            "jsonb_typeof(params) = 'object' AND jsonb_typeof(universe) = 'object'",
            name=op.f("ck_strategy_versions_params_are_objects"),
        ),
        sa.CheckConstraint("version > 0", name=op.f("ck_strategy_versions_version_positive")),
        sa.ForeignKeyConstraint(
            ["changed_by"], ["users.id"], name=op.f("fk_strategy_versions_changed_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "strategy_id"],
            ["strategies.user_id", "strategies.id"],
            name=op.f("fk_strategy_versions_user_id_strategy_id_strategies"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_strategy_versions_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_strategy_versions")),
        sa.UniqueConstraint(
            "strategy_id", "version", name=op.f("uq_strategy_versions_strategy_id_version")
        ),
        comment="What a strategy's settings were from a moment on, until its next version. Never changed.",
    )
    op.create_table(
        "signal_outcomes",
        sa.Column(
            "user_id", sa.BigInteger(), nullable=False, comment="The user the row belongs to."
        ),
        sa.Column("signal_id", sa.BigInteger(), nullable=False, comment="The signal followed."),
        sa.Column(
            "through_session", sa.Date(), nullable=False, comment="The newest session looked at."
        ),
        sa.Column(
            "sessions_held",
            sa.Integer(),
            nullable=False,
            comment="Sessions after the signal's until through_session, or until it was closed.",
        ),
        sa.Column(
            "highest_price",
            sa.Numeric(precision=20, scale=6),
            nullable=True,
            comment="Highest price of those sessions; null while there are none.",
        ),
        sa.Column(
            "lowest_price",
            sa.Numeric(precision=20, scale=6),
            nullable=True,
            comment="Lowest price of those sessions; null while there are none.",
        ),
        sa.Column(
            "return_pct",
            sa.Double(),
            nullable=True,
            comment="From the signal's price to the last one, percent; null while unheld.",
        ),
        sa.Column(
            "best_pct",
            sa.Double(),
            nullable=True,
            comment="The best return on the way, percent; null while unheld.",
        ),
        sa.Column(
            "worst_pct",
            sa.Double(),
            nullable=True,
            comment="The worst return on the way, percent; null while unheld.",
        ),
        sa.Column(
            "hit_target",
            sa.SmallInteger(),
            nullable=True,
            comment="Number of the furthest target reached, 1 to 3; null: none was.",
        ),
        sa.Column(
            "hit_stop",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="Whether the price fell to the stop.",
        ),
        sa.Column(
            "closed",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="Whether it is over, so that later sessions change nothing.",
        ),
        sa.Column(
            "computed_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Moment (UTC) it was computed.",
        ),
        sa.CheckConstraint(
            "'NaN' NOT IN (highest_price, lowest_price)",
            name=op.f("ck_signal_outcomes_amounts_are_numbers"),
        ),
        sa.CheckConstraint(
            "abs(return_pct) < 'Infinity' AND abs(best_pct) < 'Infinity' AND abs(worst_pct) < 'Infinity'",
            name=op.f("ck_signal_outcomes_returns_are_finite"),
        ),
        sa.CheckConstraint(
            "best_pct >= return_pct AND return_pct >= worst_pct",
            name=op.f("ck_signal_outcomes_returns_ordered"),
        ),
        sa.CheckConstraint(
            "hit_target BETWEEN 1 AND 3", name=op.f("ck_signal_outcomes_hit_target_in_range")
        ),
        sa.CheckConstraint(
            "lowest_price > 0 AND highest_price >= lowest_price",
            name=op.f("ck_signal_outcomes_prices_ordered"),
        ),
        sa.CheckConstraint(
            "num_nonnulls(highest_price, lowest_price, return_pct, best_pct, worst_pct) = CASE WHEN sessions_held > 0 THEN 5 ELSE 0 END",
            name=op.f("ck_signal_outcomes_measured_once_held"),
        ),
        sa.CheckConstraint(
            "sessions_held >= 0", name=op.f("ck_signal_outcomes_sessions_held_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "signal_id"],
            ["signals.user_id", "signals.id"],
            name=op.f("fk_signal_outcomes_user_id_signal_id_signals"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_signal_outcomes_user_id_users")
        ),
        sa.PrimaryKeyConstraint("signal_id", name=op.f("pk_signal_outcomes")),
        comment="What became of a signal by a later session, as computed last.",
    )
    op.drop_constraint(
        op.f("fk_notification_signals_user_id_notification_id_notifications"),
        "notification_signals",
        type_="foreignkey",
    )
    op.create_foreign_key(
        "fk_notification_signals_notification_id_channel_notifications",
        "notification_signals",
        "notifications",
        ["user_id", "notification_id", "channel"],
        ["user_id", "id", "channel"],
    )
    op.add_column(
        "notifications",
        sa.Column(
            "kind",
            sa.Enum(
                "signals",
                "alert",
                "portfolio_digest",
                "morning_brew",
                "backtest_result",
                "rebalancing",
                "margin_call",
                "system_status",
                "test",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="signals",
            nullable=False,
            comment="What it is about.",
        ),
    )
    op.add_column(
        "notifications",
        sa.Column(
            "priority",
            sa.Enum(
                "low",
                "normal",
                "high",
                "critical",
                name="priority",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="normal",
            nullable=False,
            comment="How much it asks for attention.",
        ),
    )
    op.add_column(
        "notifications",
        sa.Column(
            "read_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Moment (UTC) its user read it; null while unread.",
        ),
    )
    op.add_column(
        "notifications",
        sa.Column(
            "dismissed_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Moment (UTC) its user put it away; null while it is shown.",
        ),
    )
    op.add_column(
        "notifications",
        sa.Column(
            "expires_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Moment (UTC) after which it tells nothing new; null: it never expires.",
        ),
    )
    op.create_index(
        "ix_notifications_unread",
        "notifications",
        ["user_id", "id"],
        unique=False,
        postgresql_where=sa.text("read_at IS NULL AND dismissed_at IS NULL"),
    )
    op.add_column(
        "signals",
        sa.Column(
            "valid_until",
            sa.Date(),
            nullable=True,
            comment="The last session it is meant for; null where its kind sets none.",
        ),
    )
    op.drop_index(op.f("ix_signals_user_id_session"), table_name="signals")
    op.create_index(
        "ix_signals_user_id_session_id", "signals", ["user_id", "session", "id"], unique=False
    )
    op.add_column(
        "strategies",
        sa.Column(
            "description",
            sa.String(),
            nullable=True,
            comment="The user's own words about it; null where there are none.",
        ),
    )
    op.add_column(
        "strategies",
        sa.Column(
            "mode",
            sa.Enum(
                "paper", "live", name="mode", native_enum=False, create_constraint=True, length=32
            ),
            server_default="paper",
            nullable=False,
            comment="Whether its trades are made on paper or with money.",
        ),
    )
    op.add_column(
        "strategies",
        sa.Column(
            "archived_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Moment (UTC) it was put away; null while in use.",
        ),
    )
    op.add_column(
        "strategy_runs",
        sa.Column(
            "duration_ms",
            sa.Integer(),
            nullable=True,
            comment="How long it took, in milliseconds; null where it was not measured.",
        ),
    )


def _drop_tables() -> None:
    op.drop_column("strategy_runs", "duration_ms")
    op.drop_column("strategies", "archived_at")
    op.drop_column("strategies", "mode")
    op.drop_column("strategies", "description")
    op.drop_index("ix_signals_user_id_session_id", table_name="signals")
    op.create_index(
        op.f("ix_signals_user_id_session"), "signals", ["user_id", "session"], unique=False
    )
    op.drop_column("signals", "valid_until")
    op.drop_index(
        "ix_notifications_unread",
        table_name="notifications",
        postgresql_where=sa.text("read_at IS NULL AND dismissed_at IS NULL"),
    )
    op.drop_column("notifications", "expires_at")
    op.drop_column("notifications", "dismissed_at")
    op.drop_column("notifications", "read_at")
    op.drop_column("notifications", "priority")
    op.drop_column("notifications", "kind")
    op.drop_constraint(
        "fk_notification_signals_notification_id_channel_notifications",
        "notification_signals",
        type_="foreignkey",
    )
    op.create_foreign_key(
        op.f("fk_notification_signals_user_id_notification_id_notifications"),
        "notification_signals",
        "notifications",
        ["user_id", "notification_id"],
        ["user_id", "id"],
    )
    op.drop_table("signal_outcomes")
    op.drop_table("strategy_versions")
    op.drop_table("strategy_performance")
    op.drop_index("ix_backtest_runs_user_id_requested_at", table_name="backtest_runs")
    op.drop_table("backtest_runs")
    op.drop_table("alert_triggers")
    op.drop_table("alert_rules")
    op.drop_constraint(op.f("uq_notifications_user_id_id_channel"), "notifications", type_="unique")
