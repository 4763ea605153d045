"""Jumps: a close that leaves and comes back, and steps that splits explain or do not explain.

All of them can be true: a company fails, a penny stock doubles for a day. They are flagged, and
the bar stays.
"""

import math

import polars as pl

from quantmatrix_engine.prices.series import after, before, flags
from quantmatrix_engine.vocabulary import FindingRule

SPIKE_RATIO = 2.0
RETURN_RATIO = 1.8
# Ratios below 2 are left out: stocks fall by a third for reasons of their own too often.
USUAL_RATIOS = (2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50)
SPLIT_TOLERANCE_RATIO = 0.06
# A split of less than this, such as a stock dividend of 5 %, drowns in the day's own move.
SMALLEST_SPLIT_RATIO = 1.2


def spikes(series: pl.DataFrame) -> pl.DataFrame:
    """Gives a flag for each close at twice or half the one before that goes back on the next bar.

    `series` is what `in_series` gives. It goes back where the next close is 1.8 times as far the
    other way; that next bar shows it.
    """
    away, back = _step("close"), (after("close") / pl.col("close")).log()
    leaves = (away.abs() >= math.log(SPIKE_RATIO)) & (back.abs() >= math.log(RETURN_RATIO))
    rows = series.with_columns(
        was=before("close"), becomes=after("close"), seen_on=after("session"), away=away, back=back
    )
    return flags(
        rows.filter(leaves & (pl.col("away").sign() != pl.col("back").sign())),
        FindingRule.SPIKE_REVERTS,
        value=pl.format("close {} between {} and {}", "close", "was", "becomes"),
        expected=f"a close less than {SPIKE_RATIO:g} times off the one before, or one that stays",
    )


def unexplained_jumps(series: pl.DataFrame, splits: pl.DataFrame) -> pl.DataFrame:
    """Gives a flag for each step overnight that looks like a usual split where none is known.

    `series` is as traded; `splits` has instrument_id and ex_date. Open and close are both within
    6 % of the close before, times or divided by a usual ratio: 2, 3, 4, 5 ...
    """
    near_2 = math.log(SPIKE_RATIO) - SPLIT_TOLERANCE_RATIO
    moved = series.with_columns(was=before("close"), step=_step("close"), gap=_step("open")).filter(
        pl.col("step").abs() >= near_2
    )
    known = splits.select("instrument_id", session="ex_date")
    return flags(
        moved.join(
            known, on=["instrument_id", "session"], how="anti", maintain_order="left"
        ).filter(_fits_a_usual_ratio()),
        FindingRule.UNEXPLAINED_JUMP,
        value=pl.format("open {} and close {} after {}", "open", "close", "was"),
        expected="a known split where prices step by a usual ratio overnight",
    )


def splits_not_applied(series: pl.DataFrame, splits: pl.DataFrame) -> pl.DataFrame:
    """Gives a flag for each known split on whose ex-date the prices as traded do not step.

    `splits` has instrument_id, ex_date and ratio (units after for one before). The step is nearer
    to none than to the split's; ex-dates without a bar, and ratios nearer to 1 than 1.2, are not
    judged.
    """
    expected = pl.col("ratio").log()
    judged = splits.filter(expected.abs() >= math.log(SMALLEST_SPLIT_RATIO))
    rows = (
        series.with_columns(was=before("close"), gap=_step("open"))
        .join(judged, left_on=["instrument_id", "session"], right_on=["instrument_id", "ex_date"])
        .filter((pl.col("gap") + expected).abs() > pl.col("gap").abs())
    )
    return flags(
        rows,
        FindingRule.SPLIT_NOT_APPLIED,
        value=pl.format("open {} after a close of {}, split {}", "open", "was", "ratio"),
        expected="prices as traded that step by the ratio on the ex-date",
    )


def _step(column: str) -> pl.Expr:
    """Gives the logarithm of a price against the close before."""
    return (pl.col(column) / before("close")).log()


def _fits_a_usual_ratio() -> pl.Expr:
    logs = [side * math.log(ratio) for ratio in USUAL_RATIOS for side in (1, -1)]
    step, gap = pl.col("step"), pl.col("gap")
    return pl.any_horizontal(
        ((step - one).abs() <= SPLIT_TOLERANCE_RATIO) & ((gap - one).abs() <= SPLIT_TOLERANCE_RATIO)
        for one in logs
    )
