"""What comes of asking the SEC for its list of tickers, over loopback."""

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from support.replay_server import ReplayServer, Reply, Request

from quantmatrix_adapters.http import Patience
from quantmatrix_adapters.limits import MemoryLimiter
from quantmatrix_adapters.listings.registers import registers_from
from quantmatrix_adapters.listings.sec import SecRegister
from quantmatrix_adapters.providers.base import Given
from quantmatrix_engine.contracts import gate
from quantmatrix_engine.contracts.instruments import SymbolHistory
from quantmatrix_engine.errors import (
    ProviderBusy,
    ProviderError,
    ProviderRefused,
    SettingsError,
    UnknownPlugin,
)

CONTACT = "Example Ltd admin@example.com"
NOTHING = pl.DataFrame(schema={"key": pl.String, "symbol": pl.String})
# The form of company_tickers_exchange.json as the SEC documents it; the rows are made up but for
# CIK and symbol.
WITH_EXCHANGES = {
    "fields": ["cik", "name", "ticker", "exchange"],
    "data": [
        [320193, "Apple Inc.", "AAPL", "Nasdaq"],
        [1067983, "BERKSHIRE HATHAWAY INC", "BRK-B", "NYSE"],
        [1, "Elsewhere plc", "ELSWF", "OTC"],
        [2, "Options Co", "OPTC", "CBOE"],
        [3, "Nowhere Inc", "NOWH", None],
    ],
}


@pytest.fixture
def server() -> Iterator[ReplayServer]:
    with ReplayServer() as running:
        yield running


class Waiting:
    """A clock that sleeping moves on."""

    def __init__(self) -> None:
        self.now = dt.datetime(2026, 11, 20, 12, 0, 15, tzinfo=dt.UTC)
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += dt.timedelta(seconds=seconds)


def make(server: ReplayServer, contact: str = CONTACT) -> SecRegister:
    waiting = Waiting()
    return SecRegister(
        contact,
        patience=Patience(clock=lambda: waiting.now, sleep=waiting.sleep),
        base_url=server.base_url,
    )


def recorded_list(shared_data: Path) -> Any:
    return json.loads((shared_data / "providers/sec/company_tickers.json").read_bytes())


def test_the_recorded_list_is_fetched_by_who_says_who_asks(
    server: ReplayServer, shared_data: Path
) -> None:
    recorded = recorded_list(shared_data)

    def route(asked: Request) -> Reply | None:
        return Reply(200, recorded) if asked.path == "/files/company_tickers.json" else None

    server.route = route
    told = make(server).history(NOTHING)
    # Counted in the file: 9,610 symbols of 7,919 issuers.
    assert (told.height, told["symbol"].n_unique()) == (9610, 9610)
    assert gate.apply(SymbolHistory, told).failures.is_empty()
    assert told.row(0, named=True) | {"valid_from": None} == {
        "key": "0000789019:MSFT",
        "symbol": "MSFT",
        "exchange": "XNYS",
        "currency": "USD",
        "kind": "stock",
        "name": "MICROSOFT CORP",
        "valid_from": None,
        "valid_to": None,
        "delisted_on": None,
    }
    assert [asked.path for asked in server.requests] == [
        "/files/company_tickers_exchange.json",
        "/files/company_tickers.json",
    ]
    for asked in server.requests:
        assert asked.headers["user-agent"].startswith("quantmatrix/")
        assert asked.headers["user-agent"].endswith(f" {CONTACT}")


def test_the_list_with_exchanges_gives_them_and_our_symbols(server: ReplayServer) -> None:
    server.queue(Reply(200, WITH_EXCHANGES))
    told = make(server).history(NOTHING)
    assert told.select("key", "symbol", "exchange").rows() == [
        ("0000320193:AAPL", "AAPL", "XNAS"),
        ("0001067983:BRK.B", "BRK.B", "XNYS"),
        ("0000000001:ELSWF", "ELSWF", "OTCM"),
        ("0000000002:OPTC", "OPTC", "BATS"),
        ("0000000003:NOWH", "NOWH", "XNYS"),
    ]
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "contact", ["", "   ", "Example Ltd", "admin@", "a@example.com\nHost: evil.example"]
)
def test_without_a_contact_nothing_is_asked(server: ReplayServer, contact: str) -> None:
    given = Given(contacts={"sec": contact}, base_urls={"sec": server.base_url})
    with pytest.raises(SettingsError, match="Set QUANTMATRIX_SEC_CONTACT to a name") as refused:
        registers_from(given, ["sec"])
    assert "\n" not in str(refused.value)
    assert server.requests == []


def test_an_undeclared_agent_is_told_what_to_set_and_not_tried_again(
    server: ReplayServer, shared_data: Path
) -> None:
    path = shared_data / "providers/sec/error_403_undeclared_agent.json"
    recorded = json.loads(path.read_text())["response"]
    server.queue(Reply(recorded["status"], recorded["text"]))
    with pytest.raises(ProviderRefused, match=r"HTTP 403.*QUANTMATRIX_SEC_CONTACT"):
        make(server).history(NOTHING)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("replies", "kind", "asked"),
    [
        ([Reply(403, "<html>no</html>")], ProviderRefused, 1),
        ([Reply(429)] * 4, ProviderBusy, 4),
        ([Reply(503)] * 4, ProviderBusy, 4),
        ([Reply(200, WITH_EXCHANGES, cut=True)] * 4, ProviderBusy, 4),
        ([Reply(302)], ProviderError, 1),
        ([Reply(200, "<html>Maintenance</html>")], ProviderError, 1),
        ([Reply(200, {"fields": ["cik"], "data": [[1]]})], ProviderError, 1),
        ([Reply(404), Reply(404)], ProviderError, 2),
    ],
)
def test_an_answer_that_is_no_list_is_an_error_in_one_line(
    server: ReplayServer, replies: list[Reply], kind: type[ProviderError], asked: int
) -> None:
    server.queue(*replies)
    with pytest.raises(ProviderError) as refused:
        make(server).history(NOTHING)
    assert type(refused.value) is kind
    assert "\n" not in str(refused.value)
    assert len(server.requests) == asked


def test_no_second_sees_more_than_ten_requests(server: ReplayServer) -> None:
    waiting = Waiting()
    server.route = lambda _: Reply(200, WITH_EXCHANGES)
    register = SecRegister(
        CONTACT,
        limiter=MemoryLimiter("sec", SecRegister.limits, clock=lambda: waiting.now),
        patience=Patience(clock=lambda: waiting.now, sleep=waiting.sleep),
        base_url=server.base_url,
    )
    for _ in range(5):
        register.history(NOTHING)
    assert waiting.slept == []
    # The sixth waits for the next minute, which begins 45 s later: at most five and five meet.
    register.history(NOTHING)
    assert waiting.slept == [45.0]


def test_a_register_nobody_knows_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownPlugin, match="Did you mean 'sec'"):
        registers_from(Given(), ["sek"])
