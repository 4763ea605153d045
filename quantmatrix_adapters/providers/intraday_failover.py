"""Intraday bars of several providers in order: what one has no bar of, the next is asked for."""

import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

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
Question = tuple[Sequence[str], dt.date, dt.date]
"""Symbols (none: all that files have), the first and the last session."""


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
        return joined_intraday(self.parts([(symbols, first, last)], known_at=known_at))

    def parts(
        self, questions: Iterable[Question], *, known_at: dt.datetime
    ) -> Iterator[IntradayDelivery]:
        """Gives what `intraday_bars` gives of questions, one after the other: not all at once.

        A provider that failed is not asked the questions that are left. What one says of its files
        as a whole, the same findings each time, is told once. Raises NobodyAnswered, after the last
        question, where none of them answered any.
        """
        failures: dict[str, Failure] = {}
        of_files: dict[str, pl.DataFrame] = {}
        is_answered = False
        asked_for = "intraday bars"
        for symbols, first, last in questions:
            asked_for = f"intraday bars from {first} to {last}"
            closed = min(last, calendars.last_closed_session(known_at))
            sessions = calendars.sessions(first, closed)
            given: Given = set()
            told: list[IntradayDelivery] = []
            for provider in self.providers:
                if provider.name in failures:
                    continue
                try:
                    for asked, begin, end in _questions(symbols, sessions, given):
                        one = provider.intraday_bars(asked, begin, end, known_at=known_at)
                        found = _not_told(one.findings, of_files.get(provider.name))
                        of_files[provider.name] = one.findings
                        told.append(IntradayDelivery(_only_new(one.bars, given), found))
                except (ProviderError, HttpError) as error:
                    _LOG.warning("%s is passed over: %s", provider.name, error)
                    failures[provider.name] = error
                given |= _whole([one.bars for one in told])
            is_answered |= bool(told)
            yield joined_intraday(told)
        if failures and not is_answered:
            raise NobodyAnswered(failures)
        yield joined_intraday(
            [], *(failed(name, [error], asked_for, _INSTEAD) for name, error in failures.items())
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


def _not_told(findings: pl.DataFrame, before: pl.DataFrame | None) -> pl.DataFrame:
    return findings.clear() if before is not None and findings.equals(before) else findings


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
