"""Fundamentals of each provider that states them: good answers, odd ones, and failures."""

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from support.fundamentals_answers import (
    ANSWERS,
    ATLANTIC_AMERICAN,
    IBM,
    NOTHING,
    PROFILE,
)
from support.replay_server import ReplayServer, Reply, Request

from quantmatrix_adapters import providers
from quantmatrix_adapters.http import Patience
from quantmatrix_adapters.providers.base import (
    FundamentalsDelivery,
    FundamentalsProvider,
    Given,
    fundamentals_provider,
)
from quantmatrix_adapters.providers.failover import Failover
from quantmatrix_adapters.providers.sample import SampleProvider
from quantmatrix_engine import registry
from quantmatrix_engine.contracts import gate
from quantmatrix_engine.contracts.findings import Findings
from quantmatrix_engine.contracts.fundamentals import FIGURES, RawFundamentals
from quantmatrix_engine.errors import (
    HttpError,
    NobodyAnswered,
    ProviderBusy,
    ProviderError,
    ProviderPaused,
    ProviderRefused,
)

PROVIDERS = registry.discover(providers, attribute="PROVIDER")
SESSION = dt.date(2026, 11, 20)
NOW = dt.datetime(2026, 11, 21, 2, 15, tzinfo=dt.UTC)
KEY = "a-key:word"


@pytest.fixture
def server() -> Iterator[ReplayServer]:
    with ReplayServer() as running:
        yield running


@pytest.fixture
def ticker(shared_data: Path) -> Any:
    """Polygon's recorded details of AAPL."""
    path = shared_data / "providers" / "polygon" / "ticker_AAPL.json"
    return json.loads(path.read_text())["response"]["json"]


def make(name: str, server: ReplayServer) -> Any:
    given = Given(
        symbols=("AAPL",),
        keys={name: KEY},
        patience=Patience(clock=lambda: NOW, sleep=lambda _: None),
        base_urls={name: server.base_url},
        timeout_seconds=0.2,
    )
    return PROVIDERS[name].configured(given)


def ask(name: str, server: ReplayServer, *symbols: str) -> FundamentalsDelivery:
    delivery: FundamentalsDelivery = make(name, server).fundamentals(symbols, SESSION, known_at=NOW)
    assert gate.apply(RawFundamentals, delivery.fundamentals).failing_rows == 0
    assert gate.apply(Findings, delivery.findings).failing_rows == 0
    return delivery


def stated(delivery: FundamentalsDelivery) -> dict[str, Any]:
    """Gives the figures of the one row that are not null."""
    (row,) = delivery.fundamentals.select(FIGURES).rows(named=True)
    return {name: value for name, value in row.items() if value is not None}


# -------------------------------------------------------------------------------- good answers


def test_polygon_details_as_recorded(server: ReplayServer, ticker: Any) -> None:
    server.queue(Reply(200, ticker))
    delivery = ask("polygon", server, "AAPL")
    assert stated(delivery) == {
        "currency": "USD",
        "market_cap": 2_488_795_282_370.0,
        "shares_outstanding": 16_319_440_000.0,
        "employees": 154_000,
    }
    assert delivery.findings.is_empty()
    key = ["provider", "symbol", "session", "known_at", "source"]
    assert delivery.fundamentals.select(key).rows() == [
        ("polygon", "AAPL", SESSION, NOW, "GET /v3/reference/tickers/AAPL")
    ]
    (asked,) = server.requests
    assert (asked.path, asked.query) == ("/v3/reference/tickers/AAPL", {})


def test_alpha_vantage_shares_of_one_become_per_cent(server: ReplayServer) -> None:
    server.queue(Reply(200, IBM))
    assert stated(ask("alpha_vantage", server, "IBM")) == {
        "period_end": dt.date(2020, 6, 30),
        "currency": "USD",
        "market_cap": 111_277_842_432.0,
        "earnings_per_share": 8.811,
        "price_to_earnings": 14.0782,
        "forward_price_to_earnings": 11.2486,
        "price_to_earnings_to_growth": 8.7188,
        "price_to_book": 5.3809,
        "price_to_sales": 1.4705,
        "revenue_growth_yoy_pct": -5.4,
        "earnings_growth_yoy_pct": -45.8,
        "operating_margin_pct": 11.85,
        "profit_margin_pct": 10.43,
        "return_on_equity_pct": 40.97,
        "return_on_assets_pct": 3.62,
        "dividend_yield_pct": 5.25,
        "dividend_per_share": 6.52,
        "beta": 1.2071,
        "analyst_target_price": 135.19,
        "employees": 352_600,
    }


def test_alpha_vantage_words_for_missing_are_null_and_no_finding(server: ReplayServer) -> None:
    server.queue(Reply(200, ATLANTIC_AMERICAN))
    delivery = ask("alpha_vantage", server, "AAME")
    assert delivery.findings.is_empty()
    assert stated(delivery) == {
        "period_end": dt.date(2024, 9, 30),
        "currency": "USD",
        "market_cap": 32_639_700.0,
        "shares_outstanding": 20_399_800.0,
        "earnings_per_share": -0.36,
        "profit_margin_pct": -1.69,
        "dividend_yield_pct": 1.18,
        "dividend_per_share": 0.0,
        "beta": 0.462,
    }


def test_alpha_vantage_ratings_are_counted_where_all_five_are_there(server: ReplayServer) -> None:
    counts = ("StrongBuy", "2"), ("Buy", "5"), ("Hold", "9"), ("Sell", "2"), ("StrongSell", "1")
    ratings = {f"AnalystRating{word}": count for word, count in counts}
    four = {**ratings, "AnalystRatingSell": "-"}
    server.queue(*(Reply(200, ATLANTIC_AMERICAN | one) for one in (ratings, four)))
    assert stated(ask("alpha_vantage", server, "AAME"))["analyst_count"] == 19
    assert "analyst_count" not in stated(ask("alpha_vantage", server, "AAME"))


def test_fmp_profile_without_the_dividend_nobody_defines(server: ReplayServer) -> None:
    server.queue(Reply(200, [PROFILE]))
    assert stated(ask("fmp", server, "AAPL")) == {
        "currency": "USD",
        "market_cap": 3_900_351_299_800.0,
        "beta": 1.109,
        "ceo": "Timothy D. Cook",
        "employees": 164_000,
    }
    assert server.requests[0].path == "/stable/profile"
    assert server.requests[0].query == {"symbol": "AAPL"}


# ------------------------------------------------------------------------- every one of them


@pytest.fixture(params=ANSWERS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def caps(delivery: FundamentalsDelivery) -> list[tuple[Any, ...]]:
    return delivery.fundamentals.select("symbol", "market_cap").rows()


def test_those_that_state_fundamentals_are_tested_here(server: ReplayServer) -> None:
    made = [one for one in PROVIDERS if one not in ("folder", "sample")]
    able = {one for one in made if isinstance(make(one, server), FundamentalsProvider)}
    assert able == set(ANSWERS)
    assert not isinstance(SampleProvider(), FundamentalsProvider)


def test_each_symbol_is_asked_for_and_the_rows_are_sorted(name: str, server: ReplayServer) -> None:
    server.queue(*(Reply(200, ANSWERS[name](*one)) for one in (("MSFT", 3.5), ("AAPL", 2.5))))
    assert caps(ask(name, server, "MSFT", "AAPL")) == [("AAPL", 2.5), ("MSFT", 3.5)]


def test_a_share_class_bears_our_symbol(name: str, server: ReplayServer) -> None:
    theirs = "BRK.B" if name == "polygon" else "BRK-B"
    server.queue(Reply(200, ANSWERS[name](theirs, 1.0)))
    assert caps(ask(name, server, "BRK.B")) == [("BRK.B", 1.0)]


def test_a_symbol_without_figures_gives_no_row_and_no_finding(
    name: str, server: ReplayServer
) -> None:
    empty = Reply(200, ANSWERS[name]("AAPL", None))
    server.queue(NOTHING[name], empty, Reply(200, ANSWERS[name]("MSFT", 3.5)))
    delivery = ask(name, server, "NONE", "AAPL", "MSFT")
    assert caps(delivery) == [("MSFT", 3.5)]
    assert delivery.findings.is_empty()


def test_a_figure_that_cannot_be_read_is_null_and_a_finding(
    name: str, server: ReplayServer
) -> None:
    good, bad = ANSWERS[name]("AAPL", 1.0), ANSWERS[name]("MSFT", 1.0)
    words = json.loads(json.dumps(bad).replace("1.0", '"a lot"').replace('""', '"'))
    server.queue(Reply(200, good), Reply(200, words))
    delivery = ask(name, server, "AAPL", "MSFT")
    assert caps(delivery) == [("AAPL", 1.0)]
    found = delivery.findings.select("symbol", "session", "rule", "column", "value").rows()
    assert found == [("MSFT", SESSION, "not_a_number", "market_cap", "a lot")]
    assert "a lot" in delivery.findings.item(0, "row")


@pytest.mark.parametrize(
    "odd",
    [Reply(200, "<html>Maintenance</html>"), Reply(200, "[1, 2]"), Reply(200, '"a text"')],
    ids=["html", "list", "text"],
)
def test_an_answer_of_another_shape_is_a_finding_and_the_next_symbol_is_asked(
    name: str, server: ReplayServer, odd: Reply
) -> None:
    server.queue(odd, Reply(200, ANSWERS[name]("MSFT", 3.5)))
    delivery = ask(name, server, "AAPL", "MSFT")
    assert caps(delivery) == [("MSFT", 3.5)]
    found = delivery.findings.select("provider", "rule", "source").rows()
    assert found == [(name, "provider_failed", f"fundamentals of AAPL for {SESSION}")]


def test_figures_of_another_symbol_are_not_taken(name: str, server: ReplayServer) -> None:
    server.queue(Reply(200, ANSWERS[name]("MSFT", 3.5)))
    with pytest.raises(ProviderError, match="AAPL"):
        ask(name, server, "AAPL")


@pytest.mark.parametrize(
    ("replies", "error"),
    [
        ([Reply(401, {"message": "no such key"})], ProviderRefused),
        ([Reply(403, {"message": "not in your plan"})], ProviderRefused),
        ([Reply(429, {"message": "slowly"})] * 4, ProviderBusy),
        ([Reply(503, {"message": "later"})] * 4, ProviderBusy),
        ([Reply(200, '{"results": {"ticker"')] * 4, ProviderBusy),
        ([Reply(200, {}, cut=True)] * 4, (ProviderBusy, HttpError)),
        ([Reply(hangs=True)] * 4, (ProviderBusy, HttpError)),
    ],
    ids=["401", "403", "429", "503", "truncated", "cut", "hangs"],
)
def test_a_provider_that_fails_raises_or_keeps_what_it_gave_before(
    name: str, server: ReplayServer, replies: list[Reply], error: Any
) -> None:
    server.queue(*replies)
    with pytest.raises(error):
        ask(name, server, "AAPL", "MSFT")
    asked = len(server.requests)
    server.queue(Reply(200, ANSWERS[name]("AAPL", 2.5)), *replies)
    delivery = ask(name, server, "AAPL", "MSFT", "IBM")
    assert caps(delivery) == [("AAPL", 2.5)]
    assert delivery.findings["rule"].to_list() == ["provider_failed"]
    assert len(server.requests) == asked + 1 + len(replies)


def test_alpha_vantage_that_used_up_its_day_keeps_what_it_gave_before(
    server: ReplayServer, shared_data: Path
) -> None:
    path = shared_data / "providers" / "alpha_vantage" / "error_quota_daily.json"
    spent = json.loads(path.read_text())["response"]["json"]
    server.queue(Reply(200, IBM), Reply(200, spent))
    assert caps(ask("alpha_vantage", server, "IBM", "AAPL")) == [("IBM", 111_277_842_432.0)]
    server.queue(Reply(200, spent))
    with pytest.raises(ProviderPaused):
        ask("alpha_vantage", server, "IBM")


def test_the_key_is_in_no_row_and_no_finding(name: str, server: ReplayServer) -> None:
    told = {"message": f"unknown key {KEY}"}
    server.queue(Reply(200, ANSWERS[name]("AAPL", 2.5)), Reply(401, told))
    delivery = ask(name, server, "AAPL", "MSFT")
    for frame in (delivery.fundamentals, delivery.findings):
        assert "a-key" not in str(frame.rows())
        assert "key%3Aword" not in str(frame.rows())


# --------------------------------------------------------------------------------- several


def _routed(asked: Request) -> Reply | None:
    symbol = asked.query.get("symbol") or asked.path.rpartition("/")[2]
    if asked.path == "/stable/profile":
        return Reply(200, ANSWERS["fmp"](symbol, 1.0))
    return Reply(200, ANSWERS["polygon"](symbol, 2.0))


def test_of_several_providers_each_states_its_own_figures(server: ReplayServer) -> None:
    server.route = _routed
    feed = Failover([make("polygon", server), SampleProvider(), make("fmp", server)])
    told = feed.fundamentals(["AAPL"], SESSION, known_at=NOW).fundamentals
    assert told.select("symbol", "provider", "market_cap").rows() == [
        ("AAPL", "fmp", 1.0),
        ("AAPL", "polygon", 2.0),
    ]


def test_one_that_fails_is_a_finding_unless_nobody_answers(server: ReplayServer) -> None:
    refused = Reply(401, {"message": "no such key"})
    feed = Failover([make("polygon", server), make("fmp", server)])
    server.queue(refused, Reply(200, ANSWERS["fmp"]("AAPL", 1.0)))
    told = feed.fundamentals(["AAPL"], SESSION, known_at=NOW)
    assert told.fundamentals["provider"].to_list() == ["fmp"]
    assert told.findings.select("provider", "rule", "source").rows() == [
        ("polygon", "provider_failed", f"fundamentals of {SESSION}")
    ]
    assert [(one.provider, one.error is None) for one in told.asked] == [
        ("polygon", False),
        ("fmp", True),
    ]
    server.queue(refused, refused)
    with pytest.raises(NobodyAnswered):
        feed.fundamentals(["AAPL"], SESSION, known_at=NOW)


def test_several_state_fundamentals_where_one_of_them_does(server: ReplayServer) -> None:
    nobody, one = Failover([SampleProvider()]), Failover([SampleProvider(), make("fmp", server)])
    assert fundamentals_provider(nobody) is None
    assert fundamentals_provider(SampleProvider()) is None
    assert fundamentals_provider(one) is one
    alone = make("polygon", server)
    assert fundamentals_provider(alone) is alone


def test_where_none_of_several_states_fundamentals_there_are_none() -> None:
    told = Failover([SampleProvider()]).fundamentals(["AAPL"], SESSION, known_at=NOW)
    assert told.fundamentals.schema == pl.Schema(RawFundamentals.empty().schema)
    assert told.fundamentals.is_empty()
    assert told.findings.is_empty()
