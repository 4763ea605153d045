"""A person's own bars: a folder (or one file) of CSV or Parquet. `docs/bars.md` says what it reads.

A file becomes cells in `bar_files`, cells become numbers and dates in `bar_cells`.
"""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import polars as pl

from quantmatrix_adapters.providers import bar_cells, bar_folder
from quantmatrix_adapters.providers.bar_files import DAILY
from quantmatrix_adapters.providers.bar_parts import BarParts
from quantmatrix_adapters.providers.base import Delivery, Given
from quantmatrix_engine.errors import SettingsError
from quantmatrix_engine.vocabulary import InstrumentKind


@dataclass(frozen=True)
class _Held:
    """What the files said when they had this version; `known_at` of a bar is null if unstated."""

    version: str
    bars: BarParts
    findings: pl.DataFrame


class FolderProvider:
    """Gives the bars of the files at a path; they are parsed once for each `version`.

    Files are parsed together until they have `rows_at_once`; what was parsed before stays on disk,
    so that memory holds no more than that or the largest file.
    """

    name = bar_folder.NAME

    def __init__(
        self,
        path: Path,
        exchange: str = "XNYS",
        currency: str = "USD",
        *,
        rows_at_once: int = bar_folder.ROWS_AT_ONCE,
    ) -> None:
        self.path = path
        self.exchange = exchange
        self.currency = currency
        self.rows_at_once = rows_at_once
        self._held: _Held | None = None

    @classmethod
    def configured(cls, given: Given) -> Self:
        """Gives the provider of the files an installation names. Raises SettingsError."""
        if given.bars is None:
            raise SettingsError("The provider 'folder' needs files: set QUANTMATRIX_BARS.")
        return cls(given.bars)

    def version(self) -> str:
        """Gives a text made of the files' paths, sizes and times of change.

        Raises SettingsError where the path cannot be read or has no bar file.
        """
        return bar_folder.version_of(bar_folder.files_at(self.path, DAILY))

    def listing(self) -> pl.DataFrame:
        """Gives the symbols in the files, keeping the contract Listing, sorted by symbol."""
        return (
            self._read()
            .bars.scan()
            .group_by("symbol")
            .agg(first_session=pl.col("session").min())
            .select(
                "symbol",
                exchange=pl.lit(self.exchange),
                currency=pl.lit(self.currency),
                kind=pl.lit(InstrumentKind.STOCK.value),
                name=pl.lit(None, pl.String),
                first_session="first_session",
            )
            .sort("symbol")
            .collect(engine="streaming")
        )

    def sessions(self) -> tuple[dt.date, dt.date]:
        """Gives the first and the last session in the files."""
        session = pl.col("session")
        ends = self._read().bars.scan().select(first=session.min(), last=session.max())
        first, last = ends.collect(engine="streaming").row(0)
        return first, last

    def daily_bars(self, first: dt.date, last: dt.date, *, known_at: dt.datetime) -> Delivery:
        """Gives the bars from `first` to `last`, and the findings that may be about them.

        A finding whose session cannot be read is in every delivery.
        """
        held = self._read()
        asked = pl.col("session").is_between(first, last)
        moment = pl.lit(known_at).dt.convert_time_zone("UTC").cast(pl.Datetime("us", "UTC"))
        # Files come in the order of their names and rows as they stand: equal keys keep that order.
        by_key = held.bars.scan().filter(asked).sort("symbol", "session", maintain_order=True)
        bars = by_key.select(
            pl.lit(self.name).alias("provider"),
            "symbol",
            "session",
            "open",
            "high",
            "low",
            "close",
            "volume",
            "source",
            "source_row",
            pl.col("known_at").fill_null(moment),
        )
        findings = held.findings.filter(asked | pl.col("session").is_null())
        return Delivery(bars=bars.collect(), findings=findings)

    def _read(self) -> _Held:
        version = self.version()
        if self._held is None or self._held.version != version:
            read = bar_folder.read_files(
                self.path, DAILY, bar_cells.read_cells, rows_at_once=self.rows_at_once
            )
            self._held = _Held(version, read.bars, read.findings)
        return self._held


PROVIDER = FolderProvider
