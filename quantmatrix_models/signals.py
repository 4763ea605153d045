"""Signals, and the notifications that tell them: the outbox."""

import datetime as dt
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Double,
    ForeignKeyConstraint,
    Index,
    Numeric,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from quantmatrix_engine.vocabulary import (
    Action,
    Channel,
    NotificationStatus,
    SizeBasis,
    Urgency,
)
from quantmatrix_models.base import Base, HasId
from quantmatrix_models.privileges import ADD, READ, Role, change
from quantmatrix_models.tenancy import OwnedByUser
from quantmatrix_models.types import CreatedAt, Document, Percentage, Price, UtcTime, by_value


class Signal(HasId, OwnedByUser, Base):
    """What a run says about an instrument. Never changed once written.

    `level` is the multiple of ATR of a scale-out and null otherwise. `trace` lists each rule with
    its value and threshold. The unique key makes a repeated run harmless.
    """

    __tablename__ = "signals"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (READ, ADD),
        Role.ADMIN: (READ,),
    }
    __table_args__ = (
        UniqueConstraint(
            "strategy_id",
            "session",
            "instrument_id",
            "action",
            "level",
            postgresql_nulls_not_distinct=True,
        ),
        UniqueConstraint("user_id", "id"),
        ForeignKeyConstraint(["user_id", "strategy_id"], ["strategies.user_id", "strategies.id"]),
        ForeignKeyConstraint(["user_id", "run_id"], ["strategy_runs.user_id", "strategy_runs.id"]),
        ForeignKeyConstraint(["instrument_id"], ["instruments.id"]),
        CheckConstraint("strength >= 0 AND strength <= 1", name="strength_in_range"),
        CheckConstraint("price > 0", name="price_positive"),
        CheckConstraint("stop > 0 AND stop < price", name="stop_below_price"),
        CheckConstraint("target_1 < target_2 AND target_2 < target_3", name="targets_ordered"),
        CheckConstraint("size_pct > 0 AND size_pct <= 100", name="size_in_range"),
        CheckConstraint("(action = 'scale_out') = (level IS NOT NULL)", name="level_of_scale_out"),
        CheckConstraint("action <> 'entry' OR stop IS NOT NULL", name="entry_has_stop"),
        CheckConstraint("abs(risk_reward) < 'Infinity'", name="risk_reward_is_finite"),
        Index("ix_signals_user_id_session", "user_id", "session"),
    )

    strategy_id: Mapped[int] = mapped_column(BigInteger)
    run_id: Mapped[int] = mapped_column(BigInteger)
    instrument_id: Mapped[int] = mapped_column(BigInteger)
    session: Mapped[dt.date]
    action: Mapped[Action] = mapped_column(by_value(Action, name="action"))
    level: Mapped[Decimal | None] = mapped_column(Numeric(9, 4))
    strength: Mapped[float] = mapped_column(Double)
    urgency: Mapped[Urgency | None] = mapped_column(by_value(Urgency, name="urgency"))
    price: Mapped[Price]
    stop: Mapped[Price | None]
    target_1: Mapped[Price | None]
    target_2: Mapped[Price | None]
    target_3: Mapped[Price | None]
    risk_reward: Mapped[float | None] = mapped_column(Double)
    size_pct: Mapped[Percentage]
    size_basis: Mapped[SizeBasis] = mapped_column(by_value(SizeBasis, name="size_basis"))
    trace: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    created_at: Mapped[CreatedAt]


class Notification(HasId, OwnedByUser, Base):
    """A message to one user on one channel, on its way out.

    Due while `pending` and `due_at` has passed; `leased` while somebody sends it, and due again
    once the lease has run out. `sent` has Discord's message id, `printed` went to the console for
    want of a webhook, `suppressed` and `failed` say why.
    """

    __tablename__ = "notifications"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (
            READ,
            ADD,
            change(
                "status",
                "due_at",
                "leased_until",
                "attempts",
                "message_id",
                "reason",
                "finished_at",
            ),
        ),
        Role.ADMIN: (READ,),
    }
    __table_args__ = (
        UniqueConstraint("user_id", "id"),
        UniqueConstraint("user_id", "channel", "session", "part"),
        CheckConstraint("(status = 'leased') = (leased_until IS NOT NULL)", name="leased_until"),
        CheckConstraint("(status = 'sent') = (message_id IS NOT NULL)", name="sent_with_message"),
        CheckConstraint(
            "status NOT IN ('failed', 'suppressed') OR reason IS NOT NULL", name="reason_given"
        ),
        CheckConstraint("attempts >= 0 AND part >= 1", name="counts"),
        Index(
            "ix_notifications_due",
            "due_at",
            postgresql_where=text("status IN ('pending', 'leased')"),
        ),
    )

    channel: Mapped[Channel] = mapped_column(by_value(Channel, name="channel"))
    session: Mapped[dt.date]
    part: Mapped[int]
    message: Mapped[Document]
    status: Mapped[NotificationStatus] = mapped_column(by_value(NotificationStatus, name="status"))
    due_at: Mapped[UtcTime]
    leased_until: Mapped[UtcTime | None]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    message_id: Mapped[str | None] = mapped_column(String(32))
    reason: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    finished_at: Mapped[UtcTime | None]


class NotificationSignal(OwnedByUser, Base):
    """Which notification tells which signal; a signal is told once on a channel."""

    __tablename__ = "notification_signals"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (READ, ADD),
        Role.ADMIN: (READ,),
    }
    __table_args__ = (
        UniqueConstraint("signal_id", "channel"),
        ForeignKeyConstraint(
            ["user_id", "notification_id"], ["notifications.user_id", "notifications.id"]
        ),
        ForeignKeyConstraint(["user_id", "signal_id"], ["signals.user_id", "signals.id"]),
    )

    notification_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    signal_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    channel: Mapped[Channel] = mapped_column(by_value(Channel, name="channel"))
