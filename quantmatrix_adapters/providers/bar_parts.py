"""Bars of many files in parts: the newest in memory, those before it in files of our own."""

import shutil
import tempfile
import weakref
from pathlib import Path

import polars as pl


class BarParts:
    """Parts of one table, in the order they were added. The files go with this object.

    A part that is put aside is ordered by the column `moment`, by which rows are asked for.
    """

    def __init__(self, moment: str = "session") -> None:
        self._moment = moment
        self._newest: pl.DataFrame | None = None
        self._files: list[Path] = []
        self._folder: Path | None = None

    def is_empty(self) -> bool:
        """Says whether nothing was added."""
        return self._newest is None

    def add(self, bars: pl.DataFrame) -> None:
        """Adds a part; the one before it is put aside, in the order of its moments."""
        if self._newest is not None:
            self._put_aside(self._newest)
        self._newest = bars

    def scan(self) -> pl.LazyFrame:
        """Gives all rows; of one symbol and session in the order in which they were added."""
        if self._newest is None:
            raise ValueError("no part was added; add one before scanning")
        aside = [pl.scan_parquet(file, glob=False) for file in self._files]
        return pl.concat([*aside, self._newest.lazy()])

    def _put_aside(self, bars: pl.DataFrame) -> None:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="quantmatrix-bars-"))
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        file = self._folder / f"{len(self._files):05d}.parquet"
        # In order, so that what is asked for is found without reading the rest.
        bars.sort(self._moment, maintain_order=True).write_parquet(file, row_group_size=100_000)
        self._files.append(file)
