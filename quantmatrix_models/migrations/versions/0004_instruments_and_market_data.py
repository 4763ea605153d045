"""Instruments through time, and market data beside the series."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from quantmatrix_models.migrations.statements import statements

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


_RULES = (
    "ALTER TABLE instruments ADD CONSTRAINT ck_instruments_country_is_iso_3166 CHECK (country "
    "~ '^[A-Z]{2}$')",
    "ALTER TABLE instruments ADD CONSTRAINT ck_instruments_delisted_with_date CHECK ((status "
    "= 'delisted') = (delisted_on IS NOT NULL))",
    "ALTER TABLE instruments ADD CONSTRAINT ck_instruments_description_filled CHECK "
    "(btrim(description) <> '')",
    "ALTER TABLE instruments DROP CONSTRAINT ck_instruments_kind",
    "ALTER TABLE instruments ADD CONSTRAINT ck_instruments_kind CHECK (kind IN ('stock', "
    "'etf', 'index', 'option', 'future', 'bond', 'mutual_fund', 'crypto', 'warrant', "
    "'right'))",
    "ALTER TABLE findings ADD CONSTRAINT ck_findings_open_is_unresolved CHECK (status <> "
    "'open' OR (closed_at IS NULL AND resolution IS NULL))",
    "ALTER TABLE findings ADD CONSTRAINT ck_findings_resolution_filled CHECK "
    "(btrim(resolution) <> '')",
    "ALTER TABLE findings DROP CONSTRAINT ck_findings_status",
    "ALTER TABLE findings ADD CONSTRAINT ck_findings_status CHECK (status IN ('open', "
    "'released', 'rejected', 'corrected'))",
    "ALTER TABLE instrument_symbols ADD CONSTRAINT "
    "ex_instrument_symbols_instrument_id_exchange_valid EXCLUDE USING gist "
    "(int8range(instrument_id, instrument_id, '[]') WITH &&, text_range(exchange, exchange, "
    "'[]') WITH &&, daterange(valid_from, valid_to) WITH &&)",
    "ALTER TABLE provider_fetches ADD CONSTRAINT ck_provider_fetches_duration_ms_not_negative "
    "CHECK (duration_ms >= 0 AND instruments >= 0)",
    "ALTER TABLE provider_fetches ADD CONSTRAINT ck_provider_fetches_failed_with_error CHECK "
    "((status = 'failed') = (error IS NOT NULL))",
)
_RIGHTS_BEFORE = (
    "REVOKE SELECT ON provider_fetches FROM quantmatrix_support",
    "REVOKE SELECT ON instrument_symbols FROM quantmatrix_support",
    "REVOKE UPDATE (valid_from, valid_to) ON instrument_symbols FROM quantmatrix_pipeline",
    "REVOKE SELECT ON findings FROM quantmatrix_support",
    "REVOKE UPDATE (status, closed_at, resolution) ON findings FROM quantmatrix_admin",
    "REVOKE SELECT ON instruments FROM quantmatrix_support",
    "REVOKE UPDATE (name, status, delisted_on, country, description) ON instruments FROM "
    "quantmatrix_admin",
    "REVOKE UPDATE (status, delisted_on) ON instruments FROM quantmatrix_pipeline",
    "ALTER POLICY all_rows ON findings TO quantmatrix_admin, quantmatrix_pipeline",
    "GRANT UPDATE (status) ON findings TO quantmatrix_admin",
    "GRANT UPDATE (valid_from) ON instrument_symbols TO quantmatrix_pipeline",
)
_RULES_DROPPED = (
    "ALTER TABLE instruments DROP CONSTRAINT ck_instruments_country_is_iso_3166",
    "ALTER TABLE instruments DROP CONSTRAINT ck_instruments_delisted_with_date",
    "ALTER TABLE instruments DROP CONSTRAINT ck_instruments_description_filled",
    "ALTER TABLE instruments DROP CONSTRAINT ck_instruments_kind",
    "ALTER TABLE findings DROP CONSTRAINT ck_findings_open_is_unresolved",
    "ALTER TABLE findings DROP CONSTRAINT ck_findings_resolution_filled",
    "ALTER TABLE findings DROP CONSTRAINT ck_findings_status",
    "ALTER TABLE instrument_symbols DROP CONSTRAINT "
    "ex_instrument_symbols_instrument_id_exchange_valid",
    "ALTER TABLE provider_fetches DROP CONSTRAINT ck_provider_fetches_duration_ms_not_negative",
    "ALTER TABLE provider_fetches DROP CONSTRAINT ck_provider_fetches_failed_with_error",
)
_RULES_BEFORE = (
    "ALTER TABLE instruments ADD CONSTRAINT ck_instruments_kind CHECK (kind IN ('stock', "
    "'etf', 'index', 'option'))",
    "ALTER TABLE findings ADD CONSTRAINT ck_findings_status CHECK (status IN ('open', "
    "'released', 'rejected'))",
)


def upgrade() -> None:
    _create_tables()
    for statement in _RULES:
        op.execute(statement)
    op.execute(statements("0004_after_tables.sql"))


def downgrade() -> None:
    for statement in _RIGHTS_BEFORE:
        op.execute(statement)
    for statement in _RULES_DROPPED:
        op.execute(statement)
    for statement in _RULES_BEFORE:
        op.execute(statement)
    _drop_tables()


def _create_tables() -> None:
    op.create_unique_constraint(op.f("uq_instruments_id_kind"), "instruments", ["id", "kind"])
    op.create_table(
        "data_providers",
        sa.Column(
            "name",
            sa.String(length=32),
            nullable=False,
            comment="Name of the provider, lower-case.",
        ),
        sa.Column(
            "is_enabled",
            sa.Boolean(),
            server_default=sa.text("true"),
            nullable=False,
            comment="Whether it is asked at all.",
        ),
        sa.Column(
            "priority",
            sa.SmallInteger(),
            server_default=sa.text("100"),
            nullable=False,
            comment="Place in the order of asking, 1 to 1000; smaller is asked first.",
        ),
        sa.Column(
            "requests_per_minute",
            sa.Integer(),
            nullable=True,
            comment="Most requests in a minute; null: no limit.",
        ),
        sa.Column(
            "requests_per_day",
            sa.Integer(),
            nullable=True,
            comment="Most requests in a UTC day; null: no limit.",
        ),
        sa.Column(
            "requests_per_month",
            sa.Integer(),
            nullable=True,
            comment="Most requests in a UTC calendar month; null: no limit.",
        ),
        sa.Column(
            "monthly_cost_usd",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="What it costs a month, in US dollars; null: unknown.",
        ),
        sa.Column(
            "monthly_budget_usd",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Most that may be spent on it a month, in US dollars; null: no limit.",
        ),
        sa.Column(
            "consecutive_failures",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Requests that failed since the last that succeeded.",
        ),
        sa.Column(
            "last_success_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Moment (UTC) a request last succeeded; null: never.",
        ),
        sa.Column(
            "last_failure_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Moment (UTC) a request last failed; null: never.",
        ),
        sa.Column(
            "last_error",
            sa.String(),
            nullable=True,
            comment="What the last failed request said, without secrets; null: none failed.",
        ),
        sa.Column(
            "circuit_open_until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Moment (UTC) until which it is not asked after failures; null: it may be asked.",
        ),
        sa.CheckConstraint(
            "'NaN' NOT IN (monthly_cost_usd, monthly_budget_usd)",
            name=op.f("ck_data_providers_amounts_are_numbers"),
        ),
        sa.CheckConstraint(
            "name ~ '^[a-z0-9][a-z0-9_-]{0,31}$'", name=op.f("ck_data_providers_name_is_plain")
        ),
        sa.CheckConstraint(
            "consecutive_failures >= 0",
            name=op.f("ck_data_providers_consecutive_failures_not_negative"),
        ),
        sa.CheckConstraint(
            "monthly_budget_usd >= 0",
            name=op.f("ck_data_providers_monthly_budget_usd_not_negative"),
        ),
        sa.CheckConstraint(
            "monthly_cost_usd >= 0", name=op.f("ck_data_providers_monthly_cost_usd_not_negative")
        ),
        sa.CheckConstraint(
            "priority >= 1 AND priority <= 1000", name=op.f("ck_data_providers_priority_in_range")
        ),
        sa.CheckConstraint(
            "requests_per_day > 0", name=op.f("ck_data_providers_requests_per_day_positive")
        ),
        sa.CheckConstraint(
            "requests_per_minute > 0", name=op.f("ck_data_providers_requests_per_minute_positive")
        ),
        sa.CheckConstraint(
            "requests_per_month > 0", name=op.f("ck_data_providers_requests_per_month_positive")
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_data_providers")),
        comment="A provider of market data: its settings, its limits, and how it has been doing lately.",
    )
    op.create_table(
        "corporate_actions",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="Key, handed out by the database and never reused.",
        ),
        sa.Column(
            "instrument_id",
            sa.BigInteger(),
            nullable=False,
            comment="The instrument whose issuer acted.",
        ),
        sa.Column(
            "kind",
            sa.Enum(
                "split",
                "cash_dividend",
                "stock_dividend",
                "special_dividend",
                "return_of_capital",
                "spin_off",
                "merger",
                "rights",
                "symbol_change",
                "delisting",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="What was done.",
        ),
        sa.Column(
            "ex_date",
            sa.Date(),
            nullable=False,
            comment="First session the instrument trades without what the action gives.",
        ),
        sa.Column(
            "announced_on",
            sa.Date(),
            nullable=True,
            comment="Date the issuer announced it; null: unknown.",
        ),
        sa.Column(
            "record_date",
            sa.Date(),
            nullable=True,
            comment="Date whose holders get it; null: unknown or none.",
        ),
        sa.Column(
            "pay_date",
            sa.Date(),
            nullable=True,
            comment="Date it is paid or delivered; null: unknown or none.",
        ),
        sa.Column(
            "ratio_from",
            sa.Numeric(precision=20, scale=10),
            nullable=True,
            comment="Units held before, 1 in a 4:1 split; null: no units change.",
        ),
        sa.Column(
            "ratio_to",
            sa.Numeric(precision=20, scale=10),
            nullable=True,
            comment="Units held or got for those, 4 in a 4:1 split; null as above.",
        ),
        sa.Column(
            "amount",
            sa.Numeric(precision=24, scale=8),
            nullable=True,
            comment="Cash for one unit held, before tax, as announced; null: no cash.",
        ),
        sa.Column(
            "currency",
            sa.String(length=3),
            nullable=True,
            comment="Currency of the amount, ISO 4217; null: no cash.",
        ),
        sa.Column(
            "other_instrument_id",
            sa.BigInteger(),
            nullable=True,
            comment="What is spun off, or merged with; null: no other instrument has a part in it.",
        ),
        sa.Column(
            "provider",
            sa.String(length=32),
            nullable=False,
            comment="The provider that reported it.",
        ),
        sa.Column(
            "known_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Moment (UTC) we learned it in this form.",
        ),
        sa.Column(
            "status",
            sa.Enum(
                "confirmed",
                "quarantined",
                "rejected",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="Whether it is believed; only what is confirmed adjusts a price or a lot.",
        ),
        sa.Column(
            "reason",
            sa.String(),
            nullable=True,
            comment="Why it is not believed, or was not; null: never doubted.",
        ),
        sa.Column(
            "row",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="The row as it was delivered; null: it was not kept.",
        ),
        sa.CheckConstraint(
            "'NaN' NOT IN (ratio_from, ratio_to, amount)",
            name=op.f("ck_corporate_actions_amounts_are_numbers"),
        ),
        sa.CheckConstraint("btrim(reason) <> ''", name=op.f("ck_corporate_actions_reason_filled")),
        sa.CheckConstraint(
            "currency ~ '^[A-Z]{3}$'", name=op.f("ck_corporate_actions_currency_is_iso_4217")
        ),
        sa.CheckConstraint(
            "kind <> 'merger' OR other_instrument_id IS NOT NULL OR amount IS NOT NULL",
            name=op.f("ck_corporate_actions_merger_gives_something"),
        ),
        sa.CheckConstraint(
            "kind <> 'spin_off' OR other_instrument_id IS NOT NULL",
            name=op.f("ck_corporate_actions_spin_off_has_other"),
        ),
        sa.CheckConstraint(
            "kind NOT IN ('cash_dividend', 'special_dividend', 'return_of_capital') OR amount IS NOT NULL",
            name=op.f("ck_corporate_actions_dividend_has_amount"),
        ),
        sa.CheckConstraint(
            "kind NOT IN ('split', 'stock_dividend') OR ratio_from IS NOT NULL",
            name=op.f("ck_corporate_actions_split_has_ratio"),
        ),
        sa.CheckConstraint(
            "status = 'confirmed' OR reason IS NOT NULL",
            name=op.f("ck_corporate_actions_reason_given"),
        ),
        sa.CheckConstraint(
            "(amount IS NULL) = (currency IS NULL)",
            name=op.f("ck_corporate_actions_amount_has_currency"),
        ),
        sa.CheckConstraint(
            "(ratio_from IS NULL) = (ratio_to IS NULL)",
            name=op.f("ck_corporate_actions_ratio_is_whole"),
        ),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_corporate_actions_amount_not_negative")),
        sa.CheckConstraint(
            "announced_on <= ex_date", name=op.f("ck_corporate_actions_announced_before_ex")
        ),
        sa.CheckConstraint(
            "other_instrument_id <> instrument_id",
            name=op.f("ck_corporate_actions_other_is_another"),
        ),
        sa.CheckConstraint(
            "ratio_from > 0 AND ratio_to > 0", name=op.f("ck_corporate_actions_ratio_positive")
        ),
        sa.CheckConstraint(
            "record_date <= pay_date", name=op.f("ck_corporate_actions_recorded_before_paid")
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"],
            ["instruments.id"],
            name=op.f("fk_corporate_actions_instrument_id_instruments"),
        ),
        sa.ForeignKeyConstraint(
            ["other_instrument_id"],
            ["instruments.id"],
            name=op.f("fk_corporate_actions_other_instrument_id_instruments"),
        ),
        sa.ForeignKeyConstraint(
            ["provider"],
            ["data_providers.name"],
            name=op.f("fk_corporate_actions_provider_data_providers"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_corporate_actions")),
        sa.UniqueConstraint(
            "instrument_id",
            "kind",
            "ex_date",
            "provider",
            "known_at",
            name="uq_corporate_actions_identity",
        ),
        comment="A corporate action of an instrument, as a provider reported it at a moment.",
    )
    op.create_table(
        "index_memberships",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="Key, handed out by the database and never reused.",
        ),
        sa.Column(
            "index_id", sa.BigInteger(), nullable=False, comment="The index, as an instrument."
        ),
        sa.Column("instrument_id", sa.BigInteger(), nullable=False, comment="The member."),
        sa.Column(
            "valid_from", sa.Date(), nullable=False, comment="First date it was in the index."
        ),
        sa.Column(
            "valid_to",
            sa.Date(),
            nullable=True,
            comment="First date it no longer was; null: it still is.",
        ),
        sa.Column(
            "provider",
            sa.String(length=32),
            nullable=False,
            comment="The provider that reported it.",
        ),
        sa.Column(
            "known_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Moment (UTC) we learned that it joined.",
        ),
        postgresql.ExcludeConstraint(
            (sa.text("int8range(index_id, index_id, '[]')"), "&&"),
            (sa.text("int8range(instrument_id, instrument_id, '[]')"), "&&"),
            (sa.text("daterange(valid_from, valid_to)"), "&&"),
            using="gist",
            name="ex_index_memberships_index_id_instrument_id_valid",
        ),
        sa.CheckConstraint(
            "index_id <> instrument_id", name=op.f("ck_index_memberships_index_is_another")
        ),
        sa.CheckConstraint("valid_to > valid_from", name=op.f("ck_index_memberships_valid_range")),
        sa.ForeignKeyConstraint(
            ["index_id"], ["instruments.id"], name=op.f("fk_index_memberships_index_id_instruments")
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"],
            ["instruments.id"],
            name=op.f("fk_index_memberships_instrument_id_instruments"),
        ),
        sa.ForeignKeyConstraint(
            ["provider"],
            ["data_providers.name"],
            name=op.f("fk_index_memberships_provider_data_providers"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_index_memberships")),
        comment="An instrument is in an index from `valid_from` until the day before `valid_to` (or on).",
    )
    op.create_index(
        "ix_index_memberships_index_id_valid_from",
        "index_memberships",
        ["index_id", "valid_from"],
        unique=False,
    )
    op.create_table(
        "instrument_classifications",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="Key, handed out by the database and never reused.",
        ),
        sa.Column(
            "instrument_id",
            sa.BigInteger(),
            nullable=False,
            comment="The instrument that is classified.",
        ),
        sa.Column(
            "scheme",
            sa.String(length=32),
            nullable=False,
            comment="The classification: gics, sic, or a provider's name for its own.",
        ),
        sa.Column(
            "sector", sa.String(), nullable=False, comment="The sector, in the scheme's words."
        ),
        sa.Column(
            "industry",
            sa.String(),
            nullable=True,
            comment="The industry within the sector, in the scheme's words; null: not given.",
        ),
        sa.Column(
            "valid_from", sa.Date(), nullable=False, comment="First date it was classified so."
        ),
        sa.Column(
            "valid_to",
            sa.Date(),
            nullable=True,
            comment="First date it no longer was; null: it still is.",
        ),
        sa.Column(
            "provider",
            sa.String(length=32),
            nullable=False,
            comment="The provider that reported it.",
        ),
        postgresql.ExcludeConstraint(
            (sa.text("int8range(instrument_id, instrument_id, '[]')"), "&&"),
            (sa.text("text_range(scheme, scheme, '[]')"), "&&"),
            (sa.text("daterange(valid_from, valid_to)"), "&&"),
            using="gist",
            name="ex_instrument_classifications_instrument_id_scheme_valid",
        ),
        sa.CheckConstraint(
            "btrim(sector) <> '' AND btrim(industry) <> ''",
            name=op.f("ck_instrument_classifications_sector_filled"),
        ),
        sa.CheckConstraint(
            "scheme ~ '^[a-z0-9][a-z0-9_-]{0,31}$'",
            name=op.f("ck_instrument_classifications_scheme_is_plain"),
        ),
        sa.CheckConstraint(
            "valid_to > valid_from", name=op.f("ck_instrument_classifications_valid_range")
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"],
            ["instruments.id"],
            name=op.f("fk_instrument_classifications_instrument_id_instruments"),
        ),
        sa.ForeignKeyConstraint(
            ["provider"],
            ["data_providers.name"],
            name=op.f("fk_instrument_classifications_provider_data_providers"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instrument_classifications")),
        comment="The sector and industry a scheme puts an instrument in, for a range of dates.",
    )
    op.create_index(
        op.f("ix_instrument_classifications_instrument_id"),
        "instrument_classifications",
        ["instrument_id"],
        unique=False,
    )
    op.create_table(
        "instrument_identifiers",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="Key, handed out by the database and never reused.",
        ),
        sa.Column(
            "instrument_id", sa.BigInteger(), nullable=False, comment="The instrument it means."
        ),
        sa.Column(
            "scheme",
            sa.Enum(
                "isin",
                "cusip",
                "sedol",
                "figi",
                "cik",
                "ibkr_conid",
                "occ",
                "provider",
                name="scheme",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="Whose numbering the value belongs to.",
        ),
        sa.Column(
            "provider",
            sa.String(length=32),
            nullable=True,
            comment="The provider whose own key it is; null: a scheme all share.",
        ),
        sa.Column(
            "value",
            sa.String(length=64),
            nullable=False,
            comment="The key, as the scheme writes it.",
        ),
        sa.Column(
            "valid_from",
            sa.Date(),
            nullable=False,
            comment="First date the key meant the instrument.",
        ),
        sa.Column(
            "valid_to",
            sa.Date(),
            nullable=True,
            comment="First date it no longer did; null: it still does.",
        ),
        postgresql.ExcludeConstraint(
            (sa.text("text_range(scheme, scheme, '[]')"), "&&"),
            (sa.text("text_range(coalesce(provider, ''), coalesce(provider, ''), '[]')"), "&&"),
            (sa.text("text_range(value, value, '[]')"), "&&"),
            (
                sa.text(
                    "int8range(CASE WHEN scheme = 'cik' THEN instrument_id ELSE 0 END, CASE WHEN scheme = 'cik' THEN instrument_id ELSE 0 END, '[]')"
                ),
                "&&",
            ),
            (sa.text("daterange(valid_from, valid_to)"), "&&"),
            using="gist",
            name="ex_instrument_identifiers_scheme_provider_value_valid",
        ),
        sa.CheckConstraint(
            "(scheme = 'provider') = (provider IS NOT NULL)",
            name=op.f("ck_instrument_identifiers_provider_of_own_keys"),
        ),
        sa.CheckConstraint(
            "CASE scheme\n                WHEN 'isin' THEN value ~ '^[A-Z]{2}[A-Z0-9]{9}[0-9]$'\n                WHEN 'cusip' THEN value ~ '^[A-Z0-9*@#]{8}[0-9]$'\n                WHEN 'sedol' THEN value ~ '^[A-Z0-9]{6}[0-9]$'\n                WHEN 'figi' THEN value ~ '^BBG[A-Z0-9]{8}[0-9]$'\n                WHEN 'cik' THEN value ~ '^[0-9]{10}$'\n                WHEN 'ibkr_conid' THEN value ~ '^[1-9][0-9]*$'\n                WHEN 'occ' THEN length(value) = 21 AND value ~ '^[A-Z0-9]{1,6} *[0-9]{6}[CP][0-9]{8}$'\n                ELSE btrim(value) <> ''\n            END",
            name=op.f("ck_instrument_identifiers_value_fits_scheme"),
        ),
        sa.CheckConstraint(
            "valid_to > valid_from", name=op.f("ck_instrument_identifiers_valid_range")
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"],
            ["instruments.id"],
            name=op.f("fk_instrument_identifiers_instrument_id_instruments"),
        ),
        sa.ForeignKeyConstraint(
            ["provider"],
            ["data_providers.name"],
            name=op.f("fk_instrument_identifiers_provider_data_providers"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instrument_identifiers")),
        comment="A key somebody else knows an instrument by, for a range of dates.",
    )
    op.create_index(
        op.f("ix_instrument_identifiers_instrument_id"),
        "instrument_identifiers",
        ["instrument_id"],
        unique=False,
    )
    op.create_index(
        "ix_instrument_identifiers_scheme_value",
        "instrument_identifiers",
        ["scheme", "value"],
        unique=False,
    )
    op.create_table(
        "market_snapshots",
        sa.Column(
            "instrument_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="The instrument whose state it is.",
        ),
        sa.Column(
            "session", sa.Date(), nullable=False, comment="Session of the bar it is made from."
        ),
        sa.Column(
            "known_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Moment (UTC) that bar became known.",
        ),
        sa.Column(
            "provider", sa.String(length=32), nullable=False, comment="The provider of that bar."
        ),
        sa.Column(
            "close",
            sa.Numeric(precision=20, scale=6),
            nullable=False,
            comment="Close of the session as traded, in the instrument's currency.",
        ),
        sa.Column(
            "change_pct",
            sa.Double(),
            nullable=True,
            comment="Change of the close from the session before, in percent; null: unknown.",
        ),
        sa.Column(
            "volume",
            sa.Double(),
            nullable=True,
            comment="Units traded in the session; null: unknown.",
        ),
        sa.Column(
            "indicators",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="Indicators of the session: name to number, null where history is too short.",
        ),
        sa.Column(
            "score",
            sa.Double(),
            nullable=True,
            comment="How well it ranks among all instruments, 0 to 1; null: not scored.",
        ),
        sa.Column(
            "recommendation",
            sa.Enum(
                "strong_buy",
                "buy",
                "hold",
                "sell",
                "strong_sell",
                name="recommendation",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
            comment="What the indicators speak for; null: not judged.",
        ),
        sa.Column(
            "confidence",
            sa.Double(),
            nullable=True,
            comment="How sure the recommendation is, 0 to 1; null: not judged.",
        ),
        sa.Column(
            "risk_class",
            sa.Enum(
                "low",
                "medium",
                "high",
                "extreme",
                name="risk_class",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
            comment="How much it moves; null: not judged.",
        ),
        sa.Column(
            "computed_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Moment (UTC) the row was computed.",
        ),
        sa.CheckConstraint(
            "'NaN' NOT IN (close)", name=op.f("ck_market_snapshots_amounts_are_numbers")
        ),
        sa.CheckConstraint(
            "abs(change_pct) < 'Infinity'", name=op.f("ck_market_snapshots_change_pct_is_finite")
        ),
        sa.CheckConstraint(
            "volume >= 0 AND volume < 'Infinity'", name=op.f("ck_market_snapshots_volume_in_range")
        ),
        sa.CheckConstraint("close > 0", name=op.f("ck_market_snapshots_close_positive")),
        sa.CheckConstraint(
            "confidence >= 0 AND confidence <= 1",
            name=op.f("ck_market_snapshots_confidence_in_range"),
        ),
        sa.CheckConstraint(
            "jsonb_typeof(indicators) = 'object' AND NOT jsonb_path_exists(indicators, 'strict $.* ? (@.type() <> \"number\" && @.type() <> \"null\")', '{}', true)",
            name=op.f("ck_market_snapshots_indicators_are_numbers"),
        ),
        sa.CheckConstraint(
            "score >= 0 AND score <= 1", name=op.f("ck_market_snapshots_score_in_range")
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"],
            ["instruments.id"],
            name=op.f("fk_market_snapshots_instrument_id_instruments"),
        ),
        sa.ForeignKeyConstraint(
            ["provider"],
            ["data_providers.name"],
            name=op.f("fk_market_snapshots_provider_data_providers"),
        ),
        sa.PrimaryKeyConstraint("instrument_id", name=op.f("pk_market_snapshots")),
        comment="The newest state of an instrument: its last bar, its indicators and what they come to.",
    )
    op.create_index(
        "ix_market_snapshots_score",
        "market_snapshots",
        ["score"],
        unique=False,
        postgresql_where=sa.text("score IS NOT NULL"),
    )
    op.create_table(
        "option_contracts",
        sa.Column(
            "instrument_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="The option, as an instrument.",
        ),
        sa.Column(
            "kind",
            sa.String(length=32),
            server_default="option",
            nullable=False,
            comment="Kind of the instrument: always `option`.",
        ),
        sa.Column(
            "underlying_id",
            sa.BigInteger(),
            nullable=False,
            comment="The instrument the option is on.",
        ),
        sa.Column(
            "root",
            sa.String(length=12),
            nullable=False,
            comment="Symbol of the series, such as SPXW; not always the underlying's.",
        ),
        sa.Column(
            "expires_on", sa.Date(), nullable=False, comment="Last date it can be exercised."
        ),
        sa.Column(
            "strike",
            sa.Numeric(precision=20, scale=6),
            nullable=False,
            comment="Price at which the underlying is bought or sold, in the option's currency.",
        ),
        sa.Column(
            "option_right",
            sa.Enum(
                "call",
                "put",
                name="option_right",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="Whether it is a call or a put.",
        ),
        sa.Column(
            "multiplier",
            sa.Numeric(precision=24, scale=8),
            server_default=sa.text("100"),
            nullable=False,
            comment="Units of the underlying one contract is for.",
        ),
        sa.Column(
            "exercise_style",
            sa.Enum(
                "american",
                "european",
                name="exercise_style",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="When it can be exercised.",
        ),
        sa.Column(
            "settlement",
            sa.Enum(
                "physical",
                "cash",
                name="settlement",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="What an exercise delivers.",
        ),
        sa.Column(
            "occ_symbol",
            sa.String(length=21),
            nullable=True,
            comment="Symbol of 21 characters in the OCC format; null: it has none.",
        ),
        sa.CheckConstraint(
            "'NaN' NOT IN (strike, multiplier)",
            name=op.f("ck_option_contracts_amounts_are_numbers"),
        ),
        sa.CheckConstraint("btrim(root) <> ''", name=op.f("ck_option_contracts_root_filled")),
        sa.CheckConstraint("kind = 'option'", name=op.f("ck_option_contracts_kind_is_option")),
        sa.CheckConstraint(
            "length(occ_symbol) = 21 AND occ_symbol ~ '^[A-Z0-9]{1,6} *[0-9]{6}[CP][0-9]{8}$'",
            name=op.f("ck_option_contracts_occ_symbol_is_occ"),
        ),
        sa.CheckConstraint("multiplier > 0", name=op.f("ck_option_contracts_multiplier_positive")),
        sa.CheckConstraint("strike > 0", name=op.f("ck_option_contracts_strike_positive")),
        sa.CheckConstraint(
            "underlying_id <> instrument_id", name=op.f("ck_option_contracts_underlying_is_another")
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id", "kind"],
            ["instruments.id", "instruments.kind"],
            name=op.f("fk_option_contracts_instrument_id_kind_instruments"),
        ),
        sa.ForeignKeyConstraint(
            ["underlying_id"],
            ["instruments.id"],
            name=op.f("fk_option_contracts_underlying_id_instruments"),
        ),
        sa.PrimaryKeyConstraint("instrument_id", name=op.f("pk_option_contracts")),
        sa.UniqueConstraint("occ_symbol", name=op.f("uq_option_contracts_occ_symbol")),
        sa.UniqueConstraint(
            "underlying_id",
            "root",
            "expires_on",
            "strike",
            "option_right",
            "multiplier",
            name="uq_option_contracts_identity",
        ),
        comment="The terms of an instrument that is an option. One row for each such instrument.",
    )
    op.create_table(
        "provider_usage",
        sa.Column(
            "provider", sa.String(length=32), nullable=False, comment="The provider that was asked."
        ),
        sa.Column(
            "window_kind",
            sa.Enum(
                "minute",
                "day",
                "month",
                name="window_kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="How long the window is.",
        ),
        sa.Column(
            "window_start",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="First moment (UTC) of the window.",
        ),
        sa.Column(
            "requests",
            sa.BigInteger(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Requests sent in the window.",
        ),
        sa.Column(
            "failures",
            sa.BigInteger(),
            server_default=sa.text("0"),
            nullable=False,
            comment="Those of them that failed.",
        ),
        sa.CheckConstraint(
            "date_trunc(window_kind, window_start, 'UTC') = window_start",
            name=op.f("ck_provider_usage_window_start_is_exact"),
        ),
        sa.CheckConstraint(
            "failures <= requests", name=op.f("ck_provider_usage_failures_within_requests")
        ),
        sa.CheckConstraint(
            "requests >= 0 AND failures >= 0", name=op.f("ck_provider_usage_requests_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["provider"],
            ["data_providers.name"],
            name=op.f("fk_provider_usage_provider_data_providers"),
        ),
        sa.PrimaryKeyConstraint(
            "provider", "window_kind", "window_start", name=op.f("pk_provider_usage")
        ),
        comment="How many requests a provider was sent in one minute, day or month.",
    )
    op.add_column(
        "findings",
        sa.Column(
            "closed_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Moment (UTC) it was decided on; null: open, or not recorded.",
        ),
    )
    op.add_column(
        "findings",
        sa.Column(
            "resolution",
            sa.String(),
            nullable=True,
            comment="What was decided and why, for a person; null: open, or not recorded.",
        ),
    )
    op.add_column(
        "instruments",
        sa.Column(
            "status",
            sa.Enum(
                "listed",
                "delisted",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="listed",
            nullable=False,
            comment="Whether it still trades.",
        ),
    )
    op.add_column(
        "instruments",
        sa.Column(
            "delisted_on",
            sa.Date(),
            nullable=True,
            comment="First date it no longer traded; null: it is listed.",
        ),
    )
    op.add_column(
        "instruments",
        sa.Column(
            "country",
            sa.String(length=2),
            nullable=True,
            comment="Country of the issuer, ISO 3166 alpha-2; null: unknown.",
        ),
    )
    op.add_column(
        "instruments",
        sa.Column(
            "description",
            sa.String(),
            nullable=True,
            comment="What the company or fund does; null: unknown.",
        ),
    )
    op.add_column(
        "provider_fetches",
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
            server_default="succeeded",
            nullable=False,
            comment="How the fetch ended.",
        ),
    )
    op.add_column(
        "provider_fetches",
        sa.Column(
            "error",
            sa.String(),
            nullable=True,
            comment="Why it failed, without secrets; null: it succeeded.",
        ),
    )
    op.add_column(
        "provider_fetches",
        sa.Column(
            "duration_ms",
            sa.BigInteger(),
            nullable=True,
            comment="Milliseconds from the request to the answer; null: not measured.",
        ),
    )
    op.add_column(
        "provider_fetches",
        sa.Column(
            "instruments",
            sa.BigInteger(),
            nullable=True,
            comment="How many instruments the answer has bars of; null: not counted.",
        ),
    )
    op.execute("INSERT INTO data_providers (name) SELECT DISTINCT provider FROM provider_fetches")
    op.create_foreign_key(
        op.f("fk_provider_fetches_provider_data_providers"),
        "provider_fetches",
        "data_providers",
        ["provider"],
        ["name"],
    )


def _drop_tables() -> None:
    op.drop_constraint(
        op.f("fk_provider_fetches_provider_data_providers"), "provider_fetches", type_="foreignkey"
    )
    op.drop_column("provider_fetches", "instruments")
    op.drop_column("provider_fetches", "duration_ms")
    op.drop_column("provider_fetches", "error")
    op.drop_column("provider_fetches", "status")
    op.drop_column("instruments", "description")
    op.drop_column("instruments", "country")
    op.drop_column("instruments", "delisted_on")
    op.drop_column("instruments", "status")
    op.drop_column("findings", "resolution")
    op.drop_column("findings", "closed_at")
    op.drop_table("provider_usage")
    op.drop_table("option_contracts")
    op.drop_index(
        "ix_market_snapshots_score",
        table_name="market_snapshots",
        postgresql_where=sa.text("score IS NOT NULL"),
    )
    op.drop_table("market_snapshots")
    op.drop_index("ix_instrument_identifiers_scheme_value", table_name="instrument_identifiers")
    op.drop_index(
        op.f("ix_instrument_identifiers_instrument_id"), table_name="instrument_identifiers"
    )
    op.drop_table("instrument_identifiers")
    op.drop_index(
        op.f("ix_instrument_classifications_instrument_id"), table_name="instrument_classifications"
    )
    op.drop_table("instrument_classifications")
    op.drop_index("ix_index_memberships_index_id_valid_from", table_name="index_memberships")
    op.drop_table("index_memberships")
    op.drop_table("corporate_actions")
    op.drop_table("data_providers")
    op.drop_constraint(op.f("uq_instruments_id_kind"), "instruments", type_="unique")
