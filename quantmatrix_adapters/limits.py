"""How often a server may be asked: limits a minute, a day and a month, and a circuit breaker.

The breaker opens after so many failures in a row. While it is open nothing is sent; once its time
is over, one request is let through, and its end decides: closed again, or open as long once more.
"""

import datetime as dt
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from quantmatrix_engine.errors import ProviderPaused


@dataclass(frozen=True)
class Limits:
    """Most requests in a UTC minute, day and calendar month; None: no limit."""

    per_minute: int | None = None
    per_day: int | None = None
    per_month: int | None = None


@dataclass(frozen=True)
class Breaker:
    """After `failures` failures in a row nothing is sent for `open_seconds`."""

    failures: int = 5
    open_seconds: float = 300.0

    def open_until(
        self, now: dt.datetime, failures: int, retry_after_seconds: float | None
    ) -> dt.datetime | None:
        """Gives until when to send nothing after the `failures`-th failure in a row, or None.

        A stated wait as long as the breaker's own opens it at once, for that long.
        """
        stated = retry_after_seconds or 0.0
        if failures < self.failures and stated < self.open_seconds:
            return None
        # A date beyond any calendar would be an overflow; a day is asked again soon enough.
        return now + dt.timedelta(seconds=min(max(stated, self.open_seconds), 86_400.0))


class Limiter(Protocol):
    """Is asked before each request to one server and told how it went; threads may share it."""

    def admit(self) -> float:
        """Gives 0 and counts the request, or the seconds to wait before asking again.

        Raises ProviderPaused where waiting is not worth it: a quota is used up, the breaker is
        open, or a person switched the provider off.
        """
        ...

    def succeeded(self) -> None:
        """Says that the request was answered well; the breaker closes."""
        ...

    def failed(self, error: str, *, retry_after_seconds: float | None = None) -> None:
        """Says that the request failed and why, without secrets; the breaker counts it."""
        ...


class Unlimited:
    """Lets every request through at once."""

    def admit(self) -> float:
        """Gives 0."""
        return 0.0

    def succeeded(self) -> None:
        """Keeps nothing."""

    def failed(self, error: str, *, retry_after_seconds: float | None = None) -> None:
        """Keeps nothing."""


def starts_of(now: dt.datetime) -> tuple[dt.datetime, dt.datetime, dt.datetime]:
    """Gives the first moments of the UTC minute, day and month of `now`."""
    minute = now.astimezone(dt.UTC).replace(second=0, microsecond=0)
    day = minute.replace(hour=0, minute=0)
    return minute, day, day.replace(day=1)


def ends_of(now: dt.datetime) -> tuple[dt.datetime, dt.datetime, dt.datetime]:
    """Gives the first moments after the UTC minute, day and month of `now`."""
    minute, day, month = starts_of(now)
    next_month = (month + dt.timedelta(days=31)).replace(day=1)
    return minute + dt.timedelta(minutes=1), day + dt.timedelta(days=1), next_month


class MemoryLimiter:
    """Keeps the limits within this process, for when there is no database."""

    def __init__(
        self,
        name: str,
        limits: Limits,
        *,
        clock: Callable[[], dt.datetime],
        breaker: Breaker | None = None,
    ) -> None:
        self._name = name
        self._limits = (limits.per_minute, limits.per_day, limits.per_month)
        self._clock = clock
        self._breaker = breaker or Breaker()
        self._lock = threading.Lock()
        self._starts: tuple[dt.datetime, ...] = ()
        self._counts = [0, 0, 0]
        self._failures = 0
        self._open_until: dt.datetime | None = None

    def admit(self) -> float:
        """Keeps what Limiter promises."""
        with self._lock:
            now = self._clock()
            self._refuse_while_open(now)
            self._begin_windows(now)
            wait = self._wait_seconds(now)
            if wait == 0:
                self._counts = [count + 1 for count in self._counts]
                if self._open_until is not None:
                    # This one request is the trial; the next waits for how it ends.
                    self._open_until = now + dt.timedelta(seconds=self._breaker.open_seconds)
            return wait

    def succeeded(self) -> None:
        """Keeps what Limiter promises."""
        with self._lock:
            self._failures, self._open_until = 0, None

    def failed(self, error: str, *, retry_after_seconds: float | None = None) -> None:  # noqa: ARG002
        """Keeps what Limiter promises."""
        with self._lock:
            self._failures += 1
            opened = self._breaker.open_until(self._clock(), self._failures, retry_after_seconds)
            self._open_until = opened or self._open_until

    def _refuse_while_open(self, now: dt.datetime) -> None:
        if self._open_until is not None and now < self._open_until:
            raise breaker_is_open(self._name, self._open_until)

    def _begin_windows(self, now: dt.datetime) -> None:
        starts = starts_of(now)
        kept = self._starts or starts
        self._counts = [
            count if start == before else 0
            for count, start, before in zip(self._counts, starts, kept, strict=True)
        ]
        self._starts = starts

    def _wait_seconds(self, now: dt.datetime) -> float:
        full = [
            limit is not None and count >= limit
            for count, limit in zip(self._counts, self._limits, strict=True)
        ]
        ends = ends_of(now)
        for window, (is_full, end) in enumerate(zip(full, ends, strict=True)):
            if is_full and window > 0:
                raise quota_is_spent(self._name, ("minute", "day", "month")[window], end)
        return (ends[0] - now).total_seconds() if full[0] else 0.0


def breaker_is_open(name: str, until: dt.datetime) -> ProviderPaused:
    """Gives the error of a provider that failed too often."""
    return ProviderPaused(
        f"{name} is not asked before {until:%Y-%m-%d %H:%M:%S} UTC: it failed too often in a row.",
        until=until,
    )


def quota_is_spent(name: str, window: str, until: dt.datetime) -> ProviderPaused:
    """Gives the error of a provider whose quota of this `window` is used up."""
    return ProviderPaused(
        f"{name} is not asked before {until:%Y-%m-%d %H:%M:%S} UTC: "
        f"its requests of this {window} are used up.",
        until=until,
    )
