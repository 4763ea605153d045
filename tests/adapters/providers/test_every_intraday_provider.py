"""What each provider of intraday bars does when all is well, and when it is not."""

import contextlib
import datetime as dt
import json
import logging
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.intraday_replies import WRITERS, Bars, chart, five_minutes
from support.provider_replies import DASHED, WRONG_KEY, with_key
from support.replay_server import ReplayServer, Reply

from quantmatrix_adapters import providers
from quantmatrix_adapters.http import Patience
from quantmatrix_adapters.providers.base import Given, IntradayDelivery, IntradayProvider
from quantmatrix_engine import registry
from quantmatrix_engine.contracts import gate
from quantmatrix_engine.contracts.findings import Findings
from quantmatrix_engine.contracts.raw_intraday_bars import RawIntradayBars
from quantmatrix_engine.errors import HttpError, ProviderBusy, ProviderError, ProviderRefused

PROVIDERS = registry.discover(providers, attribute="PROVIDER")
NETWORK = {name: one for name, one in PROVIDERS.items() if hasattr(one, "symbols_per_request")}
KEY = "an-id:a/s3cret+key"
NOW = dt.datetime(2023, 3, 14, 12, tzinfo=dt.UTC)
# New York goes to summer time between the two, on Sunday, March 12: it opens at 14:30, then 13:30.
FRIDAY, MONDAY, TUESDAY = dt.date(2023, 3, 10), dt.date(2023, 3, 13), dt.date(2023, 3, 14)
OPEN_FRIDAY = dt.datetime(2023, 3, 10, 14, 30, tzinfo=dt.UTC)
OPEN_MONDAY = dt.datetime(2023, 3, 13, 13, 30, tzinfo=dt.UTC)
OPEN_TUESDAY = OPEN_MONDAY + dt.timedelta(days=1)
ONE = (150.21, 150.94, 149.61, 150.5, 68524.0)
TWO = (150.5, 151.0, 150.25, 150.75, 44571.0)
FIVE = dt.timedelta(minutes=5)
AAPL = {"AAPL": {**five_minutes(OPEN_FRIDAY, ONE, TWO), **five_minutes(OPEN_MONDAY, TWO)}}
COLUMNS = ("open", "high", "low", "close", "volume")


class Setting:
    """A provider, the server it asks, and how long it slept."""

    def __init__(self, name: str, server: ReplayServer) -> None:
        self.name = name
        self.server = server
        self.slept: list[float] = []

    def make(self, *, timeout_seconds: float = 5.0) -> Any:
        given = Given(
            symbols=("AAPL",),
            keys={self.name: KEY},
            patience=Patience(clock=lambda: NOW, sleep=self.slept.append, random=lambda: 0.0),
            base_urls={self.name: self.server.base_url},
            timeout_seconds=timeout_seconds,
        )
        return NETWORK[self.name].configured(given)

    def answers(self, bars: Bars) -> None:
        self.server.route = WRITERS[self.name](bars)

    def ask(
        self,
        *symbols: str,
        first: dt.date = FRIDAY,
        last: dt.date = FRIDAY,
        known_at: dt.datetime = NOW,
        **more: Any,
    ) -> IntradayDelivery:
        asked = symbols or ("AAPL",)
        told = self.make(**more).intraday_bars(asked, first, last, known_at=known_at)
        assert isinstance(told, IntradayDelivery)
        assert gate.apply(RawIntradayBars, told.bars).failing_rows == 0
        assert gate.apply(Findings, told.findings).failing_rows == 0
        return told

    def good_reply(self) -> Reply:
        """Gives the reply to the question about Friday; the server is left as it was."""
        self.answers(AAPL)
        self.ask()
        asked = self.server.requests.pop()
        route, self.server.route = self.server.route, None
        assert route is not None
        reply = route(asked)
        assert reply is not None
        return reply


@pytest.fixture(params=WRITERS)
def setting(request: pytest.FixtureRequest) -> Iterator[Setting]:
    with ReplayServer() as server:
        yield Setting(request.param, server)


def rows(told: IntradayDelivery) -> list[tuple[Any, ...]]:
    return told.bars.select("symbol", "starts_at", *COLUMNS).rows()


FRIDAYS = [("AAPL", OPEN_FRIDAY, *ONE), ("AAPL", OPEN_FRIDAY + FIVE, *TWO)]


def found(told: IntradayDelivery) -> list[tuple[Any, ...]]:
    return told.findings.select("symbol", "rule", "column").rows()


def assert_key_not_told(*texts: str) -> None:
    for text in texts:
        for secret in (KEY, "s3cret", "an-id:"):
            assert secret not in text


def told_by(error: BaseException) -> str:
    assert error.__cause__ is None
    assert error.__context__ is None
    return "".join(traceback.format_exception(error)) + repr(error) + str(vars(error))


def test_those_that_give_intraday_bars_are_tested_here() -> None:
    with ReplayServer() as server:
        able = {
            name for name in NETWORK if isinstance(Setting(name, server).make(), IntradayProvider)
        }
    assert able == set(WRITERS)


def test_bars_start_when_it_says_in_winter_and_in_summer(setting: Setting) -> None:
    setting.answers(AAPL)
    told = setting.ask(last=MONDAY)
    assert rows(told) == [*FRIDAYS, ("AAPL", OPEN_MONDAY, *TWO)]
    assert told.bars.select("provider", "interval", "known_at").unique().rows() == [
        (setting.name, "5m", NOW)
    ]
    assert told.findings.is_empty()


def test_the_source_names_the_request_without_the_key(setting: Setting) -> None:
    setting.answers(AAPL)
    (source,) = setting.ask().bars["source"].unique().to_list()
    assert source.partition("?")[0] == f"GET {setting.server.requests[0].path}"
    assert_key_not_told(source)


def test_several_symbols_are_sorted_and_only_those_asked_for_given(setting: Setting) -> None:
    one = five_minutes(OPEN_FRIDAY, ONE)
    setting.answers({"MSFT": one, "AAPL": one, "IBM": one})
    assert [row[0] for row in rows(setting.ask("MSFT", "AAPL"))] == ["AAPL", "MSFT"]


def test_a_share_class_is_asked_the_providers_way_and_bears_our_symbol(setting: Setting) -> None:
    theirs = "BRK-B" if setting.name in DASHED else "BRK.B"
    setting.answers({theirs: five_minutes(OPEN_FRIDAY, ONE)})
    assert rows(setting.ask("BRK.B")) == [("BRK.B", OPEN_FRIDAY, *ONE)]


def test_an_empty_answer_is_no_bar_and_no_finding(setting: Setting) -> None:
    setting.answers({"AAPL": {}})
    told = setting.ask()
    assert told.bars.is_empty()
    assert told.findings.is_empty()


def test_a_null_stays_null_for_the_gate_to_find(setting: Setting) -> None:
    nulls = (None, 150.94, 149.61, None, None)
    setting.answers({"AAPL": five_minutes(OPEN_FRIDAY, nulls, TWO)})
    assert rows(setting.ask())[0] == ("AAPL", OPEN_FRIDAY, *nulls)


@pytest.mark.parametrize("cell", ["n/a", "1,234.5", True, [1.0]])
def test_what_is_no_number_is_a_finding_and_the_other_rows_go_on(
    setting: Setting, cell: Any
) -> None:
    setting.answers({"AAPL": five_minutes(OPEN_FRIDAY, (150.21, cell, *ONE[2:]), TWO)})
    told = setting.ask()
    assert rows(told) == FRIDAYS[1:]
    assert told.findings.select("symbol", "session", "rule", "column", "value").rows() == [
        ("AAPL", None, "not_a_number", "high", str(cell))
    ]


def test_a_symbol_it_does_not_know_stops_no_other(setting: Setting) -> None:
    setting.answers(AAPL)
    told = setting.ask("GONE", "AAPL")
    assert rows(told) == FRIDAYS
    says_so = setting.name in ("tiingo", "yahoo")
    assert found(told) == ([("GONE", "unknown_symbol", "symbol")] if says_so else [])
    assert setting.slept == []


def test_a_moment_that_is_none_is_a_finding(setting: Setting) -> None:
    text = json.dumps(setting.good_reply().body)
    seconds = int(OPEN_FRIDAY.timestamp())
    for moment in (
        f'"{OPEN_FRIDAY:%Y-%m-%dT%H:%M:%S}.000Z"',
        f'"{OPEN_FRIDAY:%Y-%m-%dT%H:%M:%S}Z"',
    ):
        text = text.replace(moment, '"half past nine"')
    text = text.replace(f"{seconds}000", '"half past nine"').replace(f"{seconds}", '"half past"')
    setting.server.queue(Reply(200, text))
    told = setting.ask()
    assert rows(told) == FRIDAYS[1:]
    assert found(told) == [("AAPL", "not_a_date", "starts_at")]


def test_what_was_not_asked_for_is_a_finding(setting: Setting) -> None:
    good = setting.good_reply()
    setting.server.queue(good)
    told = setting.ask(first=MONDAY, last=MONDAY)
    # Yahoo is asked up to the present, so that its good answer has Monday's bar, too.
    assert rows(told) == ([("AAPL", OPEN_MONDAY, *TWO)] if setting.name == "yahoo" else [])
    assert found(told) == [("AAPL", "broken_contract", "starts_at")] * 2


def test_a_wrong_key_is_refused_at_once_and_not_told(
    setting: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    setting.server.queue(with_key(WRONG_KEY[setting.name], KEY))
    with pytest.raises(ProviderRefused, match=f"^{setting.name} answered HTTP") as raised:
        setting.ask()
    assert len(setting.server.requests) == 1
    assert_key_not_told(told_by(raised.value), caplog.text)


def test_what_the_plan_does_not_cover_is_refused_at_once(setting: Setting) -> None:
    said = "You are not entitled to this data. Please upgrade your plan."
    setting.server.queue(Reply(403, {"status": "NOT_AUTHORIZED", "message": said}))
    with pytest.raises(ProviderRefused, match=said):
        setting.ask()
    assert len(setting.server.requests) == 1


@pytest.mark.parametrize(
    ("replies", "slept"),
    [
        ([Reply(429, "Too Many Requests", {"Retry-After": "7"})], [7.0]),
        ([Reply(500, "<html>Oops</html>")], [1.0]),
        ([Reply(503, {"message": "later"})], [1.0]),
        ([Reply(200, '{"bars": {"AAPL": [')], [1.0]),
        ([Reply(200, {"whole": "no"}, cut=True)], [1.0]),
    ],
    ids=["429", "500", "503", "truncated", "cut"],
)
def test_what_may_be_better_next_time_is_asked_again(
    setting: Setting, replies: list[Reply], slept: list[float]
) -> None:
    good = setting.good_reply()
    setting.server.queue(*replies, good)
    assert rows(setting.ask()) == FRIDAYS
    assert setting.slept == slept


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(429, {"error": "slow down"}), ProviderBusy),
        (Reply(502, "<html>Bad gateway</html>"), ProviderBusy),
        (Reply(200, '[{"date": "2023-'), ProviderBusy),
        (Reply(hangs=True), (ProviderBusy, HttpError)),
    ],
    ids=["429", "502", "truncated", "hangs"],
)
def test_a_provider_that_fails_raises_and_after_an_answer_keeps_what_it_gave(
    setting: Setting, reply: Reply, error: Any, caplog: pytest.LogCaptureFixture
) -> None:
    good = setting.good_reply()
    setting.server.queue(*[reply] * 4)
    with pytest.raises(error) as raised:
        setting.ask(timeout_seconds=0.1)
    assert raised.value.retryable
    assert_key_not_told(told_by(raised.value), caplog.text)
    # Two questions: two symbols or, of Alpaca, which is asked for many at once, two months.
    setting.server.queue(good, *[reply] * 4)
    if setting.name == "alpaca":
        told = setting.ask(first=dt.date(2023, 2, 10), last=MONDAY, timeout_seconds=0.1)
    else:
        told = setting.ask("AAPL", "MSFT", timeout_seconds=0.1)
    assert rows(told) == FRIDAYS
    (failure,) = told.findings.select("provider", "rule", "source").rows()
    assert failure[:2] == (setting.name, "provider_failed")
    assert failure[2].startswith("intraday bars of ")


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, "<!DOCTYPE html><title>Maintenance</title>"),
        Reply(404, "<html>no</html>"),
        Reply(200, ""),
        Reply(302, ""),
    ],
    ids=["html", "404 html", "nothing", "redirect"],
)
def test_a_page_instead_of_json_is_an_error_at_once(setting: Setting, reply: Reply) -> None:
    setting.server.queue(reply)
    with pytest.raises(ProviderError, match="expected JSON") as raised:
        setting.ask()
    assert not raised.value.retryable
    assert len(setting.server.requests) == 1


@pytest.mark.parametrize(
    "body",
    [{"error": "surprise"}, [[1, 2]], '"text"', 7, {"chart": {"result": []}}, {"results": [{}]}],
)
def test_json_of_another_shape_is_an_error_or_findings_and_never_bars(
    setting: Setting, body: Any
) -> None:
    setting.server.queue(Reply(200, body))
    told = None
    with contextlib.suppress(ProviderError):
        told = setting.ask()
    if told is not None:
        assert told.bars.is_empty()
        assert not told.findings.is_empty()


def test_a_session_that_has_not_closed_is_not_delivered(setting: Setting) -> None:
    setting.answers({"AAPL": {OPEN_MONDAY: ONE, OPEN_TUESDAY: TWO}})
    # 19:59 UTC is a minute before the close in summer time.
    before = dt.datetime(2023, 3, 14, 19, 59, tzinfo=dt.UTC)
    told = setting.ask(first=MONDAY, last=TUESDAY, known_at=before)
    assert told.bars["starts_at"].to_list() == [OPEN_MONDAY]
    after = setting.ask(first=MONDAY, last=TUESDAY, known_at=before + dt.timedelta(minutes=1))
    assert after.bars["starts_at"].to_list() == [OPEN_MONDAY, OPEN_TUESDAY]


def test_where_there_is_no_session_or_no_symbol_nothing_is_asked(setting: Setting) -> None:
    sunday = dt.date(2023, 3, 12)
    assert setting.ask(first=sunday, last=sunday).bars.is_empty()
    assert setting.make().intraday_bars([], FRIDAY, FRIDAY, known_at=NOW).bars.is_empty()
    assert setting.server.requests == []


# ------------------------------------------------------------------------------ one by one


@pytest.fixture
def server() -> Iterator[ReplayServer]:
    with ReplayServer() as running:
        yield running


def test_alpaca_is_asked_from_the_open_to_the_last_five_minutes_of_a_half_day(
    server: ReplayServer,
) -> None:
    alpaca = Setting("alpaca", server)
    alpaca.answers({"AAPL": {}})
    half_day = dt.date(2016, 11, 25)
    alpaca.ask(first=half_day, last=half_day)
    (asked,) = server.requests
    hours = asked.query["start"], asked.query["end"]
    assert hours == ("2016-11-25T14:30:00Z", "2016-11-25T17:55:00Z")


def test_polygon_is_asked_between_the_milliseconds_of_open_and_close(
    server: ReplayServer,
) -> None:
    polygon = Setting("polygon", server)
    polygon.answers({"AAPL": {}})
    polygon.ask(first=MONDAY, last=MONDAY)
    (asked,) = server.requests
    # 2023-03-13T13:30Z and 20:00Z, less a millisecond.
    assert asked.path == "/v2/aggs/ticker/AAPL/range/5/minute/1678714200000/1678737599999"


def test_polygon_that_answers_adjusted_prices_is_refused(server: ReplayServer) -> None:
    polygon = Setting("polygon", server)
    body = polygon.good_reply().body
    server.queue(Reply(200, body | {"adjusted": True}))
    with pytest.raises(ProviderError, match="'adjusted': false"):
        polygon.ask()


def test_polygon_follows_its_pages(server: ReplayServer) -> None:
    polygon = Setting("polygon", server)
    body = polygon.good_reply().body
    first, second = ({**body, "results": [one]} for one in body["results"])
    path = "/v2/aggs/ticker/AAPL/range/5/minute/1/2"
    following = {"next_url": f"https://api.polygon.io{path}?cursor=abc"}
    server.queue(Reply(200, first | following), Reply(200, second))
    assert rows(polygon.ask()) == FRIDAYS
    assert (server.requests[1].path, server.requests[1].query) == (path, {"cursor": "abc"})


def test_a_long_range_is_asked_a_month_at_a_time(server: ReplayServer) -> None:
    tiingo = Setting("tiingo", server)
    tiingo.answers({"AAPL": {}})
    tiingo.ask(first=dt.date(2023, 1, 3), last=FRIDAY)
    # 19 sessions from January 3 to 31 leave out the 16th; the 20th is February 1.
    asked = [(one.query["startDate"], one.query["endDate"]) for one in server.requests]
    assert asked == [
        ("2023-01-03", "2023-01-31"),
        ("2023-02-01", "2023-03-01"),
        ("2023-03-02", "2023-03-10"),
    ]


def test_yahoo_undoes_a_split_that_came_later(server: ReplayServer) -> None:
    yahoo = Setting("yahoo", server)
    split = {
        "splits": {"x": {"date": int(OPEN_MONDAY.timestamp()), "numerator": 4, "denominator": 1}}
    }
    bars = {**five_minutes(OPEN_FRIDAY, ONE), **five_minutes(OPEN_MONDAY, TWO)}
    server.route = lambda asked: Reply(200, chart("AAPL", bars, asked.query, split))
    told = yahoo.ask(last=MONDAY)
    assert rows(told) == [
        ("AAPL", OPEN_FRIDAY, 600.84, 603.76, 598.44, 602.0, 17131.0),
        ("AAPL", OPEN_MONDAY, *TWO),
    ]


def test_yahoo_says_that_a_range_is_too_old(server: ReplayServer) -> None:
    said = "5m data not available for startTime=1 and endTime=2. The requested range must be within"
    error = {"code": "Unprocessable Entity", "description": f"{said} the last 60 days."}
    server.queue(Reply(422, {"chart": {"result": None, "error": error}}))
    with pytest.raises(ProviderError, match="within the last 60 days"):
        Setting("yahoo", server).ask()


# ------------------------------------------------------------------------------- recordings


def recorded(shared_data: Path, name: str) -> Reply:
    told = json.loads((shared_data / "providers" / f"{name}.json").read_text())["response"]
    return Reply(told["status"], told["json"])


def test_tiingo_as_recorded_gives_moments_and_prices(
    server: ReplayServer, shared_data: Path
) -> None:
    # Half hours, asked without `columns`: there is no volume.
    server.queue(recorded(shared_data, "tiingo/intraday_price"))
    day = dt.date(2018, 1, 2)
    told = Setting("tiingo", server).ask("GOOGL", first=day, last=day)
    first = dt.datetime(2018, 1, 2, 14, 30, tzinfo=dt.UTC)
    assert rows(told)[0] == ("GOOGL", first, 1057.47, 1061.91, 1054.17, 1061.91, None)
    assert told.bars.height == 13
    assert told.findings.is_empty()


def test_yahoo_as_recorded_for_a_weekend_is_nothing(
    server: ReplayServer, shared_data: Path
) -> None:
    name = "yahoo/chart-AAPL-2025-02-01-to-2025-02-02-includePrePost-false-interval-1m"
    server.queue(recorded(shared_data, name))
    day = dt.date(2025, 1, 31)
    at = dt.datetime(2025, 2, 20, 12, tzinfo=dt.UTC)
    told = Setting("yahoo", server).ask(first=day, last=day, known_at=at)
    assert (told.bars.height, told.findings.height) == (0, 0)


def test_alpaca_and_polygon_as_recorded_for_nothing_give_nothing(
    server: ReplayServer, shared_data: Path
) -> None:
    server.queue(recorded(shared_data, "alpaca/test_get_bars_multi_empty_response_4"))
    assert Setting("alpaca", server).ask().bars.is_empty()
    server.queue(recorded(shared_data, "polygon/empty"))
    assert Setting("polygon", server).ask().bars.is_empty()
