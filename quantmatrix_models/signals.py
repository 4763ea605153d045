"""Signals and their outcomes, alert rules, and the notifications that tell them: the outbox."""

import datetime as dt
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Numeric,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from quantmatrix_engine.vocabulary import (
    Action,
    AlertFrequency,
    Channel,
    NotificationKind,
    NotificationStatus,
    Priority,
    SizeBasis,
    Stage,
    Urgency,
)
from quantmatrix_models.base import Base, HasId
from quantmatrix_models.constraints import filled, not_negative, positive
from quantmatrix_models.privileges import ADD, READ, Role, add, change
from quantmatrix_models.tenancy import OwnedByUser, OwnedWithParent, reference
from quantmatrix_models.types import CreatedAt, Document, Percentage, Price, UtcTime, by_value


def _are_media(column: str) -> CheckConstraint:
    rule = f"{column} <@ '{{discord,email,app}}'::varchar[]"
    return CheckConstraint(rule, name=f"{column}_are_known")


class Signal(HasId, OwnedWithParent, Base):
    """What a run says about an instrument. Never changed once written.

    `level` is the multiple of ATR of a scale-out and null otherwise. `trace` lists each rule with
    its value and threshold. The unique key makes a repeated run harmless. The contract Signals
    refuses, signal by signal, what the checks here would refuse together with the whole session.
    """

    __tablename__ = "signals"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (READ, ADD),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
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
        # The run is one of the same strategy and session.
        reference(
            "strategy_runs",
            "strategy_id",
            "session",
            "run_id",
            name="fk_signals_run_id_strategy_runs",
        ),
        CheckConstraint("strength >= 0 AND strength <= 1", name="strength_in_range"),
        CheckConstraint("price > 0", name="price_positive"),
        CheckConstraint("stop > 0 AND stop < price", name="stop_below_price"),
        CheckConstraint(
            "coalesce(target_1 < target_2, target_2 IS NULL)"
            " AND coalesce(target_2 < target_3, target_3 IS NULL)",
            name="targets_ordered",
        ),
        CheckConstraint("action <> 'entry' OR target_1 > price", name="targets_above_price"),
        CheckConstraint("size_pct > 0 AND size_pct <= 100", name="size_in_range"),
        CheckConstraint("(action = 'scale_out') = (level IS NOT NULL)", name="level_of_scale_out"),
        CheckConstraint("action <> 'entry' OR stop IS NOT NULL", name="entry_has_stop"),
        CheckConstraint("abs(risk_reward) < 'Infinity'", name="risk_reward_is_finite"),
        CheckConstraint("valid_until >= session", name="valid_range"),
        # A user's newest signals, page by page: read backwards.
        Index("ix_signals_user_id_session_id", "user_id", "session", "id"),
        Index("ix_signals_session", "session"),
    )

    strategy_id: Mapped[int] = mapped_column(BigInteger, comment="The strategy that says it.")
    run_id: Mapped[int] = mapped_column(BigInteger, comment="The first run that said it.")
    instrument_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("instruments.id"), comment="The instrument it is about."
    )
    session: Mapped[dt.date] = mapped_column(comment="The session it was said on.")
    action: Mapped[Action] = mapped_column(
        by_value(Action, name="action"), comment="What to consider doing."
    )
    level: Mapped[Decimal | None] = mapped_column(
        Numeric(9, 4), comment="Multiple of ATR above SMA50 of a scale-out; null otherwise."
    )
    strength: Mapped[float] = mapped_column(Double, comment="How strongly, 0 to 1.")
    urgency: Mapped[Urgency | None] = mapped_column(
        by_value(Urgency, name="urgency"),
        comment="How soon an exit asks for attention; null otherwise.",
    )
    price: Mapped[Price] = mapped_column(comment="Close of the session.")
    stop: Mapped[Price | None] = mapped_column(
        comment="Price that ends the trade at a loss; null where nothing is bought."
    )
    target_1: Mapped[Price | None] = mapped_column(comment="First target; null where none is set.")
    target_2: Mapped[Price | None] = mapped_column(comment="Second target; null where none is set.")
    target_3: Mapped[Price | None] = mapped_column(comment="Third target; null where none is set.")
    risk_reward: Mapped[float | None] = mapped_column(
        Double, comment="(target_1 - price) / (price - stop); null without both."
    )
    size_pct: Mapped[Percentage] = mapped_column(comment="Suggested size, percent of its basis.")
    size_basis: Mapped[SizeBasis] = mapped_column(
        by_value(SizeBasis, name="size_basis"), comment="What size_pct is a part of."
    )
    trace: Mapped[list[dict[str, Any]]] = mapped_column(
        JSONB, comment="The rules with their values and thresholds, in order."
    )
    created_at: Mapped[CreatedAt]
    valid_until: Mapped[dt.date | None] = mapped_column(
        comment="The last session it is meant for; null where its kind sets none."
    )


class SignalOutcome(OwnedWithParent, Base):
    """What became of a signal by a later session, as computed last.

    It is measured while it is held: from the bar that triggered it until it ended. Prices are in
    the basis of the signal's own session.
    """

    __tablename__ = "signal_outcomes"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (
            READ,
            ADD,
            change(
                "through_session",
                "stage",
                "sessions_held",
                "highest_price",
                "lowest_price",
                "return_pct",
                "best_pct",
                "worst_pct",
                "hit_target",
                "hit_stop",
                "closed",
                "computed_at",
            ),
        ),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        reference("signals", "signal_id"),
        not_negative("sessions_held"),
        CheckConstraint(
            "num_nonnulls(highest_price, lowest_price, return_pct, best_pct, worst_pct)"
            " = CASE WHEN sessions_held > 0 THEN 5 ELSE 0 END",
            name="measured_once_held",
        ),
        CheckConstraint(
            "lowest_price > 0 AND highest_price >= lowest_price", name="prices_ordered"
        ),
        CheckConstraint(
            "best_pct >= return_pct AND return_pct >= worst_pct", name="returns_ordered"
        ),
        CheckConstraint(
            "abs(return_pct) < 'Infinity' AND abs(best_pct) < 'Infinity'"
            " AND abs(worst_pct) < 'Infinity'",
            name="returns_are_finite",
        ),
        CheckConstraint("hit_target BETWEEN 1 AND 3", name="hit_target_in_range"),
        CheckConstraint(
            "(sessions_held > 0) = (stage IN ('triggered', 'target_hit', 'stopped', 'exited'))",
            name="held_by_stage",
        ),
        CheckConstraint("hit_stop = (stage = 'stopped')", name="stopped_by_stage"),
        CheckConstraint(
            "stage <> 'target_hit' OR hit_target IS NOT NULL", name="target_hit_is_named"
        ),
        Index("ix_signal_outcomes_open", "signal_id", postgresql_where=text("NOT closed")),
        # All that is followed changes each evening. On a page with room the new row needs no new
        # entry in an index; on a full one it needs one in each.
        {"postgresql_with": {"fillfactor": 60}},
    )

    signal_id: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, comment="The signal followed."
    )
    through_session: Mapped[dt.date] = mapped_column(comment="The newest session looked at.")
    stage: Mapped[Stage] = mapped_column(by_value(Stage, name="stage"), comment="How far it came.")
    sessions_held: Mapped[int] = mapped_column(
        comment="Sessions with a bar while it was held, that which triggered it included."
    )
    highest_price: Mapped[Price | None] = mapped_column(
        comment="Highest price while it was held; null before."
    )
    lowest_price: Mapped[Price | None] = mapped_column(
        comment="Lowest price while it was held; null before."
    )
    return_pct: Mapped[float | None] = mapped_column(
        Double,
        comment="From the signal's price to the last one, or to its end, percent; null before.",
    )
    best_pct: Mapped[float | None] = mapped_column(
        Double, comment="The best return on the way, percent; null while unheld."
    )
    worst_pct: Mapped[float | None] = mapped_column(
        Double, comment="The worst return on the way, percent; null while unheld."
    )
    hit_target: Mapped[int | None] = mapped_column(
        SmallInteger, comment="Number of the furthest target reached, 1 to 3; null: none was."
    )
    hit_stop: Mapped[bool] = mapped_column(
        server_default=text("false"), comment="Whether the price fell to the stop."
    )
    closed: Mapped[bool] = mapped_column(
        server_default=text("false"),
        comment="Whether it is over, so that later sessions change nothing.",
    )
    computed_at: Mapped[UtcTime] = mapped_column(comment="Moment (UTC) it was computed.")


class SignalStage(OwnedWithParent, Base):
    """A stage a signal came to on a session, as it was seen first: only added to.

    That it was said, and waits, is the signal itself.
    """

    __tablename__ = "signal_stages"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (READ, ADD),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        reference("signals", "signal_id"),
        positive("price"),
        CheckConstraint(
            "target BETWEEN 0 AND 3 AND (target > 0) = (stage = 'target_hit')",
            name="target_of_stage",
        ),
        Index("ix_signal_stages_session", "session"),
    )

    signal_id: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, comment="The signal it is a stage of."
    )
    stage: Mapped[Stage] = mapped_column(
        by_value(Stage, name="stage"), primary_key=True, comment="The stage it came to."
    )
    target: Mapped[int] = mapped_column(
        SmallInteger, primary_key=True, comment="Number of the target reached; 0: no target was."
    )
    session: Mapped[dt.date] = mapped_column(comment="The session it came to it on.")
    price: Mapped[Price | None] = mapped_column(
        comment="At what price, in the basis of the signal's session; null: at none."
    )
    created_at: Mapped[CreatedAt]


class Notification(HasId, OwnedByUser, Base):
    """A message to one user on one channel, on its way out.

    Due while `pending` and `due_at` has passed; `leased` while somebody sends it, and due again
    once the lease has run out. `sent` has Discord's message id, `printed` went to the console for
    want of a webhook, `suppressed` and `failed` say why. Whether its user has read it is a matter
    of its own.
    """

    __tablename__ = "notifications"
    __grants__: ClassVar = {
        Role.APP: (READ, change("read_at", "dismissed_at")),
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
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        UniqueConstraint("user_id", "id"),
        # What tells a signal, `notification_signals`, names the channel as well.
        UniqueConstraint("user_id", "id", "channel"),
        UniqueConstraint("user_id", "channel", "session", "part"),
        CheckConstraint("(status = 'leased') = (leased_until IS NOT NULL)", name="leased_until"),
        CheckConstraint("(status = 'sent') = (message_id IS NOT NULL)", name="sent_with_message"),
        CheckConstraint(
            "status NOT IN ('failed', 'suppressed') OR reason IS NOT NULL", name="reason_given"
        ),
        CheckConstraint(
            "finished_at IS NULL OR status NOT IN ('pending', 'leased')", name="finished_is_final"
        ),
        CheckConstraint("attempts >= 0 AND part >= 1", name="counts"),
        Index(
            "ix_notifications_due",
            "due_at",
            postgresql_where=text("status IN ('pending', 'leased')"),
        ),
        Index("ix_notifications_session", "session"),
        Index(
            "ix_notifications_unread",
            "user_id",
            "id",
            postgresql_where=text("read_at IS NULL AND dismissed_at IS NULL"),
        ),
    )

    channel: Mapped[Channel] = mapped_column(
        by_value(Channel, name="channel"), comment="The channel it goes out on."
    )
    session: Mapped[dt.date] = mapped_column(comment="The session it is about.")
    part: Mapped[int] = mapped_column(
        comment="Counts the user's messages of the session on the channel, from 1."
    )
    message: Mapped[Document] = mapped_column(comment="What it says, in parts a channel lays out.")
    status: Mapped[NotificationStatus] = mapped_column(
        by_value(NotificationStatus, name="status"), comment="Where it is on its way out."
    )
    due_at: Mapped[UtcTime] = mapped_column(comment="Moment (UTC) from which it may be sent.")
    leased_until: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) until which its sender has it; null unless it is leased."
    )
    attempts: Mapped[int] = mapped_column(
        server_default=text("0"), comment="How many times sending it was tried."
    )
    message_id: Mapped[str | None] = mapped_column(
        String(32), comment="Discord's id of what was posted; null unless it was sent."
    )
    reason: Mapped[str | None] = mapped_column(
        comment="Why it failed, waits or was suppressed; null otherwise."
    )
    created_at: Mapped[CreatedAt]
    finished_at: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) its way out ended; null until then."
    )
    kind: Mapped[NotificationKind] = mapped_column(
        by_value(NotificationKind, name="kind"),
        server_default=NotificationKind.SIGNALS.value,
        comment="What it is about.",
    )
    priority: Mapped[Priority] = mapped_column(
        by_value(Priority, name="priority"),
        server_default=Priority.NORMAL.value,
        comment="How much it asks for attention.",
    )
    read_at: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) its user read it; null while unread."
    )
    dismissed_at: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) its user put it away; null while it is shown."
    )
    expires_at: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) after which it tells nothing new; null: it never expires."
    )


class NotificationSignal(OwnedWithParent, Base):
    """Which notification tells which signal; a signal is told once on a channel."""

    __tablename__ = "notification_signals"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (READ, ADD),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        UniqueConstraint("signal_id", "channel"),
        ForeignKeyConstraint(
            ["user_id", "notification_id", "channel"],
            ["notifications.user_id", "notifications.id", "notifications.channel"],
            # The name by rule is longer than PostgreSQL's 63 characters.
            name="fk_notification_signals_notification_id_channel_notifications",
        ),
        reference("signals", "signal_id"),
    )

    notification_id: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, comment="The notification that tells it."
    )
    signal_id: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, comment="The signal that is told."
    )
    channel: Mapped[Channel] = mapped_column(
        by_value(Channel, name="channel"), comment="The notification's channel."
    )


class AlertRule(HasId, OwnedByUser, Base):
    """What a user wants to be told, and when: conditions, how often, and on which channel.

    About one instrument, about each of a universe, or, where neither is named, about the user's
    accounts as a whole. A rule is archived, never deleted: its triggers are a record.
    """

    __tablename__ = "alert_rules"
    __grants__: ClassVar = {
        Role.APP: (
            READ,
            add(
                "user_id",
                "name",
                "description",
                "instrument_id",
                "universe",
                "conditions",
                "is_enabled",
                "frequency",
                "cooldown_minutes",
                "max_per_day",
                "channel",
                "priority",
                "message",
                "expires_at",
                "media",
                "max_triggers",
            ),
            change(
                "name",
                "description",
                "instrument_id",
                "universe",
                "conditions",
                "is_enabled",
                "frequency",
                "cooldown_minutes",
                "max_per_day",
                "channel",
                "priority",
                "message",
                "expires_at",
                "media",
                "max_triggers",
                "archived_at",
                "changed_at",
            ),
        ),
        Role.PIPELINE: (READ, change("last_triggered_at", "trigger_count", "is_enabled")),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        UniqueConstraint("user_id", "name"),
        UniqueConstraint("user_id", "id"),
        filled("name"),
        CheckConstraint("num_nonnulls(instrument_id, universe) <= 1", name="about_one_or_many"),
        CheckConstraint("jsonb_typeof(universe) = 'object'", name="universe_is_object"),
        CheckConstraint(
            "jsonb_typeof(conditions) = 'array' AND conditions <> '[]'", name="conditions_listed"
        ),
        not_negative("cooldown_minutes"),
        positive("max_per_day"),
        positive("max_triggers"),
        CheckConstraint(
            "NOT jsonb_path_exists(conditions, "
            """'$[*].group ? (@.type() <> "number" || @ < 1)')""",
            name="groups_are_numbered",
        ),
        _are_media("media"),
        not_negative("trigger_count"),
        CheckConstraint(
            "(trigger_count = 0) = (last_triggered_at IS NULL)", name="triggered_with_moment"
        ),
        CheckConstraint("archived_at IS NULL OR NOT is_enabled", name="archived_is_disabled"),
    )

    name: Mapped[str] = mapped_column(String(64), comment="What its user calls it.")
    description: Mapped[str | None] = mapped_column(
        comment="The user's own words about it; null where there are none."
    )
    instrument_id: Mapped[int | None] = mapped_column(
        BigInteger,
        ForeignKey("instruments.id"),
        comment="The instrument it watches; null where it names none.",
    )
    universe: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True),
        comment="Which instruments it watches, each by itself; null where it names none.",
    )
    conditions: Mapped[list[dict[str, Any]]] = mapped_column(
        JSONB,
        comment="A list of measure, comparison and value. All must hold; those with a `group` are "
        "alternatives by its number: all of one group suffice.",
    )
    is_enabled: Mapped[bool] = mapped_column(
        server_default=text("true"), comment="Whether it is watched."
    )
    frequency: Mapped[AlertFrequency] = mapped_column(
        by_value(AlertFrequency, name="frequency"),
        server_default=AlertFrequency.ONCE.value,
        comment="How often it triggers while its conditions hold.",
    )
    cooldown_minutes: Mapped[int] = mapped_column(
        server_default=text("60"), comment="Minutes it keeps silent after it has triggered."
    )
    max_per_day: Mapped[int] = mapped_column(
        server_default=text("10"), comment="How many messages it may make on a session's date."
    )
    channel: Mapped[Channel] = mapped_column(
        by_value(Channel, name="channel"),
        server_default=Channel.ALERTS.value,
        comment="The channel its messages go out on.",
    )
    priority: Mapped[Priority] = mapped_column(
        by_value(Priority, name="priority"),
        server_default=Priority.NORMAL.value,
        comment="How much its messages ask for attention.",
    )
    message: Mapped[str | None] = mapped_column(
        comment="The user's own text for its messages; null: the usual one."
    )
    expires_at: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) after which it is not watched; null: no end."
    )
    last_triggered_at: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) it triggered last; null where it never did."
    )
    trigger_count: Mapped[int] = mapped_column(
        server_default=text("0"), comment="How many times it has triggered."
    )
    created_at: Mapped[CreatedAt]
    changed_at: Mapped[CreatedAt] = mapped_column(comment="Moment (UTC) its user last changed it.")
    archived_at: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) it was put away; null while in use."
    )
    media: Mapped[list[str]] = mapped_column(
        ARRAY(String(16)),
        server_default=text("'{discord}'"),
        comment="By what its messages go out: discord, email, app; empty: triggers are only kept.",
    )
    max_triggers: Mapped[int | None] = mapped_column(
        comment="How often it may trigger in all before it is disabled; null: no end."
    )


class AlertTrigger(HasId, OwnedWithParent, Base):
    """A moment at which the conditions of an alert rule held, with what was measured.

    Only added to; that its user has seen it is noted on it. A rule about many instruments triggers
    for each of them.
    """

    __tablename__ = "alert_triggers"
    __grants__: ClassVar = {
        Role.APP: (READ, change("acknowledged_at")),
        Role.PIPELINE: (READ, ADD),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        UniqueConstraint(
            "rule_id", "instrument_id", "triggered_at", postgresql_nulls_not_distinct=True
        ),
        reference("alert_rules", "rule_id"),
        reference("notifications", "notification_id"),
        CheckConstraint(
            "abs(value) < 'Infinity' AND abs(threshold) < 'Infinity'", name="numbers_are_finite"
        ),
        CheckConstraint("jsonb_typeof(detail) = 'object'", name="detail_is_object"),
        _are_media("told_on"),
    )

    rule_id: Mapped[int] = mapped_column(BigInteger, comment="The alert rule that triggered.")
    instrument_id: Mapped[int | None] = mapped_column(
        BigInteger,
        ForeignKey("instruments.id"),
        comment="The instrument it triggered for; null: the accounts as a whole.",
    )
    session: Mapped[dt.date] = mapped_column(comment="The session it triggered on.")
    triggered_at: Mapped[UtcTime] = mapped_column(
        comment="Moment (UTC) the conditions were found to hold."
    )
    value: Mapped[float | None] = mapped_column(
        Double, comment="What was measured; null where the conditions name no single number."
    )
    threshold: Mapped[float | None] = mapped_column(
        Double, comment="What it was compared with; null where there is no single number."
    )
    detail: Mapped[Document] = mapped_column(
        comment="The conditions as they stood, with the value of each."
    )
    notification_id: Mapped[int | None] = mapped_column(
        BigInteger, comment="The message that told it; null where it was kept silent."
    )
    acknowledged_at: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) its user noted it; null until then."
    )
    told_on: Mapped[list[str] | None] = mapped_column(
        ARRAY(String(16)),
        comment="By what it was told, where no notification says so: discord, email, app; null: "
        "not known.",
    )
