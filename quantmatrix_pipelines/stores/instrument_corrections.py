"""What a person puts right in the catalogue of instruments: an exchange, or a date that was wrong.

As in `instrument_edits` it happens as admin, with an event in the trail. A correction that would
give a symbol to two instruments at once is refused, and nothing is changed.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import polars as pl
from sqlalchemy import Connection, text

from quantmatrix_engine.errors import SettingsError
from quantmatrix_engine.prices.spells import OPEN, Spell, Spells
from quantmatrix_models.audit import AuditAction
from quantmatrix_models.database import Database
from quantmatrix_models.privileges import Role
from quantmatrix_pipelines.stores import instruments
from quantmatrix_pipelines.stores.instrument_edits import spell_of
from quantmatrix_pipelines.stores.trail import Trail


def set_exchange(
    database: Database, symbol: str, exchange: str, *, on: dt.date, trail: Trail
) -> int:
    """Corrects the exchange of the spell a symbol has on a date; gives the instrument's id.

    The exchange the instrument is kept under follows where it was the wrong one, too. Raises
    SettingsError where the symbol is another's on that market, or the exchange is so already.
    """
    with database.transaction(Role.ADMIN) as connection:
        instruments.lock(connection)
        known = instruments.symbols(connection)
        old = _spell(spell_of(known, symbol, on))
        new = _on(old, exchange, begins=old.begins)
        _require_free(known, [old], [new])
        _update(connection, old, new)
        connection.execute(
            text("UPDATE instruments SET exchange = :new WHERE id = :id AND exchange = :old"),
            {"id": old.instrument_id, "old": old.exchange, "new": exchange},
        )
        _tell(connection, trail, old, {"exchange": {"old": old.exchange, "new": exchange}})
    return old.instrument_id


def move_exchange(
    database: Database, symbol: str, exchange: str, *, since: dt.date, trail: Trail
) -> int:
    """Has a symbol traded on another exchange from a date on; gives the instrument's id.

    The days before keep their exchange. Raises SettingsError as `set_exchange` does.
    """
    with database.transaction(Role.ADMIN) as connection:
        instruments.lock(connection)
        known = instruments.symbols(connection)
        old = _spell(spell_of(known, symbol, since))
        if since == old.begins:
            raise SettingsError(
                f"{symbol} begins on {since}; to correct its exchange since then, leave out --from."
            )
        before = Spell(symbol, old.begins, since, old.instrument_id, old.exchange)
        after = _on(old, exchange, begins=since)
        _require_free(known, [old], [before, after])
        _update(connection, old, before)
        _add(connection, after)
        changes = {
            "exchange": {"old": old.exchange, "new": exchange},
            "valid_from": {"old": old.begins, "new": since},
        }
        _tell(connection, trail, old, changes)
    return old.instrument_id


def set_end(
    database: Database, symbol: str, ends: dt.date, *, on: dt.date | None, trail: Trail
) -> tuple[int, dt.date]:
    """Corrects the end a symbol has; gives the instrument's id and the end that was wrong.

    The spell is the one of `on`; without it the one that ended last. What begins or ends with it
    moves along: the next symbol of the same instrument, and a delisting. Raises SettingsError
    where the symbol has no end, or would belong to two instruments at once.
    """
    with database.transaction(Role.ADMIN) as connection:
        instruments.lock(connection)
        known = instruments.symbols(connection)
        wrong = _ended(known, symbol, on)
        if ends == wrong.ends:
            raise SettingsError(f"{symbol} ends on {ends} already.")
        is_delisted = _is_delisted(connection, wrong)
        old = _touched(known, wrong, is_delisted=is_delisted)
        new = [_moved(one, wrong.ends, ends) for one in old]
        _require_free(known, old, new)
        # What shrinks comes first: nothing may overlap at any moment.
        pairs = sorted(zip(old, new, strict=True), key=lambda pair: _days(pair[1]) > _days(pair[0]))
        for before, after in pairs:
            _update(connection, before, after)
        change = {"old": wrong.ends, "new": ends}
        connection.execute(
            text("UPDATE instruments SET delisted_on = :new WHERE id = :id AND delisted_on = :old"),
            {"id": wrong.instrument_id, **change},
        )
        changed = {
            "valid_to": True,
            "valid_from": any(one.begins == wrong.ends for one in old),
            "delisted_on": is_delisted,
        }
        _tell(connection, trail, wrong, {name: change for name, so in changed.items() if so})
    return wrong.instrument_id, wrong.ends


def relist(
    database: Database, symbol: str, *, on: dt.date | None, trail: Trail
) -> tuple[int, dt.date]:
    """Takes a delisting back altogether; gives the instrument's id and the date that was wrong.

    The instrument is listed again, and every symbol it lost on that date goes on without an end.
    Which instrument `symbol` means is told as in `set_end`. Raises SettingsError where it was not
    delisted with that symbol, or another instrument has one of the symbols since.
    """
    with database.transaction(Role.ADMIN) as connection:
        instruments.lock(connection)
        known = instruments.symbols(connection)
        wrong = _ended(known, symbol, on)
        delisted_on = _delisted_on(connection, wrong.instrument_id)
        if delisted_on != wrong.ends:
            raise SettingsError(_not_delisted(known, wrong, delisted_on))
        old = [one for one in _spells_of(known, wrong.instrument_id) if one.ends == wrong.ends]
        new = [replace(one, ends=OPEN) for one in old]
        _require_free(known, old, new)
        for before, after in zip(old, new, strict=True):
            _update(connection, before, after)
        connection.execute(
            text("UPDATE instruments SET status = 'listed', delisted_on = NULL WHERE id = :id"),
            {"id": wrong.instrument_id},
        )
        taken_back = {"old": wrong.ends, "new": None}
        changes = {
            "status": {"old": "delisted", "new": "listed"},
            "delisted_on": taken_back,
            "valid_to": taken_back,
        }
        _tell(connection, trail, wrong, changes)
    return wrong.instrument_id, wrong.ends


def _not_delisted(known: pl.DataFrame, spell: Spell, delisted_on: dt.date | None) -> str:
    """Says why the end of a spell is no delisting, and what would be right."""
    if delisted_on is None:
        return (
            f"{spell.symbol} ended on {spell.ends} and instrument {spell.instrument_id} is listed;"
            " `set-end` corrects the date of a rename."
        )
    last = [one for one in _spells_of(known, spell.instrument_id) if one.ends == delisted_on]
    names = ", ".join(one.symbol for one in last) or "no symbol"
    return (
        f"Instrument {spell.instrument_id} was delisted on {delisted_on} as {names},"
        f" and {spell.symbol} ended on {spell.ends} already; name the symbol it had last."
    )


def _spell(row: dict[str, Any]) -> Spell:
    ends = row["valid_to"] or OPEN
    return Spell(row["symbol"], row["valid_from"], ends, row["instrument_id"], row["exchange"])


def _on(old: Spell, exchange: str, *, begins: dt.date) -> Spell:
    if exchange == old.exchange:
        raise SettingsError(f"{old.symbol} is on {exchange} already.")
    return Spell(old.symbol, begins, old.ends, old.instrument_id, exchange)


def _ended(known: pl.DataFrame, symbol: str, on: dt.date | None) -> Spell:
    """Gives the spell whose end is to be corrected."""
    if on is not None:
        spell = _spell(spell_of(known, symbol, on))
        if spell.is_open:
            raise SettingsError(f"{symbol} has no end on {on}; `delist` or `rename` gives it one.")
        return spell
    of_symbol = known.filter(pl.col("symbol") == symbol)
    ended = of_symbol.filter(pl.col("valid_to").is_not_null()).sort("valid_to")
    if not ended.is_empty():
        return _spell(ended.row(-1, named=True))
    if of_symbol.is_empty():
        spell_of(known, symbol, dt.date.max)
    raise SettingsError(f"{symbol} never ended; `delist` or `rename` gives it an end.")


def _is_delisted(connection: Connection, spell: Spell) -> bool:
    """Says whether its instrument left the market with the end of this spell."""
    return _delisted_on(connection, spell.instrument_id) == spell.ends


def _delisted_on(connection: Connection, instrument_id: int) -> dt.date | None:
    found: dt.date | None = connection.execute(
        text("SELECT delisted_on FROM instruments WHERE id = :id"), {"id": instrument_id}
    ).scalar_one()
    return found


def _touched(known: pl.DataFrame, wrong: Spell, *, is_delisted: bool) -> list[Spell]:
    """Gives the spells of the instrument that begin or end where the wrong one ends."""
    return [
        one
        for one in _spells_of(known, wrong.instrument_id)
        if (one.ends == wrong.ends and (is_delisted or one.symbol == wrong.symbol))
        or (one.begins == wrong.ends and one.market == wrong.market)
    ]


def _spells_of(known: pl.DataFrame, instrument_id: int) -> list[Spell]:
    mine = known.filter(pl.col("instrument_id") == instrument_id)
    return [_spell(row) for row in mine.iter_rows(named=True)]


def _moved(spell: Spell, old: dt.date, new: dt.date) -> Spell:
    """Gives a spell with the date `old` moved to `new`. Raises SettingsError where it is empty."""
    begins = new if spell.begins == old else spell.begins
    ends = new if spell.ends == old else spell.ends
    if begins >= ends:
        still = f"begins on {begins}" if spell.ends == old else f"ends on {ends}"
        raise SettingsError(
            f"{spell.symbol} {still}, so {new} cannot be where"
            f" {'it ends' if spell.ends == old else 'it begins'}."
        )
    return Spell(spell.symbol, begins, ends, spell.instrument_id, spell.exchange)


def _days(spell: Spell) -> int:
    return (spell.ends - spell.begins).days


def _require_free(known: pl.DataFrame, old: Sequence[Spell], new: Sequence[Spell]) -> None:
    """Refuses spells that overlap one of the catalogue as it is without `old`."""
    others = Spells(_spell(row) for row in known.iter_rows(named=True))
    others.replace(old, ())
    for one in new:
        same = [other for other in others.of_instrument(one) if other.exchange == one.exchange]
        taken = [
            other
            for other in others.of_symbol(one)
            if other.instrument_id != one.instrument_id or other.exchange == one.exchange
        ]
        for other in (*taken, *same):
            raise SettingsError(
                f"{_in_words(one)} would overlap instrument {other.instrument_id}'s"
                f" {_in_words(other)}; nothing is changed."
            )


def _in_words(spell: Spell) -> str:
    ends = "on" if spell.is_open else f"until {spell.ends}"
    return f"{spell.symbol} on {spell.exchange} from {spell.begins} {ends}"


def _update(connection: Connection, old: Spell, new: Spell) -> None:
    connection.execute(
        text(
            "UPDATE instrument_symbols SET exchange = :exchange, valid_from = :begins,"
            " valid_to = :ends WHERE instrument_id = :id AND symbol = :symbol"
            " AND exchange = :old_exchange AND valid_from = :old_begins"
        ),
        {**_row(new), "old_exchange": old.exchange, "old_begins": old.begins},
    )


def _add(connection: Connection, spell: Spell) -> None:
    connection.execute(
        text(
            "INSERT INTO instrument_symbols (instrument_id, symbol, exchange, valid_from, valid_to)"
            " VALUES (:id, :symbol, :exchange, :begins, :ends)"
        ),
        _row(spell),
    )


def _row(spell: Spell) -> dict[str, Any]:
    return {
        "id": spell.instrument_id,
        "symbol": spell.symbol,
        "exchange": spell.exchange,
        "begins": spell.begins,
        "ends": None if spell.is_open else spell.ends,
    }


def _tell(connection: Connection, trail: Trail, spell: Spell, changes: dict[str, Any]) -> None:
    trail.record(
        connection,
        AuditAction.CHANGED,
        "instruments",
        user_id=None,
        entity_id=spell.instrument_id,
        changes={"symbol": {"old": spell.symbol, "new": spell.symbol}, **changes},
    )
