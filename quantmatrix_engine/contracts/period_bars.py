"""Weekly and monthly bars, made of adjusted daily ones."""

import datetime as dt

import pandera.polars as pa

from quantmatrix_engine.contracts.fields import UtcTime, price


class PeriodBars(pa.DataFrameModel):
    """A bar of a week or a month, in the price basis its daily bars were adjusted to.

    Key: instrument_id, provider, session.
    """

    instrument_id: int = pa.Field(description="The instrument.")
    provider: str = pa.Field(description="The provider of the daily bars.")
    session: dt.date = pa.Field(
        description="Last session of the week or month; of an unfinished one, the last so far."
    )
    open: float = price("First open of the sessions with a bar.")
    high: float = price("Highest high.")
    low: float = price("Lowest low.")
    close: float = price("Last close of the sessions with a bar.")
    volume: float = pa.Field(ge=0, description="Sum of the volumes.")
    sessions: int = pa.Field(ge=1, description="How many daily bars it is made of.")
    known_at: UtcTime = pa.Field(description="Moment the last of them became known.")
    is_final: bool = pa.Field(description="False while the period has sessions to come.")

    class Config:
        """Exactly these columns; a period is one row."""

        strict = True
        unique = ["instrument_id", "provider", "session"]  # noqa: RUF012
