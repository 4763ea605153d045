"""Intraday histories: the bars that a session's indicators are computed of, some instruments at a
time.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from quantmatrix_engine.contracts.intraday_bars import Interval, IntradayBars
from quantmatrix_engine.indicators.base import Spec
from quantmatrix_engine.indicators.intraday import WINDOW_SESSIONS, of_session, window_begins
from quantmatrix_engine.prices.priority import preferred
from quantmatrix_engine.prices.restatement import known_by
from quantmatrix_pipelines.defs.market_data.histories import among
from quantmatrix_pipelines.lake import Lake

TABLE = "intraday_bars"
# So many bars are computed at a time.
_BARS_AT_ONCE = 750_000
_BARS_A_SESSION = {Interval.FIVE_MINUTES: 78, Interval.HOUR: 7}
_END_OF_TIME = dt.datetime.max.replace(tzinfo=dt.UTC)


@dataclass(frozen=True)
class IntradayHistories:
    """Intraday bars as they are known last, of the first of the `providers` that has any.

    One provider for an instrument and session, the same for both intervals, as in snapshots.
    """

    lake: Lake
    providers: Sequence[str]
    actions: pl.DataFrame

    def indicators(self, specs: Sequence[Spec], session: dt.date) -> pl.DataFrame:
        """Gives a session's indicators, computed of one group of instruments after another."""
        return pl.concat(
            of_session(bars, specs, session=session, actions=self.actions)
            for bars in self._of_groups(session)
        )

    def instruments(self, session: dt.date) -> list[int]:
        """Gives the ids of the instruments with a bar of the session, ascending."""
        rows = self.lake.read(TABLE, first=session, last=session, columns=["instrument_id"])
        return rows.get_column("instrument_id").unique().sort().to_list()

    def bars(self, instruments: Sequence[int], session: dt.date) -> pl.DataFrame:
        """Gives the bars of some instruments that a session's indicators are computed of."""
        windows = [
            self.lake.read(
                TABLE,
                first=window_begins(interval, session),
                last=session,
                keep=among(instruments) & (pl.col("interval") == interval.value),
            )
            for interval in WINDOW_SESSIONS
        ]
        return known_by(preferred(pl.concat(windows), self.providers), _END_OF_TIME)

    def _of_groups(self, session: dt.date) -> Iterator[pl.DataFrame]:
        """Gives the bars of groups that memory can hold; none of a session without any."""
        window = sum(WINDOW_SESSIONS[one] * count for one, count in _BARS_A_SESSION.items())
        ids, size = self.instruments(session), max(1, _BARS_AT_ONCE // window)
        if not ids:
            yield IntradayBars.empty()
        for start in range(0, len(ids), size):
            yield self.bars(ids[start : start + size], session)
