"""How each network provider writes its answers, as documented: bars in, a reply out.

Shapes are those of the recordings and documents in ../shared/data/providers (INDEX.csv); the
`adj…` columns beside prices as traded hold nonsense, so that whoever reads them is seen.
"""

import datetime as dt
import json
from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from support.replay_server import Reply, Request, Route

NEW_YORK = ZoneInfo("America/New_York")
# open, high, low, close, volume of a symbol by session.
Bars = Mapping[str, Mapping[dt.date, tuple[Any, ...]]]
_NONSENSE = 12345.6


def _at(day: dt.date, hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(hour, minute), NEW_YORK)


def tiingo(bars: Bars) -> Route:
    def reply(asked: Request) -> Reply | None:
        symbol = asked.path.removeprefix("/tiingo/daily/").removesuffix("/prices")
        if symbol not in bars:
            return Reply(404, {"detail": f"Error: Ticker '{symbol}' not found"})
        first, last = asked.query["startDate"], asked.query["endDate"]
        rows = [
            {
                "date": f"{day}T00:00:00.000Z",
                **dict(zip(("open", "high", "low", "close", "volume"), values, strict=True)),
                **dict.fromkeys(("adjOpen", "adjHigh", "adjLow", "adjClose"), _NONSENSE),
                "adjVolume": 1,
                "divCash": 0.0,
                "splitFactor": 1.0,
            }
            for day, values in bars[symbol].items()
            if first <= str(day) <= last
        ]
        return Reply(200, rows)

    return reply


def polygon(bars: Bars) -> Route:
    def reply(asked: Request) -> Reply | None:
        grouped, _, day = asked.path.rpartition("/")
        if grouped != "/v2/aggs/grouped/locale/us/market/stocks":
            return None
        date = dt.date.fromisoformat(day)
        rows = [
            {
                "T": symbol,
                **dict(zip("ohlcv", days[date], strict=True)),
                "t": int(_at(date, 16).timestamp() * 1000),
                "vw": _NONSENSE,
                "n": 96,
            }
            for symbol, days in bars.items()
            if date in days
        ]
        told = {"queryCount": len(rows), "resultsCount": len(rows), "count": len(rows)}
        held = {"results": rows} if rows else {}
        is_adjusted = asked.query["adjusted"] != "false"
        return Reply(200, {**told, "adjusted": is_adjusted, **held, "status": "OK"})

    return reply


def alpaca(bars: Bars) -> Route:
    def reply(asked: Request) -> Reply | None:
        if asked.path != "/v2/stocks/bars" or asked.query["adjustment"] != "raw":
            return None
        wanted = [symbol for symbol in asked.query["symbols"].split(",") if symbol in bars]
        begin = int(asked.query.get("page_token", "0"))
        page = {
            symbol: [
                {"t": moment, **dict(zip("ohlcv", values, strict=True)), "n": 1, "vw": _NONSENSE}
                for day, values in bars[symbol].items()
                for moment in [f"{_at(day, 0).astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"]
                if asked.query["start"] <= moment <= asked.query["end"]
            ]
            for symbol in wanted[begin : begin + 1]
        }
        token = str(begin + 1) if begin + 1 < len(wanted) else None
        return Reply(200, {"bars": page, "next_page_token": token})

    return reply


def fmp(bars: Bars) -> Route:
    def reply(asked: Request) -> Reply | None:
        if asked.path != "/stable/historical-price-eod/non-split-adjusted":
            return None
        names = ("adjOpen", "adjHigh", "adjLow", "adjClose", "volume")
        symbol = asked.query["symbol"]
        rows = [
            {"symbol": symbol, "date": str(day), **dict(zip(names, values, strict=True))}
            for day, values in bars.get(symbol, {}).items()
            if asked.query["from"] <= str(day) <= asked.query["to"]
        ]
        return Reply(200, rows[::-1])

    return reply


def yahoo(bars: Bars) -> Route:
    def reply(asked: Request) -> Reply | None:
        symbol = asked.path.removeprefix("/v8/finance/chart/")
        if symbol not in bars:
            error = {"code": "Not Found", "description": "No data found, symbol may be delisted"}
            return Reply(404, {"chart": {"result": None, "error": error}})
        return Reply(200, yahoo_chart(symbol, bars[symbol], asked.query))

    return reply


def yahoo_chart(
    symbol: str, days: Mapping[dt.date, tuple[Any, ...]], query: Mapping[str, str]
) -> dict[str, Any]:
    begin, end = int(query["period1"]), int(query["period2"])
    kept = {
        moment: values
        for day, values in days.items()
        if begin <= (moment := int(_at(day, 9, 30).timestamp())) < end
    }
    names = ("open", "high", "low", "close", "volume")
    columns = {name: [row[place] for row in kept.values()] for place, name in enumerate(names)}
    chart: dict[str, Any] = {
        "meta": {
            "currency": "USD",
            "symbol": symbol,
            "exchangeTimezoneName": "America/New_York",
        },
        "indicators": {
            "quote": [columns if kept else {}],
            "adjclose": [{"adjclose": [_NONSENSE for _ in kept]}],
        },
    }
    if kept:
        chart["timestamp"] = list(kept)
    return {"chart": {"result": [chart], "error": None}}


def alpha_vantage(bars: Bars) -> Route:
    def reply(asked: Request) -> Reply | None:
        symbol = asked.query["symbol"]
        if asked.query["function"] != "TIME_SERIES_DAILY":
            return None
        if symbol not in bars:
            said = (
                "Invalid API call. Please retry or visit the documentation for TIME_SERIES_DAILY."
            )
            return Reply(200, {"Error Message": said})
        names = ("1. open", "2. high", "3. low", "4. close", "5. volume")
        days = {
            str(day): {
                name: value if value is None else str(value)
                for name, value in zip(names, values, strict=True)
            }
            for day, values in bars[symbol].items()
        }
        meta = {"2. Symbol": symbol, "5. Time Zone": "US/Eastern"}
        return Reply(200, {"Meta Data": meta, "Time Series (Daily)": days})

    return reply


WRITERS: Mapping[str, Callable[[Bars], Route]] = {
    "alpaca": alpaca,
    "alpha_vantage": alpha_vantage,
    "fmp": fmp,
    "polygon": polygon,
    "tiingo": tiingo,
    "yahoo": yahoo,
}
# How each of them writes a share class, where it differs from ours (BRK.B).
DASHED = ("alpha_vantage", "fmp", "tiingo", "yahoo")

_UNAUTHORIZED = {"code": "Unauthorized", "description": "Invalid Crumb"}
# What each says to a wrong key; {key} is where some repeat it.
WRONG_KEY = {
    "alpaca": Reply(401, {"message": "request is not authorized {key}"}),
    "alpha_vantage": Reply(
        200,
        {
            "Error Message": "the parameter apikey is invalid or missing ({key}). Please claim "
            "your free API key on (https://www.alphavantage.co/support/#api-key)."
        },
    ),
    "fmp": Reply(200, {"Error Message": "Invalid API KEY. {key}"}),
    "polygon": Reply(401, {"status": "ERROR", "error": "Unknown API Key {key}"}),
    "tiingo": Reply(401, {"detail": "Invalid token. {key}"}),
    "yahoo": Reply(401, {"finance": {"result": None, "error": _UNAUTHORIZED}}),
}


def with_key(reply: Reply, key: str) -> Reply:
    """Gives the reply with the key where the provider repeats it."""
    body = json.loads(json.dumps(reply.body).replace("{key}", key))
    return Reply(reply.status, body, reply.headers)
