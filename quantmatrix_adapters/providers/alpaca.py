"""Alpaca: daily bars of many symbols in one request, as traded, in pages.

Asked with `adjustment=raw` and `asof=-`, so that a symbol is who bore it on the day and not who
bears it today. `t` is midnight in New York, written in UTC: 05:00Z in winter, 04:00Z in summer.
Of bars of five minutes it is the moment they start. What a symbol is, its trading server says.
"""

import datetime as dt
import logging
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import polars as pl

from quantmatrix_adapters.limits import Limits
from quantmatrix_adapters.providers.answer_actions import ActionRow, joined_actions, read_actions
from quantmatrix_adapters.providers.answer_intraday import MomentRow, moment_of, read_intraday
from quantmatrix_adapters.providers.answer_rows import Row, date_of, read_rows
from quantmatrix_adapters.providers.base import ActionDelivery, Delivery, IntradayDelivery
from quantmatrix_adapters.providers.exchange_names import exchange, text_or_none
from quantmatrix_adapters.providers.network import as_dict, as_list
from quantmatrix_adapters.providers.network_intraday import (
    FIVE_MINUTES,
    IntradayNetworkProvider,
    Span,
)
from quantmatrix_engine.calendars import EXCHANGE_TIME_ZONE
from quantmatrix_engine.errors import ProviderRefused

_LOG = logging.getLogger(__name__)
_LIVE, _PAPER = "https://api.alpaca.markets", "https://paper-api.alpaca.markets"
_BARS = "/v2/stocks/bars"
_LETTERS = {"open": "o", "high": "h", "low": "l", "close": "c", "volume": "v"}
_NEW_YORK = ZoneInfo(EXCHANGE_TIME_ZONE)
_SPLITS = ("forward_splits", "reverse_splits")


class AlpacaProvider(IntradayNetworkProvider):
    """Asks Alpaca, by default for the consolidated tape (`feed` sip).

    The default limit is that of its free plan, 200 requests a minute.
    """

    name: ClassVar = "alpaca"
    base_url: ClassVar = "https://data.alpaca.markets"
    limits: ClassVar = Limits(per_minute=200)
    key_form: ClassVar = "ID:SECRET, the two keys of your account with a colon between"
    symbols_per_request: ClassVar = 200
    intraday_symbols: ClassVar = 200

    def __init__(self, *, base_url: str | None = None, **given: Any) -> None:
        super().__init__(base_url=base_url, **given)
        # An address given in place of its own, a proxy or a test, stands for both of its servers.
        self._trading = self._client(base_url or _trading_at(self._key))

    def listing_of(self, symbols: Sequence[str]) -> pl.DataFrame:
        """Gives exchange and name of these symbols, of its list of all assets traded today: one
        request, to its trading server.

        A key that server does not let in says nothing of them, which is logged.
        """
        if not symbols:
            return self._listing({})
        query = {"status": "active", "asset_class": "us_equity"}
        try:
            body = self._ask("/v2/assets", query, of=self._trading).json()
        except ProviderRefused as error:
            _LOG.warning("What the symbols are is not told: %s", error)
            return self._listing({})
        if not isinstance(body, list):
            raise self._unusable("a list of assets", "[{symbol, name, exchange, …}]")
        told = {held["symbol"]: held for held in map(as_dict, body) if held.get("symbol")}
        return self._listing({one: _listed(told[one]) for one in symbols if one in told})

    def corporate_actions(
        self, first: dt.date, last: dt.date, *, known_at: dt.datetime
    ) -> ActionDelivery:
        """Gives splits, stock dividends (as splits: 5 % are 1.05 for 1) and cash dividends.

        Spin-offs, mergers, rights and renames of its answer are not told here.
        """
        types = "forward_split,reverse_split,stock_dividend,cash_dividend"
        common = {"types": types, "start": str(first), "end": str(last), "limit": "1000"}
        path = "/v1/corporate-actions"
        return joined_actions(
            read_actions(request, _actions(page, self.symbols))
            for batch in self._batches(self.symbols)
            for query in [{"symbols": ",".join(batch), **common}]
            for request in [self._request(path, query, wanted=(first, last), known_at=known_at)]
            for page in self._pages(path, query, partial(_following, path, query))
        )

    def _deliveries(
        self, symbols: Sequence[str], first: dt.date, last: dt.date, known_at: dt.datetime
    ) -> Iterator[Delivery]:
        for batch in self._batches(symbols):
            query = _query(batch, "1Day", _midnight(first), _midnight(last))
            request = self._request(_BARS, query, wanted=(first, last), known_at=known_at)
            rows = [
                Row(symbol, _session(moment), cells, delivered)
                for symbol, moment, cells, delivered in self._told(query, batch)
            ]
            yield read_rows(request, rows)

    def _intraday(self, span: Span, known_at: dt.datetime) -> IntradayDelivery:
        last_start = span.closes_at - FIVE_MINUTES
        query = _query(span.symbols, "5Min", _utc(span.opens_at), _utc(last_start))
        wanted = (span.first, span.last)
        request = self._request(_BARS, query, wanted=wanted, known_at=known_at)
        rows = [
            MomentRow(symbol, moment_of(moment), cells, delivered)
            for symbol, moment, cells, delivered in self._told(query, span.symbols)
        ]
        return read_intraday(request, rows)

    def _told(
        self, query: Mapping[str, str], asked: Sequence[str]
    ) -> Iterator[tuple[str | None, Any, dict[str, Any], Any]]:
        """Gives symbol (None: not asked for), `t`, cells and the whole of each bar of all pages."""
        for page in self._pages(_BARS, query, partial(_following, _BARS, query)):
            held = as_dict(page).get("bars")
            if not isinstance(held, dict):
                raise self._unusable("bars", "{'bars': {symbol: [{t, o, h, l, c, v}]}}")
            for symbol, bars in held.items():
                for bar in as_list(bars):
                    told = as_dict(bar)
                    cells = {column: told.get(letter) for column, letter in _LETTERS.items()}
                    yield symbol if symbol in asked else None, told.get("t"), cells, {symbol: bar}

    def _batches(self, symbols: Sequence[str]) -> Iterator[tuple[str, ...]]:
        return _batched(symbols, self.symbols_per_request)

    def _secret_headers(self) -> Mapping[str, str]:
        identity, _, secret = self._key.partition(":")
        return {"APCA-API-KEY-ID": identity, "APCA-API-SECRET-KEY": secret}

    def _secrets(self) -> Sequence[str]:
        return [part for part in (self._key, *self._key.split(":", 1)) if part]


PROVIDER = AlpacaProvider


def _trading_at(key: str) -> str:
    """Gives the trading server a key is of: those of paper accounts begin with PK."""
    return _PAPER if key.startswith("PK") else _LIVE


def _listed(held: Mapping[str, Any]) -> dict[str, str | None]:
    return {**exchange(held.get("exchange")), "name": text_or_none(held.get("name"))}


def _batched(symbols: Sequence[str], size: int) -> Iterator[tuple[str, ...]]:
    for begin in range(0, len(symbols), size):
        yield tuple(symbols[begin : begin + size])


def _query(symbols: Sequence[str], timeframe: str, start: str, end: str) -> dict[str, str]:
    """Gives the query for bars as traded that start from `start` to `end`, both included."""
    return {
        "symbols": ",".join(symbols),
        "timeframe": timeframe,
        "start": start,
        "end": end,
        "adjustment": "raw",
        "asof": "-",
        "feed": "sip",
        "limit": "10000",
    }


def _midnight(session: dt.date) -> str:
    """Gives the moment the date begins in New York, in UTC: the `t` of the session's bar."""
    return _utc(dt.datetime.combine(session, dt.time(), _NEW_YORK))


def _utc(moment: dt.datetime) -> str:
    return f"{moment.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"


def _session(text: Any) -> dt.date | None:
    """Gives the date in New York of a moment that is midnight there; None for any other."""
    try:
        moment = dt.datetime.fromisoformat(text).astimezone(_NEW_YORK)
    except (TypeError, ValueError, OverflowError):
        return None
    return moment.date() if moment.time() == dt.time() else None


def _following(
    path: str, query: Mapping[str, str], body: Any
) -> tuple[str, Mapping[str, str]] | None:
    token = as_dict(body).get("next_page_token")
    return (path, {**query, "page_token": token}) if isinstance(token, str) and token else None


def _actions(page: Any, asked: Sequence[str]) -> Iterator[ActionRow]:
    held = as_dict(as_dict(page).get("corporate_actions"))
    for kind in (*_SPLITS, "stock_dividends", "cash_dividends"):
        for one in map(as_dict, as_list(held.get(kind))):
            symbol = one.get("symbol")
            ours = symbol if symbol in asked else None
            yield _action(kind, ours, date_of(one.get("ex_date")), one)


def _action(
    kind: str, symbol: str | None, ex_date: dt.date | None, one: dict[str, Any]
) -> ActionRow:
    if kind == "cash_dividends":
        return ActionRow(symbol, ex_date, one, amount=one.get("rate"), currency="USD")
    if kind in _SPLITS:
        after, before = one.get("new_rate"), one.get("old_rate")
        return ActionRow(symbol, ex_date, one, after=after, before=before)
    rate = one.get("rate")
    after = 1 + rate if isinstance(rate, int | float) and rate > 0 else rate
    return ActionRow(symbol, ex_date, one, after=after, before=1)
