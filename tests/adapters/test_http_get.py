"""GETs: what is asked again, how long it waits, and that no secret is told."""

import datetime as dt
import logging
import traceback

import pytest
from support.replay_server import ReplayServer, Reply

from quantmatrix_adapters.http import HttpAnswer, HttpClient, Patience, retry_after_seconds
from quantmatrix_adapters.limits import Breaker, Limits, MemoryLimiter
from quantmatrix_engine.errors import HttpError, ProviderBusy, ProviderPaused, ProviderRefused

NOW = dt.datetime(2026, 11, 20, 12, 0, 30, tzinfo=dt.UTC)
SECRET = "s3cret-key"
GOOD = Reply(200, {"bars": 5})


@pytest.fixture
def server():
    with ReplayServer() as running:
        yield running


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = NOW
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += dt.timedelta(seconds=seconds)


@pytest.fixture
def time():
    return Time()


def client(server, time, *, random=0.0, limiter=None, timeout_seconds=5.0) -> HttpClient:
    patience = Patience(clock=lambda: time.now, sleep=time.sleep, random=lambda: random)
    return HttpClient(
        server.base_url,
        user_agent="quantmatrix",
        timeout_seconds=timeout_seconds,
        limiter=limiter,
        patience=patience,
    )


def ask(http: HttpClient, **more) -> HttpAnswer:
    headers = {"Authorization": f"Token {SECRET}"}
    return http.get(f"/bars/{SECRET}", query={"apikey": SECRET}, headers=headers, **more)


def test_query_and_headers_arrive(server, time):
    server.queue(GOOD)
    assert ask(client(server, time)).json() == {"bars": 5}
    (asked,) = server.requests
    assert asked.query == {"apikey": SECRET}
    assert asked.headers["authorization"] == f"Token {SECRET}"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_fault_is_asked_again(server, time, status):
    server.queue(Reply(status, "busy"), GOOD)
    assert ask(client(server, time)).status == 200
    assert time.slept == [1.0]


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 501])
def test_what_another_try_cannot_help_is_the_answer_at_once(server, time, status):
    server.queue(Reply(status, "no"))
    assert ask(client(server, time)).status == status
    assert time.slept == []


def test_waits_double_and_the_tries_end(server, time):
    server.queue(*[Reply(503, "down")] * 5)
    assert ask(client(server, time)).status == 503
    assert time.slept == [1.0, 2.0, 4.0]
    assert len(server.requests) == 4


def test_chance_takes_up_to_half_of_a_wait_away(server, time):
    server.queue(*[Reply(503, "down")] * 4)
    ask(client(server, time, random=1.0))
    assert time.slept == [0.5, 1.0, 2.0]


def test_a_body_that_broke_off_is_asked_for_again(server, time):
    server.queue(Reply(200, {"bars": [1, 2, 3]}, cut=True), GOOD)
    assert ask(client(server, time)).json() == {"bars": 5}


def test_silence_is_asked_again_and_then_an_error(server, time):
    server.queue(*[Reply(hangs=True)] * 4)
    with pytest.raises(HttpError, match=r"did not answer within 0\.05 s") as raised:
        ask(client(server, time, timeout_seconds=0.05))
    assert len(server.requests) == 4
    assert_not_told(raised.value)


def test_a_stated_wait_counts_before_our_own(server, time):
    server.queue(Reply(429, "", {"Retry-After": "7"}), GOOD)
    assert ask(client(server, time)).status == 200
    assert time.slept == [7.0]


def test_a_stated_date_is_waited_for(server, time):
    server.queue(Reply(503, "", {"Retry-After": "Fri, 20 Nov 2026 12:00:42 GMT"}), GOOD)
    ask(client(server, time))
    assert time.slept == [12.0]


def test_a_stated_wait_beyond_the_longest_ends_the_tries(server, time):
    server.queue(Reply(429, "", {"Retry-After": "61"}))
    assert ask(client(server, time)).status == 429
    assert time.slept == []


@pytest.mark.parametrize(
    ("stated", "seconds"),
    [
        ("0", 0.0),
        ("1.5", 1.5),
        ("Fri, 20 Nov 2026 12:00:00 GMT", 0.0),
        ("Fri, 20 Nov 2026 13:00:30 +0100", 0.0),
        ("soon", None),
        ("-3", None),
        ("", None),
        ("nan", None),
    ],
)
def test_retry_after_is_read(stated, seconds):
    assert retry_after_seconds(HttpAnswer(429, {"retry-after": stated}, b""), NOW) == seconds


def test_what_the_caller_finds_wrong_is_raised_and_retried_only_where_that_can_help(server, time):
    server.queue(Reply(200, {"error": "busy"}), Reply(200, {"error": "wrong key"}))
    errors = {"busy": ProviderBusy("busy"), "wrong key": ProviderRefused("wrong key")}
    with pytest.raises(ProviderRefused, match="wrong key"):
        ask(client(server, time), check=lambda answer: errors[answer.json()["error"]])
    assert len(server.requests) == 2


def test_no_log_line_and_no_error_holds_a_secret(server, time, caplog):
    caplog.set_level(logging.DEBUG)
    server.queue(Reply(500, "x"), *[Reply(200, "abcdef", cut=True)] * 3)
    with pytest.raises(HttpError) as raised:
        ask(client(server, time))
    assert_not_told(raised.value)
    assert '"GET /… HTTP/' in caplog.text
    assert SECRET not in caplog.text


def assert_not_told(error: BaseException) -> None:
    assert error.__cause__ is None
    assert error.__context__ is None
    told = "".join(traceback.format_exception(error)) + repr(error) + str(vars(error))
    assert SECRET not in told


# ---------------------------------------------------------------------------------- limits


def limiter(time, limits=None, **breaker) -> MemoryLimiter:
    return MemoryLimiter(
        "tiingo", limits or Limits(), clock=lambda: time.now, breaker=Breaker(**breaker)
    )


def test_a_request_waits_for_the_next_minute_when_this_one_is_full(server, time):
    server.route = lambda _: GOOD
    http = client(server, time, limiter=limiter(time, Limits(per_minute=2)))
    for _ in range(3):
        ask(http)
    assert time.slept == [30.0]  # it is 12:00:30
    assert len(server.requests) == 3


def test_a_request_that_gets_no_turn_in_time_is_not_sent(server, time):
    http = client(server, time, limiter=NoTurn())
    with pytest.raises(ProviderBusy, match="no turn within 600 s"):
        ask(http)
    assert (server.requests, time.slept) == ([], [60.0] * 10)


class NoTurn:
    def admit(self) -> float:
        return 60.0

    def succeeded(self) -> None: ...

    def failed(self, error: str, *, retry_after_seconds: float | None = None) -> None: ...


@pytest.mark.parametrize(
    ("limits", "until"),
    [
        (Limits(per_day=2), dt.datetime(2026, 11, 21, tzinfo=dt.UTC)),
        (Limits(per_month=2), dt.datetime(2026, 12, 1, tzinfo=dt.UTC)),
    ],
)
def test_a_used_up_quota_refuses_until_the_next_window(server, time, limits, until):
    server.route = lambda _: GOOD
    http = client(server, time, limiter=limiter(time, limits))
    ask(http)
    ask(http)
    with pytest.raises(ProviderPaused, match="used up") as raised:
        ask(http)
    assert raised.value.until == until
    assert not raised.value.retryable
    time.now = until
    assert ask(http).status == 200


def test_every_try_counts(server, time):
    server.queue(Reply(503, ""), Reply(503, ""))
    with pytest.raises(ProviderPaused, match="day are used up"):
        ask(client(server, time, limiter=limiter(time, Limits(per_day=2))))
    assert len(server.requests) == 2


def test_after_failures_in_a_row_nothing_is_sent_until_one_trial_succeeds(server, time):
    http = client(server, time, limiter=limiter(time, failures=4, open_seconds=100))
    server.queue(*[Reply(503, "")] * 4)
    assert ask(http).status == 503
    with pytest.raises(ProviderPaused, match="failed too often"):
        ask(http)
    assert len(server.requests) == 4
    time.now += dt.timedelta(seconds=100)
    server.queue(GOOD, GOOD)
    assert [ask(http).status, ask(http).status] == [200, 200]


def test_a_trial_that_fails_opens_the_breaker_again(time):
    kept = limiter(time, failures=2, open_seconds=100)
    kept.failed("a")
    kept.failed("b")
    time.now += dt.timedelta(seconds=100)
    assert kept.admit() == 0
    with pytest.raises(ProviderPaused):  # the trial is under way; nobody else is let through
        kept.admit()
    kept.failed("c")
    time.now += dt.timedelta(seconds=99)
    with pytest.raises(ProviderPaused):
        kept.admit()
    time.now += dt.timedelta(seconds=1)
    assert kept.admit() == 0


def test_a_success_in_between_begins_the_count_of_failures_anew(time):
    kept = limiter(time, failures=2)
    kept.failed("a")
    kept.succeeded()
    kept.failed("b")
    assert kept.admit() == 0


def test_a_long_stated_wait_opens_the_breaker_for_that_long(server, time):
    http = client(server, time, limiter=limiter(time))
    server.queue(Reply(429, "", {"Retry-After": "3600"}), GOOD)
    assert ask(http).status == 429
    time.now += dt.timedelta(seconds=3599)
    with pytest.raises(ProviderPaused):
        ask(http)
    time.now += dt.timedelta(seconds=1)
    assert ask(http).status == 200
