"""Instruments: what a source lists or tells of symbols, and what the catalogue holds."""

import datetime as dt

import pandera.polars as pa
import polars as pl
from pandera.polars import PolarsData

from quantmatrix_engine.vocabulary import InstrumentKind


class Listing(pa.DataFrameModel):
    """One symbol a provider can give bars of. Key: symbol, exchange."""

    symbol: str = pa.Field(str_length={"min_value": 1, "max_value": 32}, description="The symbol.")
    exchange: str = pa.Field(str_matches="^[A-Z0-9]{4}$", description="Exchange, ISO 10383 MIC.")
    currency: str = pa.Field(str_matches="^[A-Z]{3}$", description="Currency, ISO 4217.")
    kind: str = pa.Field(isin=list(InstrumentKind), description="What it is.")
    name: str = pa.Field(nullable=True, description="Full name, where the provider gives one.")
    first_session: dt.date = pa.Field(description="First session the provider has a bar of.")

    class Config:
        """Exactly these columns; a symbol is listed once."""

        strict = True
        unique = ["symbol", "exchange"]  # noqa: RUF012


class Instruments(pa.DataFrameModel):
    """The catalogue: a symbol an instrument has on a range of dates. Key: symbol, valid_from."""

    instrument_id: int = pa.Field(ge=1, description="The instrument, permanent through renames.")
    symbol: str = pa.Field(description="A symbol of the instrument.")
    exchange: str = pa.Field(description="Exchange, ISO 10383 MIC.")
    currency: str = pa.Field(description="Currency, ISO 4217.")
    kind: str = pa.Field(description="What it is: a stock, a fund, an option.")
    name: str = pa.Field(nullable=True, description="Full name, where known.")
    valid_from: dt.date = pa.Field(description="First date the symbol meant this instrument.")
    valid_to: dt.date = pa.Field(nullable=True, description="First date it no longer did; or null.")

    class Config:
        """Exactly these columns."""

        strict = True


class SymbolHistory(pa.DataFrameModel):
    """Who was called what from when to when, as one source tells it. Key: key, symbol, valid_from.

    A source that knows only how things are today leaves `valid_from` and `valid_to` null.
    """

    key: str = pa.Field(
        str_length={"min_value": 1, "max_value": 64},
        description="The source's own key of the instrument, the same under every symbol.",
    )
    symbol: str = pa.Field(str_length={"min_value": 1, "max_value": 32}, description="The symbol.")
    exchange: str = pa.Field(str_matches="^[A-Z0-9]{4}$", description="Exchange, ISO 10383 MIC.")
    currency: str = pa.Field(str_matches="^[A-Z]{3}$", description="Currency, ISO 4217.")
    kind: str = pa.Field(isin=list(InstrumentKind), description="What it is.")
    name: str = pa.Field(nullable=True, description="Full name, where the source gives one.")
    valid_from: dt.date = pa.Field(
        nullable=True, description="First date the symbol meant it; null: not told."
    )
    valid_to: dt.date = pa.Field(
        nullable=True, description="First date it no longer did; null: no end is known."
    )
    delisted_on: dt.date = pa.Field(
        nullable=True, description="First date the instrument no longer traded; null: it trades."
    )

    class Config:
        """Exactly these columns; types are never guessed."""

        strict = True

    @pa.dataframe_check(name="valid_range")
    def begins_before_it_ends(cls, data: PolarsData) -> pl.LazyFrame:  # noqa: N805
        """A symbol begins before it ends, and before the instrument leaves the market."""
        ends = pl.min_horizontal("valid_to", "delisted_on")
        return data.lazyframe.select((pl.col("valid_from") < ends).fill_null(value=True))


class Identifiers(pa.DataFrameModel):
    """The keys one source knows instruments by. Key: key."""

    instrument_id: int = pa.Field(description="The instrument, permanent through renames.")
    key: str = pa.Field(description="The source's own key of it.")

    class Config:
        """Exactly these columns."""

        strict = True
