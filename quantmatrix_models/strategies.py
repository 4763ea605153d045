"""Strategies: a user's setting of a kind, its versions, and the ledgers of runs and backtests."""

import datetime as dt
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Numeric,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from quantmatrix_engine.vocabulary import RunStatus, WithheldReason
from quantmatrix_models.base import Base, HasId
from quantmatrix_models.constraints import filled, not_negative, positive
from quantmatrix_models.measures import Measures, PerformancePeriod, bounds
from quantmatrix_models.privileges import ADD, CHANGE, DELETE, READ, Role, add, change
from quantmatrix_models.tenancy import OwnedByUser, OwnedWithParent, reference
from quantmatrix_models.types import CreatedAt, Digest, Document, Money, UtcTime, by_value


class TradingMode(StrEnum):
    """Whether money is at stake."""

    PAPER = "paper"
    LIVE = "live"


class BacktestStatus(StrEnum):
    """Where a backtest is between its request and its end."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


def _are_objects(*columns: str) -> CheckConstraint:
    rule = " AND ".join(f"jsonb_typeof({column}) = 'object'" for column in columns)
    return CheckConstraint(rule, name=f"{columns[0]}_are_objects")


class Strategy(HasId, OwnedByUser, Base):
    """A kind of strategy with a user's params. Names are unique within the user.

    A strategy is archived, never deleted: its runs and signals are a record. An archived one keeps
    its name and is not enabled.
    """

    __tablename__ = "strategies"
    __grants__: ClassVar = {
        Role.APP: (
            READ,
            add(
                "user_id",
                "name",
                "kind",
                "params",
                "universe",
                "is_enabled",
                "description",
                "mode",
                "is_automated",
                "review_on",
            ),
            change(
                "name",
                "params",
                "universe",
                "is_enabled",
                "description",
                "mode",
                "is_automated",
                "review_on",
                "archived_at",
                "changed_at",
            ),
        ),
        Role.PIPELINE: (READ,),
        Role.ADMIN: (READ, ADD, CHANGE),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        UniqueConstraint("user_id", "name"),
        UniqueConstraint("user_id", "id"),
        filled("name"),
        _are_objects("params", "universe"),
        CheckConstraint("archived_at IS NULL OR NOT is_enabled", name="archived_is_disabled"),
    )

    name: Mapped[str] = mapped_column(String(64), comment="What its user calls it.")
    kind: Mapped[str] = mapped_column(
        String(64), index=True, comment="The rules it follows, by the kind's name in the engine."
    )
    params: Mapped[Document] = mapped_column(
        comment="The kind's parameters that differ from its defaults, by name."
    )
    universe: Mapped[Document] = mapped_column(comment="Which instruments it is asked about.")
    is_enabled: Mapped[bool] = mapped_column(
        server_default=text("true"), comment="Whether it is evaluated each session."
    )
    created_at: Mapped[CreatedAt]
    changed_at: Mapped[CreatedAt] = mapped_column(
        comment="Moment (UTC) its settings were last changed."
    )
    description: Mapped[str | None] = mapped_column(
        comment="The user's own words about it; null where there are none."
    )
    mode: Mapped[TradingMode] = mapped_column(
        by_value(TradingMode, name="mode"),
        server_default=TradingMode.PAPER.value,
        comment="Whether its trades are made on paper or with money.",
    )
    archived_at: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) it was put away; null while in use."
    )
    is_automated: Mapped[bool] = mapped_column(
        server_default=text("false"),
        comment="Whether its orders may go out without the user's word for each.",
    )
    review_on: Mapped[dt.date | None] = mapped_column(
        comment="Date the user wants to look at it again; null: none was set."
    )


class StrategyVersion(HasId, OwnedWithParent, Base):
    """What a strategy's settings were from a moment on, until its next version. Never changed.

    Whoever changes a strategy adds the version in the same transaction; there is no trigger.
    """

    __tablename__ = "strategy_versions"
    __grants__: ClassVar = {
        # A user's own changes need no name beside them, and nobody else's can be put there.
        Role.APP: (
            READ,
            add("user_id", "strategy_id", "version", "kind", "params", "universe", "valid_from"),
        ),
        Role.PIPELINE: (READ,),
        Role.ADMIN: (READ, ADD),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        UniqueConstraint("strategy_id", "version"),
        reference("strategies", "strategy_id"),
        positive("version"),
        _are_objects("params", "universe"),
    )

    strategy_id: Mapped[int] = mapped_column(
        BigInteger, comment="The strategy whose settings these are."
    )
    version: Mapped[int] = mapped_column(comment="Counts the strategy's settings, from 1.")
    kind: Mapped[str] = mapped_column(String(64), comment="The strategy's kind at that time.")
    params: Mapped[Document] = mapped_column(comment="The strategy's params at that time.")
    universe: Mapped[Document] = mapped_column(comment="The strategy's universe at that time.")
    valid_from: Mapped[UtcTime] = mapped_column(
        comment="Moment (UTC) from which these settings held."
    )
    changed_by: Mapped[int | None] = mapped_column(
        BigInteger,
        ForeignKey("users.id"),
        comment="The administrator who set them in the user's place; null: the user.",
    )


class ResolvedUniverse(OwnedByUser, Base):
    """A list of instruments that runs of a user were asked about, stored once for all of them.

    Never changed: its digest names what it holds. The digest is the SHA-256 of the ids, joined by
    commas.
    """

    __tablename__ = "resolved_universes"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (READ, ADD),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (CheckConstraint("octet_length(digest) = 32", name="digest_is_sha_256"),)

    user_id: Mapped[int] = mapped_column(
        BigInteger,
        ForeignKey("users.id"),
        primary_key=True,
        sort_order=-1,
        comment="The user the row belongs to.",
    )
    digest: Mapped[Digest] = mapped_column(
        primary_key=True, comment="SHA-256 digest of the ids, joined by commas."
    )
    instrument_ids: Mapped[list[int]] = mapped_column(
        ARRAY(BigInteger), comment="The instruments, by their ids, ascending; empty: none."
    )


class StrategyRun(HasId, OwnedWithParent, Base):
    """One evaluation of a strategy on a session. Rows are only added: a repeated session adds one.

    `params`, `kind_version`, `code_version` and `inputs_known_at` (the newest moment among the
    bars used) are what is needed to derive its signals again. A failed run has an `error` and
    nothing else to show.
    """

    __tablename__ = "strategy_runs"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (READ, ADD),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        UniqueConstraint("user_id", "id"),
        UniqueConstraint("user_id", "strategy_id", "session", "id"),
        reference("strategies", "strategy_id"),
        ForeignKeyConstraint(
            ["user_id", "universe_digest"],
            ["resolved_universes.user_id", "resolved_universes.digest"],
        ),
        CheckConstraint("(status = 'failed') = (error IS NOT NULL)", name="failed_with_error"),
        CheckConstraint("candidates >= 0 AND signals >= 0 AND withheld >= 0", name="counts"),
        not_negative("duration_ms"),
        Index("ix_strategy_runs_strategy_id_session", "strategy_id", "session"),
        Index("ix_strategy_runs_session", "session"),
    )

    strategy_id: Mapped[int] = mapped_column(BigInteger, comment="The strategy evaluated.")
    session: Mapped[dt.date] = mapped_column(comment="The session it was evaluated on.")
    kind: Mapped[str] = mapped_column(String(64), comment="The strategy's kind at that moment.")
    kind_version: Mapped[int] = mapped_column(
        comment="Version of the kind's rules; 0 where the settings could not be read."
    )
    params: Mapped[Document] = mapped_column(comment="The params as used, defaults included.")
    universe: Mapped[Document] = mapped_column(comment="The universe as used.")
    code_version: Mapped[str] = mapped_column(String(64), comment="Version of the program.")
    inputs_known_at: Mapped[UtcTime | None] = mapped_column(
        comment="Newest moment (UTC) among the bars used; null where there were none."
    )
    status: Mapped[RunStatus] = mapped_column(
        by_value(RunStatus, name="status"), comment="How the evaluation ended."
    )
    error: Mapped[str | None] = mapped_column(comment="Why it failed; null where it did not.")
    candidates: Mapped[int] = mapped_column(comment="How many instruments it was asked about.")
    signals: Mapped[int] = mapped_column(comment="How many signals it gave.")
    withheld: Mapped[int] = mapped_column(comment="How many instruments it did not judge.")
    evaluated_at: Mapped[UtcTime] = mapped_column(comment="Moment (UTC) of the evaluation.")
    dagster_run_id: Mapped[str | None] = mapped_column(
        String(64), comment="The Dagster run it was part of; null outside Dagster."
    )
    duration_ms: Mapped[int | None] = mapped_column(
        comment="How long it took, in milliseconds; null where it was not measured."
    )
    universe_digest: Mapped[Digest | None] = mapped_column(
        comment="What it was asked about, in `resolved_universes`; null where it failed, and "
        "before that was kept."
    )


class WithheldSignal(HasId, OwnedWithParent, Base):
    """An instrument a strategy was asked about and did not judge, with the reason."""

    __tablename__ = "withheld_signals"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (READ, ADD),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        UniqueConstraint("strategy_id", "session", "instrument_id"),
        Index("ix_withheld_signals_session", "session"),
        # The run is one of the same strategy and session.
        reference(
            "strategy_runs",
            "strategy_id",
            "session",
            "run_id",
            name="fk_withheld_signals_run_id_strategy_runs",
        ),
    )

    strategy_id: Mapped[int] = mapped_column(BigInteger, comment="The strategy that was asked.")
    run_id: Mapped[int] = mapped_column(BigInteger, comment="The first run that withheld it.")
    instrument_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("instruments.id"), comment="The instrument not judged."
    )
    session: Mapped[dt.date] = mapped_column(comment="The session it was asked about.")
    reason: Mapped[WithheldReason] = mapped_column(
        by_value(WithheldReason, name="reason"), comment="Why it was not judged, as a word."
    )
    detail: Mapped[str] = mapped_column(comment="Why it was not judged, in a sentence.")


class ToldFailure(OwnedWithParent, Base):
    """A strategy that failed on a session, once administrators were told: only added to.

    One that fails again on the session, for whatever reason, is not told again.
    """

    __tablename__ = "told_failures"
    __grants__: ClassVar = {
        Role.PIPELINE: (READ, ADD),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (reference("strategies", "strategy_id"), positive("part"))

    strategy_id: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, comment="The strategy that failed."
    )
    session: Mapped[dt.date] = mapped_column(primary_key=True, comment="The session it failed on.")
    part: Mapped[int] = mapped_column(
        comment="Number of the message that told it, on the channel `system_status`."
    )
    created_at: Mapped[CreatedAt]


class StrategyPerformance(HasId, OwnedWithParent, Measures, Base):
    """What a strategy's trades came to over a period, as computed last.

    Derived from trades and bars: an evaluation of the same period replaces the row. Measures that
    need more sessions or trades than there are, or a benchmark where none is named, are null.
    """

    __tablename__ = "strategy_performance"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (READ, ADD, CHANGE, DELETE),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        UniqueConstraint("strategy_id", "source", "period", "first_session"),
        reference("strategies", "strategy_id"),
        CheckConstraint("last_session >= first_session", name="session_range"),
        CheckConstraint(
            "winners >= 0 AND losers >= 0 AND winners + losers <= trades", name="counts"
        ),
        CheckConstraint(
            "average_win_pct >= 0 AND average_loss_pct <= 0", name="averages_have_their_sign"
        ),
        not_negative("exposure_pct"),
        not_negative("turnover_ratio"),
        not_negative("tracking_error_pct"),
        CheckConstraint(
            "benchmark_id IS NOT NULL OR num_nonnulls(beta, alpha_pct, benchmark_return_pct, "
            "excess_return_pct, tracking_error_pct, information_ratio) = 0",
            name="compared_with_a_benchmark",
        ),
        *bounds(
            "total_return_pct",
            "calmar",
            "beta",
            "alpha_pct",
            "average_win_pct",
            "average_loss_pct",
            "exposure_pct",
            "turnover_ratio",
            "benchmark_return_pct",
            "excess_return_pct",
            "tracking_error_pct",
            "information_ratio",
        ),
    )

    strategy_id: Mapped[int] = mapped_column(BigInteger, comment="The strategy measured.")
    source: Mapped[TradingMode] = mapped_column(
        by_value(TradingMode, name="source"), comment="Which of its trades: on paper or with money."
    )
    period: Mapped[PerformancePeriod] = mapped_column(
        by_value(PerformancePeriod, name="period"), comment="Length of time measured."
    )
    first_session: Mapped[dt.date] = mapped_column(comment="The period's first session.")
    last_session: Mapped[dt.date] = mapped_column(
        comment="The newest session measured; the period's last once it is over."
    )
    computed_at: Mapped[UtcTime] = mapped_column(comment="Moment (UTC) it was computed.")
    code_version: Mapped[str] = mapped_column(
        String(64), comment="Version of the program that computed it."
    )
    trades: Mapped[int] = mapped_column(comment="Trades closed in the period.")
    winners: Mapped[int] = mapped_column(comment="Trades closed at a gain.")
    losers: Mapped[int] = mapped_column(comment="Trades closed at a loss.")
    total_return_pct: Mapped[float] = mapped_column(
        Double, comment="Return of the period, percent."
    )
    calmar: Mapped[float | None] = mapped_column(
        Double, comment="Annualized return for each unit of the deepest drawdown."
    )
    beta: Mapped[float | None] = mapped_column(
        Double, comment="Slope of its returns on the benchmark's."
    )
    alpha_pct: Mapped[float | None] = mapped_column(
        Double, comment="Annualized return its beta does not explain, percent."
    )
    average_win_pct: Mapped[float | None] = mapped_column(
        Double, comment="Mean return of the winners, percent; null without one."
    )
    average_loss_pct: Mapped[float | None] = mapped_column(
        Double, comment="Mean return of the losers, percent, below 0; null without one."
    )
    exposure_pct: Mapped[float | None] = mapped_column(
        Double, comment="Mean part of the equity in positions, percent; above 100 on margin."
    )
    turnover_ratio: Mapped[float | None] = mapped_column(
        Double, comment="Value traded over mean equity."
    )
    benchmark_id: Mapped[int | None] = mapped_column(
        BigInteger,
        ForeignKey("instruments.id"),
        comment="The instrument compared with; null: compared with none.",
    )
    benchmark_return_pct: Mapped[float | None] = mapped_column(
        Double, comment="Return of the benchmark over the same sessions, percent."
    )
    excess_return_pct: Mapped[float | None] = mapped_column(
        Double, comment="Total return less the benchmark's, percentage points."
    )
    tracking_error_pct: Mapped[float | None] = mapped_column(
        Double, comment="Annualized standard deviation of the difference of returns, percent."
    )
    information_ratio: Mapped[float | None] = mapped_column(
        Double, comment="Annualized excess return for each unit of tracking error."
    )


class BacktestRun(HasId, OwnedByUser, Measures, Base):
    """A strategy tried on past sessions: what was asked, from which data, and what came of it.

    The row is the request and, later, its result. Its settings are its own copy, so that it can be
    computed again: with `data_known_at`, `inputs_digest`, `seed` and the versions of kind and code.
    The equity curve and the trades are long series and lie in the lake, at `series_path`.
    """

    __tablename__ = "backtest_runs"
    __grants__: ClassVar = {
        Role.APP: (
            READ,
            add(
                "user_id",
                "strategy_id",
                "name",
                "kind",
                "params",
                "universe",
                "first_session",
                "last_session",
                "initial_capital",
                "commission_per_trade",
                "slippage_bps",
                "benchmark_id",
                "data_known_at",
                "seed",
            ),
        ),
        Role.PIPELINE: (
            READ,
            change(
                "kind_version",
                "code_version",
                "data_known_at",
                "inputs_digest",
                "status",
                "error",
                "started_at",
                "finished_at",
                "final_value",
                "total_return_pct",
                "annualized_return_pct",
                "volatility_pct",
                "max_drawdown_pct",
                "sharpe",
                "sortino",
                "win_rate_pct",
                "profit_factor",
                "trades",
                "series_path",
                "dagster_run_id",
            ),
        ),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        reference("strategies", "strategy_id"),
        filled("name"),
        _are_objects("params", "universe"),
        positive("kind_version"),
        CheckConstraint("last_session > first_session", name="end_after_start"),
        positive("initial_capital"),
        not_negative("commission_per_trade"),
        not_negative("slippage_bps"),
        CheckConstraint("octet_length(inputs_digest) = 32", name="inputs_digest_is_sha_256"),
        CheckConstraint("(status = 'failed') = (error IS NOT NULL)", name="failed_with_error"),
        CheckConstraint(
            "status NOT IN ('running', 'succeeded') OR started_at IS NOT NULL",
            name="running_was_started",
        ),
        CheckConstraint(
            "(status IN ('succeeded', 'failed', 'cancelled')) = (finished_at IS NOT NULL)",
            name="ended_is_finished",
        ),
        CheckConstraint(
            "started_at >= requested_at AND finished_at >= coalesce(started_at, requested_at)",
            name="moments_ordered",
        ),
        CheckConstraint(
            "(status = 'succeeded') = (final_value IS NOT NULL)", name="succeeded_with_value"
        ),
        CheckConstraint(
            "status <> 'succeeded' OR num_nulls(kind_version, code_version, data_known_at) = 0",
            name="succeeded_with_origin",
        ),
        not_negative("trades"),
        *bounds("total_return_pct"),
        # A user's newest backtests: read backwards.
        Index("ix_backtest_runs_user_id_requested_at", "user_id", "requested_at"),
    )

    strategy_id: Mapped[int | None] = mapped_column(
        BigInteger, comment="The strategy it tries; null: settings that were never saved as one."
    )
    name: Mapped[str] = mapped_column(String(64), comment="What its user calls it.")
    kind: Mapped[str] = mapped_column(String(64), comment="The kind of strategy tried.")
    kind_version: Mapped[int | None] = mapped_column(
        comment="Version of the kind's rules; null until it is run."
    )
    params: Mapped[Document] = mapped_column(comment="The kind's parameters, by name.")
    universe: Mapped[Document] = mapped_column(comment="Which instruments it may trade.")
    first_session: Mapped[dt.date] = mapped_column(comment="The first session traded.")
    last_session: Mapped[dt.date] = mapped_column(comment="The last session traded.")
    initial_capital: Mapped[Money] = mapped_column(
        comment="Cash it begins with, in the currency of its instruments."
    )
    commission_per_trade: Mapped[Money] = mapped_column(
        server_default=text("1"), comment="Paid for each trade, in the same currency."
    )
    slippage_bps: Mapped[Decimal] = mapped_column(
        Numeric(9, 4),
        server_default=text("5"),
        comment="How much worse than the bar's price it trades, basis points.",
    )
    benchmark_id: Mapped[int | None] = mapped_column(
        BigInteger,
        ForeignKey("instruments.id"),
        comment="The instrument it is compared with; null: with none.",
    )
    data_known_at: Mapped[UtcTime | None] = mapped_column(
        comment="The data are those known at this moment (UTC); null: the newest, until it is run."
    )
    inputs_digest: Mapped[Digest | None] = mapped_column(
        comment="SHA-256 of the data it read; null until it is run."
    )
    code_version: Mapped[str | None] = mapped_column(
        String(64), comment="Version of the program; null until it is run."
    )
    seed: Mapped[int | None] = mapped_column(
        BigInteger, comment="Seed of its random numbers; null where it draws none."
    )
    status: Mapped[BacktestStatus] = mapped_column(
        by_value(BacktestStatus, name="status"),
        server_default=BacktestStatus.QUEUED.value,
        comment="Where it is on its way.",
    )
    error: Mapped[str | None] = mapped_column(comment="Why it failed; null where it did not.")
    requested_at: Mapped[CreatedAt] = mapped_column(comment="Moment (UTC) it was asked for.")
    started_at: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) it began; null while it waits."
    )
    finished_at: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) it ended, however it did; null until then."
    )
    final_value: Mapped[Money | None] = mapped_column(
        comment="Cash and positions at the end; null unless it succeeded."
    )
    total_return_pct: Mapped[float | None] = mapped_column(
        Double, comment="Return from first to last session, percent."
    )
    trades: Mapped[int | None] = mapped_column(
        comment="How many trades it closed; null until it is done."
    )
    series_path: Mapped[str | None] = mapped_column(
        comment="Where in the lake its equity curve and trades lie; null where none were kept."
    )
    dagster_run_id: Mapped[str | None] = mapped_column(
        String(64), comment="The Dagster run that computed it; null until then."
    )
