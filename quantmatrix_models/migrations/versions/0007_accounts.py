"""Accounts, positions, transactions and tax lots."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from quantmatrix_models.migrations.statements import statements

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_tables()
    op.execute(statements("0007_after_tables.sql"))


def downgrade() -> None:
    _drop_tables()


def _create_tables() -> None:
    op.create_table(
        "broker_credentials",
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
            "broker",
            sa.Enum(
                "ibkr",
                "tastytrade",
                "schwab",
                "fidelity",
                "robinhood",
                "manual",
                name="broker",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="The broker it opens.",
        ),
        sa.Column(
            "label",
            sa.String(length=100),
            nullable=False,
            comment="What the user calls it; never changed, since the seal names it.",
        ),
        sa.Column(
            "kind",
            sa.Enum(
                "flex_token",
                "oauth_refresh_token",
                "username_and_password",
                "api_key",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="What the secret is.",
        ),
        sa.Column(
            "sealed_secret",
            sa.String(),
            nullable=False,
            comment="What opens the broker, sealed; only the pipelines read it; a secret.",
        ),
        sa.Column(
            "key_id", sa.String(length=16), nullable=False, comment="Which vault key sealed it."
        ),
        sa.Column(
            "username_hint",
            sa.String(length=64),
            nullable=True,
            comment="What the user recognises the login by; null where there is no login.",
        ),
        sa.Column(
            "expires_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Moment (UTC) the broker stops taking it; null: not known to end.",
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
            comment="Moment (UTC) of the last change.",
        ),
        sa.Column(
            "rotated_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Moment (UTC) the broker last gave a fresh secret for it; null: never.",
        ),
        sa.Column(
            "last_used_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Moment (UTC) it last opened an account; null: never.",
        ),
        sa.Column(
            "last_error",
            sa.String(),
            nullable=True,
            comment="Why the broker refused it when last used; null where it did not.",
        ),
        sa.CheckConstraint("btrim(label) <> ''", name=op.f("ck_broker_credentials_label_filled")),
        sa.CheckConstraint(
            "btrim(sealed_secret) <> '' AND btrim(key_id) <> ''",
            name=op.f("ck_broker_credentials_sealed_secret_filled"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_broker_credentials_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broker_credentials")),
        sa.UniqueConstraint(
            "user_id", "broker", "id", name=op.f("uq_broker_credentials_user_id_broker_id")
        ),
        sa.UniqueConstraint(
            "user_id", "broker", "label", name=op.f("uq_broker_credentials_user_id_broker_label")
        ),
        comment="What opens a user's accounts at a broker. The secret is sealed.",
    )
    op.create_table(
        "categories",
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
        sa.Column("name", sa.String(length=100), nullable=False, comment="What the user calls it."),
        sa.Column(
            "kind",
            sa.Enum(
                "custom",
                "sector",
                "strategy",
                "risk",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="custom",
            nullable=False,
            comment="What it groups by.",
        ),
        sa.Column(
            "parent_id",
            sa.BigInteger(),
            nullable=True,
            comment="The category it is a part of; null: of none.",
        ),
        sa.Column(
            "color",
            sa.String(length=7),
            nullable=True,
            comment="Colour it is drawn in, #RRGGBB; null: any.",
        ),
        sa.Column(
            "target_pct",
            sa.Numeric(precision=9, scale=4),
            nullable=True,
            comment="Share of the whole it should have, 0-100; null: none was set.",
        ),
        sa.Column(
            "min_pct",
            sa.Numeric(precision=9, scale=4),
            nullable=True,
            comment="Least share it should have, 0-100; null: none was set.",
        ),
        sa.Column(
            "max_pct",
            sa.Numeric(precision=9, scale=4),
            nullable=True,
            comment="Greatest share it should have, 0-100; null: none was set.",
        ),
        sa.Column(
            "rebalance_threshold_pct",
            sa.Numeric(precision=9, scale=4),
            server_default=sa.text("5"),
            nullable=False,
            comment="Distance from the target, in percentage points, from which the user is told.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="Moment (UTC) the row was written.",
        ),
        sa.CheckConstraint(
            "'NaN' NOT IN (target_pct, min_pct, max_pct, rebalance_threshold_pct)",
            name=op.f("ck_categories_amounts_are_numbers"),
        ),
        sa.CheckConstraint("btrim(name) <> ''", name=op.f("ck_categories_name_filled")),
        sa.CheckConstraint("color ~ '^#[0-9A-Fa-f]{6}$'", name=op.f("ck_categories_color_is_rgb")),
        sa.CheckConstraint(
            "max_pct >= 0 AND max_pct <= 100", name=op.f("ck_categories_max_pct_in_range")
        ),
        sa.CheckConstraint(
            "min_pct <= target_pct AND target_pct <= max_pct AND min_pct <= max_pct",
            name=op.f("ck_categories_shares_ordered"),
        ),
        sa.CheckConstraint(
            "min_pct >= 0 AND min_pct <= 100", name=op.f("ck_categories_min_pct_in_range")
        ),
        sa.CheckConstraint("parent_id <> id", name=op.f("ck_categories_parent_is_another")),
        sa.CheckConstraint(
            "rebalance_threshold_pct > 0 AND rebalance_threshold_pct <= 100",
            name=op.f("ck_categories_rebalance_threshold_pct_in_range"),
        ),
        sa.CheckConstraint(
            "target_pct >= 0 AND target_pct <= 100", name=op.f("ck_categories_target_pct_in_range")
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "parent_id"],
            ["categories.user_id", "categories.id"],
            name=op.f("fk_categories_user_id_parent_id_categories"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_categories_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_categories")),
        sa.UniqueConstraint("user_id", "id", name=op.f("uq_categories_user_id_id")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_categories_user_id_name")),
        comment="A user's group of instruments, with the share of the whole it is meant to have.",
    )
    op.create_table(
        "watchlists",
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
        sa.Column("name", sa.String(length=100), nullable=False, comment="What the user calls it."),
        sa.Column(
            "position",
            sa.SmallInteger(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Place among the user's lists, from 0.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="Moment (UTC) the row was written.",
        ),
        sa.CheckConstraint("btrim(name) <> ''", name=op.f("ck_watchlists_name_filled")),
        sa.CheckConstraint("position >= 0", name=op.f("ck_watchlists_position_not_negative")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_watchlists_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watchlists")),
        sa.UniqueConstraint("user_id", "id", name=op.f("uq_watchlists_user_id_id")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_watchlists_user_id_name")),
        comment="A user's own list of instruments to look at.",
    )
    op.create_table(
        "accounts",
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
            "broker",
            sa.Enum(
                "ibkr",
                "tastytrade",
                "schwab",
                "fidelity",
                "robinhood",
                "manual",
                name="broker",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="Who holds the account.",
        ),
        sa.Column(
            "number", sa.String(length=64), nullable=False, comment="The broker's account number."
        ),
        sa.Column("name", sa.String(length=100), nullable=False, comment="What the user calls it."),
        sa.Column(
            "tax_treatment",
            sa.Enum(
                "taxable",
                "traditional_ira",
                "roth_ira",
                "hsa",
                "other_deferred",
                name="tax_treatment",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="How its gains are taxed.",
        ),
        sa.Column(
            "is_margin",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="Whether it may borrow.",
        ),
        sa.Column(
            "is_paper",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="Whether its money is play money.",
        ),
        sa.Column(
            "is_active",
            sa.Boolean(),
            server_default=sa.text("true"),
            nullable=False,
            comment="Whether it counts in the user's totals.",
        ),
        sa.Column(
            "base_currency",
            sa.String(length=3),
            server_default=sa.text("'USD'"),
            nullable=False,
            comment="Currency the broker totals it in, ISO 4217.",
        ),
        sa.Column(
            "lot_method",
            sa.Enum(
                "fifo",
                "lifo",
                "hifo",
                "specific",
                "average",
                name="lot_method",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="fifo",
            nullable=False,
            comment="Which lots a sale takes from first.",
        ),
        sa.Column(
            "is_sync_enabled",
            sa.Boolean(),
            server_default=sa.text("true"),
            nullable=False,
            comment="Whether it is synchronised by itself.",
        ),
        sa.Column(
            "sync_status",
            sa.Enum(
                "never_synced",
                "running",
                "succeeded",
                "partial",
                "failed",
                name="sync_status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="never_synced",
            nullable=False,
            comment="How it stands with the broker.",
        ),
        sa.Column(
            "last_synced_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Moment (UTC) of the last synchronisation that brought rows; null: none did.",
        ),
        sa.Column(
            "next_sync_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Moment (UTC) the next synchronisation is due; null: none is.",
        ),
        sa.Column(
            "last_error",
            sa.String(),
            nullable=True,
            comment="Why the last synchronisation failed; null where it did not.",
        ),
        sa.Column(
            "opened_on", sa.Date(), nullable=True, comment="Date it was opened; null: not known."
        ),
        sa.Column(
            "closed_on",
            sa.Date(),
            nullable=True,
            comment="Date it was closed; null: not closed, or not known.",
        ),
        sa.Column(
            "credential_id",
            sa.BigInteger(),
            nullable=True,
            comment="What opens it at the broker; null: files or the user's hand.",
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
            comment="Moment (UTC) of the last change.",
        ),
        sa.CheckConstraint(
            "base_currency ~ '^[A-Z]{3}$'", name=op.f("ck_accounts_base_currency_is_iso_4217")
        ),
        sa.CheckConstraint(
            "btrim(number) <> '' AND btrim(name) <> ''", name=op.f("ck_accounts_number_filled")
        ),
        sa.CheckConstraint(
            "sync_status <> 'failed' OR last_error IS NOT NULL", name=op.f("ck_accounts_failed_why")
        ),
        sa.CheckConstraint(
            "sync_status NOT IN ('succeeded', 'partial') OR last_synced_at IS NOT NULL",
            name=op.f("ck_accounts_synced_when"),
        ),
        sa.CheckConstraint("closed_on >= opened_on", name=op.f("ck_accounts_closed_after_opened")),
        sa.ForeignKeyConstraint(
            ["user_id", "broker", "credential_id"],
            ["broker_credentials.user_id", "broker_credentials.broker", "broker_credentials.id"],
            name=op.f("fk_accounts_user_id_broker_credential_id_broker_credentials"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_accounts_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint(
            "user_id", "broker", "number", name=op.f("uq_accounts_user_id_broker_number")
        ),
        sa.UniqueConstraint("user_id", "id", name=op.f("uq_accounts_user_id_id")),
        comment="An account a user has at a broker, or keeps by hand.",
    )
    op.create_table(
        "watchlist_instruments",
        sa.Column(
            "user_id", sa.BigInteger(), nullable=False, comment="The user the row belongs to."
        ),
        sa.Column(
            "watchlist_id",
            sa.BigInteger(),
            nullable=False,
            comment="The watchlist, one of the same user.",
        ),
        sa.Column(
            "instrument_id",
            sa.BigInteger(),
            nullable=False,
            comment="The instrument that is watched.",
        ),
        sa.Column(
            "note", sa.String(), nullable=True, comment="What the user noted; null: nothing."
        ),
        sa.Column(
            "added_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="Moment (UTC) it was put on the list.",
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"],
            ["instruments.id"],
            name=op.f("fk_watchlist_instruments_instrument_id_instruments"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "watchlist_id"],
            ["watchlists.user_id", "watchlists.id"],
            name=op.f("fk_watchlist_instruments_user_id_watchlist_id_watchlists"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_watchlist_instruments_user_id_users")
        ),
        sa.PrimaryKeyConstraint(
            "watchlist_id", "instrument_id", name=op.f("pk_watchlist_instruments")
        ),
        comment="An instrument on a watchlist.",
    )
    op.create_table(
        "account_balances",
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
            "as_of",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Moment (UTC) the amounts hold for.",
        ),
        sa.Column(
            "currency",
            sa.String(length=3),
            nullable=False,
            comment="Currency of the amounts, ISO 4217.",
        ),
        sa.Column(
            "cash",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Cash, whether settled or not.",
        ),
        sa.Column(
            "settled_cash",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Cash of settled transactions.",
        ),
        sa.Column(
            "net_liquidation",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="What would be left if every position were closed.",
        ),
        sa.Column(
            "equity",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Equity with loan value.",
        ),
        sa.Column(
            "previous_day_equity",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Equity with loan value at the close of the session before.",
        ),
        sa.Column(
            "buying_power",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="What could be bought with cash and margin.",
        ),
        sa.Column(
            "gross_position_value",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Market value of all positions, shorts counted as positive.",
        ),
        sa.Column(
            "initial_margin",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Margin asked for to open the positions.",
        ),
        sa.Column(
            "maintenance_margin",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Margin asked for to keep the positions.",
        ),
        sa.Column(
            "available_funds",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Equity above the initial margin.",
        ),
        sa.Column(
            "excess_liquidity",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Equity above the maintenance margin.",
        ),
        sa.Column(
            "sma",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Special memorandum account, as Regulation T counts it.",
        ),
        sa.Column(
            "cushion_ratio",
            sa.Numeric(precision=12, scale=6),
            nullable=True,
            comment="Excess liquidity over net liquidation; negative in a margin call.",
        ),
        sa.Column(
            "leverage",
            sa.Numeric(precision=12, scale=6),
            nullable=True,
            comment="Gross position value over net liquidation.",
        ),
        sa.Column(
            "accrued_dividend",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Dividends earned and not yet paid.",
        ),
        sa.Column(
            "accrued_interest",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Interest earned and not yet paid; negative where it is owed.",
        ),
        sa.Column(
            "unrealized_pnl",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Gain of the open positions.",
        ),
        sa.Column(
            "realized_pnl",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Gain of what was closed in the broker's present period.",
        ),
        sa.Column(
            "exchange_rate",
            sa.Numeric(precision=20, scale=10),
            nullable=True,
            comment="Units of the account's base currency for one of this currency.",
        ),
        sa.CheckConstraint(
            "'NaN' NOT IN (cash, settled_cash, net_liquidation, equity, previous_day_equity, buying_power, gross_position_value, initial_margin, maintenance_margin, available_funds, excess_liquidity, sma, cushion_ratio, leverage, accrued_dividend, accrued_interest, unrealized_pnl, realized_pnl, exchange_rate)",
            name=op.f("ck_account_balances_amounts_are_numbers"),
        ),
        sa.CheckConstraint(
            "currency ~ '^[A-Z]{3}$'", name=op.f("ck_account_balances_currency_is_iso_4217")
        ),
        sa.CheckConstraint(
            "exchange_rate > 0", name=op.f("ck_account_balances_exchange_rate_positive")
        ),
        sa.CheckConstraint(
            "gross_position_value >= 0",
            name=op.f("ck_account_balances_gross_position_value_not_negative"),
        ),
        sa.CheckConstraint(
            "num_nonnulls(cash, settled_cash, net_liquidation, equity, previous_day_equity, buying_power, gross_position_value, initial_margin, maintenance_margin, available_funds, excess_liquidity, sma, accrued_dividend, accrued_interest, unrealized_pnl, realized_pnl) > 0",
            name=op.f("ck_account_balances_says_an_amount"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "account_id"],
            ["accounts.user_id", "accounts.id"],
            name=op.f("fk_account_balances_user_id_account_id_accounts"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_account_balances_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_balances")),
        sa.UniqueConstraint(
            "account_id",
            "as_of",
            "currency",
            name=op.f("uq_account_balances_account_id_as_of_currency"),
        ),
        comment="What a broker said an account held and was worth at a moment, in one currency.",
    )
    op.create_table(
        "account_syncs",
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
            "kind",
            sa.Enum(
                "api",
                "flex_query",
                "file",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="Where the rows came from.",
        ),
        sa.Column(
            "status",
            sa.Enum(
                "running",
                "succeeded",
                "partial",
                "failed",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="running",
            nullable=False,
            comment="How it stands; partial: some rows or sections could not be had.",
        ),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="Moment (UTC) it began.",
        ),
        sa.Column(
            "finished_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Moment (UTC) it ended; null while it runs.",
        ),
        sa.Column(
            "file_name",
            sa.String(length=255),
            nullable=True,
            comment="The file's name; null where no file was given.",
        ),
        sa.Column(
            "file_digest",
            sa.LargeBinary(length=32),
            nullable=True,
            comment="SHA-256 of the file or statement; null where there is none.",
        ),
        sa.Column(
            "from_date",
            sa.Date(),
            nullable=True,
            comment="First date the broker's answer covers; null: not said.",
        ),
        sa.Column(
            "to_date",
            sa.Date(),
            nullable=True,
            comment="Last date the broker's answer covers; null: not said.",
        ),
        sa.Column(
            "rows_read",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Rows the broker gave.",
        ),
        sa.Column(
            "rows_added",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Rows that were new to us.",
        ),
        sa.Column(
            "rows_unchanged",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Rows we had already.",
        ),
        sa.Column(
            "rows_refused",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Rows that could not be booked.",
        ),
        sa.Column(
            "refused",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
            comment="The refused rows, each with the reason.",
        ),
        sa.Column(
            "error", sa.String(), nullable=True, comment="Why it failed; null where it did not."
        ),
        sa.Column(
            "dagster_run_id",
            sa.String(length=64),
            nullable=True,
            comment="The run that did it; null outside Dagster.",
        ),
        sa.CheckConstraint(
            "(status = 'running') = (finished_at IS NULL)",
            name=op.f("ck_account_syncs_running_or_finished"),
        ),
        sa.CheckConstraint(
            "jsonb_typeof(refused) = 'array'", name=op.f("ck_account_syncs_refused_is_list")
        ),
        sa.CheckConstraint(
            "kind <> 'file' OR num_nulls(file_name, file_digest) = 0",
            name=op.f("ck_account_syncs_file_is_known"),
        ),
        sa.CheckConstraint(
            "status <> 'failed' OR error IS NOT NULL", name=op.f("ck_account_syncs_failed_why")
        ),
        sa.CheckConstraint(
            "status <> 'succeeded' OR rows_read = rows_added + rows_unchanged + rows_refused",
            name=op.f("ck_account_syncs_rows_accounted_for"),
        ),
        sa.CheckConstraint(
            "finished_at >= started_at", name=op.f("ck_account_syncs_finished_after_started")
        ),
        sa.CheckConstraint(
            "octet_length(file_digest) = 32", name=op.f("ck_account_syncs_file_digest_is_sha_256")
        ),
        sa.CheckConstraint(
            "rows_read >= 0 AND rows_added >= 0 AND rows_unchanged >= 0 AND rows_refused >= 0",
            name=op.f("ck_account_syncs_rows_read_not_negative"),
        ),
        sa.CheckConstraint("to_date >= from_date", name=op.f("ck_account_syncs_date_range")),
        sa.ForeignKeyConstraint(
            ["user_id", "account_id"],
            ["accounts.user_id", "accounts.id"],
            name=op.f("fk_account_syncs_user_id_account_id_accounts"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_account_syncs_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_syncs")),
        sa.UniqueConstraint(
            "user_id", "account_id", "id", name=op.f("uq_account_syncs_user_id_account_id_id")
        ),
        comment="One synchronisation of an account with its broker, or one import of a file.",
    )
    op.create_index(
        "uq_account_syncs_booked_file",
        "account_syncs",
        ["account_id", "file_digest"],
        unique=True,
        postgresql_where=sa.text("status = 'succeeded'"),
    )
    op.create_table(
        "capital_allocations",
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
            "strategy_id",
            sa.BigInteger(),
            nullable=False,
            comment="The strategy, one of the same user.",
        ),
        sa.Column(
            "allocated_amount",
            sa.Numeric(precision=24, scale=8),
            nullable=False,
            comment="What the strategy may use, in the account's base currency.",
        ),
        sa.Column(
            "allocation_pct",
            sa.Numeric(precision=9, scale=4),
            nullable=True,
            comment="Share of the account it is held to, 0-100; null: the amount alone counts.",
        ),
        sa.Column(
            "position_size_pct",
            sa.Numeric(precision=9, scale=4),
            server_default=sa.text("2"),
            nullable=False,
            comment="Size of one position, 0-100 of the allocated amount.",
        ),
        sa.Column(
            "max_positions",
            sa.SmallInteger(),
            server_default=sa.text("10"),
            nullable=False,
            comment="Positions it may have open at a time.",
        ),
        sa.Column(
            "max_risk_per_trade_pct",
            sa.Numeric(precision=9, scale=4),
            server_default=sa.text("2"),
            nullable=False,
            comment="Loss one trade may risk, 0-100 of the allocated amount.",
        ),
        sa.Column(
            "max_portfolio_risk_pct",
            sa.Numeric(precision=9, scale=4),
            server_default=sa.text("20"),
            nullable=False,
            comment="Loss all its positions together may risk, 0-100 of the allocated amount.",
        ),
        sa.Column(
            "reinvest_pct",
            sa.Numeric(precision=9, scale=4),
            server_default=sa.text("80"),
            nullable=False,
            comment="Share of its profits it may use again, 0-100.",
        ),
        sa.Column(
            "profit_target_pct",
            sa.Numeric(precision=9, scale=4),
            nullable=True,
            comment="Gain at which a position is taken off, in percent of its cost; null: none.",
        ),
        sa.Column(
            "stop_loss_pct",
            sa.Numeric(precision=9, scale=4),
            nullable=True,
            comment="Loss at which a position is taken off, in percent of its cost; null: none.",
        ),
        sa.Column(
            "min_amount",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="What the amount is never set below; null: no bound.",
        ),
        sa.Column(
            "max_amount",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="What the amount is never set above; null: no bound.",
        ),
        sa.Column(
            "is_active",
            sa.Boolean(),
            server_default=sa.text("true"),
            nullable=False,
            comment="Whether it is the one that counts.",
        ),
        sa.Column("valid_from", sa.Date(), nullable=False, comment="First date it counts."),
        sa.Column(
            "valid_to",
            sa.Date(),
            nullable=True,
            comment="Last date it counts; null: until it is ended.",
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
            comment="Moment (UTC) of the last change.",
        ),
        sa.CheckConstraint(
            "'NaN' NOT IN (allocated_amount, allocation_pct, position_size_pct, max_risk_per_trade_pct, max_portfolio_risk_pct, reinvest_pct, profit_target_pct, stop_loss_pct, min_amount, max_amount)",
            name=op.f("ck_capital_allocations_amounts_are_numbers"),
        ),
        sa.CheckConstraint(
            "allocated_amount > 0", name=op.f("ck_capital_allocations_allocated_amount_positive")
        ),
        sa.CheckConstraint(
            "allocation_pct > 0 AND allocation_pct <= 100",
            name=op.f("ck_capital_allocations_allocation_pct_in_range"),
        ),
        sa.CheckConstraint(
            "max_amount >= min_amount", name=op.f("ck_capital_allocations_amounts_ordered")
        ),
        sa.CheckConstraint(
            "max_portfolio_risk_pct > 0 AND max_portfolio_risk_pct <= 100",
            name=op.f("ck_capital_allocations_max_portfolio_risk_pct_in_range"),
        ),
        sa.CheckConstraint(
            "max_positions > 0", name=op.f("ck_capital_allocations_max_positions_positive")
        ),
        sa.CheckConstraint(
            "max_risk_per_trade_pct > 0 AND max_risk_per_trade_pct <= 100",
            name=op.f("ck_capital_allocations_max_risk_per_trade_pct_in_range"),
        ),
        sa.CheckConstraint(
            "min_amount >= 0 AND max_amount >= 0",
            name=op.f("ck_capital_allocations_min_amount_not_negative"),
        ),
        sa.CheckConstraint(
            "position_size_pct > 0 AND position_size_pct <= 100",
            name=op.f("ck_capital_allocations_position_size_pct_in_range"),
        ),
        sa.CheckConstraint(
            "profit_target_pct > 0", name=op.f("ck_capital_allocations_profit_target_pct_positive")
        ),
        sa.CheckConstraint(
            "reinvest_pct >= 0 AND reinvest_pct <= 100",
            name=op.f("ck_capital_allocations_reinvest_pct_in_range"),
        ),
        sa.CheckConstraint(
            "stop_loss_pct > 0 AND stop_loss_pct < 100",
            name=op.f("ck_capital_allocations_stop_loss_pct_in_range"),
        ),
        sa.CheckConstraint(
            "valid_to >= valid_from", name=op.f("ck_capital_allocations_valid_range")
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "account_id"],
            ["accounts.user_id", "accounts.id"],
            name=op.f("fk_capital_allocations_user_id_account_id_accounts"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "strategy_id"],
            ["strategies.user_id", "strategies.id"],
            name=op.f("fk_capital_allocations_user_id_strategy_id_strategies"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_capital_allocations_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_capital_allocations")),
        comment="How much of an account a strategy may use, and within which limits.",
    )
    op.create_index(
        "uq_capital_allocations_active",
        "capital_allocations",
        ["account_id", "strategy_id"],
        unique=True,
        postgresql_where=sa.text("is_active"),
    )
    op.create_table(
        "category_instruments",
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
            "category_id",
            sa.BigInteger(),
            nullable=False,
            comment="The category, one of the same user.",
        ),
        sa.Column(
            "account_id",
            sa.BigInteger(),
            nullable=True,
            comment="The account it counts in, one of the same user; null: in all.",
        ),
        sa.Column(
            "instrument_id",
            sa.BigInteger(),
            nullable=False,
            comment="The instrument the row is about.",
        ),
        sa.Column(
            "share_pct",
            sa.Numeric(precision=9, scale=4),
            server_default=sa.text("100"),
            nullable=False,
            comment="Share of the holding that counts here, 0-100.",
        ),
        sa.CheckConstraint(
            "'NaN' NOT IN (share_pct)", name=op.f("ck_category_instruments_amounts_are_numbers")
        ),
        sa.CheckConstraint(
            "share_pct > 0 AND share_pct <= 100",
            name=op.f("ck_category_instruments_share_pct_in_range"),
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"],
            ["instruments.id"],
            name=op.f("fk_category_instruments_instrument_id_instruments"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "account_id"],
            ["accounts.user_id", "accounts.id"],
            name=op.f("fk_category_instruments_user_id_account_id_accounts"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "category_id"],
            ["categories.user_id", "categories.id"],
            name=op.f("fk_category_instruments_user_id_category_id_categories"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_category_instruments_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_category_instruments")),
        sa.UniqueConstraint(
            "category_id",
            "account_id",
            "instrument_id",
            name=op.f("uq_category_instruments_category_id_account_id_instrument_id"),
            postgresql_nulls_not_distinct=True,
        ),
        comment="An instrument in a category: all the user holds of it, or what one account holds.",
    )
    op.create_table(
        "margin_interest",
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
        sa.Column("from_date", sa.Date(), nullable=False, comment="First date of the period."),
        sa.Column("to_date", sa.Date(), nullable=False, comment="Last date of the period."),
        sa.Column(
            "currency",
            sa.String(length=3),
            nullable=False,
            comment="Currency of the amounts, ISO 4217.",
        ),
        sa.Column(
            "starting_balance",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Interest accrued before the period; null: not said.",
        ),
        sa.Column(
            "interest_accrued",
            sa.Numeric(precision=24, scale=8),
            nullable=False,
            comment="Interest accrued in the period.",
        ),
        sa.Column(
            "accrual_reversal",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Accrued interest that was paid and so taken back; null: not said.",
        ),
        sa.Column(
            "ending_balance",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Interest accrued after the period; null: not said.",
        ),
        sa.Column(
            "annual_rate_pct",
            sa.Numeric(precision=9, scale=4),
            nullable=True,
            comment="The rate in percent a year; null: not said, or more than one applied.",
        ),
        sa.CheckConstraint(
            "'NaN' NOT IN (starting_balance, interest_accrued, accrual_reversal, ending_balance, annual_rate_pct)",
            name=op.f("ck_margin_interest_amounts_are_numbers"),
        ),
        sa.CheckConstraint(
            "currency ~ '^[A-Z]{3}$'", name=op.f("ck_margin_interest_currency_is_iso_4217")
        ),
        sa.CheckConstraint("to_date >= from_date", name=op.f("ck_margin_interest_date_range")),
        sa.ForeignKeyConstraint(
            ["user_id", "account_id"],
            ["accounts.user_id", "accounts.id"],
            name=op.f("fk_margin_interest_user_id_account_id_accounts"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_margin_interest_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_margin_interest")),
        sa.UniqueConstraint(
            "account_id",
            "from_date",
            "to_date",
            "currency",
            name=op.f("uq_margin_interest_account_id_from_date_to_date_currency"),
        ),
        comment="Interest that accrued on an account over a period, in one currency, as its broker said.",
    )
    op.create_table(
        "position_snapshots",
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
            "instrument_id",
            sa.BigInteger(),
            nullable=False,
            comment="The instrument the row is about.",
        ),
        sa.Column("session", sa.Date(), nullable=False, comment="Session at whose end it holds."),
        sa.Column(
            "source",
            sa.Enum(
                "broker",
                "book",
                name="source",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="Who says so: the broker or our book.",
        ),
        sa.Column(
            "quantity",
            sa.Numeric(precision=24, scale=8),
            nullable=False,
            comment="Net quantity, negative where sold short; 0: nothing is held.",
        ),
        sa.Column(
            "price",
            sa.Numeric(precision=20, scale=6),
            nullable=True,
            comment="Price it was valued at; null: none.",
        ),
        sa.Column(
            "market_value",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Value at that price, negative for a short; null: not said.",
        ),
        sa.Column(
            "average_cost",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Cost of one unit; null: not said.",
        ),
        sa.Column(
            "cost_basis",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Cost of the quantity with the source's sign; null: not said.",
        ),
        sa.Column(
            "unrealized_pnl",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Value less cost; null: not said.",
        ),
        sa.Column(
            "currency",
            sa.String(length=3),
            nullable=False,
            comment="Currency of the amounts, ISO 4217.",
        ),
        sa.Column(
            "stated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="Moment (UTC) it was last said.",
        ),
        sa.CheckConstraint(
            "'NaN' NOT IN (quantity, price, market_value, average_cost, cost_basis, unrealized_pnl)",
            name=op.f("ck_position_snapshots_amounts_are_numbers"),
        ),
        sa.CheckConstraint(
            "currency ~ '^[A-Z]{3}$'", name=op.f("ck_position_snapshots_currency_is_iso_4217")
        ),
        sa.CheckConstraint(
            "average_cost >= 0", name=op.f("ck_position_snapshots_average_cost_not_negative")
        ),
        sa.CheckConstraint("price >= 0", name=op.f("ck_position_snapshots_price_not_negative")),
        sa.ForeignKeyConstraint(
            ["instrument_id"],
            ["instruments.id"],
            name=op.f("fk_position_snapshots_instrument_id_instruments"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "account_id"],
            ["accounts.user_id", "accounts.id"],
            name=op.f("fk_position_snapshots_user_id_account_id_accounts"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_position_snapshots_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_position_snapshots")),
        sa.UniqueConstraint(
            "account_id",
            "instrument_id",
            "session",
            "source",
            name=op.f("uq_position_snapshots_account_id_instrument_id_session_source"),
        ),
        comment="What an account held of an instrument at the end of a session, as one source says.",
    )
    op.create_table(
        "positions",
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
            "instrument_id",
            sa.BigInteger(),
            nullable=False,
            comment="The instrument the row is about.",
        ),
        sa.Column(
            "status",
            sa.Enum(
                "open",
                "closed",
                "expired",
                "assigned",
                "exercised",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="open",
            nullable=False,
            comment="Whether it is open, and what ended it.",
        ),
        sa.Column(
            "quantity",
            sa.Numeric(precision=24, scale=8),
            nullable=False,
            comment="Net quantity, negative where sold short; 0 unless it is open.",
        ),
        sa.Column(
            "average_cost",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Cost of one unit; 0: a zero basis; null: not known.",
        ),
        sa.Column(
            "cost_basis",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Cost of the open quantity; 0: a zero basis; null: not known.",
        ),
        sa.Column(
            "currency",
            sa.String(length=3),
            nullable=False,
            comment="Currency of the amounts, ISO 4217.",
        ),
        sa.Column(
            "opened_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Moment (UTC) it was opened; null: not known.",
        ),
        sa.Column(
            "closed_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Moment (UTC) it was closed; null while it is open.",
        ),
        sa.Column(
            "realized_pnl",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Gain of what was closed of it so far; null: not known.",
        ),
        sa.Column(
            "notes", sa.String(), nullable=True, comment="What the user noted; null: nothing."
        ),
        sa.Column(
            "tags",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="The user's own tags.",
        ),
        sa.Column(
            "changed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="Moment (UTC) of the last change.",
        ),
        sa.CheckConstraint(
            "'NaN' NOT IN (quantity, average_cost, cost_basis, realized_pnl)",
            name=op.f("ck_positions_amounts_are_numbers"),
        ),
        sa.CheckConstraint(
            "(status = 'open') = (closed_at IS NULL)", name=op.f("ck_positions_open_or_closed")
        ),
        sa.CheckConstraint(
            "(status = 'open') = (quantity <> 0)", name=op.f("ck_positions_open_has_quantity")
        ),
        sa.CheckConstraint(
            "currency ~ '^[A-Z]{3}$'", name=op.f("ck_positions_currency_is_iso_4217")
        ),
        sa.CheckConstraint(
            "average_cost >= 0 AND cost_basis >= 0",
            name=op.f("ck_positions_average_cost_not_negative"),
        ),
        sa.CheckConstraint("closed_at >= opened_at", name=op.f("ck_positions_closed_after_opened")),
        sa.ForeignKeyConstraint(
            ["instrument_id"],
            ["instruments.id"],
            name=op.f("fk_positions_instrument_id_instruments"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "account_id"],
            ["accounts.user_id", "accounts.id"],
            name=op.f("fk_positions_user_id_account_id_accounts"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_positions_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_positions")),
        sa.UniqueConstraint(
            "user_id", "account_id", "id", name=op.f("uq_positions_user_id_account_id_id")
        ),
        comment="What an account holds of an instrument, or held from one moment to another.",
    )
    op.create_index(
        "uq_positions_open",
        "positions",
        ["account_id", "instrument_id"],
        unique=True,
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_table(
        "orders",
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
            "instrument_id",
            sa.BigInteger(),
            nullable=False,
            comment="The instrument the row is about.",
        ),
        sa.Column(
            "strategy_id",
            sa.BigInteger(),
            nullable=True,
            comment="The strategy it is for, one of the same user; null: for none.",
        ),
        sa.Column(
            "signal_id",
            sa.BigInteger(),
            nullable=True,
            comment="The signal it follows, one of the same user; null: it follows none.",
        ),
        sa.Column(
            "side",
            sa.Enum(
                "buy",
                "sell",
                "sell_short",
                "buy_to_cover",
                "buy_to_open",
                "sell_to_open",
                "buy_to_close",
                "sell_to_close",
                name="side",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="What it asks for.",
        ),
        sa.Column(
            "kind",
            sa.Enum(
                "market",
                "limit",
                "stop",
                "stop_limit",
                "market_on_close",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="At which price it may be done.",
        ),
        sa.Column(
            "time_in_force",
            sa.Enum(
                "day",
                "gtc",
                "ioc",
                "fok",
                "opg",
                "gtd",
                name="time_in_force",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="day",
            nullable=False,
            comment="How long it stands.",
        ),
        sa.Column(
            "quantity",
            sa.Numeric(precision=24, scale=8),
            nullable=False,
            comment="Units asked for, always positive.",
        ),
        sa.Column(
            "limit_price",
            sa.Numeric(precision=20, scale=6),
            nullable=True,
            comment="Worst price it may be done at; null unless it is a limit or stop-limit order.",
        ),
        sa.Column(
            "stop_price",
            sa.Numeric(precision=20, scale=6),
            nullable=True,
            comment="Price that sets it off; null unless it is a stop or stop-limit order.",
        ),
        sa.Column(
            "status",
            sa.Enum(
                "draft",
                "submitted",
                "working",
                "partially_filled",
                "filled",
                "cancelled",
                "rejected",
                "expired",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="draft",
            nullable=False,
            comment="Where it is on its way.",
        ),
        sa.Column(
            "filled_quantity",
            sa.Numeric(precision=24, scale=8),
            server_default=sa.text("0"),
            nullable=False,
            comment="Units done so far.",
        ),
        sa.Column(
            "average_fill_price",
            sa.Numeric(precision=20, scale=6),
            nullable=True,
            comment="Average price of those units; null where none are done or it was not said.",
        ),
        sa.Column(
            "client_order_id",
            sa.String(length=64),
            nullable=True,
            comment="Our own id for it; null where it was not asked by us.",
        ),
        sa.Column(
            "external_id",
            sa.String(length=100),
            nullable=True,
            comment="The broker's id for it; null until the broker has it.",
        ),
        sa.Column(
            "submitted_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Moment (UTC) it went to the broker; null: it did not.",
        ),
        sa.Column(
            "finished_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Moment (UTC) nothing more could come of it; null while something can.",
        ),
        sa.Column(
            "reason",
            sa.String(),
            nullable=True,
            comment="Why it was rejected, cancelled or made; null: not said.",
        ),
        sa.Column(
            "is_paper",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="Whether it is for play money.",
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
            comment="Moment (UTC) of the last change.",
        ),
        sa.CheckConstraint(
            "'NaN' NOT IN (quantity, limit_price, stop_price, filled_quantity, average_fill_price)",
            name=op.f("ck_orders_amounts_are_numbers"),
        ),
        sa.CheckConstraint(
            "(kind IN ('limit', 'stop_limit')) = (limit_price IS NOT NULL)",
            name=op.f("ck_orders_limit_of_kind"),
        ),
        sa.CheckConstraint(
            "(kind IN ('stop', 'stop_limit')) = (stop_price IS NOT NULL)",
            name=op.f("ck_orders_stop_of_kind"),
        ),
        sa.CheckConstraint(
            "(status = 'filled') = (filled_quantity = quantity)",
            name=op.f("ck_orders_filled_whole"),
        ),
        sa.CheckConstraint(
            "(status IN ('filled', 'cancelled', 'rejected', 'expired')) = (finished_at IS NOT NULL)",
            name=op.f("ck_orders_finished_when"),
        ),
        sa.CheckConstraint(
            "filled_quantity = 0 OR status IN ('partially_filled', 'filled', 'cancelled', 'expired')",
            name=op.f("ck_orders_unfilled_status"),
        ),
        sa.CheckConstraint(
            "status <> 'draft' OR submitted_at IS NULL", name=op.f("ck_orders_draft_not_submitted")
        ),
        sa.CheckConstraint(
            "status <> 'partially_filled' OR filled_quantity > 0",
            name=op.f("ck_orders_partially_filled_some"),
        ),
        sa.CheckConstraint(
            "status <> 'rejected' OR reason IS NOT NULL", name=op.f("ck_orders_rejected_why")
        ),
        sa.CheckConstraint(
            "status IN ('draft', 'cancelled', 'rejected') OR submitted_at IS NOT NULL",
            name=op.f("ck_orders_submitted_when"),
        ),
        sa.CheckConstraint(
            "average_fill_price IS NULL OR (average_fill_price >= 0 AND filled_quantity > 0)",
            name=op.f("ck_orders_average_of_fills"),
        ),
        sa.CheckConstraint(
            "filled_quantity >= 0 AND filled_quantity <= quantity",
            name=op.f("ck_orders_filled_quantity_in_range"),
        ),
        sa.CheckConstraint(
            "finished_at >= submitted_at", name=op.f("ck_orders_finished_after_submitted")
        ),
        sa.CheckConstraint("limit_price > 0", name=op.f("ck_orders_limit_price_positive")),
        sa.CheckConstraint(
            "num_nonnulls(client_order_id, external_id) > 0", name=op.f("ck_orders_identified")
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_orders_quantity_positive")),
        sa.CheckConstraint("stop_price > 0", name=op.f("ck_orders_stop_price_positive")),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name=op.f("fk_orders_instrument_id_instruments")
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "account_id"],
            ["accounts.user_id", "accounts.id"],
            name=op.f("fk_orders_user_id_account_id_accounts"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "signal_id"],
            ["signals.user_id", "signals.id"],
            name=op.f("fk_orders_user_id_signal_id_signals"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "strategy_id"],
            ["strategies.user_id", "strategies.id"],
            name=op.f("fk_orders_user_id_strategy_id_strategies"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_orders_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint(
            "account_id", "client_order_id", name=op.f("uq_orders_account_id_client_order_id")
        ),
        sa.UniqueConstraint(
            "account_id", "external_id", name=op.f("uq_orders_account_id_external_id")
        ),
        sa.UniqueConstraint(
            "user_id", "account_id", "id", name=op.f("uq_orders_user_id_account_id_id")
        ),
        comment="What was asked of a broker, by us or by the user elsewhere.",
    )
    op.create_table(
        "fills",
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
            "order_id",
            sa.BigInteger(),
            nullable=True,
            comment="The order it is of, of the same account; null: not known to us.",
        ),
        sa.Column(
            "instrument_id",
            sa.BigInteger(),
            nullable=False,
            comment="The instrument the row is about.",
        ),
        sa.Column(
            "external_id",
            sa.String(length=100),
            nullable=False,
            comment="The broker's execution id.",
        ),
        sa.Column(
            "side",
            sa.Enum(
                "buy", "sell", name="side", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
            comment="Whether it added to the position or took from it.",
        ),
        sa.Column(
            "quantity",
            sa.Numeric(precision=24, scale=8),
            nullable=False,
            comment="Units done, always positive.",
        ),
        sa.Column(
            "price", sa.Numeric(precision=20, scale=6), nullable=False, comment="Price of one unit."
        ),
        sa.Column(
            "commission",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Commission, a positive cost; null: not said.",
        ),
        sa.Column(
            "fees",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Exchange and regulatory fees, a positive cost; null: not said.",
        ),
        sa.Column(
            "currency",
            sa.String(length=3),
            nullable=False,
            comment="Currency of the amounts, ISO 4217.",
        ),
        sa.Column(
            "filled_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Moment (UTC) it was done.",
        ),
        sa.Column(
            "venue",
            sa.String(length=4),
            nullable=True,
            comment="Where it was done, ISO 10383 MIC; null: not said.",
        ),
        sa.CheckConstraint(
            "'NaN' NOT IN (quantity, price, commission, fees)",
            name=op.f("ck_fills_amounts_are_numbers"),
        ),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_fills_currency_is_iso_4217")),
        sa.CheckConstraint("venue ~ '^[A-Z0-9]{4}$'", name=op.f("ck_fills_venue_is_mic")),
        sa.CheckConstraint("price >= 0", name=op.f("ck_fills_price_not_negative")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_fills_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name=op.f("fk_fills_instrument_id_instruments")
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "account_id", "order_id"],
            ["orders.user_id", "orders.account_id", "orders.id"],
            name=op.f("fk_fills_user_id_account_id_order_id_orders"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "account_id"],
            ["accounts.user_id", "accounts.id"],
            name=op.f("fk_fills_user_id_account_id_accounts"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_fills_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fills")),
        sa.UniqueConstraint(
            "account_id", "external_id", name=op.f("uq_fills_account_id_external_id")
        ),
        sa.UniqueConstraint(
            "user_id", "account_id", "id", name=op.f("uq_fills_user_id_account_id_id")
        ),
        comment="What a broker did at one price and moment: an execution, under the broker's id for it.",
    )
    op.create_table(
        "transactions",
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
            "instrument_id",
            sa.BigInteger(),
            nullable=True,
            comment="The instrument; null: it is about cash.",
        ),
        sa.Column(
            "position_id",
            sa.BigInteger(),
            nullable=True,
            comment="The position it was booked to, of the same account; null: to none it names.",
        ),
        sa.Column(
            "fill_id",
            sa.BigInteger(),
            nullable=True,
            comment="The fill it books, of the same account; null: none is known.",
        ),
        sa.Column(
            "sync_id",
            sa.BigInteger(),
            nullable=True,
            comment="The synchronisation that brought it; null: none did.",
        ),
        sa.Column(
            "reverses_id",
            sa.BigInteger(),
            nullable=True,
            comment="The transaction of the same account it takes back; null: none.",
        ),
        sa.Column(
            "kind",
            sa.Enum(
                "buy",
                "sell",
                "sell_short",
                "buy_to_cover",
                "dividend",
                "payment_in_lieu",
                "withholding_tax",
                "return_of_capital",
                "interest_received",
                "interest_paid",
                "deposit",
                "withdrawal",
                "fee",
                "commission_adjustment",
                "tax_refund",
                "transfer_in",
                "transfer_out",
                "split",
                "spin_off",
                "merger",
                "symbol_change",
                "assignment",
                "exercise",
                "expiration",
                "conversion",
                "journal",
                "other",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="What was booked.",
        ),
        sa.Column(
            "quantity",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Change of the position, negative where units left; null: units did not move.",
        ),
        sa.Column(
            "price",
            sa.Numeric(precision=20, scale=6),
            nullable=True,
            comment="Price of one unit; null where there is none.",
        ),
        sa.Column(
            "gross_amount",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Effect on cash before costs, negative where paid; null: not said.",
        ),
        sa.Column(
            "commission",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Commission, a positive cost, negative for a rebate; null: not said.",
        ),
        sa.Column(
            "fees",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Fees, a positive cost, negative for a rebate; null: not said.",
        ),
        sa.Column(
            "tax",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Tax kept back, a positive cost, negative for a refund; null: not said.",
        ),
        sa.Column(
            "net_amount",
            sa.Numeric(precision=24, scale=8),
            nullable=False,
            comment="Effect on the account's cash, negative where paid.",
        ),
        sa.Column(
            "currency",
            sa.String(length=3),
            nullable=False,
            comment="Currency of the amounts, ISO 4217.",
        ),
        sa.Column(
            "exchange_rate",
            sa.Numeric(precision=20, scale=10),
            nullable=True,
            comment="Units of the account's base currency for one of this currency; null: not said.",
        ),
        sa.Column(
            "multiplier",
            sa.Numeric(precision=12, scale=4),
            server_default=sa.text("1"),
            nullable=False,
            comment="Units of the underlying in one unit.",
        ),
        sa.Column(
            "traded_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Moment (UTC) it took effect; null: the broker gave the date only.",
        ),
        sa.Column(
            "trade_date",
            sa.Date(),
            nullable=False,
            comment="Date it took effect, as the broker dates it.",
        ),
        sa.Column(
            "settles_on",
            sa.Date(),
            nullable=True,
            comment="Date cash and units change hands; null: not said.",
        ),
        sa.Column(
            "external_id",
            sa.String(length=100),
            nullable=True,
            comment="The broker's id for it; null where the broker gives none.",
        ),
        sa.Column(
            "content_hash",
            sa.LargeBinary(length=32),
            nullable=True,
            comment="SHA-256 of what was booked and the number of the occurrence; null: not taken.",
        ),
        sa.Column(
            "source",
            sa.Enum(
                "flex_query",
                "api",
                "file",
                "v1",
                "manual",
                name="source",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="How it came to us.",
        ),
        sa.Column(
            "description",
            sa.String(),
            nullable=True,
            comment="The broker's own words; null: none were given.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="Moment (UTC) the row was written.",
        ),
        sa.CheckConstraint(
            "'NaN' NOT IN (quantity, price, gross_amount, commission, fees, tax, net_amount, exchange_rate, multiplier)",
            name=op.f("ck_transactions_amounts_are_numbers"),
        ),
        sa.CheckConstraint(
            "currency ~ '^[A-Z]{3}$'", name=op.f("ck_transactions_currency_is_iso_4217")
        ),
        sa.CheckConstraint(
            "kind <> 'deposit' OR sign(net_amount) = CASE WHEN reverses_id IS NULL THEN 1 ELSE -1 END",
            name=op.f("ck_transactions_deposit_adds_cash"),
        ),
        sa.CheckConstraint(
            "kind <> 'interest_paid' OR net_amount * (CASE WHEN reverses_id IS NULL THEN 1 ELSE -1 END) <= 0",
            name=op.f("ck_transactions_interest_paid_takes_cash"),
        ),
        sa.CheckConstraint(
            "kind <> 'interest_received' OR net_amount * (CASE WHEN reverses_id IS NULL THEN 1 ELSE -1 END) >= 0",
            name=op.f("ck_transactions_interest_received_adds_cash"),
        ),
        sa.CheckConstraint(
            "kind <> 'symbol_change' OR instrument_id IS NOT NULL",
            name=op.f("ck_transactions_symbol_change_of_what"),
        ),
        sa.CheckConstraint(
            "kind <> 'withdrawal' OR sign(net_amount) = -(CASE WHEN reverses_id IS NULL THEN 1 ELSE -1 END)",
            name=op.f("ck_transactions_withdrawal_takes_cash"),
        ),
        sa.CheckConstraint(
            "kind NOT IN ('buy', 'buy_to_cover') OR sign(quantity) = CASE WHEN reverses_id IS NULL THEN 1 ELSE -1 END",
            name=op.f("ck_transactions_bought_adds_quantity"),
        ),
        sa.CheckConstraint(
            "kind NOT IN ('buy', 'sell', 'sell_short', 'buy_to_cover') OR num_nulls(instrument_id, quantity, price) = 0",
            name=op.f("ck_transactions_trade_is_whole"),
        ),
        sa.CheckConstraint(
            "kind NOT IN ('sell', 'sell_short') OR sign(quantity) = -(CASE WHEN reverses_id IS NULL THEN 1 ELSE -1 END)",
            name=op.f("ck_transactions_sold_takes_quantity"),
        ),
        sa.CheckConstraint(
            "kind NOT IN ('split', 'spin_off', 'merger', 'assignment', 'exercise', 'expiration') OR (num_nulls(instrument_id, quantity) = 0 AND quantity <> 0)",
            name=op.f("ck_transactions_event_moves_quantity"),
        ),
        sa.CheckConstraint(
            "exchange_rate > 0", name=op.f("ck_transactions_exchange_rate_positive")
        ),
        sa.CheckConstraint("multiplier > 0", name=op.f("ck_transactions_multiplier_positive")),
        sa.CheckConstraint(
            "num_nonnulls(external_id, content_hash) > 0", name=op.f("ck_transactions_identified")
        ),
        sa.CheckConstraint(
            "octet_length(content_hash) = 32", name=op.f("ck_transactions_content_hash_is_sha_256")
        ),
        sa.CheckConstraint("price >= 0", name=op.f("ck_transactions_price_not_negative")),
        sa.CheckConstraint("reverses_id <> id", name=op.f("ck_transactions_reverses_another")),
        sa.CheckConstraint(
            "settles_on >= trade_date", name=op.f("ck_transactions_settles_after_trade")
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"],
            ["instruments.id"],
            name=op.f("fk_transactions_instrument_id_instruments"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "account_id", "fill_id"],
            ["fills.user_id", "fills.account_id", "fills.id"],
            name=op.f("fk_transactions_user_id_account_id_fill_id_fills"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "account_id", "position_id"],
            ["positions.user_id", "positions.account_id", "positions.id"],
            name=op.f("fk_transactions_user_id_account_id_position_id_positions"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "account_id", "reverses_id"],
            ["transactions.user_id", "transactions.account_id", "transactions.id"],
            name=op.f("fk_transactions_user_id_account_id_reverses_id_transactions"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "account_id", "sync_id"],
            ["account_syncs.user_id", "account_syncs.account_id", "account_syncs.id"],
            name=op.f("fk_transactions_user_id_account_id_sync_id_account_syncs"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "account_id"],
            ["accounts.user_id", "accounts.id"],
            name=op.f("fk_transactions_user_id_account_id_accounts"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_transactions_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transactions")),
        sa.UniqueConstraint(
            "account_id", "content_hash", name=op.f("uq_transactions_account_id_content_hash")
        ),
        sa.UniqueConstraint(
            "account_id", "external_id", name=op.f("uq_transactions_account_id_external_id")
        ),
        sa.UniqueConstraint(
            "account_id", "fill_id", name=op.f("uq_transactions_account_id_fill_id")
        ),
        sa.UniqueConstraint(
            "user_id", "account_id", "id", name=op.f("uq_transactions_user_id_account_id_id")
        ),
        comment="A booked fact of an account. Only added: a mistake is reversed by a further transaction.",
    )
    op.create_index(
        "ix_transactions_user_id_account_id_trade_date",
        "transactions",
        ["user_id", "account_id", "trade_date"],
        unique=False,
    )
    op.create_index(
        "ix_transactions_position_id",
        "transactions",
        ["position_id"],
        unique=False,
        postgresql_where=sa.text("position_id IS NOT NULL"),
    )
    op.create_table(
        "dividends",
        sa.Column(
            "transaction_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="The transaction it details, of the same account.",
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
            "instrument_id",
            sa.BigInteger(),
            nullable=False,
            comment="The instrument the row is about.",
        ),
        sa.Column(
            "kind",
            sa.Enum(
                "ordinary",
                "qualified",
                "special",
                "return_of_capital",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="How it is taxed, or that it is capital.",
        ),
        sa.Column(
            "frequency",
            sa.Enum(
                "monthly",
                "quarterly",
                "semiannual",
                "annual",
                "irregular",
                name="frequency",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
            comment="How often the instrument pays; null: not known.",
        ),
        sa.Column(
            "ex_date",
            sa.Date(),
            nullable=True,
            comment="First session it trades without the dividend; null: not known.",
        ),
        sa.Column(
            "record_date",
            sa.Date(),
            nullable=True,
            comment="Date whose holders are paid; null: not known.",
        ),
        sa.Column(
            "pay_date", sa.Date(), nullable=True, comment="Date it is paid; null: not known."
        ),
        sa.Column(
            "amount_per_share",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="What one unit pays; null: not said.",
        ),
        sa.Column(
            "quantity_held",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Units it was paid on, negative for a short that pays; null: not said.",
        ),
        sa.Column(
            "gross_amount",
            sa.Numeric(precision=24, scale=8),
            nullable=False,
            comment="What was paid before tax, negative where a short paid it.",
        ),
        sa.Column(
            "tax_withheld",
            sa.Numeric(precision=24, scale=8),
            nullable=False,
            comment="Tax kept back, never negative.",
        ),
        sa.Column(
            "net_amount",
            sa.Numeric(precision=24, scale=8),
            nullable=False,
            comment="What was paid after tax.",
        ),
        sa.Column(
            "currency",
            sa.String(length=3),
            nullable=False,
            comment="Currency of the amounts, ISO 4217.",
        ),
        sa.CheckConstraint(
            "'NaN' NOT IN (amount_per_share, quantity_held, gross_amount, tax_withheld, net_amount)",
            name=op.f("ck_dividends_amounts_are_numbers"),
        ),
        sa.CheckConstraint(
            "currency ~ '^[A-Z]{3}$'", name=op.f("ck_dividends_currency_is_iso_4217")
        ),
        sa.CheckConstraint(
            "amount_per_share >= 0", name=op.f("ck_dividends_amount_per_share_not_negative")
        ),
        sa.CheckConstraint(
            "net_amount = gross_amount - tax_withheld", name=op.f("ck_dividends_net_after_tax")
        ),
        sa.CheckConstraint("pay_date >= record_date", name=op.f("ck_dividends_paid_after_record")),
        sa.CheckConstraint(
            "tax_withheld >= 0", name=op.f("ck_dividends_tax_withheld_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"],
            ["instruments.id"],
            name=op.f("fk_dividends_instrument_id_instruments"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "account_id", "transaction_id"],
            ["transactions.user_id", "transactions.account_id", "transactions.id"],
            name=op.f("fk_dividends_user_id_account_id_transaction_id_transactions"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_dividends_user_id_users")),
        sa.PrimaryKeyConstraint("transaction_id", name=op.f("pk_dividends")),
        comment="The details of a transaction that paid a dividend: per unit, on what quantity, when.",
    )
    op.create_table(
        "holding_actions",
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
            "instrument_id",
            sa.BigInteger(),
            nullable=False,
            comment="The instrument the row is about.",
        ),
        sa.Column(
            "transaction_id",
            sa.BigInteger(),
            nullable=True,
            comment="The transaction that books it, of the same account; null: none does.",
        ),
        sa.Column(
            "kind",
            sa.Enum(
                "split",
                "stock_dividend",
                "spin_off",
                "merger",
                "symbol_change",
                "return_of_capital",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="What happened.",
        ),
        sa.Column("effective_on", sa.Date(), nullable=False, comment="First session it counts."),
        sa.Column(
            "quantity_before",
            sa.Numeric(precision=24, scale=8),
            nullable=False,
            comment="Units held before it, negative where sold short.",
        ),
        sa.Column(
            "quantity_after",
            sa.Numeric(precision=24, scale=8),
            nullable=False,
            comment="Units held after it, negative where sold short.",
        ),
        sa.Column(
            "other_instrument_id",
            sa.BigInteger(),
            nullable=True,
            comment="The instrument received for it or beside it; null: none.",
        ),
        sa.Column(
            "cash_amount",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Cash received, fractions of units included; null: none or not said.",
        ),
        sa.Column(
            "basis_moved_pct",
            sa.Numeric(precision=9, scale=4),
            nullable=True,
            comment="Share of the basis that goes to the other instrument, 0-100; null: not known.",
        ),
        sa.CheckConstraint(
            "'NaN' NOT IN (quantity_before, quantity_after, cash_amount, basis_moved_pct)",
            name=op.f("ck_holding_actions_amounts_are_numbers"),
        ),
        sa.CheckConstraint(
            "kind <> 'return_of_capital' OR cash_amount IS NOT NULL",
            name=op.f("ck_holding_actions_capital_returned"),
        ),
        sa.CheckConstraint(
            "kind <> 'spin_off' OR other_instrument_id IS NOT NULL",
            name=op.f("ck_holding_actions_spin_off_of_what"),
        ),
        sa.CheckConstraint(
            "basis_moved_pct >= 0 AND basis_moved_pct <= 100",
            name=op.f("ck_holding_actions_basis_moved_pct_in_range"),
        ),
        sa.CheckConstraint(
            "other_instrument_id <> instrument_id", name=op.f("ck_holding_actions_other_is_another")
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"],
            ["instruments.id"],
            name=op.f("fk_holding_actions_instrument_id_instruments"),
        ),
        sa.ForeignKeyConstraint(
            ["other_instrument_id"],
            ["instruments.id"],
            name=op.f("fk_holding_actions_other_instrument_id_instruments"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "account_id", "transaction_id"],
            ["transactions.user_id", "transactions.account_id", "transactions.id"],
            name="fk_holding_actions_transaction_id_transactions",
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "account_id"],
            ["accounts.user_id", "accounts.id"],
            name=op.f("fk_holding_actions_user_id_account_id_accounts"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_holding_actions_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holding_actions")),
        sa.UniqueConstraint(
            "account_id",
            "instrument_id",
            "kind",
            "effective_on",
            name=op.f("uq_holding_actions_account_id_instrument_id_kind_effective_on"),
        ),
        comment="A corporate action as it changed what one account held of an instrument.",
    )
    op.create_table(
        "tax_lots",
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
            "instrument_id",
            sa.BigInteger(),
            nullable=False,
            comment="The instrument the row is about.",
        ),
        sa.Column(
            "opening_transaction_id",
            sa.BigInteger(),
            nullable=True,
            comment="The transaction that opened it, of the same account; null: none did.",
        ),
        sa.Column(
            "ordinal",
            sa.SmallInteger(),
            server_default=sa.text("1"),
            nullable=False,
            comment="Number of the lot among those opened together, from 1.",
        ),
        sa.Column(
            "origin",
            sa.Enum(
                "purchase",
                "short_sale",
                "transfer_in",
                "gift",
                "inheritance",
                "spin_off",
                "stock_dividend",
                "reinvestment",
                "exercise",
                "assignment",
                "merger",
                "migrated",
                name="origin",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="How it came about.",
        ),
        sa.Column(
            "side",
            sa.Enum(
                "long", "short", name="side", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
            comment="Whether it was bought or sold short.",
        ),
        sa.Column(
            "quantity",
            sa.Numeric(precision=24, scale=8),
            nullable=False,
            comment="Units opened, always positive, in the units of the present.",
        ),
        sa.Column(
            "remaining_quantity",
            sa.Numeric(precision=24, scale=8),
            nullable=False,
            comment="Units still open: the quantity less the disposals.",
        ),
        sa.Column(
            "acquired_on",
            sa.Date(),
            nullable=True,
            comment="Trade date it was opened; null: not known.",
        ),
        sa.Column(
            "holding_period_from",
            sa.Date(),
            nullable=True,
            comment="Date its term counts from where a gift or wash sale moved it; null: acquired_on.",
        ),
        sa.Column(
            "cost_basis",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Cost of the quantity with commissions; 0: a zero basis; null: short or not known.",
        ),
        sa.Column(
            "opening_proceeds",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="What selling it short brought, after costs; null: long or not known.",
        ),
        sa.Column(
            "currency",
            sa.String(length=3),
            nullable=False,
            comment="Currency of the amounts, ISO 4217.",
        ),
        sa.Column(
            "wash_sale_adjustment",
            sa.Numeric(precision=24, scale=8),
            server_default=sa.text("0"),
            nullable=False,
            comment="Disallowed losses of wash sales, added to the basis.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="Moment (UTC) the row was written.",
        ),
        sa.CheckConstraint(
            "'NaN' NOT IN (quantity, remaining_quantity, cost_basis, opening_proceeds, wash_sale_adjustment)",
            name=op.f("ck_tax_lots_amounts_are_numbers"),
        ),
        sa.CheckConstraint(
            "currency ~ '^[A-Z]{3}$'", name=op.f("ck_tax_lots_currency_is_iso_4217")
        ),
        sa.CheckConstraint(
            "origin <> 'short_sale' OR side = 'short'", name=op.f("ck_tax_lots_sold_short_is_short")
        ),
        sa.CheckConstraint(
            "origin NOT IN ('purchase', 'reinvestment', 'gift', 'inheritance') OR side = 'long'",
            name=op.f("ck_tax_lots_bought_is_long"),
        ),
        sa.CheckConstraint(
            "origin NOT IN ('purchase', 'short_sale', 'reinvestment', 'exercise', 'assignment') OR opening_transaction_id IS NOT NULL",
            name=op.f("ck_tax_lots_opened_by_transaction"),
        ),
        sa.CheckConstraint(
            "side = 'long' OR cost_basis IS NULL", name=op.f("ck_tax_lots_basis_of_long")
        ),
        sa.CheckConstraint(
            "side = 'short' OR opening_proceeds IS NULL", name=op.f("ck_tax_lots_proceeds_of_short")
        ),
        sa.CheckConstraint("cost_basis >= 0", name=op.f("ck_tax_lots_cost_basis_not_negative")),
        sa.CheckConstraint("ordinal > 0", name=op.f("ck_tax_lots_ordinal_positive")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_tax_lots_quantity_positive")),
        sa.CheckConstraint(
            "remaining_quantity >= 0 AND remaining_quantity <= quantity",
            name=op.f("ck_tax_lots_remaining_quantity_in_range"),
        ),
        sa.CheckConstraint(
            "wash_sale_adjustment >= 0", name=op.f("ck_tax_lots_wash_sale_adjustment_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"],
            ["instruments.id"],
            name=op.f("fk_tax_lots_instrument_id_instruments"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "account_id", "opening_transaction_id"],
            ["transactions.user_id", "transactions.account_id", "transactions.id"],
            name="fk_tax_lots_opening_transaction_id_transactions",
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "account_id"],
            ["accounts.user_id", "accounts.id"],
            name=op.f("fk_tax_lots_user_id_account_id_accounts"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_tax_lots_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tax_lots")),
        sa.UniqueConstraint(
            "account_id",
            "opening_transaction_id",
            "ordinal",
            name=op.f("uq_tax_lots_account_id_opening_transaction_id_ordinal"),
        ),
        sa.UniqueConstraint(
            "user_id", "account_id", "id", name=op.f("uq_tax_lots_user_id_account_id_id")
        ),
        sa.UniqueConstraint("user_id", "id", name=op.f("uq_tax_lots_user_id_id")),
        comment="A quantity of an instrument acquired at once, or sold short at once, and what is left of it.",
    )
    op.create_index(
        "ix_tax_lots_open",
        "tax_lots",
        ["user_id", "account_id", "instrument_id", "acquired_on"],
        unique=False,
        postgresql_where=sa.text("remaining_quantity > 0"),
    )
    op.create_index(
        "uq_tax_lots_without_transaction",
        "tax_lots",
        ["account_id", "instrument_id", "origin", "acquired_on", "ordinal"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("opening_transaction_id IS NULL"),
    )
    op.create_table(
        "transfers",
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
            "transaction_id",
            sa.BigInteger(),
            nullable=True,
            comment="The transaction that books it, of the same account; null: none does.",
        ),
        sa.Column(
            "instrument_id",
            sa.BigInteger(),
            nullable=True,
            comment="The instrument; null: cash moved.",
        ),
        sa.Column(
            "kind",
            sa.Enum(
                "acats",
                "ach",
                "wire",
                "internal",
                "journal",
                "drs",
                "gift",
                "inheritance",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="By which way it moved.",
        ),
        sa.Column(
            "direction",
            sa.Enum(
                "in", "out", name="direction", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
            comment="Whether it came in or went out.",
        ),
        sa.Column(
            "quantity",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Units that moved, negative for a short; null: cash moved.",
        ),
        sa.Column(
            "amount",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Cash that moved, negative for a debt; null: units moved.",
        ),
        sa.Column(
            "currency",
            sa.String(length=3),
            nullable=False,
            comment="Currency of the amounts, ISO 4217.",
        ),
        sa.Column(
            "cost_basis",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Basis that came along; 0: a zero basis; null: not known.",
        ),
        sa.Column(
            "acquired_on",
            sa.Date(),
            nullable=True,
            comment="Date the units were first bought; null: not known.",
        ),
        sa.Column("transferred_on", sa.Date(), nullable=False, comment="Date it moved."),
        sa.Column(
            "settles_on", sa.Date(), nullable=True, comment="Date it is settled; null: not said."
        ),
        sa.Column(
            "counterparty",
            sa.String(),
            nullable=True,
            comment="The broker, bank or person on the other side; null: not said.",
        ),
        sa.Column(
            "external_id",
            sa.String(length=100),
            nullable=True,
            comment="The broker's id for it; null where the broker gives none.",
        ),
        sa.CheckConstraint(
            "'NaN' NOT IN (quantity, amount, cost_basis)",
            name=op.f("ck_transfers_amounts_are_numbers"),
        ),
        sa.CheckConstraint(
            "currency ~ '^[A-Z]{3}$'", name=op.f("ck_transfers_currency_is_iso_4217")
        ),
        sa.CheckConstraint(
            "kind NOT IN ('ach', 'wire') OR amount IS NOT NULL",
            name=op.f("ck_transfers_wire_is_cash"),
        ),
        sa.CheckConstraint(
            "(quantity IS NULL) = (instrument_id IS NULL)",
            name=op.f("ck_transfers_units_of_an_instrument"),
        ),
        sa.CheckConstraint(
            "acquired_on <= transferred_on", name=op.f("ck_transfers_acquired_before")
        ),
        sa.CheckConstraint(
            "coalesce(quantity, amount) <> 0", name=op.f("ck_transfers_moves_something")
        ),
        sa.CheckConstraint("cost_basis >= 0", name=op.f("ck_transfers_cost_basis_not_negative")),
        sa.CheckConstraint(
            "num_nonnulls(quantity, amount) = 1", name=op.f("ck_transfers_units_or_cash")
        ),
        sa.CheckConstraint(
            "num_nonnulls(transaction_id, external_id) > 0", name=op.f("ck_transfers_identified")
        ),
        sa.CheckConstraint(
            "settles_on >= transferred_on", name=op.f("ck_transfers_settles_after_transfer")
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"],
            ["instruments.id"],
            name=op.f("fk_transfers_instrument_id_instruments"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "account_id", "transaction_id"],
            ["transactions.user_id", "transactions.account_id", "transactions.id"],
            name=op.f("fk_transfers_user_id_account_id_transaction_id_transactions"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "account_id"],
            ["accounts.user_id", "accounts.id"],
            name=op.f("fk_transfers_user_id_account_id_accounts"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_transfers_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfers")),
        sa.UniqueConstraint(
            "account_id", "external_id", name=op.f("uq_transfers_account_id_external_id")
        ),
        sa.UniqueConstraint(
            "account_id", "transaction_id", name=op.f("uq_transfers_account_id_transaction_id")
        ),
        comment="Units or cash that came into an account or left it without being traded.",
    )
    op.create_table(
        "lot_disposals",
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
            "lot_id", sa.BigInteger(), nullable=False, comment="The lot, of the same account."
        ),
        sa.Column(
            "closing_transaction_id",
            sa.BigInteger(),
            nullable=True,
            comment="The transaction that closed it, of the same account; null: see reason.",
        ),
        sa.Column(
            "kind",
            sa.Enum(
                "sale",
                "cover",
                "expiration",
                "assignment",
                "exercise",
                "transfer_out",
                "merger",
                "gift",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="What closed it.",
        ),
        sa.Column(
            "method",
            sa.Enum(
                "fifo",
                "lifo",
                "hifo",
                "specific",
                "average",
                name="method",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="By which method the lot was chosen.",
        ),
        sa.Column("disposed_on", sa.Date(), nullable=False, comment="Trade date it was closed."),
        sa.Column(
            "quantity",
            sa.Numeric(precision=24, scale=8),
            nullable=False,
            comment="Units closed, always positive, in the units of the present.",
        ),
        sa.Column(
            "proceeds",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="What selling them brought, after costs; null: not sold or not known.",
        ),
        sa.Column(
            "cost_basis",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="What they had cost, wash-sale adjustments included; null: not known.",
        ),
        sa.Column(
            "disallowed_loss",
            sa.Numeric(precision=24, scale=8),
            server_default=sa.text("0"),
            nullable=False,
            comment="Part of the loss that wash sales disallow, positive.",
        ),
        sa.Column(
            "realized_gain",
            sa.Numeric(precision=24, scale=8),
            sa.Computed("proceeds - cost_basis + disallowed_loss", persisted=True),
            nullable=True,
            comment="Gain that counts, negative for a loss; null where it cannot be known.",
        ),
        sa.Column(
            "term",
            sa.Enum(
                "short",
                "long",
                "unknown",
                name="term",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="For how long they had been held.",
        ),
        sa.Column(
            "reason",
            sa.String(),
            nullable=True,
            comment="Why it is closed though no transaction says so; null where one does.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="Moment (UTC) the row was written.",
        ),
        sa.CheckConstraint(
            "'NaN' NOT IN (quantity, proceeds, cost_basis, disallowed_loss, realized_gain)",
            name=op.f("ck_lot_disposals_amounts_are_numbers"),
        ),
        sa.CheckConstraint("btrim(reason) <> ''", name=op.f("ck_lot_disposals_reason_filled")),
        sa.CheckConstraint(
            "kind NOT IN ('sale', 'cover', 'assignment', 'exercise') OR closing_transaction_id IS NOT NULL",
            name=op.f("ck_lot_disposals_closed_by_transaction"),
        ),
        sa.CheckConstraint(
            "kind NOT IN ('transfer_out', 'gift') OR proceeds IS NULL",
            name=op.f("ck_lot_disposals_moved_unsold"),
        ),
        sa.CheckConstraint(
            "closing_transaction_id IS NOT NULL OR reason IS NOT NULL",
            name=op.f("ck_lot_disposals_explained"),
        ),
        sa.CheckConstraint(
            "disallowed_loss <= 0 OR disallowed_loss <= coalesce(cost_basis - proceeds, 0)",
            name=op.f("ck_lot_disposals_disallowed_within_loss"),
        ),
        sa.CheckConstraint(
            "disallowed_loss >= 0", name=op.f("ck_lot_disposals_disallowed_loss_not_negative")
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_lot_disposals_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["user_id", "account_id", "closing_transaction_id"],
            ["transactions.user_id", "transactions.account_id", "transactions.id"],
            name="fk_lot_disposals_closing_transaction_id_transactions",
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "account_id", "lot_id"],
            ["tax_lots.user_id", "tax_lots.account_id", "tax_lots.id"],
            name=op.f("fk_lot_disposals_user_id_account_id_lot_id_tax_lots"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_lot_disposals_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lot_disposals")),
        sa.UniqueConstraint(
            "lot_id",
            "closing_transaction_id",
            name=op.f("uq_lot_disposals_lot_id_closing_transaction_id"),
        ),
        sa.UniqueConstraint(
            "user_id", "account_id", "id", name=op.f("uq_lot_disposals_user_id_account_id_id")
        ),
        comment="A part of a lot that was closed, with what it brought and what it had cost.",
    )
    op.create_index(
        "uq_lot_disposals_without_transaction",
        "lot_disposals",
        ["lot_id", "kind", "disposed_on"],
        unique=True,
        postgresql_where=sa.text("closing_transaction_id IS NULL"),
    )
    op.create_table(
        "wash_sale_adjustments",
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
            "disposal_id",
            sa.BigInteger(),
            nullable=False,
            comment="The disposal that lost, of the same account.",
        ),
        sa.Column(
            "replacement_lot_id",
            sa.BigInteger(),
            nullable=False,
            comment="The lot that replaced it, in any account of the same user.",
        ),
        sa.Column(
            "quantity", sa.Numeric(precision=24, scale=8), nullable=False, comment="Units replaced."
        ),
        sa.Column(
            "disallowed_loss",
            sa.Numeric(precision=24, scale=8),
            nullable=False,
            comment="Loss disallowed for them, positive, in the currency of the lot.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="Moment (UTC) the row was written.",
        ),
        sa.CheckConstraint(
            "'NaN' NOT IN (quantity, disallowed_loss)",
            name=op.f("ck_wash_sale_adjustments_amounts_are_numbers"),
        ),
        sa.CheckConstraint(
            "disallowed_loss > 0", name=op.f("ck_wash_sale_adjustments_disallowed_loss_positive")
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_wash_sale_adjustments_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["user_id", "account_id", "disposal_id"],
            ["lot_disposals.user_id", "lot_disposals.account_id", "lot_disposals.id"],
            name="fk_wash_sale_adjustments_disposal_id_lot_disposals",
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "replacement_lot_id"],
            ["tax_lots.user_id", "tax_lots.id"],
            name=op.f("fk_wash_sale_adjustments_user_id_replacement_lot_id_tax_lots"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_wash_sale_adjustments_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wash_sale_adjustments")),
        sa.UniqueConstraint(
            "disposal_id",
            "replacement_lot_id",
            name=op.f("uq_wash_sale_adjustments_disposal_id_replacement_lot_id"),
        ),
        comment="A loss that is disallowed because a replacement was bought, and the lot it was added to.",
    )
    op.create_index(
        op.f("ix_wash_sale_adjustments_replacement_lot_id"),
        "wash_sale_adjustments",
        ["replacement_lot_id"],
        unique=False,
    )


def _drop_tables() -> None:
    op.drop_index(
        op.f("ix_wash_sale_adjustments_replacement_lot_id"), table_name="wash_sale_adjustments"
    )
    op.drop_table("wash_sale_adjustments")
    op.drop_index(
        "uq_lot_disposals_without_transaction",
        table_name="lot_disposals",
        postgresql_where=sa.text("closing_transaction_id IS NULL"),
    )
    op.drop_table("lot_disposals")
    op.drop_table("transfers")
    op.drop_index(
        "uq_tax_lots_without_transaction",
        table_name="tax_lots",
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("opening_transaction_id IS NULL"),
    )
    op.drop_index(
        "ix_tax_lots_open",
        table_name="tax_lots",
        postgresql_where=sa.text("remaining_quantity > 0"),
    )
    op.drop_table("tax_lots")
    op.drop_table("holding_actions")
    op.drop_table("dividends")
    op.drop_index(
        "ix_transactions_position_id",
        table_name="transactions",
        postgresql_where=sa.text("position_id IS NOT NULL"),
    )
    op.drop_index("ix_transactions_user_id_account_id_trade_date", table_name="transactions")
    op.drop_table("transactions")
    op.drop_table("fills")
    op.drop_table("orders")
    op.drop_index(
        "uq_positions_open", table_name="positions", postgresql_where=sa.text("status = 'open'")
    )
    op.drop_table("positions")
    op.drop_table("position_snapshots")
    op.drop_table("margin_interest")
    op.drop_table("category_instruments")
    op.drop_index(
        "uq_capital_allocations_active",
        table_name="capital_allocations",
        postgresql_where=sa.text("is_active"),
    )
    op.drop_table("capital_allocations")
    op.drop_index(
        "uq_account_syncs_booked_file",
        table_name="account_syncs",
        postgresql_where=sa.text("status = 'succeeded'"),
    )
    op.drop_table("account_syncs")
    op.drop_table("account_balances")
    op.drop_table("watchlist_instruments")
    op.drop_table("accounts")
    op.drop_table("watchlists")
    op.drop_table("categories")
    op.drop_table("broker_credentials")
