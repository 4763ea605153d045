"""Cells of intraday bars as numbers and moments, and what is wrong with those that cannot be read.

A moment has its UTC offset: half past nine is another moment in New York than in UTC, and another
in summer than in winter, so one without is not guessed.
"""

import datetime as dt

import polars as pl

from quantmatrix_adapters.providers.bar_cells import (
    KEY,
    Reading,
    as_of_problems,
    moments_in,
    number_in,
    number_problems,
    problems_at,
    published_at,
    symbol_problems,
)
from quantmatrix_adapters.providers.bar_files import NUMBERS
from quantmatrix_engine.contracts.intraday_bars import Interval
from quantmatrix_engine.vocabulary import FindingRule

_MINUTES = {1: Interval.MINUTE, 5: Interval.FIVE_MINUTES, 60: Interval.HOUR}
_INTERVALS = ", ".join(Interval)


def read_cells(cells: pl.DataFrame) -> Reading:
    """Gives the intraday bars that cells say; they have the columns of `BarFile.cells` and source.

    `bars` has source, source_row, symbol, interval, starts_at, the prices, volume and known_at
    (null where the file states none). Rows without an `interval` have that of their file: the time
    by which rows of a symbol most often follow each other.
    """
    moments = moments_in(cells, "starts_at")
    starts_at = moments.get_column("zoned")
    told = cells.with_columns(session=pl.lit(None, pl.Date), zoned=starts_at)
    known = pl.col("interval").is_in(list(Interval))
    intervals = (
        told.join(_usual(told), on="source", how="left", maintain_order="left")
        .select(interval=pl.coalesce(pl.when(known).then("interval"), _unsaid("usual")))
        .to_series()
    )
    read = told.select(
        *KEY,
        "symbol",
        intervals,
        *(number_in(cells, column) for column in NUMBERS),
        published_at(moments_in(cells, "as_of")),
        starts_at="zoned",
        session="session",
    )
    problems = pl.concat(
        [
            symbol_problems(told, read),
            _moment_problems(told, read, moments),
            _interval_problems(told, read),
            *(number_problems(told, read, column) for column in NUMBERS),
            as_of_problems(told, read),
        ]
    )
    good = read.drop("session").drop_nulls(["interval", "starts_at"])
    return Reading(good.join(problems, on=KEY, how="anti", maintain_order="left"), problems)


def _unsaid(column: str) -> pl.Expr:
    return pl.when(pl.col("interval").is_null()).then(column)


def _usual(told: pl.DataFrame) -> pl.DataFrame:
    """Gives source and usual: the interval of each file, null where no gap or an odd one is."""
    gap = pl.col("zoned").diff().over("source", "symbol", order_by="zoned")
    usual = (
        told.select("source", gap=gap)
        .filter(pl.col("gap") > dt.timedelta())
        .group_by("source", "gap")
        .len()
        .sort("len", "gap", descending=[True, False])
        .unique("source", keep="first", maintain_order=True)
    )
    names = {dt.timedelta(minutes=one): interval.value for one, interval in _MINUTES.items()}
    return usual.select(
        "source",
        usual=pl.col("gap").replace_strict(names, default=None, return_dtype=pl.String),
    )


def _moment_problems(told: pl.DataFrame, read: pl.DataFrame, moments: pl.DataFrame) -> pl.DataFrame:
    """Gives a problem for each cell that is no moment, and one a file for those without offset."""
    has_no_offset = moments.select(
        pl.any_horizontal(pl.col("plain", "naive").is_not_null())
    ).to_series()
    is_none = moments.get_column("zoned").is_null() & ~has_no_offset
    form = "a moment with its UTC offset, such as 2024-01-02T09:30:00-05:00 or 2024-01-02T14:30:00Z"
    unreadable = problems_at(
        told,
        read,
        at=is_none,
        rule=FindingRule.NOT_A_DATE,
        column="starts_at",
        expected=pl.lit(form),
    )
    without_offset = problems_at(
        told,
        read,
        at=_first_of_file(told, has_no_offset),
        rule=FindingRule.NOT_A_DATE,
        column="starts_at",
        expected=pl.lit(f"{form}; no row of this file that is like this one is read"),
    )
    return pl.concat([unreadable, without_offset])


def _interval_problems(told: pl.DataFrame, read: pl.DataFrame) -> pl.DataFrame:
    """Gives a problem for each interval that is none, and one a file that does not show its own."""
    is_lost = read.get_column("interval").is_null()
    is_said = told.get_column("interval").is_not_null()
    # Of rows without a moment another finding tells.
    is_silent = is_lost & ~is_said & told.get_column("zoned").is_not_null()
    return problems_at(
        told,
        read,
        at=(is_lost & is_said) | _first_of_file(told, is_silent),
        rule=FindingRule.BROKEN_CONTRACT,
        column="interval",
        expected=pl.lit(f"one of {_INTERVALS}, where the gaps between rows are not one of them"),
    )


def _first_of_file(told: pl.DataFrame, at: pl.Series) -> pl.Series:
    """Gives, of the rows where `at` is true, the first of each file: it stands for the others."""
    marked = told.select("source", at=at)
    return marked.select(pl.col("at") & (pl.col("at").cum_sum().over("source") == 1)).to_series()
