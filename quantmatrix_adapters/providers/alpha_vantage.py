"""Alpha Vantage: daily prices as traded (TIME_SERIES_DAILY), one request for each symbol.

Errors come with status 200, as a text under `Information` or `Note` (asked too often) or under
`Error Message` (a wrong key, or a symbol it does not know). The last 100 sessions come as
`compact`; older ones are asked for as `full`, which its free plan refuses. Fundamentals (OVERVIEW)
are texts, with `None` or `-` for what is missing; shares of one, such as margins, are kept in per
cent. What it has none of (a fund, an unknown symbol) is an empty object. LISTING_STATUS is CSV.
"""

import csv
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
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
from quantmatrix_adapters.providers.answer_rows import (
    NotANumber,
    Request,
    Row,
    date_of,
    number,
    read_rows,
)
from quantmatrix_adapters.providers.base import (
    ActionDelivery,
    Delivery,
    FundamentalsDelivery,
)
from quantmatrix_adapters.providers.exchange_names import exchange, text_or_none
from quantmatrix_adapters.providers.network import (
    NetworkProvider,
    as_dict,
    as_list,
    dashed,
    unknown_symbol,
)
from quantmatrix_engine import calendars
from quantmatrix_engine.errors import (
    ProviderBusy,
    ProviderError,
    ProviderPaused,
    ProviderRefused,
    QuantMatrixError,
)
from quantmatrix_engine.vocabulary import InstrumentKind

_COLUMNS = {
    "open": "1. open",
    "high": "2. high",
    "low": "3. low",
    "close": "4. close",
    "volume": "5. volume",
}
_FIGURES = {
    "period_end": "LatestQuarter",
    "currency": "Currency",
    "market_cap": "MarketCapitalization",
    "shares_outstanding": "SharesOutstanding",
    "earnings_per_share": "EPS",
    "price_to_earnings": "PERatio",
    "forward_price_to_earnings": "ForwardPE",
    "price_to_earnings_to_growth": "PEGRatio",
    "price_to_book": "PriceToBookRatio",
    "price_to_sales": "PriceToSalesRatioTTM",
    "revenue_growth_yoy_pct": "QuarterlyRevenueGrowthYOY",
    "earnings_growth_yoy_pct": "QuarterlyEarningsGrowthYOY",
    "operating_margin_pct": "OperatingMarginTTM",
    "profit_margin_pct": "ProfitMargin",
    "return_on_equity_pct": "ReturnOnEquityTTM",
    "return_on_assets_pct": "ReturnOnAssetsTTM",
    "dividend_yield_pct": "DividendYield",
    "dividend_per_share": "DividendPerShare",
    "beta": "Beta",
    "analyst_target_price": "AnalystTargetPrice",
    "employees": "FullTimeEmployees",
}
_OF_ONE = frozenset(name for name in _FIGURES if name.endswith("_pct"))
_RATINGS = [f"AnalystRating{word}" for word in ("StrongBuy", "Buy", "Hold", "Sell", "StrongSell")]
_MISSING = ("None", "-")
_LIST_BEGINS = b"symbol,name,exchange,assetType,"
_KINDS = {"Stock": InstrumentKind.STOCK, "ETF": InstrumentKind.ETF}
_SERIES = "Time Series (Daily)"
_COMPACT_SESSIONS = 100
_ALWAYS = (dt.date(1900, 1, 1), dt.date(2200, 1, 1))


class AlphaVantageProvider(NetworkProvider):
    """Asks Alpha Vantage. The default limits are those of its free plan: 5 a minute, 25 a day."""

    name: ClassVar = "alpha_vantage"
    base_url: ClassVar = "https://www.alphavantage.co"
    limits: ClassVar = Limits(per_minute=5, per_day=25)
    key_form: ClassVar = "the API key of your account"

    def listing_of(self, symbols: Sequence[str]) -> pl.DataFrame:
        """Gives exchange, kind and name of those of these symbols that are listed in the United
        States today, of its list of all that are: one request.
        """
        ours = {dashed(symbol): symbol for symbol in symbols}
        answer = self._ask("/query", {"function": "LISTING_STATUS"})
        if not _is_list(answer):
            raise self._unusable("its list", f"CSV that begins with {_LIST_BEGINS.decode()}")
        told = csv.DictReader(answer.body.decode("utf-8", "replace").splitlines())
        return self._listing(
            {ours[row["symbol"]]: _listed(row) for row in told if row["symbol"] in ours}
        )

    def corporate_actions(
        self, first: dt.date, last: dt.date, *, known_at: dt.datetime
    ) -> ActionDelivery:
        """Gives the splits and dividends of its symbols: two requests for each."""
        return joined_actions(
            read_actions(request, _actions(symbol, function, answer.json()))
            for symbol in self.symbols
            for function in ("SPLITS", "DIVIDENDS")
            for request, answer in [
                self._asked(function, symbol, {}, wanted=(first, last), known_at=known_at)
            ]
            if not self._is_unknown(answer)
        )

    def fundamentals(
        self, symbols: Sequence[str], session: dt.date, *, known_at: dt.datetime
    ) -> FundamentalsDelivery:
        """Gives the figures of its company overview: one request for each symbol."""

        def ask(symbol: str) -> FundamentalsDelivery:
            request, answer = self._asked(
                "OVERVIEW", symbol, {}, wanted=(session, session), known_at=known_at
            )
            body = answer.json()
            if self._is_unknown(answer) or body == {}:
                return joined_figures([])
            if as_dict(body).get("Symbol") != dashed(symbol):
                raise self._unusable(f"'Symbol': {symbol!r}", "the overview of the symbol")
            return read_figures(request, _statement(symbol, body))

        return of_each(symbols, ask, provider=self.name, session=session)

    def _deliveries(
        self, symbols: Sequence[str], first: dt.date, last: dt.date, known_at: dt.datetime
    ) -> Iterator[Delivery]:
        newest = calendars.last_closed_session(known_at)
        is_recent = first > calendars.sessions_before(newest, _COMPACT_SESSIONS)
        size = {"outputsize": "compact" if is_recent else "full"}
        for symbol in symbols:
            request, answer = self._asked(
                "TIME_SERIES_DAILY", symbol, size, wanted=(first, last), known_at=known_at
            )
            if self._is_unknown(answer):
                yield unknown_symbol(request, symbol, self._said(answer))
            else:
                yield read_rows(request, self._rows(symbol, answer.json()))

    def _asked(
        self,
        function: str,
        symbol: str,
        more: Mapping[str, str],
        *,
        wanted: tuple[dt.date, dt.date],
        known_at: dt.datetime,
    ) -> tuple[Request, HttpAnswer]:
        query = {"function": function, "symbol": dashed(symbol), **more}
        request = self._request("/query", query, wanted=wanted, known_at=known_at, asked=_ALWAYS)
        return request, self._ask("/query", query)

    def _rows(self, symbol: str, body: Any) -> list[Row]:
        series = as_dict(body).get(_SERIES)
        if not body:
            return []
        if not isinstance(series, dict):
            raise self._unusable(f"{_SERIES!r}", "a day's prices by its date")
        about = as_dict(as_dict(body).get("Meta Data")).get("2. Symbol")
        ours = symbol if about == dashed(symbol) else None
        return [
            Row(
                ours,
                date_of(day),
                {column: as_dict(cells).get(theirs) for column, theirs in _COLUMNS.items()},
                {day: cells},
            )
            for day, cells in series.items()
        ]

    def _is_unknown(self, answer: HttpAnswer) -> bool:
        said = as_dict(answer.json()).get("Error Message")
        return isinstance(said, str) and said.startswith("Invalid API call")

    def _check(self, answer: HttpAnswer) -> QuantMatrixError | None:
        return None if _is_list(answer) else super()._check(answer)

    def _error_in(self, body: Any) -> ProviderError | None:
        said = _words(body)
        if said is None:
            return None
        told = self._without_key(f"{self.name} answered HTTP 200: {' '.join(said.split())}")
        if "Error Message" in body:
            is_key = "apikey" in said.lower()
            return ProviderRefused(told) if is_key else ProviderError(told)
        if "premium endpoint" in said.lower() or "premium feature" in said.lower():
            return ProviderRefused(told)
        if "per day" in said.lower():
            return ProviderPaused(told, until=None)
        return ProviderBusy(told)

    def _secret_query(self) -> Mapping[str, str]:
        return {"apikey": self._key}


PROVIDER = AlphaVantageProvider


def _is_list(answer: HttpAnswer) -> bool:
    return answer.status == 200 and answer.body.startswith(_LIST_BEGINS)


def _listed(row: Mapping[str, str | None]) -> dict[str, str | None]:
    kind = _KINDS.get(row.get("assetType") or "")
    return {
        **exchange(row.get("exchange")),
        **({"kind": kind.value} if kind else {}),
        "name": text_or_none(row.get("name")),
    }


def _words(body: Any) -> str | None:
    held = as_dict(body)
    found = [held[word] for word in ("Error Message", "Information", "Note") if word in held]
    return str(found[0]) if found else None


def _statement(symbol: str, overview: Mapping[str, Any]) -> Statement:
    held = {name: None if cell in _MISSING else cell for name, cell in overview.items()}
    cells = {column: held.get(theirs) for column, theirs in _FIGURES.items()}
    ratings = [held.get(name) for name in _RATINGS]
    return Statement(symbol, cells | {"analyst_count": _sum(ratings)}, overview, _OF_ONE)


def _sum(counts: Sequence[Any]) -> Any:
    """Gives the sum of counts; None where one is missing, the counts where one is no number."""
    try:
        numbers = [number(count) for count in counts]
    except NotANumber:
        return counts
    return None if None in numbers else sum(one for one in numbers if one is not None)


def _actions(symbol: str, function: str, body: Any) -> Iterator[ActionRow]:
    held = as_dict(body)
    ours = symbol if held.get("symbol") == dashed(symbol) else None
    for one in map(as_dict, as_list(held.get("data"))):
        if function == "SPLITS":
            ex_date, ratio = date_of(one.get("effective_date")), one.get("split_factor")
            yield ActionRow(ours, ex_date, one, after=ratio, before=1)
        else:
            ex_date, amount = date_of(one.get("ex_dividend_date")), one.get("amount")
            yield ActionRow(ours, ex_date, one, amount=amount, currency="USD")
