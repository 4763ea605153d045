"""Tax lots: what was acquired when and at what cost, and which parts of it were closed."""

import datetime as dt
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    Index,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from quantmatrix_models.account_rows import InstrumentId, OfAccount
from quantmatrix_models.accounts import LotMethod
from quantmatrix_models.base import Base, HasId
from quantmatrix_models.constraints import filled, is_currency, not_negative, positive
from quantmatrix_models.privileges import ADD, CHANGE, DELETE, READ, Role, add, change
from quantmatrix_models.tenancy import OwnedWithParent, reference
from quantmatrix_models.types import CreatedAt, Currency, Money, Quantity, by_value


class LotSide(StrEnum):
    """Whether a lot was bought or sold short."""

    LONG = "long"
    SHORT = "short"


class LotOrigin(StrEnum):
    """How a lot came about."""

    PURCHASE = "purchase"
    SHORT_SALE = "short_sale"
    TRANSFER_IN = "transfer_in"
    GIFT = "gift"
    INHERITANCE = "inheritance"
    SPIN_OFF = "spin_off"
    STOCK_DIVIDEND = "stock_dividend"
    REINVESTMENT = "reinvestment"
    EXERCISE = "exercise"
    ASSIGNMENT = "assignment"
    MERGER = "merger"
    MIGRATED = "migrated"


class DisposalKind(StrEnum):
    """What closed a part of a lot."""

    SALE = "sale"
    COVER = "cover"
    EXPIRATION = "expiration"
    ASSIGNMENT = "assignment"
    EXERCISE = "exercise"
    TRANSFER_OUT = "transfer_out"
    MERGER = "merger"
    GIFT = "gift"


class Term(StrEnum):
    """For how long what was closed had been held; unknown where its date of purchase is."""

    SHORT = "short"
    LONG = "long"
    UNKNOWN = "unknown"


class TaxLot(HasId, OwnedWithParent, OfAccount, Base):
    """A quantity of an instrument acquired at once, or sold short at once, and what is left of it.

    Lots follow from the transactions and are derived anew when these are booked again. V1's added
    up to twice what was held: lots were made a second time beside the first, and no sale took from
    any. Here a transaction opens a lot once per ordinal, and no more units than it moved
    (`ck_transactions_lots_within_quantity`); what no transaction opened is told apart by
    instrument, origin, date and ordinal; and what is left is what was opened less the disposals
    (`ck_tax_lots_disposals_balance`). The database asks both when a transaction is committed
    (`sql/postgres/*_triggers.sql`).

    What is not known is null and stays so: date and basis of shares that were transferred in, for
    one. A cost basis of 0 is a real zero basis. A short lot has no basis until it is covered; it
    has what selling it brought.

    Amounts are of the whole `quantity`. A split restates the quantities of the lot and of its
    disposals alike; costs, proceeds, dates and `opened_quantity` stay.
    """

    __tablename__ = "tax_lots"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (READ, ADD, CHANGE, DELETE),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        UniqueConstraint("user_id", "id"),
        UniqueConstraint("user_id", "account_id", "id"),
        UniqueConstraint("user_id", "account_id", "opening_transaction_id", "ordinal"),
        Index(
            "uq_tax_lots_without_transaction",
            "account_id",
            "instrument_id",
            "origin",
            "acquired_on",
            "ordinal",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("opening_transaction_id IS NULL"),
        ),
        Index(
            "ix_tax_lots_open",
            "user_id",
            "account_id",
            "instrument_id",
            "acquired_on",
            postgresql_where=text("remaining_quantity > 0"),
        ),
        reference("accounts", "account_id"),
        reference(
            "transactions",
            "account_id",
            "opening_transaction_id",
            name="fk_tax_lots_opening_transaction_id_transactions",
        ),
        CheckConstraint(
            "origin NOT IN "
            "('purchase', 'short_sale', 'reinvestment', 'exercise', 'assignment') "
            "OR opening_transaction_id IS NOT NULL",
            name="opened_by_transaction",
        ),
        CheckConstraint(
            "origin NOT IN ('purchase', 'reinvestment', 'gift', 'inheritance') OR side = 'long'",
            name="bought_is_long",
        ),
        CheckConstraint("origin <> 'short_sale' OR side = 'short'", name="sold_short_is_short"),
        CheckConstraint("side = 'long' OR cost_basis IS NULL", name="basis_of_long"),
        CheckConstraint("side = 'short' OR opening_proceeds IS NULL", name="proceeds_of_short"),
        positive("ordinal"),
        positive("quantity"),
        positive("opened_quantity"),
        CheckConstraint(
            "remaining_quantity >= 0 AND remaining_quantity <= quantity",
            name="remaining_quantity_in_range",
        ),
        not_negative("cost_basis"),
        not_negative("wash_sale_adjustment"),
        is_currency(),
    )

    instrument_id: Mapped[InstrumentId]
    opening_transaction_id: Mapped[int | None] = mapped_column(
        BigInteger, comment="The transaction that opened it, of the same account; null: none did."
    )
    ordinal: Mapped[int] = mapped_column(
        SmallInteger,
        server_default=text("1"),
        comment="Number of the lot among those opened together, from 1.",
    )
    origin: Mapped[LotOrigin] = mapped_column(
        by_value(LotOrigin, name="origin"), comment="How it came about."
    )
    side: Mapped[LotSide] = mapped_column(
        by_value(LotSide, name="side"), comment="Whether it was bought or sold short."
    )
    quantity: Mapped[Quantity] = mapped_column(
        comment="Units opened, always positive, in the units of the present."
    )
    remaining_quantity: Mapped[Quantity] = mapped_column(
        comment="Units still open: the quantity less the disposals."
    )
    acquired_on: Mapped[dt.date | None] = mapped_column(
        comment="Trade date it was opened; null: not known."
    )
    holding_period_from: Mapped[dt.date | None] = mapped_column(
        comment="Date its term counts from where a gift or wash sale moved it; null: acquired_on."
    )
    cost_basis: Mapped[Money | None] = mapped_column(
        comment="Cost of the quantity with commissions; 0: a zero basis; null: short or not known."
    )
    opening_proceeds: Mapped[Money | None] = mapped_column(
        comment="What selling it short brought, after costs; null: long or not known."
    )
    currency: Mapped[Currency] = mapped_column(comment="Currency of the amounts, ISO 4217.")
    wash_sale_adjustment: Mapped[Money] = mapped_column(
        server_default=text("0"), comment="Disallowed losses of wash sales, added to the basis."
    )
    created_at: Mapped[CreatedAt]
    notes: Mapped[str | None] = mapped_column(comment="What the user noted; null: nothing.")
    opened_quantity: Mapped[Quantity] = mapped_column(
        comment="Units opened, always positive, in the units of that day: no split restates them."
    )


class LotDisposal(HasId, OwnedWithParent, OfAccount, Base):
    """A part of a lot that was closed, with what it brought and what it had cost.

    The gain is computed by the database, and null where proceeds or basis are not known. Of a
    short lot the proceeds are those of selling it and the cost is that of the cover. What left
    without being sold (a transfer, a gift) has no proceeds. A sale closes a long lot and a cover a
    short one, and neither before the lot was opened (asked at the commit).
    """

    __tablename__ = "lot_disposals"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (READ, ADD, CHANGE, DELETE),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        UniqueConstraint("user_id", "account_id", "id"),
        UniqueConstraint("lot_id", "closing_transaction_id"),
        Index(
            "uq_lot_disposals_without_transaction",
            "lot_id",
            "kind",
            "disposed_on",
            unique=True,
            postgresql_where=text("closing_transaction_id IS NULL"),
        ),
        reference("tax_lots", "account_id", "lot_id"),
        reference(
            "transactions",
            "account_id",
            "closing_transaction_id",
            name="fk_lot_disposals_closing_transaction_id_transactions",
        ),
        CheckConstraint(
            "kind NOT IN ('sale', 'cover', 'assignment', 'exercise') "
            "OR closing_transaction_id IS NOT NULL",
            name="closed_by_transaction",
        ),
        CheckConstraint(
            "closing_transaction_id IS NOT NULL OR reason IS NOT NULL", name="explained"
        ),
        filled("reason"),
        # Asked for each disposal: what its transaction closed in all.
        Index(
            "ix_lot_disposals_user_id_account_id_closing_transaction_id",
            "user_id",
            "account_id",
            "closing_transaction_id",
            postgresql_where=text("closing_transaction_id IS NOT NULL"),
        ),
        positive("quantity"),
        positive("closed_quantity"),
        not_negative("disallowed_loss"),
        CheckConstraint(
            "disallowed_loss <= 0 OR disallowed_loss <= coalesce(cost_basis - proceeds, 0)",
            name="disallowed_within_loss",
        ),
        CheckConstraint(
            "kind NOT IN ('transfer_out', 'gift') OR proceeds IS NULL", name="moved_unsold"
        ),
    )

    lot_id: Mapped[int] = mapped_column(BigInteger, comment="The lot, of the same account.")
    closing_transaction_id: Mapped[int | None] = mapped_column(
        BigInteger, comment="The transaction that closed it, of the same account; null: see reason."
    )
    kind: Mapped[DisposalKind] = mapped_column(
        by_value(DisposalKind, name="kind"), comment="What closed it."
    )
    method: Mapped[LotMethod] = mapped_column(
        by_value(LotMethod, name="method"), comment="By which method the lot was chosen."
    )
    disposed_on: Mapped[dt.date] = mapped_column(comment="Trade date it was closed.")
    quantity: Mapped[Quantity] = mapped_column(
        comment="Units closed, always positive, in the units of the present."
    )
    proceeds: Mapped[Money | None] = mapped_column(
        comment="What selling them brought, after costs; null: not sold or not known."
    )
    cost_basis: Mapped[Money | None] = mapped_column(
        comment="What they had cost, wash-sale adjustments included; null: not known."
    )
    disallowed_loss: Mapped[Money] = mapped_column(
        server_default=text("0"), comment="Part of the loss that wash sales disallow, positive."
    )
    realized_gain: Mapped[Money | None] = mapped_column(
        Computed("proceeds - cost_basis + disallowed_loss", persisted=True),
        comment="Gain that counts, negative for a loss; null where it cannot be known.",
    )
    term: Mapped[Term] = mapped_column(
        by_value(Term, name="term"), comment="For how long they had been held."
    )
    reason: Mapped[str | None] = mapped_column(
        comment="Why it is closed though no transaction says so; null where one does."
    )
    created_at: Mapped[CreatedAt]
    notes: Mapped[str | None] = mapped_column(comment="What the user noted; null: nothing.")
    closed_quantity: Mapped[Quantity] = mapped_column(
        comment="Units closed, always positive, in the units of that day: no split restates them."
    )


class WashSaleAdjustment(HasId, OwnedWithParent, OfAccount, Base):
    """A loss that is disallowed because a replacement was bought, and the lot it was added to.

    The account is that of the loss. The replacement may lie in another account of the same user;
    it is another lot. All adjustments of a disposal stay within its units and its disallowed loss.
    """

    __tablename__ = "wash_sale_adjustments"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (READ, ADD, CHANGE, DELETE),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        UniqueConstraint("disposal_id", "replacement_lot_id"),
        reference(
            "lot_disposals",
            "account_id",
            "disposal_id",
            name="fk_wash_sale_adjustments_disposal_id_lot_disposals",
        ),
        reference("tax_lots", "replacement_lot_id"),
        positive("quantity"),
        positive("disallowed_loss"),
    )

    disposal_id: Mapped[int] = mapped_column(
        BigInteger, comment="The disposal that lost, of the same account."
    )
    replacement_lot_id: Mapped[int] = mapped_column(
        BigInteger,
        index=True,  # asked by the database, too, for each lot that is deleted
        comment="The lot that replaced it, in any account of the same user.",
    )
    quantity: Mapped[Quantity] = mapped_column(
        comment="Units replaced, in the units of the day of the disposal."
    )
    disallowed_loss: Mapped[Money] = mapped_column(
        comment="Loss disallowed for them, positive, in the currency of the lot."
    )
    created_at: Mapped[CreatedAt]


class LotChoice(HasId, OwnedWithParent, OfAccount, Base):
    """From which lot the user wants a sale to take, and how much: specific identification.

    Lots are derived anew whenever transactions are booked again, so the choice names what outlives
    them: the transactions that opened and closed. A later choice of the same lot replaces it.
    """

    __tablename__ = "lot_choices"
    __grants__: ClassVar = {
        Role.APP: (
            READ,
            add(
                "user_id",
                "account_id",
                "closing_transaction_id",
                "opening_transaction_id",
                "ordinal",
                "quantity",
            ),
            change("quantity"),
            DELETE,
        ),
        Role.PIPELINE: (READ, ADD),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        UniqueConstraint(
            "user_id",
            "account_id",
            "closing_transaction_id",
            "opening_transaction_id",
            "ordinal",
            name="uq_lot_choices_identity",
        ),
        *(
            reference(
                "transactions", "account_id", f"{end}_transaction_id", name=f"fk_lot_choices_{end}"
            )
            for end in ("closing", "opening")
        ),
        CheckConstraint("opening_transaction_id <> closing_transaction_id", name="from_another"),
        positive("ordinal"),
        positive("quantity"),
    )

    closing_transaction_id: Mapped[int] = mapped_column(
        BigInteger, comment="The transaction that closes, of the same account."
    )
    opening_transaction_id: Mapped[int] = mapped_column(
        BigInteger, comment="The transaction that opened the lot, of the same account."
    )
    ordinal: Mapped[int] = mapped_column(
        SmallInteger,
        server_default=text("1"),
        comment="Number of the lot among those opened together, from 1.",
    )
    quantity: Mapped[Quantity] = mapped_column(
        comment="Units to take of it, in the units of the day of the sale."
    )
    created_at: Mapped[CreatedAt]
