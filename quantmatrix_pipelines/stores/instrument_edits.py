"""What a person changes in the catalogue of instruments: as admin, with an event in the trail."""

import datetime as dt
import difflib
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl
from sqlalchemy import Connection, text

from quantmatrix_engine.errors import SettingsError
from quantmatrix_engine.prices.identity import resolve
from quantmatrix_engine.prices.markets import market
from quantmatrix_engine.vocabulary import InstrumentKind
from quantmatrix_models.audit import AuditAction
from quantmatrix_models.database import Database
from quantmatrix_models.privileges import Role
from quantmatrix_pipelines.stores import instruments
from quantmatrix_pipelines.stores.trail import Trail, added


@dataclass(frozen=True)
class Addition:
    """An instrument to add, and the symbol it has from `valid_from` on."""

    symbol: str
    exchange: str
    currency: str
    kind: InstrumentKind
    name: str | None
    valid_from: dt.date


def add(database: Database, new: Addition, *, trail: Trail) -> int:
    """Adds an instrument and gives its id. Raises SettingsError where its symbol is not free."""
    with database.transaction(Role.ADMIN) as connection:
        instruments.lock(connection)
        _require_free(connection, new.symbol, new.exchange, new.valid_from)
        instrument_id: int = connection.execute(
            text(
                "INSERT INTO instruments (kind, exchange, currency, name)"
                " VALUES (:kind, :exchange, :currency, :name) RETURNING id"
            ),
            {
                "kind": new.kind.value,
                "exchange": new.exchange,
                "currency": new.currency,
                "name": new.name,
            },
        ).scalar_one()
        _give(connection, instrument_id, new.symbol, new.exchange, new.valid_from)
        _tell(connection, trail, AuditAction.CREATED, instrument_id, added(**asdict(new)))
    return instrument_id


def rename(database: Database, symbol: str, new: str, *, on: dt.date, trail: Trail) -> int:
    """Gives an instrument a new symbol from a date on; gives its id. Raises SettingsError."""
    with database.transaction(Role.ADMIN) as connection:
        instruments.lock(connection)
        spell = _open_spell(connection, symbol, on)
        _require_free(connection, new, spell["exchange"], on)
        _end(connection, spell, on)
        _give(connection, spell["instrument_id"], new, spell["exchange"], on)
        changes = {"symbol": {"old": symbol, "new": new}, **added(valid_from=on)}
        _tell(connection, trail, AuditAction.CHANGED, spell["instrument_id"], changes)
    return int(spell["instrument_id"])


def delist(database: Database, symbol: str, *, on: dt.date, trail: Trail) -> int:
    """Ends an instrument: from `on` it does not trade, and has no symbol. Raises SettingsError."""
    with database.transaction(Role.ADMIN) as connection:
        instruments.lock(connection)
        instrument_id = _open_spell(connection, symbol, on)["instrument_id"]
        known = instruments.symbols(connection)
        mine = known.filter(pl.col("instrument_id") == instrument_id, pl.col("valid_to").is_null())
        for spell in mine.iter_rows(named=True):
            _require_begun(spell, on)
            _end(connection, spell, on)
        connection.execute(
            text("UPDATE instruments SET status = 'delisted', delisted_on = :on WHERE id = :id"),
            {"id": instrument_id, "on": on},
        )
        changes = {"status": {"old": "listed", "new": "delisted"}, **added(delisted_on=on)}
        _tell(connection, trail, AuditAction.CHANGED, instrument_id, changes)
    return int(instrument_id)


def set_name(database: Database, symbol: str, name: str, *, on: dt.date, trail: Trail) -> int:
    """Sets the full name of the instrument that has a symbol on a date. Raises SettingsError."""
    with database.transaction(Role.ADMIN) as connection:
        instruments.lock(connection)
        spell = spell_of(instruments.symbols(connection), symbol, on)
        connection.execute(
            text("UPDATE instruments SET name = :name WHERE id = :id"),
            {"id": spell["instrument_id"], "name": name},
        )
        changes = {"name": {"old": spell["name"], "new": name}}
        _tell(connection, trail, AuditAction.CHANGED, spell["instrument_id"], changes)
    return int(spell["instrument_id"])


def spell_of(known: pl.DataFrame, symbol: str, on: dt.date) -> dict[str, Any]:
    """Gives the row of the catalogue (contract Instruments) for a symbol on a date.

    Raises SettingsError naming the nearest symbol, or the dates at which it did mean something.
    """
    asked = {"symbol": [symbol], "session": [on], "exchange": [None]}
    schema = {"symbol": pl.String, "session": pl.Date, "exchange": pl.String}
    ids = resolve(pl.DataFrame(asked, schema=schema), known).item(0, "instrument_ids").to_list()
    of_symbol = known.filter(pl.col("symbol") == symbol)
    if len(ids) > 1:
        raise SettingsError(f"{symbol} means instruments {ids} on {on}; end one of them first.")
    if not ids:
        raise SettingsError(_nobody(known, of_symbol, symbol, on))
    spells = of_symbol.filter(
        pl.col("instrument_id") == ids[0],
        pl.col("valid_from") <= on,
        pl.col("valid_to").is_null() | (pl.col("valid_to") > on),
    )
    return spells.row(0, named=True)


def _nobody(known: pl.DataFrame, of_symbol: pl.DataFrame, symbol: str, on: dt.date) -> str:
    if of_symbol.height:
        times = ", ".join(
            f"from {row['valid_from']} " + (f"until {row['valid_to']}" if row["valid_to"] else "on")
            for row in of_symbol.iter_rows(named=True)
        )
        return f"{symbol} means no instrument on {on}, only {times}."
    near = difflib.get_close_matches(symbol, known.get_column("symbol").unique().sort(), n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"No instrument has the symbol {symbol!r} on {on}.{hint}"


def _open_spell(connection: Connection, symbol: str, on: dt.date) -> dict[str, Any]:
    """Gives the spell of a symbol that a change on a date ends."""
    spell = spell_of(instruments.symbols(connection), symbol, on)
    if spell["valid_to"] is not None:
        raise SettingsError(f"{symbol} ends on {spell['valid_to']} already.")
    _require_begun(spell, on)
    return spell


def _require_begun(spell: dict[str, Any], on: dt.date) -> None:
    if on <= spell["valid_from"]:
        raise SettingsError(
            f"{spell['symbol']} begins on {spell['valid_from']}; it can end from the day after."
        )


def _require_free(connection: Connection, symbol: str, exchange: str, since: dt.date) -> None:
    if not symbol.strip() or len(symbol) > 32:
        raise SettingsError(f"{symbol!r} is no symbol; write 1 to 32 characters.")
    known = instruments.symbols(connection)
    for row in known.filter(pl.col("symbol") == symbol).iter_rows(named=True):
        ends = row["valid_to"]
        if market(row["exchange"]) == market(exchange) and (ends is None or ends > since):
            still = f"until {ends}" if ends else "without an end"
            raise SettingsError(
                f"{symbol} is instrument {row['instrument_id']}'s from {row['valid_from']} {still};"
                f" it is not free from {since} on."
            )


def _give(
    connection: Connection, instrument_id: int, symbol: str, exchange: str, since: dt.date
) -> None:
    connection.execute(
        text(
            "INSERT INTO instrument_symbols (instrument_id, symbol, exchange, valid_from)"
            " VALUES (:id, :symbol, :exchange, :since)"
        ),
        {"id": instrument_id, "symbol": symbol, "exchange": exchange, "since": since},
    )


def _end(connection: Connection, spell: dict[str, Any], on: dt.date) -> None:
    connection.execute(
        text(
            "UPDATE instrument_symbols SET valid_to = :on WHERE instrument_id = :instrument_id"
            " AND symbol = :symbol AND exchange = :exchange AND valid_from = :valid_from"
        ),
        {"on": on, **spell},
    )


def _tell(
    connection: Connection,
    trail: Trail,
    action: AuditAction,
    instrument_id: int,
    changes: dict[str, Any],
) -> None:
    trail.record(
        connection, action, "instruments", user_id=None, entity_id=instrument_id, changes=changes
    )
