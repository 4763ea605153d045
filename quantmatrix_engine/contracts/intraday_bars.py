"""Intraday bars: an interval of a session, stamped with the moment it starts."""

import datetime as dt
from enum import StrEnum

import pandera.polars as pa

from quantmatrix_engine.contracts.fields import UtcTime, price


class Interval(StrEnum):
    """How long an intraday bar is. Minutes are resampled, and not kept."""

    MINUTE = "1m"
    FIVE_MINUTES = "5m"
    HOUR = "1h"


KEPT = (Interval.FIVE_MINUTES, Interval.HOUR)


class IntradayBars(pa.DataFrameModel):
    """A bar of five minutes or an hour, as traded.

    Key: instrument_id, provider, interval, starts_at, known_at. An interval in which nothing traded
    has no bar. They do not add up to the daily bar, whose first and last price are the auctions'.
    """

    instrument_id: int = pa.Field(description="The instrument.")
    provider: str = pa.Field(description="The provider of the bar, or of what it is made of.")
    interval: str = pa.Field(isin=list(KEPT), description="How long it is.")
    starts_at: UtcTime = pa.Field(description="First moment of the interval, on the clock.")
    session: dt.date = pa.Field(description="The session it belongs to.")
    open: float = price("First price, as traded.")
    high: float = price("Highest price, as traded.")
    low: float = price("Lowest price, as traded.")
    close: float = price("Last price, as traded.")
    volume: float = pa.Field(ge=0, description="Units traded.")
    known_at: UtcTime = pa.Field(description="Moment from which the row could be known.")
    is_final: bool = pa.Field(description="False while the interval went on at `known_at`.")

    class Config:
        """Exactly these columns; types are never guessed."""

        strict = True
        unique = ["instrument_id", "provider", "interval", "starts_at", "known_at"]  # noqa: RUF012
