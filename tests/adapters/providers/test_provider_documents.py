"""Answers in the shape providers document, where no recording is at hand."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from support.replay_server import ReplayServer, Reply

from quantmatrix_adapters import providers
from quantmatrix_adapters.http import Patience
from quantmatrix_adapters.providers.base import CorporateActionProvider, Given, ListingProvider
from quantmatrix_engine import registry
from quantmatrix_engine.contracts import gate
from quantmatrix_engine.contracts.findings import Findings
from quantmatrix_engine.contracts.raw_actions import RawActions
from quantmatrix_engine.errors import ProviderBusy, ProviderError, ProviderPaused, ProviderRefused

PROVIDERS = registry.discover(providers, attribute="PROVIDER")
NETWORK = [name for name, one in PROVIDERS.items() if hasattr(one, "symbols_per_request")]
NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
FRIDAY = dt.date(2023, 3, 10)
LONG = (dt.date(1999, 1, 1), dt.date(2026, 1, 1))


@pytest.fixture
def server() -> Iterator[ReplayServer]:
    with ReplayServer() as running:
        yield running


def make(name: str, server: ReplayServer, *symbols: str) -> Any:
    given = Given(
        symbols=symbols or ("IBM",),
        keys={name: "a-key:word"},
        patience=Patience(clock=lambda: NOW, sleep=lambda _: None),
        base_urls={name: server.base_url},
    )
    return PROVIDERS[name].configured(given)


def actions(name: str, server: ReplayServer) -> list[tuple[Any, ...]]:
    delivery = make(name, server).corporate_actions(*LONG, known_at=NOW)
    assert gate.apply(RawActions, delivery.actions).failing_rows == 0
    return delivery.actions.select("ex_date", "kind", "ratio", "amount", "currency").rows()


@pytest.mark.parametrize("name", NETWORK)
def test_every_network_provider_gives_corporate_actions(name: str, server: ReplayServer) -> None:
    assert isinstance(make(name, server), CorporateActionProvider)


def test_alpha_vantage_splits_and_dividends(server: ReplayServer) -> None:
    splits = [{"effective_date": "1999-05-27", "split_factor": "2.0000"}]
    paid = {"ex_dividend_date": "2024-05-09", "declaration_date": "2024-04-30", "amount": "1.67"}
    server.queue(
        Reply(200, {"symbol": "IBM", "data": splits}),
        Reply(200, {"symbol": "IBM", "data": [paid]}),
    )
    assert actions("alpha_vantage", server) == [
        (dt.date(1999, 5, 27), "split", 2.0, None, None),
        (dt.date(2024, 5, 9), "cash_dividend", None, 1.67, "USD"),
    ]
    assert [asked.query["function"] for asked in server.requests] == ["SPLITS", "DIVIDENDS"]


def test_fmp_dividends_are_as_announced_and_not_adjusted(server: ReplayServer) -> None:
    split = {"symbol": "IBM", "date": "2020-08-31", "numerator": 4, "denominator": 1}
    paid = {"symbol": "IBM", "date": "2020-08-07", "adjDividend": 0.205, "dividend": 0.82}
    server.queue(Reply(200, [split]), Reply(200, [paid]))
    assert actions("fmp", server) == [
        (dt.date(2020, 8, 7), "cash_dividend", None, 0.82, "USD"),
        (dt.date(2020, 8, 31), "split", 4.0, None, None),
    ]


def test_yahoo_dividends_of_before_a_split_are_as_announced(server: ReplayServer) -> None:
    # Apple: 0.82 a share on 2020-08-07, before 4:1 on 2020-08-31; Yahoo says 0.205.
    events = {
        "dividends": {"1596807000": {"amount": 0.205, "date": 1596807000}},
        "splits": {"1598880600": {"date": 1598880600, "numerator": 4, "denominator": 1}},
    }
    meta = {"symbol": "IBM", "currency": "USD", "exchangeTimezoneName": "America/New_York"}
    chart = {"meta": meta, "events": events, "indicators": {"quote": [{}]}}
    server.queue(Reply(200, {"chart": {"result": [chart], "error": None}}))
    assert actions("yahoo", server) == [
        (dt.date(2020, 8, 7), "cash_dividend", None, 0.82, "USD"),
        (dt.date(2020, 8, 31), "split", 4.0, None, None),
    ]


def listed(name: str, server: ReplayServer, *symbols: str) -> list[tuple[Any, ...]]:
    said = make(name, server, *symbols).listing_of(symbols)
    return said.drop("first_session").rows()


@pytest.mark.parametrize("name", NETWORK)
def test_every_network_provider_says_what_its_symbols_are(name: str, server: ReplayServer) -> None:
    assert isinstance(make(name, server), ListingProvider)


def test_alpaca_says_exchange_and_name_of_assets(server: ReplayServer) -> None:
    asset = {"class": "us_equity", "status": "active", "name": None}
    assets = [
        asset | {"symbol": "AAPL", "exchange": "NASDAQ", "name": "Apple Inc. Common Stock"},
        asset | {"symbol": "BRK.B", "exchange": "NYSE"},
        asset | {"symbol": "SPY", "exchange": "ARCA"},
        asset | {"symbol": "XYZ", "exchange": "ASCX"},
        asset | {"symbol": "OTHER", "exchange": "OTC"},
    ]
    server.queue(Reply(200, [*assets, {}, None]))
    assert listed("alpaca", server, "XYZ", "SPY", "GONE", "BRK.B", "AAPL") == [
        ("AAPL", "XNAS", "USD", "stock", "Apple Inc. Common Stock"),
        ("BRK.B", "XNYS", "USD", "stock", None),
        ("SPY", "ARCX", "USD", "stock", None),
        ("XYZ", "'ASCX'", "USD", "stock", None),
    ]
    (asked,) = server.requests
    assert (asked.path, asked.query["status"]) == ("/v2/assets", "active")


def test_an_alpaca_key_that_may_not_trade_says_nothing(
    server: ReplayServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.queue(Reply(403, {"message": "forbidden."}))
    assert listed("alpaca", server, "AAPL") == []
    assert "alpaca answered HTTP 403: forbidden." in caplog.text


def test_fmp_says_what_a_profile_is_of(server: ReplayServer) -> None:
    said = [
        {"symbol": "AAPL", "exchange": "NASDAQ", "exchangeFullName": "NASDAQ Global Select"},
        {
            "symbol": "SPY",
            "exchange": "AMEX",
            "exchangeFullName": "New York Stock Exchange Arca",
            "isEtf": True,
        },
        {"symbol": "BRK-B", "exchange": "NYSE", "exchangeFullName": "New York Stock Exchange"},
        {"symbol": "SHOP.TO", "exchange": "TSX", "exchangeFullName": "Toronto Stock Exchange"},
    ]
    common = {"companyName": "A name", "currency": "USD", "isEtf": False, "isFund": False}
    server.queue(*[Reply(200, [common | one]) for one in said], Reply(200, []))
    assert listed("fmp", server, "AAPL", "SPY", "BRK.B", "SHOP.TO", "ZZZZ") == [
        ("AAPL", "XNAS", "USD", "stock", "A name"),
        ("BRK.B", "XNYS", "USD", "stock", "A name"),
        ("SHOP.TO", "'TSX'", "USD", "stock", "A name"),
        ("SPY", "ARCX", "USD", "etf", "A name"),
    ]
    assert {asked.path for asked in server.requests} == {"/stable/profile"}


def test_fmp_about_another_symbol_is_not_believed(server: ReplayServer) -> None:
    server.queue(Reply(200, [{"symbol": "MSFT", "exchange": "NASDAQ"}]))
    with pytest.raises(ProviderError, match="'symbol': 'IBM'"):
        listed("fmp", server, "IBM")


def test_alpha_vantage_says_what_its_list_has(server: ReplayServer) -> None:
    rows = [
        "symbol,name,exchange,assetType,ipoDate,delistingDate,status",
        "BRK-B,Berkshire Hathaway Inc,NYSE,Stock,1996-05-09,null,Active",
        "IBM,International Business Machines Corp,NYSE,Stock,1962-01-02,null,Active",
        '"SPY","SPDR S&P 500, a trust",NYSE ARCA,ETF,1993-01-29,null,Active',
        "UNSAID,,,,,null,Active",
    ]
    server.queue(Reply(200, "\r\n".join(rows) + "\r\n"))
    assert listed("alpha_vantage", server, "SPY", "BRK.B", "UNSAID", "ZZZZ") == [
        ("BRK.B", "XNYS", "USD", "stock", "Berkshire Hathaway Inc"),
        ("SPY", "ARCX", "USD", "etf", "SPDR S&P 500, a trust"),
        ("UNSAID", "XNYS", "USD", "stock", None),
    ]
    assert server.requests[0].query["function"] == "LISTING_STATUS"


def test_alpha_vantage_whose_day_is_used_up_lists_nothing(server: ReplayServer) -> None:
    server.queue(Reply(200, {"Information": "Our standard rate limit is 25 requests per day."}))
    with pytest.raises(ProviderPaused, match="25 requests per day"):
        listed("alpha_vantage", server, "IBM")
    server.queue(Reply(200, {}))
    with pytest.raises(ProviderError, match="without its list"):
        listed("alpha_vantage", server, "IBM")


def test_an_action_that_cannot_be_read_is_a_finding(server: ReplayServer) -> None:
    good = {"symbol": "IBM", "date": "2020-08-31", "numerator": 4, "denominator": 1}
    bad = [good | {"denominator": 0}, good | {"numerator": None}, good | {"date": "soon"}]
    server.queue(Reply(200, [*bad, good]), Reply(200, []))
    delivery = make("fmp", server).corporate_actions(*LONG, known_at=NOW)
    assert delivery.actions.height == 1
    assert delivery.findings.select("rule", "column", "source_row").rows() == [
        ("not_a_number", "ratio", 1),
        ("not_a_number", "ratio", 2),
        ("not_a_date", "ex_date", 3),
    ]
    assert gate.apply(Findings, delivery.findings).failing_rows == 0


def test_alpha_vantage_asked_too_fast_is_asked_again(server: ReplayServer) -> None:
    note = "Thank you for using Alpha Vantage! Our standard API call frequency is 5 a minute."
    server.queue(*[Reply(200, {"Note": note})] * 4)
    with pytest.raises(ProviderBusy, match="call frequency"):
        make("alpha_vantage", server).daily_bars(FRIDAY, FRIDAY, known_at=NOW)
    assert len(server.requests) == 4


def test_alpha_vantage_repeats_the_key_and_we_do_not(server: ReplayServer) -> None:
    said = "We have detected your API key as a-key:word. This is a premium endpoint."
    server.queue(Reply(200, {"Information": said}))
    with pytest.raises(ProviderRefused, match="your API key as …") as raised:
        make("alpha_vantage", server).daily_bars(FRIDAY, FRIDAY, known_at=NOW)
    assert "a-key" not in str(raised.value)


@pytest.mark.parametrize(
    ("first", "size"), [(dt.date(2026, 11, 2), "compact"), (dt.date(2026, 3, 2), "full")]
)
def test_alpha_vantage_is_asked_for_no_more_than_is_needed(
    server: ReplayServer, first: dt.date, size: str
) -> None:
    server.queue(Reply(200, {}))
    make("alpha_vantage", server).daily_bars(first, dt.date(2026, 11, 19), known_at=NOW)
    assert server.requests[0].query["outputsize"] == size


def test_an_answer_about_another_symbol_is_not_believed(server: ReplayServer) -> None:
    row = {"date": "2023-03-10", "adjOpen": 1, "adjHigh": 1, "adjLow": 1, "adjClose": 1}
    server.queue(Reply(200, [{"symbol": "MSFT", **row, "volume": 1}]))
    delivery = make("fmp", server).daily_bars(FRIDAY, FRIDAY, known_at=NOW)
    assert delivery.bars.is_empty()
    assert delivery.findings.select("symbol", "rule").rows() == [(None, "unknown_symbol")]


def test_a_row_of_a_session_that_was_not_asked_for_is_a_finding(server: ReplayServer) -> None:
    row = {"open": 1.0, "high": 1.0, "low": 1.0, "close": 1.0, "volume": 1}
    days = ("2023-03-10", "2023-03-13")
    server.queue(Reply(200, [{"date": f"{day}T00:00:00.000Z", **row} for day in days]))
    delivery = make("tiingo", server).daily_bars(FRIDAY, FRIDAY, known_at=NOW)
    assert delivery.bars.get_column("session").to_list() == [FRIDAY]
    assert delivery.findings.select("session", "rule").rows() == [
        (dt.date(2023, 3, 13), "broken_contract")
    ]


def test_columns_of_unequal_length_are_no_bars(server: ReplayServer) -> None:
    meta = {"symbol": "IBM", "exchangeTimezoneName": "America/New_York"}
    quote = {"open": [1.0], "high": [1.0, 2.0], "low": [1.0], "close": [1.0], "volume": [1]}
    chart = {"meta": meta, "timestamp": [1678458600], "indicators": {"quote": [quote]}}
    server.queue(Reply(200, {"chart": {"result": [chart], "error": None}}))
    with pytest.raises(ProviderError, match="a price for each moment"):
        make("yahoo", server).daily_bars(FRIDAY, FRIDAY, known_at=NOW)


def test_polygon_made_without_symbols_gives_the_whole_market(server: ReplayServer) -> None:
    bar = {"o": 1, "h": 1, "l": 1, "c": 1, "v": 1, "t": 1678482000000}
    body = {"adjusted": False, "resultsCount": 2, "results": [{"T": "B"} | bar, {"T": "A"} | bar]}
    server.queue(Reply(200, body))
    given = Given(keys={"polygon": "k"}, base_urls={"polygon": server.base_url})
    delivery = PROVIDERS["polygon"].configured(given).daily_bars(FRIDAY, FRIDAY, known_at=NOW)
    assert delivery.bars.get_column("symbol").to_list() == ["A", "B"]
    assert len(server.requests) == 1
