"""What the older `indicator_engine` got wrong, held as it must be.

Each test names what was seen there. That ADX was never given is held where ADX is tested, and
that nothing used these measures is no property of them.
"""

import datetime as dt
from collections.abc import Callable

import polars as pl
import pytest

from quantmatrix_engine.indicators.base import Spec, spec
from quantmatrix_engine.indicators.compute import compute

MakeBars = Callable[..., pl.DataFrame]
STAGE = "weinstein_stage_30_9"


def _column(bars: pl.DataFrame, asked: Spec, name: str) -> list[float | None]:
    return compute(bars, [asked])[name].to_list()


def _fridays(closes: list[float]) -> pl.DataFrame:
    first = dt.date(2020, 1, 3)
    days = [first + dt.timedelta(weeks=week) for week in range(len(closes))]
    columns = {"session": days, "close": closes}
    return pl.DataFrame(columns, schema={"session": pl.Date, "close": pl.Float64}).with_columns(
        instrument_id=pl.lit(1, pl.Int64), benchmark_close=pl.lit(100.0)
    )


@pytest.mark.parametrize("weeks", [35, 36, 37, 38, 39, 60])
def test_a_perfect_rise_is_never_a_top(weeks):
    """It was called 3 with 35 to 38 weeks, while its slope was not yet known."""
    stage = _column(_fridays([100.0 + week for week in range(weeks)]), spec("weinstein"), STAGE)
    assert stage[-1] == (2.0 if weeks >= 39 else None)


def test_a_gap_is_open_until_a_bar_after_it_fills_it(bars: MakeBars):
    """Every gap counted as filled, by the bar before it."""
    frame = bars([9, 12, 13, 9], high=[10, 13, 14, 14], low=[8, 11, 12, 9])
    asked = spec("unfilled_gaps", gap_pct=0.5, window=120)
    assert _column(frame, asked, "gaps_up_0p5_120") == [None, 1, 1, 0]


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_perfection_countdown_and_completion_are_filled(side, bars: MakeBars):
    """The columns were there and always empty."""
    sign = -1.0 if side == "buy" else 1.0
    moves = [0, -3, -4, -5, -6, *range(-2, 15)]
    run = [100 + sign * move for move in moves]
    # A bar equal to the fourth before ends the run at 17 bars; five more complete the count.
    run += [run[-4], *(run[-1] + sign * step for step in (1, 2, 3, 4))]
    frame = bars(run, [close + 0.5 for close in run], [close - 0.5 for close in run])
    asked = spec("td_countdown"), spec("td_setup")
    result = compute(frame, asked)
    assert result[f"td_{side}_setup"].max() == 17
    assert result[f"td_{side}_perfected"].max() == 1
    assert result[f"td_{side}_countdown"].max() == 13
    assert result[f"td_{side}_countdown_completed"].sum() == 1


def test_a_base_after_a_decline_is_no_top():
    """3 was the name of all that was nothing else, so an early base was shown as one."""
    falling = [200.0 - week for week in range(60)]
    stage = _column(_fridays(falling + [140.0] * 40), spec("weinstein"), STAGE)
    assert stage[59] == 4.0
    assert stage[-1] == 1.0
    assert 3.0 not in stage


def test_a_base_that_turns_up_is_still_a_base_until_all_conditions_hold():
    """The price is above its average again while the average falls: no top either."""
    falling = [200.0 - week for week in range(60)]
    stage = _column(_fridays([*falling, 150.0, 160.0, 165.0]), spec("weinstein"), STAGE)
    assert stage[-1] == 1.0


def test_a_month_counts_from_the_close_before_it():
    """The close nearest to the 1st was taken, which may lie inside the month."""
    days = [dt.date(2024, 4, 26), dt.date(2024, 5, 1), dt.date(2024, 5, 2)]
    closes = _fridays([100.0, 110.0, 121.0]).with_columns(session=pl.Series(days))
    performance = _column(closes, spec("performance_to_date"), "performance_mtd")
    assert performance == [None, pytest.approx(10), pytest.approx(21)]
