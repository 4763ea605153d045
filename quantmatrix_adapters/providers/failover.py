"""Several providers in order: what one did not give of a symbol and session, the next is asked.

A bar bears the name of the provider that gave it. A provider that is down, refuses its key or has
used up its quota is passed over, which is logged and a finding.
"""

import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import polars as pl

from quantmatrix_adapters.providers.answer_figures import joined_figures
from quantmatrix_adapters.providers.answer_rows import BARS, FINDINGS, joined
from quantmatrix_adapters.providers.base import (
    ActionDelivery,
    Asked,
    CorporateActionProvider,
    Delivery,
    FundamentalsDelivery,
    FundamentalsProvider,
    ListingProvider,
    Provider,
    SymbolProvider,
)
from quantmatrix_adapters.providers.failures import ENDS_ASKING, Failure, Watch, failed
from quantmatrix_engine import calendars
from quantmatrix_engine.contracts.instruments import Listing
from quantmatrix_engine.contracts.raw_actions import RawActions
from quantmatrix_engine.contracts.shape import types_of
from quantmatrix_engine.errors import HttpError, NobodyAnswered, ProviderError

_LOG = logging.getLogger(__name__)
ACTIONS = pl.DataFrame(schema=types_of(RawActions))
_PRICES = ("open", "high", "low", "close")
_INSTEAD = "an answer; the next provider was asked instead"
Wanted = dict[str, list[dt.date]]
"""The sessions still to be had of each symbol, ascending; a symbol without any is left out."""
Question = tuple[list[str], dt.date, dt.date]
"""The symbols, first and last session one call asks for."""


class Failover:
    """Asks `providers` in their order for `symbols`, each for what those before did not give.

    Made without symbols it asks for those that its listing has. A bar without all four prices
    counts as not given; it is delivered all the same, for the gate to find.
    """

    name = "failover"

    def __init__(self, providers: Sequence[Provider], symbols: Sequence[str] = ()) -> None:
        self.providers = tuple(providers)
        self.names = tuple(provider.name for provider in providers)
        self.symbols = tuple(symbols)

    def version(self) -> str:
        """Gives the versions of all of them, in their order."""
        return "; ".join(f"{one.name}: {one.version()}" for one in self.providers)

    def listing(self) -> pl.DataFrame:
        """Gives each symbol as the first provider that lists it does, from its earliest session.

        Raises the first provider's error where none of them can be asked.
        """
        listings, errors = [], []
        for provider in self.providers:
            try:
                listings.append(provider.listing())
            except (ProviderError, HttpError) as error:
                _LOG.warning("%s is passed over: %s", provider.name, error)
                errors.append(error)
        if not listings:
            raise errors[0]
        listed = pl.concat(listings)
        earliest = pl.col("first_session").min().over("symbol")
        return (
            listed.with_columns(first_session=earliest)
            .unique("symbol", keep="first", maintain_order=True)
            .sort("symbol")
        )

    def listing_of(self, symbols: Sequence[str]) -> pl.DataFrame:
        """Gives what the first provider that says anything of a symbol says of it, sorted.

        What the files of one that stands before it list is as they say, and left out. One that
        cannot answer is passed over, which is logged: what nobody says stays as it is listed.
        """
        told = [pl.DataFrame(schema=Listing.empty().schema)]
        wanted = list(symbols)
        for provider in self.providers:
            try:
                said = _said_of(provider, wanted)
            except (ProviderError, HttpError) as error:
                _LOG.warning("%s is passed over: %s", provider.name, error)
                continue
            told += [said] if isinstance(provider, ListingProvider) else []
            found = set(said.get_column("symbol"))
            wanted = [symbol for symbol in wanted if symbol not in found]
        return pl.concat(told).sort("symbol")

    def sessions(self) -> tuple[dt.date, dt.date]:
        """Gives the first and the last session that any of them has."""
        spans = [provider.sessions() for provider in self.providers]
        return min(first for first, _ in spans), max(last for _, last in spans)

    def daily_bars(self, first: dt.date, last: dt.date, *, known_at: dt.datetime) -> Delivery:
        """Gives what the providers together have, at most one whole bar of a symbol and session.

        Raises NobodyAnswered where none of them answered anything.
        """
        closed = min(last, calendars.last_closed_session(known_at))
        sessions = calendars.sessions(first, closed)
        symbols = self.symbols or self.listing().get_column("symbol").to_list()
        wanted = dict.fromkeys(symbols, sessions) if sessions else {}
        deliveries: list[Delivery] = []
        failures: dict[str, Failure] = {}
        asked: list[Asked] = []
        answers = 0
        for provider in self.providers:
            if not wanted:
                break
            watch = Watch(provider.name)
            given, failed = _ask(provider, wanted, known_at)
            asked.append(watch.stopped(*_range(wanted), next(iter(failed), None)))
            answers += len(given)
            if failed:
                failures[provider.name] = failed[0]
            kept = _only(joined(given), wanted)
            deliveries += [kept, _told(provider.name, failed, first, last)]
            wanted = _without(wanted, kept.bars)
        if failures and not answers:
            raise NobodyAnswered(failures)
        return replace(joined(deliveries), asked=tuple(asked))

    def next_after(self, given: Mapping[str, str]) -> dict[str, tuple[Provider, list[str]]]:
        """Gives whom to ask for a second opinion: the next provider by its name, and the symbols.

        `given` has the name of the provider that gave a symbol's bar; what the last one gave has no
        next one.
        """
        asked: dict[str, tuple[Provider, list[str]]] = {}
        following = dict(zip(self.names, self.providers[1:], strict=False))
        for symbol, name in given.items():
            if name in following:
                provider = following[name]
                asked.setdefault(provider.name, (provider, []))[1].append(symbol)
        return asked

    def corporate_actions(
        self, first: dt.date, last: dt.date, *, known_at: dt.datetime
    ) -> ActionDelivery:
        """Gives what every one of them reports: two that agree are what confirms an action.

        One that cannot answer is passed over, which is logged and a finding.
        """
        told = [ActionDelivery(ACTIONS.clear(), pl.DataFrame(schema=FINDINGS))]
        asked: list[Asked] = []
        for provider in self.providers:
            if not isinstance(provider, CorporateActionProvider):
                continue
            watch, failure = Watch(provider.name), None
            try:
                told.append(provider.corporate_actions(first, last, known_at=known_at))
            except (ProviderError, HttpError) as error:
                _LOG.warning("%s is passed over: %s", provider.name, error)
                failure = error
                failed = _told(provider.name, [error], first, last)
                told.append(ActionDelivery(ACTIONS.clear(), failed.findings))
            asked.append(watch.stopped(first, last, failure))
        return ActionDelivery(
            pl.concat([one.actions for one in told]).sort("symbol", "ex_date", "kind", "provider"),
            pl.concat([one.findings for one in told]),
            tuple(asked),
        )

    def fundamentals(
        self, symbols: Sequence[str], session: dt.date, *, known_at: dt.datetime
    ) -> FundamentalsDelivery:
        """Gives what every one of them states, each under its own name: they state different
        figures, and count them differently.

        One that cannot answer is passed over, which is logged and a finding. Raises NobodyAnswered
        where none of them answered.
        """
        told: list[FundamentalsDelivery] = []
        times: list[Asked] = []
        failures: dict[str, Failure] = {}
        for provider in self.providers:
            if not isinstance(provider, FundamentalsProvider):
                continue
            watch = Watch(provider.name)
            try:
                told.append(provider.fundamentals(symbols, session, known_at=known_at))
            except (ProviderError, HttpError) as error:
                _LOG.warning("%s is passed over: %s", provider.name, error)
                failures[provider.name] = error
            times.append(watch.stopped(session, session, failures.get(provider.name)))
        if failures and not told:
            raise NobodyAnswered(failures)
        asked = f"fundamentals of {session}"
        found = [failed(name, [error], asked, _INSTEAD) for name, error in failures.items()]
        return replace(joined_figures(told, *found), asked=tuple(times))


def second_opinion(
    provider: Provider, symbols: Sequence[str], session: dt.date, *, known_at: dt.datetime
) -> Delivery:
    """Gives what one provider says of the bars of some symbols on a session.

    Where it fails in the middle, what came before is given, with a finding. Raises its error where
    it answered nothing.
    """
    wanted = {symbol: [session] for symbol in symbols}
    given, failures = _ask(provider, wanted, known_at)
    if failures and not given:
        raise failures[0]
    return joined([_only(joined(given), wanted), _told(provider.name, failures, session, session)])


def _said_of(provider: Provider, symbols: Sequence[str]) -> pl.DataFrame:
    """Gives what a provider says of symbols: of what it only assumes in its listing, nothing."""
    if isinstance(provider, ListingProvider):
        return provider.listing_of(symbols)
    listing = provider.listing()
    return listing.clear() if isinstance(provider, SymbolProvider) else listing


def _ask(
    provider: Provider, wanted: Wanted, known_at: dt.datetime
) -> tuple[list[Delivery], list[Failure]]:
    given: list[Delivery] = []
    failures: list[Failure] = []
    for symbols, first, last in _questions(provider, wanted):
        try:
            given.append(_answer(provider, symbols, first, last, known_at))
        except (ProviderError, HttpError) as failure:
            _LOG.warning("%s is passed over: %s", provider.name, failure)
            failures.append(failure)
            if isinstance(failure, ENDS_ASKING):
                break
    return given, failures


def _questions(provider: Provider, wanted: Wanted) -> Iterator[Question]:
    """Gives what to ask: symbols that lack the same range together, as many as one call takes."""
    size = provider.symbols_per_request if isinstance(provider, SymbolProvider) else None
    if size is None:
        lacking = sorted({session for sessions in wanted.values() for session in sessions})
        yield list(wanted), lacking[0], lacking[-1]
        return
    ranges: dict[tuple[dt.date, dt.date], list[str]] = defaultdict(list)
    for symbol, sessions in wanted.items():
        ranges[sessions[0], sessions[-1]].append(symbol)
    for (first, last), symbols in ranges.items():
        for begin in range(0, len(symbols), size):
            yield symbols[begin : begin + size], first, last


def _answer(
    provider: Provider, symbols: list[str], first: dt.date, last: dt.date, known_at: dt.datetime
) -> Delivery:
    if isinstance(provider, SymbolProvider):
        return provider.bars_of(symbols, first, last, known_at=known_at)
    return provider.daily_bars(first, last, known_at=known_at)


def _range(wanted: Wanted) -> tuple[dt.date, dt.date]:
    """Gives the first and the last session that is still to be had of any symbol."""
    return min(one[0] for one in wanted.values()), max(one[-1] for one in wanted.values())


def _only(delivery: Delivery, wanted: Wanted) -> Delivery:
    """Gives the delivery with the bars that were still to be had; its findings all stay."""
    keys = pl.DataFrame(
        {"symbol": list(wanted), "session": list(wanted.values())},
        schema={"symbol": pl.String, "session": pl.List(pl.Date)},
    ).explode("session")
    bars = delivery.bars.join(keys, on=["symbol", "session"], how="semi", maintain_order="left")
    return Delivery(bars=bars, findings=delivery.findings)


def _without(wanted: Wanted, bars: pl.DataFrame) -> Wanted:
    """Gives what is still to be had when these bars were given."""
    whole = bars.filter(pl.all_horizontal(pl.col(_PRICES).is_not_null()))
    given = set(whole.select("symbol", "session").iter_rows())
    left = {
        symbol: [session for session in sessions if (symbol, session) not in given]
        for symbol, sessions in wanted.items()
    }
    return {symbol: sessions for symbol, sessions in left.items() if sessions}


def _told(name: str, failures: Sequence[Failure], first: dt.date, last: dt.date) -> Delivery:
    """Gives a finding with the first failure of a provider; the log has them all."""
    found = failed(name, failures[:1], f"daily bars from {first} to {last}", _INSTEAD)
    return Delivery(bars=pl.DataFrame(schema=BARS), findings=found)
