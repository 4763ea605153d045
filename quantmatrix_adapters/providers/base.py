"""What every provider of market data promises."""

import datetime as dt
from dataclasses import dataclass
from typing import Protocol

import polars as pl


@dataclass(frozen=True)
class Delivery:
    """What a provider answered: the bars it gave and what could not be read.

    `bars` keeps the contract RawBars, sorted by symbol, session. `findings` keeps the contract
    Findings: rows and files that could not be read as bars at all. Prices are not judged here.
    """

    bars: pl.DataFrame
    findings: pl.DataFrame


class Provider(Protocol):
    """Gives daily bars, as traded. An instance is cheap to make; it reads when it is asked."""

    name: str

    def version(self) -> str:
        """Gives a text that changes when the provider has something new to say.

        Raises ProviderError or SettingsError where the provider cannot be used at all.
        """
        ...

    def listing(self) -> pl.DataFrame:
        """Gives the symbols the provider has bars of, keeping the contract Listing."""
        ...

    def sessions(self) -> tuple[dt.date, dt.date]:
        """Gives the first and the last session the provider has bars of."""
        ...

    def daily_bars(self, first: dt.date, last: dt.date, *, known_at: dt.datetime) -> Delivery:
        """Gives the bars of the sessions from `first` to `last`, both included.

        `known_at` is the moment of asking; it is a row's own where the provider states none.
        """
        ...
