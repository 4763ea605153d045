"""Yahoo's chart: daily prices, one request for each symbol, and no key. There is no contract.

Yahoo adjusts its prices and volumes for every split up to the day it is asked, and its dividends
too. As traded they are worked out here, from the splits of the same answer: a price of before a
split of 4:1 is multiplied by 4, its volume divided. For that the answer must reach the present,
so every request does, whatever range is wanted: one that ended earlier would lack the splits that
came after. Where a split cannot be read, nothing of the symbol is delivered.

Yahoo's prices are float32 (127.58000183105469 for 127.58): they are rounded to 7 digits, which is
all that they have. A split that Yahoo has in its prices and not yet in its events, or the other
way round, is seen by comparing providers, not here.

Bars of five minutes reach back 60 days. Its hours begin at half past; they are not asked for.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from quantmatrix_adapters.http import HttpAnswer
from quantmatrix_adapters.limits import Limits
from quantmatrix_adapters.providers.answer_actions import (
    ActionRow,
    joined_actions,
    positive,
    read_actions,
)
from quantmatrix_adapters.providers.answer_intraday import (
    MomentRow,
    joined_intraday,
    moment_at,
    read_intraday,
)
from quantmatrix_adapters.providers.answer_rows import (
    COLUMNS,
    FINDINGS,
    NotANumber,
    Request,
    Row,
    date_at,
    finding,
    joined,
    number,
    read_rows,
)
from quantmatrix_adapters.providers.base import ActionDelivery, Delivery, IntradayDelivery
from quantmatrix_adapters.providers.exchange_names import exchange, text_or_none
from quantmatrix_adapters.providers.network import as_dict, as_list, dashed, unknown_symbol
from quantmatrix_adapters.providers.network_intraday import IntradayNetworkProvider, Span
from quantmatrix_engine.vocabulary import FindingRule, InstrumentKind, Severity

_DAY = dt.timedelta(days=1)
# Yahoo's codes of exchanges: the Nasdaq's three tiers and its funds, New York, the OTC markets …
_EXCHANGES = {
    "NMS": "XNAS",
    "NGM": "XNAS",
    "NCM": "XNAS",
    "NAS": "XNAS",
    "NYQ": "XNYS",
    "ASE": "XASE",
    "PCX": "ARCX",
    "BTS": "BATS",
    "PNK": "OTCM",
    "OQB": "OTCM",
    "OQX": "OTCM",
    "GER": "XETR",
}
_KINDS = {
    "EQUITY": InstrumentKind.STOCK,
    "ETF": InstrumentKind.ETF,
    "MUTUALFUND": InstrumentKind.MUTUAL_FUND,
    "INDEX": InstrumentKind.INDEX,
    "FUTURE": InstrumentKind.FUTURE,
    "CRYPTOCURRENCY": InstrumentKind.CRYPTO,
}


@dataclass(frozen=True)
class _Split:
    ex_date: dt.date
    ratio: float


class YahooProvider(IntradayNetworkProvider):
    """Asks Yahoo. It states no limits; the default is 30 requests a minute."""

    name: ClassVar = "yahoo"
    base_url: ClassVar = "https://query1.finance.yahoo.com"
    limits: ClassVar = Limits(per_minute=30)
    needs_key: ClassVar = False

    def listing_of(self, symbols: Sequence[str]) -> pl.DataFrame:
        """Gives exchange, currency, kind and name of these symbols: a request for each."""
        said = {symbol: self._about(symbol) for symbol in symbols}
        return self._listing({symbol: _listed(meta) for symbol, meta in said.items() if meta})

    def corporate_actions(
        self, first: dt.date, last: dt.date, *, known_at: dt.datetime
    ) -> ActionDelivery:
        """Gives splits and dividends; a dividend's amount without Yahoo's adjustment for splits."""
        return joined_actions(
            read_actions(request, _actions(symbol, chart))
            for symbol in self.symbols
            for request, answer in [self._asked(symbol, first, last, known_at)]
            if answer.status == 200
            for chart in [self._chart(answer)]
        )

    def _deliveries(
        self, symbols: Sequence[str], first: dt.date, last: dt.date, known_at: dt.datetime
    ) -> Iterator[Delivery]:
        for symbol in symbols:
            request, answer = self._asked(symbol, first, last, known_at)
            if answer.status == 404:
                yield unknown_symbol(request, symbol, self._said(answer))
            else:
                yield self._as_traded(request, symbol, self._chart(answer))

    def _asked(
        self, symbol: str, first: dt.date, last: dt.date, known_at: dt.datetime
    ) -> tuple[Request, HttpAnswer]:
        """Asks from `first` to the present; what follows `last` is there for its splits alone."""
        begin = dt.datetime.combine(first, dt.time(), dt.UTC)
        return self._asked_from(symbol, begin, "1d", (first, last), known_at)

    def _asked_from(
        self,
        symbol: str,
        begin: dt.datetime,
        interval: str,
        wanted: tuple[dt.date, dt.date],
        known_at: dt.datetime,
    ) -> tuple[Request, HttpAnswer]:
        path = _chart_of(symbol)
        # Whole days, so that asking twice on a day is the same request.
        present = known_at.astimezone(dt.UTC).date() + _DAY
        end = dt.datetime.combine(present, dt.time(), dt.UTC)
        query = {
            "interval": interval,
            "period1": str(int(begin.timestamp())),
            "period2": str(int(end.timestamp())),
            "events": "div,split",
            "includePrePost": "false",
        }
        request = self._request(
            path, query, wanted=wanted, known_at=known_at, asked=(wanted[0], present)
        )
        return request, self._ask(path, query)

    def _intraday(self, span: Span, known_at: dt.datetime) -> IntradayDelivery:
        (symbol,) = span.symbols
        wanted = (span.first, span.last)
        request, answer = self._asked_from(symbol, span.opens_at, "5m", wanted, known_at)
        if answer.status == 404:
            unknown = unknown_symbol(request, symbol, self._said(answer))
            return joined_intraday([], unknown.findings)
        chart = self._chart(answer)
        try:
            splits = _splits(chart)
        except NotANumber:
            return joined_intraday([], _without_splits(request, symbol, chart).findings)
        return read_intraday(
            request,
            [
                MomentRow(
                    one.symbol, moment_at(one.delivered["timestamp"]), one.cells, one.delivered
                )
                for one in self._rows(symbol, chart, splits)
            ],
        )

    def _about(self, symbol: str) -> dict[str, Any]:
        """Gives what the head of a day's chart says; nothing where the symbol is unknown."""
        answer = self._ask(_chart_of(symbol), {"interval": "1d", "range": "1d"})
        if answer.status == 404:
            return {}
        meta = as_dict(self._chart(answer).get("meta"))
        if meta.get("symbol") != dashed(symbol):
            raise self._unusable(f"'symbol': {dashed(symbol)!r}", "the chart of the symbol")
        return meta

    def _chart(self, answer: HttpAnswer) -> dict[str, Any]:
        results = as_list(as_dict(as_dict(answer.json()).get("chart")).get("result"))
        if len(results) != 1 or not isinstance(results[0], dict):
            raise self._unusable("one chart", "{'chart': {'result': [{meta, timestamp, …}]}}")
        return results[0]

    def _as_traded(self, request: Request, symbol: str, chart: dict[str, Any]) -> Delivery:
        try:
            splits = _splits(chart)
        except NotANumber:
            return _without_splits(request, symbol, chart)
        return read_rows(request, self._rows(symbol, chart, splits))

    def _rows(self, symbol: str, chart: dict[str, Any], splits: Sequence[_Split]) -> Iterator[Row]:
        ours = symbol if as_dict(chart.get("meta")).get("symbol") == dashed(symbol) else None
        moments = as_list(chart.get("timestamp"))
        quotes = as_list(as_dict(chart.get("indicators")).get("quote"))
        series = as_dict(quotes[0]) if quotes else {}
        cells = {column: as_list(series.get(column)) for column in COLUMNS}
        if moments and any(len(held) != len(moments) for held in cells.values()):
            raise self._unusable("a price for each moment", "columns as long as 'timestamp'")
        zone = _zone(chart)
        for place, moment in enumerate(moments):
            session = date_at(moment, zone)
            given = {column: held[place] for column, held in cells.items()}
            delivered = {"timestamp": moment, **given}
            yield Row(ours, session, _unadjusted(given, session, splits), delivered)


PROVIDER = YahooProvider


def _chart_of(symbol: str) -> str:
    return f"/v8/finance/chart/{quote(dashed(symbol), safe='')}"


def _listed(meta: Mapping[str, Any]) -> dict[str, str | None]:
    currency = text_or_none(meta.get("currency"))
    kind = _KINDS.get(str(meta.get("instrumentType")))
    return {
        **exchange(meta.get("exchangeName"), _EXCHANGES),
        **({"currency": currency} if currency else {}),
        **({"kind": kind.value} if kind else {}),
        "name": text_or_none(meta.get("longName")) or text_or_none(meta.get("shortName")),
    }


def _zone(chart: dict[str, Any]) -> ZoneInfo:
    """Gives the exchange's time zone; New York's where the answer names none."""
    name = as_dict(chart.get("meta")).get("exchangeTimezoneName")
    try:
        return ZoneInfo(name if isinstance(name, str) else "America/New_York")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("America/New_York")


def _events(chart: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    held = as_dict(as_dict(chart.get("events")).get(kind))
    return [as_dict(event) for event in held.values()]


def _splits(chart: dict[str, Any]) -> list[_Split]:
    """Gives the splits of an answer. Raises NotANumber where one cannot be read."""
    found = []
    for event in _events(chart, "splits"):
        ex_date = date_at(event.get("date"), _zone(chart))
        if ex_date is None:
            raise NotANumber
        ratio = positive(event.get("numerator")) / positive(event.get("denominator"))
        found.append(_Split(ex_date, ratio))
    return found


def _factor(session: dt.date, splits: Sequence[_Split]) -> float:
    """Gives how many units of today one unit of the session became."""
    factor = 1.0
    for split in splits:
        factor *= split.ratio if split.ex_date > session else 1.0
    return factor


def _unadjusted(
    given: Mapping[str, Any], session: dt.date | None, splits: Sequence[_Split]
) -> Mapping[str, Any]:
    """Gives the cells as traded; null stays null, and what is no number stays what it is."""
    if session is None:
        return given
    factor = _factor(session, splits)
    return {column: _cell(column, cell, factor) for column, cell in given.items()}


def _cell(column: str, cell: Any, factor: float) -> Any:
    try:
        value = number(cell)
    except NotANumber:
        return cell
    if value is None:
        return None
    return float(round(value / factor)) if column == "volume" else _seven_digits(value * factor)


def _seven_digits(value: float) -> float:
    return float(f"{value:.7g}")


def _without_splits(request: Request, symbol: str, chart: dict[str, Any]) -> Delivery:
    found = finding(
        request,
        FindingRule.BROKEN_CONTRACT,
        Row(symbol, None, {}, _events(chart, "splits")),
        None,
        _events(chart, "splits"),
        "splits with a date, numerator and denominator: prices as traded follow from them",
    )
    rows = [{**found, "severity": Severity.ERROR.value}]
    return Delivery(bars=joined([]).bars, findings=pl.DataFrame(rows, schema=FINDINGS))


def _actions(symbol: str, chart: dict[str, Any]) -> Iterator[ActionRow]:
    zone = _zone(chart)
    try:
        splits = _splits(chart)
    except NotANumber:
        splits = None
    for event in _events(chart, "splits"):
        after, before = event.get("numerator"), event.get("denominator")
        yield ActionRow(symbol, date_at(event.get("date"), zone), event, after=after, before=before)
    currency = str(as_dict(chart.get("meta")).get("currency") or "USD")
    for event in _events(chart, "dividends"):
        ex_date = date_at(event.get("date"), zone)
        # Without all the splits the amount as announced is not known: null is a finding.
        amount = None
        if splits is not None and ex_date is not None:
            amount = _cell("amount", event.get("amount"), _factor(ex_date, splits))
        yield ActionRow(symbol, ex_date, event, amount=amount, currency=currency)
