"""Every constraint refuses the row it is there to refuse, and says its own name."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from models.rows import CHANNELS, a_row, fill, session
from sqlalchemy import Connection, Enum, text
from sqlalchemy.exc import IntegrityError

from quantmatrix_models.database import Database
from quantmatrix_models.migrations.tables import metadata

NOBODY = 99
FIRST = {"user_id": 1, "strategy_id": 1, "run_id": 1, "instrument_id": 1, "session": session(1)}
NEW = 3

# What to change in row 3 of a table, whose users, instruments and the like exist, so that it breaks
# this constraint and no other; rows 1 and 2 of every table are there.
CASES: dict[str, dict[str, dict[str, Any]]] = {
    "users": {
        "ck_users_cohort_in_range": {"cohort": 64},
        "ck_users_name_is_plain": {"name": "Ada"},
        "uq_users_name": {"name": "user-1"},
    },
    "instruments": {
        "ck_instruments_exchange_is_mic": {"exchange": "nyse"},
        "ck_instruments_currency_is_iso_4217": {"currency": "$"},
    },
    "instrument_symbols": {
        "ck_instrument_symbols_valid_range": {"valid_to": session(NEW)},
        "ex_instrument_symbols_symbol_exchange_valid": {"symbol": "SYM1"},
        "fk_instrument_symbols_instrument_id_instruments": {"instrument_id": NOBODY},
    },
    "provider_fetches": {
        "ck_provider_fetches_session_range": {"last_session": session(NEW - 1)},
        "ck_provider_fetches_counts": {"new_bars": -1},
    },
    "findings": {"uq_findings_identity": {"source_row": 1}},
    "discord_webhooks": {
        "ck_discord_webhooks_disabled_with_reason": {"disabled_reason": "gone"},
        "uq_discord_webhooks_user_id_channel": {"user_id": 1, "channel": CHANNELS[1]},
        "fk_discord_webhooks_user_id_users": {"user_id": NOBODY},
    },
    "strategies": {
        "uq_strategies_user_id_name": {"user_id": 1, "name": "strategy 1"},
        "uq_strategies_user_id_id": {"user_id": 1, "id": 1},
        "fk_strategies_user_id_users": {"user_id": NOBODY},
    },
    "strategy_runs": {
        "ck_strategy_runs_failed_with_error": {"error": "no bars"},
        "ck_strategy_runs_counts": {"withheld": -1},
        "uq_strategy_runs_user_id_id": {"user_id": 1, "strategy_id": 1, "id": 1},
        "fk_strategy_runs_user_id_strategy_id_strategies": {"strategy_id": 1},
        "fk_strategy_runs_user_id_users": {"user_id": NOBODY},
    },
    "withheld_signals": {
        "uq_withheld_signals_strategy_id_session_instrument_id": FIRST,
        "fk_withheld_signals_instrument_id_instruments": {"instrument_id": NOBODY},
        "fk_withheld_signals_user_id_run_id_strategy_runs": {"run_id": 1},
        "fk_withheld_signals_user_id_strategy_id_strategies": {"strategy_id": 1},
        "fk_withheld_signals_user_id_users": {"user_id": NOBODY},
    },
    "signals": {
        "ck_signals_strength_in_range": {"strength": 1.5},
        "ck_signals_price_positive": {"action": "exit", "price": 0, "stop": None},
        "ck_signals_stop_below_price": {"stop": 100},
        "ck_signals_targets_ordered": {"target_1": 120, "target_2": 110},
        "ck_signals_size_in_range": {"size_pct": 101},
        "ck_signals_level_of_scale_out": {"level": 2},
        "ck_signals_entry_has_stop": {"stop": None},
        "ck_signals_amounts_are_numbers": {"price": Decimal("NaN")},
        "ck_signals_risk_reward_is_finite": {"risk_reward": float("inf")},
        "uq_signals_strategy_id_session_instrument_id_action_level": FIRST,
        "uq_signals_user_id_id": {"user_id": 1, "strategy_id": 1, "run_id": 1, "id": 1},
        "fk_signals_instrument_id_instruments": {"instrument_id": NOBODY},
        "fk_signals_user_id_run_id_strategy_runs": {"run_id": 1},
        "fk_signals_user_id_strategy_id_strategies": {"strategy_id": 1},
        "fk_signals_user_id_users": {"user_id": NOBODY},
    },
    "notifications": {
        "ck_notifications_leased_until": {"status": "leased"},
        "ck_notifications_sent_with_message": {"status": "sent"},
        "ck_notifications_reason_given": {"status": "failed"},
        "ck_notifications_counts": {"attempts": -1},
        "uq_notifications_user_id_id": {"user_id": 1, "id": 1},
        "uq_notifications_user_id_channel_session_part": {
            "user_id": 1,
            "channel": CHANNELS[1],
            "session": session(1),
        },
        "fk_notifications_user_id_users": {"user_id": NOBODY},
    },
    "notification_signals": {
        "uq_notification_signals_signal_id_channel": {
            "user_id": 1,
            "notification_id": 1,
            "signal_id": 1,
            "channel": CHANNELS[1],
        },
        "fk_notification_signals_user_id_notification_id_notifications": {"notification_id": 1},
        "fk_notification_signals_user_id_signal_id_signals": {"signal_id": 1},
        "fk_notification_signals_user_id_users": {"user_id": NOBODY},
    },
}
for _table in metadata.sorted_tables:
    for _column in _table.columns:
        if isinstance(_column.type, Enum):
            name = f"ck_{_table.name}_{_column.type.name}"
            CASES[_table.name][name] = {_column.name: "unheard of"}

# Where no row can break a constraint without breaking these too, they are taken away first.
IMPLIED_BY = {
    "uq_strategies_user_id_id": ["pk_strategies"],
    "uq_strategy_runs_user_id_id": ["pk_strategy_runs"],
    "uq_signals_user_id_id": ["pk_signals"],
    "uq_notifications_user_id_id": ["pk_notifications"],
    "uq_notification_signals_signal_id_channel": ["pk_notification_signals"],
    "fk_strategy_runs_user_id_users": ["fk_strategy_runs_user_id_strategy_id_strategies"],
    "fk_withheld_signals_user_id_users": [
        "fk_withheld_signals_user_id_run_id_strategy_runs",
        "fk_withheld_signals_user_id_strategy_id_strategies",
    ],
    "fk_signals_user_id_users": [
        "fk_signals_user_id_run_id_strategy_runs",
        "fk_signals_user_id_strategy_id_strategies",
    ],
    "fk_notification_signals_user_id_users": [
        "fk_notification_signals_user_id_notification_id_notifications",
        "fk_notification_signals_user_id_signal_id_signals",
    ],
}


@pytest.fixture
def connection(populated: Database) -> Iterator[Connection]:
    with populated.engine.connect() as made:
        yield made


def broken(connection: Connection, table: str, changes: dict[str, Any]) -> str | None:
    """Gives the constraint that refuses row 3 with `changes`, or None where the row is taken."""
    row = a_row(table, NEW) | changes
    try:
        with connection.begin_nested():
            connection.execute(metadata.tables[table].insert().values(row))
    except IntegrityError as error:
        return error.orig.diag.constraint_name  # type: ignore[union-attr]
    return None


def drop(connection: Connection, table: str, name: str) -> None:
    if any(index.name == name for index in metadata.tables[table].indexes):
        connection.execute(text(f"DROP INDEX {name}"))
    else:
        connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {name} CASCADE"))


@pytest.mark.parametrize(
    ("table", "name", "changes"),
    [
        pytest.param(table, name, changes, id=name)
        for table, cases in CASES.items()
        for name, changes in cases.items()
    ],
)
def test_a_row_that_breaks_one_constraint_is_refused_by_its_name(
    connection: Connection, table: str, name: str, changes: dict[str, Any]
) -> None:
    fill(connection, NEW, until=table)
    for other in IMPLIED_BY.get(name, []):
        drop(connection, table, other)
    assert broken(connection, table, changes) == name
    drop(connection, table, name)
    assert broken(connection, table, changes) is None, "another constraint was broken as well"


@pytest.mark.parametrize("table", metadata.tables)
def test_a_row_that_breaks_none_is_taken(connection: Connection, table: str) -> None:
    fill(connection, NEW, until=table)
    assert broken(connection, table, {}) is None


def test_every_constraint_has_a_case(connection: Connection) -> None:
    asked = text(
        """
        SELECT conname FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'f', 'u', 'x')
        UNION
        SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE i.indisunique AND c.relnamespace = 'public'::regnamespace
          AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid)
        """
    )
    has_case = {name for cases in CASES.values() for name in cases}
    assert set(connection.execute(asked).scalars()) == has_case


def test_every_foreign_key_check_and_unique_of_the_metadata_is_named() -> None:
    unnamed = [
        (table.name, constraint)
        for table in metadata.sorted_tables
        for constraint in table.constraints
        if constraint.name is None
    ]
    assert unnamed == []


@pytest.mark.parametrize(
    ("bounds", "is_taken"),
    [
        ({"cohort": 0}, True),
        ({"cohort": 63}, True),
        ({"cohort": -1}, False),
    ],
)
def test_cohorts_go_from_0_to_63(
    connection: Connection, bounds: dict[str, Any], is_taken: bool
) -> None:
    assert (broken(connection, "users", bounds) is None) == is_taken


@pytest.mark.parametrize(
    ("bounds", "is_taken"),
    [
        ({"strength": 0.0}, True),
        ({"strength": 1.0}, True),
        ({"strength": -0.1}, False),
        ({"strength": float("nan")}, False),
        ({"size_pct": 100}, True),
        ({"size_pct": 0}, False),
        ({"size_pct": Decimal("NaN")}, False),
        ({"stop": 0}, False),
        ({"stop": Decimal("NaN")}, False),
        ({"price": Decimal("NaN")}, False),
        ({"price": Decimal("NaN"), "action": "exit", "stop": None}, False),
        ({"target_1": Decimal("NaN")}, False),
        ({"target_1": 110, "target_2": 120, "target_3": Decimal("NaN")}, False),
        ({"target_1": 110, "target_2": 120, "target_3": 130}, True),
        ({"target_1": 110, "target_2": 120, "target_3": 120}, False),
        ({"action": "scale_out", "level": 2, "stop": None}, True),
        ({"action": "scale_out", "level": Decimal("NaN"), "stop": None}, False),
        ({"action": "scale_out", "level": None}, False),
        ({"risk_reward": float("nan")}, False),
        ({"risk_reward": float("inf")}, False),
        ({"risk_reward": 2.5}, True),
    ],
    ids=str,
)
def test_a_signal_holds_numbers_within_their_bounds(
    connection: Connection, bounds: dict[str, Any], is_taken: bool
) -> None:
    fill(connection, NEW, until="signals")
    assert (broken(connection, "signals", bounds) is None) == is_taken


def test_two_symbols_of_one_exchange_may_follow_each_other(connection: Connection) -> None:
    fill(connection, NEW, until="instrument_symbols")
    until_then = {"symbol": "OLD", "valid_from": session(1), "valid_to": session(5)}
    assert broken(connection, "instrument_symbols", until_then) is None
    from_then = {"id": 4, "symbol": "OLD", "valid_from": session(5)}
    assert broken(connection, "instrument_symbols", from_then) is None
    a_day_early = {"id": 5, "symbol": "OLD", "valid_from": session(4), "valid_to": session(5)}
    assert broken(connection, "instrument_symbols", a_day_early) is not None


def test_two_exchanges_may_have_the_same_symbol(connection: Connection) -> None:
    fill(connection, NEW, until="instrument_symbols")
    elsewhere = {"symbol": "SYM1", "exchange": "XNAS"}
    assert broken(connection, "instrument_symbols", elsewhere) is None


def test_a_signal_said_twice_is_refused_though_its_level_is_null(connection: Connection) -> None:
    fill(connection, NEW, until="signals")
    name = "uq_signals_strategy_id_session_instrument_id_action_level"
    assert broken(connection, "signals", FIRST | {"level": None}) == name


def test_the_first_64_users_have_a_cohort_of_their_own(database: Database) -> None:
    with database.engine.begin() as connection:
        for number in range(65):
            connection.execute(text("INSERT INTO users (name) VALUES (:n)"), {"n": f"u{number}"})
        cohorts = connection.execute(text("SELECT cohort FROM users ORDER BY id")).scalars().all()
    assert cohorts == [*range(64), 0]
