"""Scales: bars whose prices are a known factor away from those around them.

A feed that says pence for pounds is 100 times off; a series adjusted for splits of which some rows
were not adjusted is off by the split's ratio. Nothing is corrected here: what comes back says by
which factor a row would have to be multiplied, and which bars were believed.
"""

import math
from enum import StrEnum

import polars as pl

from quantmatrix_engine.prices.series import KEY, PRICES, before, flags
from quantmatrix_engine.vocabulary import FindingRule

UNIT = 100.0
# A price between 67 and 150 times the one before has changed its unit, not its worth.
UNIT_SLACK = math.log(1.5) / math.log(UNIT)
# Of a split that is known the step is nearer to its ratio than to none at all.
SPLIT_SLACK = 0.5


class Believed(StrEnum):
    """Which scale of a series is taken for the right one, where it has several."""

    EARLIEST = "earliest"
    NEWEST_TRADED = "newest_traded"


def off_scale(
    series: pl.DataFrame, factors: pl.DataFrame, *, slack: float, believed: Believed
) -> pl.DataFrame:
    """Gives the bars that stand in another scale than the believed one, with a `factor`.

    `series` is what `in_series` gives; `factors` has instrument_id and `unit`, the factor a scale
    may differ by. A step from one bar to the next counts where the middle of the four prices' steps
    is within `slack` (a share of the logarithm) of the unit. The prices of a row times its `factor`
    are those of the believed scale: EARLIEST, that of the first bar, or NEWEST_TRADED, that of the
    last bar with volume (of the last bar, where none has).
    """
    unit = pl.col("unit").log()
    step = series.join(factors, on="instrument_id", maintain_order="left").with_columns(
        step=pl.when((_middle_step().abs() - unit.abs()).abs() <= slack * unit.abs())
        .then(_middle_step().sign())
        .fill_null(0.0)
    )
    switching = step.filter(pl.col("step") != 0).select(KEY).unique()
    scaled = (
        step.join(switching, on=KEY, how="semi", maintain_order="left")
        .with_columns(scale=pl.col("step").cum_sum().over(KEY))
        .with_columns(right=_right_scale(believed).over(KEY))
    )
    away = pl.col("right") - pl.col("scale")
    return (
        scaled.filter(away != 0)
        .with_columns(factor=(away * unit.abs()).exp())
        .drop("step", "scale", "right", "unit")
    )


def unit_errors(series: pl.DataFrame) -> pl.DataFrame:
    """Gives a flag for each run of bars a hundred times off the first scale, and single prices.

    A run that lasts is one flag, at its first bar: a reverse split of 1:100 looks the same. A bar
    of which only some prices are off is a flag of its own.
    """
    every = series.select("instrument_id").unique().with_columns(unit=pl.lit(UNIT))
    seen = series.with_columns(close_before=before("close"), place_before=before("place"))
    off = off_scale(seen, every, slack=UNIT_SLACK, believed=Believed.EARLIEST)
    goes_on = pl.all_horizontal(pl.col(*KEY, "factor") == pl.col(*KEY, "factor").shift(1))
    goes_on &= pl.col("place_before") == pl.col("place").shift(1)
    runs = flags(
        off.filter(~goes_on.fill_null(value=False)),
        FindingRule.UNIT_ERROR,
        value=pl.format("close {}, after {}", "close", "close_before"),
        expected="prices in the unit of the bar before: 100 times less or more fits",
    )
    return pl.concat([runs, _single_prices(series)])


def _single_prices(series: pl.DataFrame) -> pl.DataFrame:
    """Flags a bar of which some prices, not all, are a hundred times off the close before."""
    steps = [(pl.col(name) / before("close")).log().abs() for name in PRICES]
    off = [(step - math.log(UNIT)).abs() <= math.log(1.5) for step in steps]
    near = [step <= math.log(2) for step in steps]
    mixed = pl.any_horizontal(off) & pl.any_horizontal(near)
    return flags(
        series.filter(mixed),
        FindingRule.UNIT_ERROR,
        value=pl.format("open {}, high {}, low {}, close {}", *PRICES),
        expected="four prices in one unit: some are a hundredth or the hundredfold of the others",
    )


def _middle_step() -> pl.Expr:
    """Gives the logarithm of the step from the bar before, in the middle of the four prices."""
    steps = [(pl.col(name) / before(name)).log() for name in PRICES]
    outer = pl.max_horizontal(steps) + pl.min_horizontal(steps)
    return (pl.sum_horizontal(steps, ignore_nulls=False) - outer) / 2


def _right_scale(believed: Believed) -> pl.Expr:
    scale = pl.col("scale")
    if believed is Believed.EARLIEST:
        return scale.first()
    return scale.filter(pl.col("volume") > 0).last().fill_null(scale.last())
