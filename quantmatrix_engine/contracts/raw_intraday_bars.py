"""Raw intraday bars: what a provider said of intervals of a session, once it could be read."""

import pandera.polars as pa

from quantmatrix_engine.contracts.fields import UtcTime
from quantmatrix_engine.contracts.intraday_bars import Interval


class RawIntradayBars(pa.DataFrameModel):
    """One intraday bar a provider delivered, as traded. Prices may be wrong; they are numbers or
    null, and the moment may be of no session.

    Key: provider, symbol, interval, starts_at, known_at.
    """

    provider: str = pa.Field(description="The provider that delivered the bar.")
    symbol: str = pa.Field(description="The provider's symbol at the time of the bar.")
    interval: str = pa.Field(isin=list(Interval), description="How long it is.")
    starts_at: UtcTime = pa.Field(description="First moment of the interval.")
    open: float = pa.Field(nullable=True, description="First price, as traded.")
    high: float = pa.Field(nullable=True, description="Highest price, as traded.")
    low: float = pa.Field(nullable=True, description="Lowest price, as traded.")
    close: float = pa.Field(nullable=True, description="Last price, as traded.")
    volume: float = pa.Field(nullable=True, description="Units traded.")
    source: str = pa.Field(description="Where the row was read: a file's name or a request.")
    source_row: int = pa.Field(
        nullable=True, description="Line of the file (its header is line 1), or null."
    )
    known_at: UtcTime = pa.Field(
        description="Moment from which the row could be known: published, else loaded."
    )

    class Config:
        """Exactly these columns; types are never guessed."""

        strict = True
