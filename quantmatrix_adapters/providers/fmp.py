"""Financial Modeling Prep: end-of-day prices as traded, one request for each symbol.

As traded are those of `historical-price-eod/non-split-adjusted`, whose columns are named adjOpen
to adjClose all the same; those of `…/full` are adjusted for splits and not used. Errors come with
status 200 too, as {"Error Message": …}. Of fundamentals its `profile` is read, which says what a
symbol is, too; `lastDividend` there is not, since nothing says whether it is one dividend or a
year's.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import polars as pl

from quantmatrix_adapters.http import HttpAnswer
from quantmatrix_adapters.limits import Limits
from quantmatrix_adapters.providers.answer_actions import ActionRow, joined_actions, read_actions
from quantmatrix_adapters.providers.answer_figures import (
    Statement,
    joined_figures,
    of_each,
    read_figures,
)
from quantmatrix_adapters.providers.answer_rows import Request, Row, date_of, read_rows
from quantmatrix_adapters.providers.base import (
    ActionDelivery,
    Delivery,
    FundamentalsDelivery,
)
from quantmatrix_adapters.providers.exchange_names import exchange, mic, text_or_none
from quantmatrix_adapters.providers.network import NetworkProvider, as_dict, dashed, unknown_symbol
from quantmatrix_engine.errors import ProviderBusy, ProviderError, ProviderRefused
from quantmatrix_engine.vocabulary import InstrumentKind

_PROFILE = "/stable/profile"
_COLUMNS = {
    "open": "adjOpen",
    "high": "adjHigh",
    "low": "adjLow",
    "close": "adjClose",
    "volume": "volume",
}
_FIGURES = {
    "currency": "currency",
    "market_cap": "marketCap",
    "beta": "beta",
    "ceo": "ceo",
    "employees": "fullTimeEmployees",
}


class FmpProvider(NetworkProvider):
    """Asks Financial Modeling Prep. The default limit is its free plan's, 250 requests a day."""

    name: ClassVar = "fmp"
    base_url: ClassVar = "https://financialmodelingprep.com"
    limits: ClassVar = Limits(per_day=250)
    key_form: ClassVar = "the API key of your account"

    def listing_of(self, symbols: Sequence[str]) -> pl.DataFrame:
        """Gives exchange, currency, kind and name of these symbols: a request for each."""
        said = {symbol: self._profile(symbol) for symbol in symbols}
        return self._listing({symbol: _listed(held) for symbol, held in said.items() if held})

    def corporate_actions(
        self, first: dt.date, last: dt.date, *, known_at: dt.datetime
    ) -> ActionDelivery:
        """Gives splits and dividends; a dividend's amount is `dividend`, as it was announced."""
        kinds: list[tuple[str, Callable[[str, Any], ActionRow]]] = [
            ("/stable/splits", _split),
            ("/stable/dividends", _dividend),
        ]
        return joined_actions(
            read_actions(request, [as_row(symbol, held) for held in self._rows(answer)])
            for symbol in self.symbols
            for path, as_row in kinds
            for request, answer in [
                self._asked(path, symbol, {}, wanted=(first, last), known_at=known_at)
            ]
            if not self._is_unknown(answer)
        )

    def fundamentals(
        self, symbols: Sequence[str], session: dt.date, *, known_at: dt.datetime
    ) -> FundamentalsDelivery:
        """Gives the figures of its profile of each symbol: one request for each."""

        def ask(symbol: str) -> FundamentalsDelivery:
            query = {"symbol": dashed(symbol)}
            wanted = (session, session)
            request = self._request(_PROFILE, query, wanted=wanted, known_at=known_at)
            held = self._profile(symbol)
            return read_figures(request, _statement(symbol, held)) if held else joined_figures([])

        return of_each(symbols, ask, provider=self.name, session=session)

    def _profile(self, symbol: str) -> dict[str, Any]:
        """Gives its profile of a symbol; an empty one where it has none."""
        answer = self._ask(_PROFILE, {"symbol": dashed(symbol)})
        profiles = [] if self._is_unknown(answer) else self._rows(answer)
        if not profiles:
            return {}
        held = as_dict(profiles[0])
        if _ours(symbol, held) is None:
            raise self._unusable(f"'symbol': {symbol!r}", "the profile of the symbol")
        return held

    def _deliveries(
        self, symbols: Sequence[str], first: dt.date, last: dt.date, known_at: dt.datetime
    ) -> Iterator[Delivery]:
        path, dates = "/stable/historical-price-eod/non-split-adjusted", (first, last)
        query = {"from": str(first), "to": str(last)}
        for symbol in symbols:
            request, answer = self._asked(path, symbol, query, wanted=dates, known_at=known_at)
            if self._is_unknown(answer):
                yield unknown_symbol(request, symbol, self._said(answer))
            else:
                yield read_rows(request, [_row(symbol, held) for held in self._rows(answer)])

    def _asked(
        self,
        path: str,
        symbol: str,
        more: Mapping[str, str],
        *,
        wanted: tuple[dt.date, dt.date],
        known_at: dt.datetime,
    ) -> tuple[Request, HttpAnswer]:
        query = {"symbol": dashed(symbol), **more}
        request = self._request(path, query, wanted=wanted, known_at=known_at)
        return request, self._ask(path, query)

    def _rows(self, answer: HttpAnswer) -> list[Any]:
        body = answer.json()
        if not isinstance(body, list):
            raise self._unusable("a list", "one object for each day, or for the profile")
        return body

    def _error_in(self, body: Any) -> ProviderError | None:
        said = as_dict(body).get("Error Message")
        if said is None:
            return None
        told = self._without_key(f"{self.name} answered HTTP 200: {said}")
        if "limit" in str(said).lower():
            return ProviderBusy(told)
        is_key = "api key" in str(said).lower() or "subscription" in str(said).lower()
        return ProviderRefused(told) if is_key else ProviderError(told)

    def _secret_headers(self) -> Mapping[str, str]:
        return {"apikey": self._key}


PROVIDER = FmpProvider


def _row(symbol: str, held: Any) -> Row:
    day = as_dict(held)
    cells = {column: day.get(theirs) for column, theirs in _COLUMNS.items()}
    return Row(_ours(symbol, day), date_of(day.get("date")), cells, held)


def _listed(held: Mapping[str, Any]) -> dict[str, str | None]:
    """Gives what a profile says for a listing.

    Its short name AMEX is of NYSE American and of NYSE Arca; the full one tells them apart.
    """
    full = held.get("exchangeFullName")
    currency = text_or_none(held.get("currency"))
    kinds = {"isEtf": InstrumentKind.ETF, "isFund": InstrumentKind.MUTUAL_FUND}
    told = [kind.value for name, kind in kinds.items() if held.get(name) is True]
    return {
        **exchange(full if mic(full) else held.get("exchange")),
        **({"currency": currency} if currency else {}),
        **({"kind": told[0]} if told else {}),
        "name": text_or_none(held.get("companyName")),
    }


def _statement(symbol: str, held: Mapping[str, Any]) -> Statement:
    return Statement(symbol, {name: held.get(theirs) for name, theirs in _FIGURES.items()}, held)


def _split(symbol: str, held: Any) -> ActionRow:
    day = as_dict(held)
    after, before = day.get("numerator"), day.get("denominator")
    ex_date = date_of(day.get("date"))
    return ActionRow(_ours(symbol, day), ex_date, held, after=after, before=before)


def _dividend(symbol: str, held: Any) -> ActionRow:
    day = as_dict(held)
    amount, ex_date = day.get("dividend"), date_of(day.get("date"))
    return ActionRow(_ours(symbol, day), ex_date, held, amount=amount, currency="USD")


def _ours(symbol: str, day: Mapping[str, Any]) -> str | None:
    return symbol if day.get("symbol") == dashed(symbol) else None
