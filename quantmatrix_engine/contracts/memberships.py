"""Memberships: which instruments were in an index, from when to when."""

import datetime as dt

import pandera.polars as pa

from quantmatrix_engine.contracts.fields import UtcTime


class Memberships(pa.DataFrameModel):
    """A spell of an instrument in an index. Key: index, instrument_id, valid_from."""

    index: str = pa.Field(description="Symbol of the index, such as SP500.")
    instrument_id: int = pa.Field(ge=1, description="The member.")
    valid_from: dt.date = pa.Field(description="First date it was in the index.")
    valid_to: dt.date = pa.Field(nullable=True, description="First date it no longer was; or null.")
    known_at: UtcTime = pa.Field(description="Moment (UTC) we learned that it joined.")

    class Config:
        """Exactly these columns."""

        strict = True
