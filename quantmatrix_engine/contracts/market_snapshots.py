"""Market snapshots: the newest state of each instrument."""

import datetime as dt

import pandera.polars as pa

from quantmatrix_engine.contracts.fields import UtcTime
from quantmatrix_engine.vocabulary import Recommendation, RiskClass

# What the table can keep: twenty digits, six behind the point. The largest change and volume
# are beyond anything that was ever traded.
SMALLEST_PRICE, PRICES_END = 1e-6, 1e14
LARGEST_CHANGE_PCT, VOLUMES_END = 1e12, 1e18


class MarketSnapshots(pa.DataFrameModel):
    """The newest state of an instrument: its last bar, its indicators, what they come to.

    Key: instrument_id.
    """

    instrument_id: int = pa.Field(description="The instrument.")
    session: dt.date = pa.Field(description="Session of the bar it is made from.")
    known_at: UtcTime = pa.Field(description="Moment (UTC) that bar became known.")
    provider: str = pa.Field(description="The provider of that bar.")
    close: float = pa.Field(
        ge=SMALLEST_PRICE, lt=PRICES_END, description="Close of the session, as traded."
    )
    change_pct: float = pa.Field(
        nullable=True,
        ge=-100,
        le=LARGEST_CHANGE_PCT,
        description="Change of the close from the session before, splits seen through, in percent;"
        " null: no bar of that session.",
    )
    volume: float = pa.Field(ge=0, lt=VOLUMES_END, description="Units traded in the session.")
    indicators: str = pa.Field(description="Indicators of the session, a JSON object of numbers.")
    score: float = pa.Field(
        nullable=True, ge=0, le=1, description="What speaks for it, 0 to 1; null: not judged."
    )
    recommendation: str = pa.Field(
        nullable=True, isin=list(Recommendation), description="What the score comes to."
    )
    confidence: float = pa.Field(
        nullable=True, ge=0, le=1, description="How many rules speak, 0 to 1; null: not judged."
    )
    risk_class: str = pa.Field(
        nullable=True, isin=list(RiskClass), description="How much it moves; null: not judged."
    )

    class Config:
        """Exactly these columns; types are never guessed."""

        strict = True
        unique = ["instrument_id"]  # noqa: RUF012
