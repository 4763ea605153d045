"""Symbol histories of tests, and a catalogue that takes their changes as the store does."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from quantmatrix_engine.contracts.instruments import Identifiers, Instruments, SymbolHistory
from quantmatrix_engine.prices.symbol_history import Changes, compare

SEEN_ON = dt.date(2024, 1, 2)
_SPELL = ["instrument_id", "symbol", "exchange", "valid_from"]
_ABOUT = ["instrument_id", "currency", "kind", "name"]
TOLD = {
    "exchange": "XNYS",
    "currency": "USD",
    "kind": "stock",
    "name": None,
    "valid_from": None,
    "valid_to": None,
    "delisted_on": None,
}


def history(*rows: dict[str, Any]) -> pl.DataFrame:
    """Gives a history of stocks on XNYS; dates may be texts."""
    dated = [{name: _date(name, value) for name, value in (TOLD | row).items()} for row in rows]
    return pl.DataFrame(dated, schema=SymbolHistory.empty().schema)


def told(key: str, symbol: str, begins: str | None = None, ends: str | None = None) -> pl.DataFrame:
    """Gives a history of one row."""
    return history({"key": key, "symbol": symbol, "valid_from": begins, "valid_to": ends})


def _date(name: str, value: Any) -> Any:
    is_date = name in ("valid_from", "valid_to", "delisted_on") and isinstance(value, str)
    return dt.date.fromisoformat(value) if is_date else value


@dataclass(frozen=True)
class Catalogue:
    """A catalogue and the keys of one source."""

    instruments: pl.DataFrame = field(default_factory=Instruments.empty)
    identifiers: pl.DataFrame = field(default_factory=Identifiers.empty)

    def compared(self, delivery: pl.DataFrame, seen_on: dt.date = SEEN_ON) -> Changes:
        """Gives what a delivery changes."""
        return compare(
            delivery,
            self.instruments,
            self.identifiers,
            keyed=self.identifiers["instrument_id"],
            source="maps",
            seen_on=seen_on,
        )

    def after(self, *deliveries: pl.DataFrame) -> "Catalogue":
        """Gives the catalogue with deliveries worked in, one after the other."""
        made = self
        for delivery in deliveries:
            made = made.with_changes(made.compared(delivery))
        return made

    def with_changes(self, changes: Changes) -> "Catalogue":
        """Gives the catalogue with changes made; new instruments get the next ids."""
        known = self.instruments["instrument_id"].max() or 0
        number = (
            pl.when(pl.col("instrument_id") < 0)
            .then(known - pl.col("instrument_id"))
            .otherwise("instrument_id")
        )
        about = pl.concat([self.instruments.select(_ABOUT), changes.instruments.select(_ABOUT)])
        added = changes.added.join(about.unique("instrument_id"), on="instrument_id")
        left = self.instruments.join(changes.removed, on=_SPELL, how="anti")
        return Catalogue(
            pl.concat([left, added.select(left.columns)]).with_columns(instrument_id=number),
            pl.concat([self.identifiers, changes.identifiers]).with_columns(instrument_id=number),
        )

    def spells(self) -> list[tuple[str, str, str, str | None]]:
        """Gives (key, symbol, from, to) of every spell; `-3` is instrument 3, which has no key."""
        named = self.instruments.join(self.identifiers, on="instrument_id", how="left")
        key = pl.coalesce("key", pl.format("-{}", "instrument_id"))
        texts = pl.col("valid_from", "valid_to").cast(pl.String)
        return sorted(
            named.select(key.alias("key"), "symbol", texts).rows(),
            key=lambda row: (row[0], row[2]),
        )
