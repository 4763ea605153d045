"""Measures of returns, which strategies, backtests and accounts have in common."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, Double
from sqlalchemy.orm import Mapped, mapped_column

from quantmatrix_models.constraints import in_percent, not_negative


class PerformancePeriod(StrEnum):
    """The stretch of time a performance is measured over."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    INCEPTION = "inception"


class Measures:
    """Measures of a series of returns and its trades; null where there are too few of either."""

    annualized_return_pct: Mapped[float | None] = mapped_column(
        Double, sort_order=1, comment="Return scaled to a year of 252 sessions, percent."
    )
    volatility_pct: Mapped[float | None] = mapped_column(
        Double,
        sort_order=1,
        comment="Standard deviation of the returns of sessions, scaled to a year, percent.",
    )
    max_drawdown_pct: Mapped[float | None] = mapped_column(
        Double,
        sort_order=1,
        comment="Deepest fall from a peak, percent of the peak, as a positive number.",
    )
    sharpe: Mapped[float | None] = mapped_column(
        Double,
        sort_order=1,
        comment="Annualized return above the risk-free rate for each unit of volatility.",
    )
    sortino: Mapped[float | None] = mapped_column(
        Double,
        sort_order=1,
        comment="Annualized return above the risk-free rate for each unit of downward deviation.",
    )
    win_rate_pct: Mapped[float | None] = mapped_column(
        Double,
        sort_order=1,
        comment="Trades closed at a gain, percent of all; null without a trade.",
    )
    profit_factor: Mapped[float | None] = mapped_column(
        Double,
        sort_order=1,
        comment="Gains of the winners over losses of the losers; null without a loser.",
    )


def bounds(*others: str) -> tuple[CheckConstraint, ...]:
    """Gives the checks of the measures; that they are finite holds for the columns `others` too."""
    measures = (name for name in vars(Measures) if not name.startswith("_"))
    # NaN sorts above infinity, so that it is refused as well.
    finite = " AND ".join(f"abs({column}) < 'Infinity'" for column in (*measures, *others))
    return (
        not_negative("volatility_pct"),
        in_percent("max_drawdown_pct"),
        in_percent("win_rate_pct"),
        not_negative("profit_factor"),
        CheckConstraint(finite, name="measures_are_finite"),
    )
