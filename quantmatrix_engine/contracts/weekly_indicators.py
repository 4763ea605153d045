"""Weekly indicators: what is computed of an instrument's weekly bars once a week is over."""

import datetime as dt

import pandera.polars as pa

from quantmatrix_engine.contracts.fields import UtcTime, price
from quantmatrix_engine.contracts.indicator_columns import IndicatorColumns


class WeeklyIndicators(IndicatorColumns):
    """A week that is over: its bar and the indicators of the weekly bars up to it.

    Key: instrument_id, session. Prices are in the price basis of that session: splits up to it are
    adjusted for, later ones are not. Beside these columns there is one float column for each output
    of each indicator; the bars its description speaks of are weeks. Null before its first valid
    row, never NaN or infinite. A week in which an instrument has no bar has no row.
    """

    instrument_id: int = pa.Field(description="The instrument.")
    session: dt.date = pa.Field(description="Last session of the week on the exchange.")
    open: float = price("First open of the week's sessions with a bar.")
    high: float = price("Highest high of the week.")
    low: float = price("Lowest low of the week.")
    close: float = price("Last close of the week's sessions with a bar.")
    volume: float = pa.Field(ge=0, description="Sum of the week's volumes.")
    sessions: int = pa.Field(ge=1, le=7, description="How many daily bars the week has.")
    known_at: UtcTime = pa.Field(
        description="Newest moment (UTC) at which one of the bars used was known."
    )

    class Config:
        """One row a key."""

        unique = ["instrument_id", "session"]  # noqa: RUF012
