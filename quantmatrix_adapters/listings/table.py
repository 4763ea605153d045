"""A CSV file people bring, as a table of typed cells and findings of what cannot be read."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from polars.exceptions import PolarsError

from quantmatrix_engine.contracts.findings import Findings
from quantmatrix_engine.errors import SettingsError
from quantmatrix_engine.vocabulary import FindingRule, Severity

_FINDINGS = Findings.empty().schema
_EXPECTED: dict[Any, tuple[FindingRule, str]] = {
    pl.Date: (FindingRule.NOT_A_DATE, "a date, such as 2024-01-02"),
    pl.Datetime: (FindingRule.NOT_A_DATE, "a moment in UTC, as in ISO 8601"),
    pl.Float64: (FindingRule.NOT_A_NUMBER, "a number, such as 1234.5"),
    pl.Int64: (FindingRule.NOT_A_NUMBER, "a whole number, such as 164000"),
}
_A_TEXT = (FindingRule.BROKEN_CONTRACT, "a text")


@dataclass(frozen=True)
class Table:
    """The rows that could be read, with `source_row` (the header is line 1), and findings."""

    rows: pl.DataFrame
    findings: pl.DataFrame


def read(path: Path, columns: Mapping[str, Any], *, required: tuple[str, ...]) -> Table:
    """Gives the rows of a CSV file with a header, as `columns` (name to type) says.

    Empty cells are null, and so are columns the file does not have. A row with a cell that cannot
    be read, or without one that is `required`, is a finding. Raises SettingsError where the file
    cannot be read, lacks a required column or has one nobody knows.
    """
    cells = _cells(path)
    _refuse_other_columns(path, cells.columns, columns, required)
    texts = cells.with_columns(
        pl.lit(None, pl.String).alias(name) for name in columns if name not in cells.columns
    ).with_row_index("source_row", offset=2)
    read = texts.select(
        pl.col("source_row").cast(pl.Int64), *(_typed(name, of) for name, of in columns.items())
    )
    wrong = [_wrong(path, texts, read, name, columns[name], name in required) for name in columns]
    findings = pl.concat(wrong)
    good = read.join(findings.select("source_row").unique(), on="source_row", how="anti")
    return Table(good.sort("source_row"), findings)


def _cells(path: Path) -> pl.DataFrame:
    try:
        cells = pl.read_csv(path, infer_schema=False, null_values="")
    except (OSError, PolarsError) as error:
        reason = str(error).partition("\n")[0]
        raise SettingsError(
            f"{path} cannot be read: {reason}. It should be a CSV file with a header."
        ) from None
    return cells.rename(str.strip).with_columns(pl.all().str.strip_chars().replace("", None))


def _refuse_other_columns(
    path: Path, found: list[str], columns: Mapping[str, Any], required: tuple[str, ...]
) -> None:
    shape = f"Columns: {', '.join(columns)}; needed: {', '.join(required)}."
    for name in found:
        if name not in columns:
            near = difflib.get_close_matches(name, columns, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise SettingsError(f"{path} has a column {name!r}.{hint} {shape}")
    for name in required:
        if name not in found:
            raise SettingsError(f"{path} has no column {name!r}. {shape}")


def _typed(name: str, of: Any) -> pl.Expr:
    cell = pl.col(name)
    if of == pl.Date:
        return cell.str.to_date("%Y-%m-%d", strict=False)
    if isinstance(of, pl.Datetime):
        return cell.str.to_datetime(time_unit="us", time_zone="UTC", strict=False)
    if of == pl.Float64:
        number = cell.cast(of, strict=False)
        return pl.when(number.is_finite()).then(number).alias(name)
    return cell.cast(of, strict=False)


def _wrong(
    path: Path, texts: pl.DataFrame, read: pl.DataFrame, name: str, of: Any, is_required: bool
) -> pl.DataFrame:
    both = texts.with_columns(read=read.get_column(name))
    is_lost = pl.col("read").is_null() & (pl.col(name).is_not_null() | pl.lit(is_required))
    empty = pl.lit(None, pl.String)
    rule, wanted = _EXPECTED.get(type(of) if isinstance(of, pl.Datetime) else of, _A_TEXT)
    return (
        both.filter(is_lost)
        .select(
            provider=pl.lit("file"),
            symbol=pl.col("symbol") if "symbol" in texts.columns else empty,
            session=pl.lit(None, pl.Date),
            rule=pl.lit(rule.value),
            column=pl.lit(name),
            value=pl.col(name),
            expected=pl.lit(wanted),
            severity=pl.lit(Severity.ERROR.value),
            source=pl.lit(path.name),
            source_row=pl.col("source_row").cast(pl.Int64),
            known_at=pl.lit(None, _FINDINGS["known_at"]),
            row=pl.struct(pl.exclude("source_row", "read")).struct.json_encode(),
        )
        .cast(_FINDINGS)
    )
