"""The SEC's list of company tickers: which symbols issuers have today.

It names the issuer (CIK), no class of share and no date. So a key is the CIK with the symbol it
was first seen under, and a rename is what can be nothing else: of one issuer's symbols one is gone
and one is new. Classes are written with a dash there (BRK-B), with a dot here (BRK.B).

The SEC answers whoever says who asks, ten times a second at most:
https://www.sec.gov/search-filings/edgar-search-assistance/accessing-edgar-data.
"""

import re
from collections import defaultdict
from importlib.metadata import version as version_of
from typing import Any, ClassVar, NamedTuple, Self

import polars as pl

from quantmatrix_adapters.http import (
    HttpAnswer,
    HttpClient,
    Patience,
    is_transient,
    retry_after_seconds,
)
from quantmatrix_adapters.limits import Limiter, Limits
from quantmatrix_adapters.providers.base import Given
from quantmatrix_adapters.providers.exchange_names import mic
from quantmatrix_engine.contracts.instruments import SymbolHistory
from quantmatrix_engine.errors import (
    HttpError,
    ProviderBusy,
    ProviderError,
    ProviderRefused,
    QuantMatrixError,
    SettingsError,
)
from quantmatrix_engine.vocabulary import InstrumentKind

_WITH_EXCHANGES = "/files/company_tickers_exchange.json"
_WITHOUT = "/files/company_tickers.json"
_CLASS = re.compile(r"-([A-Z])$")
_CONTACT = re.compile(r"[ -~]*[^\s@]@[^\s@]+\.[^\s@]+[ -~]*")
_HOW = "a name and an e-mail address, such as 'Example Ltd admin@example.com'"


class SecRegister:
    """Fetches the list, telling the SEC who asks: `contact`, a name and an e-mail address.

    The limit is five in a UTC minute: even around its end no second sees more than ten requests.
    """

    name: ClassVar = "sec"
    base_url: ClassVar = "https://www.sec.gov"
    limits: ClassVar = Limits(per_minute=5)

    def __init__(
        self,
        contact: str,
        *,
        limiter: Limiter | None = None,
        patience: Patience | None = None,
        base_url: str | None = None,
        timeout_seconds: float = 30.0,
    ) -> None:
        if not _CONTACT.fullmatch(contact):
            raise SettingsError(
                f"The SEC answers only those who say who asks: {contact!r} does not."
                f" Set QUANTMATRIX_SEC_CONTACT to {_HOW}."
            )
        self._patience = patience or Patience()
        self._http = HttpClient(
            base_url or self.base_url,
            user_agent=f"quantmatrix/{version_of('quantmatrix')} {contact}",
            timeout_seconds=timeout_seconds,
            limiter=limiter,
            patience=self._patience,
        )

    @classmethod
    def configured(cls, given: Given) -> Self:
        """Gives the register an installation asked for. Raises SettingsError without a contact."""
        return cls(
            given.contacts.get(cls.name, ""),
            limiter=given.limiter_of(cls.name, cls.limits),
            patience=given.patience,
            base_url=given.base_urls.get(cls.name),
            timeout_seconds=given.timeout_seconds,
        )

    def history(self, known: pl.DataFrame) -> pl.DataFrame:
        """Gives the list as `read` does: the one with exchanges, else the one without.

        Raises ProviderBusy, ProviderRefused, ProviderPaused or ProviderError.
        """
        answer = self._ask(_WITH_EXCHANGES)
        if answer.status == 404:
            answer = self._ask(_WITHOUT)
        if answer.status == 404:
            raise ProviderError("The SEC has no list of tickers where it was (HTTP 404).")
        return read(answer.json(), known)

    def _ask(self, path: str) -> HttpAnswer:
        try:
            return self._http.get(path, check=self._check)
        except HttpError as error:
            reason = str(error)
        raise ProviderBusy(f"{self.name}: {reason}")

    def _check(self, answer: HttpAnswer) -> QuantMatrixError | None:
        said = f"The SEC answered HTTP {answer.status}"
        if is_transient(answer.status):
            stated = retry_after_seconds(answer, self._patience.clock())
            return ProviderBusy(f"{said}.", retry_after_seconds=stated)
        if answer.status == 403 and b"Undeclared Automated Tool" in answer.body:
            return ProviderRefused(
                f"{said}: it does not take us for somebody it can reach. Set"
                f" QUANTMATRIX_SEC_CONTACT to {_HOW}."
            )
        if answer.status in (401, 403):
            return ProviderRefused(f"{said}: it does not let us read its list of tickers.")
        return None if answer.status in (200, 404) else ProviderError(f"{said}; expected 200.")


REGISTER = SecRegister


class _Entry(NamedTuple):
    cik: str
    symbol: str
    name: str
    exchange: str | None


def read(document: Any, known: pl.DataFrame, *, exchange: str = "XNYS") -> pl.DataFrame:
    """Gives the list (parsed, with exchanges or without) as a history of today (SymbolHistory).

    `known` has key and symbol: what the keys of this list are called today. `exchange` stands for
    the market where the list does not say which one; its NYSE is Arca and American, too. Raises
    ProviderError where the document is not the list.
    """
    told = _told(document)
    keys = _keys(told, known)
    rows = [
        {
            "key": keys[one.cik, one.symbol],
            "symbol": one.symbol,
            "exchange": mic(one.exchange) or exchange,
            "currency": "USD",
            "kind": InstrumentKind.STOCK.value,
            "name": one.name,
        }
        for one in told
    ]
    return pl.DataFrame(rows, schema=SymbolHistory.empty().schema)


def _told(document: Any) -> list[_Entry]:
    if not isinstance(document, dict) or not document:
        raise ProviderError(
            "The SEC's list of tickers is no JSON object; it may be a page of HTML."
        )
    try:
        return [_entry(one) for one in _objects(document)]
    except (KeyError, TypeError, ValueError) as wrong:
        raise ProviderError(
            f"The SEC's list of tickers has an entry that is wrong ({wrong});"
            " each should have the CIK, ticker and name of an issuer."
        ) from None


def _objects(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Gives the entries by the names of the list without exchanges."""
    if "fields" not in document:
        return list(document.values())
    names = {"cik": "cik_str", "name": "title"}
    fields = [names.get(field, field) for field in document["fields"]]
    return [dict(zip(fields, one, strict=True)) for one in document["data"]]


def _entry(one: dict[str, Any]) -> _Entry:
    symbol = _CLASS.sub(r".\1", str(one["ticker"]))
    return _Entry(f"{int(one['cik_str']):010d}", symbol, str(one["title"]), one.get("exchange"))


def _keys(told: list[_Entry], known: pl.DataFrame) -> dict[tuple[str, str], str]:
    before: dict[str, dict[str, str]] = defaultdict(dict)
    for key, symbol in known.select("key", "symbol").iter_rows():
        before[key.partition(":")[0]][symbol] = key
    now: dict[str, list[str]] = defaultdict(list)
    for one in told:
        now[one.cik].append(one.symbol)
    keys: dict[tuple[str, str], str] = {}
    for cik, symbols in now.items():
        gone = [key for symbol, key in before[cik].items() if symbol not in symbols]
        new = [symbol for symbol in symbols if symbol not in before[cik]]
        is_rename = len(gone) == len(new) == 1
        for symbol in symbols:
            fresh = gone[0] if is_rename else f"{cik}:{symbol}"
            keys[cik, symbol] = before[cik].get(symbol, fresh)
    return keys
