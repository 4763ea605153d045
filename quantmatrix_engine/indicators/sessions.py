"""Indicators of a range of sessions, each from the bars known up to that session."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import polars as pl

from quantmatrix_engine.indicators.base import Spec, kernel
from quantmatrix_engine.indicators.compute import compute
from quantmatrix_engine.indicators.plan import plan
from quantmatrix_engine.indicators.runs import Numbers, run_starts
from quantmatrix_engine.prices import adjustment
from quantmatrix_engine.prices.adjustment import View, adjusted
from quantmatrix_engine.prices.restatement import newest_known

LOOK_AHEAD_INSTRUMENTS = 200
"""So many instruments, or up to twice as many, are computed again to see if any looks ahead."""


class Computed(Protocol):
    """What computes the indicators of a range of sessions from daily bars, as `of_sessions`."""

    def __call__(
        self,
        bars: pl.DataFrame,
        specs: Iterable[Spec],
        *,
        first: dt.date,
        last: dt.date,
        actions: pl.DataFrame,
    ) -> pl.DataFrame:
        """Gives a row an instrument and session from `first` to `last`."""


def of_sessions(
    bars: pl.DataFrame,
    specs: Iterable[Spec],
    *,
    first: dt.date,
    last: dt.date,
    actions: pl.DataFrame,
) -> pl.DataFrame:
    """Gives the indicators (contract Indicators) of the sessions from `first` to `last`.

    `bars` keeps the contract Bars, with every vintage and as much history as there is; bars after
    `last` are not looked at. `actions` keeps the contract PriceActions. Each row is in the price
    basis of its own session: earlier prices are adjusted for the splits up to it, later splits
    change nothing. `known_at` is the newest one among the bars up to the row.
    """
    wanted = list(specs)
    known = newest_known(_needed(bars, wanted).filter(pl.col("session") <= last))
    splits = actions.filter(pl.col("ratio").is_not_null())
    in_range = pl.col("ex_date").is_between(first, last, closed="right")
    ex_dates = splits.filter(in_range).select("instrument_id", "ex_date").unique()
    has_split = pl.col("instrument_id").is_in(
        ex_dates.get_column("instrument_id").unique().implode()
    )
    steady = adjusted(known.filter(~has_split), splits, as_of=last, view=View.SPLIT_ADJUSTED)
    values = [compute(steady, wanted, since=first)]
    for basis in _bases(known.filter(has_split), splits, ex_dates, first=first, last=last):
        computed = compute(basis.bars, wanted, since=first)
        values.append(computed.join(basis.sessions, on=["instrument_id", "session"], how="semi"))
    return (
        pl.concat(values)
        .join(_moments(known, first), on=["instrument_id", "session"])
        .sort("instrument_id", "session")
    )


def _needed(bars: pl.DataFrame, specs: Sequence[Spec]) -> pl.DataFrame:
    """Gives the columns that are read: putting bars in order moves every column there is."""
    inputs = {*plan(specs).inputs, *adjustment.PRICES, "volume"} & {*bars.columns}
    return bars.select(
        ["instrument_id", "provider", "session", "known_at", *sorted(inputs - {"session"})]
    )


def _moments(known: pl.DataFrame, first: dt.date) -> pl.DataFrame:
    """Gives the newest `known_at` among the bars up to each bar from `first` on.

    `known` is sorted by instrument and session.
    """
    moments = known.get_column("known_at")
    newest = np.empty(known.height, dtype=np.int64)
    starts = run_starts(known.get_column("instrument_id").to_numpy())
    _newest_into(moments.to_physical().to_numpy(), starts, newest)
    rows = known.select((pl.col("session") >= first).arg_true()).to_series()
    return known.select("instrument_id", "session")[rows].with_columns(
        known_at=pl.Series(newest[rows.to_numpy()]).cast(moments.dtype)
    )


@kernel
def _newest_into(moments: Numbers, starts: Numbers, out: Numbers) -> None:
    """Writes the largest number up to each row since the instrument's first, those of `starts`."""
    for number in range(starts.size):
        past = starts[number + 1] if number + 1 < starts.size else moments.size
        newest = moments[starts[number]]
        for row in range(starts[number], past):
            newest = max(newest, moments[row])
            out[row] = newest


@dataclass(frozen=True)
class _Basis:
    """Bars up to a session, in its price basis, and the sessions they are in the basis of."""

    bars: pl.DataFrame
    sessions: pl.DataFrame


def _bases(
    known: pl.DataFrame,
    splits: pl.DataFrame,
    ex_dates: pl.DataFrame,
    *,
    first: dt.date,
    last: dt.date,
) -> Iterator[_Basis]:
    """Gives every instrument up to its first split in the range, then those with one from it on.

    `known` are the bars of the instruments with an ex-date in the range. One with n splits after
    `first` is computed n + 1 times, each time to the next split.
    """
    # So many splits went ex since the range began: the number of the basis a bar is asked in.
    numbered = ex_dates.sort("ex_date").with_columns(
        basis=pl.int_range(1, pl.len() + 1).over("instrument_id")
    )
    bars = (
        known.sort("session")
        .join_asof(
            numbered,
            left_on="session",
            right_on="ex_date",
            by="instrument_id",
            check_sortedness=False,
        )
        .with_columns(pl.col("basis").fill_null(0))
        .drop("ex_date")
        .sort("instrument_id", "session")
    )
    for basis in bars.get_column("basis").unique().sort():
        among = pl.col("basis").max().over("instrument_id") >= basis
        up_to = bars.filter(among, pl.col("basis") <= basis)
        ends = up_to.group_by("instrument_id").agg(end=pl.col("session").max())
        until = (
            splits.join(ends, on="instrument_id")
            .filter(pl.col("ex_date") <= pl.col("end"))
            .drop("end")
        )
        asked = up_to.filter(pl.col("basis") == basis, pl.col("session") >= first)
        plain = up_to.drop("basis")
        in_basis = adjusted(plain, until, as_of=last, view=View.SPLIT_ADJUSTED)
        yield _Basis(in_basis, asked.select("instrument_id", "session"))


def look_ahead(
    bars: pl.DataFrame,
    specs: Iterable[Spec],
    *,
    session: dt.date,
    until: dt.date,
    actions: pl.DataFrame,
    of: Computed = of_sessions,
) -> pl.DataFrame:
    """Gives the rows of a session that differ when the bars after it, up to `until`, are cut away.

    None should: a row here rests on the future. Columns are those `of` gives, the code that is
    looked at. It is that code that would look ahead, not an instrument: `LOOK_AHEAD_INSTRUMENTS` of
    them are looked at, spread over all.
    """
    asked = list(specs)
    known = bars.filter(pl.col("session") <= until)
    chosen = sampled(known.get_column("instrument_id").unique().sort().to_list())
    seen = known.filter(pl.col("instrument_id").is_in(chosen))
    seeing = of(seen, asked, first=session, last=until, actions=actions)
    seen_then = seen.filter(pl.col("session") <= session)
    known_then = actions.filter(pl.col("ex_date") <= session)
    cut = of(seen_then, asked, first=session, last=session, actions=known_then)
    return seeing.filter(pl.col("session") == session).join(
        cut, on=seeing.columns, how="anti", nulls_equal=True
    )


def sampled(instruments: Sequence[int]) -> list[int]:
    """Gives every n-th of the instruments that `look_ahead` computes again; all where few."""
    return list(instruments)[:: max(1, len(instruments) // LOOK_AHEAD_INSTRUMENTS)]
