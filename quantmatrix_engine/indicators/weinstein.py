"""Weinstein's four stages, on weekly closes, and how many weeks a stage has lasted."""

import numpy as np

from quantmatrix_engine.indicators.base import Indicator, Param, Series, excess, kernel

UNCLEAR, BASE, ADVANCE, TOP, DECLINE = 0.0, 1.0, 2.0, 3.0, 4.0
DAYS_IN_WEEK = 7
THURSDAY = 3
"""Days from Monday to the weekday of 1970-01-01."""

LONGEST_STAGE = 156
"""Weeks that `lookback` reaches back over, to a stage's beginning and the 2 or 4 before it.

Of 35 US names from 1990 to 2024 (`adjusted_closes_1990_2024`), against SPY, the longest stage had
67 weeks, and the longest time without a 2 or 4 was 44 weeks.
"""


@kernel
def stage_of(distance: float, slope: float, strength: float, trend: float) -> float:
    """Gives 2 where all three are above 0, 4 where all are below, else what the last of them left.

    `trend` is the newest stage 2 or 4 of an earlier week: after 2 comes a top (3), after 4 a base
    (1); without either it is unclear (0). NaN where one of the three is.
    """
    if np.isnan(distance + slope + strength):
        return np.nan
    if distance > 0.0 and slope > 0.0 and strength > 0.0:
        return ADVANCE
    if distance < 0.0 and slope < 0.0 and strength < 0.0:
        return DECLINE
    if trend == ADVANCE:
        return TOP
    return BASE if trend == DECLINE else UNCLEAR


@kernel
def weinstein_into(  # noqa: PLR0913, PLR0917
    session: Series,
    close: Series,
    benchmark_close: Series,
    average: int,
    span: int,
    stage: Series,
    weeks: Series,
    slope_pct: Series,
    distance_pct: Series,
) -> None:
    """Writes the stage, its age in weeks, the average's slope and the close's distance from it.

    A week runs from Monday to Sunday and closes at its last session; the week in progress counts
    with its close so far, and weeks without a bar do not count. `distance_pct` is the close above
    the mean of the last `average` weekly closes, in percent of it, first valid in week
    `average - 1`; `slope_pct` is that mean above its own of `span` weeks before, in percent, first
    valid in week `average - 1 + span`. The stage is `stage_of` both and the change over `span`
    weeks of close / benchmark close, each at the week's last session that has one; NaN in a week
    that has none, and where the week `span` weeks before had none. Differences by rounding count
    as none, so a benchmark against itself is never 2 or 4. `weeks` counts the weeks in a row of
    the same stage, the row's own included.

    Weinstein, Secrets for Profiting in Bull and Bear Markets (1988), with QuantMatrix's older
    rules for 2 and 4; for what lies between he asks what came before, and so do these.
    """
    closes = np.empty(close.size)
    means = np.empty(close.size)
    ratios = np.empty(close.size)
    week, number, before = -1, -np.inf, np.nan
    trend, last_stage, last_weeks = UNCLEAR, np.nan, 0.0
    for row in range(close.size):
        current = np.floor((session[row] + THURSDAY) / DAYS_IN_WEEK)
        if current != number:
            if row > 0:
                last_stage, last_weeks = stage[row - 1], weeks[row - 1]
            if last_stage in (ADVANCE, DECLINE):
                trend = last_stage
            week, number = week + 1, current
            ratios[week] = np.nan
            before = np.nan if week < average - 1 else closes[week - average + 1 : week].sum()
        closes[week] = close[row]
        means[week] = (before + close[row]) / average
        if not np.isnan(benchmark_close[row]):
            ratios[week] = close[row] / benchmark_close[row]
        earlier_mean = means[week - span] if week >= span else np.nan
        earlier_ratio = ratios[week - span] if week >= span else np.nan
        distance = excess(close[row], means[week])
        slope = excess(means[week], earlier_mean)
        stage[row] = stage_of(distance, slope, excess(ratios[week], earlier_ratio), trend)
        weeks[row] = last_weeks + 1.0 if stage[row] == last_stage else 1.0
        if np.isnan(stage[row]):
            weeks[row] = np.nan
        slope_pct[row] = slope / earlier_mean * 100.0
        distance_pct[row] = distance / means[week] * 100.0


def lookback(average: int, span: int) -> int:
    """Gives the bars of seven a week that the means need, and of `LONGEST_STAGE` weeks.

    A stage that began earlier, or rests on a 2 or 4 that ended earlier, needs more history.
    """
    return DAYS_IN_WEEK * (average + span + LONGEST_STAGE)


INDICATOR = Indicator(
    name="weinstein",
    params=(
        Param("average", default=30, least=2, most=260),
        Param("span", default=9, most=52),
    ),
    inputs=("session", "close", "benchmark_close"),
    outputs=tuple(
        f"weinstein_{name}_{{average}}_{{span}}"
        for name in ("stage", "weeks", "slope_pct", "distance_pct")
    ),
    descriptions=(
        "2 (advance) where the close is above its mean of {average} weeks, and the mean and close "
        "/ benchmark close are above theirs of {span} weeks before; 4 (decline) where all are "
        "below; else 3 (top) after a 2, 1 (base) after a 4, 0 (unclear) before either; null until "
        "known, and without a benchmark close in the week.",
        "Weeks in a row of this stage, the row's own included; null where the stage is.",
        "Mean of {average} weekly closes above its own of {span} weeks before, in percent (1.0 is "
        "one percent); the week in progress counts with its close so far; null until known.",
        "Close above its mean of {average} weekly closes, in percent (1.0 is one percent); null "
        "until {average} weeks are known.",
    ),
    kernel=weinstein_into,
    lookback=lookback,
)
