"""How each network provider writes bars of five minutes: bars in, a reply out.

Written by hand. Alpaca's and Yahoo's shapes are those of their recorded daily and one-minute
answers in ../shared/data/providers, Polygon's that of its recorded daily aggregates, Tiingo's that
of its recorded half hours, with the volume that its `columns` ask for.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from support.replay_server import Reply, Request, Route

# open, high, low, close, volume of a symbol by the moment (UTC) it starts.
Bars = Mapping[str, Mapping[dt.datetime, tuple[Any, ...]]]
NAMES = ("open", "high", "low", "close", "volume")
_NONSENSE = 12345.6


def _named(names: Any, values: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip(names, values, strict=True))


def _text(moment: dt.datetime, *, form: str = "%Y-%m-%dT%H:%M:%SZ") -> str:
    return f"{moment:{form}}"


def alpaca(bars: Bars) -> Route:
    def reply(asked: Request) -> Reply | None:
        query = asked.query
        if asked.path != "/v2/stocks/bars" or query["timeframe"] != "5Min":
            return None
        if (query["adjustment"], query["asof"]) != ("raw", "-"):
            return None
        wanted = [symbol for symbol in query["symbols"].split(",") if symbol in bars]
        begin = int(query.get("page_token", "0"))
        page = {
            symbol: [
                {"t": _text(moment), **_named("ohlcv", values), "n": 1, "vw": _NONSENSE}
                for moment, values in bars[symbol].items()
                if query["start"] <= _text(moment) <= query["end"]
            ]
            for symbol in wanted[begin : begin + 1]
        }
        token = str(begin + 1) if begin + 1 < len(wanted) else None
        return Reply(200, {"bars": page, "next_page_token": token})

    return reply


def polygon(bars: Bars) -> Route:
    def reply(asked: Request) -> Reply | None:
        parts = asked.path.split("/")
        if parts[1:4] != ["v2", "aggs", "ticker"] or parts[5:8] != ["range", "5", "minute"]:
            return None
        symbol, begin, end = parts[4], int(parts[8]), int(parts[9])
        rows = [
            {**_named("ohlcv", values), "t": start, "vw": _NONSENSE, "n": 96}
            for moment, values in bars.get(symbol, {}).items()
            if begin <= (start := int(moment.timestamp() * 1000)) <= end
        ]
        held = {"results": rows} if rows else {}
        told = {"ticker": symbol, "queryCount": len(rows), "resultsCount": len(rows)}
        return Reply(200, {**told, "adjusted": asked.query["adjusted"] != "false", **held})

    return reply


def tiingo(bars: Bars) -> Route:
    def reply(asked: Request) -> Reply | None:
        symbol = asked.path.removeprefix("/iex/").removesuffix("/prices")
        query = asked.query
        if (query["resampleFreq"], query["forceFill"]) != ("5min", "false"):
            return None
        if symbol not in bars:
            return Reply(404, {"detail": f"Error: Ticker '{symbol}' not found"})
        columns = query["columns"].split(",")
        rows = [
            {
                "date": _text(moment, form="%Y-%m-%dT%H:%M:%S.000Z"),
                **{name: cell for name, cell in _named(NAMES, values).items() if name in columns},
            }
            for moment, values in bars[symbol].items()
            if query["startDate"] <= str(moment.date()) <= query["endDate"]
        ]
        return Reply(200, rows)

    return reply


def yahoo(bars: Bars) -> Route:
    def reply(asked: Request) -> Reply | None:
        symbol = asked.path.removeprefix("/v8/finance/chart/")
        if asked.query["interval"] != "5m" or asked.query["includePrePost"] != "false":
            return None
        if symbol not in bars:
            error = {"code": "Not Found", "description": "No data found, symbol may be delisted"}
            return Reply(404, {"chart": {"result": None, "error": error}})
        return Reply(200, chart(symbol, bars[symbol], asked.query))

    return reply


def chart(
    symbol: str,
    bars: Mapping[dt.datetime, tuple[Any, ...]],
    query: Mapping[str, str],
    events: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Gives Yahoo's chart of a symbol; without bars it has no `timestamp`, as recorded."""
    begin, end = int(query["period1"]), int(query["period2"])
    kept = {
        start: values
        for moment, values in bars.items()
        if begin <= (start := int(moment.timestamp())) < end
    }
    columns = {name: [row[place] for row in kept.values()] for place, name in enumerate(NAMES)}
    told: dict[str, Any] = {
        "meta": {
            "currency": "USD",
            "symbol": symbol,
            "exchangeTimezoneName": "America/New_York",
            "dataGranularity": query["interval"],
        },
        "indicators": {"quote": [columns if kept else {}]},
        **({"events": events} if events else {}),
        **({"timestamp": list(kept)} if kept else {}),
    }
    return {"chart": {"result": [told], "error": None}}


WRITERS: Mapping[str, Callable[[Bars], Route]] = {
    "alpaca": alpaca,
    "polygon": polygon,
    "tiingo": tiingo,
    "yahoo": yahoo,
}


def five_minutes(first: dt.datetime, *rows: tuple[Any, ...]) -> dict[dt.datetime, tuple[Any, ...]]:
    """Gives rows that start five minutes after each other."""
    return dict(zip(_starts(first), rows, strict=False))


def _starts(first: dt.datetime) -> Iterator[dt.datetime]:
    while True:
        yield first
        first += dt.timedelta(minutes=5)
