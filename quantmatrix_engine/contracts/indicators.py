"""Indicators: what is computed of an instrument's bars as of a session."""

import datetime as dt

import pandera.polars as pa

from quantmatrix_engine.contracts.fields import UtcTime
from quantmatrix_engine.contracts.indicator_columns import IndicatorColumns


class Indicators(IndicatorColumns):
    """The indicators of an instrument on a session, in the session's own price basis.

    Key: instrument_id, session. Beside these columns there is one float column for each output of
    each indicator asked for; null before its first valid row, never NaN or infinite.
    """

    instrument_id: int = pa.Field(description="The instrument.")
    session: dt.date = pa.Field(description="Trading date of the newest bar used.")
    close: float = pa.Field(gt=0, description="Close of the session, as traded.")
    known_at: UtcTime = pa.Field(
        description="Newest moment (UTC) at which one of the bars used was known."
    )

    class Config:
        """One row a key."""

        unique = ["instrument_id", "session"]  # noqa: RUF012
