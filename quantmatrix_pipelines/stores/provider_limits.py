"""The limits of a provider, kept in the database for all processes together.

What may be sent stands in `data_providers`, where an admin changes it; what was sent is counted in
`provider_usage`. Each count is one atomic statement, so no two processes overrun a limit.
"""

import datetime as dt
from collections.abc import Callable

from sqlalchemy import Connection, Row, text

from quantmatrix_adapters.limits import (
    Breaker,
    Limits,
    breaker_is_open,
    ends_of,
    quota_is_spent,
    starts_of,
)
from quantmatrix_engine.errors import ProviderPaused
from quantmatrix_models.database import Database
from quantmatrix_models.market_data import UsageWindow
from quantmatrix_models.privileges import Role

# The longest first: whoever finds the month used up has not counted in the day.
_WINDOWS = (UsageWindow.MONTH, UsageWindow.DAY, UsageWindow.MINUTE)
_ERROR_LIMIT = 500

_REGISTER = text(
    "INSERT INTO data_providers (name, requests_per_minute, requests_per_day, requests_per_month)"
    " VALUES (:name, :minute, :day, :month) ON CONFLICT DO NOTHING"
)
_STATE = text(
    "SELECT is_enabled, circuit_open_until, requests_per_minute AS minute,"
    " requests_per_day AS day, requests_per_month AS month FROM data_providers WHERE name = :name"
)
_COUNT = text(
    "INSERT INTO provider_usage AS used (provider, window_kind, window_start, requests)"
    " VALUES (:name, :kind, :start, 1)"
    " ON CONFLICT (provider, window_kind, window_start) DO UPDATE SET requests = used.requests + 1"
    " WHERE CAST(:most AS bigint) IS NULL OR used.requests < :most RETURNING used.requests"
)
# Of all that see the breaker's time is over, the first to move it on sends the trial.
_TAKE_TRIAL = text(
    "UPDATE data_providers SET circuit_open_until = :until"
    " WHERE name = :name AND circuit_open_until <= :now RETURNING name"
)
_SUCCEEDED = text(
    "UPDATE data_providers SET consecutive_failures = 0, circuit_open_until = NULL,"
    " last_success_at = :now WHERE name = :name"
)
_FAILED = text(
    "UPDATE data_providers SET consecutive_failures = consecutive_failures + 1,"
    " last_failure_at = :now, last_error = :error WHERE name = :name"
    " RETURNING consecutive_failures"
)
_OPEN = text("UPDATE data_providers SET circuit_open_until = :until WHERE name = :name")
_COUNT_FAILURE = text(
    "UPDATE provider_usage SET failures = failures + 1 WHERE provider = :name"
    " AND window_kind = :kind AND window_start = :start AND failures < requests"
)


class _Full(Exception):
    """A window has no request left; raised so that what was counted before it is undone."""

    def __init__(self, kind: UsageWindow) -> None:
        super().__init__(kind)
        self.kind = kind


class DatabaseLimiter:
    """Keeps what `adapters.limits.Limiter` promises, across processes.

    A provider that is not in `data_providers` yet is added with `limits`; from then on the limits
    in the table count. Windows are those of the UTC clock, so around the end of a minute twice its
    limit may be sent within sixty seconds.
    """

    def __init__(
        self,
        database: Database,
        name: str,
        limits: Limits,
        *,
        clock: Callable[[], dt.datetime],
        breaker: Breaker | None = None,
    ) -> None:
        self._database = database
        self._name = name
        self._limits = limits
        self._clock = clock
        self._breaker = breaker or Breaker()

    def admit(self) -> float:
        """Keeps what Limiter promises. Raises DatabaseError where the database is away."""
        now = self._clock()
        try:
            with self._database.transaction(Role.PIPELINE) as connection:
                state = self._state(connection)
                self._refuse_while_open(connection, state, now)
                self._count(connection, state, now)
        except _Full as full:
            kind = full.kind
        else:
            return 0.0
        minute_ends, day_ends, month_ends = ends_of(now)
        if kind is UsageWindow.MINUTE:
            return (minute_ends - now).total_seconds()
        raise quota_is_spent(
            self._name, kind.value, day_ends if kind is UsageWindow.DAY else month_ends
        )

    def succeeded(self) -> None:
        """Keeps what Limiter promises."""
        with self._database.transaction(Role.PIPELINE) as connection:
            connection.execute(_SUCCEEDED, {"name": self._name, "now": self._clock()})

    def failed(self, error: str, *, retry_after_seconds: float | None = None) -> None:
        """Keeps what Limiter promises; of the error its first 500 characters are kept."""
        now = self._clock()
        with self._database.transaction(Role.PIPELINE) as connection:
            failures = connection.execute(
                _FAILED, {"name": self._name, "now": now, "error": error[:_ERROR_LIMIT]}
            ).scalar_one()
            until = self._breaker.open_until(now, failures, retry_after_seconds)
            if until is not None:
                connection.execute(_OPEN, {"name": self._name, "until": until})
            for kind, start in _starts(now):
                connection.execute(
                    _COUNT_FAILURE, {"name": self._name, "kind": kind.value, "start": start}
                )

    def _state(self, connection: Connection) -> Row[tuple[object, ...]]:
        found = connection.execute(_STATE, {"name": self._name}).one_or_none()
        if found is not None:
            return found
        limits = {
            "minute": self._limits.per_minute,
            "day": self._limits.per_day,
            "month": self._limits.per_month,
        }
        connection.execute(_REGISTER, {"name": self._name, **limits})
        return connection.execute(_STATE, {"name": self._name}).one()

    def _refuse_while_open(
        self, connection: Connection, state: Row[tuple[object, ...]], now: dt.datetime
    ) -> None:
        if not state.is_enabled:
            raise ProviderPaused(
                f"{self._name} is not asked: it is switched off in data_providers.", until=None
            )
        if state.circuit_open_until is None:
            return
        until = now + dt.timedelta(seconds=self._breaker.open_seconds)
        taken = connection.execute(
            _TAKE_TRIAL, {"name": self._name, "now": now, "until": until}
        ).one_or_none()
        if taken is None:
            raise breaker_is_open(self._name, max(state.circuit_open_until, now))

    def _count(
        self, connection: Connection, state: Row[tuple[object, ...]], now: dt.datetime
    ) -> None:
        for kind, start in _starts(now):
            most = getattr(state, kind.value)
            counted = connection.execute(
                _COUNT, {"name": self._name, "kind": kind.value, "start": start, "most": most}
            ).one_or_none()
            if counted is None:
                raise _Full(kind)


def _starts(now: dt.datetime) -> list[tuple[UsageWindow, dt.datetime]]:
    minute, day, month = starts_of(now)
    return list(zip(_WINDOWS, (month, day, minute), strict=True))
