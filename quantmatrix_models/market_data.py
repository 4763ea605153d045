"""Market data beside the series themselves: what was fetched, and what was wrong with it."""

import datetime as dt
from typing import Any, ClassVar

from sqlalchemy import BigInteger, CheckConstraint, Index, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from quantmatrix_engine.vocabulary import FindingRule, FindingStatus, Severity
from quantmatrix_models.base import Base, HasId
from quantmatrix_models.privileges import ADD, READ, Role, change
from quantmatrix_models.tenancy import OwnedByUserOrNobody
from quantmatrix_models.types import CreatedAt, UtcTime, by_value


class ProviderFetch(HasId, Base):
    """One answer of a provider: for which sessions, how many bars, and which state of its data."""

    __tablename__ = "provider_fetches"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (READ, ADD),
        Role.ADMIN: (READ,),
    }
    __table_args__ = (
        CheckConstraint("last_session >= first_session", name="session_range"),
        CheckConstraint("bars >= 0 AND new_bars >= 0", name="counts"),
    )

    provider: Mapped[str] = mapped_column(String(32), index=True)
    version: Mapped[str]
    first_session: Mapped[dt.date]
    last_session: Mapped[dt.date]
    bars: Mapped[int] = mapped_column(BigInteger)
    new_bars: Mapped[int] = mapped_column(BigInteger)
    fetched_at: Mapped[UtcTime]
    dagster_run_id: Mapped[str] = mapped_column(String(64))


class Finding(HasId, OwnedByUserOrNobody, Base):
    """Something wrong with a row of data. The row itself is kept, so that it can be released.

    Findings of market data belong to nobody and everybody may read them; one of a row that belongs
    to a user, such as a signal, is that user's.
    """

    __unowned_rows_are_shared__ = True

    __tablename__ = "findings"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (READ, ADD),
        Role.ADMIN: (READ, change("status")),
    }
    __table_args__ = (
        Index(
            "uq_findings_identity",
            "provider",
            "source",
            "source_row",
            "symbol",
            "session",
            "rule",
            "column",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_findings_session_symbol", "session", "symbol"),
    )

    provider: Mapped[str] = mapped_column(String(32))
    symbol: Mapped[str | None]
    session: Mapped[dt.date | None]
    rule: Mapped[FindingRule] = mapped_column(by_value(FindingRule, name="rule"))
    column: Mapped[str | None]
    value: Mapped[str | None]
    expected: Mapped[str]
    severity: Mapped[Severity] = mapped_column(by_value(Severity, name="severity"))
    source: Mapped[str]
    source_row: Mapped[int | None] = mapped_column(BigInteger)
    row: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    status: Mapped[FindingStatus] = mapped_column(
        by_value(FindingStatus, name="status"), server_default=text("'open'")
    )
    found_at: Mapped[CreatedAt]
