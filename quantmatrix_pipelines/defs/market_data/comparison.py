"""The comparing sample: a few instruments a session are asked of the next provider, too."""

import datetime as dt
import logging
from dataclasses import dataclass
from functools import partial

import polars as pl

from quantmatrix_adapters.providers.base import Provider
from quantmatrix_adapters.providers.failover import Failover, second_opinion
from quantmatrix_engine.contracts import quarantine
from quantmatrix_engine.contracts.raw_bars import RawBars
from quantmatrix_engine.errors import HttpError, ProviderError
from quantmatrix_engine.prices.restatement import unseen
from quantmatrix_engine.prices.sampling import in_turn
from quantmatrix_engine.vocabulary import FetchKind
from quantmatrix_models.database import Database
from quantmatrix_pipelines.defs.market_data import fetches
from quantmatrix_pipelines.defs.market_data.fetches import Question
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.stores import market_data as store

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Compared:
    """How many symbols each provider was asked for again, and the error of those that failed."""

    asked: dict[str, int]
    failed: dict[str, str]

    def in_words(self) -> str:
        """Gives both as one line."""
        told = [f"{name}: {count} symbols" for name, count in self.asked.items()]
        told += [f"{name} failed: {error}" for name, error in self.failed.items()]
        return "; ".join(told) or "nothing was asked a second time"


def compare(
    feed: Provider,
    lake: Lake,
    database: Database,
    *,
    count: int,
    session: dt.date,
    at: dt.datetime,
    dagster_run_id: str,
) -> Compared:
    """Asks for `count` symbols of a session again, each of the provider after the one that gave it.

    What it says is kept in `raw_bars` under its own name, where the asset `bars` finds what
    disagrees; nothing is computed from it, since the first provider's bar is there. A provider
    that fails stops nobody: its fetch is recorded with the error.
    """
    asked: dict[str, int] = {}
    failures: dict[str, str] = {}
    if count == 0 or not isinstance(feed, Failover):
        return Compared(asked, failures)
    known = lake.read("raw_bars", first=session, last=session)
    given = _given(known, feed)
    sample = {symbol: given[symbol] for symbol in in_turn(given, session, count)}
    question = Question(FetchKind.COMPARED_BARS, session, session, at, dagster_run_id)
    for name, (provider, symbols) in feed.next_after(sample).items():
        ask = partial(second_opinion, provider, symbols, session, known_at=at)
        try:
            fetched = fetches.answered(database, provider, question, ask)
        except (ProviderError, HttpError) as error:
            _LOG.warning("%s cannot be compared with: %s", name, error)
            failures[name] = str(error)
            continue
        delivery = fetched.answer
        parted = quarantine.part(RawBars, delivery.bars, provider=name, key=("symbol", "session"))
        found = pl.concat([delivery.findings, parted.findings])
        store.record_delivered(database, found, at=at)
        new = unseen(parted.good, known)
        lake.append("raw_bars", new)
        fetches.record(database, fetched, parted.good, new)
        asked[name] = len(symbols)
    return Compared(asked, failures)


def _given(known: pl.DataFrame, feed: Failover) -> dict[str, str]:
    """Gives the first provider, in their order, that gave a symbol's bar with a close."""
    given: dict[str, str] = {}
    for name in reversed(feed.names):
        of_provider = known.filter(pl.col("provider") == name, pl.col("close").is_not_null())
        given |= dict.fromkeys(of_provider.get_column("symbol").to_list(), name)
    return given
