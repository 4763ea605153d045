"""Several providers of intraday bars: what one has no bar of, the next is asked for."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.intraday_replies import WRITERS, Bars, five_minutes
from support.replay_server import ReplayServer, Reply

from quantmatrix_adapters import providers
from quantmatrix_adapters.http import Patience
from quantmatrix_adapters.providers.base import Given, IntradayDelivery
from quantmatrix_adapters.providers.intraday_failover import IntradayFailover
from quantmatrix_adapters.providers.intraday_folder import IntradayFolder
from quantmatrix_engine import registry
from quantmatrix_engine.errors import NobodyAnswered

PROVIDERS = registry.discover(providers, attribute="PROVIDER")
NOW = dt.datetime(2023, 3, 14, 12, tzinfo=dt.UTC)
FRIDAY, MONDAY = dt.date(2023, 3, 10), dt.date(2023, 3, 13)
OPEN_FRIDAY = dt.datetime(2023, 3, 10, 14, 30, tzinfo=dt.UTC)
OPEN_MONDAY = dt.datetime(2023, 3, 13, 13, 30, tzinfo=dt.UTC)
ONE = (10.0, 11.0, 9.0, 10.5, 100.0)
FIVE = dt.timedelta(minutes=5)


@pytest.fixture
def servers() -> Iterator[dict[str, ReplayServer]]:
    with ReplayServer() as tiingo, ReplayServer() as yahoo:
        yield {"tiingo": tiingo, "yahoo": yahoo}


def make(name: str, server: ReplayServer) -> Any:
    given = Given(
        symbols=("AAPL",),
        keys={name: "key:word"},
        patience=Patience(clock=lambda: NOW, sleep=lambda _: None),
        base_urls={name: server.base_url},
    )
    return PROVIDERS[name].configured(given)


def both(servers: dict[str, ReplayServer], **bars: Bars) -> IntradayFailover:
    for name, told in bars.items():
        servers[name].route = WRITERS[name](told)
    return IntradayFailover([make(name, server) for name, server in servers.items()])


def ask(feed: IntradayFailover, *symbols: str) -> IntradayDelivery:
    return feed.intraday_bars(symbols, FRIDAY, MONDAY, known_at=NOW)


def given(told: IntradayDelivery) -> list[tuple[Any, ...]]:
    return told.bars.select("provider", "symbol", "starts_at").rows()


def test_the_next_is_asked_for_the_symbols_and_sessions_that_lack_a_bar(
    servers: dict[str, ReplayServer],
) -> None:
    friday, monday = five_minutes(OPEN_FRIDAY, ONE), five_minutes(OPEN_MONDAY, ONE)
    feed = both(
        servers,
        tiingo={"AAPL": {**friday, **monday}, "MSFT": friday},
        yahoo={"AAPL": monday, "MSFT": {**friday, **monday}, "IBM": friday},
    )
    told = ask(feed, "AAPL", "MSFT", "IBM")
    assert given(told) == [
        ("tiingo", "AAPL", OPEN_FRIDAY),
        ("tiingo", "AAPL", OPEN_MONDAY),
        ("yahoo", "IBM", OPEN_FRIDAY),
        ("tiingo", "MSFT", OPEN_FRIDAY),
        ("yahoo", "MSFT", OPEN_MONDAY),
    ]
    asked = [one.path.rpartition("/")[2] for one in servers["yahoo"].requests]
    assert sorted(asked) == ["IBM", "MSFT"]


def test_a_session_without_a_whole_bar_is_asked_of_the_next(
    servers: dict[str, ReplayServer],
) -> None:
    half = {OPEN_FRIDAY: (10.0, 11.0, 9.0, None, 100.0)}
    feed = both(servers, tiingo={"AAPL": half}, yahoo={"AAPL": {OPEN_FRIDAY + FIVE: ONE}})
    assert given(ask(feed, "AAPL")) == [
        ("tiingo", "AAPL", OPEN_FRIDAY),
        ("yahoo", "AAPL", OPEN_FRIDAY + FIVE),
    ]


def test_one_that_refuses_is_passed_over_and_a_finding(servers: dict[str, ReplayServer]) -> None:
    feed = both(servers, yahoo={"AAPL": five_minutes(OPEN_FRIDAY, ONE)})
    servers["tiingo"].queue(Reply(401, {"detail": "Invalid token."}))
    told = ask(feed, "AAPL")
    assert given(told) == [("yahoo", "AAPL", OPEN_FRIDAY)]
    assert told.findings.select("provider", "rule", "source").rows() == [
        ("tiingo", "provider_failed", "intraday bars from 2023-03-10 to 2023-03-13")
    ]


def test_where_nobody_answers_the_error_says_whether_to_ask_again(
    servers: dict[str, ReplayServer],
) -> None:
    feed = both(servers)
    refused = Reply(401, {"detail": "Invalid token."})
    servers["tiingo"].queue(refused)
    servers["yahoo"].queue(*[Reply(503, {"message": "later"})] * 4)
    with pytest.raises(NobodyAnswered, match="HTTP 503") as busy:
        ask(feed, "AAPL")
    assert busy.value.retryable
    servers["tiingo"].queue(refused)
    servers["yahoo"].queue(refused)
    with pytest.raises(NobodyAnswered, match="tiingo") as gone:
        ask(feed, "AAPL")
    assert not gone.value.retryable


def test_without_symbols_files_give_all_they_have_and_the_network_is_not_asked(
    servers: dict[str, ReplayServer], tmp_path: Path
) -> None:
    lines = ["symbol,starts_at,open,high,low,close,volume,interval"]
    lines += [f"{symbol},{OPEN_FRIDAY.isoformat()},10,11,9,10,5,5m" for symbol in ("IBM", "AAPL")]
    (tmp_path / "bars.csv").write_text("\n".join(lines) + "\n")
    feed = IntradayFailover([IntradayFolder(tmp_path), make("yahoo", servers["yahoo"])])
    assert feed.names == ("folder", "yahoo")
    assert [symbol for _, symbol, _ in given(ask(feed))] == ["AAPL", "IBM"]
    assert servers["yahoo"].requests == []


def test_with_nobody_to_ask_there_is_nothing() -> None:
    told = ask(IntradayFailover(), "AAPL")
    assert told.bars.is_empty()
    assert told.findings.is_empty()


def test_questions_are_answered_one_by_one_and_who_failed_is_not_asked_the_next(
    servers: dict[str, ReplayServer],
) -> None:
    feed = both(servers)
    every = {"AAPL": five_minutes(OPEN_FRIDAY, ONE), "MSFT": five_minutes(OPEN_FRIDAY, ONE)}
    servers["tiingo"].queue(Reply(403, {"detail": "no"}))
    servers["yahoo"].route = WRITERS["yahoo"](every)
    questions = [([symbol], FRIDAY, FRIDAY) for symbol in ("AAPL", "MSFT")]
    parts = list(feed.parts(questions, known_at=NOW))
    assert [given(one) for one in parts] == [
        [("yahoo", "AAPL", OPEN_FRIDAY)],
        [("yahoo", "MSFT", OPEN_FRIDAY)],
        [],
    ]
    assert [one.findings.height for one in parts] == [0, 0, 1]
    assert len(servers["tiingo"].requests) == 1


def test_what_files_say_of_themselves_is_told_once(tmp_path: Path) -> None:
    good = [f"AAPL,{(OPEN_FRIDAY + FIVE * place).isoformat()},1,1,1,1,1" for place in range(2)]
    lines = [*good, "AAPL,soon,1,1,1,1,1"]
    header = "symbol,starts_at,open,high,low,close,volume"
    (tmp_path / "told.csv").write_text("\n".join([header, *lines, ""]))
    feed = IntradayFailover([IntradayFolder(tmp_path)])
    parts = list(feed.parts([([], FRIDAY, FRIDAY), ([], MONDAY, MONDAY)], known_at=NOW))
    assert [one.bars.height for one in parts] == [2, 0, 0]
    assert [one.findings.height for one in parts] == [1, 0, 0]
