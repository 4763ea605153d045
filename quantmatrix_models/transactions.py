"""Transactions: what was asked of a broker, what was done, and what was booked of it."""

import datetime as dt
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Numeric,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from quantmatrix_models.account_rows import InstrumentId, OfAccount
from quantmatrix_models.base import Base, HasId
from quantmatrix_models.constraints import (
    in_percent,
    is_currency,
    is_exchange,
    not_negative,
    positive,
)
from quantmatrix_models.privileges import ADD, READ, Role, change
from quantmatrix_models.tenancy import OwnedWithParent, reference
from quantmatrix_models.types import (
    CreatedAt,
    Currency,
    Digest,
    Document,
    ExchangeRate,
    Money,
    Percentage,
    Quantity,
    TradePrice,
    UtcTime,
    by_value,
)


class OrderSide(StrEnum):
    """What an order asks for; options say whether they open or close."""

    BUY = "buy"
    SELL = "sell"
    SELL_SHORT = "sell_short"
    BUY_TO_COVER = "buy_to_cover"
    BUY_TO_OPEN = "buy_to_open"
    SELL_TO_OPEN = "sell_to_open"
    BUY_TO_CLOSE = "buy_to_close"
    SELL_TO_CLOSE = "sell_to_close"


class OrderKind(StrEnum):
    """At which price an order may be done; unknown where an old record does not say."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    MARKET_ON_CLOSE = "market_on_close"
    UNKNOWN = "unknown"


class TimeInForce(StrEnum):
    """How long an order stands."""

    DAY = "day"
    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"
    OPG = "opg"
    GTD = "gtd"


class OrderStatus(StrEnum):
    """Where an order is on its way."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    WORKING = "working"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"


class FillSide(StrEnum):
    """Whether a fill added to the position or took from it."""

    BUY = "buy"
    SELL = "sell"


class TransactionKind(StrEnum):
    """What was booked."""

    BUY = "buy"
    SELL = "sell"
    SELL_SHORT = "sell_short"
    BUY_TO_COVER = "buy_to_cover"
    DIVIDEND = "dividend"
    PAYMENT_IN_LIEU = "payment_in_lieu"
    WITHHOLDING_TAX = "withholding_tax"
    RETURN_OF_CAPITAL = "return_of_capital"
    INTEREST_RECEIVED = "interest_received"
    INTEREST_PAID = "interest_paid"
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    FEE = "fee"
    COMMISSION_ADJUSTMENT = "commission_adjustment"
    TAX_REFUND = "tax_refund"
    TRANSFER_IN = "transfer_in"
    TRANSFER_OUT = "transfer_out"
    SPLIT = "split"
    SPIN_OFF = "spin_off"
    MERGER = "merger"
    SYMBOL_CHANGE = "symbol_change"
    ASSIGNMENT = "assignment"
    EXERCISE = "exercise"
    EXPIRATION = "expiration"
    CONVERSION = "conversion"
    JOURNAL = "journal"
    OTHER = "other"


class TransactionSource(StrEnum):
    """How a transaction came to us."""

    FLEX_QUERY = "flex_query"
    API = "api"
    FILE = "file"
    V1 = "v1"
    MANUAL = "manual"


class DividendKind(StrEnum):
    """How a dividend is taxed, or that it gives back capital."""

    ORDINARY = "ordinary"
    QUALIFIED = "qualified"
    SPECIAL = "special"
    RETURN_OF_CAPITAL = "return_of_capital"


class DividendFrequency(StrEnum):
    """How often an instrument pays."""

    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    SEMIANNUAL = "semiannual"
    ANNUAL = "annual"
    IRREGULAR = "irregular"


class TransferKind(StrEnum):
    """By which way something came or went without being traded."""

    ACATS = "acats"
    ACH = "ach"
    WIRE = "wire"
    INTERNAL = "internal"
    JOURNAL = "journal"
    DRS = "drs"
    GIFT = "gift"
    INHERITANCE = "inheritance"


class TransferDirection(StrEnum):
    """Whether a transfer came into the account or left it."""

    IN = "in"
    OUT = "out"


class HoldingActionKind(StrEnum):
    """What a corporate action did to what an account held."""

    SPLIT = "split"
    STOCK_DIVIDEND = "stock_dividend"
    SPIN_OFF = "spin_off"
    MERGER = "merger"
    SYMBOL_CHANGE = "symbol_change"
    RETURN_OF_CAPITAL = "return_of_capital"


class Order(HasId, OwnedWithParent, OfAccount, Base):
    """What was asked of a broker, by us or by the user elsewhere.

    One we send has a `client_order_id`, made before it is sent, so that sending it twice is one
    order; one the broker told us of has an `external_id`. Of an order of our own everything is
    known; of one that V1 or a broker's history hands down, kind and end may not be.
    """

    __tablename__ = "orders"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (
            READ,
            ADD,
            change(
                "quantity",
                "limit_price",
                "stop_price",
                "status",
                "filled_quantity",
                "average_fill_price",
                "external_id",
                "submitted_at",
                "finished_at",
                "reason",
                "changed_at",
            ),
        ),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        UniqueConstraint("user_id", "account_id", "id"),
        UniqueConstraint("user_id", "account_id", "client_order_id"),
        UniqueConstraint("user_id", "account_id", "external_id"),
        UniqueConstraint("user_id", "account_id", "instrument_id", "id"),
        reference("accounts", "account_id"),
        reference("strategies", "strategy_id"),
        reference("signals", "signal_id"),
        CheckConstraint("num_nonnulls(client_order_id, external_id) > 0", name="identified"),
        positive("quantity"),
        # A spread may be sold for a credit, and a future may cost less than nothing.
        CheckConstraint("limit_price <> 0", name="limit_price_not_zero"),
        CheckConstraint("stop_price <> 0", name="stop_price_not_zero"),
        CheckConstraint(
            "kind = 'unknown' OR (kind IN ('limit', 'stop_limit')) = (limit_price IS NOT NULL)",
            name="limit_of_kind",
        ),
        CheckConstraint(
            "kind = 'unknown' OR (kind IN ('stop', 'stop_limit')) = (stop_price IS NOT NULL)",
            name="stop_of_kind",
        ),
        CheckConstraint(
            "filled_quantity >= 0 AND filled_quantity <= quantity", name="filled_quantity_in_range"
        ),
        CheckConstraint("(status = 'filled') = (filled_quantity = quantity)", name="filled_whole"),
        CheckConstraint(
            "status <> 'partially_filled' OR filled_quantity > 0", name="partially_filled_some"
        ),
        CheckConstraint(
            "filled_quantity = 0 "
            "OR status IN ('partially_filled', 'filled', 'cancelled', 'expired')",
            name="unfilled_status",
        ),
        CheckConstraint(
            "average_fill_price IS NULL OR (average_fill_price >= 0 AND filled_quantity > 0)",
            name="average_of_fills",
        ),
        CheckConstraint("status <> 'rejected' OR reason IS NOT NULL", name="rejected_why"),
        CheckConstraint("status <> 'draft' OR submitted_at IS NULL", name="draft_not_submitted"),
        CheckConstraint(
            "status IN ('draft', 'cancelled', 'rejected') OR submitted_at IS NOT NULL",
            name="submitted_when",
        ),
        CheckConstraint(
            "status IN ('filled', 'cancelled', 'rejected', 'expired') OR finished_at IS NULL",
            name="finished_when",
        ),
        CheckConstraint(
            "client_order_id IS NULL OR (kind <> 'unknown' AND (finished_at IS NOT NULL"
            " OR status NOT IN ('filled', 'cancelled', 'rejected', 'expired')))",
            name="ours_is_known",
        ),
        CheckConstraint("finished_at >= submitted_at", name="finished_after_submitted"),
    )

    instrument_id: Mapped[InstrumentId]
    strategy_id: Mapped[int | None] = mapped_column(
        BigInteger, comment="The strategy it is for, one of the same user; null: for none."
    )
    signal_id: Mapped[int | None] = mapped_column(
        BigInteger, comment="The signal it follows, one of the same user; null: it follows none."
    )
    side: Mapped[OrderSide] = mapped_column(
        by_value(OrderSide, name="side"), comment="What it asks for."
    )
    kind: Mapped[OrderKind] = mapped_column(
        by_value(OrderKind, name="kind"), comment="At which price it may be done."
    )
    time_in_force: Mapped[TimeInForce] = mapped_column(
        by_value(TimeInForce, name="time_in_force"),
        server_default=TimeInForce.DAY.value,
        comment="How long it stands.",
    )
    quantity: Mapped[Quantity] = mapped_column(comment="Units asked for, always positive.")
    limit_price: Mapped[TradePrice | None] = mapped_column(
        comment="Worst price it may be done at; null unless it is a limit or stop-limit order."
    )
    stop_price: Mapped[TradePrice | None] = mapped_column(
        comment="Price that sets it off; null unless it is a stop or stop-limit order."
    )
    status: Mapped[OrderStatus] = mapped_column(
        by_value(OrderStatus, name="status"),
        server_default=OrderStatus.DRAFT.value,
        comment="Where it is on its way.",
    )
    filled_quantity: Mapped[Quantity] = mapped_column(
        server_default=text("0"), comment="Units done so far."
    )
    average_fill_price: Mapped[TradePrice | None] = mapped_column(
        comment="Average price of those units; null where none are done or it was not said."
    )
    client_order_id: Mapped[str | None] = mapped_column(
        String(64), comment="Our own id for it; null where it was not asked by us."
    )
    external_id: Mapped[str | None] = mapped_column(
        String(100), comment="The broker's id for it; null until the broker has it."
    )
    submitted_at: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) it went to the broker; null: it did not."
    )
    finished_at: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) nothing more could come of it; null while something can, or where "
        "an old record does not say."
    )
    reason: Mapped[str | None] = mapped_column(
        comment="Why it was rejected, cancelled or made; null: not said."
    )
    is_paper: Mapped[bool] = mapped_column(
        server_default=text("false"), comment="Whether it is for play money."
    )
    created_at: Mapped[CreatedAt]
    changed_at: Mapped[CreatedAt] = mapped_column(comment="Moment (UTC) of the last change.")
    risk_amount: Mapped[Money | None] = mapped_column(
        comment="Loss at its stop, in the instrument's currency; null: not said."
    )
    evidence: Mapped[Document | None] = mapped_column(
        comment="What was seen when it was made, such as ATR and levels; null: its signal says it."
    )
    notes: Mapped[str | None] = mapped_column(comment="What the user noted; null: nothing.")


class Fill(HasId, OwnedWithParent, OfAccount, Base):
    """What a broker did at one price and moment: an execution, under the broker's id for it.

    Commission and fees are costs: positive, and negative only for a rebate.
    """

    __tablename__ = "fills"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (READ, ADD),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        UniqueConstraint("user_id", "account_id", "id"),
        UniqueConstraint("user_id", "account_id", "external_id"),
        UniqueConstraint("user_id", "account_id", "instrument_id", "id"),
        reference("accounts", "account_id"),
        reference(
            "orders", "account_id", "instrument_id", "order_id", name="fk_fills_order_id_orders"
        ),
        positive("quantity"),
        is_currency(),
        is_exchange("venue"),
    )

    order_id: Mapped[int | None] = mapped_column(
        BigInteger, comment="The order it is of, of the same account; null: not known to us."
    )
    instrument_id: Mapped[InstrumentId]
    external_id: Mapped[str] = mapped_column(String(100), comment="The broker's execution id.")
    side: Mapped[FillSide] = mapped_column(
        by_value(FillSide, name="side"), comment="Whether it added to the position or took from it."
    )
    quantity: Mapped[Quantity] = mapped_column(comment="Units done, always positive.")
    price: Mapped[TradePrice] = mapped_column(comment="Price of one unit.")
    commission: Mapped[Money | None] = mapped_column(
        comment="Commission, a positive cost; null: not said."
    )
    fees: Mapped[Money | None] = mapped_column(
        comment="Exchange and regulatory fees, a positive cost; null: not said."
    )
    currency: Mapped[Currency] = mapped_column(comment="Currency of the amounts, ISO 4217.")
    filled_at: Mapped[UtcTime] = mapped_column(comment="Moment (UTC) it was done.")
    venue: Mapped[str | None] = mapped_column(
        String(4), comment="Where it was done, ISO 10383 MIC; null: not said."
    )
    broker_order_id: Mapped[str | None] = mapped_column(
        String(100), comment="The broker's id of the order; null: not said."
    )


# A reversal is booked under the kind of what it takes back, with every sign turned.
_SIGN = "CASE WHEN reverses_id IS NULL THEN 1 ELSE -1 END"


class Transaction(HasId, OwnedWithParent, OfAccount, Base):
    """A booked fact of an account. Only added: a mistake is reversed by a further transaction.

    Signs. `quantity` is the change of the position: bought is positive, sold is negative.
    `gross_amount` and `net_amount` are the effect on the account's cash, before and after costs.
    `commission`, `fees` and `tax` are costs: positive, and negative only for a rebate. A reversal
    has kind, instrument, price and currency of what it reverses and the opposite signs, to the last
    digit; a reversal is not reversed.

    What is booked once is not booked twice, by two keys, at least one of which each row has.
    `external_id` is the broker's own id. `content_hash` is a digest of what was booked (kind,
    instrument, date and moment, quantity, price, amounts) and does not depend on where it came
    from. Two equal rows of one file are two trades: the digest is taken with the number of the
    occurrence, 1 for the first row of that content in the file and 2 for the second, so the same
    file gives the same digests again, and both rows are refused the second time. A source with ids
    gives both keys, so that the same trade read from a file later is known by its content.

    What has neither price nor quantity (a dividend, a deposit) leaves them null; an expiration has
    a quantity and a price of 0 or none.
    """

    __tablename__ = "transactions"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        # Which position a booking counts in is derived, and changes when an earlier one arrives.
        Role.PIPELINE: (READ, ADD, change("position_id")),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        UniqueConstraint("user_id", "account_id", "id"),
        UniqueConstraint("user_id", "account_id", "external_id", "revision"),
        UniqueConstraint("user_id", "account_id", "content_hash", "revision"),
        UniqueConstraint("user_id", "account_id", "fill_id", "revision"),
        # What is reversed is reversed once.
        UniqueConstraint("user_id", "account_id", "reverses_id"),
        UniqueConstraint(
            "user_id", "account_id", "instrument_id", "id", name="uq_transactions_of_instrument"
        ),
        reference("accounts", "account_id"),
        # What belongs together is of one account and one instrument.
        reference(
            "positions",
            "account_id",
            "instrument_id",
            "position_id",
            name="fk_transactions_position_id_positions",
        ),
        reference(
            "fills", "account_id", "instrument_id", "fill_id", name="fk_transactions_fill_id_fills"
        ),
        reference("account_syncs", "account_id", "sync_id"),
        reference("transactions", "account_id", "reverses_id"),
        positive("revision"),
        CheckConstraint("num_nonnulls(external_id, content_hash) > 0", name="identified"),
        CheckConstraint("octet_length(content_hash) = 32", name="content_hash_is_sha_256"),
        CheckConstraint("reverses_id <> id", name="reverses_another"),
        CheckConstraint(
            "kind NOT IN ('buy', 'sell', 'sell_short', 'buy_to_cover') "
            "OR num_nulls(instrument_id, quantity, price) = 0",
            name="trade_is_whole",
        ),
        CheckConstraint(
            f"kind NOT IN ('buy', 'buy_to_cover') OR sign(quantity) = {_SIGN}",
            name="bought_adds_quantity",
        ),
        CheckConstraint(
            f"kind NOT IN ('sell', 'sell_short') OR sign(quantity) = -({_SIGN})",
            name="sold_takes_quantity",
        ),
        CheckConstraint(
            "kind NOT IN "
            "('split', 'spin_off', 'merger', 'assignment', 'exercise', 'expiration') "
            "OR (num_nulls(instrument_id, quantity) = 0 AND quantity <> 0)",
            name="event_moves_quantity",
        ),
        CheckConstraint(
            "kind <> 'symbol_change' OR instrument_id IS NOT NULL", name="symbol_change_of_what"
        ),
        CheckConstraint(
            f"kind <> 'deposit' OR sign(net_amount) = {_SIGN}", name="deposit_adds_cash"
        ),
        CheckConstraint(
            f"kind <> 'withdrawal' OR sign(net_amount) = -({_SIGN})", name="withdrawal_takes_cash"
        ),
        CheckConstraint(
            f"kind <> 'interest_received' OR net_amount * ({_SIGN}) >= 0",
            name="interest_received_adds_cash",
        ),
        CheckConstraint(
            f"kind <> 'interest_paid' OR net_amount * ({_SIGN}) <= 0",
            name="interest_paid_takes_cash",
        ),
        positive("exchange_rate"),
        positive("multiplier"),
        is_currency(),
        is_exchange("venue"),
        CheckConstraint(
            "settles_on >= trade_date OR kind NOT IN ('buy', 'sell', 'sell_short', 'buy_to_cover')",
            name="settles_after_trade",
        ),
        Index(
            "ix_transactions_user_id_account_id_trade_date", "user_id", "account_id", "trade_date"
        ),
        # Asked by the database, too, for each position that is deleted.
        Index(
            "ix_transactions_position_id",
            "position_id",
            postgresql_where=text("position_id IS NOT NULL"),
        ),
    )

    instrument_id: Mapped[InstrumentId | None] = mapped_column(
        comment="The instrument; null: it is about cash."
    )
    position_id: Mapped[int | None] = mapped_column(
        BigInteger,
        comment="The position it was booked to, of the same account; null: to none it names.",
    )
    fill_id: Mapped[int | None] = mapped_column(
        BigInteger, comment="The fill it books, of the same account; null: none is known."
    )
    sync_id: Mapped[int | None] = mapped_column(
        BigInteger, comment="The synchronisation that brought it; null: none did."
    )
    reverses_id: Mapped[int | None] = mapped_column(
        BigInteger, comment="The transaction of the same account it takes back; null: none."
    )
    kind: Mapped[TransactionKind] = mapped_column(
        by_value(TransactionKind, name="kind"), comment="What was booked."
    )
    quantity: Mapped[Quantity | None] = mapped_column(
        comment="Change of the position, negative where units left; null: units did not move."
    )
    price: Mapped[TradePrice | None] = mapped_column(
        comment="Price of one unit; null where there is none."
    )
    gross_amount: Mapped[Money | None] = mapped_column(
        comment="Effect on cash before costs, negative where paid; null: not said."
    )
    commission: Mapped[Money | None] = mapped_column(
        comment="Commission, a positive cost, negative for a rebate; null: not said."
    )
    fees: Mapped[Money | None] = mapped_column(
        comment="Fees, a positive cost, negative for a rebate; null: not said."
    )
    tax: Mapped[Money | None] = mapped_column(
        comment="Tax kept back, a positive cost, negative for a refund; null: not said."
    )
    net_amount: Mapped[Money] = mapped_column(
        comment="Effect on the account's cash, negative where paid."
    )
    currency: Mapped[Currency] = mapped_column(comment="Currency of the amounts, ISO 4217.")
    exchange_rate: Mapped[ExchangeRate | None] = mapped_column(
        comment="Units of the account's base currency for one of this currency; null: not said."
    )
    multiplier: Mapped[Decimal] = mapped_column(
        Numeric(12, 4), server_default=text("1"), comment="Units of the underlying in one unit."
    )
    traded_at: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) it took effect; null: the broker gave the date only."
    )
    trade_date: Mapped[dt.date] = mapped_column(
        comment="Date it took effect, as the broker dates it."
    )
    settles_on: Mapped[dt.date | None] = mapped_column(
        comment="Date cash and units change hands; null: not said."
    )
    external_id: Mapped[str | None] = mapped_column(
        String(100), comment="The broker's id for it; null where the broker gives none."
    )
    content_hash: Mapped[Digest | None] = mapped_column(
        comment="SHA-256 of what was booked and the number of the occurrence; null: not taken."
    )
    source: Mapped[TransactionSource] = mapped_column(
        by_value(TransactionSource, name="source"), comment="How it came to us."
    )
    description: Mapped[str | None] = mapped_column(
        comment="The broker's own words; null: none were given."
    )
    created_at: Mapped[CreatedAt]
    revision: Mapped[int] = mapped_column(
        SmallInteger,
        server_default=text("1"),
        comment="Counts bookings under the same keys: 2 is the right one after 1 was reversed.",
    )
    broker_order_id: Mapped[str | None] = mapped_column(
        String(100), comment="The broker's id of the order behind it; null: not said."
    )
    venue: Mapped[str | None] = mapped_column(
        String(4), comment="Where it was done, ISO 10383 MIC; null: not said."
    )
    source_detail: Mapped[str | None] = mapped_column(
        String(64),
        comment="The source as it was named where `source` is too coarse; null: it is not.",
    )


class Dividend(OwnedWithParent, OfAccount, Base):
    """The details of a transaction that paid a dividend: per unit, on what quantity, when.

    Dates and quantity are what the broker or a corporate action says, and null otherwise: they
    are not made up from the date of payment. The ex-date of a large special dividend follows its
    payment, so only the record date has an order.
    """

    __tablename__ = "dividends"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (READ, ADD),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        reference(
            "transactions",
            "account_id",
            "instrument_id",
            "transaction_id",
            name="fk_dividends_transaction_id_transactions",
        ),
        CheckConstraint("pay_date >= record_date", name="paid_after_record"),
        not_negative("amount_per_share"),
        # A reversal turns both signs.
        CheckConstraint("tax_withheld * sign(gross_amount) >= 0", name="tax_has_sign_of_gross"),
        CheckConstraint("net_amount = gross_amount - tax_withheld", name="net_after_tax"),
        is_currency(),
    )

    transaction_id: Mapped[int] = mapped_column(
        BigInteger,
        primary_key=True,
        autoincrement=False,
        sort_order=-1,
        comment="The transaction it details, of the same account.",
    )
    instrument_id: Mapped[InstrumentId]
    kind: Mapped[DividendKind] = mapped_column(
        by_value(DividendKind, name="kind"), comment="How it is taxed, or that it is capital."
    )
    frequency: Mapped[DividendFrequency | None] = mapped_column(
        by_value(DividendFrequency, name="frequency"),
        comment="How often the instrument pays; null: not known.",
    )
    ex_date: Mapped[dt.date | None] = mapped_column(
        comment="First session it trades without the dividend; null: not known."
    )
    record_date: Mapped[dt.date | None] = mapped_column(
        comment="Date whose holders are paid; null: not known."
    )
    pay_date: Mapped[dt.date | None] = mapped_column(comment="Date it is paid; null: not known.")
    amount_per_share: Mapped[Money | None] = mapped_column(
        comment="What one unit pays; null: not said."
    )
    quantity_held: Mapped[Quantity | None] = mapped_column(
        comment="Units it was paid on, negative for a short that pays; null: not said."
    )
    gross_amount: Mapped[Money] = mapped_column(
        comment="What was paid before tax, negative where a short paid it."
    )
    tax_withheld: Mapped[Money | None] = mapped_column(
        comment="Tax kept back, with the sign of the gross amount; null: not said."
    )
    net_amount: Mapped[Money] = mapped_column(comment="What was paid after tax.")
    currency: Mapped[Currency] = mapped_column(comment="Currency of the amounts, ISO 4217.")


class Transfer(HasId, OwnedWithParent, OfAccount, Base):
    """Units or cash that came into an account or left it without being traded.

    Units bring their basis and date of purchase with them where the other side says so; both stay
    null where it does not. One transfer moves either units of an instrument or cash.
    """

    __tablename__ = "transfers"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (READ, ADD),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        UniqueConstraint("account_id", "transaction_id"),
        UniqueConstraint("account_id", "external_id"),
        reference("accounts", "account_id"),
        reference("transactions", "account_id", "transaction_id"),
        CheckConstraint("num_nonnulls(transaction_id, external_id) > 0", name="identified"),
        CheckConstraint("num_nonnulls(quantity, amount) = 1", name="units_or_cash"),
        CheckConstraint("coalesce(quantity, amount) <> 0", name="moves_something"),
        CheckConstraint(
            "(quantity IS NULL) = (instrument_id IS NULL)", name="units_of_an_instrument"
        ),
        CheckConstraint("kind NOT IN ('ach', 'wire') OR amount IS NOT NULL", name="wire_is_cash"),
        not_negative("cost_basis"),
        is_currency(),
        CheckConstraint("acquired_on <= transferred_on", name="acquired_before"),
        CheckConstraint("settles_on >= transferred_on", name="settles_after_transfer"),
    )

    transaction_id: Mapped[int | None] = mapped_column(
        BigInteger, comment="The transaction that books it, of the same account; null: none does."
    )
    instrument_id: Mapped[InstrumentId | None] = mapped_column(
        comment="The instrument; null: cash moved."
    )
    kind: Mapped[TransferKind] = mapped_column(
        by_value(TransferKind, name="kind"), comment="By which way it moved."
    )
    direction: Mapped[TransferDirection] = mapped_column(
        by_value(TransferDirection, name="direction"), comment="Whether it came in or went out."
    )
    quantity: Mapped[Quantity | None] = mapped_column(
        comment="Units that moved, negative for a short; null: cash moved."
    )
    amount: Mapped[Money | None] = mapped_column(
        comment="Cash that moved, negative for a debt; null: units moved."
    )
    currency: Mapped[Currency] = mapped_column(comment="Currency of the amounts, ISO 4217.")
    cost_basis: Mapped[Money | None] = mapped_column(
        comment="Basis that came along; 0: a zero basis; null: not known."
    )
    acquired_on: Mapped[dt.date | None] = mapped_column(
        comment="Date the units were first bought; null: not known."
    )
    transferred_on: Mapped[dt.date] = mapped_column(comment="Date it moved.")
    settles_on: Mapped[dt.date | None] = mapped_column(
        comment="Date it is settled; null: not said."
    )
    counterparty: Mapped[str | None] = mapped_column(
        comment="The broker, bank or person on the other side; null: not said."
    )
    external_id: Mapped[str | None] = mapped_column(
        String(100), comment="The broker's id for it; null where the broker gives none."
    )


class HoldingAction(HasId, OwnedWithParent, OfAccount, Base):
    """A corporate action as it changed what one account held of an instrument."""

    __tablename__ = "holding_actions"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (
            READ,
            ADD,
            # What the account held follows from its transactions; how much basis moves is
            # published weeks after the action.
            change("transaction_id", "quantity_before", "quantity_after", "basis_moved_pct"),
        ),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        UniqueConstraint(
            "user_id",
            "account_id",
            "instrument_id",
            "kind",
            "effective_on",
            "other_instrument_id",
            name="uq_holding_actions_identity",
            postgresql_nulls_not_distinct=True,
        ),
        reference("accounts", "account_id"),
        reference(
            "transactions",
            "account_id",
            "transaction_id",
            name="fk_holding_actions_transaction_id_transactions",
        ),
        CheckConstraint("other_instrument_id <> instrument_id", name="other_is_another"),
        CheckConstraint(
            "kind <> 'spin_off' OR other_instrument_id IS NOT NULL", name="spin_off_of_what"
        ),
        CheckConstraint(
            "kind <> 'return_of_capital' OR cash_amount IS NOT NULL", name="capital_returned"
        ),
        in_percent("basis_moved_pct"),
    )

    instrument_id: Mapped[InstrumentId]
    transaction_id: Mapped[int | None] = mapped_column(
        BigInteger, comment="The transaction that books it, of the same account; null: none does."
    )
    kind: Mapped[HoldingActionKind] = mapped_column(
        by_value(HoldingActionKind, name="kind"), comment="What happened."
    )
    effective_on: Mapped[dt.date] = mapped_column(comment="First session it counts.")
    quantity_before: Mapped[Quantity] = mapped_column(
        comment="Units held before it, negative where sold short."
    )
    quantity_after: Mapped[Quantity] = mapped_column(
        comment="Units held after it, negative where sold short."
    )
    other_instrument_id: Mapped[int | None] = mapped_column(
        BigInteger,
        ForeignKey("instruments.id"),
        comment="The instrument received for it or beside it; null: none.",
    )
    cash_amount: Mapped[Money | None] = mapped_column(
        comment="Cash received, fractions of units included; null: none or not said."
    )
    basis_moved_pct: Mapped[Percentage | None] = mapped_column(
        comment="Share of the basis that goes to the other instrument, 0-100; null: not known."
    )
