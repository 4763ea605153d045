"""Coverage: what bars there are of each instrument, counted in sessions."""

import datetime as dt

import pandera.polars as pa


class Coverage(pa.DataFrameModel):
    """What bars there are of an instrument as of a session. Key: instrument_id.

    Sessions are those of the exchange: a weekend, a holiday or half a day makes nothing late.
    """

    instrument_id: int = pa.Field(description="The instrument, listed on the session.")
    symbol: str = pa.Field(description="Its symbol on the session.")
    first_session: dt.date = pa.Field(nullable=True, description="First bar; null: none at all.")
    last_session: dt.date = pa.Field(nullable=True, description="Last bar; null: none at all.")
    sessions_behind: int = pa.Field(
        nullable=True, ge=0, description="Sessions since the last bar, 0 is fresh; null: no bar."
    )
    bars: int = pa.Field(ge=0, description="Sessions with a bar.")
    missing: int = pa.Field(
        ge=0, description="Sessions without one between the first and last bar."
    )
    coverage_pct: float = pa.Field(
        nullable=True, ge=0, le=100, description="Bars of the sessions since the first; or null."
    )

    class Config:
        """Exactly these columns; types are never guessed."""

        strict = True
        unique = ["instrument_id"]  # noqa: RUF012
