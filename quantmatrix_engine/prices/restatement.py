"""Restatements: which rows of a delivery say something that was not known before."""

import datetime as dt
from collections.abc import Sequence

import polars as pl

from quantmatrix_engine.prices.ordering import has_repeated_keys, in_order

KEY = ("provider", "symbol", "session")
VALUES = ("open", "high", "low", "close", "volume")
INTRADAY_KEY = ("provider", "instrument_id", "interval", "starts_at")
INTRADAY_VALUES = (*VALUES, "is_final")
"""That an interval is over is news, though its values did not change."""


def unseen(
    delivered: pl.DataFrame,
    known: pl.DataFrame,
    *,
    key: Sequence[str] = KEY,
    values: Sequence[str] = VALUES,
) -> pl.DataFrame:
    """Gives the rows of `delivered` that `known` does not hold; both keep the contract RawBars.

    Of other rows with a `known_at`, `key` and `values` say what they are about and what they say:
    those of IntradayBars are INTRADAY_KEY and INTRADAY_VALUES.

    A row is known where its key and `known_at` are, or where the newest known row of its key has
    the same values: a delivery repeated later adds nothing. Once a row of a key is new, so are
    those of the same moment, which may contradict it, and the later ones, which may take it back.
    """
    if known.is_empty():
        return delivered
    newest = known.filter(pl.col("known_at") == pl.col("known_at").max().over(key))
    said_before = delivered.join(known, on=[*key, "known_at"], how="anti")
    changed = said_before.join(newest, on=[*key, *values], how="anti", nulls_equal=True)
    since = changed.group_by(key).agg(changed_at=pl.col("known_at").min())
    return (
        said_before.join(since, on=key, maintain_order="left")
        .filter(pl.col("known_at") >= pl.col("changed_at"))
        .drop("changed_at")
    )


def known_by(bars: pl.DataFrame, moment: dt.datetime) -> pl.DataFrame:
    """Gives the bars as they were known at a moment: of each key the newest vintage until then.

    `bars` keeps the contract RawBars, CleanBars, Bars or IntradayBars and holds every vintage; so
    does what comes back, in the same order. `moment` is timezone-aware. Rows of one key and moment
    that contradict each other are all kept: a gate refuses them.
    """
    name = "instrument_id" if "instrument_id" in bars.columns else "symbol"
    within = [one for one in ("interval", "starts_at") if one in bars.columns]
    newest = pl.col("known_at").max().over("provider", name, "session", *within)
    return bars.filter(pl.col("known_at") <= moment).filter(pl.col("known_at") == newest)


def newest_known(bars: pl.DataFrame) -> pl.DataFrame:
    """Gives each instrument's bar of each session as it is known last, sorted by both.

    `bars` keeps the contract Bars and holds every vintage; so does what comes back, with one row
    for an instrument and session.
    """
    ordered = in_order(bars)
    if not has_repeated_keys(ordered):
        return ordered
    return bars.sort("instrument_id", "session", "known_at", "provider").unique(
        ["instrument_id", "session"], keep="last", maintain_order=True
    )
