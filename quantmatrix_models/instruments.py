"""Instruments: what can be traded, under an id that outlives every symbol."""

import datetime as dt
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Numeric,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.functions import Function

from quantmatrix_engine.vocabulary import InstrumentKind
from quantmatrix_models.base import Base, HasId
from quantmatrix_models.constraints import filled, is_currency, is_exchange, not_negative, positive
from quantmatrix_models.privileges import ADD, DELETE, READ, Role, change
from quantmatrix_models.types import (
    CreatedAt,
    Currency,
    Money,
    Price,
    Quantity,
    Symbol,
    UtcTime,
    by_value,
)

_OCC_SYMBOL = "^[A-Z0-9]{1,6} *[0-9]{6}[CP][0-9]{8}$"

Overlap = tuple[Function[Any], str]


def _same_text(value: str) -> Overlap:
    """Gives equality of a text for an exclusion constraint.

    Text has no equality in a GiST index without an extension, so equal texts are written as
    overlapping one-value ranges of the type `text_range`; numbers likewise.
    """
    return func.text_range(text(value), text(value), text("'[]'")), "&&"


def _same_number(column: str) -> Overlap:
    return func.int8range(text(column), text(column), text("'[]'")), "&&"


def _same_time() -> Overlap:
    return func.daterange(text("valid_from"), text("valid_to")), "&&"


def _valid_range() -> CheckConstraint:
    return CheckConstraint("valid_to > valid_from", name="valid_range")


class InstrumentStatus(StrEnum):
    """Whether an instrument still trades."""

    LISTED = "listed"
    DELISTED = "delisted"


class Instrument(HasId, Base):
    """One thing that can be traded. Its id is permanent; its symbols are rows of their own."""

    __tablename__ = "instruments"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (READ, ADD, change("status", "delisted_on")),
        Role.ADMIN: (
            READ,
            ADD,
            change("exchange", "name", "status", "delisted_on", "country", "description"),
        ),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        UniqueConstraint("id", "kind"),
        is_exchange(),
        is_currency(),
        CheckConstraint("country ~ '^[A-Z]{2}$'", name="country_is_iso_3166"),
        CheckConstraint(
            "(status = 'delisted') = (delisted_on IS NOT NULL)", name="delisted_with_date"
        ),
        filled("description"),
    )

    kind: Mapped[InstrumentKind] = mapped_column(
        by_value(InstrumentKind, name="kind"), comment="What it is: a stock, a fund, an option."
    )
    exchange: Mapped[str] = mapped_column(
        String(4), comment="Exchange it was first listed under here, ISO 10383 MIC."
    )
    currency: Mapped[Currency] = mapped_column(comment="Currency it trades in, ISO 4217.")
    name: Mapped[str | None] = mapped_column(comment="Full name; null: no provider gave one.")
    status: Mapped[InstrumentStatus] = mapped_column(
        by_value(InstrumentStatus, name="status"),
        server_default=InstrumentStatus.LISTED.value,
        comment="Whether it still trades.",
    )
    delisted_on: Mapped[dt.date | None] = mapped_column(
        comment="First date it no longer traded; null: it is listed."
    )
    country: Mapped[str | None] = mapped_column(
        String(2), comment="Country of the issuer, ISO 3166 alpha-2; null: unknown."
    )
    description: Mapped[str | None] = mapped_column(
        comment="What the company or fund does; null: unknown."
    )
    created_at: Mapped[CreatedAt]


class InstrumentSymbol(HasId, Base):
    """A symbol an instrument has from `valid_from` until the day before `valid_to` (or on).

    No two instruments have the same symbol on the same exchange on the same date, and no
    instrument has two symbols on an exchange on the same date.
    """

    __tablename__ = "instrument_symbols"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        # A spell that turns out to be another instrument's is taken away and put in anew.
        Role.PIPELINE: (READ, ADD, change("valid_from", "valid_to"), DELETE),
        Role.ADMIN: (READ, ADD, change("exchange", "valid_from", "valid_to")),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        Index("ix_instrument_symbols_symbol_exchange", "symbol", "exchange"),
        _valid_range(),
        ExcludeConstraint(
            _same_text("symbol"),
            _same_text("exchange"),
            _same_time(),
            name="ex_instrument_symbols_symbol_exchange_valid",
            using="gist",
        ),
        ExcludeConstraint(
            _same_number("instrument_id"),
            _same_text("exchange"),
            _same_time(),
            name="ex_instrument_symbols_instrument_id_exchange_valid",
            using="gist",
        ),
    )

    instrument_id: Mapped[int] = mapped_column(
        BigInteger,
        ForeignKey("instruments.id"),
        index=True,
        comment="The instrument that has the symbol.",
    )
    symbol: Mapped[Symbol] = mapped_column(comment="The symbol, as the exchange writes it.")
    exchange: Mapped[str] = mapped_column(
        String(4), comment="Exchange the symbol is used on, ISO 10383 MIC."
    )
    valid_from: Mapped[dt.date] = mapped_column(
        comment="First date the symbol meant the instrument."
    )
    valid_to: Mapped[dt.date | None] = mapped_column(
        comment="First date it no longer did; null: it still does."
    )


class IdentifierScheme(StrEnum):
    """Who numbers the instruments. `provider`: a data provider, by a key of its own."""

    ISIN = "isin"
    CUSIP = "cusip"
    SEDOL = "sedol"
    FIGI = "figi"
    CIK = "cik"
    IBKR_CONID = "ibkr_conid"
    OCC = "occ"
    PROVIDER = "provider"


class InstrumentIdentifier(HasId, Base):
    """A key somebody else knows an instrument by, for a range of dates.

    The same key means one instrument at a time, but for a CIK, which is the issuer's, and an ISIN
    or CUSIP, which is the issue's on all its listings. A provider's own keys are told apart by
    provider.
    """

    __tablename__ = "instrument_identifiers"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (READ, ADD, change("valid_to")),
        Role.ADMIN: (READ, change("value", "valid_from", "valid_to")),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        _valid_range(),
        CheckConstraint(
            "(scheme = 'provider') = (provider IS NOT NULL)", name="provider_of_own_keys"
        ),
        CheckConstraint(
            f"""CASE scheme
                WHEN 'isin' THEN value ~ '^[A-Z]{{2}}[A-Z0-9]{{9}}[0-9]$'
                WHEN 'cusip' THEN value ~ '^[A-Z0-9*@#]{{8}}[0-9]$'
                WHEN 'sedol' THEN value ~ '^[A-Z0-9]{{6}}[0-9]$'
                WHEN 'figi' THEN value ~ '^[A-Z]{{2}}G[A-Z0-9]{{8}}[0-9]$'
                WHEN 'cik' THEN value ~ '^[0-9]{{10}}$'
                WHEN 'ibkr_conid' THEN value ~ '^[1-9][0-9]*$'
                WHEN 'occ' THEN length(value) = 21 AND value ~ '{_OCC_SYMBOL}'
                ELSE btrim(value) <> ''
            END""",
            name="value_fits_scheme",
        ),
        ExcludeConstraint(
            _same_text("scheme"),
            _same_text("coalesce(provider, '')"),
            _same_text("value"),
            # A CIK names the issuer and an ISIN the issue, whatever listings it has.
            _same_number(
                "CASE WHEN scheme IN ('cik', 'isin', 'cusip') THEN instrument_id ELSE 0 END"
            ),
            _same_time(),
            name="ex_instrument_identifiers_scheme_provider_value_valid",
            using="gist",
        ),
        Index("ix_instrument_identifiers_scheme_value", "scheme", "value"),
    )

    instrument_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("instruments.id"), index=True, comment="The instrument it means."
    )
    scheme: Mapped[IdentifierScheme] = mapped_column(
        by_value(IdentifierScheme, name="scheme"), comment="Whose numbering the value belongs to."
    )
    provider: Mapped[str | None] = mapped_column(
        String(32),
        ForeignKey("data_providers.name"),
        comment="The provider whose own key it is; null: a scheme all share.",
    )
    value: Mapped[str] = mapped_column(String(64), comment="The key, as the scheme writes it.")
    valid_from: Mapped[dt.date] = mapped_column(comment="First date the key meant the instrument.")
    valid_to: Mapped[dt.date | None] = mapped_column(
        comment="First date it no longer did; null: it still does."
    )


class OptionRight(StrEnum):
    """What the holder of an option may do with the underlying: buy (call) or sell (put)."""

    CALL = "call"
    PUT = "put"


class ExerciseStyle(StrEnum):
    """When an option can be exercised: on any date (american) or at the end (european)."""

    AMERICAN = "american"
    EUROPEAN = "european"


class Settlement(StrEnum):
    """What an exercise delivers: the underlying, or its worth in cash."""

    PHYSICAL = "physical"
    CASH = "cash"


class OptionContract(Base):
    """The terms of an instrument that is an option. One row for each such instrument.

    `kind` is there for the foreign key, which no instrument but an option satisfies. The root and
    the multiplier are part of what a contract is: after a split the same strike and date can exist
    twice, once adjusted.
    """

    __tablename__ = "option_contracts"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (READ, ADD),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        ForeignKeyConstraint(["instrument_id", "kind"], ["instruments.id", "instruments.kind"]),
        UniqueConstraint(
            "underlying_id",
            "root",
            "expires_on",
            "strike",
            "option_right",
            "multiplier",
            name="uq_option_contracts_identity",
        ),
        CheckConstraint("kind = 'option'", name="kind_is_option"),
        CheckConstraint("underlying_id <> instrument_id", name="underlying_is_another"),
        filled("root"),
        positive("strike"),
        positive("multiplier"),
        CheckConstraint(
            f"length(occ_symbol) = 21 AND occ_symbol ~ '{_OCC_SYMBOL}'", name="occ_symbol_is_occ"
        ),
    )

    instrument_id: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, autoincrement=False, comment="The option, as an instrument."
    )
    kind: Mapped[str] = mapped_column(
        String(32),
        server_default=InstrumentKind.OPTION.value,
        comment="Kind of the instrument: always `option`.",
    )
    underlying_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("instruments.id"), comment="The instrument the option is on."
    )
    root: Mapped[str] = mapped_column(
        String(12), comment="Symbol of the series, such as SPXW; not always the underlying's."
    )
    expires_on: Mapped[dt.date] = mapped_column(comment="Last date it can be exercised.")
    strike: Mapped[Price] = mapped_column(
        comment="Price at which the underlying is bought or sold, in the option's currency."
    )
    option_right: Mapped[OptionRight] = mapped_column(
        by_value(OptionRight, name="option_right"), comment="Whether it is a call or a put."
    )
    multiplier: Mapped[Quantity] = mapped_column(
        server_default=text("100"), comment="Units of the underlying one contract is for."
    )
    exercise_style: Mapped[ExerciseStyle | None] = mapped_column(
        by_value(ExerciseStyle, name="exercise_style"),
        comment="When it can be exercised; null: not known.",
    )
    settlement: Mapped[Settlement | None] = mapped_column(
        by_value(Settlement, name="settlement"),
        comment="What an exercise delivers; null: not known.",
    )
    occ_symbol: Mapped[str | None] = mapped_column(
        String(21),
        unique=True,
        comment="Symbol of 21 characters in the OCC format; null: it has none.",
    )


class CorporateActionKind(StrEnum):
    """What an issuer did that changes what a holder has."""

    SPLIT = "split"
    CASH_DIVIDEND = "cash_dividend"
    STOCK_DIVIDEND = "stock_dividend"
    SPECIAL_DIVIDEND = "special_dividend"
    RETURN_OF_CAPITAL = "return_of_capital"
    SPIN_OFF = "spin_off"
    MERGER = "merger"
    RIGHTS = "rights"
    SYMBOL_CHANGE = "symbol_change"
    DELISTING = "delisting"


class CorporateActionStatus(StrEnum):
    """Whether a corporate action is believed."""

    CONFIRMED = "confirmed"
    QUARANTINED = "quarantined"
    REJECTED = "rejected"


class CorporateAction(HasId, Base):
    """A corporate action of an instrument, as a provider reported it at a moment.

    A restatement is a new row with a later `known_at`; of a row only the status changes, since when
    and why. A reading as of a moment applies what was confirmed by then.
    The ex date is the only date that is always there. The others are held to the orders that are
    true of every market: a large dividend goes ex after it was paid, so `pay_date` and `ex_date`
    stand in no order.
    """

    __tablename__ = "corporate_actions"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (READ, ADD, change("status", "reason", "confirmed_at")),
        Role.ADMIN: (READ, change("status", "reason", "confirmed_at")),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        UniqueConstraint(
            "instrument_id",
            "kind",
            "ex_date",
            "provider",
            "known_at",
            "other_instrument_id",
            "amount",
            "currency",
            name="uq_corporate_actions_identity",
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint("announced_on <= ex_date", name="announced_before_ex"),
        CheckConstraint("record_date <= pay_date", name="recorded_before_paid"),
        CheckConstraint("(ratio_from IS NULL) = (ratio_to IS NULL)", name="ratio_is_whole"),
        CheckConstraint("ratio_from > 0 AND ratio_to > 0", name="ratio_positive"),
        CheckConstraint("(amount IS NULL) = (currency IS NULL)", name="amount_has_currency"),
        not_negative("amount"),
        is_currency(),
        CheckConstraint("other_instrument_id <> instrument_id", name="other_is_another"),
        CheckConstraint(
            "kind NOT IN ('split', 'stock_dividend') OR ratio_from IS NOT NULL",
            name="split_has_ratio",
        ),
        CheckConstraint(
            "kind NOT IN ('cash_dividend', 'special_dividend', 'return_of_capital')"
            " OR amount IS NOT NULL",
            name="dividend_has_amount",
        ),
        CheckConstraint(
            "kind <> 'spin_off' OR other_instrument_id IS NOT NULL", name="spin_off_has_other"
        ),
        CheckConstraint(
            "kind <> 'merger' OR other_instrument_id IS NOT NULL OR amount IS NOT NULL",
            name="merger_gives_something",
        ),
        CheckConstraint("status = 'confirmed' OR reason IS NOT NULL", name="reason_given"),
        CheckConstraint(
            "(status = 'confirmed') = (confirmed_at IS NOT NULL)", name="confirmed_when"
        ),
        CheckConstraint("confirmed_at >= known_at", name="confirmed_after_known"),
        Index("ix_corporate_actions_ex_date", "ex_date"),
        filled("reason"),
    )

    instrument_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("instruments.id"), comment="The instrument whose issuer acted."
    )
    kind: Mapped[CorporateActionKind] = mapped_column(
        by_value(CorporateActionKind, name="kind"), comment="What was done."
    )
    ex_date: Mapped[dt.date] = mapped_column(
        comment="First session the instrument trades without what the action gives."
    )
    announced_on: Mapped[dt.date | None] = mapped_column(
        comment="Date the issuer announced it; null: unknown."
    )
    record_date: Mapped[dt.date | None] = mapped_column(
        comment="Date whose holders get it; null: unknown or none."
    )
    pay_date: Mapped[dt.date | None] = mapped_column(
        comment="Date it is paid or delivered; null: unknown or none."
    )
    ratio_from: Mapped[Decimal | None] = mapped_column(
        Numeric(20, 10), comment="Units held before, 1 in a 4:1 split; null: no units change."
    )
    ratio_to: Mapped[Decimal | None] = mapped_column(
        Numeric(20, 10), comment="Units held or got for those, 4 in a 4:1 split; null as above."
    )
    amount: Mapped[Money | None] = mapped_column(
        comment="Cash for one unit held, before tax, as announced; null: no cash."
    )
    currency: Mapped[Currency | None] = mapped_column(
        comment="Currency of the amount, ISO 4217; null: no cash."
    )
    other_instrument_id: Mapped[int | None] = mapped_column(
        BigInteger,
        ForeignKey("instruments.id"),
        comment="What is spun off, or merged with; null: no other instrument has a part in it.",
    )
    provider: Mapped[str] = mapped_column(
        String(32), ForeignKey("data_providers.name"), comment="The provider that reported it."
    )
    known_at: Mapped[UtcTime] = mapped_column(comment="Moment (UTC) we learned it in this form.")
    status: Mapped[CorporateActionStatus] = mapped_column(
        by_value(CorporateActionStatus, name="status"),
        comment="Whether it is believed; only what is confirmed adjusts a price or a lot.",
    )
    reason: Mapped[str | None] = mapped_column(
        comment="Why it is not believed, or was not; null: never doubted."
    )
    row: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB, comment="The row as it was delivered; null: it was not kept."
    )
    confirmed_at: Mapped[UtcTime | None] = mapped_column(
        comment="Moment (UTC) all that confirms it was known; null: it is not confirmed."
    )


class IndexMembership(HasId, Base):
    """An instrument is in an index from `valid_from` until the day before `valid_to` (or on).

    Rows of the past stay, of delisted members as well, so the members on any date can be asked for:
    those with `valid_from` on or before it and `valid_to` null or after it.
    """

    __tablename__ = "index_memberships"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (READ, ADD, change("valid_to")),
        Role.ADMIN: (READ, change("valid_from", "valid_to")),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        _valid_range(),
        CheckConstraint("index_id <> instrument_id", name="index_is_another"),
        ExcludeConstraint(
            _same_number("index_id"),
            _same_number("instrument_id"),
            _same_time(),
            name="ex_index_memberships_index_id_instrument_id_valid",
            using="gist",
        ),
        Index("ix_index_memberships_index_id_valid_from", "index_id", "valid_from"),
    )

    index_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("instruments.id"), comment="The index, as an instrument."
    )
    instrument_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("instruments.id"), comment="The member."
    )
    valid_from: Mapped[dt.date] = mapped_column(comment="First date it was in the index.")
    valid_to: Mapped[dt.date | None] = mapped_column(
        comment="First date it no longer was; null: it still is."
    )
    provider: Mapped[str] = mapped_column(
        String(32), ForeignKey("data_providers.name"), comment="The provider that reported it."
    )
    known_at: Mapped[UtcTime] = mapped_column(comment="Moment (UTC) we learned that it joined.")


class InstrumentClassification(HasId, Base):
    """The sector and industry a scheme puts an instrument in, for a range of dates."""

    __tablename__ = "instrument_classifications"
    __grants__: ClassVar = {
        Role.APP: (READ,),
        Role.PIPELINE: (READ, ADD, change("valid_to")),
        Role.ADMIN: (READ,),
        Role.SUPPORT: (READ,),
    }
    __table_args__ = (
        _valid_range(),
        CheckConstraint("scheme ~ '^[a-z0-9][a-z0-9_-]{0,31}$'", name="scheme_is_plain"),
        filled("sector", "industry"),
        ExcludeConstraint(
            _same_number("instrument_id"),
            _same_text("scheme"),
            _same_time(),
            name="ex_instrument_classifications_instrument_id_scheme_valid",
            using="gist",
        ),
    )

    instrument_id: Mapped[int] = mapped_column(
        BigInteger,
        ForeignKey("instruments.id"),
        index=True,
        comment="The instrument that is classified.",
    )
    scheme: Mapped[str] = mapped_column(
        String(32), comment="The classification: gics, sic, or a provider's name for its own."
    )
    sector: Mapped[str] = mapped_column(comment="The sector, in the scheme's words.")
    industry: Mapped[str | None] = mapped_column(
        comment="The industry within the sector, in the scheme's words; null: not given."
    )
    valid_from: Mapped[dt.date] = mapped_column(comment="First date it was classified so.")
    valid_to: Mapped[dt.date | None] = mapped_column(
        comment="First date it no longer was; null: it still is."
    )
    provider: Mapped[str] = mapped_column(
        String(32), ForeignKey("data_providers.name"), comment="The provider that reported it."
    )
