"""Corporate actions as a provider reported them, before anybody believes them."""

import datetime as dt
from enum import StrEnum

import pandera.polars as pa
import polars as pl
from pandera.polars import PolarsData

from quantmatrix_engine.contracts.fields import UtcTime


class RawActionKind(StrEnum):
    """What a provider says was done; both change what an earlier price is compared with."""

    SPLIT = "split"
    CASH_DIVIDEND = "cash_dividend"


SPLIT, CASH_DIVIDEND = RawActionKind.SPLIT.value, RawActionKind.CASH_DIVIDEND.value


class RawActions(pa.DataFrameModel):
    """A split or a cash dividend as reported. Key: provider, symbol, ex_date, kind, known_at.

    Two dividends of one symbol and date are told as one, their amounts added up.
    """

    provider: str = pa.Field(
        str_matches="^[a-z0-9][a-z0-9_-]{0,31}$",
        description="Who reported it: a plain name, lower-case.",
    )
    symbol: str = pa.Field(description="The provider's symbol.")
    ex_date: dt.date = pa.Field(description="First session traded without what the action gives.")
    kind: str = pa.Field(isin=list(RawActionKind), description="What was done.")
    ratio: float = pa.Field(
        nullable=True, gt=0, description="Units after for one before, 4 in a 4:1 split; or null."
    )
    amount: float = pa.Field(
        nullable=True, ge=0, description="Cash for one unit on the ex-date, as announced; or null."
    )
    currency: str = pa.Field(
        nullable=True,
        str_matches="^[A-Z]{3}$",
        description="Currency of the amount, ISO 4217; null: no amount, or not said.",
    )
    known_at: UtcTime = pa.Field(description="Moment it became known in this form.")
    source: str = pa.Field(description="Where it was read: a file or a request, without secrets.")

    class Config:
        """Exactly these columns; types are never guessed; the key is unique."""

        strict = True
        unique = ["provider", "symbol", "ex_date", "kind", "known_at"]  # noqa: RUF012

    @pa.dataframe_check(name="ratio_or_amount")
    def ratio_or_amount(cls, data: PolarsData) -> pl.LazyFrame:  # noqa: N805
        """A split has a ratio and a dividend an amount, and neither has the other."""
        is_split = pl.col("kind") == RawActionKind.SPLIT.value
        return data.lazyframe.select(
            (pl.col("ratio").is_not_null() == is_split) & (pl.col("amount").is_null() == is_split)
        )
