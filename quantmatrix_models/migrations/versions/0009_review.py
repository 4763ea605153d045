"""What a review by a database engineer found, and what V1's rows had no place for."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from quantmatrix_models.migrations.statements import statements

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


_USER_BEFORE = (
    "CREATE OR REPLACE FUNCTION app_user_id() RETURNS bigint LANGUAGE sql STABLE\n"
    "    AS $$ SELECT nullif(current_setting('app.user_id', true), '')::bigint $$"
)
_RULES = (
    "ALTER TABLE instrument_identifiers DROP CONSTRAINT "
    "ck_instrument_identifiers_value_fits_scheme",
    "ALTER TABLE instrument_identifiers ADD CONSTRAINT "
    "ck_instrument_identifiers_value_fits_scheme CHECK (CASE scheme WHEN 'isin' THEN value ~ "
    "'^[A-Z]{2}[A-Z0-9]{9}[0-9]$' WHEN 'cusip' THEN value ~ '^[A-Z0-9*@#]{8}[0-9]$' WHEN "
    "'sedol' THEN value ~ '^[A-Z0-9]{6}[0-9]$' WHEN 'figi' THEN value ~ "
    "'^[A-Z]{2}G[A-Z0-9]{8}[0-9]$' WHEN 'cik' THEN value ~ '^[0-9]{10}$' WHEN 'ibkr_conid' "
    "THEN value ~ '^[1-9][0-9]*$' WHEN 'occ' THEN length(value) = 21 AND value ~ "
    "'^[A-Z0-9]{1,6} *[0-9]{6}[CP][0-9]{8}$' ELSE btrim(value) <> '' END)",
    "ALTER TABLE instrument_identifiers DROP CONSTRAINT "
    "ex_instrument_identifiers_scheme_provider_value_valid",
    "ALTER TABLE instrument_identifiers ADD CONSTRAINT "
    "ex_instrument_identifiers_scheme_provider_value_valid EXCLUDE USING gist "
    "(text_range(scheme, scheme, '[]') WITH &&, text_range(coalesce(provider, ''), "
    "coalesce(provider, ''), '[]') WITH &&, text_range(value, value, '[]') WITH &&, "
    "int8range(CASE WHEN scheme IN ('cik', 'isin', 'cusip') THEN instrument_id ELSE 0 END, "
    "CASE WHEN scheme IN ('cik', 'isin', 'cusip') THEN instrument_id ELSE 0 END, '[]') WITH "
    "&&, daterange(valid_from, valid_to) WITH &&)",
    "ALTER TABLE notifications ADD CONSTRAINT ck_notifications_finished_is_final CHECK "
    "(finished_at IS NULL OR status NOT IN ('pending', 'leased'))",
    "ALTER TABLE account_balances DROP CONSTRAINT ck_account_balances_amounts_are_numbers",
    "ALTER TABLE account_balances ADD CONSTRAINT ck_account_balances_amounts_are_numbers "
    "CHECK ('NaN' NOT IN (cash, settled_cash, net_liquidation, equity, previous_day_equity, "
    "buying_power, gross_position_value, initial_margin, maintenance_margin, available_funds, "
    "excess_liquidity, sma, cushion_ratio, leverage, accrued_dividend, accrued_interest, "
    "unrealized_pnl, realized_pnl, exchange_rate, day_pnl, margin_used))",
    "ALTER TABLE account_syncs DROP CONSTRAINT ck_account_syncs_kind",
    "ALTER TABLE account_syncs ADD CONSTRAINT ck_account_syncs_kind CHECK (kind IN ('api', "
    "'flex_query', 'file', 'v1'))",
    "ALTER TABLE capital_allocations DROP CONSTRAINT ck_capital_allocations_amounts_are_numbers",
    "ALTER TABLE capital_allocations ADD CONSTRAINT "
    "ck_capital_allocations_amounts_are_numbers CHECK ('NaN' NOT IN (allocated_amount, "
    "allocation_pct, position_size_pct, max_risk_per_trade_pct, max_portfolio_risk_pct, "
    "reinvest_pct, profit_target_pct, stop_loss_pct, min_amount, max_amount, target_amount, "
    "scale_up_pct, scale_down_pct))",
    "ALTER TABLE capital_allocations ADD CONSTRAINT "
    "ck_capital_allocations_scale_down_pct_negative CHECK (scale_down_pct < 0)",
    "ALTER TABLE capital_allocations ADD CONSTRAINT "
    "ck_capital_allocations_scale_up_pct_positive CHECK (scale_up_pct > 0)",
    "ALTER TABLE capital_allocations ADD CONSTRAINT "
    "ck_capital_allocations_target_amount_positive CHECK (target_amount > 0)",
    "ALTER TABLE position_snapshots DROP CONSTRAINT ck_position_snapshots_price_not_negative",
    "ALTER TABLE position_snapshots DROP CONSTRAINT ck_position_snapshots_source",
    "ALTER TABLE position_snapshots ADD CONSTRAINT ck_position_snapshots_source CHECK (source "
    "IN ('broker', 'book', 'v1'))",
    "ALTER TABLE positions ADD CONSTRAINT ck_positions_margin_priority_in_range CHECK "
    "(margin_priority >= 1 AND margin_priority <= 10)",
    "ALTER TABLE signals ADD CONSTRAINT ck_signals_targets_above_price CHECK (action <> "
    "'entry' OR target_1 > price)",
    "ALTER TABLE orders DROP CONSTRAINT ck_orders_amounts_are_numbers",
    "ALTER TABLE orders ADD CONSTRAINT ck_orders_amounts_are_numbers CHECK ('NaN' NOT IN "
    "(quantity, limit_price, stop_price, filled_quantity, average_fill_price, risk_amount))",
    "ALTER TABLE orders ADD CONSTRAINT ck_orders_limit_price_not_zero CHECK (limit_price <> 0)",
    "ALTER TABLE orders DROP CONSTRAINT ck_orders_limit_price_positive",
    "ALTER TABLE orders ADD CONSTRAINT ck_orders_stop_price_not_zero CHECK (stop_price <> 0)",
    "ALTER TABLE orders DROP CONSTRAINT ck_orders_stop_price_positive",
    "ALTER TABLE fills DROP CONSTRAINT ck_fills_price_not_negative",
    "ALTER TABLE transactions DROP CONSTRAINT ck_transactions_price_not_negative",
    "ALTER TABLE transactions ADD CONSTRAINT ck_transactions_revision_positive CHECK "
    "(revision > 0)",
    "ALTER TABLE transactions DROP CONSTRAINT ck_transactions_settles_after_trade",
    "ALTER TABLE transactions ADD CONSTRAINT ck_transactions_settles_after_trade CHECK "
    "(settles_on >= trade_date OR kind NOT IN ('buy', 'sell', 'sell_short', 'buy_to_cover'))",
    "ALTER TABLE transactions ADD CONSTRAINT ck_transactions_venue_is_mic CHECK (venue ~ "
    "'^[A-Z0-9]{4}$')",
    "ALTER TABLE dividends ADD CONSTRAINT ck_dividends_tax_has_sign_of_gross CHECK "
    "(tax_withheld * sign(gross_amount) >= 0)",
    "ALTER TABLE dividends DROP CONSTRAINT ck_dividends_tax_withheld_not_negative",
)
_RIGHTS_BEFORE = (
    "REVOKE UPDATE (quantity, limit_price, stop_price, status, filled_quantity, "
    "average_fill_price, external_id, submitted_at, finished_at, reason, changed_at) ON "
    "orders FROM quantmatrix_pipeline",
    "REVOKE UPDATE (notes, tags, margin_priority, strategy_id, changed_at) ON positions FROM "
    "quantmatrix_app",
    "REVOKE UPDATE (starting_balance, interest_accrued, accrual_reversal, ending_balance, "
    "annual_rate_pct) ON margin_interest FROM quantmatrix_pipeline",
    "REVOKE INSERT (user_id, category_id, account_id, instrument_id, share_pct) ON "
    "category_instruments FROM quantmatrix_app",
    "REVOKE UPDATE (allocated_amount, allocation_pct, position_size_pct, max_positions, "
    "max_risk_per_trade_pct, max_portfolio_risk_pct, reinvest_pct, profit_target_pct, "
    "stop_loss_pct, min_amount, max_amount, is_active, valid_from, valid_to, target_amount, "
    "scale_up_pct, scale_down_pct, next_rebalance_at, changed_at) ON capital_allocations FROM "
    "quantmatrix_app",
    "REVOKE INSERT (user_id, account_id, strategy_id, allocated_amount, allocation_pct, "
    "position_size_pct, max_positions, max_risk_per_trade_pct, max_portfolio_risk_pct, "
    "reinvest_pct, profit_target_pct, stop_loss_pct, min_amount, max_amount, is_active, "
    "valid_from, valid_to, target_amount, scale_up_pct, scale_down_pct, next_rebalance_at, "
    "changed_at) ON capital_allocations FROM quantmatrix_app",
    "REVOKE UPDATE (sync_status, last_synced_at, next_sync_at, last_error, is_day_trader, "
    "broker_kind, broker_status, changed_at) ON accounts FROM quantmatrix_pipeline",
    "REVOKE INSERT (user_id, broker, number, name, tax_treatment, is_margin, is_paper, "
    "is_active, base_currency, lot_method, is_sync_enabled, opened_on, closed_on, "
    "credential_id) ON accounts FROM quantmatrix_app",
    "REVOKE INSERT (user_id, name, position) ON watchlists FROM quantmatrix_app",
    "REVOKE UPDATE (name, kind, description, parent_id, color, target_pct, min_pct, max_pct, "
    "rebalance_threshold_pct, is_auto_rebalanced) ON categories FROM quantmatrix_app",
    "REVOKE INSERT (user_id, name, kind, description, parent_id, color, target_pct, min_pct, "
    "max_pct, rebalance_threshold_pct, is_auto_rebalanced) ON categories FROM quantmatrix_app",
    "REVOKE INSERT (user_id, broker, label, kind, sealed_secret, key_id, username_hint, "
    "expires_at) ON broker_credentials FROM quantmatrix_app",
    "REVOKE INSERT (user_id, seq, at, actor_id, actor, action, entity, entity_id, changes, "
    "request_id, address, key_id, previous_hash, hash) ON audit_events FROM quantmatrix_app",
    "GRANT INSERT ON audit_events TO quantmatrix_app",
    "GRANT INSERT ON broker_credentials TO quantmatrix_app",
    "GRANT INSERT ON categories TO quantmatrix_app",
    "GRANT UPDATE (color, kind, max_pct, min_pct, name, parent_id, rebalance_threshold_pct, "
    "target_pct) ON categories TO quantmatrix_app",
    "GRANT INSERT ON watchlists TO quantmatrix_app",
    "GRANT INSERT ON accounts TO quantmatrix_app",
    "GRANT UPDATE (changed_at, last_error, last_synced_at, next_sync_at, sync_status) ON "
    "accounts TO quantmatrix_pipeline",
    "GRANT INSERT ON capital_allocations TO quantmatrix_app",
    "GRANT UPDATE (allocated_amount, allocation_pct, changed_at, is_active, max_amount, "
    "max_portfolio_risk_pct, max_positions, max_risk_per_trade_pct, min_amount, "
    "position_size_pct, profit_target_pct, reinvest_pct, stop_loss_pct, valid_from, valid_to) "
    "ON capital_allocations TO quantmatrix_app",
    "GRANT INSERT ON category_instruments TO quantmatrix_app",
    "GRANT UPDATE (changed_at, notes, tags) ON positions TO quantmatrix_app",
    "GRANT UPDATE (average_fill_price, changed_at, external_id, filled_quantity, finished_at, "
    "reason, status, submitted_at) ON orders TO quantmatrix_pipeline",
)
_RULES_DROPPED = (
    "ALTER TABLE instrument_identifiers DROP CONSTRAINT "
    "ck_instrument_identifiers_value_fits_scheme",
    "ALTER TABLE instrument_identifiers DROP CONSTRAINT "
    "ex_instrument_identifiers_scheme_provider_value_valid",
    "ALTER TABLE notifications DROP CONSTRAINT ck_notifications_finished_is_final",
    "ALTER TABLE account_balances DROP CONSTRAINT ck_account_balances_amounts_are_numbers",
    "ALTER TABLE account_syncs DROP CONSTRAINT ck_account_syncs_kind",
    "ALTER TABLE capital_allocations DROP CONSTRAINT ck_capital_allocations_amounts_are_numbers",
    "ALTER TABLE capital_allocations DROP CONSTRAINT "
    "ck_capital_allocations_scale_down_pct_negative",
    "ALTER TABLE capital_allocations DROP CONSTRAINT ck_capital_allocations_scale_up_pct_positive",
    "ALTER TABLE capital_allocations DROP CONSTRAINT ck_capital_allocations_target_amount_positive",
    "ALTER TABLE position_snapshots DROP CONSTRAINT ck_position_snapshots_source",
    "ALTER TABLE positions DROP CONSTRAINT ck_positions_margin_priority_in_range",
    "ALTER TABLE signals DROP CONSTRAINT ck_signals_targets_above_price",
    "ALTER TABLE orders DROP CONSTRAINT ck_orders_amounts_are_numbers",
    "ALTER TABLE orders DROP CONSTRAINT ck_orders_limit_price_not_zero",
    "ALTER TABLE orders DROP CONSTRAINT ck_orders_stop_price_not_zero",
    "ALTER TABLE transactions DROP CONSTRAINT ck_transactions_revision_positive",
    "ALTER TABLE transactions DROP CONSTRAINT ck_transactions_settles_after_trade",
    "ALTER TABLE transactions DROP CONSTRAINT ck_transactions_venue_is_mic",
    "ALTER TABLE dividends DROP CONSTRAINT ck_dividends_tax_has_sign_of_gross",
)
_RULES_BEFORE = (
    "ALTER TABLE instrument_identifiers ADD CONSTRAINT "
    "ck_instrument_identifiers_value_fits_scheme CHECK ( CASE scheme WHEN 'isin'::text THEN "
    "((value)::text ~ '^[A-Z]{2}[A-Z0-9]{9}[0-9]$'::text) WHEN 'cusip'::text THEN "
    "((value)::text ~ '^[A-Z0-9*@#]{8}[0-9]$'::text) WHEN 'sedol'::text THEN ((value)::text ~ "
    "'^[A-Z0-9]{6}[0-9]$'::text) WHEN 'figi'::text THEN ((value)::text ~ "
    "'^BBG[A-Z0-9]{8}[0-9]$'::text) WHEN 'cik'::text THEN ((value)::text ~ "
    "'^[0-9]{10}$'::text) WHEN 'ibkr_conid'::text THEN ((value)::text ~ "
    "'^[1-9][0-9]*$'::text) WHEN 'occ'::text THEN ((length((value)::text) = 21) AND "
    "((value)::text ~ '^[A-Z0-9]{1,6} *[0-9]{6}[CP][0-9]{8}$'::text)) ELSE "
    "(btrim((value)::text) <> ''::text) END)",
    "ALTER TABLE instrument_identifiers ADD CONSTRAINT "
    "ex_instrument_identifiers_scheme_provider_value_valid EXCLUDE USING gist "
    "(text_range((scheme)::text, (scheme)::text, '[]'::text) WITH &&, "
    "text_range((COALESCE(provider, ''::character varying))::text, (COALESCE(provider, "
    "''::character varying))::text, '[]'::text) WITH &&, text_range((value)::text, "
    "(value)::text, '[]'::text) WITH &&, int8range( CASE WHEN ((scheme)::text = 'cik'::text) "
    "THEN instrument_id ELSE (0)::bigint END, CASE WHEN ((scheme)::text = 'cik'::text) THEN "
    "instrument_id ELSE (0)::bigint END, '[]'::text) WITH &&, daterange(valid_from, valid_to) "
    "WITH &&)",
    "ALTER TABLE account_balances ADD CONSTRAINT ck_account_balances_amounts_are_numbers "
    "CHECK (((((((((((((((((((('NaN'::numeric <> cash) AND ('NaN'::numeric <> settled_cash)) "
    "AND ('NaN'::numeric <> net_liquidation)) AND ('NaN'::numeric <> equity)) AND "
    "('NaN'::numeric <> previous_day_equity)) AND ('NaN'::numeric <> buying_power)) AND "
    "('NaN'::numeric <> gross_position_value)) AND ('NaN'::numeric <> initial_margin)) AND "
    "('NaN'::numeric <> maintenance_margin)) AND ('NaN'::numeric <> available_funds)) AND "
    "('NaN'::numeric <> excess_liquidity)) AND ('NaN'::numeric <> sma)) AND ('NaN'::numeric "
    "<> cushion_ratio)) AND ('NaN'::numeric <> leverage)) AND ('NaN'::numeric <> "
    "accrued_dividend)) AND ('NaN'::numeric <> accrued_interest)) AND ('NaN'::numeric <> "
    "unrealized_pnl)) AND ('NaN'::numeric <> realized_pnl)) AND ('NaN'::numeric <> "
    "exchange_rate)))",
    "ALTER TABLE account_syncs ADD CONSTRAINT ck_account_syncs_kind CHECK (kind IN ('api', "
    "'flex_query', 'file'))",
    "ALTER TABLE capital_allocations ADD CONSTRAINT "
    "ck_capital_allocations_amounts_are_numbers CHECK ((((((((((('NaN'::numeric <> "
    "allocated_amount) AND ('NaN'::numeric <> allocation_pct)) AND ('NaN'::numeric <> "
    "position_size_pct)) AND ('NaN'::numeric <> max_risk_per_trade_pct)) AND ('NaN'::numeric "
    "<> max_portfolio_risk_pct)) AND ('NaN'::numeric <> reinvest_pct)) AND ('NaN'::numeric <> "
    "profit_target_pct)) AND ('NaN'::numeric <> stop_loss_pct)) AND ('NaN'::numeric <> "
    "min_amount)) AND ('NaN'::numeric <> max_amount)))",
    "ALTER TABLE position_snapshots ADD CONSTRAINT ck_position_snapshots_price_not_negative "
    "CHECK ((price >= (0)::numeric))",
    "ALTER TABLE position_snapshots ADD CONSTRAINT ck_position_snapshots_source CHECK (source "
    "IN ('broker', 'book'))",
    "ALTER TABLE orders ADD CONSTRAINT ck_orders_amounts_are_numbers CHECK "
    "(((((('NaN'::numeric <> quantity) AND ('NaN'::numeric <> limit_price)) AND "
    "('NaN'::numeric <> stop_price)) AND ('NaN'::numeric <> filled_quantity)) AND "
    "('NaN'::numeric <> average_fill_price)))",
    "ALTER TABLE orders ADD CONSTRAINT ck_orders_limit_price_positive CHECK ((limit_price > "
    "(0)::numeric))",
    "ALTER TABLE orders ADD CONSTRAINT ck_orders_stop_price_positive CHECK ((stop_price > "
    "(0)::numeric))",
    "ALTER TABLE fills ADD CONSTRAINT ck_fills_price_not_negative CHECK ((price >= (0)::numeric))",
    "ALTER TABLE transactions ADD CONSTRAINT ck_transactions_price_not_negative CHECK ((price "
    ">= (0)::numeric))",
    "ALTER TABLE transactions ADD CONSTRAINT ck_transactions_settles_after_trade CHECK "
    "((settles_on >= trade_date))",
    "ALTER TABLE dividends ADD CONSTRAINT ck_dividends_tax_withheld_not_negative CHECK "
    "((tax_withheld >= (0)::numeric))",
)


def upgrade() -> None:
    op.execute(statements("0009_before_tables.sql"))
    _create_tables()
    for statement in _RULES:
        op.execute(statement)
    op.execute(statements("0009_triggers.sql"))
    op.execute(statements("0009_after_tables.sql"))


def downgrade() -> None:
    op.execute("DROP FUNCTION check_lot_balance() CASCADE")
    op.execute("DROP FUNCTION follow_the_chain() CASCADE")
    for statement in _RIGHTS_BEFORE:
        op.execute(statement)
    for statement in _RULES_DROPPED:
        op.execute(statement)
    for statement in _RULES_BEFORE:
        op.execute(statement)
    _drop_tables()
    op.execute(_USER_BEFORE)


def _create_tables() -> None:
    op.drop_constraint(
        op.f("fk_dividends_user_id_account_id_transaction_id_transactions"),
        "dividends",
        type_="foreignkey",
    )
    op.drop_constraint(
        op.f("fk_fills_user_id_account_id_order_id_orders"), "fills", type_="foreignkey"
    )
    op.drop_constraint(
        op.f("fk_signals_user_id_run_id_strategy_runs"), "signals", type_="foreignkey"
    )
    op.drop_constraint(
        op.f("fk_transactions_user_id_account_id_position_id_positions"),
        "transactions",
        type_="foreignkey",
    )
    op.drop_constraint(
        op.f("fk_transactions_user_id_account_id_fill_id_fills"), "transactions", type_="foreignkey"
    )
    op.drop_constraint(
        op.f("fk_withheld_signals_user_id_run_id_strategy_runs"),
        "withheld_signals",
        type_="foreignkey",
    )
    op.drop_constraint(
        op.f("uq_account_balances_account_id_as_of_currency"), "account_balances", type_="unique"
    )
    op.drop_constraint(op.f("uq_corporate_actions_identity"), "corporate_actions", type_="unique")
    op.drop_constraint(op.f("uq_fills_account_id_external_id"), "fills", type_="unique")
    op.drop_index(
        op.f("uq_findings_identity"), table_name="findings", postgresql_nulls_not_distinct=True
    )
    op.drop_constraint(
        op.f("uq_holding_actions_account_id_instrument_id_kind_effective_on"),
        "holding_actions",
        type_="unique",
    )
    op.drop_constraint(
        op.f("uq_margin_interest_account_id_from_date_to_date_currency"),
        "margin_interest",
        type_="unique",
    )
    op.drop_constraint(op.f("uq_orders_account_id_client_order_id"), "orders", type_="unique")
    op.drop_constraint(op.f("uq_orders_account_id_external_id"), "orders", type_="unique")
    op.drop_constraint(
        op.f("uq_position_snapshots_account_id_instrument_id_session_source"),
        "position_snapshots",
        type_="unique",
    )
    op.drop_constraint(
        op.f("uq_tax_lots_account_id_opening_transaction_id_ordinal"), "tax_lots", type_="unique"
    )
    op.drop_constraint(
        op.f("uq_transactions_account_id_content_hash"), "transactions", type_="unique"
    )
    op.drop_constraint(
        op.f("uq_transactions_account_id_external_id"), "transactions", type_="unique"
    )
    op.drop_constraint(op.f("uq_transactions_account_id_fill_id"), "transactions", type_="unique")
    op.add_column(
        "account_balances",
        sa.Column(
            "day_pnl",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Gain since the session before; null: not said.",
        ),
    )
    op.add_column(
        "account_balances",
        sa.Column(
            "margin_used",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Margin in use, where it is not said of which sort; null: not said.",
        ),
    )
    op.add_column(
        "account_balances",
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
            server_default="broker",
            nullable=False,
            comment="Who says so: the broker, our book, or V1 as it was taken over.",
        ),
    )
    op.add_column(
        "accounts",
        sa.Column(
            "is_day_trader",
            sa.Boolean(),
            nullable=True,
            comment="Whether the broker holds its user for a day trader; null: not said.",
        ),
    )
    op.add_column(
        "accounts",
        sa.Column(
            "broker_kind",
            sa.String(),
            nullable=True,
            comment="What the broker calls this kind of account; null: not said.",
        ),
    )
    op.add_column(
        "accounts",
        sa.Column(
            "broker_status",
            sa.String(),
            nullable=True,
            comment="How it stands in the broker's words; null: not said.",
        ),
    )
    op.add_column(
        "capital_allocations",
        sa.Column(
            "target_amount",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Amount it is meant to grow to; null: none was set.",
        ),
    )
    op.add_column(
        "capital_allocations",
        sa.Column(
            "scale_up_pct",
            sa.Numeric(precision=9, scale=4),
            nullable=True,
            comment="Gain in percent from which it is given more; null: it is not scaled up.",
        ),
    )
    op.add_column(
        "capital_allocations",
        sa.Column(
            "scale_down_pct",
            sa.Numeric(precision=9, scale=4),
            nullable=True,
            comment="Loss in percent, negative, from which it is given less; null: not scaled down.",
        ),
    )
    op.add_column(
        "capital_allocations",
        sa.Column(
            "last_rebalanced_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Moment (UTC) the amount was last set anew; null: never.",
        ),
    )
    op.add_column(
        "capital_allocations",
        sa.Column(
            "next_rebalance_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Moment (UTC) it is to be looked at again; null: none was set.",
        ),
    )
    op.add_column(
        "categories",
        sa.Column(
            "description", sa.String(), nullable=True, comment="What it is for; null: not said."
        ),
    )
    op.add_column(
        "categories",
        sa.Column(
            "is_auto_rebalanced",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="Whether the user wants it kept at its target.",
        ),
    )
    op.alter_column(
        "dividends",
        "quantity_held",
        existing_type=sa.NUMERIC(precision=24, scale=8),
        type_=sa.Numeric(precision=38, scale=18),
        existing_comment="Units it was paid on, negative for a short that pays; null: not said.",
        existing_nullable=True,
    )
    op.alter_column(
        "dividends",
        "tax_withheld",
        existing_type=sa.NUMERIC(precision=24, scale=8),
        nullable=True,
        existing_comment="Tax kept back, never negative.",
    )
    op.add_column(
        "fills",
        sa.Column(
            "broker_order_id",
            sa.String(length=100),
            nullable=True,
            comment="The broker's id of the order; null: not said.",
        ),
    )
    op.alter_column(
        "fills",
        "quantity",
        existing_type=sa.NUMERIC(precision=24, scale=8),
        type_=sa.Numeric(precision=38, scale=18),
        existing_comment="Units done, always positive.",
        existing_nullable=False,
    )
    op.alter_column(
        "fills",
        "price",
        existing_type=sa.NUMERIC(precision=20, scale=6),
        type_=sa.Numeric(precision=28, scale=12),
        existing_comment="Price of one unit.",
        existing_nullable=False,
    )
    op.alter_column(
        "holding_actions",
        "quantity_before",
        existing_type=sa.NUMERIC(precision=24, scale=8),
        type_=sa.Numeric(precision=38, scale=18),
        existing_comment="Units held before it, negative where sold short.",
        existing_nullable=False,
    )
    op.alter_column(
        "holding_actions",
        "quantity_after",
        existing_type=sa.NUMERIC(precision=24, scale=8),
        type_=sa.Numeric(precision=38, scale=18),
        existing_comment="Units held after it, negative where sold short.",
        existing_nullable=False,
    )
    op.add_column(
        "lot_disposals",
        sa.Column(
            "notes", sa.String(), nullable=True, comment="What the user noted; null: nothing."
        ),
    )
    op.alter_column(
        "lot_disposals",
        "quantity",
        existing_type=sa.NUMERIC(precision=24, scale=8),
        type_=sa.Numeric(precision=38, scale=18),
        existing_comment="Units closed, always positive, in the units of the present.",
        existing_nullable=False,
    )
    op.add_column(
        "margin_interest",
        sa.Column(
            "kind",
            sa.Enum(
                "debit",
                "credit",
                "short_borrow",
                "other",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="debit",
            nullable=False,
            comment="What it is paid on or for.",
        ),
    )
    op.alter_column(
        "option_contracts",
        "multiplier",
        existing_type=sa.NUMERIC(precision=24, scale=8),
        type_=sa.Numeric(precision=38, scale=18),
        existing_comment="Units of the underlying one contract is for.",
        existing_nullable=False,
        existing_server_default=sa.text("100"),
    )
    op.alter_column(
        "option_contracts",
        "exercise_style",
        existing_type=sa.VARCHAR(length=32),
        nullable=True,
        existing_comment="When it can be exercised.",
    )
    op.alter_column(
        "option_contracts",
        "settlement",
        existing_type=sa.VARCHAR(length=32),
        nullable=True,
        existing_comment="What an exercise delivers.",
    )
    op.add_column(
        "orders",
        sa.Column(
            "risk_amount",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Loss at its stop, in the instrument's currency; null: not said.",
        ),
    )
    op.add_column(
        "orders",
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="What was seen when it was made, such as ATR and levels; null: its signal says it.",
        ),
    )
    op.add_column(
        "orders",
        sa.Column(
            "notes", sa.String(), nullable=True, comment="What the user noted; null: nothing."
        ),
    )
    op.alter_column(
        "orders",
        "quantity",
        existing_type=sa.NUMERIC(precision=24, scale=8),
        type_=sa.Numeric(precision=38, scale=18),
        existing_comment="Units asked for, always positive.",
        existing_nullable=False,
    )
    op.alter_column(
        "orders",
        "limit_price",
        existing_type=sa.NUMERIC(precision=20, scale=6),
        type_=sa.Numeric(precision=28, scale=12),
        existing_comment="Worst price it may be done at; null unless it is a limit or stop-limit order.",
        existing_nullable=True,
    )
    op.alter_column(
        "orders",
        "stop_price",
        existing_type=sa.NUMERIC(precision=20, scale=6),
        type_=sa.Numeric(precision=28, scale=12),
        existing_comment="Price that sets it off; null unless it is a stop or stop-limit order.",
        existing_nullable=True,
    )
    op.alter_column(
        "orders",
        "filled_quantity",
        existing_type=sa.NUMERIC(precision=24, scale=8),
        type_=sa.Numeric(precision=38, scale=18),
        existing_comment="Units done so far.",
        existing_nullable=False,
        existing_server_default=sa.text("0"),
    )
    op.alter_column(
        "orders",
        "average_fill_price",
        existing_type=sa.NUMERIC(precision=20, scale=6),
        type_=sa.Numeric(precision=28, scale=12),
        existing_comment="Average price of those units; null where none are done or it was not said.",
        existing_nullable=True,
    )
    op.alter_column(
        "position_snapshots",
        "quantity",
        existing_type=sa.NUMERIC(precision=24, scale=8),
        type_=sa.Numeric(precision=38, scale=18),
        existing_comment="Net quantity, negative where sold short; 0: nothing is held.",
        existing_nullable=False,
    )
    op.alter_column(
        "position_snapshots",
        "price",
        existing_type=sa.NUMERIC(precision=20, scale=6),
        type_=sa.Numeric(precision=28, scale=12),
        existing_comment="Price it was valued at; null: none.",
        existing_nullable=True,
    )
    op.add_column(
        "positions",
        sa.Column(
            "strategy_id",
            sa.BigInteger(),
            nullable=True,
            comment="The strategy it is for, one of the same user; null: for none.",
        ),
    )
    op.add_column(
        "positions",
        sa.Column(
            "margin_priority",
            sa.SmallInteger(),
            nullable=True,
            comment="Order of selling where margin is called: 1 first, 10 last; null: none was set.",
        ),
    )
    op.alter_column(
        "positions",
        "quantity",
        existing_type=sa.NUMERIC(precision=24, scale=8),
        type_=sa.Numeric(precision=38, scale=18),
        existing_comment="Net quantity, negative where sold short; 0 unless it is open.",
        existing_nullable=False,
    )
    op.add_column(
        "tax_lots",
        sa.Column(
            "notes", sa.String(), nullable=True, comment="What the user noted; null: nothing."
        ),
    )
    op.alter_column(
        "tax_lots",
        "quantity",
        existing_type=sa.NUMERIC(precision=24, scale=8),
        type_=sa.Numeric(precision=38, scale=18),
        existing_comment="Units opened, always positive, in the units of the present.",
        existing_nullable=False,
    )
    op.alter_column(
        "tax_lots",
        "remaining_quantity",
        existing_type=sa.NUMERIC(precision=24, scale=8),
        type_=sa.Numeric(precision=38, scale=18),
        existing_comment="Units still open: the quantity less the disposals.",
        existing_nullable=False,
    )
    op.add_column(
        "transactions",
        sa.Column(
            "revision",
            sa.SmallInteger(),
            server_default=sa.text("1"),
            nullable=False,
            comment="Counts bookings under the same keys: 2 is the right one after 1 was reversed.",
        ),
    )
    op.add_column(
        "transactions",
        sa.Column(
            "broker_order_id",
            sa.String(length=100),
            nullable=True,
            comment="The broker's id of the order behind it; null: not said.",
        ),
    )
    op.add_column(
        "transactions",
        sa.Column(
            "venue",
            sa.String(length=4),
            nullable=True,
            comment="Where it was done, ISO 10383 MIC; null: not said.",
        ),
    )
    op.alter_column(
        "transactions",
        "quantity",
        existing_type=sa.NUMERIC(precision=24, scale=8),
        type_=sa.Numeric(precision=38, scale=18),
        existing_comment="Change of the position, negative where units left; null: units did not move.",
        existing_nullable=True,
    )
    op.alter_column(
        "transactions",
        "price",
        existing_type=sa.NUMERIC(precision=20, scale=6),
        type_=sa.Numeric(precision=28, scale=12),
        existing_comment="Price of one unit; null where there is none.",
        existing_nullable=True,
    )
    op.alter_column(
        "transfers",
        "quantity",
        existing_type=sa.NUMERIC(precision=24, scale=8),
        type_=sa.Numeric(precision=38, scale=18),
        existing_comment="Units that moved, negative for a short; null: cash moved.",
        existing_nullable=True,
    )
    op.alter_column(
        "wash_sale_adjustments",
        "quantity",
        existing_type=sa.NUMERIC(precision=24, scale=8),
        type_=sa.Numeric(precision=38, scale=18),
        existing_comment="Units replaced.",
        existing_nullable=False,
    )
    op.create_unique_constraint(
        op.f("uq_account_balances_user_id_account_id_as_of_currency_source"),
        "account_balances",
        ["user_id", "account_id", "as_of", "currency", "source"],
    )
    op.create_unique_constraint(
        "uq_corporate_actions_identity",
        "corporate_actions",
        [
            "instrument_id",
            "kind",
            "ex_date",
            "provider",
            "known_at",
            "other_instrument_id",
            "amount",
            "currency",
        ],
        postgresql_nulls_not_distinct=True,
    )
    op.create_unique_constraint(
        op.f("uq_fills_user_id_account_id_external_id"),
        "fills",
        ["user_id", "account_id", "external_id"],
    )
    op.create_unique_constraint(
        op.f("uq_fills_user_id_account_id_instrument_id_id"),
        "fills",
        ["user_id", "account_id", "instrument_id", "id"],
    )
    op.create_index(
        "uq_findings_identity",
        "findings",
        ["user_id", "provider", "source", "source_row", "symbol", "session", "rule", "column"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_unique_constraint(
        "uq_holding_actions_identity",
        "holding_actions",
        ["user_id", "account_id", "instrument_id", "kind", "effective_on", "other_instrument_id"],
        postgresql_nulls_not_distinct=True,
    )
    op.create_index(
        "ix_instrument_symbols_symbol_exchange",
        "instrument_symbols",
        ["symbol", "exchange"],
        unique=False,
    )
    op.create_unique_constraint(
        "uq_margin_interest_period",
        "margin_interest",
        ["user_id", "account_id", "from_date", "to_date", "currency", "kind"],
    )
    op.create_unique_constraint(
        op.f("uq_orders_user_id_account_id_client_order_id"),
        "orders",
        ["user_id", "account_id", "client_order_id"],
    )
    op.create_unique_constraint(
        op.f("uq_orders_user_id_account_id_external_id"),
        "orders",
        ["user_id", "account_id", "external_id"],
    )
    op.create_unique_constraint(
        op.f("uq_orders_user_id_account_id_instrument_id_id"),
        "orders",
        ["user_id", "account_id", "instrument_id", "id"],
    )
    op.create_unique_constraint(
        "uq_position_snapshots_statement",
        "position_snapshots",
        ["user_id", "account_id", "instrument_id", "session", "source"],
    )
    op.create_unique_constraint(
        op.f("uq_positions_user_id_account_id_instrument_id_id"),
        "positions",
        ["user_id", "account_id", "instrument_id", "id"],
    )
    op.create_unique_constraint(
        op.f("uq_strategy_runs_user_id_strategy_id_session_id"),
        "strategy_runs",
        ["user_id", "strategy_id", "session", "id"],
    )
    op.create_unique_constraint(
        op.f("uq_tax_lots_user_id_account_id_opening_transaction_id_ordinal"),
        "tax_lots",
        ["user_id", "account_id", "opening_transaction_id", "ordinal"],
    )
    op.create_unique_constraint(
        "uq_transactions_of_instrument",
        "transactions",
        ["user_id", "account_id", "instrument_id", "id"],
    )
    op.create_unique_constraint(
        op.f("uq_transactions_user_id_account_id_content_hash_revision"),
        "transactions",
        ["user_id", "account_id", "content_hash", "revision"],
    )
    op.create_unique_constraint(
        op.f("uq_transactions_user_id_account_id_external_id_revision"),
        "transactions",
        ["user_id", "account_id", "external_id", "revision"],
    )
    op.create_unique_constraint(
        op.f("uq_transactions_user_id_account_id_fill_id_revision"),
        "transactions",
        ["user_id", "account_id", "fill_id", "revision"],
    )
    op.create_unique_constraint(
        op.f("uq_transactions_user_id_account_id_reverses_id"),
        "transactions",
        ["user_id", "account_id", "reverses_id"],
    )
    op.create_foreign_key(
        "fk_dividends_transaction_id_transactions",
        "dividends",
        "transactions",
        ["user_id", "account_id", "instrument_id", "transaction_id"],
        ["user_id", "account_id", "instrument_id", "id"],
    )
    op.create_foreign_key(
        "fk_fills_order_id_orders",
        "fills",
        "orders",
        ["user_id", "account_id", "instrument_id", "order_id"],
        ["user_id", "account_id", "instrument_id", "id"],
    )
    op.create_foreign_key(
        op.f("fk_positions_user_id_strategy_id_strategies"),
        "positions",
        "strategies",
        ["user_id", "strategy_id"],
        ["user_id", "id"],
    )
    op.create_foreign_key(
        "fk_signals_run_id_strategy_runs",
        "signals",
        "strategy_runs",
        ["user_id", "strategy_id", "session", "run_id"],
        ["user_id", "strategy_id", "session", "id"],
    )
    op.create_foreign_key(
        "fk_transactions_position_id_positions",
        "transactions",
        "positions",
        ["user_id", "account_id", "instrument_id", "position_id"],
        ["user_id", "account_id", "instrument_id", "id"],
    )
    op.create_foreign_key(
        "fk_transactions_fill_id_fills",
        "transactions",
        "fills",
        ["user_id", "account_id", "instrument_id", "fill_id"],
        ["user_id", "account_id", "instrument_id", "id"],
    )
    op.create_foreign_key(
        "fk_withheld_signals_run_id_strategy_runs",
        "withheld_signals",
        "strategy_runs",
        ["user_id", "strategy_id", "session", "run_id"],
        ["user_id", "strategy_id", "session", "id"],
    )


def _drop_tables() -> None:
    op.drop_constraint(
        "fk_withheld_signals_run_id_strategy_runs", "withheld_signals", type_="foreignkey"
    )
    op.drop_constraint("fk_transactions_fill_id_fills", "transactions", type_="foreignkey")
    op.drop_constraint("fk_transactions_position_id_positions", "transactions", type_="foreignkey")
    op.drop_constraint("fk_signals_run_id_strategy_runs", "signals", type_="foreignkey")
    op.drop_constraint(
        op.f("fk_positions_user_id_strategy_id_strategies"), "positions", type_="foreignkey"
    )
    op.drop_constraint("fk_fills_order_id_orders", "fills", type_="foreignkey")
    op.drop_constraint("fk_dividends_transaction_id_transactions", "dividends", type_="foreignkey")
    op.drop_constraint(
        op.f("uq_transactions_user_id_account_id_reverses_id"), "transactions", type_="unique"
    )
    op.drop_constraint(
        op.f("uq_transactions_user_id_account_id_fill_id_revision"), "transactions", type_="unique"
    )
    op.drop_constraint(
        op.f("uq_transactions_user_id_account_id_external_id_revision"),
        "transactions",
        type_="unique",
    )
    op.drop_constraint(
        op.f("uq_transactions_user_id_account_id_content_hash_revision"),
        "transactions",
        type_="unique",
    )
    op.drop_constraint("uq_transactions_of_instrument", "transactions", type_="unique")
    op.drop_constraint(
        op.f("uq_tax_lots_user_id_account_id_opening_transaction_id_ordinal"),
        "tax_lots",
        type_="unique",
    )
    op.drop_constraint(
        op.f("uq_strategy_runs_user_id_strategy_id_session_id"), "strategy_runs", type_="unique"
    )
    op.drop_constraint(
        op.f("uq_positions_user_id_account_id_instrument_id_id"), "positions", type_="unique"
    )
    op.drop_constraint("uq_position_snapshots_statement", "position_snapshots", type_="unique")
    op.drop_constraint(
        op.f("uq_orders_user_id_account_id_instrument_id_id"), "orders", type_="unique"
    )
    op.drop_constraint(op.f("uq_orders_user_id_account_id_external_id"), "orders", type_="unique")
    op.drop_constraint(
        op.f("uq_orders_user_id_account_id_client_order_id"), "orders", type_="unique"
    )
    op.drop_constraint("uq_margin_interest_period", "margin_interest", type_="unique")
    op.drop_index("ix_instrument_symbols_symbol_exchange", table_name="instrument_symbols")
    op.drop_constraint("uq_holding_actions_identity", "holding_actions", type_="unique")
    op.drop_index("uq_findings_identity", table_name="findings", postgresql_nulls_not_distinct=True)
    op.drop_constraint(
        op.f("uq_fills_user_id_account_id_instrument_id_id"), "fills", type_="unique"
    )
    op.drop_constraint(op.f("uq_fills_user_id_account_id_external_id"), "fills", type_="unique")
    op.drop_constraint("uq_corporate_actions_identity", "corporate_actions", type_="unique")
    op.drop_constraint(
        op.f("uq_account_balances_user_id_account_id_as_of_currency_source"),
        "account_balances",
        type_="unique",
    )
    op.alter_column(
        "wash_sale_adjustments",
        "quantity",
        existing_type=sa.Numeric(precision=38, scale=18),
        type_=sa.NUMERIC(precision=24, scale=8),
        existing_comment="Units replaced.",
        existing_nullable=False,
    )
    op.alter_column(
        "transfers",
        "quantity",
        existing_type=sa.Numeric(precision=38, scale=18),
        type_=sa.NUMERIC(precision=24, scale=8),
        existing_comment="Units that moved, negative for a short; null: cash moved.",
        existing_nullable=True,
    )
    op.alter_column(
        "transactions",
        "price",
        existing_type=sa.Numeric(precision=28, scale=12),
        type_=sa.NUMERIC(precision=20, scale=6),
        existing_comment="Price of one unit; null where there is none.",
        existing_nullable=True,
    )
    op.alter_column(
        "transactions",
        "quantity",
        existing_type=sa.Numeric(precision=38, scale=18),
        type_=sa.NUMERIC(precision=24, scale=8),
        existing_comment="Change of the position, negative where units left; null: units did not move.",
        existing_nullable=True,
    )
    op.alter_column(
        "tax_lots",
        "remaining_quantity",
        existing_type=sa.Numeric(precision=38, scale=18),
        type_=sa.NUMERIC(precision=24, scale=8),
        existing_comment="Units still open: the quantity less the disposals.",
        existing_nullable=False,
    )
    op.alter_column(
        "tax_lots",
        "quantity",
        existing_type=sa.Numeric(precision=38, scale=18),
        type_=sa.NUMERIC(precision=24, scale=8),
        existing_comment="Units opened, always positive, in the units of the present.",
        existing_nullable=False,
    )
    op.alter_column(
        "positions",
        "quantity",
        existing_type=sa.Numeric(precision=38, scale=18),
        type_=sa.NUMERIC(precision=24, scale=8),
        existing_comment="Net quantity, negative where sold short; 0 unless it is open.",
        existing_nullable=False,
    )
    op.alter_column(
        "position_snapshots",
        "price",
        existing_type=sa.Numeric(precision=28, scale=12),
        type_=sa.NUMERIC(precision=20, scale=6),
        existing_comment="Price it was valued at; null: none.",
        existing_nullable=True,
    )
    op.alter_column(
        "position_snapshots",
        "quantity",
        existing_type=sa.Numeric(precision=38, scale=18),
        type_=sa.NUMERIC(precision=24, scale=8),
        existing_comment="Net quantity, negative where sold short; 0: nothing is held.",
        existing_nullable=False,
    )
    op.alter_column(
        "orders",
        "average_fill_price",
        existing_type=sa.Numeric(precision=28, scale=12),
        type_=sa.NUMERIC(precision=20, scale=6),
        existing_comment="Average price of those units; null where none are done or it was not said.",
        existing_nullable=True,
    )
    op.alter_column(
        "orders",
        "filled_quantity",
        existing_type=sa.Numeric(precision=38, scale=18),
        type_=sa.NUMERIC(precision=24, scale=8),
        existing_comment="Units done so far.",
        existing_nullable=False,
        existing_server_default=sa.text("0"),
    )
    op.alter_column(
        "orders",
        "stop_price",
        existing_type=sa.Numeric(precision=28, scale=12),
        type_=sa.NUMERIC(precision=20, scale=6),
        existing_comment="Price that sets it off; null unless it is a stop or stop-limit order.",
        existing_nullable=True,
    )
    op.alter_column(
        "orders",
        "limit_price",
        existing_type=sa.Numeric(precision=28, scale=12),
        type_=sa.NUMERIC(precision=20, scale=6),
        existing_comment="Worst price it may be done at; null unless it is a limit or stop-limit order.",
        existing_nullable=True,
    )
    op.alter_column(
        "orders",
        "quantity",
        existing_type=sa.Numeric(precision=38, scale=18),
        type_=sa.NUMERIC(precision=24, scale=8),
        existing_comment="Units asked for, always positive.",
        existing_nullable=False,
    )
    op.alter_column(
        "option_contracts",
        "settlement",
        existing_type=sa.VARCHAR(length=32),
        nullable=False,
        existing_comment="What an exercise delivers; null: not known.",
    )
    op.alter_column(
        "option_contracts",
        "exercise_style",
        existing_type=sa.VARCHAR(length=32),
        nullable=False,
        existing_comment="When it can be exercised; null: not known.",
    )
    op.alter_column(
        "option_contracts",
        "multiplier",
        existing_type=sa.Numeric(precision=38, scale=18),
        type_=sa.NUMERIC(precision=24, scale=8),
        existing_comment="Units of the underlying one contract is for.",
        existing_nullable=False,
        existing_server_default=sa.text("100"),
    )
    op.alter_column(
        "lot_disposals",
        "quantity",
        existing_type=sa.Numeric(precision=38, scale=18),
        type_=sa.NUMERIC(precision=24, scale=8),
        existing_comment="Units closed, always positive, in the units of the present.",
        existing_nullable=False,
    )
    op.alter_column(
        "holding_actions",
        "quantity_after",
        existing_type=sa.Numeric(precision=38, scale=18),
        type_=sa.NUMERIC(precision=24, scale=8),
        existing_comment="Units held after it, negative where sold short.",
        existing_nullable=False,
    )
    op.alter_column(
        "holding_actions",
        "quantity_before",
        existing_type=sa.Numeric(precision=38, scale=18),
        type_=sa.NUMERIC(precision=24, scale=8),
        existing_comment="Units held before it, negative where sold short.",
        existing_nullable=False,
    )
    op.alter_column(
        "fills",
        "price",
        existing_type=sa.Numeric(precision=28, scale=12),
        type_=sa.NUMERIC(precision=20, scale=6),
        existing_comment="Price of one unit.",
        existing_nullable=False,
    )
    op.alter_column(
        "fills",
        "quantity",
        existing_type=sa.Numeric(precision=38, scale=18),
        type_=sa.NUMERIC(precision=24, scale=8),
        existing_comment="Units done, always positive.",
        existing_nullable=False,
    )
    op.alter_column(
        "dividends",
        "tax_withheld",
        existing_type=sa.NUMERIC(precision=24, scale=8),
        nullable=False,
        existing_comment="Tax kept back, with the sign of the gross amount; null: not said.",
    )
    op.alter_column(
        "dividends",
        "quantity_held",
        existing_type=sa.Numeric(precision=38, scale=18),
        type_=sa.NUMERIC(precision=24, scale=8),
        existing_comment="Units it was paid on, negative for a short that pays; null: not said.",
        existing_nullable=True,
    )
    op.create_unique_constraint(
        op.f("uq_transactions_account_id_fill_id"),
        "transactions",
        ["account_id", "fill_id"],
        postgresql_nulls_not_distinct=False,
    )
    op.create_unique_constraint(
        op.f("uq_transactions_account_id_external_id"),
        "transactions",
        ["account_id", "external_id"],
        postgresql_nulls_not_distinct=False,
    )
    op.create_unique_constraint(
        op.f("uq_transactions_account_id_content_hash"),
        "transactions",
        ["account_id", "content_hash"],
        postgresql_nulls_not_distinct=False,
    )
    op.create_unique_constraint(
        op.f("uq_tax_lots_account_id_opening_transaction_id_ordinal"),
        "tax_lots",
        ["account_id", "opening_transaction_id", "ordinal"],
        postgresql_nulls_not_distinct=False,
    )
    op.create_unique_constraint(
        op.f("uq_position_snapshots_account_id_instrument_id_session_source"),
        "position_snapshots",
        ["account_id", "instrument_id", "session", "source"],
        postgresql_nulls_not_distinct=False,
    )
    op.create_unique_constraint(
        op.f("uq_orders_account_id_external_id"),
        "orders",
        ["account_id", "external_id"],
        postgresql_nulls_not_distinct=False,
    )
    op.create_unique_constraint(
        op.f("uq_orders_account_id_client_order_id"),
        "orders",
        ["account_id", "client_order_id"],
        postgresql_nulls_not_distinct=False,
    )
    op.create_unique_constraint(
        op.f("uq_margin_interest_account_id_from_date_to_date_currency"),
        "margin_interest",
        ["account_id", "from_date", "to_date", "currency"],
        postgresql_nulls_not_distinct=False,
    )
    op.create_unique_constraint(
        op.f("uq_holding_actions_account_id_instrument_id_kind_effective_on"),
        "holding_actions",
        ["account_id", "instrument_id", "kind", "effective_on"],
        postgresql_nulls_not_distinct=False,
    )
    op.create_index(
        op.f("uq_findings_identity"),
        "findings",
        ["provider", "source", "source_row", "symbol", "session", "rule", "column"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_unique_constraint(
        op.f("uq_fills_account_id_external_id"),
        "fills",
        ["account_id", "external_id"],
        postgresql_nulls_not_distinct=False,
    )
    op.create_unique_constraint(
        op.f("uq_corporate_actions_identity"),
        "corporate_actions",
        ["instrument_id", "kind", "ex_date", "provider", "known_at"],
        postgresql_nulls_not_distinct=False,
    )
    op.create_unique_constraint(
        op.f("uq_account_balances_account_id_as_of_currency"),
        "account_balances",
        ["account_id", "as_of", "currency"],
        postgresql_nulls_not_distinct=False,
    )
    op.create_foreign_key(
        op.f("fk_withheld_signals_user_id_run_id_strategy_runs"),
        "withheld_signals",
        "strategy_runs",
        ["user_id", "run_id"],
        ["user_id", "id"],
    )
    op.create_foreign_key(
        op.f("fk_transactions_user_id_account_id_fill_id_fills"),
        "transactions",
        "fills",
        ["user_id", "account_id", "fill_id"],
        ["user_id", "account_id", "id"],
    )
    op.create_foreign_key(
        op.f("fk_transactions_user_id_account_id_position_id_positions"),
        "transactions",
        "positions",
        ["user_id", "account_id", "position_id"],
        ["user_id", "account_id", "id"],
    )
    op.create_foreign_key(
        op.f("fk_signals_user_id_run_id_strategy_runs"),
        "signals",
        "strategy_runs",
        ["user_id", "run_id"],
        ["user_id", "id"],
    )
    op.create_foreign_key(
        op.f("fk_fills_user_id_account_id_order_id_orders"),
        "fills",
        "orders",
        ["user_id", "account_id", "order_id"],
        ["user_id", "account_id", "id"],
    )
    op.create_foreign_key(
        op.f("fk_dividends_user_id_account_id_transaction_id_transactions"),
        "dividends",
        "transactions",
        ["user_id", "account_id", "transaction_id"],
        ["user_id", "account_id", "id"],
    )
    op.drop_column("transactions", "venue")
    op.drop_column("transactions", "broker_order_id")
    op.drop_column("transactions", "revision")
    op.drop_column("tax_lots", "notes")
    op.drop_column("positions", "margin_priority")
    op.drop_column("positions", "strategy_id")
    op.drop_column("orders", "notes")
    op.drop_column("orders", "evidence")
    op.drop_column("orders", "risk_amount")
    op.drop_column("margin_interest", "kind")
    op.drop_column("lot_disposals", "notes")
    op.drop_column("fills", "broker_order_id")
    op.drop_column("categories", "is_auto_rebalanced")
    op.drop_column("categories", "description")
    op.drop_column("capital_allocations", "next_rebalance_at")
    op.drop_column("capital_allocations", "last_rebalanced_at")
    op.drop_column("capital_allocations", "scale_down_pct")
    op.drop_column("capital_allocations", "scale_up_pct")
    op.drop_column("capital_allocations", "target_amount")
    op.drop_column("accounts", "broker_status")
    op.drop_column("accounts", "broker_kind")
    op.drop_column("accounts", "is_day_trader")
    op.drop_column("account_balances", "source")
    op.drop_column("account_balances", "margin_used")
    op.drop_column("account_balances", "day_pnl")
