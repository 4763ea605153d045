"""Files of bars at a path read as one, and findings of what in them cannot be read."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from quantmatrix_adapters.providers.bar_cells import Reading
from quantmatrix_adapters.providers.bar_files import (
    BarFile,
    BarFileError,
    Shape,
    is_bar_file,
    open_bar_file,
)
from quantmatrix_adapters.providers.bar_parts import BarParts
from quantmatrix_engine.contracts.findings import Findings
from quantmatrix_engine.errors import SettingsError
from quantmatrix_engine.vocabulary import FindingRule, Severity

NAME = "folder"
"""What bars of files bear as their provider."""
FINDINGS = Findings.empty().schema
# Files are made into numbers together until they have so many rows, of some 150 bytes each.
ROWS_AT_ONCE = 2_000_000
ReadCells = Callable[[pl.DataFrame], Reading]


@dataclass(frozen=True)
class BarsOfFiles:
    """Bars of files as they were read, files by name and rows as they stand, and findings."""

    bars: BarParts
    findings: pl.DataFrame


def wanted(shape: Shape) -> str:
    """Gives which files are read, for a person."""
    return f"*.csv, *.csv.gz or *.parquet with the columns {', '.join(shape.required)}"


def files_at(path: Path, shape: Shape) -> dict[str, Path]:
    """Gives the bar files under their path relative to the folder, sorted; hidden ones are not.

    Raises SettingsError where there are none, or the path cannot be read.
    """
    try:
        if not path.exists():
            raise SettingsError(f"No bars at {path}: it does not exist; expected {wanted(shape)}.")
        files = [path] if path.is_file() else sorted(path.rglob("*"))
    except OSError as broken:
        raise SettingsError(
            f"No bars at {path}: it cannot be read ({broken.strerror}); expected {wanted(shape)}."
        ) from broken
    root = path.parent if path.is_file() else path
    found = {
        file.relative_to(root).as_posix(): file
        for file in files
        if is_bar_file(file) and file.is_file()
    }
    if not found:
        raise SettingsError(f"No bars at {path}: it has no bar file; expected {wanted(shape)}.")
    return found


def version_of(files: Mapping[str, Path]) -> str:
    """Gives a text made of the files' paths, sizes and times of change."""
    stats = [(source, path.stat()) for source, path in files.items()]
    told = "\n".join(f"{source} {stat.st_size} {stat.st_mtime_ns}" for source, stat in stats)
    return f"{len(files)} files, {hashlib.sha256(told.encode()).hexdigest()[:16]}"


def read_files(
    path: Path, shape: Shape, read: ReadCells, *, rows_at_once: int = ROWS_AT_ONCE
) -> BarsOfFiles:
    """Gives the bars that `read` finds in the cells of the files at a path, and all findings.

    Files are read together until they have `rows_at_once`. Raises SettingsError where there is no
    file, or no row that can be read.
    """
    parts = BarParts(shape.moment)
    findings = []
    for batch in _batches(files_at(path, shape), shape, rows_at_once):
        bars, of_batch = batch.read(read)
        findings.append(of_batch)
        if bars:
            parts.add(pl.concat(bars))
    found = pl.concat(findings).sort("source", "source_row", "column", maintain_order=True)
    if parts.is_empty():
        raise SettingsError(_nothing_to_read(path, found, shape))
    return BarsOfFiles(parts, found)


@dataclass
class _Batch:
    """Files whose cells are made into numbers together, and findings of those that cannot be."""

    shape: Shape
    opened: dict[str, BarFile] = field(default_factory=dict)
    same_types: dict[str, list[pl.DataFrame]] = field(default_factory=lambda: defaultdict(list))
    findings: list[pl.DataFrame] = field(default_factory=lambda: [pl.DataFrame(schema=FINDINGS)])
    rows: int = 0

    def add(self, source: str, file: Path) -> None:
        try:
            opened = open_bar_file(file, self.shape)
            cells = opened.cells()
        except BarFileError as broken:
            self.findings.append(_of_file(source, broken))
            return
        if not opened.refused.is_empty():
            self.findings.append(_of_lines(source, opened.refused))
        self.opened[source] = opened
        self.same_types[str(cells.schema)].append(cells.with_columns(source=pl.lit(source)))
        self.rows += cells.height

    def read(self, read: ReadCells) -> tuple[list[pl.DataFrame], pl.DataFrame]:
        """Gives the bars that could be read, and the findings."""
        readings = [read(pl.concat(cells)) for cells in self.same_types.values()]
        of_cells = [_of_cells(one.problems, self.opened) for one in readings]
        bars = [one.bars for one in readings if not one.bars.is_empty()]
        return bars, pl.concat([*self.findings, *of_cells])


def _batches(files: Mapping[str, Path], shape: Shape, rows_at_once: int) -> Iterator[_Batch]:
    batch = _Batch(shape)
    for source, file in files.items():
        batch.add(source, file)
        if batch.rows >= rows_at_once:
            yield batch
            batch = _Batch(shape)
    yield batch


def _nothing_to_read(path: Path, findings: pl.DataFrame, shape: Shape) -> str:
    if findings.is_empty():
        return f"No bars at {path}: the files have no rows; expected {wanted(shape)}."
    worst = findings.row(0, named=True)
    line = "" if worst["source_row"] is None else f" line {worst['source_row']}"
    return (
        f"No bars at {path}: no row can be read ({findings.height} findings; the first: "
        f"{worst['source']}{line}, {worst['rule']}, found {worst['value']}, "
        f"expected {worst['expected']}); expected {wanted(shape)}."
    )


def _of_file(source: str, broken: BarFileError) -> pl.DataFrame:
    """Gives the finding of a file that cannot be read at all."""
    return pl.DataFrame(
        {
            "provider": NAME,
            "symbol": None,
            "session": None,
            "rule": broken.rule.value,
            "column": broken.column,
            "value": broken.value,
            "expected": broken.expected,
            "severity": Severity.ERROR.value,
            "source": source,
            "source_row": None,
            "known_at": None,
            "row": None,
        },
        schema=FINDINGS,
    )


def _of_lines(source: str, refused: pl.DataFrame) -> pl.DataFrame:
    """Gives the findings of lines that are no rows of the table (`BarFile.refused`)."""
    return refused.select(
        provider=pl.lit(NAME),
        symbol=pl.lit(None, pl.String),
        session=pl.lit(None, pl.Date),
        rule=pl.lit(FindingRule.UNREADABLE_FILE.value),
        column=pl.lit(None, pl.String),
        value="value",
        expected="expected",
        severity=pl.lit(Severity.WARNING.value),
        source=pl.lit(source),
        source_row="source_row",
        known_at=pl.lit(None, FINDINGS["known_at"]),
        row="row",
    )


def _of_cells(problems: pl.DataFrame, opened: Mapping[str, BarFile]) -> pl.DataFrame:
    """Gives the findings of cells that cannot be read, with the rows they are in."""
    if problems.is_empty():
        return pl.DataFrame(schema=FINDINGS)
    delivered = pl.concat(
        opened[source].as_json(rows.get_column("source_row")).with_columns(source=pl.lit(source))
        for (source,), rows in problems.group_by("source", maintain_order=True)
    )
    return problems.join(
        delivered, on=["source", "source_row"], how="left", maintain_order="left"
    ).select(
        pl.lit(NAME).alias("provider"),
        *("symbol", "session", "rule", "column", "value", "expected"),
        pl.lit(Severity.WARNING.value).alias("severity"),
        *("source", "source_row"),
        pl.lit(None, FINDINGS["known_at"]).alias("known_at"),
        "row",
    )
