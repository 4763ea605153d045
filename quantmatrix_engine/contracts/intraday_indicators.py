"""Intraday indicators: what is computed of an instrument's bars of five minutes or hours."""

import datetime as dt

import pandera.polars as pa

from quantmatrix_engine.contracts.fields import UtcTime, price
from quantmatrix_engine.contracts.indicator_columns import IndicatorColumns
from quantmatrix_engine.contracts.intraday_bars import KEPT


class IntradayIndicators(IndicatorColumns):
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
        """One row a key."""

        unique = ["instrument_id", "interval", "starts_at"]  # noqa: RUF012
