"""Frames into tables and out of queries by COPY, past no rule of row-level security.

A row that is there already is an error (`insert`), left alone (`insert_new`) or brought up to date
(`upsert`). PostgreSQL refuses a COPY into a table with row security, so rows go to a temporary
table first and from there, by one statement, to where they belong.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

import polars as pl
import psycopg
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, IntegrityError

_REFUSED_BY_A_KEY = ("23505", "23P01")
"""What PostgreSQL calls a row that a unique key or an exclusion constraint refuses."""

_READ_AS_TEXT = (pl.Boolean, pl.Datetime, pl.Decimal)
"""What PostgreSQL writes otherwise than a reader of CSV expects it, or more exactly."""


def insert_new(connection: Connection, table: str, rows: pl.DataFrame) -> int:
    """Inserts the rows no unique key of `table` refuses, and gives how many those were.

    The frame's columns are the table's; nulls stay null. Most often all rows are new, and asking
    of each whether it is costs a quarter more: so that is asked once a key refused one of them.
    """
    if rows.is_empty():
        return 0
    _stage(connection, table, rows)
    try:
        with connection.begin_nested():
            return connection.execute(text(_insert(table, rows))).rowcount
    except IntegrityError as error:
        if getattr(error.orig, "sqlstate", None) not in _REFUSED_BY_A_KEY:
            raise
    return connection.execute(text(f"{_insert(table, rows)} ON CONFLICT DO NOTHING")).rowcount


def insert(connection: Connection, table: str, rows: pl.DataFrame) -> None:
    """Inserts every row; one that a unique key refuses is an error and nothing is written."""
    if rows.height:
        _stage(connection, table, rows)
        connection.execute(text(_insert(table, rows)))


def upsert(
    connection: Connection,
    table: str,
    rows: pl.DataFrame,
    *,
    key: Sequence[str],
    fixed: Sequence[str] = (),
) -> int:
    """Inserts rows, and where a row of the same `key` is there, gives it the frame's values.

    `key` are the columns of a primary key or unique constraint of `table`; `fixed` ones are
    written with a new row and stay as they are in one that is there. Rows that would not change
    are left alone. Gives how many were added or changed. A frame with the same key twice is
    an error, and nothing is written.
    """
    if rows.is_empty():
        return 0
    _stage(connection, table, rows)
    values = [name for name in rows.columns if name not in {*key, *fixed}]
    if not values:
        action = "NOTHING"
    else:
        ours, theirs = _row(table, values), _row("excluded", values)
        taken = ", ".join(f'"{name}" = excluded."{name}"' for name in values)
        action = f"UPDATE SET {taken} WHERE {ours} IS DISTINCT FROM {theirs}"
    statement = f"{_insert(table, rows)} ON CONFLICT ({_listed(key)}) DO {action}"
    return connection.execute(text(statement)).rowcount


def _row(table: str, names: Sequence[str]) -> str:
    return "ROW(" + ", ".join(f'"{table}"."{name}"' for name in names) + ")"


def copy_into(connection: Connection, table: str, rows: pl.DataFrame) -> None:
    """Copies the frame into the columns of the same names of a table without row security."""
    buffer = io.BytesIO()
    _as_kept(rows).write_csv(
        buffer,
        include_header=False,
        quote_style="non_numeric",
        datetime_format="%Y-%m-%d %H:%M:%S%.6f+00",
    )
    command = f'COPY "{table}" ({_names(rows)}) FROM STDIN (FORMAT csv)'
    with _copying(_driver(connection), command) as copy:
        copy.write(buffer.getvalue())


def read(
    connection: Connection, statement: str, values: Mapping[str, Any], schema: Mapping[str, Any]
) -> pl.DataFrame:
    """Gives the rows of a query as a frame, without making objects of Python of them.

    `statement` has its values by name, as `:first`. Its columns have the names of `schema`, which
    gives their types; they come in the order of the statement. JSON and arrays have to be cast to
    text. Moments come in UTC.
    """
    bound = text(statement).bindparams(**values).compile(dialect=connection.dialect)
    query = psycopg.ClientCursor(_driver(connection)).mogrify(str(bound), bound.params)
    command = f"COPY ({query}) TO STDOUT (FORMAT csv, HEADER)"
    buffer = io.BytesIO()
    # Dates are written as the server's settings say; a reader of CSV expects 2026-11-20.
    connection.execute(text("SET LOCAL datestyle = 'ISO'"))
    with _copying(_driver(connection), command) as copy:
        for block in copy:
            buffer.write(block)
    buffer.seek(0)
    types = pl.Schema(schema)
    written = {
        name: pl.String if of.base_type() in _READ_AS_TEXT else of for name, of in types.items()
    }
    found = pl.read_csv(buffer, schema_overrides=written)
    return found.select(_read(name, types[name]) for name in found.columns)


def _driver(connection: Connection) -> "psycopg.Connection[Any]":
    return cast("psycopg.Connection[Any]", connection.connection.driver_connection)


@contextmanager
def _copying(driver: "psycopg.Connection[Any]", command: str) -> Iterator[psycopg.Copy]:
    """Runs a COPY of the driver, whose errors are those SQLAlchemy would have raised."""
    try:
        with driver.cursor() as cursor, cursor.copy(command.encode()) as copy:
            yield copy
    except psycopg.Error as error:
        raise DBAPIError.instance(
            command, None, error, psycopg.Error, connection_invalidated=driver.closed
        ) from error


def _read(name: str, of: pl.DataType) -> pl.Expr:
    """Gives a column of what PostgreSQL wrote in its type."""
    column = pl.col(name)
    if of == pl.Boolean:
        return column == "t"
    if of.base_type() is pl.Datetime:
        moments = column.str.to_datetime("%Y-%m-%d %H:%M:%S%.f%#z", time_unit="us", time_zone="UTC")
        return moments.cast(of)
    return column.cast(of)


def _as_kept(rows: pl.DataFrame) -> pl.DataFrame:
    """Gives moments in UTC, as they are written, and texts without the zero byte no text can have.

    A damaged file has such bytes; each becomes the replacement character U+FFFD.
    """
    moments = pl.selectors.datetime(time_zone="*").dt.convert_time_zone("UTC")
    texts = pl.selectors.string().str.replace_all("\x00", "\ufffd", literal=True)
    return rows.with_columns(moments, texts)


def _stage(connection: Connection, table: str, rows: pl.DataFrame) -> None:
    """Copies the frame into a temporary table `staged`: row-level security refuses a COPY."""
    connection.execute(text("DROP TABLE IF EXISTS staged"))
    connection.execute(
        text(
            "CREATE TEMPORARY TABLE staged ON COMMIT DROP AS "
            f'SELECT {_names(rows)} FROM "{table}" WITH NO DATA'
        )
    )
    copy_into(connection, "staged", rows)


def _insert(table: str, rows: pl.DataFrame) -> str:
    names = _names(rows)
    return f'INSERT INTO "{table}" ({names}) SELECT {names} FROM staged'


def _names(rows: pl.DataFrame) -> str:
    return _listed(rows.columns)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
