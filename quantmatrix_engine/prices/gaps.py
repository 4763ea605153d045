"""Gaps: sessions an instrument has no bar of, inside its life and at its end."""

import datetime as dt

import polars as pl

from quantmatrix_engine.prices.series import after, before, flags, places, span
from quantmatrix_engine.vocabulary import FindingRule

STALE_AFTER_SESSIONS = 5
ENDED_AFTER_SESSIONS = 20


def missing_sessions(series: pl.DataFrame) -> pl.DataFrame:
    """Gives a flag for each gap between two bars of a series (what `in_series` gives).

    A gap is one flag however long it is: `session` and `until` are its first and last session, and
    the bar after it shows it. What lies before the first bar or after the last is no gap: an
    instrument that ended, or whose feed starts later, lacks nothing.
    """
    known = places(*span(series))
    missing = pl.col("place") - before("place") - 1
    gaps = series.with_columns(count=missing).filter(pl.col("count") > 0)
    spans = (
        gaps.rename({"session": "seen_on"})
        .with_columns(first=pl.col("place") - pl.col("count"), last=pl.col("place") - 1)
        .join(known, left_on="first", right_on="place")
        .join(known.rename({"session": "until"}), left_on="last", right_on="place")
    )
    return flags(
        spans,
        FindingRule.MISSING_SESSION,
        value=pl.format("{} sessions, {} to {}", "count", "session", "until"),
        expected="a bar on every session between the first and the last bar",
    )


def stale_series(
    series: pl.DataFrame,
    *,
    as_of: dt.date,
    after_sessions: int = STALE_AFTER_SESSIONS,
    ended_after_sessions: int = ENDED_AFTER_SESSIONS,
) -> pl.DataFrame:
    """Gives a flag for each series without a bar for `after_sessions` sessions up to `as_of`.

    `session` is that of its last bar. One silent for more than `ended_after_sessions` is taken to
    have ended: that is a matter of the listing, and no flag.
    """
    known = places(span(series)[0], as_of)
    silent = known.height - 1 - pl.col("place")
    last_bars = series.filter(after("place").is_null()).with_columns(silent=silent)
    shown = (
        last_bars.filter(pl.col("silent").is_between(after_sessions, ended_after_sessions))
        .with_columns(shown_at=pl.col("place") + after_sessions, until=pl.lit(as_of))
        .join(known.rename({"session": "seen_on"}), left_on="shown_at", right_on="place")
    )
    return flags(
        shown,
        FindingRule.STALE_SERIES,
        value=pl.format("no bar for {} sessions since {}", "silent", "session"),
        expected=f"a bar within {after_sessions} sessions",
    )
