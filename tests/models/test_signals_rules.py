"""Bounds of signals, their outcomes, alert rules and notifications, and who may write them."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from models.rows import a_row, fill
from models.rows_of.moments import MOMENT, moment, session
from models.rows_of.users import CHANNELS
from models.test_constraints import NEW, broken, refusal
from models.test_isolation import refused
from sqlalchemy import Connection, text

from quantmatrix_engine.contracts import gate
from quantmatrix_engine.contracts.signals import Signals
from quantmatrix_models.database import Database
from quantmatrix_models.migrations.tables import metadata
from quantmatrix_models.privileges import Role


@pytest.fixture
def connection(populated: Database) -> Iterator[Connection]:
    with populated.engine.connect() as made:
        yield made


def is_taken(connection: Connection, table: str, changes: dict[str, Any]) -> bool:
    fill(connection, NEW, until=table)
    return broken(connection, table, changes) is None


def keeps_the_contract(changes: dict[str, Any]) -> bool:
    entry = {
        "strategy_id": 1,
        "instrument_id": 1,
        "action": "entry",
        "strength": 0.5,
        "price": 100.0,
        "stop": 90.0,
        "size_pct": 5.0,
        "size_basis": "account",
        "trace": "[]",
    }
    frame = pl.DataFrame([entry | changes], schema=Signals.empty().schema)
    return gate.apply(Signals, frame).failures.is_empty()


@pytest.mark.parametrize(
    ("values", "taken"),
    [
        ({}, True),
        ({"target_1": 110.0}, True),
        ({"target_1": 110.0, "target_2": 120.0}, True),
        ({"target_1": 110.0, "target_2": 120.0, "target_3": 130.0}, True),
        ({"target_2": 120.0}, False),
        ({"target_3": 130.0}, False),
        ({"target_2": 120.0, "target_3": 130.0}, False),
        ({"target_1": 110.0, "target_3": 130.0}, False),
        ({"target_1": 130.0, "target_3": 110.0}, False),
        ({"target_1": 110.0, "target_2": 110.0}, False),
        ({"target_1": 110.0, "target_2": 120.0, "target_3": 115.0}, False),
        ({"target_1": 80.0}, False),
        ({"stop": None}, False),
        ({"stop": 100.0}, False),
        ({"action": "exit", "stop": None}, True),
        ({"action": "exit", "stop": None, "level": 7.0}, False),
        ({"action": "scale_out", "stop": None, "level": 7.0}, True),
        ({"action": "scale_out", "stop": None}, False),
        ({"risk_reward": -0.5}, True),
        ({"risk_reward": float("inf")}, False),
        ({"risk_reward": float("nan")}, False),
        ({"strength": float("nan")}, False),
    ],
    ids=str,
)
def test_a_signal_the_table_refuses_was_refused_by_the_contract_before(
    connection: Connection, values: dict[str, Any], taken: bool
) -> None:
    assert keeps_the_contract(values) is taken
    assert is_taken(connection, "signals", values) is taken


@pytest.mark.parametrize(
    ("until", "taken"), [(session(NEW), True), (session(NEW + 1), True), (session(NEW - 1), False)]
)
def test_a_signal_is_meant_for_its_own_session_at_least(
    connection: Connection, until: Any, taken: bool
) -> None:
    assert is_taken(connection, "signals", {"valid_until": until}) is taken


UNHELD = {
    "stage": "pending",
    "sessions_held": 0,
    "highest_price": None,
    "lowest_price": None,
    "return_pct": None,
    "best_pct": None,
    "worst_pct": None,
}


@pytest.mark.parametrize(
    ("values", "taken"),
    [
        (UNHELD, True),
        (UNHELD | {"stage": "expired"}, True),
        (UNHELD | {"stage": "triggered"}, False),
        (UNHELD | {"return_pct": 0.0}, False),  # nothing was measured yet
        (UNHELD | {"sessions_held": 1}, False),
        ({"stage": "pending", "sessions_held": 0}, False),
        ({"highest_price": Decimal(95), "lowest_price": Decimal(95)}, True),
        ({"lowest_price": Decimal(0)}, False),
        ({"return_pct": 10.0, "best_pct": 10.0, "worst_pct": 10.0}, True),
        ({"worst_pct": 6.0}, False),
        ({"worst_pct": float("nan")}, False),
        ({"worst_pct": float("-inf")}, False),
        ({"best_pct": float("nan")}, False),
        ({"hit_target": 1}, True),
        ({"hit_target": 1, "stage": "target_hit"}, True),
        ({"stage": "target_hit"}, False),
        # First the one, then the other.
        ({"hit_target": 3, "hit_stop": True, "stage": "stopped"}, True),
        ({"hit_stop": True}, False),
        ({"stage": "stopped"}, False),
        ({"hit_target": 0}, False),
    ],
    ids=str,
)
def test_an_outcome_holds_what_was_measured_or_nothing(
    connection: Connection, values: dict[str, Any], taken: bool
) -> None:
    assert is_taken(connection, "signal_outcomes", values) is taken


def test_a_signal_has_one_outcome(connection: Connection) -> None:
    again = a_row("signal_outcomes", NEW, user_id=1)
    assert refusal(connection, "signal_outcomes", again) == "pk_signal_outcomes"


# Notifications


def test_a_message_that_names_no_kind_is_an_unread_one_about_signals(
    connection: Connection,
) -> None:
    asked = "SELECT kind, priority, read_at, dismissed_at FROM notifications WHERE id = 1"
    assert tuple(connection.execute(text(asked)).one()) == ("signals", "normal", None, None)


@pytest.mark.parametrize(("channel", "taken"), [(CHANNELS[NEW], True), (CHANNELS[2], False)])
def test_a_signal_is_told_on_the_channel_of_its_message(
    connection: Connection, channel: str, taken: bool
) -> None:
    assert is_taken(connection, "notification_signals", {"channel": channel}) is taken


def test_a_message_that_tells_a_signal_keeps_its_channel(connection: Connection) -> None:
    moved = text("UPDATE notifications SET channel = 'playground' WHERE id = 1")
    with pytest.raises(Exception, match="notification_signals_notification_id_channel"):
        connection.execute(moved)


@pytest.mark.parametrize(
    ("newest", "index"),
    [
        (
            "SELECT * FROM signals WHERE user_id = 1 ORDER BY session DESC, id DESC LIMIT 50",
            "Index Scan Backward using ix_signals_user_id_session_id",
        ),
        (
            "SELECT * FROM signals WHERE user_id = 1 AND (session, id) < ('2026-01-02', 7)"
            " ORDER BY session DESC, id DESC LIMIT 50",
            "Index Scan Backward using ix_signals_user_id_session_id",
        ),
        (
            "SELECT * FROM notifications WHERE user_id = 1 AND read_at IS NULL"
            " AND dismissed_at IS NULL ORDER BY id DESC LIMIT 50",
            "Index Scan Backward using ix_notifications_unread",
        ),
    ],
)
def test_what_a_user_looks_at_first_is_read_from_an_index(
    connection: Connection, newest: str, index: str
) -> None:
    connection.execute(text("SET LOCAL enable_seqscan = off"))
    plan = "\n".join(connection.execute(text(f"EXPLAIN {newest}")).scalars())
    assert index in plan
    assert "Sort" not in plan


# Alert rules


@pytest.mark.parametrize(
    ("values", "taken"),
    [
        ({"instrument_id": None}, True),  # about the accounts as a whole
        ({"instrument_id": None, "universe": {"symbols": None}}, True),
        ({"universe": {"symbols": None}}, False),
        ({"universe": None}, True),
        ({"conditions": {}}, False),
        ({"conditions": {"measure": "close"}}, False),
        ({"conditions": None}, False),
        ({"cooldown_minutes": 0}, True),
        ({"frequency": "daily", "max_per_day": 1}, True),
        ({"trigger_count": 2, "last_triggered_at": MOMENT}, True),
        ({"trigger_count": 0, "last_triggered_at": MOMENT}, False),
        ({"archived_at": MOMENT, "is_enabled": False}, True),
    ],
    ids=str,
)
def test_an_alert_rule_says_about_what_under_which_conditions_and_how_often(
    connection: Connection, values: dict[str, Any], taken: bool
) -> None:
    assert is_taken(connection, "alert_rules", values) is taken


def test_an_alert_rule_that_names_nothing_else_is_told_once_on_alerts(
    connection: Connection,
) -> None:
    asked = (
        "SELECT DISTINCT frequency, cooldown_minutes, max_per_day, channel, priority, is_enabled,"
        " trigger_count FROM alert_rules"
    )
    usual = ("once", 60, 10, "alerts", "normal", True, 0)
    assert [tuple(row) for row in connection.execute(text(asked))] == [usual]


def test_a_rule_may_trigger_at_several_moments_of_a_session(connection: Connection) -> None:
    fill(connection, NEW, until="alert_triggers")
    on_the_accounts = {"instrument_id": None, "session": session(NEW)}
    assert broken(connection, "alert_triggers", on_the_accounts) is None
    later = on_the_accounts | {"id": 4, "triggered_at": moment(4)}
    assert broken(connection, "alert_triggers", later) is None
    at_once_again = on_the_accounts | {"id": 5}
    name = "uq_alert_triggers_rule_id_instrument_id_triggered_at"
    assert broken(connection, "alert_triggers", at_once_again) == name


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), float("-inf")], ids=str)
@pytest.mark.parametrize("column", ["value", "threshold"])
def test_what_an_alert_measured_is_a_number(
    connection: Connection, column: str, wrong: float
) -> None:
    assert not is_taken(connection, "alert_triggers", {column: wrong})


# Privileges


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        (Role.APP, "INSERT INTO signals (user_id) VALUES (1)"),
        (Role.APP, "UPDATE signal_outcomes SET return_pct = 100"),
        (Role.APP, "UPDATE notifications SET status = 'sent'"),
        (Role.APP, "INSERT INTO notifications (user_id) VALUES (1)"),
        (Role.APP, "DELETE FROM alert_rules"),
        (Role.APP, "UPDATE alert_rules SET trigger_count = 0"),
        (Role.APP, "INSERT INTO alert_rules (user_id, trigger_count) VALUES (1, 5)"),
        (Role.APP, "INSERT INTO alert_triggers (user_id) VALUES (1)"),
        (Role.APP, "UPDATE alert_triggers SET value = 1"),
        (Role.APP, "INSERT INTO signal_stages (user_id) VALUES (1)"),
        (Role.PIPELINE, "UPDATE signal_outcomes SET user_id = 2"),
        (Role.PIPELINE, "UPDATE signal_stages SET price = 1"),
        (Role.PIPELINE, "UPDATE notifications SET read_at = now()"),
        (Role.PIPELINE, "UPDATE alert_rules SET conditions = '[]'"),
        (Role.PIPELINE, "UPDATE alert_triggers SET acknowledged_at = now()"),
        (Role.ADMIN, "UPDATE alert_rules SET is_enabled = false"),
        (Role.SUPPORT, "UPDATE notifications SET read_at = now()"),
        (Role.AUTH, "SELECT * FROM notifications"),
    ],
)
def test_a_role_writes_of_signals_and_alerts_only_what_is_its_work(
    populated: Database, role: Role, statement: str
) -> None:
    refused(populated, role, statement)


def test_a_user_reads_a_message_and_notes_a_trigger(populated: Database) -> None:
    with populated.transaction(Role.APP, user_id=1) as connection:
        for statement in (
            "UPDATE notifications SET read_at = now(), dismissed_at = now()",
            "UPDATE alert_triggers SET acknowledged_at = now()",
        ):
            assert connection.execute(text(statement)).rowcount == 1
        connection.rollback()


def test_a_user_makes_an_alert_rule_and_puts_it_away(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(metadata.tables["users"].insert().values(a_row("users", 1)))
    with database.transaction(Role.APP, user_id=1) as connection:
        for statement in (
            "INSERT INTO alert_rules (user_id, name, conditions) VALUES (1, 'mine', '[{}]')",
            "UPDATE alert_rules SET is_enabled = false, archived_at = now() WHERE name = 'mine'",
        ):
            assert connection.execute(text(statement)).rowcount == 1
