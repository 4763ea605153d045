"""Histories: the bars that indicators are computed of, some instruments at a time."""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import polars as pl

from quantmatrix_engine import calendars
from quantmatrix_engine.indicators.base import Spec
from quantmatrix_engine.indicators.compute import WORKERS
from quantmatrix_engine.indicators.runs import put_together
from quantmatrix_engine.indicators.sessions import Computed, columns_read, of_sessions
from quantmatrix_engine.indicators.weeks import of_weeks
from quantmatrix_engine.prices.benchmark import with_benchmark
from quantmatrix_engine.prices.identity import resolve
from quantmatrix_engine.prices.priority import preferred
from quantmatrix_engine.prices.restatement import known_by, newest_known
from quantmatrix_models.database import Database
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.stores import instruments as instrument_store
from quantmatrix_pipelines.stretches import Stretch

# So many bars of history a worker reads and computes at a time; weeks need more memory for each.
_BARS_AT_ONCE = 3_000_000
_BARS_OF_WEEKS_AT_ONCE = 1_500_000


@dataclass(frozen=True)
class Histories:
    """Bars of the feed beside the benchmark's, of some of the `instruments` at a time.

    `known_at` is the moment whose knowledge they show; None: that of now. `benchmark` is the
    instrument, or None where there is none.
    """

    lake: Lake
    instruments: Sequence[int]
    providers: Sequence[str]
    benchmark: int | None
    actions: pl.DataFrame
    known_at: dt.datetime | None = None

    def bars(self, instruments: Sequence[int], last: dt.date) -> pl.DataFrame:
        """Gives all history of some instruments up to the session `last`, in order, known last."""
        known = newest_known(put_together(self._known(instruments, last)))
        return with_benchmark(known, self._of_benchmark(last), self.actions)

    def indicators(self, specs: Sequence[Spec], stretch: Stretch) -> pl.DataFrame:
        """Gives the indicators of a stretch (contract Indicators)."""
        groups = self._groups(stretch.last, _BARS_AT_ONCE)
        return self._of_groups(groups, of_sessions, specs, stretch, columns_read(specs))

    def weekly_indicators(self, specs: Sequence[Spec], stretch: Stretch) -> pl.DataFrame:
        """Gives the indicators of the weeks that end in a stretch (contract WeeklyIndicators)."""
        groups = self._groups(stretch.last, _BARS_OF_WEEKS_AT_ONCE)
        return self._of_groups(groups, of_weeks, specs, stretch, None)

    def _of_groups(
        self,
        groups: Iterable[Sequence[int]],
        of: Computed,
        specs: Sequence[Spec],
        stretch: Stretch,
        columns: Collection[str] | None,
    ) -> pl.DataFrame:
        """Gives what `of` computes of groups of instruments, as many at a time as are workers."""
        asked = {"first": stretch.first, "last": stretch.last}
        benchmark = self._of_benchmark(stretch.last)

        def of_group(group: Sequence[int]) -> pl.DataFrame:
            bars = self._known(group, stretch.last, columns)
            return of(bars, specs, **asked, actions=self.actions, benchmark=benchmark)

        with ThreadPoolExecutor(WORKERS) as pool:
            return pl.concat(pool.map(of_group, groups))

    def _of_benchmark(self, last: dt.date) -> pl.DataFrame:
        return self._known([] if self.benchmark is None else [self.benchmark], last)

    def _known(
        self, instruments: Sequence[int], last: dt.date, columns: Collection[str] | None = None
    ) -> pl.DataFrame:
        """Gives the bars of some instruments, every vintage; at least `columns`, or all."""
        keep = among(instruments)
        if columns is not None and len(self.providers) == 1 and self.known_at is None:
            # Of one provider alone no row needs to keep the name.
            of_provider = pl.col("provider") == self.providers[0]
            return self.lake.read("bars", last=last, columns=[*columns], keep=of_provider & keep)
        named = None if columns is None else [*columns, "provider"]
        read = self.lake.read("bars", last=last, columns=named, keep=keep)
        if self.known_at is not None:
            read = known_by(read, self.known_at)
        return preferred(read, self.providers)

    def _groups(self, last: dt.date, bars: int) -> Iterator[Sequence[int]]:
        """Gives the instruments in groups of about so many bars; an empty one for none."""
        known = self.lake.sessions("bars")
        history = len(calendars.sessions(known[0], last)) if known else 1
        size = max(1, bars // history)
        for start in range(0, max(1, len(self.instruments)), size):
            yield self.instruments[start : start + size]


def among(instruments: Sequence[int]) -> pl.Expr:
    """Says whether a row is of one of them; without gaps a range does, and takes less to ask."""
    first, last = min(instruments, default=0), max(instruments, default=-1)
    if last - first + 1 == len({*instruments}):
        return pl.col("instrument_id").is_between(first, last)
    return pl.col("instrument_id").is_in(list(instruments))


def benchmark_of(database: Database, symbol: str, session: dt.date) -> int | None:
    """Gives the instrument a symbol means on a session; None where it means none or several."""
    asked = pl.DataFrame(
        {"symbol": [symbol], "session": [session], "exchange": [None]},
        schema_overrides={"exchange": pl.String},
    )
    (ids,) = resolve(asked, instrument_store.catalogue(database)).get_column("instrument_ids")
    return ids[0] if len(ids) == 1 else None
