"""What the market data's tables take and refuse, and who sees and changes which row."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from models.rows import a_row, fill
from models.rows_of.moments import MOMENT
from models.test_constraints import broken, refusal
from psycopg import errors
from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from quantmatrix_engine.vocabulary import FindingRule, FindingStatus
from quantmatrix_models.database import Database
from quantmatrix_models.privileges import Role

NAN, INFINITY = float("nan"), float("inf")


@pytest.fixture
def connection(populated: Database) -> Iterator[Connection]:
    """Rows 1 and 2 of every table, and row 3 of those the market data's tables refer to."""
    with populated.engine.connect() as made:
        fill(made, 3, until="corporate_actions")
        yield made


def refused_to(database: Database, role: Role, statement: str) -> None:
    """Asserts that `role` lacks the right to run `statement`."""
    with pytest.raises(ProgrammingError) as caught, database.transaction(role) as connection:
        connection.execute(text(statement))
    assert isinstance(caught.value.orig, errors.InsufficientPrivilege)


# Providers


def test_a_provider_that_registers_itself_is_enabled_and_asked_in_the_middle(
    populated: Database,
) -> None:
    with populated.transaction(Role.PIPELINE) as connection:
        connection.execute(text("INSERT INTO data_providers (name) VALUES ('newcomer')"))
        asked = "SELECT is_enabled, priority, consecutive_failures, requests_per_day"
        row = connection.execute(text(f"{asked} FROM data_providers WHERE name = 'newcomer'"))
        assert tuple(row.one()) == (True, 100, 0, None)
        connection.rollback()


@pytest.mark.parametrize(
    ("changes", "is_taken"),
    [
        ({"name": "alpha_vantage"}, True),
        ({"name": "stooq-2"}, True),
        ({"name": "Alpha Vantage"}, False),
        ({"name": ""}, False),
        ({"name": "a" * 32}, True),
        ({"priority": 1}, True),
        ({"priority": 1000}, True),
        ({"priority": 1001}, False),
        ({"requests_per_day": 25}, True),
        ({"requests_per_day": 0}, False),
        ({"monthly_cost_usd": Decimal(0)}, True),
        ({"monthly_budget_usd": Decimal("-0.01")}, False),
        ({"monthly_budget_usd": Decimal("NaN")}, False),
    ],
    ids=str,
)
def test_the_settings_of_a_provider_are_within_their_bounds(
    connection: Connection, changes: dict[str, Any], is_taken: bool
) -> None:
    new = {"name": "another", **changes}
    assert (broken(connection, "data_providers", new) is None) == is_taken


def test_a_person_changes_the_settings_of_a_provider_and_the_pipeline_its_health(
    populated: Database,
) -> None:
    settings = "UPDATE data_providers SET is_enabled = false, requests_per_day = 25"
    health = "UPDATE data_providers SET consecutive_failures = 1, last_error = 'no answer'"
    for role, allowed, other in (
        (Role.ADMIN, settings, health),
        (Role.PIPELINE, health, settings),
    ):
        with populated.transaction(role) as connection:
            assert connection.execute(text(allowed)).rowcount == 2
            connection.rollback()
        refused_to(populated, role, other)


@pytest.mark.parametrize(
    ("window", "begins", "is_taken"),
    [
        ("minute", dt.datetime(2026, 1, 5, 14, 31, tzinfo=dt.UTC), True),
        ("minute", dt.datetime(2026, 1, 5, 14, 31, 1, tzinfo=dt.UTC), False),
        ("day", dt.datetime(2026, 1, 5, tzinfo=dt.UTC), True),
        ("day", dt.datetime(2026, 1, 5, 1, tzinfo=dt.UTC), False),
        ("day", dt.datetime(2026, 1, 5, tzinfo=dt.timezone(dt.timedelta(hours=-5))), False),
        ("month", dt.datetime(2026, 1, 1, tzinfo=dt.UTC), True),
        ("month", dt.datetime(2026, 1, 2, tzinfo=dt.UTC), False),
    ],
    ids=str,
)
def test_a_window_begins_with_its_minute_day_or_month_in_utc(
    connection: Connection, window: str, begins: dt.datetime, is_taken: bool
) -> None:
    # Whatever the session's own time zone is.
    connection.execute(text("SET LOCAL TIME ZONE 'America/New_York'"))
    row = {"window_kind": window, "window_start": begins}
    assert (broken(connection, "provider_usage", row) is None) == is_taken


@pytest.mark.parametrize(
    ("requests", "failures", "is_taken"),
    [(0, 0, True), (5, 5, True), (5, 6, False), (5, -1, False), (2**40, 0, True)],
)
def test_no_more_requests_fail_than_were_sent(
    connection: Connection, requests: int, failures: int, is_taken: bool
) -> None:
    row = {"requests": requests, "failures": failures}
    assert (broken(connection, "provider_usage", row) is None) == is_taken


@pytest.mark.parametrize(
    ("changes", "is_taken"),
    [
        ({}, True),
        ({"status": "succeeded", "duration_ms": 0, "instruments": 0}, True),
        ({"status": "failed", "error": "no answer"}, True),
        ({"status": "failed"}, False),
        ({"status": "succeeded", "error": "no answer"}, False),
        ({"duration_ms": -1}, False),
        ({"instruments": -1}, False),
        ({"provider": "never heard of"}, False),
    ],
    ids=str,
)
def test_a_fetch_that_failed_says_why(
    connection: Connection, changes: dict[str, Any], is_taken: bool
) -> None:
    assert (broken(connection, "provider_fetches", changes) is None) == is_taken


# Findings


@pytest.mark.parametrize(
    ("changes", "is_taken"),
    [
        ({"status": "open"}, True),
        ({"status": "open", "closed_at": MOMENT}, False),
        ({"status": "open", "resolution": "looks right"}, False),
        ({"status": "released"}, True),
        ({"status": "released", "closed_at": MOMENT, "resolution": "looks right"}, True),
        ({"status": "rejected", "closed_at": MOMENT, "resolution": " "}, False),
    ],
    ids=str,
)
def test_an_open_finding_has_no_resolution_and_a_closed_one_may_have(
    connection: Connection, changes: dict[str, Any], is_taken: bool
) -> None:
    assert (broken(connection, "findings", changes) is None) == is_taken


@pytest.mark.parametrize("status", FindingStatus)
def test_a_finding_can_have_every_status(connection: Connection, status: FindingStatus) -> None:
    assert broken(connection, "findings", {"status": status.value}) is None


@pytest.mark.parametrize("rule", FindingRule)
def test_a_finding_can_be_of_every_rule(connection: Connection, rule: FindingRule) -> None:
    assert broken(connection, "findings", {"rule": rule.value}) is None


def findings_of(connection: Connection, user_id: int) -> list[int]:
    """Gives the findings the application sees for a user, inside the running transaction."""
    connection.execute(text("SET LOCAL ROLE quantmatrix_app"))
    named = text("SELECT set_config('app.user_id', :user_id, true)")
    connection.execute(named, {"user_id": str(user_id)})
    seen = connection.execute(text("SELECT id FROM findings ORDER BY id")).scalars().all()
    connection.execute(text("RESET ROLE"))
    return list(seen)


def test_a_users_finding_is_theirs_and_one_of_nobody_is_everybodys(connection: Connection) -> None:
    assert broken(connection, "findings", {"user_id": None}) is None
    assert findings_of(connection, 1) == [1, 3]
    assert findings_of(connection, 2) == [2, 3]
    assert findings_of(connection, 3) == [3]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE findings SET status = 'released'",
        "DELETE FROM findings",
        "INSERT INTO findings (provider, rule, expected, severity, source)"
        " VALUES ('mine', 'null_price', 'a price', 'error', 'bars.csv')",
    ],
)
def test_the_application_changes_no_finding(populated: Database, statement: str) -> None:
    refused_to(populated, Role.APP, statement)


@pytest.mark.parametrize(
    "statement", ["UPDATE findings SET status = 'released'", "DELETE FROM findings"]
)
def test_a_finding_of_nobody_is_read_and_not_changed_whatever_the_application_is_granted(
    armed: Database, statement: str
) -> None:
    of_nobody = a_row("findings", 3) | {"user_id": None}
    with armed.engine.connect() as connection:
        assert refusal(connection, "findings", of_nobody) is None
        connection.execute(text("SET LOCAL ROLE quantmatrix_app"))
        connection.execute(text("SELECT set_config('app.user_id', '1', true)"))
        assert connection.execute(text(f"{statement} WHERE user_id IS NULL")).rowcount == 0


# Snapshots


@pytest.mark.parametrize(
    ("changes", "is_taken"),
    [
        ({"close": Decimal("0.0001")}, True),
        ({"close": 0}, False),
        ({"close": Decimal("NaN")}, False),
        ({"change_pct": -99.5}, True),
        ({"change_pct": NAN}, False),
        ({"change_pct": -INFINITY}, False),
        ({"volume": 0.0}, True),
        ({"volume": -1.0}, False),
        ({"volume": NAN}, False),
        ({"volume": INFINITY}, False),
        ({"score": 0.0, "confidence": 1.0}, True),
        ({"score": 1.01}, False),
        ({"score": NAN}, False),
        ({"confidence": -0.01}, False),
        ({"confidence": NAN}, False),
        ({"indicators": {}}, True),
        ({"indicators": {"rsi": 55.5, "sma_200": None}}, True),
        ({"indicators": {"rsi": "55.5"}}, False),
        ({"indicators": {"rsi": [55.5]}}, False),
        ({"indicators": {"rsi": {"value": 55.5}}}, False),
        ({"indicators": [55.5]}, False),
        ({"indicators": 55.5}, False),
        ({"recommendation": "strong_buy", "risk_class": "extreme"}, True),
    ],
    ids=str,
)
def test_a_snapshot_holds_numbers_within_their_bounds(
    connection: Connection, changes: dict[str, Any], is_taken: bool
) -> None:
    assert (broken(connection, "market_snapshots", changes) is None) == is_taken


def test_the_pipeline_replaces_and_removes_snapshots(populated: Database) -> None:
    with populated.transaction(Role.PIPELINE) as connection:
        scored = text("UPDATE market_snapshots SET score = 0.5, computed_at = now()")
        assert connection.execute(scored).rowcount == 2
        assert connection.execute(text("DELETE FROM market_snapshots")).rowcount == 2
        connection.rollback()
    refused_to(populated, Role.ADMIN, "UPDATE market_snapshots SET score = 1")
    refused_to(populated, Role.APP, "UPDATE market_snapshots SET score = 1")
