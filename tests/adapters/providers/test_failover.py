"""Several providers in order, on loopback servers that answer, lack, die and refuse."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from support.provider_replies import WRITERS, Bars
from support.replay_server import ReplayServer, Reply

from quantmatrix_adapters import providers
from quantmatrix_adapters.http import Patience
from quantmatrix_adapters.limits import Limits, MemoryLimiter
from quantmatrix_adapters.providers.answer_rows import FINDINGS
from quantmatrix_adapters.providers.base import ActionDelivery, Given, names_of
from quantmatrix_adapters.providers.failover import ACTIONS, Failover
from quantmatrix_adapters.providers.folder import FolderProvider
from quantmatrix_adapters.providers.sample import SampleProvider
from quantmatrix_engine import registry
from quantmatrix_engine.contracts import gate
from quantmatrix_engine.contracts.findings import Findings
from quantmatrix_engine.contracts.raw_bars import RawBars
from quantmatrix_engine.errors import NobodyAnswered, ProviderBusy, ProviderRefused

PROVIDERS = registry.discover(providers, attribute="PROVIDER")
NOW = dt.datetime(2023, 3, 14, 12, tzinfo=dt.UTC)
THURSDAY, FRIDAY, MONDAY = dt.date(2023, 3, 9), dt.date(2023, 3, 10), dt.date(2023, 3, 13)


def bar(close: float | None) -> tuple[Any, ...]:
    return (10.0, 30.0, 5.0, close, 100)


class Market:
    """Tiingo and Yahoo on loopback."""

    def __init__(self, tiingo: ReplayServer, yahoo: ReplayServer) -> None:
        self.servers = {"tiingo": tiingo, "yahoo": yahoo}

    def has(self, **bars: Bars) -> None:
        for name, server in self.servers.items():
            server.route = WRITERS[name](bars.get(name, {}))

    def given(self, *symbols: str, limits: Limits | None = None) -> Given:
        def limiter_of(name: str, _: Limits) -> MemoryLimiter:
            return MemoryLimiter(name, limits or Limits(), clock=lambda: NOW)

        return Given(
            symbols=symbols,
            keys={"tiingo": "s3cret"},
            since=THURSDAY,
            limiter_of=limiter_of,
            patience=Patience(clock=lambda: NOW, sleep=lambda _: None),
            base_urls={name: server.base_url for name, server in self.servers.items()},
        )

    def failover(self, *symbols: str, limits: Limits | None = None) -> Failover:
        given = self.given(*symbols, limits=limits)
        return Failover([PROVIDERS[name].configured(given) for name in self.servers], symbols)

    def asked(self, name: str) -> list[str]:
        return [
            request.path.strip("/").split("/")[2 if name == "tiingo" else 3]
            for request in self.servers[name].requests
        ]


@pytest.fixture
def market() -> Iterator[Market]:
    with ReplayServer() as tiingo, ReplayServer() as yahoo:
        yield Market(tiingo, yahoo)


def told(delivery: Any) -> list[tuple[Any, ...]]:
    assert gate.apply(RawBars, delivery.bars).failing_rows == 0
    assert gate.apply(Findings, delivery.findings).failing_rows == 0
    return delivery.bars.select("symbol", "session", "provider", "close").rows()


def test_what_the_first_did_not_give_of_a_symbol_and_session_the_next_is_asked(
    market: Market,
) -> None:
    every = {THURSDAY: bar(11), FRIDAY: bar(12), MONDAY: bar(13)}
    market.has(
        tiingo={"AAPL": every, "MSFT": {THURSDAY: bar(21)}},
        yahoo={"AAPL": every, "MSFT": {FRIDAY: bar(22), MONDAY: bar(23)}, "IBM": {FRIDAY: bar(9)}},
    )
    delivery = market.failover("AAPL", "MSFT", "IBM").daily_bars(THURSDAY, MONDAY, known_at=NOW)
    assert told(delivery) == [
        ("AAPL", THURSDAY, "tiingo", 11),
        ("AAPL", FRIDAY, "tiingo", 12),
        ("AAPL", MONDAY, "tiingo", 13),
        ("IBM", FRIDAY, "yahoo", 9),
        ("MSFT", THURSDAY, "tiingo", 21),
        ("MSFT", FRIDAY, "yahoo", 22),
        ("MSFT", MONDAY, "yahoo", 23),
    ]
    assert market.asked("tiingo") == ["AAPL", "MSFT", "IBM"]
    assert market.asked("yahoo") == ["MSFT", "IBM"]
    begun = market.servers["yahoo"].requests[0].query["period1"]
    assert dt.datetime.fromtimestamp(int(begun), dt.UTC).date() == FRIDAY


def test_where_the_first_gave_all_the_next_is_not_asked(market: Market) -> None:
    market.has(tiingo={"AAPL": {FRIDAY: bar(12)}}, yahoo={"AAPL": {FRIDAY: bar(99)}})
    delivery = market.failover("AAPL").daily_bars(FRIDAY, FRIDAY, known_at=NOW)
    assert told(delivery) == [("AAPL", FRIDAY, "tiingo", 12)]
    assert market.asked("yahoo") == []


def test_a_bar_without_a_price_is_asked_of_the_next_and_kept(market: Market) -> None:
    market.has(tiingo={"AAPL": {FRIDAY: bar(None)}}, yahoo={"AAPL": {FRIDAY: bar(12)}})
    delivery = market.failover("AAPL").daily_bars(FRIDAY, FRIDAY, known_at=NOW)
    assert set(told(delivery)) == {
        ("AAPL", FRIDAY, "tiingo", None),
        ("AAPL", FRIDAY, "yahoo", 12),
    }


@pytest.mark.parametrize(
    "reply",
    [Reply(503, "down"), Reply(401, {"detail": "Invalid token. s3cret"}), Reply(429, "hourly")],
)
def test_a_provider_that_is_down_is_passed_over_and_that_is_a_finding(
    market: Market, reply: Reply, caplog: pytest.LogCaptureFixture
) -> None:
    market.has(yahoo={"AAPL": {FRIDAY: bar(12)}, "MSFT": {FRIDAY: bar(22)}})
    market.servers["tiingo"].route = lambda _: reply
    delivery = market.failover("AAPL", "MSFT").daily_bars(FRIDAY, FRIDAY, known_at=NOW)
    assert told(delivery) == [("AAPL", FRIDAY, "yahoo", 12), ("MSFT", FRIDAY, "yahoo", 22)]
    assert delivery.findings.select("provider", "rule", "session").rows() == [
        ("tiingo", "provider_failed", None)
    ]
    assert f"HTTP {reply.status}" in delivery.findings.item(0, "value")
    assert set(market.asked("tiingo")) == {"AAPL"}
    assert "tiingo is passed over" in caplog.text
    assert "s3cret" not in caplog.text + str(delivery.findings.rows())


def test_what_came_before_a_quota_ended_is_kept(market: Market) -> None:
    every = {"AAPL": {FRIDAY: bar(1)}, "IBM": {FRIDAY: bar(2)}, "MSFT": {FRIDAY: bar(3)}}
    market.has(tiingo=every, yahoo=every)
    shared = market.failover("AAPL", "IBM", "MSFT", limits=Limits(per_day=2))
    assert told(shared.daily_bars(FRIDAY, FRIDAY, known_at=NOW)) == [
        ("AAPL", FRIDAY, "tiingo", 1),
        ("IBM", FRIDAY, "tiingo", 2),
        ("MSFT", FRIDAY, "yahoo", 3),
    ]


def test_an_answer_that_cannot_be_used_is_about_its_symbol_alone(market: Market) -> None:
    every = {"AAPL": {FRIDAY: bar(1)}, "MSFT": {FRIDAY: bar(3)}}
    market.has(tiingo=every, yahoo=every)
    market.servers["tiingo"].queue(Reply(200, "<html></html>"))
    delivery = market.failover("AAPL", "MSFT").daily_bars(FRIDAY, FRIDAY, known_at=NOW)
    assert told(delivery) == [("AAPL", FRIDAY, "yahoo", 1), ("MSFT", FRIDAY, "tiingo", 3)]


def test_where_none_answers_the_error_says_what_each_said_and_whether_to_ask_again(
    market: Market,
) -> None:
    market.servers["tiingo"].route = lambda _: Reply(401, {"detail": "Invalid token."})
    market.servers["yahoo"].route = lambda _: Reply(503, "down")
    with pytest.raises(NobodyAnswered, match=r"tiingo answered HTTP 401.*HTTP 503") as busy:
        market.failover("AAPL").daily_bars(FRIDAY, FRIDAY, known_at=NOW)
    assert busy.value.retryable
    assert [type(one) for one in busy.value.failures.values()] == [ProviderRefused, ProviderBusy]
    market.servers["yahoo"].route = lambda _: Reply(403, {"message": "no"})
    with pytest.raises(NobodyAnswered, match="tiingo") as refused:
        market.failover("AAPL").daily_bars(FRIDAY, FRIDAY, known_at=NOW)
    assert not refused.value.retryable


def test_it_says_whom_it_asked_for_what_and_who_failed(market: Market) -> None:
    every = {"AAPL": {THURSDAY: bar(1), FRIDAY: bar(2), MONDAY: bar(3)}}
    market.has(tiingo=every, yahoo=every)
    whole = market.failover("AAPL").daily_bars(THURSDAY, MONDAY, known_at=NOW)
    assert [(one.provider, one.first, one.last, one.error) for one in whole.asked] == [
        ("tiingo", THURSDAY, MONDAY, None)
    ]
    market.has(tiingo={"AAPL": {THURSDAY: bar(1), FRIDAY: bar(None)}}, yahoo=every)
    both = market.failover("AAPL", "MSFT").daily_bars(THURSDAY, FRIDAY, known_at=NOW)
    assert [(one.provider, one.first, one.last, one.error) for one in both.asked] == [
        ("tiingo", THURSDAY, FRIDAY, None),
        ("yahoo", THURSDAY, FRIDAY, None),
    ]
    market.servers["tiingo"].route = lambda _: Reply(403, {"detail": "no"})
    first, second = market.failover("AAPL").daily_bars(FRIDAY, FRIDAY, known_at=NOW).asked
    assert (first.error, second.error) == ("tiingo answered HTTP 403: no", None)
    assert first.milliseconds >= 0


def test_a_folder_may_stand_before_a_network_provider(market: Market, tmp_path: Path) -> None:
    (tmp_path / "bars.csv").write_text(
        "symbol,session,open,high,low,close,volume\n"
        "AAPL,2023-03-09,10,30,5,11,100\nMSFT,2023-03-10,10,30,5,21,100\n"
    )
    market.has(yahoo={"AAPL": {FRIDAY: bar(12)}, "MSFT": {FRIDAY: bar(99)}})
    yahoo = PROVIDERS["yahoo"].configured(market.given("AAPL"))
    both = Failover([FolderProvider(tmp_path), yahoo])
    assert names_of(both) == ("folder", "yahoo")
    assert both.listing().get_column("symbol").to_list() == ["AAPL", "MSFT"]
    assert both.sessions() == (THURSDAY, MONDAY)
    assert told(both.daily_bars(THURSDAY, FRIDAY, known_at=NOW)) == [
        ("AAPL", THURSDAY, "folder", 11),
        ("AAPL", FRIDAY, "yahoo", 12),
        ("MSFT", FRIDAY, "folder", 21),
    ]


def metadata(exchange: str) -> Reply:
    return Reply(200, {"ticker": "AAPL", "name": "Apple Inc.", "exchangeCode": exchange})


def test_the_first_that_says_what_a_symbol_is_counts(market: Market, tmp_path: Path) -> None:
    (tmp_path / "bars.csv").write_text(
        "symbol,session,open,high,low,close,volume\nMSFT,2023-03-10,10,30,5,21,100\n"
    )
    feeds = [PROVIDERS[name].configured(market.given("AAPL")) for name in ("yahoo", "tiingo")]
    both = Failover([FolderProvider(tmp_path), *feeds])
    market.servers["tiingo"].queue(metadata("NASDAQ"))
    # MSFT is as the folder lists it; Yahoo knows none of them; Tiingo knows no ZZZZ.
    market.has()
    market.servers["tiingo"].route = lambda _: Reply(404, {"detail": "Not found."})
    assert both.listing_of(["AAPL", "MSFT", "ZZZZ"]).drop("first_session").rows() == [
        ("AAPL", "XNAS", "USD", "stock", "Apple Inc.")
    ]
    assert market.asked("tiingo") == ["AAPL", "ZZZZ"]


def test_one_that_cannot_say_what_a_symbol_is_stops_nobody(
    market: Market, caplog: pytest.LogCaptureFixture
) -> None:
    market.has()
    market.servers["tiingo"].route = lambda _: Reply(403, {"detail": "no"})
    assert market.failover("AAPL").listing_of(["AAPL"]).is_empty()
    assert "tiingo is passed over: tiingo answered HTTP 403: no" in caplog.text


def test_its_version_changes_with_that_of_any_of_them(market: Market) -> None:
    assert market.failover("AAPL").version() != market.failover("MSFT").version()
    assert market.failover("AAPL").version() == market.failover("AAPL").version()


class Reporter(SampleProvider):
    """The sample, which reports a split of AAPL, or fails to."""

    def __init__(self, name: str, error: Exception | None = None) -> None:
        super().__init__()
        self.name = name
        self.error = error

    def corporate_actions(
        self, first: dt.date, last: dt.date, *, known_at: dt.datetime
    ) -> ActionDelivery:
        if self.error is not None:
            raise self.error
        split = {"symbol": "AAPL", "ex_date": first, "kind": "split", "ratio": 2.0}
        said = {"provider": self.name, "known_at": known_at, "source": f"splits until {last}"}
        return ActionDelivery(
            pl.DataFrame([split | said], schema=ACTIONS.schema), pl.DataFrame(schema=FINDINGS)
        )


def test_all_providers_are_asked_for_actions_and_one_that_fails_is_a_finding() -> None:
    down = Reporter("down", ProviderBusy("out of order"))
    feed = Failover([Reporter("one"), SampleProvider(), down, Reporter("two")])
    day, now = dt.date(2005, 2, 28), dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
    told = feed.corporate_actions(day, day, known_at=now)
    assert told.actions["provider"].to_list() == ["one", "two"]
    assert told.findings.select("provider", "rule", "value").rows() == [
        ("down", "provider_failed", "out of order")
    ]
    assert [(one.provider, one.error) for one in told.asked] == [
        ("one", None),
        ("down", "out of order"),
        ("two", None),
    ]
