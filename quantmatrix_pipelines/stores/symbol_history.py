"""Symbol histories worked into the catalogue of instruments, each in one transaction."""

import datetime as dt
from typing import Any

import polars as pl
from sqlalchemy import Connection, text

from quantmatrix_engine.contracts.instruments import Identifiers
from quantmatrix_engine.prices.symbol_history import Changes, compare
from quantmatrix_models.database import Database
from quantmatrix_models.privileges import Role
from quantmatrix_pipelines.stores import bulk, instruments, market_data


def work_in(database: Database, history: pl.DataFrame, *, source: str, seen_on: dt.date) -> Changes:
    """Makes the catalogue agree with a history (contract SymbolHistory); gives what changed.

    In what is given back, new instruments have their ids. A source that is not among the data
    providers yet becomes one: its keys are kept under its name. What the history contradicts is
    recorded as findings. Working the same history in again changes nothing.
    """
    with database.transaction(Role.PIPELINE) as connection:
        instruments.lock(connection)
        connection.execute(
            text("INSERT INTO data_providers (name) VALUES (:name) ON CONFLICT DO NOTHING"),
            {"name": source},
        )
        changes = compare(
            history,
            instruments.symbols(connection),
            _identifiers(connection, source),
            keyed=_keyed(connection),
            source=source,
            seen_on=seen_on,
        )
        numbered = _numbered(connection, changes)
        _make(connection, numbered, source)
        market_data.add_findings(connection, numbered.findings)
    return numbered


def named(database: Database, source: str) -> pl.DataFrame:
    """Gives key and symbol: what a source's keys are called as far as is known, by key."""
    with database.transaction(Role.PIPELINE) as connection:
        rows = connection.execute(
            text(
                "SELECT DISTINCT k.value, s.symbol FROM instrument_identifiers k"
                " JOIN instrument_symbols s ON s.instrument_id = k.instrument_id"
                " WHERE k.scheme = 'provider' AND k.provider = :source AND s.valid_to IS NULL"
                " ORDER BY k.value, s.symbol"
            ),
            {"source": source},
        )
        schema = {"key": pl.String, "symbol": pl.String}
        return pl.DataFrame(rows.all(), schema=schema, orient="row")


def _identifiers(connection: Connection, source: str) -> pl.DataFrame:
    rows = connection.execute(
        text(
            "SELECT instrument_id, value FROM instrument_identifiers"
            " WHERE scheme = 'provider' AND provider = :source"
        ),
        {"source": source},
    )
    return pl.DataFrame(rows.all(), schema=Identifiers.empty().schema, orient="row")


def _keyed(connection: Connection) -> list[int]:
    rows = connection.execute(text("SELECT DISTINCT instrument_id FROM instrument_identifiers"))
    return [row[0] for row in rows]


def _numbered(connection: Connection, changes: Changes) -> Changes:
    """Gives the changes with ids of the sequence in place of those below 0."""
    old = changes.instruments.get_column("instrument_id").to_list()
    new = dict(zip(old, instruments.new_ids(connection, len(old)), strict=True))
    number = pl.col("instrument_id").replace(new)
    return Changes(
        instruments=changes.instruments.with_columns(number),
        identifiers=changes.identifiers.with_columns(number),
        removed=changes.removed,
        added=changes.added.with_columns(number),
        delisted=changes.delisted.with_columns(number),
        moved=changes.moved,
        findings=changes.findings,
    )


def _make(connection: Connection, changes: Changes, source: str) -> None:
    bulk.insert(
        connection,
        "instruments",
        changes.instruments.select("kind", "exchange", "currency", "name", id="instrument_id"),
    )
    # First out, then in: nothing may overlap at any moment.
    _delete(connection, changes.removed)
    bulk.insert(connection, "instrument_symbols", changes.added)
    begins = changes.added.group_by("instrument_id").agg(pl.col("valid_from").min())
    since = pl.col("valid_from").fill_null(dt.date(1900, 1, 1))
    bulk.insert(
        connection,
        "instrument_identifiers",
        changes.identifiers.join(begins, on="instrument_id", how="left").select(
            "instrument_id",
            scheme=pl.lit("provider"),
            provider=pl.lit(source),
            value="key",
            valid_from=since,
        ),
    )
    for row in changes.delisted.iter_rows(named=True):
        _delist(connection, row)


def _delete(connection: Connection, spells: pl.DataFrame) -> None:
    if spells.is_empty():
        return
    connection.execute(
        text(
            "DELETE FROM instrument_symbols WHERE instrument_id = :instrument_id"
            " AND symbol = :symbol AND exchange = :exchange AND valid_from = :valid_from"
        ),
        spells.drop("valid_to").to_dicts(),
    )


def _delist(connection: Connection, row: dict[str, Any]) -> None:
    connection.execute(
        text(
            "UPDATE instruments SET status = 'delisted', delisted_on = :delisted_on"
            " WHERE id = :instrument_id AND status = 'listed'"
        ),
        row,
    )
