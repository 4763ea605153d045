"""Indicators: what is computed of an instrument's bars as of a session."""

import datetime as dt

import pandera.polars as pa
import polars as pl
from pandera.polars import PolarsData

from quantmatrix_engine.contracts.fields import UtcTime, are_finite_or_null


class Indicators(pa.DataFrameModel):
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
        """Further columns are the indicators' own."""

        strict = False
        unique = ["instrument_id", "session"]  # noqa: RUF012

    @pa.dataframe_check(name="finite")
    def values_are_finite(cls, data: PolarsData) -> pl.LazyFrame:  # noqa: N805
        """Every indicator is a finite number or null."""
        return are_finite_or_null(data)
