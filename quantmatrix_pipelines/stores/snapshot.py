"""The analysts' file: one immutable DuckDB database a session, with Parquet and a manifest."""

import datetime as dt
import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import duckdb
import polars as pl

from quantmatrix_pipelines.settings import CHECKOUT

VIEWS = CHECKOUT / "sql" / "snapshot" / "views.sql"
# The oldest storage format DuckDB writes: every client since 1.0 opens it.
STORAGE_VERSION = "v1.0.0"

_NAME = re.compile(r"(?P<session>\d{4}-\d\d-\d\d)\.(?P<number>\d+)")


@dataclass(frozen=True)
class Table:
    """A table of the snapshot: its rows, what it is, and what each column is."""

    rows: pl.DataFrame
    comment: str
    columns: Mapping[str, str]


def publish(
    folder: Path, session: dt.date, tables: Mapping[str, Table], *, made_at: dt.datetime, code: str
) -> Path:
    """Writes the snapshot of a session under a name of its own and points `latest` at it.

    Gives its folder, `<session>.<number>`; a session published again gets the next number. The
    folder appears whole or not at all, and is never changed afterwards.
    """
    folder.mkdir(parents=True, exist_ok=True)
    draft = Path(mkdtemp(prefix=".draft-", dir=folder))
    try:
        for name, table in tables.items():
            table.rows.write_parquet(draft / f"{name}.parquet")
        _write_database(draft, tables)
        manifest = _manifest(draft, session, tables, made_at=made_at, code=code)
        (draft / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
        for file in draft.iterdir():
            file.chmod(0o444)
        draft.chmod(0o755)
        final = draft.rename(_next_name(folder, session))
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    newest = max(_published(folder))
    _point(folder / str(session), final)
    _point(folder / "latest", folder / f"{newest[0]}.{newest[1]}")
    return final


def _write_database(draft: Path, tables: Mapping[str, Table]) -> None:
    path = _quoted(str(draft / "quantmatrix.duckdb"))
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH {path} AS snapshot (STORAGE_VERSION '{STORAGE_VERSION}')")
        connection.execute("USE snapshot")
        for name, table in tables.items():
            rows = _quoted(str(draft / f"{name}.parquet"))
            connection.execute(f'CREATE TABLE "{name}" AS SELECT * FROM read_parquet({rows})')
            connection.execute(f'COMMENT ON TABLE "{name}" IS {_quoted(table.comment)}')
            for column in table.rows.columns:
                text = _quoted(table.columns[column])
                connection.execute(f'COMMENT ON COLUMN "{name}"."{column}" IS {text}')
        connection.execute(VIEWS.read_text())
        connection.execute("USE memory")
        connection.execute("DETACH snapshot")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _manifest(
    draft: Path,
    session: dt.date,
    tables: Mapping[str, Table],
    *,
    made_at: dt.datetime,
    code: str,
) -> dict[str, object]:
    return {
        "session": str(session),
        "made_at": made_at.isoformat(),
        "code_version": code,
        "tables": {name: table.rows.height for name, table in tables.items()},
        "sha256": {
            file.name: hashlib.sha256(file.read_bytes()).hexdigest()
            for file in sorted(draft.iterdir())
        },
    }


def _published(folder: Path) -> list[tuple[str, int]]:
    named = [(path, _NAME.fullmatch(path.name)) for path in folder.iterdir() if path.is_dir()]
    return [
        (match["session"], int(match["number"]))
        for path, match in named
        if match is not None and not path.is_symlink()
    ]


def _next_name(folder: Path, session: dt.date) -> Path:
    numbers = [number for name, number in _published(folder) if name == str(session)]
    return folder / f"{session}.{max(numbers, default=0) + 1}"


def _point(link: Path, target: Path) -> None:
    """Makes `link` a symbolic link to its sibling `target`, in one step."""
    fresh = link.with_name(f".{link.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target.name)
    fresh.replace(link)


def row_counts(path: Path, names: list[str]) -> dict[str, int]:
    """Gives the rows of each table as the file itself tells them."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return {
            name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchall()[0][0]
            for name in names
        }
