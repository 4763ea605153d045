"""How long intraday bars are kept: sessions by interval, and taking away what is older."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from quantmatrix_engine import calendars
from quantmatrix_engine.contracts.intraday_bars import Interval
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.settings import Settings


@dataclass(frozen=True)
class Retention:
    """The first session of which each interval is kept."""

    since: Mapping[Interval, dt.date]

    @property
    def first(self) -> dt.date:
        """Gives the first session of which anything is kept."""
        return min(self.since.values())

    def kept(self, bars: pl.DataFrame) -> pl.DataFrame:
        """Gives the bars (contract IntradayBars) that are not past their time."""
        in_time = [
            (pl.col("interval") == interval.value) & (pl.col("session") >= first)
            for interval, first in self.since.items()
        ]
        return bars.filter(pl.any_horizontal(in_time))

    def forget(self, lake: Lake, table: str) -> dict[str, object]:
        """Takes away what a table has past its time, and the files of what went a week ago.

        Gives what the materialization tells: how many rows went and since when others are kept, by
        interval. No other table is touched.
        """
        gone = {
            interval: lake.delete(table, before=first, interval=interval.value)
            for interval, first in self.since.items()
        }
        if any(gone.values()):
            lake.vacuum(table)
        since = {f"kept_{one}_since": str(first) for one, first in self.since.items()}
        return {**since, **{f"forgotten_{one}": rows for one, rows in gone.items()}}


def retention(settings: Settings, lake: Lake, session: dt.date) -> Retention:
    """Gives what is kept when `session` has been loaded: sessions are counted back from the newest.

    The newest is the last there are bars of, or `session` where that is later.
    """
    known = lake.sessions("intraday_bars")
    newest = session if known is None else max(session, known[1])
    counts = {
        Interval.FIVE_MINUTES: settings.intraday_5m_sessions,
        Interval.HOUR: settings.intraday_1h_sessions,
    }
    return Retention(
        {
            interval: calendars.sessions_before(newest, count - 1)
            for interval, count in counts.items()
        }
    )
