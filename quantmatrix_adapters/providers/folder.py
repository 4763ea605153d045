"""A person's own bars: a folder (or one file) of CSV or Parquet. `docs/bars.md` says what it reads.

A file becomes cells in `bar_files`, cells become numbers and dates in `bar_cells`.
"""

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import polars as pl

from quantmatrix_adapters.providers import bar_cells
from quantmatrix_adapters.providers.bar_files import (
    REQUIRED,
    BarFile,
    BarFileError,
    is_bar_file,
    open_bar_file,
)
from quantmatrix_adapters.providers.bar_parts import BarParts
from quantmatrix_adapters.providers.base import Delivery, Given
from quantmatrix_engine.contracts.findings import Findings
from quantmatrix_engine.errors import SettingsError
from quantmatrix_engine.vocabulary import FindingRule, InstrumentKind, Severity

_FINDINGS = Findings.empty().schema
# Files are made into numbers together until they have so many rows, of some 150 bytes each.
_ROWS_AT_ONCE = 2_000_000
_WANTED = f"*.csv, *.csv.gz or *.parquet with the columns {', '.join(REQUIRED)}"


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

    name = "folder"

    def __init__(
        self,
        path: Path,
        exchange: str = "XNYS",
        currency: str = "USD",
        *,
        rows_at_once: int = _ROWS_AT_ONCE,
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
        files = _bar_files(self.path)
        stats = [(source, path.stat()) for source, path in files.items()]
        told = "\n".join(f"{source} {stat.st_size} {stat.st_mtime_ns}" for source, stat in stats)
        return f"{len(files)} files, {hashlib.sha256(told.encode()).hexdigest()[:16]}"

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
            self._held = _read_folder(self.path, version, self.rows_at_once)
        return self._held


PROVIDER = FolderProvider


# ------------------------------------------------------------------------------------ files


def _bar_files(path: Path) -> dict[str, Path]:
    """Gives the bar files under their path relative to the folder, sorted; hidden ones are not."""
    try:
        if not path.exists():
            raise SettingsError(f"No bars at {path}: it does not exist; expected {_WANTED}.")
        files = [path] if path.is_file() else sorted(path.rglob("*"))
    except OSError as broken:
        raise SettingsError(
            f"No bars at {path}: it cannot be read ({broken.strerror}); expected {_WANTED}."
        ) from broken
    root = path.parent if path.is_file() else path
    found = {
        file.relative_to(root).as_posix(): file
        for file in files
        if is_bar_file(file) and file.is_file()
    }
    if not found:
        raise SettingsError(f"No bars at {path}: it has no bar file; expected {_WANTED}.")
    return found


@dataclass
class _Batch:
    """Files whose cells are made into numbers together, and findings of those that cannot be."""

    opened: dict[str, BarFile] = field(default_factory=dict)
    same_types: dict[str, list[pl.DataFrame]] = field(default_factory=lambda: defaultdict(list))
    findings: list[pl.DataFrame] = field(default_factory=lambda: [pl.DataFrame(schema=_FINDINGS)])
    rows: int = 0

    def add(self, source: str, file: Path) -> None:
        try:
            opened = open_bar_file(file)
            cells = opened.cells()
        except BarFileError as broken:
            self.findings.append(_finding_of_file(source, broken))
            return
        if not opened.refused.is_empty():
            self.findings.append(_findings_of_lines(source, opened.refused))
        self.opened[source] = opened
        self.same_types[str(cells.schema)].append(cells.with_columns(source=pl.lit(source)))
        self.rows += cells.height

    def read(self) -> tuple[list[pl.DataFrame], pl.DataFrame]:
        """Gives the bars that could be read, and the findings."""
        readings = [bar_cells.read_cells(pl.concat(cells)) for cells in self.same_types.values()]
        of_cells = [_findings_of_cells(one.problems, self.opened) for one in readings]
        bars = [one.bars for one in readings if not one.bars.is_empty()]
        return bars, pl.concat([*self.findings, *of_cells])


def _batches(files: Mapping[str, Path], rows_at_once: int) -> Iterator[_Batch]:
    batch = _Batch()
    for source, file in files.items():
        batch.add(source, file)
        if batch.rows >= rows_at_once:
            yield batch
            batch = _Batch()
    yield batch


def _read_folder(path: Path, version: str, rows_at_once: int) -> _Held:
    parts = BarParts()
    findings = []
    for batch in _batches(_bar_files(path), rows_at_once):
        bars, of_batch = batch.read()
        findings.append(of_batch)
        if bars:
            parts.add(pl.concat(bars))
    found = pl.concat(findings).sort("source", "source_row", "column", maintain_order=True)
    if parts.is_empty():
        raise SettingsError(_nothing_to_read(path, found))
    return _Held(version, bars=parts, findings=found)


def _nothing_to_read(path: Path, findings: pl.DataFrame) -> str:
    if findings.is_empty():
        return f"No bars at {path}: the files have no rows; expected {_WANTED}."
    worst = findings.row(0, named=True)
    line = "" if worst["source_row"] is None else f" line {worst['source_row']}"
    return (
        f"No bars at {path}: no row can be read ({findings.height} findings; the first: "
        f"{worst['source']}{line}, {worst['rule']}, found {worst['value']}, "
        f"expected {worst['expected']}); expected {_WANTED}."
    )


# --------------------------------------------------------------------------------- findings


def _finding_of_file(source: str, broken: BarFileError) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "provider": FolderProvider.name,
            "symbol": None,
            "session": None,
            "rule": broken.rule.value,
            "column": broken.column,
            "value": broken.value,
            "expected": broken.expected,
            "severity": Severity.ERROR.value,
            "source": source,
            "source_row": None,
            "row": None,
        },
        schema=_FINDINGS,
    )


def _findings_of_lines(source: str, refused: pl.DataFrame) -> pl.DataFrame:
    return refused.select(
        provider=pl.lit(FolderProvider.name),
        symbol=pl.lit(None, pl.String),
        session=pl.lit(None, pl.Date),
        rule=pl.lit(FindingRule.UNREADABLE_FILE.value),
        column=pl.lit(None, pl.String),
        value="value",
        expected="expected",
        severity=pl.lit(Severity.WARNING.value),
        source=pl.lit(source),
        source_row="source_row",
        row="row",
    )


def _findings_of_cells(problems: pl.DataFrame, opened: dict[str, BarFile]) -> pl.DataFrame:
    if problems.is_empty():
        return pl.DataFrame(schema=_FINDINGS)
    delivered = pl.concat(
        opened[source].as_json(rows.get_column("source_row")).with_columns(source=pl.lit(source))
        for (source,), rows in problems.group_by("source", maintain_order=True)
    )
    return problems.join(
        delivered, on=["source", "source_row"], how="left", maintain_order="left"
    ).select(
        pl.lit(FolderProvider.name).alias("provider"),
        *("symbol", "session", "rule", "column", "value", "expected"),
        pl.lit(Severity.WARNING.value).alias("severity"),
        *("source", "source_row", "row"),
    )
