"""Spells: the times for which instruments have their symbols, as a set that can be edited."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from quantmatrix_engine.prices.markets import market

OPEN = dt.date.max
"""The end of a spell that has none: an assumption until somebody tells of an end."""


@dataclass(frozen=True, order=True)
class Spell:
    """A symbol an instrument has from `begins` until the day before `ends`."""

    symbol: str
    begins: dt.date
    ends: dt.date
    instrument_id: int
    exchange: str

    @property
    def is_open(self) -> bool:
        """Says whether no end is known."""
        return self.ends == OPEN

    @property
    def market(self) -> str:
        """Gives the market within which the symbol means one instrument."""
        return market(self.exchange)

    def overlaps(self, other: "Spell") -> bool:
        """Says whether some date belongs to both."""
        return self.begins < other.ends and other.begins < self.ends

    def without(self, other: "Spell") -> Iterator["Spell"]:
        """Gives what is left of this spell outside the dates of `other`."""
        for begins, ends in ((self.begins, other.begins), (other.ends, self.ends)):
            part = replace(self, begins=max(begins, self.begins), ends=min(ends, self.ends))
            if part.begins < part.ends:
                yield part


class Spells:
    """All spells of a catalogue, found by symbol and by instrument within a market."""

    def __init__(self, spells: Iterable[Spell]) -> None:
        self._all: set[Spell] = set()
        self._of_symbol: dict[tuple[str, str], set[Spell]] = defaultdict(set)
        self._of_instrument: dict[tuple[int, str], set[Spell]] = defaultdict(set)
        self.replace((), spells)

    def __iter__(self) -> Iterator[Spell]:
        return iter(self._all)

    def replace(self, old: Iterable[Spell], new: Iterable[Spell]) -> None:
        """Takes `old` out and puts `new` in."""
        for one in old:
            self._all.discard(one)
            self._of_symbol[one.symbol, one.market].discard(one)
            self._of_instrument[one.instrument_id, one.market].discard(one)
        for one in new:
            self._all.add(one)
            self._of_symbol[one.symbol, one.market].add(one)
            self._of_instrument[one.instrument_id, one.market].add(one)

    def of_symbol(self, spell: Spell) -> list[Spell]:
        """Gives the spells of the same symbol and market that overlap, by their beginning."""
        return sorted(
            one for one in self._of_symbol[spell.symbol, spell.market] if one.overlaps(spell)
        )

    def of_instrument(self, spell: Spell) -> list[Spell]:
        """Gives the spells of the same instrument and market that overlap, by their beginning."""
        known = self._of_instrument[spell.instrument_id, spell.market]
        return sorted(
            (one for one in known if one.overlaps(spell)), key=lambda one: (one.begins, one.symbol)
        )
