"""Instruments: what can be traded, under an id that outlives every symbol."""

import datetime as dt
from typing import ClassVar

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String, func, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from quantmatrix_engine.vocabulary import InstrumentKind
from quantmatrix_models.base import Base, HasId
from quantmatrix_models.privileges import ADD, READ, Role, change
from quantmatrix_models.types import CreatedAt, Symbol, by_value


class Instrument(HasId, Base):
    """One thing that can be traded. Its id is permanent; its symbols are rows of their own."""

    __tablename__ = "instruments"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (READ, ADD),
        Role.ADMIN: (READ,),
    }
    __table_args__ = (
        CheckConstraint("exchange ~ '^[A-Z0-9]{4}$'", name="exchange_is_mic"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_is_iso_4217"),
    )

    kind: Mapped[InstrumentKind] = mapped_column(by_value(InstrumentKind, name="kind"))
    exchange: Mapped[str] = mapped_column(String(4))
    currency: Mapped[str] = mapped_column(String(3))
    name: Mapped[str | None]
    created_at: Mapped[CreatedAt]


class InstrumentSymbol(HasId, Base):
    """A symbol an instrument has from `valid_from` until the day before `valid_to` (or on).

    No two instruments have the same symbol on the same exchange on the same date. Text has no
    equality in a GiST index without an extension, so equal texts are written as overlapping
    one-value ranges of the type `text_range`.
    """

    __tablename__ = "instrument_symbols"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (READ, ADD, change("valid_from")),
        Role.ADMIN: (READ,),
    }
    __table_args__ = (
        CheckConstraint("valid_to > valid_from", name="valid_range"),
        ExcludeConstraint(
            (func.text_range(text("symbol"), text("symbol"), text("'[]'")), "&&"),
            (func.text_range(text("exchange"), text("exchange"), text("'[]'")), "&&"),
            (func.daterange(text("valid_from"), text("valid_to")), "&&"),
            name="ex_instrument_symbols_symbol_exchange_valid",
            using="gist",
        ),
    )

    instrument_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("instruments.id"), index=True)
    symbol: Mapped[Symbol]
    exchange: Mapped[str] = mapped_column(String(4))
    valid_from: Mapped[dt.date]
    valid_to: Mapped[dt.date | None]
