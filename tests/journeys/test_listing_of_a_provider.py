"""What a provider on the network says of its symbols reaches the catalogue, asked once."""

import datetime as dt

from journeys.conftest import Installation
from pipelines.rows import query
from support.replay_server import ReplayServer, Reply, Request

from quantmatrix_adapters.http import Patience
from quantmatrix_adapters.providers.base import Given
from quantmatrix_adapters.providers.tiingo import TiingoProvider

AAPL = {"ticker": "AAPL", "name": "Apple Inc.", "exchangeCode": "NASDAQ"}


def kept(installation: Installation) -> list[tuple[object, ...]]:
    return query(
        installation.database,
        "SELECT s.symbol, s.exchange, i.exchange, i.currency, i.kind, i.name"
        " FROM instrument_symbols s JOIN instruments i ON i.id = s.instrument_id ORDER BY 1",
    )


def of_tiingo(installation: Installation, server: ReplayServer, *symbols: str) -> TiingoProvider:
    return TiingoProvider.configured(
        Given(
            symbols=symbols,
            keys={"tiingo": "s3cret"},
            since=dt.date(2013, 2, 1),
            patience=Patience(clock=lambda: installation.now),
            base_urls={"tiingo": server.base_url},
        )
    )


def test_a_symbol_of_an_exchange_nobody_here_knows_is_a_finding(installation: Installation):
    said = {"ZZZZ": "MARS", "AAPL": "NASDAQ"}

    def route(asked: Request) -> Reply | None:
        symbol = asked.path.rpartition("/")[2]
        return Reply(200, {"ticker": symbol, "name": None, "exchangeCode": said[symbol]})

    with ReplayServer(route) as server:
        installation.feed = of_tiingo(installation, server, "AAPL", "ZZZZ")
        installation.run("market_data", {}, "instruments")
    assert [row[:2] for row in kept(installation)] == [("AAPL", "XNAS")]
    told = 'SELECT symbol, "column", value, expected FROM findings'
    ((symbol, column, value, expected),) = query(installation.database, told)
    assert (symbol, column, expected) == ("ZZZZ", "exchange", "Exchange, ISO 10383 MIC.")
    assert str(value).endswith(": 'MARS'")


def test_a_new_symbol_is_asked_about_once_and_kept_as_the_provider_says(
    installation: Installation,
):
    def route(asked: Request) -> Reply | None:
        return Reply(200, AAPL) if asked.path == "/tiingo/daily/AAPL" else Reply(404, {})

    with ReplayServer(route) as server:
        for symbols in (("AAPL", "ZZZZ"), ("AAPL", "ZZZZ", "BRK.B")):
            installation.feed = of_tiingo(installation, server, *symbols)
            installation.run("market_data", {}, "instruments")
        paths = [asked.path.rpartition("/")[2] for asked in server.requests]
    assert paths == ["AAPL", "ZZZZ", "BRK-B"]
    assert kept(installation) == [
        ("AAPL", "XNAS", "XNAS", "USD", "stock", "Apple Inc."),
        ("BRK.B", "XNYS", "XNYS", "USD", "stock", None),
        ("ZZZZ", "XNYS", "XNYS", "USD", "stock", None),
    ]
