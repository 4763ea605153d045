"""Accounts: what a user holds at a broker, how it is reached, and what it is worth."""

import datetime as dt
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Double,
    ForeignKey,
    Index,
    Numeric,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from quantmatrix_models.account_rows import OfAccount
from quantmatrix_models.base import Base, HasId
from quantmatrix_models.constraints import filled, in_percent, is_currency, not_negative, positive
from quantmatrix_models.measures import Measures, PerformancePeriod, bounds
from quantmatrix_models.privileges import ADD, CHANGE, DELETE, READ, Role, add, change, read
from quantmatrix_models.tenancy import OwnedByUser, OwnedWithParent, reference
from quantmatrix_models.types import (
    CreatedAt,
    Currency,
    Digest,
    ExchangeRate,
    Money,
    Percentage,
    UtcTime,
    by_value,
)


class Broker(StrEnum):
    """Who holds an account; `manual` is one the user keeps by hand."""

    IBKR = "ibkr"
    TASTYTRADE = "tastytrade"
    SCHWAB = "schwab"
    FIDELITY = "fidelity"
    ROBINHOOD = "robinhood"
    MANUAL = "manual"


class TaxTreatment(StrEnum):
    """How gains in an account are taxed."""

    TAXABLE = "taxable"
    TRADITIONAL_IRA = "traditional_ira"
    ROTH_IRA = "roth_ira"
    HSA = "hsa"
    OTHER_DEFERRED = "other_deferred"


class LotMethod(StrEnum):
    """Which lots a sale takes from first."""

    FIFO = "fifo"
    LIFO = "lifo"
    HIFO = "hifo"
    SPECIFIC = "specific"
    AVERAGE = "average"


class SyncStatus(StrEnum):
    """How an account stands with its broker."""

    NEVER_SYNCED = "never_synced"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"


class CredentialKind(StrEnum):
    """What a user gave us to reach a broker with."""

    FLEX_TOKEN = "flex_token"  # noqa: S105
    OAUTH_REFRESH_TOKEN = "oauth_refresh_token"  # noqa: S105
    USERNAME_AND_PASSWORD = "username_and_password"  # noqa: S105
    API_KEY = "api_key"


class SyncKind(StrEnum):
    """Where the rows of a synchronisation came from."""

    API = "api"
    FLEX_QUERY = "flex_query"
    FILE = "file"
    V1 = "v1"


class AccountSyncStatus(StrEnum):
    """How one synchronisation stands."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"


class BalanceSource(StrEnum):
    """Who says what an account was worth."""

    BROKER = "broker"
    BOOK = "book"
    V1 = "v1"


class InterestKind(StrEnum):
    """What interest is paid on or for."""

    DEBIT = "debit"
    CREDIT = "credit"
    SHORT_BORROW = "short_borrow"
    OTHER = "other"


class BrokerCredential(HasId, OwnedByUser, Base):
    """What opens a user's accounts at a broker. The secret is sealed.

    It is sealed for user, broker and label (`seal_context`), so these three never change: a
    credential under another label is a new one. One credential may open several accounts.
    """

    __tablename__ = "broker_credentials"
    _without_the_secret: ClassVar = read(
        "id",
        "user_id",
        "broker",
        "label",
        "kind",
        "key_id",
        "username_hint",
        "expires_at",
        "created_at",
        "changed_at",
        "rotated_at",
        "last_used_at",
        "last_error",
    )
    __grants__: ClassVar = {
        Role.APP: (
            _without_the_secret,
            add(
                "user_id",
                "broker",
                "label",
                "kind",
                "sealed_secret",
                "key_id",
                "username_hint",
                "expires_at",
            ),
            change("sealed_secret", "key_id", "expires_at", "changed_at"),
            DELETE,
        ),
        Role.PIPELINE: (
            READ,
            # A broker may hand out a new refresh token each time the old one is used.
            change(
                "sealed_secret",
                "key_id",
                "expires_at",
                "changed_at",
                "rotated_at",
                "last_used_at",
                "last_error",
            ),
        ),
        Role.ADMIN: (_without_the_secret,),
        Role.SUPPORT: (_without_the_secret,),
    }
    __table_args__ = (
        UniqueConstraint("user_id", "broker", "label"),
        UniqueConstraint("user_id", "broker", "id"),
        filled("label"),
        filled("sealed_secret", "key_id"),
    )

    broker: Mapped[Broker] = mapped_column(
        by_value(Broker, name="broker"), comment="The broker it opens."
    )
    label: Mapped[str] = mapped_column(
        String(100), comment="What the user calls it; never changed, since the seal names it."
    )
    kind: Mapped[CredentialKind] = mapped_column(
        by_value(CredentialKind, name="kind"), comment="What the secret is."
    )
    sealed_secret: Mapped[str] = mapped_column(
        deferred=True,
        comment="What opens the broker, sealed; only the pipelines read it; a secret.",
    )
    key_id: Mapped[str] = mapped_column(String(16), comment="Which vault key sealed it.")
    username_hint: Mapped[str | None] = mapped_column(
        String(64), comment="What the user recognises the login by; null where there is no login."
    )
    expires_at: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) the broker stops taking it; null: not known to end."
    )
    created_at: Mapped[CreatedAt]
    changed_at: Mapped[CreatedAt] = mapped_column(comment="Moment (UTC) of the last change.")
    rotated_at: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) the broker last gave a fresh secret for it; null: never."
    )
    last_used_at: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) it last opened an account; null: never."
    )
    last_error: Mapped[str | None] = mapped_column(
        comment="Why the broker refused it when last used; null where it did not."
    )

    @staticmethod
    def seal_context(user_id: int, broker: Broker, label: str) -> str:
        """Gives the context the secret is sealed for."""
        return f"broker_credentials/{user_id}/{broker.value}/{label}"


class Account(HasId, OwnedByUser, Base):
    """An account a user has at a broker, or keeps by hand.

    The number is unique within the user, not for everybody: two users may link the same joint
    account, and each has rows of their own. The credential is one of the same user and broker.
    """

    __tablename__ = "accounts"
    __grants__: ClassVar = {
        Role.APP: (
            READ,
            # Not the id, nor what synchronising says of it.
            add(
                "user_id",
                "broker",
                "number",
                "name",
                "tax_treatment",
                "is_margin",
                "is_paper",
                "is_active",
                "base_currency",
                "lot_method",
                "is_sync_enabled",
                "opened_on",
                "closed_on",
                "credential_id",
            ),
            change(
                "name",
                "tax_treatment",
                "lot_method",
                "is_active",
                "is_sync_enabled",
                "opened_on",
                "closed_on",
                "credential_id",
                "changed_at",
            ),
        ),
        Role.PIPELINE: (
            READ,
            change(
                "sync_status",
                "last_synced_at",
                "next_sync_at",
                "last_error",
                "is_day_trader",
                "broker_kind",
                "broker_status",
                "changed_at",
            ),
        ),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        UniqueConstraint("user_id", "broker", "number"),
        UniqueConstraint("user_id", "id"),
        reference("broker_credentials", "broker", "credential_id"),
        is_currency("base_currency"),
        filled("number", "name"),
        CheckConstraint("sync_status <> 'failed' OR last_error IS NOT NULL", name="failed_why"),
        CheckConstraint(
            "sync_status NOT IN ('succeeded', 'partial') OR last_synced_at IS NOT NULL",
            name="synced_when",
        ),
        CheckConstraint("closed_on >= opened_on", name="closed_after_opened"),
    )

    broker: Mapped[Broker] = mapped_column(
        by_value(Broker, name="broker"), comment="Who holds the account."
    )
    number: Mapped[str] = mapped_column(String(64), comment="The broker's account number.")
    name: Mapped[str] = mapped_column(String(100), comment="What the user calls it.")
    tax_treatment: Mapped[TaxTreatment] = mapped_column(
        by_value(TaxTreatment, name="tax_treatment"), comment="How its gains are taxed."
    )
    is_margin: Mapped[bool] = mapped_column(
        server_default=text("false"), comment="Whether it may borrow."
    )
    is_paper: Mapped[bool] = mapped_column(
        server_default=text("false"), comment="Whether its money is play money."
    )
    is_active: Mapped[bool] = mapped_column(
        server_default=text("true"), comment="Whether it counts in the user's totals."
    )
    base_currency: Mapped[Currency] = mapped_column(
        server_default=text("'USD'"), comment="Currency the broker totals it in, ISO 4217."
    )
    lot_method: Mapped[LotMethod] = mapped_column(
        by_value(LotMethod, name="lot_method"),
        server_default=LotMethod.FIFO.value,
        comment="Which lots a sale takes from first.",
    )
    is_sync_enabled: Mapped[bool] = mapped_column(
        server_default=text("true"), comment="Whether it is synchronised by itself."
    )
    sync_status: Mapped[SyncStatus] = mapped_column(
        by_value(SyncStatus, name="sync_status"),
        server_default=SyncStatus.NEVER_SYNCED.value,
        comment="How it stands with the broker.",
    )
    last_synced_at: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) of the last synchronisation that brought rows; null: none did."
    )
    next_sync_at: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) the next synchronisation is due; null: none is."
    )
    last_error: Mapped[str | None] = mapped_column(
        comment="Why the last synchronisation failed; null where it did not."
    )
    opened_on: Mapped[dt.date | None] = mapped_column(
        comment="Date it was opened; null: not known."
    )
    closed_on: Mapped[dt.date | None] = mapped_column(
        comment="Date it was closed; null: not closed, or not known."
    )
    credential_id: Mapped[int | None] = mapped_column(
        BigInteger, comment="What opens it at the broker; null: files or the user's hand."
    )
    created_at: Mapped[CreatedAt]
    changed_at: Mapped[CreatedAt] = mapped_column(comment="Moment (UTC) of the last change.")
    is_day_trader: Mapped[bool | None] = mapped_column(
        comment="Whether the broker holds its user for a day trader; null: not said."
    )
    broker_kind: Mapped[str | None] = mapped_column(
        comment="What the broker calls this kind of account; null: not said."
    )
    broker_status: Mapped[str | None] = mapped_column(
        comment="How it stands in the broker's words; null: not said."
    )


class AccountSync(HasId, OwnedWithParent, OfAccount, Base):
    """One synchronisation of an account with its broker, or one import of a file.

    A file that was booked once is not booked again: its digest is unique within the account among
    those that succeeded. One that came through in part may be repeated. Of a success every row
    read is accounted for.
    """

    __tablename__ = "account_syncs"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (
            READ,
            ADD,
            change(
                "status",
                "finished_at",
                "from_date",
                "to_date",
                "rows_read",
                "rows_added",
                "rows_unchanged",
                "rows_refused",
                "refused",
                "error",
            ),
        ),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        UniqueConstraint("user_id", "account_id", "id"),
        reference("accounts", "account_id"),
        Index(
            "uq_account_syncs_booked_file",
            "account_id",
            "file_digest",
            unique=True,
            postgresql_where=text("status = 'succeeded'"),
        ),
        CheckConstraint("(status = 'running') = (finished_at IS NULL)", name="running_or_finished"),
        CheckConstraint("finished_at >= started_at", name="finished_after_started"),
        CheckConstraint("status <> 'failed' OR error IS NOT NULL", name="failed_why"),
        CheckConstraint("to_date >= from_date", name="date_range"),
        CheckConstraint("octet_length(file_digest) = 32", name="file_digest_is_sha_256"),
        CheckConstraint(
            "kind <> 'file' OR num_nulls(file_name, file_digest) = 0", name="file_is_known"
        ),
        not_negative("rows_read", "rows_added", "rows_unchanged", "rows_refused"),
        CheckConstraint(
            "status <> 'succeeded' OR rows_read = rows_added + rows_unchanged + rows_refused",
            name="rows_accounted_for",
        ),
        CheckConstraint("jsonb_typeof(refused) = 'array'", name="refused_is_list"),
    )

    kind: Mapped[SyncKind] = mapped_column(
        by_value(SyncKind, name="kind"), comment="Where the rows came from."
    )
    status: Mapped[AccountSyncStatus] = mapped_column(
        by_value(AccountSyncStatus, name="status"),
        server_default=AccountSyncStatus.RUNNING.value,
        comment="How it stands; partial: some rows or sections could not be had.",
    )
    started_at: Mapped[CreatedAt] = mapped_column(comment="Moment (UTC) it began.")
    finished_at: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) it ended; null while it runs."
    )
    file_name: Mapped[str | None] = mapped_column(
        String(255), comment="The file's name; null where no file was given."
    )
    file_digest: Mapped[Digest | None] = mapped_column(
        comment="SHA-256 of the file or statement; null where there is none."
    )
    from_date: Mapped[dt.date | None] = mapped_column(
        comment="First date the broker's answer covers; null: not said."
    )
    to_date: Mapped[dt.date | None] = mapped_column(
        comment="Last date the broker's answer covers; null: not said."
    )
    rows_read: Mapped[int] = mapped_column(
        server_default=text("0"), comment="Rows the broker gave."
    )
    rows_added: Mapped[int] = mapped_column(
        server_default=text("0"), comment="Rows that were new to us."
    )
    rows_unchanged: Mapped[int] = mapped_column(
        server_default=text("0"), comment="Rows we had already."
    )
    rows_refused: Mapped[int] = mapped_column(
        server_default=text("0"), comment="Rows that could not be booked."
    )
    refused: Mapped[list[dict[str, Any]]] = mapped_column(
        JSONB, server_default=text("'[]'"), comment="The refused rows, each with the reason."
    )
    error: Mapped[str | None] = mapped_column(comment="Why it failed; null where it did not.")
    dagster_run_id: Mapped[str | None] = mapped_column(
        String(64), comment="The run that did it; null outside Dagster."
    )


class AccountBalance(HasId, OwnedWithParent, OfAccount, Base):
    """What a broker said an account held and was worth at a moment, in one currency.

    What the broker did not say is null, never 0. A negative amount is owed.
    """

    __tablename__ = "account_balances"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (READ, ADD),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        # Read backwards, its index gives the newest balance of an account.
        UniqueConstraint("user_id", "account_id", "as_of", "currency", "source"),
        reference("accounts", "account_id"),
        is_currency(),
        positive("exchange_rate"),
        not_negative("gross_position_value"),
        CheckConstraint(
            "num_nonnulls(cash, settled_cash, net_liquidation, equity, previous_day_equity, "
            "buying_power, gross_position_value, initial_margin, maintenance_margin, "
            "available_funds, excess_liquidity, sma, accrued_dividend, accrued_interest, "
            "unrealized_pnl, realized_pnl) > 0",
            name="says_an_amount",
        ),
    )

    as_of: Mapped[UtcTime] = mapped_column(comment="Moment (UTC) the amounts hold for.")
    currency: Mapped[Currency] = mapped_column(comment="Currency of the amounts, ISO 4217.")
    cash: Mapped[Money | None] = mapped_column(comment="Cash, whether settled or not.")
    settled_cash: Mapped[Money | None] = mapped_column(comment="Cash of settled transactions.")
    net_liquidation: Mapped[Money | None] = mapped_column(
        comment="What would be left if every position were closed."
    )
    equity: Mapped[Money | None] = mapped_column(comment="Equity with loan value.")
    previous_day_equity: Mapped[Money | None] = mapped_column(
        comment="Equity with loan value at the close of the session before."
    )
    buying_power: Mapped[Money | None] = mapped_column(
        comment="What could be bought with cash and margin."
    )
    gross_position_value: Mapped[Money | None] = mapped_column(
        comment="Market value of all positions, shorts counted as positive."
    )
    initial_margin: Mapped[Money | None] = mapped_column(
        comment="Margin asked for to open the positions."
    )
    maintenance_margin: Mapped[Money | None] = mapped_column(
        comment="Margin asked for to keep the positions."
    )
    available_funds: Mapped[Money | None] = mapped_column(
        comment="Equity above the initial margin."
    )
    excess_liquidity: Mapped[Money | None] = mapped_column(
        comment="Equity above the maintenance margin."
    )
    sma: Mapped[Money | None] = mapped_column(
        comment="Special memorandum account, as Regulation T counts it."
    )
    cushion_ratio: Mapped[Decimal | None] = mapped_column(
        Numeric(12, 6), comment="Excess liquidity over net liquidation; negative in a margin call."
    )
    leverage: Mapped[Decimal | None] = mapped_column(
        Numeric(12, 6), comment="Gross position value over net liquidation."
    )
    accrued_dividend: Mapped[Money | None] = mapped_column(
        comment="Dividends earned and not yet paid."
    )
    accrued_interest: Mapped[Money | None] = mapped_column(
        comment="Interest earned and not yet paid; negative where it is owed."
    )
    unrealized_pnl: Mapped[Money | None] = mapped_column(comment="Gain of the open positions.")
    realized_pnl: Mapped[Money | None] = mapped_column(
        comment="Gain of what was closed in the broker's present period."
    )
    exchange_rate: Mapped[ExchangeRate | None] = mapped_column(
        comment="Units of the account's base currency for one of this currency."
    )
    day_pnl: Mapped[Money | None] = mapped_column(
        comment="Gain since the session before; null: not said."
    )
    margin_used: Mapped[Money | None] = mapped_column(
        comment="Margin in use, where it is not said of which sort; null: not said."
    )
    source: Mapped[BalanceSource] = mapped_column(
        by_value(BalanceSource, name="source"),
        server_default=BalanceSource.BROKER.value,
        comment="Who says so: the broker, our book, or V1 as it was taken over.",
    )


class CapitalAllocation(HasId, OwnedWithParent, OfAccount, Base):
    """How much of an account a strategy may use, and within which limits.

    A strategy has one active allocation of an account; earlier ones stay as they were.
    """

    __tablename__ = "capital_allocations"
    _settings: ClassVar = (
        "allocated_amount",
        "allocation_pct",
        "position_size_pct",
        "max_positions",
        "max_risk_per_trade_pct",
        "max_portfolio_risk_pct",
        "reinvest_pct",
        "profit_target_pct",
        "stop_loss_pct",
        "min_amount",
        "max_amount",
        "is_active",
        "valid_from",
        "valid_to",
        "target_amount",
        "scale_up_pct",
        "scale_down_pct",
        "next_rebalance_at",
        "scale_factor",
        "scales_up",
        "scales_down",
        "changed_at",
    )
    __grants__: ClassVar = {
        Role.APP: (
            READ,
            add("user_id", "account_id", "strategy_id", *_settings),
            change(*_settings),
        ),
        Role.PIPELINE: (READ,),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        reference("accounts", "account_id"),
        reference("strategies", "strategy_id"),
        Index(
            "uq_capital_allocations_active",
            "account_id",
            "strategy_id",
            unique=True,
            postgresql_where=text("is_active"),
        ),
        positive("allocated_amount"),
        positive("target_amount"),
        positive("scale_factor"),
        positive("scale_up_pct"),
        CheckConstraint("scale_down_pct < 0", name="scale_down_pct_negative"),
        in_percent("allocation_pct", lowest="> 0"),
        in_percent("position_size_pct", lowest="> 0"),
        positive("max_positions"),
        in_percent("max_risk_per_trade_pct", lowest="> 0"),
        in_percent("max_portfolio_risk_pct", lowest="> 0"),
        in_percent("reinvest_pct"),
        positive("profit_target_pct"),
        CheckConstraint("stop_loss_pct > 0 AND stop_loss_pct < 100", name="stop_loss_pct_in_range"),
        not_negative("min_amount", "max_amount"),
        CheckConstraint("max_amount >= min_amount", name="amounts_ordered"),
        CheckConstraint("valid_to >= valid_from", name="valid_range"),
    )

    strategy_id: Mapped[int] = mapped_column(
        BigInteger, comment="The strategy, one of the same user."
    )
    allocated_amount: Mapped[Money] = mapped_column(
        comment="What the strategy may use, in the account's base currency."
    )
    allocation_pct: Mapped[Percentage | None] = mapped_column(
        comment="Share of the account it is held to, 0-100; null: the amount alone counts."
    )
    position_size_pct: Mapped[Percentage] = mapped_column(
        server_default=text("2"), comment="Size of one position, 0-100 of the allocated amount."
    )
    max_positions: Mapped[int] = mapped_column(
        SmallInteger, server_default=text("10"), comment="Positions it may have open at a time."
    )
    max_risk_per_trade_pct: Mapped[Percentage] = mapped_column(
        server_default=text("2"), comment="Loss one trade may risk, 0-100 of the allocated amount."
    )
    max_portfolio_risk_pct: Mapped[Percentage] = mapped_column(
        server_default=text("20"),
        comment="Loss all its positions together may risk, 0-100 of the allocated amount.",
    )
    reinvest_pct: Mapped[Percentage] = mapped_column(
        server_default=text("80"), comment="Share of its profits it may use again, 0-100."
    )
    profit_target_pct: Mapped[Percentage | None] = mapped_column(
        comment="Gain at which a position is taken off, in percent of its cost; null: none."
    )
    stop_loss_pct: Mapped[Percentage | None] = mapped_column(
        comment="Loss at which a position is taken off, in percent of its cost; null: none."
    )
    min_amount: Mapped[Money | None] = mapped_column(
        comment="What the amount is never set below; null: no bound."
    )
    max_amount: Mapped[Money | None] = mapped_column(
        comment="What the amount is never set above; null: no bound."
    )
    is_active: Mapped[bool] = mapped_column(
        server_default=text("true"), comment="Whether it is the one that counts."
    )
    valid_from: Mapped[dt.date] = mapped_column(comment="First date it counts.")
    valid_to: Mapped[dt.date | None] = mapped_column(
        comment="Last date it counts; null: until it is ended."
    )
    created_at: Mapped[CreatedAt]
    changed_at: Mapped[CreatedAt] = mapped_column(comment="Moment (UTC) of the last change.")
    target_amount: Mapped[Money | None] = mapped_column(
        comment="Amount it is meant to grow to; null: none was set."
    )
    scale_up_pct: Mapped[Percentage | None] = mapped_column(
        comment="Gain in percent from which it is given more; null: it is not scaled up."
    )
    scale_down_pct: Mapped[Percentage | None] = mapped_column(
        comment="Loss in percent, negative, from which it is given less; null: not scaled down."
    )
    last_rebalanced_at: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) the amount was last set anew; null: never."
    )
    next_rebalance_at: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) it is to be looked at again; null: none was set."
    )
    scale_factor: Mapped[Decimal] = mapped_column(
        Numeric(9, 4),
        server_default=text("1"),
        comment="What the amount is multiplied by for how the strategy has done.",
    )
    scales_up: Mapped[bool] = mapped_column(
        server_default=text("false"), comment="Whether a gain of `scale_up_pct` raises the amount."
    )
    scales_down: Mapped[bool] = mapped_column(
        server_default=text("false"),
        comment="Whether a loss of `scale_down_pct` lowers the amount.",
    )


class MarginInterest(HasId, OwnedWithParent, OfAccount, Base):
    """Interest that accrued on an account over a period, in one currency, as its broker said.

    Amounts have the broker's sign: negative is owed by the user.
    """

    __tablename__ = "margin_interest"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        # A broker may state a period again.
        Role.PIPELINE: (
            READ,
            ADD,
            change(
                "starting_balance",
                "interest_accrued",
                "accrual_reversal",
                "ending_balance",
                "annual_rate_pct",
            ),
        ),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        UniqueConstraint(
            "user_id",
            "account_id",
            "from_date",
            "to_date",
            "currency",
            "kind",
            name="uq_margin_interest_period",
        ),
        reference("accounts", "account_id"),
        is_currency(),
        CheckConstraint("to_date >= from_date", name="date_range"),
    )

    from_date: Mapped[dt.date] = mapped_column(comment="First date of the period.")
    to_date: Mapped[dt.date] = mapped_column(comment="Last date of the period.")
    currency: Mapped[Currency] = mapped_column(comment="Currency of the amounts, ISO 4217.")
    starting_balance: Mapped[Money | None] = mapped_column(
        comment="Interest accrued before the period; null: not said."
    )
    interest_accrued: Mapped[Money] = mapped_column(comment="Interest accrued in the period.")
    accrual_reversal: Mapped[Money | None] = mapped_column(
        comment="Accrued interest that was paid and so taken back; null: not said."
    )
    ending_balance: Mapped[Money | None] = mapped_column(
        comment="Interest accrued after the period; null: not said."
    )
    annual_rate_pct: Mapped[Percentage | None] = mapped_column(
        comment="The rate in percent a year; null: not said, or more than one applied."
    )
    kind: Mapped[InterestKind] = mapped_column(
        by_value(InterestKind, name="kind"),
        server_default=InterestKind.DEBIT.value,
        comment="What it is paid on or for.",
    )


class AccountPerformance(HasId, OwnedWithParent, OfAccount, Measures, Base):
    """What an account came to over a period, and how much it could lose, as computed last.

    Derived from balances and bars: an evaluation of the same period replaces the row. Measures that
    need more sessions than there are, or a benchmark where none is named, are null.
    """

    __tablename__ = "account_performance"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (READ, ADD, CHANGE, DELETE),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        UniqueConstraint(
            "user_id",
            "account_id",
            "source",
            "period",
            "first_session",
            name="uq_account_performance_period",
        ),
        reference("accounts", "account_id"),
        CheckConstraint("last_session >= first_session", name="session_range"),
        not_negative("value_at_risk_95_pct", "value_at_risk_99_pct", "expected_shortfall_95_pct"),
        CheckConstraint(
            "benchmark_id IS NOT NULL OR beta IS NULL", name="compared_with_a_benchmark"
        ),
        *bounds(
            "total_return_pct",
            "beta",
            "value_at_risk_95_pct",
            "value_at_risk_99_pct",
            "expected_shortfall_95_pct",
        ),
    )

    source: Mapped[BalanceSource] = mapped_column(
        by_value(BalanceSource, name="source"), comment="Whose balances it is computed from."
    )
    period: Mapped[PerformancePeriod] = mapped_column(
        by_value(PerformancePeriod, name="period"), comment="Length of time measured."
    )
    first_session: Mapped[dt.date] = mapped_column(comment="The period's first session.")
    last_session: Mapped[dt.date] = mapped_column(
        comment="The newest session measured; the period's last once it is over."
    )
    computed_at: Mapped[UtcTime] = mapped_column(comment="Moment (UTC) it was computed.")
    benchmark_id: Mapped[int | None] = mapped_column(
        BigInteger,
        ForeignKey("instruments.id"),
        comment="The instrument it is compared with; null: with none.",
    )
    total_return_pct: Mapped[float | None] = mapped_column(
        Double, comment="Time-weighted return of the period, percent; null: not known."
    )
    beta: Mapped[float | None] = mapped_column(
        Double, comment="Slope of its returns on the benchmark's."
    )
    value_at_risk_95_pct: Mapped[float | None] = mapped_column(
        Double, comment="Loss of a session that 95 of 100 stay within, percent, positive."
    )
    value_at_risk_99_pct: Mapped[float | None] = mapped_column(
        Double, comment="Loss of a session that 99 of 100 stay within, percent, positive."
    )
    expected_shortfall_95_pct: Mapped[float | None] = mapped_column(
        Double,
        comment="Mean loss of the sessions beyond the 95 % value at risk, percent, positive.",
    )
