"""The analysts' file: one immutable DuckDB database a session, with Parquet and a manifest."""

import datetime as dt
import hashlib
import json
import os
import re
import shutil
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

import duckdb
import polars as pl

from quantmatrix_pipelines.settings import CHECKOUT

VIEWS = CHECKOUT / "sql" / "snapshot" / "views.sql"
# The oldest storage format DuckDB writes: every client since 1.0 opens it.
STORAGE_VERSION = "v1.0.0"

# How much DuckDB holds in memory while it writes the file; what is more goes to the disk.
_MEMORY = "2GB"
# Each thread needs room of its own for a group of rows.
_THREADS = 4

FOLDER = re.compile(r"(?P<session>\d{4}-\d\d-\d\d)\.(?P<number>\d+)")
"""The name of a snapshot's folder."""
DRAFT = ".draft-"
"""What the name of a folder begins with while its snapshot is written."""
LATEST = "latest"
"""The link to the newest snapshot of the newest session."""
REMOVED = "removed"
"""The folder of manifests of snapshots that were taken away, whose names are not given again."""


@dataclass(frozen=True)
class Table:
    """A table of the snapshot: its rows, what it is, and what each column is.

    The rows come in one part or more of the same columns; one part after the other is asked for,
    once, so that a table may be larger than memory.
    """

    parts: Iterable[pl.DataFrame]
    comment: str
    columns: Mapping[str, str]


@dataclass(frozen=True)
class Published:
    """A snapshot's folder, and how many rows each of its tables was given."""

    folder: Path
    rows: Mapping[str, int]


def publish(
    folder: Path, session: dt.date, tables: Mapping[str, Table], *, made_at: dt.datetime, code: str
) -> Published:
    """Writes the snapshot of a session under a name of its own and points `latest` at it.

    Its folder is `<session>.<number>`; a session published again gets the next number, also once
    those before were taken away (`snapshot_retention`). The folder appears whole or not at all,
    and is never changed afterwards.
    """
    folder.mkdir(parents=True, exist_ok=True)
    draft = Path(mkdtemp(prefix=DRAFT, dir=folder))
    try:
        rows = {name: _write(draft, name, table.parts) for name, table in tables.items()}
        _write_database(draft, tables)
        manifest = _manifest(draft, session, rows, made_at=made_at, code=code)
        (draft / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
        for file in draft.iterdir():
            file.chmod(0o444)
        draft.chmod(0o755)
        final = draft.rename(_next_name(folder, session))
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    newest = max(_published(folder))
    point(folder / str(session), final)
    point(folder / LATEST, folder / f"{newest[0]}.{newest[1]}")
    return Published(final, rows)


def _write(draft: Path, name: str, parts: Iterable[pl.DataFrame]) -> int:
    """Writes a table's Parquet file from its parts; gives how many rows it has."""
    final, rows = draft / f"{name}.parquet", 0
    with TemporaryDirectory(prefix=".parts-", dir=draft) as staged:
        for number, part in enumerate(parts):
            part.write_parquet(Path(staged) / f"{number:05d}.parquet")
            rows += part.height
        written = sorted(Path(staged).iterdir())
        if len(written) == 1:
            written[0].rename(final)
        else:
            pl.scan_parquet(written, glob=False).sink_parquet(final, maintain_order=True)
    return rows


def _write_database(draft: Path, tables: Mapping[str, Table]) -> None:
    path, spilled = _quoted(str(draft / "quantmatrix.duckdb")), draft / ".spilled"
    with duckdb.connect() as connection:
        connection.execute(f"SET memory_limit = '{_MEMORY}'")
        connection.execute(f"SET threads = {min(_THREADS, os.cpu_count() or 1)}")
        connection.execute(f"SET temp_directory = {_quoted(str(spilled))}")
        connection.execute(f"ATTACH {path} AS snapshot (STORAGE_VERSION '{STORAGE_VERSION}')")
        connection.execute("USE snapshot")
        for name, table in tables.items():
            rows = _quoted(str(draft / f"{name}.parquet"))
            connection.execute(f'CREATE TABLE "{name}" AS SELECT * FROM read_parquet({rows})')
            connection.execute(f'COMMENT ON TABLE "{name}" IS {_quoted(table.comment)}')
            for column, *_ in connection.execute(f'DESCRIBE "{name}"').fetchall():
                text = _quoted(table.columns[column])
                connection.execute(f'COMMENT ON COLUMN "{name}"."{column}" IS {text}')
        connection.execute(VIEWS.read_text())
        _describe_views(connection, tables)
        connection.execute("USE memory")
        connection.execute("DETACH snapshot")
    shutil.rmtree(spilled, ignore_errors=True)


def _describe_views(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, Table]) -> None:
    """Gives columns of views that `VIEWS` says nothing of what their tables say of them.

    Of several tables with such a column the one named first in the view.
    """
    for view, column, sql in connection.execute(_UNDESCRIBED).fetchall():
        named = [name for name in re.findall(r"\w+", sql) if name in tables and name != view]
        texts = [tables[name].columns[column] for name in named if column in tables[name].columns]
        if texts:
            connection.execute(f'COMMENT ON COLUMN "{view}"."{column}" IS {_quoted(texts[0])}')


_UNDESCRIBED = """
SELECT c.table_name, c.column_name, v.sql
FROM duckdb_columns() c
JOIN duckdb_views() v ON v.database_name = c.database_name AND v.view_name = c.table_name
WHERE c.database_name = 'snapshot' AND NOT v.internal AND c.comment IS NULL
"""


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _manifest(
    draft: Path,
    session: dt.date,
    rows: Mapping[str, int],
    *,
    made_at: dt.datetime,
    code: str,
) -> dict[str, object]:
    return {
        "session": str(session),
        "made_at": made_at.isoformat(),
        "code_version": code,
        "tables": dict(rows),
        "sha256": {file.name: _digest(file) for file in sorted(draft.iterdir())},
    }


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _published(folder: Path) -> list[tuple[str, int]]:
    return _named(path.name for path in folder.iterdir() if path.is_dir() and not path.is_symlink())


def _named(names: Iterable[str]) -> list[tuple[str, int]]:
    """Gives session and number of the names that are those of snapshots."""
    matches = map(FOLDER.fullmatch, names)
    return [(match["session"], int(match["number"])) for match in matches if match is not None]


def _next_name(folder: Path, session: dt.date) -> Path:
    given = [*_published(folder), *_named(path.stem for path in (folder / REMOVED).glob("*.json"))]
    numbers = [number for name, number in given if name == str(session)]
    return folder / f"{session}.{max(numbers, default=0) + 1}"


def point(link: Path, target: Path) -> None:
    """Makes `link` a symbolic link to its sibling `target`, in one step."""
    # A name of its own: two that publish at once each need theirs.
    fresh = link.with_name(f".{link.name}.{uuid.uuid4().hex}")
    fresh.symlink_to(target.name)
    fresh.replace(link)


def row_counts(path: Path, names: list[str]) -> dict[str, int]:
    """Gives the rows of each table as the file itself tells them."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return {
            name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchall()[0][0]
            for name in names
        }
