"""Tiingo: end-of-day prices of US stocks and funds, one request for each symbol.

`open` to `volume` of its answer are as traded (the `adj…` columns are not used). A row's `date` is
its session at midnight UTC. `divCash` and `splitFactor` stand in the row of the ex-date, so
corporate actions come from the same request.

Bars of five minutes are of one exchange, IEX: prices as traded there, and its volume alone. Tiingo
keeps the last 2,000 of a symbol, some 25 sessions.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote

import polars as pl

from quantmatrix_adapters.http import HttpAnswer
from quantmatrix_adapters.limits import Limits
from quantmatrix_adapters.providers.answer_actions import ActionRow, joined_actions, read_actions
from quantmatrix_adapters.providers.answer_intraday import (
    MomentRow,
    joined_intraday,
    moment_of,
    read_intraday,
)
from quantmatrix_adapters.providers.answer_rows import COLUMNS, Request, Row, date_of, read_rows
from quantmatrix_adapters.providers.base import ActionDelivery, Delivery, IntradayDelivery
from quantmatrix_adapters.providers.exchange_names import exchange, text_or_none
from quantmatrix_adapters.providers.network import as_dict, dashed, unknown_symbol
from quantmatrix_adapters.providers.network_intraday import IntradayNetworkProvider, Span
from quantmatrix_engine import calendars


class TiingoProvider(IntradayNetworkProvider):
    """Asks Tiingo. The default limit is that of its free plan, 1,000 requests a day."""

    name: ClassVar = "tiingo"
    base_url: ClassVar = "https://api.tiingo.com"
    limits: ClassVar = Limits(per_day=1_000)
    key_form: ClassVar = "the API token of your account"

    def listing_of(self, symbols: Sequence[str]) -> pl.DataFrame:
        """Gives exchange and name of these symbols, one request each; it says no more of them."""
        said = {symbol: self._metadata(symbol) for symbol in symbols}
        return self._listing({symbol: told for symbol, told in said.items() if told is not None})

    def corporate_actions(
        self, first: dt.date, last: dt.date, *, known_at: dt.datetime
    ) -> ActionDelivery:
        """Gives the splits and dividends of its symbols, up to the last session that closed."""
        closed = min(last, calendars.last_closed_session(known_at))
        if closed < first:
            return joined_actions([])
        return joined_actions(
            read_actions(request, _actions(symbol, self._rows(answer)))
            for symbol in self.symbols
            for request, answer in [self._asked(symbol, first, closed, known_at)]
            if answer.status == 200
        )

    def _deliveries(
        self, symbols: Sequence[str], first: dt.date, last: dt.date, known_at: dt.datetime
    ) -> Iterator[Delivery]:
        for symbol in symbols:
            request, answer = self._asked(symbol, first, last, known_at)
            if answer.status == 404:
                yield unknown_symbol(request, symbol, self._said(answer))
            else:
                yield read_rows(request, [_row(symbol, held) for held in self._rows(answer)])

    def _intraday(self, span: Span, known_at: dt.datetime) -> IntradayDelivery:
        (symbol,) = span.symbols
        path = f"/iex/{quote(dashed(symbol), safe='')}/prices"
        query = {
            "startDate": str(span.first),
            "endDate": str(span.last),
            "resampleFreq": "5min",
            "columns": ",".join(COLUMNS),
            "afterHours": "false",
            "forceFill": "false",
        }
        wanted = (span.first, span.last)
        request = self._request(path, query, wanted=wanted, known_at=known_at)
        answer = self._ask(path, query)
        if answer.status == 404:
            unknown = unknown_symbol(request, symbol, self._said(answer))
            return joined_intraday([], unknown.findings)
        rows = [(as_dict(held), held) for held in self._rows(answer)]
        return read_intraday(
            request,
            [MomentRow(symbol, moment_of(bar.get("date")), bar, held) for bar, held in rows],
        )

    def _metadata(self, symbol: str) -> dict[str, str | None] | None:
        """Gives what it says of a symbol, by column of a listing; None for one it does not know."""
        answer = self._ask(f"/tiingo/daily/{quote(dashed(symbol), safe='')}", {})
        if answer.status == 404:
            return None
        told = answer.json()
        if not isinstance(told, dict) or "exchangeCode" not in told:
            raise self._unusable("'exchangeCode'", "{ticker, name, exchangeCode, …}")
        return {"name": text_or_none(told.get("name")), **exchange(told["exchangeCode"])}

    def _asked(
        self, symbol: str, first: dt.date, last: dt.date, known_at: dt.datetime
    ) -> tuple[Request, HttpAnswer]:
        path = f"/tiingo/daily/{quote(dashed(symbol), safe='')}/prices"
        query = {"startDate": str(first), "endDate": str(last), "resampleFreq": "daily"}
        request = self._request(path, query, wanted=(first, last), known_at=known_at)
        return request, self._ask(path, query)

    def _rows(self, answer: HttpAnswer) -> list[Any]:
        body = answer.json()
        if not isinstance(body, list):
            raise self._unusable("a list of days", "[{date, open, high, low, close, volume, …}]")
        return body

    def _secret_headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Token {self._key}"}


PROVIDER = TiingoProvider


def _row(symbol: str, held: Any) -> Row:
    day = as_dict(held)
    return Row(symbol, date_of(day.get("date")), {name: day.get(name) for name in COLUMNS}, held)


def _actions(symbol: str, rows: list[Any]) -> Iterator[ActionRow]:
    for day in map(as_dict, rows):
        ex_date = date_of(day.get("date"))
        if (ratio := day.get("splitFactor", 1)) != 1:
            yield ActionRow(symbol, ex_date, day, after=ratio, before=1)
        if (amount := day.get("divCash", 0)) != 0:
            yield ActionRow(symbol, ex_date, day, amount=amount, currency="USD")
