"""Intraday indicators: what is computed of an instrument's bars of five minutes or hours."""

import datetime as dt

import pandera.polars as pa
import polars as pl
from pandera.polars import PolarsData

from quantmatrix_engine.contracts.fields import UtcTime, are_finite_or_null, price
from quantmatrix_engine.contracts.intraday_bars import KEPT


class IntradayIndicators(pa.DataFrameModel):
    """The indicators of an intraday bar, from the bars of its interval up to it.

    Key: instrument_id, interval, starts_at. Prices are in the price basis of the bar's session:
    splits up to it are adjusted for in the sessions before. Beside these columns there is one float
    column for each output of each indicator; null before its first valid row, never NaN or
    infinite.
    """

    instrument_id: int = pa.Field(description="The instrument.")
    interval: str = pa.Field(isin=list(KEPT), description="How long the bars are.")
    starts_at: UtcTime = pa.Field(description="First moment of the bar, on the clock.")
    session: dt.date = pa.Field(description="The session the bar belongs to.")
    close: float = price("Last price of the bar, as traded.")
    known_at: UtcTime = pa.Field(
        description="Newest moment (UTC) at which one of the bars used was known."
    )

    class Config:
        """Further columns are the indicators' own."""

        strict = False
        unique = ["instrument_id", "interval", "starts_at"]  # noqa: RUF012

    @pa.dataframe_check(name="finite")
    def values_are_finite(cls, data: PolarsData) -> pl.LazyFrame:  # noqa: N805
        """Every indicator is a finite number or null."""
        return are_finite_or_null(data)
