"""Instruments: what a provider lists, and what the catalogue of instruments holds."""

import datetime as dt

import pandera.polars as pa

from quantmatrix_engine.vocabulary import InstrumentKind


class Listing(pa.DataFrameModel):
    """One symbol a provider can give bars of. Key: symbol, exchange."""

    symbol: str = pa.Field(str_length={"min_value": 1, "max_value": 32}, description="The symbol.")
    exchange: str = pa.Field(
        str_length={"min_value": 4, "max_value": 4}, description="Exchange, ISO 10383 MIC."
    )
    currency: str = pa.Field(
        str_length={"min_value": 3, "max_value": 3}, description="Currency, ISO 4217."
    )
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
