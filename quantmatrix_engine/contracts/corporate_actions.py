"""Corporate actions that change what an earlier price is compared with."""

import datetime as dt

import pandera.polars as pa
import polars as pl
from pandera.polars import PolarsData

from quantmatrix_engine.contracts.fields import UtcTime


class PriceActions(pa.DataFrameModel):
    """A confirmed split or dividend, as it was known at a moment.

    Key: instrument_id, ex_date, known_at, and what it is: a split has a ratio, a dividend an
    amount. A restatement is a further row with a later `known_at`, and replaces the earlier one.
    """

    instrument_id: int = pa.Field(description="The instrument.")
    ex_date: dt.date = pa.Field(description="First session traded without what the action gives.")
    ratio: float = pa.Field(
        nullable=True, gt=0, description="Units after for one before, 4 in a 4:1 split; or null."
    )
    amount: float = pa.Field(
        nullable=True, ge=0, description="Cash for one unit on the ex-date, as announced; or null."
    )
    known_at: UtcTime = pa.Field(description="Moment from which it was known in this form.")

    class Config:
        """Exactly these columns; types are never guessed."""

        strict = True

    @pa.dataframe_check(name="split_or_dividend")
    def split_or_dividend(cls, data: PolarsData) -> pl.LazyFrame:  # noqa: N805
        """It is one of the two."""
        return data.lazyframe.select(pl.col("ratio").is_null() != pl.col("amount").is_null())
