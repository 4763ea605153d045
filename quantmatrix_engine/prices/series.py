"""Series: the bars of many instruments and providers in one frame, each after the one before.

Everything over a series is a shift of the frame: no group is formed, so millions of bars take
seconds.
"""

import datetime as dt

import polars as pl

from quantmatrix_engine import calendars
from quantmatrix_engine.contracts.flags import Flags
from quantmatrix_engine.vocabulary import FindingRule

PRICES = ("open", "high", "low", "close")
KEY = ("instrument_id", "provider")
FLAG_COLUMNS = tuple(Flags.to_schema().columns)


def in_series(bars: pl.DataFrame) -> pl.DataFrame:
    """Gives the newest known bar of each instrument, provider and session, sorted by them.

    `bars` keeps the contract Bars. Two columns are added: `place`, the number of the session on
    the exchange, consecutive sessions having consecutive numbers; and `begins`, true on the first
    bar of a series.
    """
    ordered = bars.sort(*KEY, "session", "known_at").with_row_index("row")
    again = pl.all_horizontal(pl.col(*KEY, "session") == pl.col(*KEY, "session").shift(-1))
    newest = ordered.filter(~again.fill_null(value=False)).drop("row")
    same = pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in KEY)
    return newest.join(
        places(*span(newest)), on="session", how="left", maintain_order="left"
    ).with_columns(begins=~same.fill_null(value=False))


def places(first: dt.date | None, last: dt.date | None) -> pl.DataFrame:
    """Gives every session from `first` to `last` with its place, the first one's being 0."""
    known = [] if first is None or last is None else calendars.sessions(first, last)
    return pl.DataFrame({"session": known}, schema={"session": pl.Date}).with_columns(
        place=pl.int_range(pl.len(), dtype=pl.Int64)
    )


def span(bars: pl.DataFrame) -> tuple[dt.date | None, dt.date | None]:
    """Gives the first and the last session of the bars, or two Nones where there are none."""
    first, last = bars.select(first=pl.col("session").min(), last=pl.col("session").max()).row(0)
    return first, last


def before(column: str) -> pl.Expr:
    """Gives a column of the bar before, in the frame `in_series` gives; null on the first one."""
    return pl.when(~pl.col("begins")).then(pl.col(column).shift(1))


def after(column: str) -> pl.Expr:
    """Gives a column of the bar after, in the frame `in_series` gives; null on the last one."""
    return pl.when(~pl.col("begins").shift(-1)).then(pl.col(column).shift(-1))


def flags(rows: pl.DataFrame, rule: FindingRule, *, value: pl.Expr, expected: str) -> pl.DataFrame:
    """Gives the rows as flags (contract Flags) of one rule.

    `until` and `seen_on` are those of the rows where they have such a column, else the session.
    `known_at` is the bar's; null for a rule about bars that are not there.
    """
    # polars 2.1 panics where it writes numbers as text in a frame whose first chunk is empty.
    rows = rows.rechunk()
    own = {name: pl.col(name if name in rows.columns else "session") for name in _SPAN}
    known_at = pl.lit(None) if rule in _WITHOUT_A_BAR else pl.col("known_at")
    return rows.with_columns(
        **own,
        known_at=known_at.cast(pl.Datetime("us", "UTC")),
        rule=pl.lit(rule.value),
        value=value,
        expected=pl.lit(expected),
    ).select(FLAG_COLUMNS)


_SPAN = ("until", "seen_on")
_WITHOUT_A_BAR = (FindingRule.MISSING_SESSION, FindingRule.STALE_SERIES)
