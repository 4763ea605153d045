"""Bulk writes: frames into tables by COPY, rows that are there already left alone."""

import io
from typing import cast

import polars as pl
import psycopg
from sqlalchemy import Connection, text


def insert_new(connection: Connection, table: str, rows: pl.DataFrame) -> int:
    """Inserts the rows no unique key of `table` refuses, and gives how many those were.

    The frame's columns are the table's; nulls stay null.
    """
    if rows.is_empty():
        return 0
    _stage(connection, table, rows)
    return connection.execute(text(f"{_insert(table, rows)} ON CONFLICT DO NOTHING")).rowcount


def insert(connection: Connection, table: str, rows: pl.DataFrame) -> None:
    """Inserts every row; one that a unique key refuses is an error and nothing is written."""
    if rows.height:
        _stage(connection, table, rows)
        connection.execute(text(_insert(table, rows)))


def copy_into(connection: Connection, table: str, rows: pl.DataFrame) -> None:
    """Copies the frame into the columns of the same names of a table without row security."""
    buffer = io.BytesIO()
    _as_kept(rows).write_csv(
        buffer,
        include_header=False,
        quote_style="non_numeric",
        datetime_format="%Y-%m-%d %H:%M:%S%.6f+00",
    )
    driver = cast("psycopg.Connection", connection.connection.driver_connection)
    command = f'COPY "{table}" ({_names(rows)}) FROM STDIN (FORMAT csv)'
    with driver.cursor() as cursor, cursor.copy(command.encode()) as copy:
        copy.write(buffer.getvalue())


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
    return ", ".join(f'"{name}"' for name in rows.columns)
