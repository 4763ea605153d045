"""The catalogue of instruments.

Whoever writes to it holds one lock to the end of the transaction: what was compared with the
catalogue is still so when the changes are made.
"""

import polars as pl
from sqlalchemy import Connection, text

from quantmatrix_engine.prices.markets import UNITED_STATES, market_of
from quantmatrix_models.database import Database
from quantmatrix_models.privileges import Role
from quantmatrix_pipelines.stores import bulk

_LOCK = 7_145_311
_MARKET = (
    "CASE WHEN s.exchange IN ("
    + ", ".join(f"'{one}'" for one in sorted(UNITED_STATES))
    + ") THEN 'US' ELSE s.exchange END"
)
_SAME = f"s.symbol = l.symbol AND {_MARKET} = l.market"

SCHEMA = {
    "instrument_id": pl.Int64,
    "symbol": pl.String,
    "exchange": pl.String,
    "currency": pl.String,
    "kind": pl.String,
    "name": pl.String,
    "valid_from": pl.Date,
    "valid_to": pl.Date,
}

SPLITS_SCHEMA = {"instrument_id": pl.Int64, "ex_date": pl.Date, "ratio": pl.Float64}


def catalogue(database: Database) -> pl.DataFrame:
    """Gives every symbol of every instrument (contract Instruments), by symbol."""
    with database.transaction(Role.PIPELINE) as connection:
        return symbols(connection)


def symbols(connection: Connection) -> pl.DataFrame:
    """Gives the same within a transaction."""
    rows = connection.execute(
        text(
            "SELECT s.instrument_id, s.symbol, s.exchange, i.currency, i.kind, i.name,"
            " s.valid_from, s.valid_to"
            " FROM instrument_symbols s JOIN instruments i ON i.id = s.instrument_id"
            " ORDER BY s.symbol, s.valid_from, s.exchange"
        )
    )
    return pl.DataFrame(rows.all(), schema=SCHEMA, orient="row")


def lock(connection: Connection) -> None:
    """Keeps every other writer of the catalogue waiting until the transaction ends."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def new_ids(connection: Connection, count: int) -> list[int]:
    """Gives ids of instruments that were never given to any other."""
    ids = connection.execute(
        text(
            "SELECT nextval(pg_get_serial_sequence('instruments', 'id'))"
            " FROM generate_series(1, :count)"
        ),
        {"count": count},
    )
    return [row[0] for row in ids]


def record(database: Database, listing: pl.DataFrame) -> int:
    """Adds the instruments of a listing (contract Listing) that are not in the catalogue.

    An instrument is in it where its symbol is, on whatever exchange of the market: providers name
    the listing exchange differently, and in the United States a symbol means one instrument at a
    time. Gives how many were added. A symbol listed earlier than known begins earlier from now on,
    unless somebody has told the history of its instrument. One listed since before the end of a
    known spell is that spell's, and adds nothing.
    """
    with database.transaction(Role.PIPELINE) as connection:
        lock(connection)
        connection.execute(
            text(
                "CREATE TEMPORARY TABLE listed (symbol text, exchange text, currency text,"
                " kind text, name text, first_session date, market text, id bigint)"
                " ON COMMIT DROP"
            )
        )
        bulk.copy_into(connection, "listed", listing.with_columns(market=market_of("exchange")))
        connection.execute(
            text(
                "DELETE FROM listed a USING listed b WHERE a.symbol = b.symbol"
                " AND a.market = b.market AND a.ctid > b.ctid"
            )
        )
        connection.execute(
            text(
                "UPDATE instrument_symbols s SET valid_from = l.first_session FROM listed l"
                f" WHERE {_SAME} AND l.first_session < s.valid_from"
                " AND NOT EXISTS (SELECT 1 FROM instrument_identifiers k"
                " WHERE k.instrument_id = s.instrument_id)"
                " AND NOT EXISTS (SELECT 1 FROM instrument_symbols o WHERE"
                " (o.symbol = s.symbol OR o.instrument_id = s.instrument_id)"
                " AND o.exchange = s.exchange AND o.valid_from < s.valid_from)"
            )
        )
        connection.execute(
            text(
                f"DELETE FROM listed l USING instrument_symbols s WHERE {_SAME}"
                " AND (s.valid_to IS NULL OR s.valid_to > l.first_session)"
            )
        )
        connection.execute(
            text("UPDATE listed SET id = nextval(pg_get_serial_sequence('instruments', 'id'))")
        )
        connection.execute(
            text(
                "INSERT INTO instruments (id, kind, exchange, currency, name)"
                " SELECT id, kind, exchange, currency, name FROM listed"
            )
        )
        added = connection.execute(
            text(
                "INSERT INTO instrument_symbols (instrument_id, symbol, exchange, valid_from)"
                " SELECT id, symbol, exchange, first_session FROM listed ORDER BY id"
            )
        )
        return added.rowcount


def splits(database: Database) -> pl.DataFrame:
    """Gives instrument_id, ex_date and ratio (units after for one before) of the known splits.

    One that is in quarantine explains a jump, too; one that was rejected does not.
    """
    with database.transaction(Role.PIPELINE) as connection:
        rows = connection.execute(
            text(
                "SELECT instrument_id, ex_date, CAST(ratio_to / ratio_from AS double precision)"
                " FROM corporate_actions WHERE kind = 'split' AND status <> 'rejected'"
            )
        )
        return pl.DataFrame(rows.all(), schema=SPLITS_SCHEMA, orient="row")
