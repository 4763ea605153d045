"""Limits of a provider in a real database, asked by many at once."""

import datetime as dt
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from pipelines.rows import change, query
from support.replay_server import ReplayServer, Reply

from quantmatrix_adapters.http import Patience
from quantmatrix_adapters.limits import Breaker, Limits
from quantmatrix_adapters.providers.base import Given
from quantmatrix_adapters.providers.select import provider_from
from quantmatrix_engine.errors import ProviderPaused, ProviderRefused
from quantmatrix_models.database import Database
from quantmatrix_pipelines.stores.provider_limits import DatabaseLimiter

NOW = dt.datetime(2026, 11, 20, 12, 0, 30, tzinfo=dt.UTC)
MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)


class Time:
    def __init__(self) -> None:
        self.now = NOW


@pytest.fixture
def time() -> Time:
    return Time()


def limiter(database: Database, time: Time, limits: Limits | None = None, **breaker):
    return DatabaseLimiter(
        database,
        "tiingo",
        limits or Limits(),
        clock=lambda: time.now,
        breaker=Breaker(**breaker),
    )


def used(database: Database) -> list[tuple[object, ...]]:
    rows = "SELECT window_kind, window_start, requests, failures FROM provider_usage"
    return query(database, f"{rows} ORDER BY window_kind")


def test_a_request_is_counted_in_its_minute_day_and_month(database, time):
    kept = limiter(database, time)
    assert [kept.admit(), kept.admit()] == [0, 0]
    kept.failed("HTTP 503")
    assert used(database) == [
        ("day", dt.datetime(2026, 11, 20, tzinfo=dt.UTC), 2, 1),
        ("minute", dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC), 2, 1),
        ("month", dt.datetime(2026, 11, 1, tzinfo=dt.UTC), 2, 1),
    ]


def test_a_full_minute_says_how_long_to_wait_and_counts_nothing(database, time):
    kept = limiter(database, time, Limits(per_minute=1, per_day=5))
    assert [kept.admit(), kept.admit()] == [0, 30]
    assert [row[2] for row in used(database)] == [1, 1, 1]
    time.now += dt.timedelta(seconds=30)
    assert kept.admit() == 0


@pytest.mark.parametrize(
    ("limits", "until"),
    [
        (Limits(per_day=1), dt.datetime(2026, 11, 21, tzinfo=dt.UTC)),
        (Limits(per_month=1), dt.datetime(2026, 12, 1, tzinfo=dt.UTC)),
    ],
)
def test_a_used_up_quota_holds_for_another_process_and_ends(database, time, limits, until):
    assert limiter(database, time, limits).admit() == 0
    other = limiter(database, time)
    with pytest.raises(ProviderPaused, match="used up") as raised:
        other.admit()
    assert raised.value.until == until
    time.now = until
    assert other.admit() == 0


def test_the_limit_an_admin_set_counts_and_not_the_plug_ins(database, time):
    limiter(database, time, Limits(per_day=1)).admit()
    change(database, "UPDATE data_providers SET requests_per_day = 2")
    assert limiter(database, time, Limits(per_day=1)).admit() == 0
    with pytest.raises(ProviderPaused):
        limiter(database, time, Limits(per_day=1)).admit()


def test_a_provider_that_is_switched_off_is_not_asked(database, time):
    kept = limiter(database, time)
    kept.admit()
    change(database, "UPDATE data_providers SET is_enabled = false")
    with pytest.raises(ProviderPaused, match="switched off") as raised:
        kept.admit()
    assert raised.value.until is None


def test_threads_together_send_no_more_than_the_limit(database_url, time):
    def many(_: int) -> int:
        own = Database(database_url)
        kept = limiter(own, time, Limits(per_minute=17))
        admitted = sum(kept.admit() == 0 for _ in range(10))
        own.dispose()
        return admitted

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(many, range(4))) == 17


_PROCESS = """
import datetime as dt, sys
from quantmatrix_adapters.limits import Limits
from quantmatrix_engine.errors import ProviderPaused
from quantmatrix_models.database import Database
from quantmatrix_pipelines.stores.provider_limits import DatabaseLimiter

now = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
kept = DatabaseLimiter(Database(sys.argv[1]), "tiingo", Limits(per_day=25), clock=lambda: now)
admitted = 0
for _ in range(20):
    try:
        admitted += kept.admit() == 0
    except ProviderPaused:
        pass
print(admitted)
"""


def test_two_processes_together_send_no_more_than_the_quota(database_url):
    started = [
        subprocess.Popen(
            [sys.executable, "-c", _PROCESS, database_url], stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    assert sum(int(process.communicate(timeout=60)[0]) for process in started) == 25


def test_failures_in_a_row_stop_every_process_and_one_of_them_tries_again(database, time):
    kept, other = (limiter(database, time, failures=2, open_seconds=60) for _ in range(2))
    kept.admit()
    kept.failed("HTTP 503")
    assert other.admit() == 0
    other.failed("HTTP 500 of the second")
    for each in (kept, other):
        with pytest.raises(ProviderPaused, match="failed too often") as raised:
            each.admit()
    assert raised.value.until == NOW + MINUTE
    time.now += MINUTE
    assert other.admit() == 0  # the trial
    with pytest.raises(ProviderPaused):
        kept.admit()
    other.succeeded()
    assert kept.admit() == 0


def test_only_one_of_many_threads_is_let_through_as_the_trial(database_url, database, time):
    kept = limiter(database, time, failures=1, open_seconds=60)
    kept.admit()
    kept.failed("HTTP 503")
    time.now += MINUTE

    def attempt(_: int) -> bool:
        own = Database(database_url)
        try:
            return limiter(own, time, open_seconds=60).admit() == 0
        except ProviderPaused:
            return False
        finally:
            own.dispose()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(attempt, range(8))) == 1


def test_a_trial_without_a_turn_is_not_taken(database, time):
    kept = limiter(database, time, Limits(per_minute=1), failures=1, open_seconds=10)
    kept.admit()
    kept.failed("HTTP 503")
    time.now += dt.timedelta(seconds=10)
    assert kept.admit() == 20  # the minute is full: wait, and the trial is still to be had
    time.now += dt.timedelta(seconds=20)
    assert kept.admit() == 0


def test_a_long_stated_wait_stops_every_process_for_that_long(database, time):
    kept = limiter(database, time)
    kept.admit()
    kept.failed("HTTP 429", retry_after_seconds=3600)
    with pytest.raises(ProviderPaused) as raised:
        limiter(database, time).admit()
    assert raised.value.until == NOW + HOUR


def test_how_it_went_is_kept(database, time):
    kept = limiter(database, time)
    kept.admit()
    kept.failed("x" * 600)
    kept.admit()
    kept.succeeded()
    assert query(
        database,
        "SELECT consecutive_failures, last_success_at, last_failure_at, length(last_error)"
        " FROM data_providers",
    ) == [(0, NOW, NOW, 500)]


def test_a_provider_keeps_its_limits_here_and_no_key_with_them(database, time):
    given = Given(
        symbols=("AAPL",),
        keys={"tiingo": "s3cret"},
        limiter_of=lambda name, limits: DatabaseLimiter(
            database, name, limits, clock=lambda: time.now
        ),
        patience=Patience(clock=lambda: time.now, sleep=lambda _: None),
    )
    friday = dt.date(2023, 3, 10)
    with ReplayServer() as server:
        server.queue(Reply(200, []), Reply(401, {"detail": "Invalid token: s3cret"}))
        made = provider_from(replace(given, base_urls={"tiingo": server.base_url}), ["tiingo"])
        made.daily_bars(friday, friday, known_at=NOW)
        with pytest.raises(ProviderRefused):
            made.daily_bars(friday, friday, known_at=NOW)
    assert [row[2:] for row in used(database)] == [(2, 1)] * 3
    assert query(database, "SELECT requests_per_day, last_error FROM data_providers") == [
        (1_000, "tiingo answered HTTP 401: Invalid token: …")
    ]
