"""How much the close has risen since the month, the quarter and the year began."""

import numpy as np

from quantmatrix_engine.indicators.base import Indicator, Series, kernel

DAYS_BEFORE_MARCH_0000 = 719_468
DAYS_IN_ERA = 146_097
LONGEST_YEAR = 366


@kernel
def month_number(day: float) -> int:
    """Gives the months from January of year 0 to the month of a day since 1970-01-01.

    Years are counted from March, so that a leap day is the last of its year (Hinnant, 2013,
    chrono-compatible low-level date algorithms, `civil_from_days`).
    """
    shifted = int(day) + DAYS_BEFORE_MARCH_0000
    era = shifted // DAYS_IN_ERA
    of_era = shifted - era * DAYS_IN_ERA
    leap_days = of_era // 1_460 - of_era // 36_524 + of_era // 146_096
    year = (of_era - leap_days) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month_from_march = (5 * of_year + 2) // 153
    return (era * 400 + year) * 12 + month_from_march + 2


@kernel
def performance_to_date_into(
    session: Series, close: Series, month: Series, quarter: Series, year: Series
) -> None:
    """Writes (close / last close before the period - 1) * 100 for month, quarter and year.

    That close is of the session before the period's first bar, in the prior period or, where the
    instrument did not trade in it, earlier; never one inside the period. First valid row: the
    first of the second period; NaN before. Dividends are not counted.
    """
    before_month, before_quarter, before_year = np.nan, np.nan, np.nan
    number = month_number(session[0])
    for row in range(close.size):
        previous, number = number, month_number(session[row])
        if number != previous:
            before_month = close[row - 1]
            if number // 3 != previous // 3:
                before_quarter = close[row - 1]
            if number // 12 != previous // 12:
                before_year = close[row - 1]
        month[row] = (close[row] - before_month) / before_month * 100.0
        quarter[row] = (close[row] - before_quarter) / before_quarter * 100.0
        year[row] = (close[row] - before_year) / before_year * 100.0


def lookback() -> int:
    """Gives the bars of the longest year: the last of the year before is the one compared with."""
    return LONGEST_YEAR


INDICATOR = Indicator(
    name="performance_to_date",
    params=(),
    inputs=("session", "close"),
    outputs=("performance_mtd", "performance_qtd", "performance_ytd"),
    descriptions=tuple(
        f"Rise of the close since the last close before this {period}, in percent (1.0 is one "
        f"percent), without dividends; null in the first {period} known."
        for period in ("month", "quarter", "year")
    ),
    kernel=performance_to_date_into,
    lookback=lookback,
)
