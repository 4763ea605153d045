"""Fundamentals through time: what a delivery says anew, and what stood at a moment.

What stands of an instrument and provider is the statement for its last session, in the form known
last. So figures for an older session, brought later, do not displace those of a newer one.
"""

import datetime as dt

import polars as pl

from quantmatrix_engine.contracts.fundamentals import FIGURES

KEY = ("instrument_id", "provider")
_ORDER = (*KEY, "session", "known_at")


def unstated(delivered: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Gives the rows of `delivered` that say something `known` does not; both keep Fundamentals.

    A row is known where its whole key is, or where the statement before it, by session and
    `known_at`, had the same figures and was known by then. It then stands and falls with that one.
    Sorted by key.
    """
    said = delivered.join(known, on=_ORDER, how="anti").with_columns(is_new=pl.lit(value=True))
    both = pl.concat([known.with_columns(is_new=pl.lit(value=False)), said]).sort(_ORDER)
    figures = pl.struct(FIGURES)
    repeats = (
        (pl.struct(KEY) == pl.struct(KEY).shift(1))
        & figures.eq_missing(figures.shift(1))
        & (pl.col("known_at").shift(1) <= pl.col("known_at"))
    )
    return both.filter(pl.col("is_new") & ~repeats.fill_null(value=False)).drop("is_new")


def standing(fundamentals: pl.DataFrame, moment: dt.datetime) -> pl.DataFrame:
    """Gives what stood at a moment (contract Fundamentals): one row an instrument and provider.

    `fundamentals` keeps the contract Fundamentals and holds every statement; `moment` is
    timezone-aware. Nothing that became known after it is seen. Sorted by key.
    """
    return (
        fundamentals.filter(pl.col("known_at") <= moment)
        .sort(_ORDER)
        .unique(KEY, keep="last", maintain_order=True)
    )
