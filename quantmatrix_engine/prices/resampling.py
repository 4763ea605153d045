"""Resampling: weeks and months out of adjusted daily bars.

A week ends on its last session on the exchange, a Thursday before Good Friday. Nothing is filled
in: a period without a bar has none. A vendor's weekly bar is no reference: its opens differ.
"""

import datetime as dt
from collections.abc import Sequence
from enum import StrEnum

import polars as pl

from quantmatrix_engine import calendars
from quantmatrix_engine.contracts.period_bars import PeriodBars


class Period(StrEnum):
    """A span of sessions: a week from Monday to Sunday, or a calendar month."""

    WEEK = "1w"
    MONTH = "1mo"


def resampled(
    bars: pl.DataFrame, period: Period, *, as_of: dt.date, beside: Sequence[str] = ()
) -> pl.DataFrame:
    """Gives the bars of weeks or months up to `as_of` (contract PeriodBars), sorted by key.

    `bars` keeps the contract Bars with one row an instrument, provider and session, those of a
    period adjusted to one basis. The last period is there while it is unfinished, `is_final` being
    false until its last session has passed and all its bars are final. Bars after `as_of` are not
    looked at. Of the further columns named in `beside` a period has the value of its last bar.
    """
    read = bars.filter(pl.col("session") <= as_of)
    if read.is_empty():
        further = {name: bars.schema[name] for name in beside}
        return pl.DataFrame(schema={**PeriodBars.empty().schema, **further})
    ends = _ends(read.get_column("session").min(), as_of, period)  # type: ignore[arg-type]
    ordered = read.sort("instrument_id", "provider", "session").join(
        ends, on="session", maintain_order="left"
    )
    return (
        ordered.group_by("instrument_id", "provider", "ends_on", maintain_order=True)
        .agg(
            pl.col("open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            pl.col("volume").sum(),
            *(pl.col(name).last() for name in beside),
            sessions=pl.len().cast(pl.Int64),
            known_at=pl.col("known_at").max(),
            is_final=pl.col("is_final").all(),
        )
        .with_columns(
            session=pl.min_horizontal("ends_on", pl.lit(_last_session(as_of))),
            is_final=pl.col("is_final") & (pl.col("ends_on") <= as_of),
        )
        .select([*PeriodBars.to_schema().columns, *beside])
    )


def week_ends(sessions: Sequence[dt.date]) -> list[dt.date]:
    """Gives those of some ascending sessions that are the last of their week on the exchange."""
    if not sessions:
        return []
    ends = _ends(sessions[0], sessions[-1], Period.WEEK).get_column("ends_on")
    return sorted({*sessions} & {*ends})


def _ends(first: dt.date, as_of: dt.date, period: Period) -> pl.DataFrame:
    """Gives each session with `ends_on`, the last session of its period on the exchange."""
    beyond = as_of + dt.timedelta(days=31)
    known = pl.DataFrame(
        {"session": calendars.sessions(first, beyond)}, schema={"session": pl.Date}
    )
    start = pl.col("session").dt.truncate(period.value)
    return known.with_columns(ends_on=pl.col("session").max().over(start))


def _last_session(as_of: dt.date) -> dt.date:
    return calendars.sessions(as_of - dt.timedelta(days=14), as_of)[-1]
