"""Fundamentals: figures about a company, as a source said them and since when they are known.

Per cent are 0 to 100, multiples are plain numbers, amounts are in `currency`. What a source does
not say is null; nothing is worked out to stand in for it.
"""

import datetime as dt

import pandera.polars as pa
import polars as pl
from pandera.polars import PolarsData

from quantmatrix_engine.contracts.fields import UtcTime, on_sessions


class _OfSymbol(pa.DataFrameModel):
    """Of what, when and by whom, as delivered."""

    symbol: str = pa.Field(description="The provider's symbol on the session.")
    provider: str = pa.Field(
        str_matches="^[a-z0-9][a-z0-9_-]{0,31}$",
        description="Who stated the figures: a plain name, lower-case.",
    )
    session: dt.date = pa.Field(description="Session whose end the figures were stated for.")
    known_at: UtcTime = pa.Field(description="Moment from which the figures could be known.")
    source: str = pa.Field(description="Where they were read: a file or a request, no secrets.")
    source_row: int = pa.Field(
        nullable=True, description="Line of the file (its header is line 1), or null."
    )


class _OfInstrument(pa.DataFrameModel):
    """Of what, when and by whom, under the instrument's permanent id."""

    instrument_id: int = pa.Field(description="The instrument, permanent through renames.")
    provider: str = pa.Field(description="Who stated the figures.")
    session: dt.date = pa.Field(description="Session whose end the figures were stated for.")
    known_at: UtcTime = pa.Field(description="Moment from which the figures could be known.")


class Figures(pa.DataFrameModel):
    """The figures themselves; each may be null, not all of them in one row."""

    period_end: dt.date = pa.Field(
        nullable=True, description="Last date of the newest fiscal period behind the figures."
    )
    currency: str = pa.Field(
        nullable=True,
        str_matches="^[A-Z]{3}$",
        description="Currency of the amounts, ISO 4217; null: not said.",
    )
    market_cap: float = pa.Field(nullable=True, ge=0, description="Market capitalization.")
    shares_outstanding: float = pa.Field(
        nullable=True, ge=0, description="Shares outstanding, as the provider counts them."
    )
    earnings_per_share: float = pa.Field(
        nullable=True, description="Earnings of the last four quarters for one share."
    )
    price_to_earnings: float = pa.Field(
        nullable=True, description="Price over earnings of the last four quarters, a multiple."
    )
    forward_price_to_earnings: float = pa.Field(
        nullable=True, description="Price over the earnings that are expected, a multiple."
    )
    price_to_earnings_to_growth: float = pa.Field(
        nullable=True, description="Price over earnings over their growth in per cent (PEG)."
    )
    price_to_book: float = pa.Field(nullable=True, description="Price over book value, a multiple.")
    price_to_sales: float = pa.Field(
        nullable=True, description="Price over sales of the last four quarters, a multiple."
    )
    revenue_growth_yoy_pct: float = pa.Field(
        nullable=True, description="Growth of a quarter's revenue from the same one a year before."
    )
    earnings_growth_yoy_pct: float = pa.Field(
        nullable=True, description="Growth of a quarter's earnings from the same one a year before."
    )
    revenue_growth_qoq_pct: float = pa.Field(
        nullable=True, description="Growth of a quarter's revenue from the one before."
    )
    gross_margin_pct: float = pa.Field(
        nullable=True, description="Gross profit, in per cent of revenue."
    )
    operating_margin_pct: float = pa.Field(
        nullable=True, description="Operating income, in per cent of revenue."
    )
    profit_margin_pct: float = pa.Field(
        nullable=True, description="Net income, in per cent of revenue."
    )
    return_on_equity_pct: float = pa.Field(
        nullable=True, description="Net income, in per cent of shareholders' equity."
    )
    return_on_assets_pct: float = pa.Field(
        nullable=True, description="Income, as the provider takes it, in per cent of total assets."
    )
    dividend_yield_pct: float = pa.Field(
        nullable=True, ge=0, description="Dividends of a year, in per cent of the price."
    )
    dividend_per_share: float = pa.Field(
        nullable=True, ge=0, description="Dividends of a year for one share."
    )
    payout_pct: float = pa.Field(nullable=True, description="Dividends, in per cent of earnings.")
    beta: float = pa.Field(nullable=True, description="Beta, over the provider's own time.")
    debt_to_equity: float = pa.Field(nullable=True, description="Debt over equity, a multiple.")
    current_assets_to_liabilities: float = pa.Field(
        nullable=True, ge=0, description="The current ratio, a multiple."
    )
    quick_assets_to_liabilities: float = pa.Field(
        nullable=True, ge=0, description="The quick ratio: the same without stocks of goods."
    )
    analyst_rating: str = pa.Field(nullable=True, description="What analysts advise, as worded.")
    analyst_target_price: float = pa.Field(
        nullable=True, ge=0, description="Price analysts expect, their mean."
    )
    analyst_count: int = pa.Field(
        nullable=True, ge=0, description="How many analysts gave a rating."
    )
    ceo: str = pa.Field(nullable=True, description="Who leads the company.")
    employees: int = pa.Field(nullable=True, ge=0, description="People employed.")
    founded_year: int = pa.Field(
        nullable=True, in_range={"min_value": 1000, "max_value": 9999}, description="Year founded."
    )

    @pa.dataframe_check(name="states_a_figure")
    def states_a_figure(cls, data: PolarsData) -> pl.LazyFrame:  # noqa: N805
        """A row without any figure says nothing."""
        return data.lazyframe.select(pl.any_horizontal(pl.col(NUMBERS_AND_WORDS).is_not_null()))

    @pa.dataframe_check(name="finite_figures")
    def finite_figures(cls, data: PolarsData) -> pl.LazyFrame:  # noqa: N805
        """No figure is infinite or NaN: one that is missing is null."""
        finite = pl.selectors.float().is_finite().fill_null(value=True)
        return data.lazyframe.select(pl.all_horizontal(finite))

    @pa.dataframe_check(name="known_since_session")
    def known_since_session(cls, data: PolarsData) -> pl.LazyFrame:  # noqa: N805
        """Nothing is known of a session before its date begins."""
        return data.lazyframe.select(pl.col("known_at").dt.date() >= pl.col("session"))

    @pa.dataframe_check(name="exchange_is_open")
    def exchange_is_open(cls, data: PolarsData) -> pl.LazyFrame:  # noqa: N805
        """The exchange trades on that date."""
        return on_sessions(data)


FIGURES = tuple(Figures.to_schema().columns)
NUMBERS_AND_WORDS = tuple(name for name in FIGURES if name not in ("period_end", "currency"))
"""The figures that say something by themselves."""


# Columns of the last base come first.
class RawFundamentals(Figures, _OfSymbol):
    """What a source stated of a symbol. Key: provider, symbol, session, known_at."""

    class Config:
        """Exactly these columns; types are never guessed; the key is unique."""

        strict = True
        unique = ["provider", "symbol", "session", "known_at"]  # noqa: RUF012


class Fundamentals(Figures, _OfInstrument):
    """What a source stated of an instrument, and since when that is known.

    Key: instrument_id, provider, session, known_at. A restatement is a further row; one that
    repeats what stood already adds none.
    """

    class Config:
        """Exactly these columns; types are never guessed; the key is unique."""

        strict = True
        unique = ["instrument_id", "provider", "session", "known_at"]  # noqa: RUF012
