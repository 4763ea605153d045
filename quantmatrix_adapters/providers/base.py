"""What every provider of market data promises."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

import polars as pl

from quantmatrix_adapters.http import Patience
from quantmatrix_adapters.limits import Limiter, Limits, Unlimited


@dataclass(frozen=True)
class Asked:
    """One of several providers that was asked: the range of sessions, how long that took, and the
    first error where it failed, whatever it gave before.
    """

    provider: str
    first: dt.date
    last: dt.date
    milliseconds: int
    error: str | None


@dataclass(frozen=True)
class Delivery:
    """What a provider answered: the bars it gave and what could not be read.

    `bars` keeps the contract RawBars, sorted by symbol, session. `findings` keeps the contract
    Findings: rows and files that could not be read as bars at all. Prices are not judged here.
    `asked` are those of several providers that were asked, here as in the other deliveries; None
    where it is the answer of one.
    """

    bars: pl.DataFrame
    findings: pl.DataFrame
    asked: tuple[Asked, ...] | None = None


@dataclass(frozen=True)
class ActionDelivery:
    """Corporate actions a provider reported (contract RawActions) and what could not be read."""

    actions: pl.DataFrame
    findings: pl.DataFrame
    asked: tuple[Asked, ...] | None = None


@dataclass(frozen=True)
class FundamentalsDelivery:
    """Figures a provider stated (contract RawFundamentals) and what could not be read."""

    fundamentals: pl.DataFrame
    findings: pl.DataFrame
    asked: tuple[Asked, ...] | None = None


@dataclass(frozen=True)
class IntradayDelivery:
    """Intraday bars a provider gave (contract RawIntradayBars) and what could not be read."""

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


@runtime_checkable
class SymbolProvider(Provider, Protocol):
    """A provider that can be asked for some symbols alone.

    `symbols_per_request` is how many of them one request covers; None: the whole market.
    """

    symbols_per_request: int | None

    def bars_of(
        self, symbols: Sequence[str], first: dt.date, last: dt.date, *, known_at: dt.datetime
    ) -> Delivery:
        """Gives what `daily_bars` gives, of these symbols."""
        ...


@runtime_checkable
class ListingProvider(Protocol):
    """A provider that can be asked what it says of symbols that its listing only assumes."""

    def listing_of(self, symbols: Sequence[str]) -> pl.DataFrame:
        """Gives those of the symbols it says anything of (contract Listing), sorted.

        What it does not say of them is as in its listing.
        """
        ...


@runtime_checkable
class CorporateActionProvider(Protocol):
    """A provider that also reports splits and cash dividends."""

    def corporate_actions(
        self, first: dt.date, last: dt.date, *, known_at: dt.datetime
    ) -> ActionDelivery:
        """Gives the actions whose ex-date is from `first` to `last`, both included."""
        ...


@runtime_checkable
class FundamentalsProvider(Protocol):
    """A provider that also states fundamentals: those of the present, of some symbols."""

    def fundamentals(
        self, symbols: Sequence[str], session: dt.date, *, known_at: dt.datetime
    ) -> FundamentalsDelivery:
        """Gives the figures of these symbols as they stand at `known_at`, the moment of asking.

        `session` is the one they are kept under: the last that had closed by then. A past one
        cannot be asked for. A symbol the provider has no figures of gives no row.
        """
        ...


@runtime_checkable
class IntradayProvider(Protocol):
    """A provider that gives bars of parts of a session, as traded.

    Hours are not asked of anybody on the network: some start theirs at half past, and some count
    trades from before the open in. They are made of five minutes.
    """

    name: str

    def intraday_bars(
        self, symbols: Sequence[str], first: dt.date, last: dt.date, *, known_at: dt.datetime
    ) -> IntradayDelivery:
        """Gives the bars of these symbols in the sessions from `first` to `last`, both included.

        They are of five minutes, in files also of minutes and hours. Without symbols files give all
        they have. Of a session that has not closed at `known_at`, the moment of asking, there are
        none. A bar outside the hours of a session may be among them.
        """
        ...


def names_of(provider: Provider) -> tuple[str, ...]:
    """Gives the names its bars bear, the one asked first before the others."""
    names: tuple[str, ...] = getattr(provider, "names", (provider.name,))
    return names


def fundamentals_provider(provider: Provider) -> FundamentalsProvider | None:
    """Gives the provider as one that states fundamentals; None where it does not.

    Several in one do where any of them does.
    """
    asked = getattr(provider, "providers", (provider,))
    is_able = any(isinstance(one, FundamentalsProvider) for one in asked)
    return provider if is_able and isinstance(provider, FundamentalsProvider) else None


def _unlimited(name: str, limits: Limits) -> Limiter:  # noqa: ARG001
    return Unlimited()


@dataclass(frozen=True)
class Given:
    """What an installation hands a plug-in; each takes what it needs with `configured`.

    `keys` are by provider, and so are `contacts`: who we are, for servers that want to be told.
    `limiter_of` gives a provider's limiter from its name and the limits the plug-in knows of.
    `since` is the first session to ask for. `base_urls` stand for the providers' own, for a proxy
    or a test.
    """

    bars: Path | None = None
    intraday_bars: Path | None = None
    symbols: tuple[str, ...] = ()
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    contacts: Mapping[str, str] = field(default_factory=dict)
    since: dt.date = dt.date(2000, 1, 3)
    limiter_of: Callable[[str, Limits], Limiter] = _unlimited
    patience: Patience = field(default_factory=Patience)
    base_urls: Mapping[str, str] = field(default_factory=dict)
    timeout_seconds: float = 30.0
