"""Strategies: a user's setting of a kind, and the ledger of its runs."""

import datetime as dt
from typing import ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from quantmatrix_engine.vocabulary import RunStatus, WithheldReason
from quantmatrix_models.base import Base, HasId
from quantmatrix_models.privileges import ADD, CHANGE, READ, Role, change
from quantmatrix_models.tenancy import OwnedByUser
from quantmatrix_models.types import CreatedAt, Document, UtcTime, by_value


class Strategy(HasId, OwnedByUser, Base):
    """A kind of strategy with a user's params. Names are unique within the user."""

    __tablename__ = "strategies"
    __grants__: ClassVar = {
        Role.APP: (READ, change("name", "params", "universe", "is_enabled", "changed_at")),
        Role.PIPELINE: (READ,),
        Role.ADMIN: (READ, ADD, CHANGE),
    }
    __table_args__ = (
        UniqueConstraint("user_id", "name"),
        UniqueConstraint("user_id", "id"),
    )

    name: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(64), index=True)
    params: Mapped[Document]
    universe: Mapped[Document]
    is_enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[CreatedAt]
    changed_at: Mapped[CreatedAt]


class StrategyRun(HasId, OwnedByUser, Base):
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
    }
    __table_args__ = (
        UniqueConstraint("user_id", "id"),
        ForeignKeyConstraint(["user_id", "strategy_id"], ["strategies.user_id", "strategies.id"]),
        CheckConstraint("(status = 'failed') = (error IS NOT NULL)", name="failed_with_error"),
        CheckConstraint("candidates >= 0 AND signals >= 0 AND withheld >= 0", name="counts"),
        Index("ix_strategy_runs_strategy_id_session", "strategy_id", "session"),
    )

    strategy_id: Mapped[int] = mapped_column(BigInteger)
    session: Mapped[dt.date]
    kind: Mapped[str] = mapped_column(String(64))
    kind_version: Mapped[int]
    params: Mapped[Document]
    universe: Mapped[Document]
    code_version: Mapped[str] = mapped_column(String(64))
    inputs_known_at: Mapped[UtcTime | None]
    status: Mapped[RunStatus] = mapped_column(by_value(RunStatus, name="status"))
    error: Mapped[str | None]
    candidates: Mapped[int]
    signals: Mapped[int]
    withheld: Mapped[int]
    evaluated_at: Mapped[UtcTime]
    dagster_run_id: Mapped[str | None] = mapped_column(String(64))


class WithheldSignal(HasId, OwnedByUser, Base):
    """An instrument a strategy was asked about and did not judge, with the reason."""

    __tablename__ = "withheld_signals"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (READ, ADD),
        Role.ADMIN: (READ,),
    }
    __table_args__ = (
        UniqueConstraint("strategy_id", "session", "instrument_id"),
        ForeignKeyConstraint(["user_id", "strategy_id"], ["strategies.user_id", "strategies.id"]),
        ForeignKeyConstraint(["user_id", "run_id"], ["strategy_runs.user_id", "strategy_runs.id"]),
        ForeignKeyConstraint(["instrument_id"], ["instruments.id"]),
    )

    strategy_id: Mapped[int] = mapped_column(BigInteger)
    run_id: Mapped[int] = mapped_column(BigInteger)
    instrument_id: Mapped[int] = mapped_column(BigInteger)
    session: Mapped[dt.date]
    reason: Mapped[WithheldReason] = mapped_column(by_value(WithheldReason, name="reason"))
    detail: Mapped[str]
