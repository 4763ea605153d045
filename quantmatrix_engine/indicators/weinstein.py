"""Weinstein's four stages, on weekly closes, and how many weeks a stage has lasted."""

import numpy as np

from quantmatrix_engine.indicators.base import Indicator, Integers, Param, Series, excess, kernel
from quantmatrix_engine.indicators.sma import sma_into

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
def _weeks_into(session: Series, week: Integers) -> Integers:
    """Writes the week of each row, counted from 0 over weeks that have bars.

    Gives the last row of each week, which runs from Monday to Sunday.
    """
    last = np.empty(session.size, dtype=np.int64)
    count, before = 0, np.floor((session[0] + THURSDAY + 0.5) / DAYS_IN_WEEK)
    for row in range(session.size):
        number = np.floor((session[row] + THURSDAY + 0.5) / DAYS_IN_WEEK)
        count += number != before
        before = number
        week[row], last[count] = count, row
    return last[: count + 1]


@kernel
def _ratios_into(close: Series, benchmark_close: Series, week: Integers, out: Series) -> None:
    """Writes close / benchmark close, each of the newest row of its week that has both.

    NaN where the week has had none.
    """
    for row in range(close.size):
        out[row] = close[row] / benchmark_close[row]
    for row in range(1, close.size):
        if np.isnan(out[row]) and week[row] == week[row - 1]:
            out[row] = out[row - 1]


@kernel
def _means_into(close: Series, week: Integers, before: Series, average: int, out: Series) -> None:
    """Writes the mean of the close and the `average - 1` weeks before, whose own is `before`."""
    share = 1.0 / average
    for row in range(close.size):
        mean = before[week[row]]
        out[row] = mean + (close[row] - mean) * share


@kernel
def _earlier(of_weeks: Series, span: int) -> Series:
    """Gives for each week the value of the week `span` weeks before; NaN before there is one."""
    earlier = np.full(of_weeks.size, np.nan)
    for number in range(of_weeks.size - span):
        earlier[number + span] = of_weeks[number]
    return earlier


@kernel
def _of_week_into(of_weeks: Series, week: Integers, out: Series) -> None:
    for row in range(week.size):
        out[row] = of_weeks[week[row]]


@kernel
def _excess_into(values: Series, levels: Series, out: Series) -> None:
    """Writes by how much each value exceeds its level; 0 where that is rounding."""
    for row in range(values.size):
        out[row] = excess(values[row], levels[row])


@kernel
def _percent_into(parts: Series, wholes: Series, out: Series) -> None:
    for row in range(parts.size):
        out[row] = parts[row] / wholes[row] * 100.0


@kernel
def _sides_into(distance: Series, slope: Series, strength: Series, out: Series) -> None:
    """Writes 2 where all three are above 0, 4 where all are below, else 0; NaN where one is NaN."""
    for row in range(out.size):
        above = (distance[row] > 0.0) & (slope[row] > 0.0) & (strength[row] > 0.0)
        below = (distance[row] < 0.0) & (slope[row] < 0.0) & (strength[row] < 0.0)
        side = ADVANCE * above + DECLINE * below
        out[row] = np.nan if np.isnan(distance[row] + slope[row] + strength[row]) else side


@kernel
def _measured_into(  # noqa: PLR0913, PLR0917
    close: Series,
    mean: Series,
    ratio: Series,
    week: Integers,
    earlier_mean: Series,
    earlier_ratio: Series,
    side: Series,
    slope_pct: Series,
    distance_pct: Series,
) -> None:
    """Writes the side, and in percent the close above its mean and the mean above the earlier one.

    The earlier mean and ratio are those of the row's week.
    """
    earlier = np.empty(close.size)
    distance, slope, strength = np.empty(close.size), np.empty(close.size), np.empty(close.size)
    _excess_into(close, mean, distance)
    _percent_into(distance, mean, distance_pct)
    _of_week_into(earlier_mean, week, earlier)
    _excess_into(mean, earlier, slope)
    _percent_into(slope, earlier, slope_pct)
    _of_week_into(earlier_ratio, week, earlier)
    _excess_into(ratio, earlier, strength)
    _sides_into(distance, slope, strength, side)


@kernel
def _stages_into(
    side_of_weeks: Series, side: Series, week: Integers, stage: Series, weeks: Series
) -> None:
    """Writes the stage of each row, 2 or 4 where its `side` is, else what the last of them left.

    After the newest 2 or 4 that an earlier week ended with: after 2 comes a top (3), after 4 a base
    (1); without either it is unclear (0). NaN where `side` is. `weeks` are the weeks in a row of
    the same stage, the row's own included.
    """
    # What a week begins with: the stage of a row that is on neither side, and the week before's.
    size = side_of_weeks.size
    otherwise, before, age = np.empty(size), np.empty(size), np.empty(size)
    left, found, lasted = UNCLEAR, np.nan, 0.0
    for number in range(size):
        otherwise[number], before[number], age[number] = left, found, lasted
        its = side_of_weeks[number]
        lasted = 1.0 + (lasted if found == (its if its != UNCLEAR else left) else 0.0)
        found = its if its != UNCLEAR else left
        left = TOP if its == ADVANCE else BASE if its == DECLINE else left
    # What rows take from their weeks first, then plain loops: in one loop it would be guesses.
    for row in range(side.size):
        stage[row], weeks[row] = otherwise[week[row]], age[week[row]]
    for row in range(side.size):
        stage[row] = side[row] if side[row] != UNCLEAR else stage[row]
    for row in range(side.size):
        goes_on = stage[row] == before[week[row]]
        weeks[row] = 1.0 + weeks[row] * goes_on + 0.0 * stage[row]


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
    valid in week `average - 1 + span`. The stage is that of both (`_stages_into`) and the change
    over `span` weeks of close / benchmark close, each at the week's last session that has one; NaN
    in a week that has none, and where the week `span` weeks before had none. Differences by
    rounding count as none, so a benchmark against itself is never 2 or 4. `weeks` counts the weeks
    in a row of the same stage, the row's own included.

    Weinstein, Secrets for Profiting in Bull and Bear Markets (1988), with QuantMatrix's older
    rules for 2 and 4; for what lies between he asks what came before, and so do these.
    """
    week, ratio = np.empty(close.size, dtype=np.int64), np.empty(close.size)
    last = _weeks_into(session, week)
    _ratios_into(close, benchmark_close, week, ratio)

    ends, number, before = close[last], np.arange(last.size), np.full(last.size + 1, np.nan)
    sma_into(ends, average - 1, before[1:])
    means, sides, unused = np.empty(last.size), np.empty(last.size), np.empty(last.size)
    _means_into(ends, number, before, average, means)
    ratios = ratio[last]
    earlier = _earlier(means, span), _earlier(ratios, span)
    _measured_into(ends, means, ratios, number, *earlier, sides, unused, unused)

    first = close.size - stage.size
    mean, side = np.empty(stage.size), np.empty(stage.size)
    _means_into(close[first:], week[first:], before, average, mean)
    _measured_into(
        close[first:], mean, ratio[first:], week[first:], *earlier, side, slope_pct, distance_pct
    )
    _stages_into(sides, side, week[first:], stage, weeks)


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
    writes_asked_only=True,
    lookback=lookback,
)
