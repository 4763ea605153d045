"""Which instruments were in which index."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import polars as pl
from sqlalchemy import Connection, text

from quantmatrix_engine.contracts.memberships import Memberships
from quantmatrix_engine.errors import SettingsError
from quantmatrix_models.database import Database
from quantmatrix_models.privileges import Role
from quantmatrix_pipelines.stores import bulk, instruments


@dataclass(frozen=True)
class Kept:
    """How many spells were added and how many ended, and the rows that contradict known ones."""

    added: int
    ended: int
    contradicted: pl.DataFrame


def memberships(database: Database) -> pl.DataFrame:
    """Gives every spell of every index (contract Memberships), the index by its last symbol."""
    with database.transaction(Role.PIPELINE) as connection:
        rows = connection.execute(
            text(
                "SELECT x.symbol, m.instrument_id, m.valid_from, m.valid_to, m.known_at"
                " FROM index_memberships m CROSS JOIN LATERAL (SELECT s.symbol"
                " FROM instrument_symbols s WHERE s.instrument_id = m.index_id"
                " ORDER BY s.valid_from DESC LIMIT 1) x"
                " ORDER BY x.symbol, m.valid_from, m.instrument_id"
            )
        )
        return pl.DataFrame(rows.all(), schema=Memberships.empty().schema, orient="row")


def record(
    database: Database, rows: pl.DataFrame, *, provider: str, learned_at: dt.datetime
) -> Kept:
    """Keeps spells (index, instrument_id, valid_from, valid_to, known_at); twice changes nothing.

    `learned_at` is a row's `known_at` where it states none. A spell that is known without an end
    gets the one that is told. One that overlaps another of its instrument is left out and given
    back. Raises SettingsError where an index is no instrument of the kind `index`.
    """
    with database.transaction(Role.PIPELINE) as connection:
        instruments.lock(connection)
        connection.execute(
            text("INSERT INTO data_providers (name) VALUES (:name) ON CONFLICT DO NOTHING"),
            {"name": provider},
        )
        ids = _index_ids(connection, rows.get_column("index").unique().sort().to_list())
        sorting = _sorted(
            connection, rows.with_columns(index_id=pl.col("index").replace_strict(ids))
        )
        for row in sorting.ended:
            connection.execute(
                text(
                    "UPDATE index_memberships SET valid_to = :valid_to WHERE index_id = :index_id"
                    " AND instrument_id = :instrument_id AND valid_from = :valid_from"
                ),
                row,
            )
        schema = pl.Schema({**rows.schema, "index_id": pl.Int64()})
        new = pl.DataFrame(sorting.new, schema=schema)
        bulk.insert(
            connection,
            "index_memberships",
            new.select(
                "index_id",
                "instrument_id",
                "valid_from",
                "valid_to",
                provider=pl.lit(provider),
                known_at=pl.col("known_at").fill_null(learned_at),
            ),
        )
        refused = pl.DataFrame(sorting.contradicted, schema=schema).drop("index_id")
    return Kept(new.height, len(sorting.ended), refused)


@dataclass
class _Sorting:
    new: list[dict[str, Any]]
    ended: list[dict[str, Any]]
    contradicted: list[dict[str, Any]]


def _sorted(connection: Connection, rows: pl.DataFrame) -> _Sorting:
    """Sorts rows into those that are new, those that end a known spell and contradictions."""
    known: dict[tuple[int, int], dict[dt.date, dt.date | None]] = {}
    for index_id, instrument_id, since, until in connection.execute(
        text("SELECT index_id, instrument_id, valid_from, valid_to FROM index_memberships")
    ):
        known.setdefault((index_id, instrument_id), {})[since] = until
    found = _Sorting([], [], [])
    for row in rows.sort("valid_from", "index_id", "instrument_id").iter_rows(named=True):
        spells = known.setdefault((row["index_id"], row["instrument_id"]), {})
        begins, ends = row["valid_from"], row["valid_to"]
        if begins in spells and (ends is None or ends == spells[begins]):
            continue
        if begins in spells and spells[begins] is None and _free(spells, begins, ends):
            found.ended.append(row)
        elif begins not in spells and _free(spells, begins, ends):
            found.new.append(row)
        else:
            found.contradicted.append(row)
            continue
        spells[begins] = ends
    return found


def _free(spells: dict[dt.date, dt.date | None], begins: dt.date, ends: dt.date | None) -> bool:
    return not any(
        (until is None or begins < until) and (ends is None or since < ends)
        for since, until in spells.items()
        if since != begins
    )


def _index_ids(connection: Connection, indexes: list[str]) -> dict[str, int]:
    rows = connection.execute(
        text(
            "SELECT s.symbol, s.instrument_id FROM instrument_symbols s JOIN instruments i"
            " ON i.id = s.instrument_id WHERE i.kind = 'index' AND s.symbol = ANY(:indexes)"
        ),
        {"indexes": indexes},
    )
    ids = {row[0]: row[1] for row in rows}
    for one in indexes:
        if one not in ids:
            raise SettingsError(
                f"No index is called {one!r}. Add it first: quantmatrix instruments add {one}"
                " --kind index --since DATE."
            )
    return ids
