"""What each provider that is asked over the network does when all is well, and when it is not."""

import contextlib
import datetime as dt
import logging
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
from support.provider_replies import DASHED, WRITERS, WRONG_KEY, Bars, with_key
from support.replay_server import ReplayServer, Reply

from quantmatrix_adapters import providers
from quantmatrix_adapters.http import Patience
from quantmatrix_adapters.providers.base import Delivery, Given, SymbolProvider
from quantmatrix_engine import registry
from quantmatrix_engine.contracts import gate
from quantmatrix_engine.contracts.findings import Findings
from quantmatrix_engine.contracts.raw_bars import RawBars
from quantmatrix_engine.errors import (
    ProviderBusy,
    ProviderError,
    ProviderRefused,
    SettingsError,
)

PROVIDERS = registry.discover(providers, attribute="PROVIDER")
NETWORK = {name: one for name, one in PROVIDERS.items() if hasattr(one, "symbols_per_request")}
KEY = "an-id:a/s3cret+key"
NOW = dt.datetime(2023, 3, 14, 12, tzinfo=dt.UTC)
# New York goes to summer time between the two, on Sunday, March 12.
FRIDAY, MONDAY, TUESDAY = dt.date(2023, 3, 10), dt.date(2023, 3, 13), dt.date(2023, 3, 14)
AAPL_FRIDAY = (150.21, 150.94, 147.61, 148.5, 68524400.0)
AAPL_MONDAY = (147.805, 153.14, 147.7, 150.47, 84457100.0)
AAPL = {"AAPL": {FRIDAY: AAPL_FRIDAY, MONDAY: AAPL_MONDAY}}
COLUMNS = ("open", "high", "low", "close", "volume")
HTML = Reply(200, "<!DOCTYPE html><html><title>Maintenance</title></html>")


class Setting:
    """A provider, the server it asks, and how long it slept."""

    def __init__(self, name: str, server: ReplayServer) -> None:
        self.name = name
        self.server = server
        self.slept: list[float] = []

    def make(self, *symbols: str, timeout_seconds: float = 5.0) -> SymbolProvider:
        given = Given(
            symbols=symbols or ("AAPL",),
            keys={self.name: KEY},
            since=FRIDAY,
            patience=Patience(clock=lambda: NOW, sleep=self.slept.append, random=lambda: 0.0),
            base_urls={self.name: self.server.base_url},
            timeout_seconds=timeout_seconds,
        )
        made: SymbolProvider = NETWORK[self.name].configured(given)
        return made

    def answers(self, bars: Bars) -> None:
        self.server.route = WRITERS[self.name](bars)

    def good_reply(self) -> Reply:
        """Gives the reply to the question about Friday; the server is left as it was."""
        self.answers(AAPL)
        self.make().daily_bars(FRIDAY, FRIDAY, known_at=NOW)
        asked = self.server.requests.pop()
        route, self.server.route = self.server.route, None
        assert route is not None
        reply = route(asked)
        assert reply is not None
        return reply

    def friday(self, *symbols: str, **more: Any) -> Delivery:
        return self.make(*symbols, **more).daily_bars(FRIDAY, FRIDAY, known_at=NOW)


@pytest.fixture(params=NETWORK)
def setting(request: pytest.FixtureRequest) -> Iterator[Setting]:
    with ReplayServer() as server:
        yield Setting(request.param, server)


def rows(delivery: Delivery) -> list[tuple[Any, ...]]:
    return delivery.bars.select("symbol", "session", *COLUMNS).rows()


def assert_key_not_told(*texts: str) -> None:
    for text in texts:
        for secret in (KEY, "s3cret", "an-id:"):
            assert secret not in text


def told(error: BaseException) -> str:
    """Gives all that an error says: message, chain, representation and attributes."""
    assert error.__cause__ is None
    assert error.__context__ is None
    return "".join(traceback.format_exception(error)) + repr(error) + str(vars(error))


def test_each_of_them_has_a_writer_here() -> None:
    assert set(NETWORK) == set(WRITERS)
    assert {"alpaca", "alpha_vantage", "fmp", "polygon", "tiingo", "yahoo"} <= set(NETWORK)


def test_bars_are_as_traded_and_of_their_session_in_winter_and_summer(setting: Setting) -> None:
    setting.answers(AAPL)
    delivery = setting.make().daily_bars(FRIDAY, MONDAY, known_at=NOW)
    assert rows(delivery) == [
        ("AAPL", FRIDAY, *AAPL_FRIDAY),
        ("AAPL", MONDAY, *AAPL_MONDAY),
    ]
    assert delivery.findings.is_empty()


def test_only_what_was_asked_for_is_delivered(setting: Setting) -> None:
    setting.answers(AAPL | {"MSFT": {FRIDAY: AAPL_FRIDAY}})
    assert rows(setting.friday()) == [("AAPL", FRIDAY, *AAPL_FRIDAY)]


def test_a_share_class_is_asked_the_providers_way_and_bears_our_symbol(setting: Setting) -> None:
    theirs = "BRK-B" if setting.name in DASHED else "BRK.B"
    setting.answers({theirs: {FRIDAY: AAPL_FRIDAY}})
    assert rows(setting.friday("BRK.B")) == [("BRK.B", FRIDAY, *AAPL_FRIDAY)]


def test_the_source_names_the_request_without_the_key(setting: Setting) -> None:
    setting.answers(AAPL)
    (source,) = setting.friday().bars.get_column("source").to_list()
    assert source.startswith("GET /")
    assert source.partition("?")[0] == f"GET {setting.server.requests[0].path}"
    assert_key_not_told(source)


def test_the_key_is_sent(setting: Setting) -> None:
    setting.answers(AAPL)
    setting.friday()
    (asked,) = setting.server.requests
    sent = f"{asked.headers} {asked.query}"
    assert ("s3cret" in sent) == (setting.name != "yahoo")


def test_an_empty_answer_is_no_bar_and_no_finding(setting: Setting) -> None:
    setting.answers({"AAPL": {}})
    delivery = setting.friday()
    assert delivery.bars.is_empty()
    assert delivery.findings.is_empty()
    assert gate.apply(RawBars, delivery.bars).failing_rows == 0


def test_a_null_price_stays_null_for_the_gate_to_find(setting: Setting) -> None:
    setting.answers({"AAPL": {FRIDAY: (None, 150.94, 147.61, None, None), MONDAY: AAPL_MONDAY}})
    delivery = setting.make().daily_bars(FRIDAY, MONDAY, known_at=NOW)
    assert rows(delivery)[0] == ("AAPL", FRIDAY, None, 150.94, 147.61, None, None)
    assert gate.apply(RawBars, delivery.bars).failing_rows == 0


@pytest.mark.parametrize("cell", ["n/a", "1,234.5", "NaN", True, [1.0], "1e999", "1_0"])
def test_what_is_no_number_is_a_finding_and_the_other_rows_go_on(
    setting: Setting, cell: Any
) -> None:
    if setting.name == "alpha_vantage" and not isinstance(cell, str):
        cell = str(cell)
    setting.answers({"AAPL": {FRIDAY: (150.21, cell, *AAPL_FRIDAY[2:]), MONDAY: AAPL_MONDAY}})
    delivery = setting.make().daily_bars(FRIDAY, MONDAY, known_at=NOW)
    assert rows(delivery) == [("AAPL", MONDAY, *AAPL_MONDAY)]
    assert delivery.findings.select("symbol", "session", "rule", "column", "value").rows() == [
        ("AAPL", FRIDAY, "not_a_number", "high", str(cell))
    ]
    assert gate.apply(Findings, delivery.findings).failing_rows == 0


def test_a_symbol_it_does_not_know_stops_no_other(setting: Setting) -> None:
    setting.answers(AAPL)
    delivery = setting.friday("GONE", "AAPL")
    assert rows(delivery) == [("AAPL", FRIDAY, *AAPL_FRIDAY)]
    found = delivery.findings.select("symbol", "rule").rows()
    says_so = setting.name in ("tiingo", "yahoo", "alpha_vantage")
    assert found == ([("GONE", "unknown_symbol")] if says_so else [])
    assert setting.slept == []


def test_a_wrong_key_is_refused_at_once_and_not_told(
    setting: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    setting.server.queue(with_key(WRONG_KEY[setting.name], KEY))
    with pytest.raises(ProviderRefused, match=f"^{setting.name} answered HTTP") as raised:
        setting.friday()
    assert not raised.value.retryable
    assert len(setting.server.requests) == 1
    assert_key_not_told(told(raised.value), caplog.text)


def test_what_the_plan_does_not_cover_is_refused_at_once(setting: Setting) -> None:
    said = "You are not entitled to this data. Please upgrade your plan."
    setting.server.queue(Reply(403, {"status": "NOT_AUTHORIZED", "message": said}))
    with pytest.raises(ProviderRefused, match=said):
        setting.friday()
    assert len(setting.server.requests) == 1


@pytest.mark.parametrize("body", ["Too Many Requests\r\n", "", {"detail": "hourly allocation"}])
def test_too_many_requests_are_asked_again_when_it_says(setting: Setting, body: Any) -> None:
    good = setting.good_reply()
    setting.server.queue(Reply(429, body, {"Retry-After": "7"}), good)
    assert rows(setting.friday()) == [("AAPL", FRIDAY, *AAPL_FRIDAY)]
    assert setting.slept == [7.0]


def test_too_many_requests_again_and_again_are_an_error_with_its_wait(setting: Setting) -> None:
    setting.server.queue(*[Reply(429, {"error": "slow down"}, {"Retry-After": "20"})] * 4)
    with pytest.raises(ProviderBusy, match="HTTP 429: slow down") as raised:
        setting.friday()
    assert raised.value.retryable
    assert raised.value.retry_after_seconds == 20.0
    assert len(setting.server.requests) == 4


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_fault_of_the_server_is_asked_again(setting: Setting, status: int) -> None:
    good = setting.good_reply()
    setting.server.queue(Reply(status, "<html>Bad gateway</html>"), good)
    assert rows(setting.friday()) == [("AAPL", FRIDAY, *AAPL_FRIDAY)]
    assert setting.slept == [1.0]


def test_json_that_breaks_off_is_asked_for_again(setting: Setting) -> None:
    good = setting.good_reply()
    whole = good.encoded().decode()
    setting.server.queue(Reply(200, whole[: len(whole) // 2]), good)
    assert rows(setting.friday()) == [("AAPL", FRIDAY, *AAPL_FRIDAY)]
    setting.server.queue(*[Reply(200, whole[:-1])] * 4)
    with pytest.raises(ProviderBusy, match="JSON that breaks off"):
        setting.friday()


def test_a_body_shorter_than_promised_is_asked_for_again(setting: Setting) -> None:
    good = setting.good_reply()
    setting.server.queue(Reply(200, good.body, cut=True), good)
    assert rows(setting.friday()) == [("AAPL", FRIDAY, *AAPL_FRIDAY)]


@pytest.mark.parametrize("reply", [HTML, Reply(404, HTML.body), Reply(200, ""), Reply(302, "")])
def test_a_page_instead_of_json_is_an_error_at_once(setting: Setting, reply: Reply) -> None:
    setting.server.queue(reply)
    with pytest.raises(ProviderError, match="expected JSON") as raised:
        setting.friday()
    assert not raised.value.retryable
    assert len(setting.server.requests) == 1


@pytest.mark.parametrize("body", [{"surprise": 1}, [[1, 2]], "text", 7, {"chart": {"result": []}}])
def test_json_of_another_shape_is_an_error_or_findings_and_never_bars(
    setting: Setting, body: Any
) -> None:
    text = '"text"' if body == "text" else body
    setting.server.queue(Reply(200, text))
    delivery = None
    with contextlib.suppress(ProviderError):
        delivery = setting.friday()
    if delivery is not None:
        assert delivery.bars.is_empty()
        assert not delivery.findings.is_empty()


def test_silence_is_asked_again_and_then_an_error_without_the_key(
    setting: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    setting.server.queue(*[Reply(hangs=True)] * 4)
    with pytest.raises(ProviderBusy, match=r"did not answer within 0\.05 s") as raised:
        setting.friday(timeout_seconds=0.05)
    assert len(setting.server.requests) == 4
    assert_key_not_told(told(raised.value), caplog.text, repr(setting.make()))


def test_a_session_that_has_not_closed_is_not_delivered(setting: Setting) -> None:
    setting.answers({"AAPL": {MONDAY: AAPL_MONDAY, TUESDAY: AAPL_FRIDAY}})
    # 19:59 UTC is a minute before the close in summer time.
    before = dt.datetime(2023, 3, 14, 19, 59, tzinfo=dt.UTC)
    delivery = setting.make().daily_bars(MONDAY, TUESDAY, known_at=before)
    assert delivery.bars.get_column("session").to_list() == [MONDAY]
    after = setting.make().daily_bars(MONDAY, TUESDAY, known_at=before + dt.timedelta(minutes=1))
    assert after.bars.get_column("session").to_list() == [MONDAY, TUESDAY]


def test_a_range_without_a_session_asks_nothing(setting: Setting) -> None:
    sunday = dt.date(2023, 3, 12)
    assert setting.make().daily_bars(sunday, sunday, known_at=NOW).bars.is_empty()
    assert setting.server.requests == []


def test_its_sessions_end_with_the_last_that_closed(setting: Setting) -> None:
    assert setting.make().sessions() == (FRIDAY, MONDAY)


def test_another_symbol_changes_the_version(setting: Setting) -> None:
    assert setting.make("AAPL").version() != setting.make("MSFT").version()
    assert setting.make("AAPL", "MSFT").version() == setting.make("MSFT", "AAPL").version()


def test_without_its_key_the_setting_is_named(setting: Setting) -> None:
    given = Given(symbols=("AAPL",))
    if setting.name == "yahoo":
        assert NETWORK["yahoo"].configured(given).symbols == ("AAPL",)
        return
    variable = f"QUANTMATRIX_{setting.name.upper()}_KEY"
    with pytest.raises(SettingsError, match=variable):
        NETWORK[setting.name].configured(given)


@pytest.mark.parametrize("symbol", ["", "A B", "AAPL?x=1", "../AAPL", "A" * 33])
def test_what_is_no_symbol_is_refused(setting: Setting, symbol: str) -> None:
    with pytest.raises(SettingsError, match="is not a symbol"):
        setting.make(symbol, "AAPL")
