"""Intraday bars of several providers in order: what one has no bar of, the next is asked for."""

import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence

import polars as pl

from quantmatrix_adapters.providers.answer_intraday import joined_intraday
from quantmatrix_adapters.providers.base import IntradayDelivery, IntradayProvider
from quantmatrix_adapters.providers.failures import Failure, failed
from quantmatrix_engine import calendars
from quantmatrix_engine.errors import HttpError, NobodyAnswered, ProviderError

_LOG = logging.getLogger(__name__)
_PRICES = ("open", "high", "low", "close")
_INSTEAD = "an answer; the next provider was asked instead"
Given = set[tuple[str, dt.date]]
"""Symbols and dates (New York) of which somebody gave a whole bar."""


class IntradayFailover:
    """Asks `providers` in their order, each for the symbols and sessions of which those before it
    gave no bar with all four prices; with no provider at all it gives nothing.

    A bar bears the name of the provider that gave it. One that is down, refuses its key or has used
    up its quota is passed over, which is logged and a finding.
    """

    name = "intraday"

    def __init__(self, providers: Sequence[IntradayProvider] = ()) -> None:
        self.providers = tuple(providers)
        self.names = tuple(provider.name for provider in providers)

    def intraday_bars(
        self, symbols: Sequence[str], first: dt.date, last: dt.date, *, known_at: dt.datetime
    ) -> IntradayDelivery:
        """Gives what the providers together have; without symbols all that files have.

        Raises NobodyAnswered where none of them answered anything.
        """
        closed = min(last, calendars.last_closed_session(known_at))
        sessions = calendars.sessions(first, closed)
        given: Given = set()
        told: list[IntradayDelivery] = []
        failures: dict[str, Failure] = {}
        for provider in self.providers:
            try:
                for asked, begin, end in _questions(symbols, sessions, given):
                    one = provider.intraday_bars(asked, begin, end, known_at=known_at)
                    told.append(IntradayDelivery(_only_new(one.bars, given), one.findings))
            except (ProviderError, HttpError) as error:
                _LOG.warning("%s is passed over: %s", provider.name, error)
                failures[provider.name] = error
            given |= _whole([one.bars for one in told])
        if failures and not told:
            raise NobodyAnswered(failures)
        asked_for = f"intraday bars from {first} to {last}"
        return joined_intraday(
            told, *(failed(name, [error], asked_for, _INSTEAD) for name, error in failures.items())
        )


def _questions(
    symbols: Sequence[str], sessions: Sequence[dt.date], given: Given
) -> Iterator[tuple[list[str], dt.date, dt.date]]:
    """Gives what is to be asked: symbols that lack the same range, with its first and last session.

    Where no symbol is named, everything of all sessions.
    """
    if sessions and not symbols:
        yield [], sessions[0], sessions[-1]
        return
    ranges: dict[tuple[dt.date, dt.date], list[str]] = defaultdict(list)
    for symbol in symbols:
        lacking = [session for session in sessions if (symbol, session) not in given]
        if lacking:
            ranges[lacking[0], lacking[-1]].append(symbol)
    for (first, last), lacking_it in ranges.items():
        yield lacking_it, first, last


def _only_new(bars: pl.DataFrame, given: Given) -> pl.DataFrame:
    had = pl.DataFrame(list(given), schema={"symbol": pl.String, "date": pl.Date}, orient="row")
    dated = bars.with_columns(date=_date())
    return dated.join(had, on=["symbol", "date"], how="anti", maintain_order="left").drop("date")


def _whole(bars: Sequence[pl.DataFrame]) -> Given:
    found: Given = set()
    for one in bars:
        whole = one.filter(pl.all_horizontal(pl.col(_PRICES).is_not_null()))
        found |= set(whole.select("symbol", _date()).unique().iter_rows())
    return found


def _date() -> pl.Expr:
    return pl.col("starts_at").dt.convert_time_zone(calendars.EXCHANGE_TIME_ZONE).dt.date()
