"""What providers have in common that are asked for intraday bars over the network."""

import abc
import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from quantmatrix_adapters.providers.answer_intraday import joined_intraday, of_each
from quantmatrix_adapters.providers.base import IntradayDelivery
from quantmatrix_adapters.providers.network import NetworkProvider
from quantmatrix_engine import calendars

FIVE_MINUTES = dt.timedelta(minutes=5)


@dataclass(frozen=True)
class Span:
    """One question: symbols, sessions, and the moments (UTC) from the first open to the last close.

    A finding about a question that failed names it by its text.
    """

    symbols: tuple[str, ...]
    first: dt.date
    last: dt.date
    opens_at: dt.datetime
    closes_at: dt.datetime

    def __str__(self) -> str:
        more = f" and {len(self.symbols) - 1} more" if len(self.symbols) > 1 else ""
        return f"{self.symbols[0]}{more} from {self.first} to {self.last}"


class IntradayNetworkProvider(NetworkProvider):
    """A network provider that also gives bars of five minutes.

    One question is about `intraday_symbols` symbols and `intraday_sessions` sessions at most.
    """

    intraday_symbols: ClassVar[int] = 1
    # A month: more may come in pages or be cut, and what was asked is kept if the next fails.
    intraday_sessions: ClassVar[int] = 20

    def intraday_bars(
        self, symbols: Sequence[str], first: dt.date, last: dt.date, *, known_at: dt.datetime
    ) -> IntradayDelivery:
        """Gives the bars of five minutes of these symbols, of sessions closed at `known_at`.

        A failure that ends the asking leaves what was given before, and is a finding; where there
        is nothing before it, it is raised: ProviderBusy, ProviderRefused, ProviderPaused, HttpError
        or, where no answer at all can be used, ProviderError.
        """
        closed = min(last, calendars.last_closed_session(known_at))
        sessions = calendars.sessions(first, closed)
        if not sessions or not symbols:
            return joined_intraday([])
        asked_at = known_at.astimezone(dt.UTC)
        return of_each(
            self._spans(symbols, sessions),
            lambda span: self._intraday(span, asked_at),
            provider=self.name,
        )

    def _spans(self, symbols: Sequence[str], sessions: Sequence[dt.date]) -> Iterator[Span]:
        for start in range(0, len(sessions), self.intraday_sessions):
            part = sessions[start : start + self.intraday_sessions]
            hours = calendars.hours(part[0], part[-1])
            ends = hours.item(0, "opens_at"), hours.item(-1, "closes_at")
            for begin in range(0, len(symbols), self.intraday_symbols):
                batch = tuple(symbols[begin : begin + self.intraday_symbols])
                yield Span(batch, part[0], part[-1], *ends)

    @abc.abstractmethod
    def _intraday(self, span: Span, known_at: dt.datetime) -> IntradayDelivery:
        """Gives what the provider has of one span, asked in one request."""
