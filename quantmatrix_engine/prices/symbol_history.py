"""Symbol history: what a source tells of symbols, held against the catalogue of instruments.

What is known only grows. An end that is not known is an assumption, and yields to whoever tells of
an end, or of another instrument or symbol from a later date; a date that is known yields to nobody,
and a source that denies one is a finding. So the order in which deliveries come does not matter,
save where they contradict each other.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import polars as pl

from quantmatrix_engine.contracts.findings import Findings
from quantmatrix_engine.contracts.instruments import Identifiers
from quantmatrix_engine.contracts.shape import types_of
from quantmatrix_engine.prices.spells import OPEN, Spell, Spells
from quantmatrix_engine.vocabulary import FindingRule, Severity

SPELL_SCHEMA = {
    "instrument_id": pl.Int64,
    "symbol": pl.String,
    "exchange": pl.String,
    "valid_from": pl.Date,
    "valid_to": pl.Date,
}
NEW_SCHEMA = {
    "instrument_id": pl.Int64,
    "key": pl.String,
    "kind": pl.String,
    "exchange": pl.String,
    "currency": pl.String,
    "name": pl.String,
}
DELISTED_SCHEMA = {"instrument_id": pl.Int64, "delisted_on": pl.Date}
_FINDING_SCHEMA = types_of(Findings)
_KEYED_SCHEMA = types_of(Identifiers)


@dataclass(frozen=True)
class Changes:
    """What has to change in the catalogue so that it agrees with a history.

    `instruments` are new, with ids below 0 that stand for the ids they will get. `removed` and
    `added` are spells (SPELL_SCHEMA): take the ones out, then put the others in. `identifiers` are
    keys that were not known (contract Identifiers). `moved` are the dates on which a symbol no
    longer means the instrument it meant: bars of those sessions have to be materialized again.
    `findings` keep the contract Findings: what was contradicted and so left as it is.
    """

    instruments: pl.DataFrame
    identifiers: pl.DataFrame
    removed: pl.DataFrame
    added: pl.DataFrame
    delisted: pl.DataFrame
    moved: pl.DataFrame
    findings: pl.DataFrame

    @property
    def is_empty(self) -> bool:
        """Says whether the catalogue agrees already."""
        changes = (self.instruments, self.identifiers, self.removed, self.added, self.delisted)
        return all(one.is_empty() for one in changes)


@dataclass
class _Told:
    """What a source tells of one instrument, and the instrument it is taken for."""

    key: str
    rows: list[dict[str, Any]]
    instrument_id: int = 0
    is_new: bool = False
    spells: list[Spell] = field(default_factory=list)
    set_aside: list[Spell] = field(default_factory=list)

    @property
    def delisted_on(self) -> dt.date | None:
        dates = [row["delisted_on"] for row in self.rows if row["delisted_on"] is not None]
        return min(dates, default=None)


class _Contradiction(Exception):
    """A told spell denies a known one."""

    def __init__(self, told: Spell, known: Spell) -> None:
        super().__init__(f"{told} against {known}")
        self.told, self.known = told, known


@dataclass
class _Comparison:
    """The catalogue while a history is worked into it."""

    source: str
    spells: Spells
    currencies: Mapping[int, str]
    keyed: set[int]
    findings: list[dict[str, Any]] = field(default_factory=list)


def compare(
    history: pl.DataFrame,
    catalogue: pl.DataFrame,
    identifiers: pl.DataFrame,
    *,
    keyed: Iterable[int],
    source: str,
    seen_on: dt.date,
) -> Changes:
    """Gives the changes that make the catalogue (contract Instruments) agree with a history.

    `history` keeps the contract SymbolHistory and is all of one `source`; `identifiers` are that
    source's keys. `keyed` are the instruments that any source has a key for. An instrument without
    one came from a listing of bars: its open spells are taken from it where the history names
    another, and it becomes the instrument whose history holds its symbol last. `seen_on` is the
    date a symbol begins where neither the history nor the catalogue says since when.

    What a key tells is worked in whole or, where it contradicts a known date, not at all.
    """
    before = {_spell(row) for row in catalogue.iter_rows(named=True)}
    currencies = dict(catalogue.select("instrument_id", "currency").iter_rows())
    work = _Comparison(source, Spells(before), currencies, set(keyed))
    told = _without_contradictions(work, _by_key(history), seen_on)
    known = dict(identifiers.select("key", "instrument_id").iter_rows())
    _take_for(work, told, known, seen_on)
    done = [one for one in told if _work_in(work, one)]
    after = set(work.spells)
    kept = {one.instrument_id for one in after}
    done = [one for one in done if one.instrument_id in kept or not one.is_new]
    return Changes(
        instruments=_new(one for one in done if one.is_new),
        identifiers=pl.DataFrame(
            [(one.instrument_id, one.key) for one in done if one.key not in known],
            schema=_KEYED_SCHEMA,
            orient="row",
        ),
        removed=_frame(before - after),
        added=_frame(after - before),
        delisted=pl.DataFrame(
            [(one.instrument_id, one.delisted_on) for one in done if one.delisted_on],
            schema=DELISTED_SCHEMA,
            orient="row",
        ),
        moved=_frame(_lost(before - after, after)),
        findings=pl.DataFrame(work.findings, schema=_FINDING_SCHEMA),
    )


def _spell(row: Mapping[str, Any]) -> Spell:
    ends = row["valid_to"] or OPEN
    return Spell(row["symbol"], row["valid_from"], ends, row["instrument_id"], row["exchange"])


def _by_key(history: pl.DataFrame) -> list[_Told]:
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    ordered = history.unique().sort("key", "valid_from", "symbol", nulls_last=True)
    for row in ordered.iter_rows(named=True):
        rows[row["key"]].append(row)
    return [_Told(key, of_key) for key, of_key in rows.items()]


# ---------------------------------------------------------------- the history in itself


def _without_contradictions(work: _Comparison, told: list[_Told], seen_on: dt.date) -> list[_Told]:
    """Gives what does not contradict itself; two keys that claim a symbol at once both go."""
    of_symbol: dict[tuple[str, str], list[Spell]] = defaultdict(list)
    of_key: dict[tuple[int, str], list[Spell]] = defaultdict(list)
    refused: set[int] = set()
    for number, one in enumerate(told):
        one.spells = _told_spells(one, number, seen_on)
        for spell in one.spells:
            of_symbol[spell.symbol, spell.market].append(spell)
            of_key[number, spell.market].append(spell)
    for group in (*of_symbol.values(), *of_key.values()):
        for earlier, later in _overlapping(_by_beginning(group)):
            for this, other in ((earlier, later), (later, earlier)):
                refused.add(this.instrument_id)
                _contradict(work, told[this.instrument_id], this, other, told[other.instrument_id])
    return [one for number, one in enumerate(told) if number not in refused]


def _told_spells(told: _Told, number: int, seen_on: dt.date) -> list[Spell]:
    """Gives the spells of a key, under its number; an open one ends where the next begins."""
    found: list[Spell] = []
    for row in sorted(told.rows, key=lambda row: row["valid_from"] or seen_on, reverse=True):
        begins = row["valid_from"] or seen_on
        ends = min(row["valid_to"] or OPEN, told.delisted_on or OPEN)
        spell = Spell(row["symbol"], begins, ends, number, row["exchange"])
        later = [one.begins for one in found if one.market == spell.market and one.begins > begins]
        found.append(replace(spell, ends=min(later, default=OPEN)) if spell.is_open else spell)
    return [one for one in reversed(found) if one.begins < one.ends]


def _by_beginning(spells: Iterable[Spell]) -> list[Spell]:
    return sorted(spells, key=lambda one: (one.begins, one.symbol, one.instrument_id))


def _overlapping(ordered: list[Spell]) -> Iterable[tuple[Spell, Spell]]:
    for earlier, later in pairwise(ordered):
        yields = earlier.is_open and earlier.begins < later.begins
        if earlier.overlaps(later) and not yields:
            yield earlier, later


def _contradict(
    work: _Comparison, told: _Told, spell: Spell, known: Spell, other: _Told | None = None
) -> None:
    whose = f"key {other.key}" if other else f"instrument {known.instrument_id}"
    work.findings.append(
        {
            "provider": work.source,
            "symbol": spell.symbol,
            "session": spell.begins,
            "rule": FindingRule.CONTRADICTED_SYMBOL.value,
            "column": "symbol",
            "value": f"{told.key}: {_in_words(spell)}",
            "expected": f"no contradiction to {whose}: {_in_words(known)}",
            "severity": Severity.ERROR.value,
            "source": f"symbol history: {told.key}",
            "row": pl.DataFrame(told.rows)
            .select(pl.struct(pl.all()).struct.json_encode())
            .item(0, 0),
        }
    )


def _in_words(spell: Spell) -> str:
    ends = "on" if spell.is_open else f"until {spell.ends}"
    return f"{spell.symbol} on {spell.exchange} from {spell.begins} {ends}"


# ---------------------------------------------------------------- which instrument a key means


def _take_for(
    work: _Comparison, told: list[_Told], known: Mapping[str, int], seen_on: dt.date
) -> None:
    """Gives each key its instrument: the one it has, one without a key, or a new one."""
    adopted = _adopted(work, [one for one in told if one.key not in known])
    for number, one in enumerate(told, start=1):
        one.instrument_id = known.get(one.key) or adopted.get(one.key) or -number
        one.is_new = one.key not in known and one.key not in adopted
        one.spells = [replace(spell, instrument_id=one.instrument_id) for spell in one.spells]
        if any(row["valid_from"] is None for row in one.rows):
            one.spells = [_since(work.spells, spell, seen_on) for spell in one.spells]
    for one in told:
        if one.key in adopted:
            one.set_aside = [
                old
                for spell in one.spells
                for old in work.spells.of_symbol(spell)
                if old.instrument_id == one.instrument_id and old.is_open
            ]
            work.spells.replace(one.set_aside, ())
            work.keyed.add(one.instrument_id)


def _adopted(work: _Comparison, told: list[_Told]) -> dict[str, int]:
    """Gives keys the instruments without a key whose symbols they hold, the last holder first."""
    claims = [
        (min(old.ends, spell.ends), spell.begins, -old.instrument_id, one.key)
        for one in told
        for spell in one.spells
        for old in work.spells.of_symbol(spell)
        if old.instrument_id not in work.keyed
        and work.currencies[old.instrument_id] == one.rows[0]["currency"]
    ]
    found: dict[str, int] = {}
    for _, _, negative_id, key in sorted(claims, reverse=True):
        if key not in found and -negative_id not in found.values():
            found[key] = -negative_id
    return found


def _since(spells: Spells, spell: Spell, seen_on: dt.date) -> Spell:
    """Gives a spell seen on a date the beginning the catalogue knows for it."""
    if spell.begins != seen_on:
        return spell
    same = [one for one in spells.of_symbol(spell) if one.instrument_id == spell.instrument_id]
    return replace(spell, begins=min((one.begins for one in same), default=spell.begins))


# ---------------------------------------------------------------- working it in


def _work_in(work: _Comparison, told: _Told) -> bool:
    """Works all spells of a key in, or none, and says whether it did."""
    edits: list[tuple[list[Spell], list[Spell]]] = []
    try:
        for spell in told.spells:
            edits.append(_edit(work, spell))
            work.spells.replace(*edits[-1])
    except _Contradiction as broken:
        for old, new in reversed(edits):
            work.spells.replace(new, old)
        free = [one for one in told.set_aside if not work.spells.of_symbol(one)]
        work.spells.replace((), free)
        _contradict(work, told, broken.told, broken.known)
        return False
    if told.delisted_on:
        _close(work.spells, told.instrument_id, told.delisted_on)
    return True


def _edit(work: _Comparison, spell: Spell) -> tuple[list[Spell], list[Spell]]:
    """Gives the spells to take out and to put in, so that `spell` holds. Raises _Contradiction."""
    merged, same = _fitted(work, spell)
    out, left = [*same], [merged]
    for known in _near(work.spells, merged):
        if known in same:
            continue
        out.append(known)
        if known.instrument_id in work.keyed:
            left.append(replace(known, ends=merged.begins))
        else:
            left += known.without(merged)
    return out, left


def _fitted(work: _Comparison, spell: Spell) -> tuple[Spell, list[Spell]]:
    """Gives a told spell within what is known, and the known ones it is the same as."""
    merged, same = spell, list[Spell]()
    for known in _near(work.spells, spell):
        yields = known.is_open and (
            known.begins < merged.begins or known.instrument_id not in work.keyed
        )
        if not known.overlaps(merged):
            continue
        if (known.instrument_id, known.symbol) == (spell.instrument_id, spell.symbol):
            merged = _merged(merged, known)
            same.append(known)
        elif merged.is_open and merged.begins < known.begins and not yields:
            merged = replace(merged, ends=known.begins)
        elif not yields:
            raise _Contradiction(spell, known)
    if merged.begins < spell.begins:
        return _extended(work, merged, same)
    return merged, same


def _extended(work: _Comparison, merged: Spell, same: list[Spell]) -> tuple[Spell, list[Spell]]:
    """Gives a spell that begins earlier than told, unless somebody else stands in the way."""
    for known in _near(work.spells, merged):
        is_same = known in same
        if not (is_same or (known.is_open and known.begins < merged.begins)):
            raise _Contradiction(merged, known)
    return merged, same


def _near(spells: Spells, spell: Spell) -> list[Spell]:
    found = {*spells.of_symbol(spell), *spells.of_instrument(spell)}
    return _by_beginning(found)


def _merged(told: Spell, known: Spell) -> Spell:
    """Gives one spell of two of an instrument and symbol: what both sides know of its ends."""
    if not (told.is_open or known.is_open or told.ends <= known.ends):
        raise _Contradiction(told, known)
    begins, ends = min(told.begins, known.begins), min(told.ends, known.ends)
    return replace(known, begins=begins, ends=ends)


def _close(spells: Spells, instrument_id: int, on: dt.date) -> None:
    still_open = [one for one in spells if one.instrument_id == instrument_id and one.is_open]
    ended = [replace(one, ends=on) for one in still_open if one.begins < on]
    spells.replace([one for one in still_open if one.begins < on], ended)


# ---------------------------------------------------------------- what came of it


def _lost(removed: Iterable[Spell], after: set[Spell]) -> list[Spell]:
    """Gives the parts of removed spells on which the symbol no longer means the instrument."""
    kept: dict[tuple[int, str, str], list[Spell]] = defaultdict(list)
    for one in after:
        kept[one.instrument_id, one.symbol, one.market].append(one)
    lost: list[Spell] = []
    for old in removed:
        parts = [old]
        for one in kept[old.instrument_id, old.symbol, old.market]:
            parts = [
                rest
                for part in parts
                for rest in (part.without(one) if part.overlaps(one) else [part])
            ]
        lost += parts
    return lost


def _frame(spells: Iterable[Spell]) -> pl.DataFrame:
    rows = [
        (one.instrument_id, one.symbol, one.exchange, one.begins, None if one.is_open else one.ends)
        for one in sorted(spells)
    ]
    return pl.DataFrame(rows, schema=SPELL_SCHEMA, orient="row")


def _new(told: Iterable[_Told]) -> pl.DataFrame:
    rows = [
        (one.instrument_id, one.key, last["kind"], last["exchange"], last["currency"], last["name"])
        for one in told
        for last in one.rows[-1:]
    ]
    return pl.DataFrame(rows, schema=NEW_SCHEMA, orient="row")
