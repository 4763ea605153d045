"""Flags: what looks odd in a series of bars, before it is a finding about a provider's row."""

import datetime as dt

import pandera.polars as pa

from quantmatrix_engine.contracts.fields import UtcTime
from quantmatrix_engine.vocabulary import FLAGGING_RULES


class Flags(pa.DataFrameModel):
    """One thing that looks odd in the bars of an instrument and provider.

    Key: instrument_id, provider, session, rule.
    """

    instrument_id: int = pa.Field(description="The instrument.")
    provider: str = pa.Field(description="The provider of the series.")
    session: dt.date = pa.Field(description="Session it is about, or the first of several.")
    until: dt.date = pa.Field(description="Last session it is about.")
    known_at: UtcTime = pa.Field(
        nullable=True, description="Moment the bar became known; null: there is no bar there."
    )
    seen_on: dt.date = pa.Field(description="First session whose bars show it.")
    rule: str = pa.Field(isin=sorted(FLAGGING_RULES), description="The rule.")
    value: str = pa.Field(description="What was found, for a person.")
    expected: str = pa.Field(description="What would be right, with the threshold.")

    class Config:
        """Exactly these columns; types are never guessed."""

        strict = True
