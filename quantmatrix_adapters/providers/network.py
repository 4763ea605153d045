"""What providers that are asked over the network have in common.

A plug-in says how to ask and how to read; here is what is the same for all: the key is sent and
never told, an answer's faults become errors of the tree, a session that has not closed yet is not
delivered, and a symbol the provider does not know is a finding.
"""

import abc
import datetime as dt
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from importlib.metadata import version as version_of
from typing import Any, ClassVar, Self
from urllib.parse import quote, quote_plus, urlencode

import polars as pl

from quantmatrix_adapters.http import (
    HttpAnswer,
    HttpClient,
    Patience,
    is_transient,
    retry_after_seconds,
)
from quantmatrix_adapters.limits import Limiter, Limits
from quantmatrix_adapters.providers.answer_rows import FINDINGS, Request, Row, finding, joined
from quantmatrix_adapters.providers.base import Delivery, Given
from quantmatrix_engine import calendars
from quantmatrix_engine.contracts.instruments import Listing
from quantmatrix_engine.errors import (
    HttpError,
    ProviderBusy,
    ProviderError,
    ProviderRefused,
    QuantMatrixError,
    SettingsError,
)
from quantmatrix_engine.vocabulary import FindingRule, InstrumentKind

MOST_PAGES = 10_000

_WORDS = ("detail", "error", "message", "Error Message", "Information", "Note", "description")
_TEXT_LIMIT = 200
_SHARE_CLASS = re.compile(r"\.([A-Z])$")
_SYMBOL = re.compile(r"[A-Za-z0-9][A-Za-z0-9.^=/+-]{0,31}")


class NetworkProvider(abc.ABC):
    """Asks a provider over HTTP for the `symbols` it is made with.

    Making one asks nothing. Symbols are written as in the US consolidated feed (BRK.B); a plug-in
    writes them its provider's way when it asks, and bars bear ours.
    """

    name: ClassVar[str]
    base_url: ClassVar[str]
    limits: ClassVar[Limits]
    needs_key: ClassVar[bool] = True
    key_form: ClassVar[str] = "the key"
    symbols_per_request: ClassVar[int | None] = 1

    def __init__(
        self,
        *,
        key: str = "",
        symbols: Sequence[str] = (),
        since: dt.date = dt.date(2000, 1, 3),
        limiter: Limiter | None = None,
        patience: Patience | None = None,
        base_url: str | None = None,
        timeout_seconds: float = 30.0,
    ) -> None:
        self.symbols = tuple(dict.fromkeys(_checked(symbol) for symbol in symbols))
        self._key = key
        self._since = since
        self._patience = patience or Patience()
        self._client = partial(
            HttpClient,
            user_agent=f"quantmatrix/{version_of('quantmatrix')}",
            timeout_seconds=timeout_seconds,
            limiter=limiter,
            patience=self._patience,
        )
        self._http = self._client(base_url or self.base_url)

    @classmethod
    def configured(cls, given: Given) -> Self:
        """Gives the provider an installation asked for. Raises SettingsError where a key lacks."""
        key = given.keys.get(cls.name, "").strip()
        if cls.needs_key and not key:
            raise SettingsError(
                f"The provider {cls.name!r} needs a key: set QUANTMATRIX_{cls.name.upper()}_KEY "
                f"to {cls.key_form}."
            )
        if cls.symbols_per_request is not None and not given.symbols:
            raise SettingsError(
                f"The provider {cls.name!r} is asked symbol by symbol: set QUANTMATRIX_SYMBOLS, "
                "such as AAPL,MSFT."
            )
        return cls(
            key=key,
            symbols=given.symbols,
            since=given.since,
            limiter=given.limiter_of(cls.name, cls.limits),
            patience=given.patience,
            base_url=given.base_urls.get(cls.name),
            timeout_seconds=given.timeout_seconds,
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.symbols)} symbols)"

    def version(self) -> str:
        """Gives a text that changes with the symbols asked for.

        A server does not say that it changed a bar of long ago: a range is asked again when
        somebody asks for it, and what it restated is then a further row.
        """
        told = " ".join(sorted(self.symbols))
        return f"{len(self.symbols)} symbols, {hashlib.sha256(told.encode()).hexdigest()[:16]}"

    def listing(self) -> pl.DataFrame:
        """Gives the symbols it is made to ask for, keeping the contract Listing, sorted.

        Nothing is asked for it: exchange (XNYS), currency (USD) and kind (stock) are those of an
        installation that says nothing else, as for a folder of bars, and the name is null. The
        first session is the first one asked for. `listing_of` asks for better.
        """
        return self._listing({symbol: {} for symbol in self.symbols})

    def _listing(self, said: Mapping[str, Mapping[str, str | None]]) -> pl.DataFrame:
        """Gives a listing of what is said by symbol; a column nothing is said of is assumed."""
        assumed = {
            "exchange": calendars.EXCHANGE,
            "currency": "USD",
            "kind": InstrumentKind.STOCK.value,
            "first_session": self.sessions()[0],
        }
        rows = [{"symbol": symbol, **assumed, **said[symbol]} for symbol in sorted(said)]
        return pl.DataFrame(rows, schema=Listing.empty().schema)

    def sessions(self) -> tuple[dt.date, dt.date]:
        """Gives the first session that is asked for, and the last that has closed by now."""
        last = calendars.last_closed_session(self._patience.clock())
        return calendars.sessions(self._since, last)[0], last

    def daily_bars(self, first: dt.date, last: dt.date, *, known_at: dt.datetime) -> Delivery:
        """Gives the bars of its symbols; of a session that has not closed at `known_at`, none."""
        return self.bars_of(self.symbols, first, last, known_at=known_at)

    def bars_of(
        self, symbols: Sequence[str], first: dt.date, last: dt.date, *, known_at: dt.datetime
    ) -> Delivery:
        """Gives what `daily_bars` gives, of these symbols.

        Raises ProviderBusy, ProviderRefused, ProviderPaused or, where an answer cannot be used,
        ProviderError.
        """
        closed = min(last, calendars.last_closed_session(known_at))
        if not calendars.sessions(first, closed):
            return joined([])
        asked_at = known_at.astimezone(dt.UTC)
        return joined(self._deliveries(symbols, first, closed, asked_at))

    @abc.abstractmethod
    def _deliveries(
        self, symbols: Sequence[str], first: dt.date, last: dt.date, known_at: dt.datetime
    ) -> Iterator[Delivery]:
        """Gives what the provider has of the sessions, one answer after another."""

    # ------------------------------------------------------------------------------ asking

    def _secret_headers(self) -> Mapping[str, str]:
        """Gives the headers the key is sent in."""
        return {}

    def _secret_query(self) -> Mapping[str, str]:
        """Gives the query the key is sent in."""
        return {}

    def _error_in(self, body: Any) -> ProviderError | None:  # noqa: ARG002
        """Gives the error an answer with status 200 says it is, or None."""
        return None

    def _is_unknown(self, answer: HttpAnswer) -> bool:
        """Says whether the answer means that the provider does not know the symbol."""
        return answer.status == 404

    def _ask(
        self, path: str, query: Mapping[str, str], *, of: HttpClient | None = None
    ) -> HttpAnswer:
        """Gives a good answer, or one that says that the symbol is unknown.

        `of` is who is asked; None: the server of its bars.
        """
        try:
            return (of or self._http).get(
                path,
                query={**query, **self._secret_query()},
                headers=self._secret_headers(),
                check=self._check,
            )
        except HttpError as error:
            reason = str(error)
        raise ProviderBusy(f"{self.name}: {reason}")

    def _check(self, answer: HttpAnswer) -> QuantMatrixError | None:
        said = f"{self.name} answered HTTP {answer.status}: {self._said(answer)}"
        if is_transient(answer.status):
            stated = retry_after_seconds(answer, self._patience.clock())
            return ProviderBusy(said, retry_after_seconds=stated)
        if answer.status in (401, 403):
            return ProviderRefused(said)
        body = answer.json()
        if body is None:
            return self._not_json(answer, said)
        if self._is_unknown(answer):
            return None
        return self._error_in(body) if answer.status == 200 else ProviderError(said)

    def _not_json(self, answer: HttpAnswer, said: str) -> ProviderError:
        begins_as_json = answer.body.lstrip()[:1] in (b"{", b"[")
        if answer.status == 200 and begins_as_json:
            return ProviderBusy(f"{self.name} answered JSON that breaks off.")
        return ProviderError(f"{said}; expected JSON.")

    def _said(self, answer: HttpAnswer) -> str:
        """Gives what an answer says, for a person: one line without the key."""
        body = answer.json()
        text = _words_in(body) if body is not None else answer.body.decode("utf-8", "replace")
        # Cut last, so that no half of a key is left at the end.
        return self._without_key(" ".join(text.split()))[:_TEXT_LIMIT] or "nothing"

    def _without_key(self, text: str) -> str:
        """Takes the key out of a text: some providers repeat it to whoever sent it."""
        for secret in self._secrets():
            for form in (secret, quote(secret, safe=""), quote_plus(secret)):
                text = text.replace(form, "…")
        return text

    def _secrets(self) -> Sequence[str]:
        return [self._key] if self._key else []

    def _pages(
        self,
        path: str,
        query: Mapping[str, str],
        following: Callable[[Any], tuple[str, Mapping[str, str]] | None],
    ) -> Iterator[Any]:
        """Gives the bodies of all pages; `following` gives path and query of the one after."""
        seen: set[str] = set()
        for _ in range(MOST_PAGES):
            body = self._ask(path, query).json()
            yield body
            after = following(body)
            if after is None:
                return
            path, query = after
            if (told := path + urlencode(query)) in seen:
                break
            seen.add(told)
        raise ProviderError(f"{self.name} gives pages without end for {path}; expected a last one.")

    # ----------------------------------------------------------------------------- reading

    def _request(
        self,
        path: str,
        query: Mapping[str, str],
        *,
        wanted: tuple[dt.date, dt.date],
        known_at: dt.datetime,
        asked: tuple[dt.date, dt.date] | None = None,
    ) -> Request:
        source = f"GET {path}?{urlencode(query, safe=',:')}" if query else f"GET {path}"
        return Request(self.name, source, asked or wanted, wanted, known_at)

    def _unusable(self, answer_part: str, expected: str) -> ProviderError:
        return ProviderError(f"{self.name} answered without {answer_part}; expected {expected}.")


def unknown_symbol(request: Request, symbol: str, said: str) -> Delivery:
    """Gives the delivery of a provider that does not know `symbol`: a finding."""
    about = Row(symbol, None, {}, None)
    expected = f"a symbol {request.provider} has bars of"
    found = finding(request, FindingRule.UNKNOWN_SYMBOL, about, "symbol", said, expected)
    return Delivery(
        bars=joined([]).bars,
        findings=pl.DataFrame([{**found, "row": None}], schema=FINDINGS),
    )


def dashed(symbol: str) -> str:
    """Gives a symbol with a dash before its share class: BRK-B for BRK.B."""
    return _SHARE_CLASS.sub(r"-\1", symbol)


def as_list(value: Any) -> list[Any]:
    """Gives a JSON list, or an empty one for null."""
    return value if isinstance(value, list) else []


def as_dict(value: Any) -> dict[str, Any]:
    """Gives a JSON object; one without members for anything else."""
    return value if isinstance(value, dict) else {}


def _checked(symbol: str) -> str:
    if not _SYMBOL.fullmatch(symbol):
        raise SettingsError(f"{symbol!r} is not a symbol; expected one such as AAPL or BRK.B.")
    return symbol


def _words_in(body: Any) -> str:
    """Gives the text of an error in JSON, wherever providers put it."""
    if isinstance(body, str):
        return body
    for word in _WORDS:
        held = as_dict(body).get(word)
        if isinstance(held, str):
            return held
    for held in as_dict(body).values():
        if isinstance(held, dict) and (found := _words_in(held)):
            return found
    return ""
