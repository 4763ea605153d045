"""Outcomes of signals: what is written of them, and what analysts read."""

import datetime as dt

import pandera.polars as pa
import polars as pl
from pandera.polars import PolarsData

from quantmatrix_engine.contracts.signals import LARGEST_PRICE
from quantmatrix_engine.vocabulary import Stage


class SignalOutcomes(pa.DataFrameModel):
    """What became of a signal, session after session (`strategies/outcomes`). Key: signal_id.

    It is measured while it is held. Prices are in the basis of the signal's own session, returns
    from the signal's price.
    """

    signal_id: int = pa.Field(description="The signal followed.")
    user_id: int = pa.Field(description="The user it belongs to.")
    stage: str = pa.Field(isin=list(Stage), description="How far it came.")
    through_session: dt.date = pa.Field(description="The newest session looked at.")
    sessions_held: int = pa.Field(ge=0, description="Sessions with a bar while it was held.")
    highest_price: float = pa.Field(
        nullable=True, gt=0, le=LARGEST_PRICE, description="Highest price while held; else null."
    )
    lowest_price: float = pa.Field(
        nullable=True, gt=0, le=LARGEST_PRICE, description="Lowest price while held; else null."
    )
    return_pct: float = pa.Field(
        nullable=True, description="To the last price, or to its end, percent; null unless held."
    )
    best_pct: float = pa.Field(
        nullable=True, description="Best return on the way, percent; null unless held."
    )
    worst_pct: float = pa.Field(
        nullable=True, description="Worst return on the way, percent; null unless held."
    )
    hit_target: int = pa.Field(
        nullable=True, ge=1, le=3, description="The furthest target reached, 1 to 3; null: none."
    )
    hit_stop: bool = pa.Field(description="Whether it ended at its stop.")
    closed: bool = pa.Field(description="Whether it is over.")

    class Config:
        """Exactly these columns; a signal has one outcome."""

        strict = True
        unique = ["signal_id"]  # noqa: RUF012

    # A contract that inherits these names them by their functions.
    @pa.dataframe_check(name="prices_ordered")
    def prices_ordered(cls, data: PolarsData) -> pl.LazyFrame:  # noqa: N805
        """The highest price is not below the lowest."""
        ordered = pl.col("highest_price") >= pl.col("lowest_price")
        return data.lazyframe.select(ordered.fill_null(value=True))

    @pa.dataframe_check(name="returns_ordered")
    def returns_ordered(cls, data: PolarsData) -> pl.LazyFrame:  # noqa: N805
        """The return lies between the worst and the best, and all are numbers."""
        returned = pl.col("return_pct")
        ordered = returned.is_between(pl.col("worst_pct"), pl.col("best_pct"))
        is_finite = pl.all_horizontal(
            pl.col("return_pct", "best_pct", "worst_pct").is_finite().fill_null(value=True)
        )
        return data.lazyframe.select(ordered.fill_null(value=True) & is_finite)

    @pa.dataframe_check(name="measured_while_held")
    def measured_while_held(cls, data: PolarsData) -> pl.LazyFrame:  # noqa: N805
        """What was never held has no measure, and what was has all of them."""
        measures = pl.col("highest_price", "lowest_price", "return_pct", "best_pct", "worst_pct")
        known = pl.sum_horizontal(measures.is_not_null().cast(pl.Int64))
        expected = pl.when(pl.col("sessions_held") > 0).then(5).otherwise(0)
        return data.lazyframe.select(known == expected)


class OutcomeHistory(SignalOutcomes):
    """What became of each signal up to the snapshot's session. Key: signal_id."""

    return_r: float = pa.Field(
        nullable=True, description="return_pct in multiples of the risk, price to stop, or null."
    )
    best_r: float = pa.Field(nullable=True, description="best_pct in multiples of the risk.")
    worst_r: float = pa.Field(nullable=True, description="worst_pct in multiples of the risk.")

    class Config:
        """Exactly these columns; a signal has one outcome."""

        strict = True
        unique = ["signal_id"]  # noqa: RUF012


class SignalStages(pa.DataFrameModel):
    """A stage a signal came to, as it was seen first. Key: signal_id, stage, target."""

    signal_id: int = pa.Field(description="The signal.")
    user_id: int = pa.Field(description="The user it belongs to.")
    stage: str = pa.Field(isin=list(Stage), description="The stage it came to.")
    target: int = pa.Field(ge=0, le=3, description="The target reached; 0: no target was.")
    session: dt.date = pa.Field(description="The session it came to it on.")
    price: float = pa.Field(
        nullable=True, gt=0, description="At what price, in the basis of the signal's session."
    )

    class Config:
        """Exactly these columns; a signal comes to a stage once."""

        strict = True
        unique = ["signal_id", "stage", "target"]  # noqa: RUF012
