"""What every provider of market data promises."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import polars as pl


@dataclass(frozen=True)
class Delivery:
    """What a provider answered: the bars it gave and what could not be read.

    `bars` keeps the contract RawBars, sorted by symbol, session. `findings` keeps the contract
    Findings: rows and files that could not be read as bars at all. Prices are not judged here.
    """

    bars: pl.DataFrame
    findings: pl.DataFrame


@dataclass(frozen=True)
class ActionDelivery:
    """What a provider answered about corporate actions.

    `actions` keeps the contract RawActions, sorted by symbol, ex_date, kind. `findings` keeps the
    contract Findings. Whether an action is to be believed is not judged here.
    """

    actions: pl.DataFrame
    findings: pl.DataFrame


class Provider(Protocol):
    """Gives daily bars, as traded. An instance is cheap to make; it reads when it is asked.

    `asks_by_symbol` says that it must be told the symbols to give bars of.
    """

    name: str
    asks_by_symbol: bool

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

    def daily_bars(
        self,
        first: dt.date,
        last: dt.date,
        *,
        known_at: dt.datetime,
        symbols: Sequence[str] | None = None,
    ) -> Delivery:
        """Gives the bars of the sessions from `first` to `last`, both included.

        `known_at` is the moment of asking; it is a row's own where the provider states none. Only
        `symbols` are given where they are named; one the provider does not know has no bar.
        """
        ...


@runtime_checkable
class CorporateActionProvider(Protocol):
    """Gives splits and cash dividends, as reported."""

    name: str

    def corporate_actions(
        self,
        first: dt.date,
        last: dt.date,
        *,
        known_at: dt.datetime,
        symbols: Sequence[str] | None = None,
    ) -> ActionDelivery:
        """Gives the actions that go ex from `first` to `last`, both included.

        `known_at` and `symbols` are as for bars.
        """
        ...


def named(symbols: Sequence[str] | None) -> pl.Expr:
    """Gives the filter to rows of `symbols`, or to all rows where none are named."""
    return pl.lit(value=True) if symbols is None else pl.col("symbol").is_in(list(symbols))
