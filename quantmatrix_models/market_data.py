"""Market data beside the series themselves.

Who delivers them and how that goes, what was fetched, what was wrong with it, and the newest state
of each instrument.
"""

import datetime as dt
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Double,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from quantmatrix_engine.vocabulary import (
    FetchKind,
    FindingRule,
    FindingStatus,
    Recommendation,
    RiskClass,
    Severity,
)
from quantmatrix_models.base import Base, HasId
from quantmatrix_models.constraints import filled, not_negative, positive
from quantmatrix_models.privileges import ADD, CHANGE, DELETE, READ, Role, change
from quantmatrix_models.tenancy import OwnedByUserOrNobody
from quantmatrix_models.types import CreatedAt, Document, Money, Price, UtcTime, by_value


class DataProvider(Base):
    """A provider of market data: its settings, its limits, and how it has been doing lately."""

    __tablename__ = "data_providers"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (
            READ,
            ADD,
            change(
                "consecutive_failures",
                "last_success_at",
                "last_failure_at",
                "last_error",
                "circuit_open_until",
            ),
        ),
        Role.ADMIN: (
            READ,
            change(
                "is_enabled",
                "priority",
                "requests_per_minute",
                "requests_per_day",
                "requests_per_month",
                "monthly_cost_usd",
                "monthly_budget_usd",
            ),
        ),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        CheckConstraint("name ~ '^[a-z0-9][a-z0-9_-]{0,31}$'", name="name_is_plain"),
        CheckConstraint("priority >= 1 AND priority <= 1000", name="priority_in_range"),
        positive("requests_per_minute"),
        positive("requests_per_day"),
        positive("requests_per_month"),
        not_negative("monthly_cost_usd"),
        not_negative("monthly_budget_usd"),
        not_negative("consecutive_failures"),
    )

    name: Mapped[str] = mapped_column(
        String(32), primary_key=True, comment="Name of the provider, lower-case."
    )
    is_enabled: Mapped[bool] = mapped_column(
        server_default=text("true"), comment="Whether it is asked at all."
    )
    priority: Mapped[int] = mapped_column(
        SmallInteger,
        server_default=text("100"),
        comment="Place in the order of asking, 1 to 1000; smaller is asked first.",
    )
    requests_per_minute: Mapped[int | None] = mapped_column(
        comment="Most requests in a minute; null: no limit."
    )
    requests_per_day: Mapped[int | None] = mapped_column(
        comment="Most requests in a UTC day; null: no limit."
    )
    requests_per_month: Mapped[int | None] = mapped_column(
        comment="Most requests in a UTC calendar month; null: no limit."
    )
    monthly_cost_usd: Mapped[Money | None] = mapped_column(
        comment="What it costs a month, in US dollars; null: unknown."
    )
    monthly_budget_usd: Mapped[Money | None] = mapped_column(
        comment="Most that may be spent on it a month, in US dollars; null: no limit."
    )
    consecutive_failures: Mapped[int] = mapped_column(
        server_default=text("0"), comment="Requests that failed since the last that succeeded."
    )
    last_success_at: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) a request last succeeded; null: never."
    )
    last_failure_at: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) a request last failed; null: never."
    )
    last_error: Mapped[str | None] = mapped_column(
        comment="What the last failed request said, without secrets; null: none failed."
    )
    circuit_open_until: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) until which it is not asked after failures; null: it may be asked."
    )


class UsageWindow(StrEnum):
    """A span requests are counted over: a minute, a day or a calendar month, in UTC."""

    MINUTE = "minute"
    DAY = "day"
    MONTH = "month"


class ProviderUsage(Base):
    """How many requests a provider was sent in one minute, day or month."""

    __tablename__ = "provider_usage"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (READ, ADD, change("requests", "failures")),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        not_negative("requests", "failures"),
        CheckConstraint("failures <= requests", name="failures_within_requests"),
        CheckConstraint(
            "date_trunc(window_kind, window_start, 'UTC') = window_start",
            name="window_start_is_exact",
        ),
    )

    provider: Mapped[str] = mapped_column(
        String(32),
        ForeignKey("data_providers.name"),
        primary_key=True,
        comment="The provider that was asked.",
    )
    window_kind: Mapped[UsageWindow] = mapped_column(
        by_value(UsageWindow, name="window_kind"),
        primary_key=True,
        comment="How long the window is.",
    )
    window_start: Mapped[UtcTime] = mapped_column(
        primary_key=True, comment="First moment (UTC) of the window."
    )
    requests: Mapped[int] = mapped_column(
        BigInteger, server_default=text("0"), comment="Requests sent in the window."
    )
    failures: Mapped[int] = mapped_column(
        BigInteger, server_default=text("0"), comment="Those of them that failed."
    )


class FetchStatus(StrEnum):
    """How a fetch ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"


class ProviderFetch(HasId, Base):
    """One answer of a provider: to what, for which sessions, and which state of its data."""

    __tablename__ = "provider_fetches"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (READ, ADD),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        CheckConstraint("last_session >= first_session", name="session_range"),
        CheckConstraint("rows >= 0 AND new_rows >= 0", name="counts"),
        CheckConstraint("(status = 'failed') = (error IS NOT NULL)", name="failed_with_error"),
        not_negative("duration_ms", "instruments"),
    )

    provider: Mapped[str] = mapped_column(
        String(32),
        ForeignKey("data_providers.name"),
        index=True,
        comment="The provider that was asked.",
    )
    version: Mapped[str] = mapped_column(
        comment="State of the provider's data, in its own words; a new one is fetched anew."
    )
    kind: Mapped[FetchKind] = mapped_column(
        by_value(FetchKind, name="kind"),
        server_default=FetchKind.BARS.value,
        comment="What was asked for, which is what `rows` counts.",
    )
    first_session: Mapped[dt.date] = mapped_column(comment="First session asked for.")
    last_session: Mapped[dt.date] = mapped_column(comment="Last session asked for.")
    rows: Mapped[int] = mapped_column(
        BigInteger, comment="Bars, actions or companies' figures in the answer, as `kind` says."
    )
    new_rows: Mapped[int] = mapped_column(
        BigInteger, comment="Those of them that were not stored before."
    )
    fetched_at: Mapped[UtcTime] = mapped_column(comment="Moment (UTC) of the answer.")
    dagster_run_id: Mapped[str] = mapped_column(String(64), comment="The Dagster run that asked.")
    status: Mapped[FetchStatus] = mapped_column(
        by_value(FetchStatus, name="status"),
        server_default=FetchStatus.SUCCEEDED.value,
        comment="How the fetch ended.",
    )
    error: Mapped[str | None] = mapped_column(
        comment="Why it failed, without secrets; null: it succeeded."
    )
    duration_ms: Mapped[int | None] = mapped_column(
        BigInteger, comment="Milliseconds from the request to the answer; null: not measured."
    )
    instruments: Mapped[int | None] = mapped_column(
        BigInteger, comment="How many instruments the answer has rows of; null: not counted."
    )


class Finding(HasId, OwnedByUserOrNobody, Base):
    """Something wrong with a row of data. The row itself is kept, so that it can be released.

    One about market data is nobody's, and every user may read it; one about a user's own rows is
    that user's.
    """

    __tablename__ = "findings"
    __unowned_rows_are_shared__ = True
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (READ, ADD, change("status", "closed_at", "resolution")),
        Role.ADMIN: (READ, change("status", "closed_at", "resolution")),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        CheckConstraint(
            "status <> 'open' OR (closed_at IS NULL AND resolution IS NULL)",
            name="open_is_unresolved",
        ),
        filled("resolution"),
        Index(
            "uq_findings_identity",
            "user_id",
            "provider",
            "source",
            "source_row",
            "symbol",
            "session",
            "rule",
            "column",
            "known_at",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_findings_session_symbol", "session", "symbol"),
    )

    provider: Mapped[str] = mapped_column(
        String(32), comment="The provider that delivered the data."
    )
    symbol: Mapped[str | None] = mapped_column(
        comment="The provider's symbol; null: unreadable, or a whole file."
    )
    session: Mapped[dt.date | None] = mapped_column(
        comment="Session the row is about; null: unreadable, or a whole file."
    )
    rule: Mapped[FindingRule] = mapped_column(
        by_value(FindingRule, name="rule"), comment="The rule that was broken."
    )
    column: Mapped[str | None] = mapped_column(
        comment="The column at fault; null: the row as a whole."
    )
    value: Mapped[str | None] = mapped_column(comment="The value found, as text; null: none.")
    expected: Mapped[str] = mapped_column(comment="What would be right, for a person.")
    severity: Mapped[Severity] = mapped_column(
        by_value(Severity, name="severity"), comment="How much the finding weighs."
    )
    source: Mapped[str] = mapped_column(
        comment="Where the row was read: the name of a file or a request."
    )
    source_row: Mapped[int | None] = mapped_column(
        BigInteger, comment="Line of the file, its header being line 1; null: no line."
    )
    known_at: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) the row became known, which tells its vintages apart; null: it is"
        " about no one statement."
    )
    row: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB, comment="The row as it was delivered; null: there is none."
    )
    status: Mapped[FindingStatus] = mapped_column(
        by_value(FindingStatus, name="status"),
        server_default=text("'open'"),
        comment="What became of it; a bar with an open finding stays in quarantine.",
    )
    found_at: Mapped[CreatedAt]
    closed_at: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) it was decided on; null: open, or not recorded."
    )
    resolution: Mapped[str | None] = mapped_column(
        comment="What was decided and why, for a person; null: open, or not recorded."
    )


class MarketSnapshot(Base):
    """The newest state of an instrument: its last bar, its indicators and what they come to.

    Derived, and replaced whenever a newer bar is there; the series are the truth.
    """

    __tablename__ = "market_snapshots"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (READ, ADD, CHANGE, DELETE),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        positive("close"),
        CheckConstraint("abs(change_pct) < 'Infinity'", name="change_pct_is_finite"),
        CheckConstraint("volume >= 0 AND volume < 'Infinity'", name="volume_in_range"),
        CheckConstraint(
            "jsonb_typeof(indicators) = 'object' AND NOT jsonb_path_exists(indicators,"
            """ 'strict $.* ? (@.type() <> "number" && @.type() <> "null")', '{}', true)""",
            name="indicators_are_numbers",
        ),
        CheckConstraint("score >= 0 AND score <= 1", name="score_in_range"),
        CheckConstraint("confidence >= 0 AND confidence <= 1", name="confidence_in_range"),
        # Read from its end: the best of those that have a score.
        Index("ix_market_snapshots_score", "score", postgresql_where=text("score IS NOT NULL")),
    )

    instrument_id: Mapped[int] = mapped_column(
        BigInteger,
        ForeignKey("instruments.id"),
        primary_key=True,
        autoincrement=False,
        comment="The instrument whose state it is.",
    )
    session: Mapped[dt.date] = mapped_column(comment="Session of the bar it is made from.")
    known_at: Mapped[UtcTime] = mapped_column(comment="Moment (UTC) that bar became known.")
    provider: Mapped[str] = mapped_column(
        String(32), ForeignKey("data_providers.name"), comment="The provider of that bar."
    )
    close: Mapped[Price] = mapped_column(
        comment="Close of the session as traded, in the instrument's currency."
    )
    change_pct: Mapped[float | None] = mapped_column(
        Double, comment="Change of the close from the session before, in percent; null: unknown."
    )
    volume: Mapped[float | None] = mapped_column(
        Double, comment="Units traded in the session; null: unknown."
    )
    indicators: Mapped[Document] = mapped_column(
        comment="Indicators of the session: name to number, null where history is too short."
    )
    score: Mapped[float | None] = mapped_column(
        Double, comment="How much speaks for it, 0 to 1, 0.5: neither way; null: not judged."
    )
    recommendation: Mapped[Recommendation | None] = mapped_column(
        by_value(Recommendation, name="recommendation"),
        comment="What the indicators speak for; null: not judged.",
    )
    confidence: Mapped[float | None] = mapped_column(
        Double, comment="How sure the recommendation is, 0 to 1; null: not judged."
    )
    risk_class: Mapped[RiskClass | None] = mapped_column(
        by_value(RiskClass, name="risk_class"), comment="How much it moves; null: not judged."
    )
    computed_at: Mapped[UtcTime] = mapped_column(comment="Moment (UTC) the row was computed.")
