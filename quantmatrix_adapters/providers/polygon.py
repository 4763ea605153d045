"""Polygon: the whole US market of a session in one request (grouped daily), as traded.

Asked with `adjusted=false`; an answer that says it is adjusted is refused. `t` is a moment of the
session in milliseconds, and the session is its date in New York. Splits and dividends come by
ex-date for the whole market, in pages. Fundamentals come of one symbol at a time and as of now: its
`date` is held against the end of a filing's period, weeks before the filing, and would look ahead.
Bars of five minutes are aggregates of one ticker; asked between moments, they hold trades from
before the open and after the close of all sessions but the ends.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import parse_qsl, quote, urlsplit

import polars as pl

from quantmatrix_adapters.limits import Limits
from quantmatrix_adapters.providers.answer_actions import ActionRow, joined_actions, read_actions
from quantmatrix_adapters.providers.answer_figures import (
    Statement,
    joined_figures,
    of_each,
    read_figures,
)
from quantmatrix_adapters.providers.answer_intraday import (
    MomentRow,
    joined_intraday,
    moment_at,
    read_intraday,
)
from quantmatrix_adapters.providers.answer_rows import (
    NotANumber,
    Row,
    date_at,
    date_of,
    number,
    read_rows,
)
from quantmatrix_adapters.providers.base import (
    ActionDelivery,
    Delivery,
    FundamentalsDelivery,
    IntradayDelivery,
)
from quantmatrix_adapters.providers.network import as_dict, as_list
from quantmatrix_adapters.providers.network_intraday import IntradayNetworkProvider, Span
from quantmatrix_engine import calendars
from quantmatrix_engine.vocabulary import InstrumentKind

_GROUPED = "/v2/aggs/grouped/locale/us/market/stocks"
_LETTERS = {"open": "o", "high": "h", "low": "l", "close": "c", "volume": "v"}
_AGGREGATES = "/v2/aggs/ticker"
# Of the base aggregates, minutes, that are counted for one page; the most it takes.
_MINUTES = "50000"
_TICKERS = "/v3/reference/tickers"
_FIGURES = {
    "market_cap": "market_cap",
    "shares_outstanding": "share_class_shares_outstanding",
    "employees": "total_employees",
}
_PAGE = "1000"
# Polygon's types of what it lists; the others (units, rights of units …) are not listed by us.
_KINDS = {
    "CS": InstrumentKind.STOCK,
    "PFD": InstrumentKind.STOCK,
    "ADRC": InstrumentKind.STOCK,
    "ETF": InstrumentKind.ETF,
    "ETV": InstrumentKind.ETF,
    "ETN": InstrumentKind.ETF,
    "FUND": InstrumentKind.MUTUAL_FUND,
    "WARRANT": InstrumentKind.WARRANT,
    "RIGHT": InstrumentKind.RIGHT,
}


class PolygonProvider(IntradayNetworkProvider):
    """Asks Polygon: for its symbols, or for the whole market where it is made with none.

    The default limit is that of its free plan, 5 requests a minute.
    """

    name: ClassVar = "polygon"
    base_url: ClassVar = "https://api.polygon.io"
    limits: ClassVar = Limits(per_minute=5)
    key_form: ClassVar = "the API key of your account"
    symbols_per_request: ClassVar = None

    def listing(self) -> pl.DataFrame:
        """Gives its symbols; made with none, the market's, as Polygon's list of tickers has them.

        That list states exchange, kind, currency and name, of what is traded today.
        """
        if self.symbols:
            return super().listing()
        return self._listing(self._tickers())

    def listing_of(self, symbols: Sequence[str]) -> pl.DataFrame:
        """Gives what the list of tickers says of these symbols; made with none, nothing new.

        One request covers a thousand tickers from the first to the last of the symbols.
        """
        if not self.symbols or not symbols:
            return self._listing({})
        said = self._tickers({"ticker.gte": min(symbols), "ticker.lte": max(symbols)})
        return self._listing({symbol: said[symbol] for symbol in symbols if symbol in said})

    def _tickers(self, within: Mapping[str, str] | None = None) -> dict[str, dict[str, str | None]]:
        """Gives exchange, currency, kind and name of the tickers traded today, by symbol."""
        query = {"market": "stocks", "active": "true", "limit": _PAGE, **(within or {})}
        return {
            held["ticker"]: {
                "exchange": held["primary_exchange"],
                "currency": str(held.get("currency_name", "")).upper(),
                "kind": _KINDS[held["type"]].value,
                "name": held.get("name"),
            }
            for page in self._pages(_TICKERS, query, _following)
            for held in map(as_dict, as_list(page.get("results")))
            if isinstance(held.get("ticker"), str)
            and held.get("type") in _KINDS
            and held.get("primary_exchange")
        }

    def corporate_actions(
        self, first: dt.date, last: dt.date, *, known_at: dt.datetime
    ) -> ActionDelivery:
        """Gives the splits and dividends of its symbols, or of the market; in US dollars unless
        Polygon names another currency.
        """
        return joined_actions(
            read_actions(request, map(as_row, as_list(page.get("results"))))
            for path, date, as_row in (
                ("/v3/reference/splits", "execution_date", self._split),
                ("/v3/reference/dividends", "ex_dividend_date", self._dividend),
            )
            for query in [{f"{date}.gte": str(first), f"{date}.lte": str(last), "limit": _PAGE}]
            for request in [self._request(path, query, wanted=(first, last), known_at=known_at)]
            for page in self._pages(path, query, _following)
        )

    def fundamentals(
        self, symbols: Sequence[str], session: dt.date, *, known_at: dt.datetime
    ) -> FundamentalsDelivery:
        """Gives market value, shares of the class and employees: one request for each symbol."""

        def ask(symbol: str) -> FundamentalsDelivery:
            path = f"{_TICKERS}/{quote(symbol, safe='')}"
            request = self._request(path, {}, wanted=(session, session), known_at=known_at)
            answer = self._ask(path, {})
            if self._is_unknown(answer):
                return joined_figures([])
            return read_figures(request, self._statement(symbol, answer.json()))

        return of_each(symbols, ask, provider=self.name, session=session)

    def _statement(self, symbol: str, body: Any) -> Statement:
        held = as_dict(as_dict(body).get("results"))
        if held.get("ticker") != symbol:
            raise self._unusable(f"'ticker': {symbol!r}", "the details of the symbol asked for")
        cells = {column: held.get(theirs) for column, theirs in _FIGURES.items()}
        currency = str(held.get("currency_name") or "").upper()
        return Statement(symbol, cells | {"currency": currency}, held)

    def _deliveries(
        self, symbols: Sequence[str], first: dt.date, last: dt.date, known_at: dt.datetime
    ) -> Iterator[Delivery]:
        query = {"adjusted": "false", "include_otc": "false"}
        for session in calendars.sessions(first, last):
            path = f"{_GROUPED}/{session}"
            request = self._request(path, query, wanted=(session, session), known_at=known_at)
            body = as_dict(self._ask(path, query).json())
            self._refuse_adjusted(body)
            delivery = read_rows(request, [_row(held) for held in as_list(body.get("results"))])
            yield Delivery(_of(symbols, delivery.bars), _of(symbols, delivery.findings))

    def _intraday(self, span: Span, known_at: dt.datetime) -> IntradayDelivery:
        (symbol,) = span.symbols
        begin, end = (round(one.timestamp() * 1000) for one in (span.opens_at, span.closes_at))
        path = f"{_AGGREGATES}/{quote(symbol, safe='')}/range/5/minute/{begin}/{end - 1}"
        query = {"adjusted": "false", "sort": "asc", "limit": _MINUTES}
        wanted = (span.first, span.last)
        request = self._request(path, query, wanted=wanted, known_at=known_at)
        return joined_intraday(
            read_intraday(request, self._aggregates(symbol, as_dict(page)))
            for page in self._pages(path, query, _following)
        )

    def _aggregates(self, symbol: str, page: Mapping[str, Any]) -> Iterator[MomentRow]:
        self._refuse_adjusted(page)
        ours = symbol if page.get("ticker") == symbol else None
        for held in as_list(page.get("results")):
            bar = as_dict(held)
            cells = {column: bar.get(letter) for column, letter in _LETTERS.items()}
            yield MomentRow(ours, moment_at(_seconds(bar.get("t"))), cells, held)

    def _refuse_adjusted(self, body: Mapping[str, Any]) -> None:
        if body.get("adjusted") is not False and body.get("resultsCount") != 0:
            raise self._unusable("'adjusted': false", "prices as traded, as asked")

    def _split(self, held: Any) -> ActionRow:
        split = as_dict(held)
        symbol, ex_date = self._ours(split), date_of(split.get("execution_date"))
        after, before = split.get("split_to"), split.get("split_from")
        return ActionRow(symbol, ex_date, held, after=after, before=before)

    def _dividend(self, held: Any) -> ActionRow:
        paid = as_dict(held)
        symbol, ex_date = self._ours(paid), date_of(paid.get("ex_dividend_date"))
        amount, currency = paid.get("cash_amount"), str(paid.get("currency") or "USD")
        return ActionRow(symbol, ex_date, held, amount=amount, currency=currency.upper())

    def _ours(self, held: Mapping[str, Any]) -> str | None:
        symbol = held.get("ticker")
        is_ours = isinstance(symbol, str) and (not self.symbols or symbol in self.symbols)
        return symbol if is_ours else None

    def _secret_headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self._key}"}


PROVIDER = PolygonProvider


def _row(held: Any) -> Row:
    bar = as_dict(held)
    symbol = bar.get("T")
    cells = {column: bar.get(letter) for column, letter in _LETTERS.items()}
    return Row(symbol if isinstance(symbol, str) else None, _session(bar.get("t")), cells, held)


def _session(milliseconds: Any) -> dt.date | None:
    return date_at(_seconds(milliseconds))


def _seconds(milliseconds: Any) -> float | None:
    try:
        value = number(milliseconds)
    except NotANumber:
        return None
    return None if value is None else value / 1000


def _of(symbols: Sequence[str], frame: pl.DataFrame) -> pl.DataFrame:
    """Gives the rows about these symbols, and those about none; all of them where none is named."""
    if not symbols:
        return frame
    return frame.filter(pl.col("symbol").is_in(list(symbols)) | pl.col("symbol").is_null())


def _following(body: Any) -> tuple[str, Mapping[str, str]] | None:
    """Gives where the next page is; only on the server we ask, whatever host the answer names."""
    url = as_dict(body).get("next_url")
    if not isinstance(url, str):
        return None
    return urlsplit(url).path, dict(parse_qsl(urlsplit(url).query))
