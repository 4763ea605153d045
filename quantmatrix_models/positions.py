"""Positions: what an account holds, what its broker says it holds, and how a user groups it."""

import datetime as dt
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Numeric,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from quantmatrix_models.account_rows import InstrumentId, OfAccount
from quantmatrix_models.base import Base, HasId
from quantmatrix_models.constraints import filled, in_percent, is_currency, not_negative
from quantmatrix_models.privileges import ADD, CHANGE, DELETE, READ, Role, add, change
from quantmatrix_models.tenancy import OwnedByUser, OwnedWithParent, reference
from quantmatrix_models.types import (
    CreatedAt,
    Currency,
    Money,
    Percentage,
    Quantity,
    TradePrice,
    UtcTime,
    by_value,
)

UnitCost = Annotated[Decimal, mapped_column(Numeric(24, 8))]
"""Cost of one unit: a quotient, so finer than a price."""


class PositionStatus(StrEnum):
    """Whether a position is open, and what ended it."""

    OPEN = "open"
    CLOSED = "closed"
    EXPIRED = "expired"
    ASSIGNED = "assigned"
    EXERCISED = "exercised"


class SnapshotSource(StrEnum):
    """Who says what an account held: its broker, our own book, or V1 as it was taken over."""

    BROKER = "broker"
    BOOK = "book"
    V1 = "v1"


class CategoryKind(StrEnum):
    """What a user groups instruments by."""

    CUSTOM = "custom"
    SECTOR = "sector"
    STRATEGY = "strategy"
    RISK = "risk"


class Position(HasId, OwnedWithParent, OfAccount, Base):
    """What an account holds of an instrument, or held from one moment to another.

    Of an instrument an account has one open position; those it had before stay as they were.
    A position follows from the transactions. Booking them again changes the row in place, so that
    its key and the user's notes outlive it, and deletes only what was never there.

    Costs are of the open quantity and never negative; a short's are what selling it brought. Zero
    is a real zero basis (a spin-off), null is a basis nobody knows (shares transferred in).
    """

    __tablename__ = "positions"
    __grants__: ClassVar = {
        Role.APP: (READ, change("notes", "tags", "margin_priority", "strategy_id", "changed_at")),
        Role.PIPELINE: (READ, ADD, CHANGE, DELETE),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        UniqueConstraint("user_id", "account_id", "id"),
        UniqueConstraint("user_id", "account_id", "instrument_id", "id"),
        reference("strategies", "strategy_id"),
        CheckConstraint(
            "margin_priority >= 1 AND margin_priority <= 10", name="margin_priority_in_range"
        ),
        reference("accounts", "account_id"),
        Index(
            "uq_positions_open",
            "user_id",
            "account_id",
            "instrument_id",
            unique=True,
            postgresql_where=text("status = 'open'"),
        ),
        CheckConstraint("(status = 'open') = (quantity <> 0)", name="open_has_quantity"),
        CheckConstraint("(status = 'open') = (closed_at IS NULL)", name="open_or_closed"),
        CheckConstraint("closed_at >= opened_at", name="closed_after_opened"),
        not_negative("average_cost", "cost_basis"),
        is_currency(),
    )

    instrument_id: Mapped[InstrumentId]
    status: Mapped[PositionStatus] = mapped_column(
        by_value(PositionStatus, name="status"),
        server_default=PositionStatus.OPEN.value,
        comment="Whether it is open, and what ended it.",
    )
    quantity: Mapped[Quantity] = mapped_column(
        comment="Net quantity, negative where sold short; 0 unless it is open."
    )
    average_cost: Mapped[UnitCost | None] = mapped_column(
        comment="Cost of one unit; 0: a zero basis; null: not known."
    )
    cost_basis: Mapped[Money | None] = mapped_column(
        comment="Cost of the open quantity; 0: a zero basis; null: not known."
    )
    currency: Mapped[Currency] = mapped_column(comment="Currency of the amounts, ISO 4217.")
    opened_at: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) it was opened; null: not known."
    )
    closed_at: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) it was closed; null while it is open."
    )
    realized_pnl: Mapped[Money | None] = mapped_column(
        comment="Gain of what was closed of it so far; null: not known."
    )
    notes: Mapped[str | None] = mapped_column(comment="What the user noted; null: nothing.")
    tags: Mapped[list[str]] = mapped_column(
        ARRAY(Text), server_default=text("'{}'"), comment="The user's own tags."
    )
    changed_at: Mapped[CreatedAt] = mapped_column(comment="Moment (UTC) of the last change.")
    strategy_id: Mapped[int | None] = mapped_column(
        BigInteger, comment="The strategy it is for, one of the same user; null: for none."
    )
    margin_priority: Mapped[int | None] = mapped_column(
        SmallInteger,
        comment="Order of selling where margin is called: 1 first, 10 last; null: none was set.",
    )


class PositionSnapshot(HasId, OwnedWithParent, OfAccount, Base):
    """What an account held of an instrument at the end of a session, as one source says.

    The broker and our own book each have a row. Where the two differ our transactions or lots are
    wrong; V1 derived one from the other and so could not see it. A quantity of 0 is said, too.
    """

    __tablename__ = "position_snapshots"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (
            READ,
            ADD,
            # A session that is synchronised or booked again is stated again.
            change(
                "quantity",
                "price",
                "market_value",
                "average_cost",
                "cost_basis",
                "unrealized_pnl",
                "stated_at",
            ),
        ),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        UniqueConstraint(
            "user_id",
            "account_id",
            "instrument_id",
            "session",
            "source",
            name="uq_position_snapshots_statement",
        ),
        reference("accounts", "account_id"),
        not_negative("average_cost"),
        is_currency(),
    )

    instrument_id: Mapped[InstrumentId]
    session: Mapped[dt.date] = mapped_column(comment="Session at whose end it holds.")
    source: Mapped[SnapshotSource] = mapped_column(
        by_value(SnapshotSource, name="source"), comment="Who says so: the broker or our book."
    )
    quantity: Mapped[Quantity] = mapped_column(
        comment="Net quantity, negative where sold short; 0: nothing is held."
    )
    price: Mapped[TradePrice | None] = mapped_column(comment="Price it was valued at; null: none.")
    market_value: Mapped[Money | None] = mapped_column(
        comment="Value at that price, negative for a short; null: not said."
    )
    average_cost: Mapped[UnitCost | None] = mapped_column(
        comment="Cost of one unit; null: not said."
    )
    cost_basis: Mapped[Money | None] = mapped_column(
        comment="Cost of the quantity with the source's sign; null: not said."
    )
    unrealized_pnl: Mapped[Money | None] = mapped_column(comment="Value less cost; null: not said.")
    currency: Mapped[Currency] = mapped_column(comment="Currency of the amounts, ISO 4217.")
    stated_at: Mapped[CreatedAt] = mapped_column(comment="Moment (UTC) it was last said.")


class Category(HasId, OwnedByUser, Base):
    """A user's group of instruments, with the share of the whole it is meant to have."""

    __tablename__ = "categories"
    _settings: ClassVar = (
        "name",
        "kind",
        "description",
        "parent_id",
        "color",
        "target_pct",
        "min_pct",
        "max_pct",
        "rebalance_threshold_pct",
        "is_auto_rebalanced",
    )
    __grants__: ClassVar = {
        Role.APP: (
            READ,
            add("user_id", *_settings),
            change(*_settings),
            DELETE,
        ),
        Role.PIPELINE: (READ,),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        UniqueConstraint("user_id", "name"),
        UniqueConstraint("user_id", "id"),
        reference("categories", "parent_id"),
        filled("name"),
        CheckConstraint("parent_id <> id", name="parent_is_another"),
        CheckConstraint("color ~ '^#[0-9A-Fa-f]{6}$'", name="color_is_rgb"),
        in_percent("target_pct"),
        in_percent("min_pct"),
        in_percent("max_pct"),
        CheckConstraint(
            "min_pct <= target_pct AND target_pct <= max_pct AND min_pct <= max_pct",
            name="shares_ordered",
        ),
        in_percent("rebalance_threshold_pct", lowest="> 0"),
    )

    name: Mapped[str] = mapped_column(String(100), comment="What the user calls it.")
    kind: Mapped[CategoryKind] = mapped_column(
        by_value(CategoryKind, name="kind"),
        server_default=CategoryKind.CUSTOM.value,
        comment="What it groups by.",
    )
    parent_id: Mapped[int | None] = mapped_column(
        BigInteger, comment="The category it is a part of; null: of none."
    )
    color: Mapped[str | None] = mapped_column(
        String(7), comment="Colour it is drawn in, #RRGGBB; null: any."
    )
    target_pct: Mapped[Percentage | None] = mapped_column(
        comment="Share of the whole it should have, 0-100; null: none was set."
    )
    min_pct: Mapped[Percentage | None] = mapped_column(
        comment="Least share it should have, 0-100; null: none was set."
    )
    max_pct: Mapped[Percentage | None] = mapped_column(
        comment="Greatest share it should have, 0-100; null: none was set."
    )
    rebalance_threshold_pct: Mapped[Percentage] = mapped_column(
        server_default=text("5"),
        comment="Distance from the target, in percentage points, from which the user is told.",
    )
    created_at: Mapped[CreatedAt]
    description: Mapped[str | None] = mapped_column(comment="What it is for; null: not said.")
    is_auto_rebalanced: Mapped[bool] = mapped_column(
        server_default=text("false"), comment="Whether the user wants it kept at its target."
    )


class CategoryInstrument(HasId, OwnedWithParent, Base):
    """An instrument in a category: all the user holds of it, or what one account holds."""

    __tablename__ = "category_instruments"
    __grants__: ClassVar = {
        Role.APP: (
            READ,
            add("user_id", "category_id", "account_id", "instrument_id", "share_pct"),
            change("share_pct"),
            DELETE,
        ),
        Role.PIPELINE: (READ,),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        UniqueConstraint(
            "category_id", "account_id", "instrument_id", postgresql_nulls_not_distinct=True
        ),
        reference("categories", "category_id"),
        reference("accounts", "account_id"),
        in_percent("share_pct", lowest="> 0"),
    )

    category_id: Mapped[int] = mapped_column(
        BigInteger, comment="The category, one of the same user."
    )
    account_id: Mapped[int | None] = mapped_column(
        BigInteger, comment="The account it counts in, one of the same user; null: in all."
    )
    instrument_id: Mapped[InstrumentId]
    share_pct: Mapped[Percentage] = mapped_column(
        server_default=text("100"), comment="Share of the holding that counts here, 0-100."
    )


class Watchlist(HasId, OwnedByUser, Base):
    """A user's own list of instruments to look at."""

    __tablename__ = "watchlists"
    __grants__: ClassVar = {
        Role.APP: (
            READ,
            add("user_id", "name", "position"),
            change("name", "position"),
            DELETE,
        ),
        Role.PIPELINE: (READ,),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        UniqueConstraint("user_id", "name"),
        UniqueConstraint("user_id", "id"),
        filled("name"),
        not_negative("position"),
    )

    name: Mapped[str] = mapped_column(String(100), comment="What the user calls it.")
    position: Mapped[int] = mapped_column(
        SmallInteger, server_default=text("0"), comment="Place among the user's lists, from 0."
    )
    created_at: Mapped[CreatedAt]


class WatchlistInstrument(OwnedWithParent, Base):
    """An instrument on a watchlist."""

    __tablename__ = "watchlist_instruments"
    __grants__: ClassVar = {
        Role.APP: (READ, ADD, change("note"), DELETE),
        Role.PIPELINE: (READ,),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (reference("watchlists", "watchlist_id"),)

    watchlist_id: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, comment="The watchlist, one of the same user."
    )
    instrument_id: Mapped[int] = mapped_column(
        BigInteger,
        ForeignKey("instruments.id"),
        primary_key=True,
        comment="The instrument that is watched.",
    )
    note: Mapped[str | None] = mapped_column(comment="What the user noted; null: nothing.")
    added_at: Mapped[CreatedAt] = mapped_column(comment="Moment (UTC) it was put on the list.")
