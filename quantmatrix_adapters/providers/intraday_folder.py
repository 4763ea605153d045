"""A person's own intraday bars: files of CSV or Parquet, as `docs/intraday_bars.md` says."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from quantmatrix_adapters.providers import bar_folder, intraday_cells
from quantmatrix_adapters.providers.answer_intraday import INTRADAY
from quantmatrix_adapters.providers.bar_files import INTRADAY as SHAPE
from quantmatrix_adapters.providers.base import IntradayDelivery
from quantmatrix_engine import calendars


class IntradayFolder:
    """Gives the intraday bars of the files at a path; they are parsed once for each state."""

    name = bar_folder.NAME

    def __init__(self, path: Path) -> None:
        self.path = path
        self._held: tuple[str, bar_folder.BarsOfFiles] | None = None

    def intraday_bars(
        self, symbols: Sequence[str], first: dt.date, last: dt.date, *, known_at: dt.datetime
    ) -> IntradayDelivery:
        """Gives the bars of these symbols, or of all where none is named, and all findings.

        Of the dates (New York) from `first` to `last`, but for a session that has not closed.
        Raises SettingsError where the path has no file or no row that can be read.
        """
        closed = min(last, calendars.last_closed_session(known_at))
        date = pl.col("starts_at").dt.convert_time_zone(calendars.EXCHANGE_TIME_ZONE).dt.date()
        moment = pl.lit(known_at).dt.convert_time_zone("UTC").cast(pl.Datetime("us", "UTC"))
        held = self._read()
        wanted = date.is_between(first, closed)
        if symbols:
            wanted &= pl.col("symbol").is_in(list(symbols))
        bars = (
            held.bars.scan()
            .filter(wanted)
            .with_columns(pl.col("known_at").fill_null(moment), provider=pl.lit(self.name))
            .select(list(INTRADAY))
            .sort("symbol", "starts_at", maintain_order=True)
        )
        return IntradayDelivery(bars.collect(), held.findings)

    def _read(self) -> bar_folder.BarsOfFiles:
        version = bar_folder.version_of(bar_folder.files_at(self.path, SHAPE))
        if self._held is None or self._held[0] != version:
            read = bar_folder.read_files(self.path, SHAPE, intraday_cells.read_cells)
            self._held = version, read
        return self._held[1]
