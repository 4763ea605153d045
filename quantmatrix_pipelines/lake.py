"""The lake: Delta tables of the long series, in a local folder or an object store."""

import datetime as dt
import logging
from collections.abc import Iterable, Mapping, Sequence

import polars as pl
from deltalake import CommitProperties, DeltaTable, WriterProperties, write_deltalake
from deltalake.exceptions import CommitFailedError

from quantmatrix_engine.contracts.bars import Bars
from quantmatrix_engine.contracts.fundamentals import Fundamentals
from quantmatrix_engine.contracts.indicators import Indicators
from quantmatrix_engine.contracts.intraday_bars import IntradayBars
from quantmatrix_engine.contracts.intraday_indicators import IntradayIndicators
from quantmatrix_engine.contracts.raw_bars import RawBars
from quantmatrix_engine.contracts.shape import types_of
from quantmatrix_engine.contracts.weekly_indicators import WeeklyIndicators

CONTRACTS = {
    "raw_bars": RawBars,
    "bars": Bars,
    "indicators": Indicators,
    "weekly_indicators": WeeklyIndicators,
    "fundamentals": Fundamentals,
    "intraday_bars": IntradayBars,
    "intraday_indicators": IntradayIndicators,
}
_YEAR = "year"
# Old sessions of one interval are whole files, so that taking them away rewrites nothing.
_FOLDERS = {name: ["interval", "session"] for name in ("intraday_bars", "intraday_indicators")}
_NOTE = "quantmatrix/note"
# A year of more files than this is put together, into files of about this size; a session that is
# written again rewrites one of them.
_FILES_A_YEAR = 64
_FILE_BYTES = 32 * 2**20
# Rows of one instrument lie together, and a reader of some instruments opens whole groups of rows.
_WRITTEN = WriterProperties(max_row_group_size=131_072)
# Files that no version needs any more are kept this long, for whoever is still reading them.
_KEPT_HOURS = 7 * 24
LOG = logging.getLogger("quantmatrix.lake")


class Lake:
    """Tables of rows with a `session`, kept in one folder a year so that little is rewritten.

    Sessions that are written one by one make small files; once a year has many they are put
    together, which changes no row. Of what is intraday each interval and session has a folder.
    """

    def __init__(self, root: str, *, storage_options: Mapping[str, str] | None = None) -> None:
        self.root = root
        self._storage_options = dict(storage_options or {})

    def read(
        self,
        table: str,
        *,
        first: dt.date | None = None,
        last: dt.date | None = None,
        columns: Sequence[str] | None = None,
        keep: pl.Expr | None = None,
    ) -> pl.DataFrame:
        """Gives the rows of the sessions from `first` to `last`; an end left out is open.

        Where `columns` are named only those are read, and where `keep` is given only rows that it
        holds for: files and parts of files that cannot hold one are not opened.

        A table never written gives no rows, with the columns of its contract. Of bars it gives
        every vintage; `engine.prices.restatement.known_by` gives those known at a moment. Of
        fundamentals it gives every statement; `engine.prices.fundamentals.standing` gives what
        stood at one.
        """
        if not self._exists(table):
            return self._empty(table).select(columns or pl.all())
        scan = self._scan(table, first, last)
        if keep is not None:
            scan = scan.filter(keep)
        return scan.select(columns or pl.all()).collect()

    def newest(
        self, table: str, *, first: dt.date, last: dt.date, sessions: int = 1
    ) -> pl.DataFrame:
        """Gives the rows of each instrument's last `sessions` sessions from `first` to `last`."""
        if not self._exists(table):
            return self._empty(table)
        scan = self._scan(table, first, last)
        since = (
            scan.select("instrument_id", "session")
            .unique()
            .group_by("instrument_id")
            .agg(since=pl.col("session").top_k(sessions).min())
            .collect(engine="streaming")
        )
        recent = scan.filter(pl.col("session") >= since.get_column("since").min())
        return (
            recent.join(since.lazy(), on="instrument_id")
            .filter(pl.col("session") >= pl.col("since"))
            .drop("since")
            .collect(engine="streaming")
        )

    def rows_by_session(self, table: str, *, first: dt.date, last: dt.date) -> dict[dt.date, int]:
        """Gives how many rows each session has; one without any is left out."""
        if not self._exists(table):
            return {}
        counted = self._scan(table, first, last).group_by("session").agg(rows=pl.len()).collect()
        return dict(counted.iter_rows())

    def instruments(self, table: str, *, last: dt.date) -> list[int]:
        """Gives the ids of the instruments with a row up to the session `last`, ascending."""
        if not self._exists(table):
            return []
        ids = self._scan(table, None, last).select(pl.col("instrument_id").unique().sort())
        found: list[int] = ids.collect(engine="streaming").to_series().to_list()
        return found

    def sessions(
        self, table: str, *, provider: str | None = None
    ) -> tuple[dt.date, dt.date] | None:
        """Gives the first and the last session of a table, or None while it has no rows.

        With `provider` only its rows count.
        """
        if not self._exists(table):
            return None
        scan = pl.scan_delta(self._uri(table), storage_options=self._storage_options)
        if provider is not None:
            scan = scan.filter(pl.col("provider") == provider)
        first, last = (
            scan.select(first=pl.col("session").min(), last=pl.col("session").max())
            .collect()
            .row(0)
        )
        return None if first is None else (first, last)

    def newest_session(self, table: str, providers: Sequence[str]) -> dt.date | None:
        """Gives the newest session that one of the providers has a row of; None: there is none."""
        spans = [self.sessions(table, provider=name) for name in providers]
        return max((span[1] for span in spans if span is not None), default=None)

    def columns(self, table: str) -> list[str]:
        """Gives the names of a table's columns, as `read` gives them."""
        if not self._exists(table):
            return self._empty(table).columns
        return self._scan(table, None, None).collect_schema().names()

    def rows(self, table: str) -> int:
        """Gives how many rows a table has."""
        if not self._exists(table):
            return 0
        scan = pl.scan_delta(self._uri(table), storage_options=self._storage_options)
        count: int = scan.select(pl.len()).collect().item()
        return count

    def notes(self, table: str) -> set[str]:
        """Gives the notes of the commits of a table, as `append` and `replace` took them."""
        if not self._exists(table):
            return set()
        opened = DeltaTable(self._uri(table), storage_options=self._storage_options)
        return {commit[_NOTE] for commit in opened.history() if _NOTE in commit}

    def append(self, table: str, rows: pl.DataFrame, *, note: str | None = None) -> None:
        """Adds rows; those that are there stay as they are. The commit keeps the `note`.

        Without rows nothing is written, unless there is a note and a table to keep it in.
        """
        if rows.height or (note is not None and self._exists(table)):
            self._append(table, rows, note)
            self._put_together(table, rows.get_column("session").dt.year().unique().to_list())

    def replace(
        self,
        table: str,
        rows: pl.DataFrame,
        *,
        first: dt.date,
        last: dt.date,
        note: str | None = None,
    ) -> None:
        """Puts `rows` in the place of all rows of the sessions from `first` to `last`, at once.

        A column the table does not know yet is added; older rows have null there. The commit keeps
        the `note`.
        """
        if not self._exists(table):
            self._append(table, rows, note)
            return
        self._overwrite(table, rows, first, last, note)
        self._put_together(table, range(first.year, last.year + 1))

    def _overwrite(
        self, table: str, rows: pl.DataFrame, first: dt.date, last: dt.date, note: str | None
    ) -> None:
        predicate = (
            f"{_YEAR} >= {first.year} AND {_YEAR} <= {last.year} "
            f"AND session >= '{first}' AND session <= '{last}'"
        )
        write_deltalake(
            self._uri(table),
            _filed(rows),
            mode="overwrite",
            predicate=predicate,
            partition_by=_FOLDERS.get(table, [_YEAR]),
            schema_mode="merge",
            commit_properties=_noted(note),
            writer_properties=_WRITTEN,
            storage_options=self._storage_options,
        )

    def delete(self, table: str, *, before: dt.date, interval: str) -> int:
        """Takes away the rows of an interval of sessions before a date; gives how many it were.

        Their files stay for those who read an older version, until `vacuum`.
        """
        if not self._exists(table):
            return 0
        old = (pl.col("session") < before) & (pl.col("interval") == interval)
        scan = pl.scan_delta(self._uri(table), storage_options=self._storage_options).filter(old)
        rows: int = scan.select(pl.len()).collect().item()
        if rows:
            DeltaTable(self._uri(table), storage_options=self._storage_options).delete(
                f"session < '{before}' AND \"interval\" = '{interval}'"
            )
        return rows

    def vacuum(self, table: str, *, unused_for_hours: int = _KEPT_HOURS) -> int:
        """Removes files that no version of the last hours needs; gives how many it were."""
        if not self._exists(table):
            return 0
        opened = DeltaTable(self._uri(table), storage_options=self._storage_options)
        removed = opened.vacuum(
            retention_hours=unused_for_hours,
            dry_run=False,
            enforce_retention_duration=unused_for_hours >= _KEPT_HOURS,
        )
        return len(removed)

    def _scan(self, table: str, first: dt.date | None, last: dt.date | None) -> pl.LazyFrame:
        scan = pl.scan_delta(self._uri(table), storage_options=self._storage_options)
        for bound, keep in ((first, pl.col("session").ge), (last, pl.col("session").le)):
            if bound is not None:
                scan = scan.filter(keep(bound))
        return scan.drop(_YEAR)

    def _append(self, table: str, rows: pl.DataFrame, note: str | None) -> None:
        write_deltalake(
            self._uri(table),
            _filed(rows),
            mode="append",
            partition_by=_FOLDERS.get(table, [_YEAR]),
            schema_mode="merge",
            commit_properties=_noted(note),
            writer_properties=_WRITTEN,
            storage_options=self._storage_options,
        )

    def _put_together(self, table: str, years: Iterable[int]) -> None:
        if table in _FOLDERS:
            return
        opened = DeltaTable(self._uri(table), storage_options=self._storage_options)
        filed = [[(_YEAR, "=", str(year))] for year in years]
        many = [
            one
            for one in filed
            if len(opened.file_uris(file_pruning_predicate=one)) > _FILES_A_YEAR
        ]
        try:
            done = [
                opened.optimize.compact(one, target_size=_FILE_BYTES, writer_properties=_WRITTEN)
                for one in many
            ]
            if any(one["numFilesRemoved"] for one in done):
                opened.vacuum(_KEPT_HOURS, dry_run=False)
        except CommitFailedError as conflict:
            # Somebody wrote the year meanwhile: the write after this one does it.
            LOG.info("%s: files are not put together this time (%s)", table, conflict)

    def _exists(self, table: str) -> bool:
        return DeltaTable.is_deltatable(self._uri(table), storage_options=self._storage_options)

    def _uri(self, table: str) -> str:
        return f"{self.root}/{table}"

    def _empty(self, table: str) -> pl.DataFrame:
        return pl.DataFrame(schema=types_of(CONTRACTS[table]))


def _filed(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(pl.col("session").dt.year().alias(_YEAR))


def _noted(note: str | None) -> CommitProperties | None:
    return None if note is None else CommitProperties(custom_metadata={_NOTE: note})
