"""Bar files: a CSV or Parquet file of bars as a table of cells, before any cell is judged."""

import csv
import datetime as dt
import difflib
import gzip
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import polars.selectors as cs
from polars.exceptions import PanicException, PolarsError

from quantmatrix_engine.errors import ProviderError
from quantmatrix_engine.vocabulary import FindingRule

NUMBERS = ("open", "high", "low", "close", "volume")
ALIASES = {"symbol": "ticker", "session": "date", "as_of": "known_at"}
SUFFIXES = (".csv", ".csv.gz", ".parquet")
# The brackets keep it apart from the columns people name.
ROW = "(row)"
# Parquet can hold moments that no calendar has, and polars stops at them rather than write them.
_YEARS = (dt.date(1000, 1, 1), dt.date(9998, 12, 31))
_UNITS_A_DAY = {"ms": 86_400_000, "us": 86_400_000_000}
# What reading a damaged file raises; of the pages of a Parquet file polars checks only a part.
_BROKEN = (PolarsError, PanicException, OSError)


@dataclass(frozen=True)
class Shape:
    """Which columns a file has: its bars start at, or are of, the column `moment`."""

    moment: str
    optional: tuple[str, ...]

    @property
    def required(self) -> tuple[str, ...]:
        """Gives the columns without which the file is none of bars."""
        return ("symbol", self.moment, *NUMBERS)


DAILY = Shape("session", ("as_of",))
INTRADAY = Shape("starts_at", ("interval", "as_of"))


class BarFileError(ProviderError):
    """A file cannot be read as bars at all; it carries what the file's finding says."""

    def __init__(
        self, rule: FindingRule, *, value: str, expected: str, column: str | None = None
    ) -> None:
        super().__init__(f"{rule}: {value}; expected: {expected}")
        self.rule, self.column, self.value, self.expected = rule, column, value, expected


@dataclass(frozen=True)
class BarFile:
    """A file whose header could be read.

    `rows` has `ROW` (line number, the header being line 1; in Parquet the 1-based row number) and
    every column under the file's own name. `columns` says which of those holds a bar's column;
    a file without `symbol` there is all about the symbol it is named for. `refused` has one row
    (source_row, value, expected, row as JSON) for each line that is not a row of the table.
    """

    path: Path
    rows: pl.LazyFrame
    columns: Mapping[str, str]
    refused: pl.DataFrame
    shape: Shape

    def cells(self) -> pl.DataFrame:
        """Gives source_row and the columns of the shape, as they are written.

        Text is trimmed and an empty cell is null. Raises BarFileError where a column has a type
        that can hold neither numbers nor dates.
        """
        try:
            cells = self.rows.select(
                pl.col(ROW).cast(pl.Int64).alias("source_row"),
                *(self._cell(one) for one in (*self.shape.required, *self.shape.optional)),
            ).collect()
        except _BROKEN as broken:
            raise _unreadable(broken) from broken
        moments = (self.shape.moment, "as_of")
        _refuse_types(cells, moments)
        return cells.with_columns(_trimmed(cs.string()), *_dates_out_of_calendar(cells, moments))

    def as_json(self, rows: pl.Series) -> pl.DataFrame:
        """Gives source_row and row: the rows with these numbers, as delivered, as JSON.

        Gives none where a column that no bar needs, and nobody read before, is damaged.
        """
        wanted = rows.unique().cast(pl.UInt32).alias(ROW).to_frame().lazy()
        try:
            found = self.rows.join(wanted, on=ROW, how="semi").collect()
        except _BROKEN:
            return pl.DataFrame(schema={"source_row": pl.Int64, "row": pl.String})
        moments = found.select(cs.temporal()).columns
        # JSON has no form for bytes; no column of a bar is nested.
        delivered = cs.all() - cs.binary() - cs.nested() - cs.by_name(ROW)
        return found.with_columns(*_dates_out_of_calendar(found, moments)).select(
            source_row=pl.col(ROW).cast(pl.Int64), row=pl.struct(delivered).struct.json_encode()
        )

    def _cell(self, column: str) -> pl.Expr:
        if column in self.columns:
            cell = pl.col(self.columns[column]).alias(column)
            return cell.cast(pl.String) if column in ("symbol", "interval") else cell
        named_for = _stem(self.path) if column == "symbol" else None
        return pl.lit(named_for, pl.String).alias(column)


def is_bar_file(path: Path) -> bool:
    """Says whether the name is one of a bar file: `.csv`, `.csv.gz` or `.parquet`, not hidden."""
    return path.name.lower().endswith(SUFFIXES) and not path.name.startswith(".")


def open_bar_file(path: Path, shape: Shape = DAILY) -> BarFile:
    """Gives the table of a file of this shape.

    Raises BarFileError where the file cannot be read or lacks a column.
    """
    if path.name.lower().endswith(".parquet"):
        return _open_parquet(path, shape)
    return _open_csv(path, shape)


# ---------------------------------------------------------------------------------- Parquet


def _open_parquet(path: Path, shape: Shape) -> BarFile:
    try:
        rows = pl.scan_parquet(
            path, glob=False, hive_partitioning=False, row_index_name=ROW, row_index_offset=1
        )
        names = rows.collect_schema().names()
    except _BROKEN as broken:
        raise _unreadable(broken) from broken
    columns = _bar_columns([name for name in names if name != ROW], shape)
    return BarFile(path, rows, columns, refused=_no_refused_lines(), shape=shape)


def _refuse_types(cells: pl.DataFrame, moments: Iterable[str]) -> None:
    """Refuses a column of a typed file that can hold no number or no date, once for the file."""
    for column in NUMBERS:
        kind = cells.schema[column]
        if not (kind.is_numeric() or kind in (pl.String, pl.Null)):
            raise BarFileError(
                FindingRule.NOT_A_NUMBER,
                column=column,
                value=f"a column of type {kind}",
                expected="a column of numbers, or of text that holds numbers",
            )
    for column in moments:
        if not isinstance(cells.schema[column], pl.Date | pl.Datetime | pl.String | pl.Null):
            raise BarFileError(
                FindingRule.NOT_A_DATE,
                column=column,
                value=f"a column of type {cells.schema[column]}",
                expected="a column of dates or timestamps, or of text that holds them",
            )


def _dates_out_of_calendar(cells: pl.DataFrame, columns: Iterable[str]) -> list[pl.Expr]:
    """Gives as text the columns with a date or moment that no calendar has; it has its number."""
    return [
        pl.coalesce(
            _as_text(pl.when(_is_in_calendar(column, kind)).then(column), kind),
            pl.format("{} out of range", pl.col(column).to_physical()),
        ).alias(column)
        for column in columns
        if isinstance(kind := cells.schema[column], pl.Date | pl.Datetime)
        and not cells.select(_is_in_calendar(column, kind).all()).item()
    ]


def _is_in_calendar(column: str, kind: pl.DataType) -> pl.Expr:
    """Says whether the year has four digits; nanoseconds do not reach any other."""
    unit = kind.time_unit if isinstance(kind, pl.Datetime) else None
    if unit == "ns":
        return pl.lit(value=True)
    first, last = ((day - dt.date(1970, 1, 1)).days for day in _YEARS)
    a_day = 1 if unit is None else _UNITS_A_DAY[unit]
    return pl.col(column).to_physical().is_between(first * a_day, last * a_day)


def _as_text(moment: pl.Expr, kind: pl.DataType) -> pl.Expr:
    if isinstance(kind, pl.Datetime) and kind.time_zone is not None:
        return moment.dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
    return moment.dt.strftime("%Y-%m-%d" if kind == pl.Date else "%Y-%m-%d %H:%M:%S%.6f")


# -------------------------------------------------------------------------------------- CSV


def _open_csv(path: Path, shape: Shape) -> BarFile:
    lines = _lines(path, shape)
    header = _split_line(lines.item(0, "line"))
    if header is None:
        raise BarFileError(
            FindingRule.UNREADABLE_FILE,
            value="a misplaced quote in line 1",
            expected="a header line with the columns' names",
        )
    columns = _bar_columns(header, shape)
    names = _told_apart(header)
    split = _split(lines.slice(1).filter(pl.col("line").str.strip_chars() != ""))
    fits = (pl.col("cells").list.len() == len(names)).fill_null(value=False)
    rows = split.filter(fits).select(
        ROW, *(pl.col("cells").list.get(at).alias(name) for at, name in enumerate(names))
    )
    ragged = _ragged(split.filter(~fits), len(names))
    return BarFile(path, rows.lazy(), columns, refused=ragged, shape=shape)


def _lines(path: Path, shape: Shape) -> pl.DataFrame:
    """Gives `ROW` and line of a UTF-8 text, whatever its line ends; the first is the header."""
    data = _bytes(path).removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as broken:
        line = data.count(b"\n", 0, broken.start) + 1
        raise BarFileError(
            FindingRule.UNREADABLE_FILE,
            value=f"byte 0x{data[broken.start]:02x} in line {line}",
            expected="text in UTF-8",
        ) from broken
    if not data.strip():
        raise BarFileError(
            FindingRule.UNREADABLE_FILE,
            value="an empty file",
            expected=f"a header line with the columns {', '.join(shape.required)}",
        )
    return pl.read_lines(data, row_index_name=ROW, row_index_offset=1)


def _bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if path.name.lower().endswith(".gz") else data
    except (OSError, EOFError, zlib.error) as broken:
        raise _unreadable(broken) from broken


def _split(lines: pl.DataFrame) -> pl.DataFrame:
    """Gives `ROW`, line and cells; cells is null where a quote is misplaced."""
    has_quotes = pl.col("line").str.contains('"', literal=True)
    plain = lines.filter(~has_quotes).with_columns(cells=pl.col("line").str.split(","))
    quoted = lines.filter(has_quotes)
    cells = [_split_line(line) for line in quoted.get_column("line")]
    return pl.concat(
        [plain, quoted.with_columns(pl.Series("cells", cells, dtype=pl.List(pl.String)))]
    )


def _split_line(line: str) -> list[str] | None:
    """Gives the cells of one line, or None where a quote is misplaced in it.

    A quoted cell ends on its line, so that a stray quote spoils one row and not all that follow.
    """
    try:
        return next(csv.reader([line], strict=True), [])
    except csv.Error:
        return None


def _ragged(lines: pl.DataFrame, width: int) -> pl.DataFrame:
    found = pl.when(pl.col("cells").is_null()).then(pl.lit("a misplaced quote"))
    return lines.select(
        source_row=pl.col(ROW).cast(pl.Int64),
        value=found.otherwise(pl.format("{} cells", pl.col("cells").list.len())),
        expected=pl.lit(f"{width} cells, like the header line"),
        row=pl.struct("line").struct.json_encode(),
    )


def _no_refused_lines() -> pl.DataFrame:
    return pl.DataFrame(
        schema={
            "source_row": pl.Int64,
            "value": pl.String,
            "expected": pl.String,
            "row": pl.String,
        }
    )


# ---------------------------------------------------------------------------------- columns


def _bar_columns(names: list[str], shape: Shape) -> dict[str, str]:
    """Gives the file's name of each column of a bar; a documented name goes before its alias.

    Raises BarFileError for a column that is missing or there twice.
    """
    told_apart = _told_apart(names)
    wanted: dict[str, str] = {}
    for column in (*shape.required, *shape.optional):
        name = _find(column, names)
        if name is not None:
            wanted[column] = told_apart[names.index(name)]
    missing = [column for column in shape.required if column not in wanted]
    if missing == ["symbol"] and not _near("symbol", names, shape):
        return wanted
    if missing:
        raise _missing(missing, names, shape)
    return wanted


def _find(column: str, names: Iterable[str]) -> str | None:
    for wanted in (column, ALIASES.get(column)):
        found = [name for name in names if _normal(name) == wanted]
        if len(found) > 1:
            raise BarFileError(
                FindingRule.UNREADABLE_FILE,
                column=column,
                value=f"{len(found)} columns called {wanted}",
                expected=f"one column called {wanted}",
            )
        if found:
            return found[0]
    return None


def _missing(missing: list[str], names: list[str], shape: Shape) -> BarFileError:
    return BarFileError(
        FindingRule.MISSING_COLUMN,
        column=", ".join(missing),
        value=", ".join(name.strip() for name in names if name.strip()) or "no column",
        expected="; ".join(_called(column, names, shape) for column in missing),
    )


def _called(column: str, names: list[str], shape: Shape) -> str:
    alias = f" (or {ALIASES[column]})" if column in ALIASES else ""
    near = _near(column, names, shape)
    return f"a column called {column}{alias}" + (f", is it {near!r}?" if near else "")


def _near(column: str, names: list[str], shape: Shape) -> str | None:
    """Gives the name most like the column's or its alias's, among those no bar column has."""
    taken = {*shape.required, *ALIASES, *ALIASES.values()}
    free = {_normal(name): name.strip() for name in names if _normal(name) not in taken}
    for wanted in (column, ALIASES.get(column, column)):
        near = difflib.get_close_matches(wanted, free, n=1)
        if near:
            return free[near[0]]
    return None


def _told_apart(names: list[str]) -> list[str]:
    """Gives the names trimmed; one that is empty or was there before is given its place too."""
    trimmed = [name.strip() for name in names]
    return [
        name if name and name not in trimmed[:at] else f"{name} (column {at + 1})".strip()
        for at, name in enumerate(trimmed)
    ]


def _normal(name: str) -> str:
    return name.strip().lower()


def _trimmed(text: pl.Expr | cs.Selector) -> pl.Expr:
    return text.str.strip_chars().replace("", None)


def _stem(path: Path) -> str:
    lower = path.name.lower()
    suffix = next(suffix for suffix in SUFFIXES if lower.endswith(suffix))
    return path.name[: -len(suffix)]


def _unreadable(broken: Exception) -> BarFileError:
    lines = str(broken).strip().splitlines() or [type(broken).__name__]
    return BarFileError(
        FindingRule.UNREADABLE_FILE,
        value=lines[0],
        expected="a CSV file (UTF-8, comma separated), gzipped or not, or a Parquet file",
    )
