"""Every constraint refuses the row it is there to refuse, and says its own name."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from models.cases import NEW, Case, cases
from models.refusals import broken, refusal
from models.rows import a_row, fill
from models.rows_of.moments import session
from sqlalchemy import Connection, Numeric, text

from quantmatrix_models.database import Database
from quantmatrix_models.migrations.tables import metadata

CASES = cases()


@pytest.fixture
def connection(populated: Database) -> Iterator[Connection]:
    """The populated database, undone at the end, with every constraint and no trigger.

    A trigger that waits for the commit holds its table, and no constraint of it can be dropped.
    """
    with populated.engine.connect() as made:
        asked = "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal"
        for table in made.execute(text(asked)).scalars().all():
            made.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        yield made


def drop(connection: Connection, table: str, name: str) -> None:
    if any(index.name == name for index in metadata.tables[table].indexes):
        connection.execute(text(f"DROP INDEX {name}"))
    else:
        connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {name} CASCADE"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_row_that_breaks_one_constraint_is_refused_by_its_name(
    connection: Connection, case: Case
) -> None:
    fill(connection, NEW, until=case.table)
    for row in case.before:
        connection.execute(metadata.tables[case.table].insert().values(row))
    for other in case.others:
        drop(connection, case.table, other)
    assert refusal(connection, case.table, case.row) == case.name
    drop(connection, case.table, case.name)
    refused_by = refusal(connection, case.table, case.row)
    assert refused_by is None, "another constraint was broken as well"


@pytest.mark.parametrize(
    ("table", "column"),
    [
        (table.name, column.name)
        for table in metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, Numeric) and column.computed is None
    ],
)
def test_no_amount_can_be_nan(connection: Connection, table: str, column: str) -> None:
    fill(connection, NEW, until=table)
    assert broken(connection, table, {column: Decimal("NaN")}) is not None


@pytest.mark.parametrize("table", metadata.tables)
def test_a_row_that_breaks_none_is_taken(connection: Connection, table: str) -> None:
    fill(connection, NEW, until=table)
    assert broken(connection, table, {}) is None


def test_every_constraint_has_a_case(connection: Connection) -> None:
    asked = text(
        """
        SELECT conname FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'f', 'u', 'x', 'p')
          AND conrelid::regclass::text <> 'alembic_version'
        UNION
        SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE i.indisunique AND c.relnamespace = 'public'::regnamespace
          AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid)
        """
    )
    assert set(connection.execute(asked).scalars()) == {case.name for case in CASES}


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
    said_by_row_1 = {
        **a_row("signals", NEW, user_id=1),
        "session": session(1),
        "instrument_id": 1,
        "level": None,
    }
    assert refusal(connection, "signals", said_by_row_1) == name


def test_the_first_64_users_have_a_cohort_of_their_own(database: Database) -> None:
    with database.engine.begin() as connection:
        for number in range(65):
            connection.execute(text("INSERT INTO users (name) VALUES (:n)"), {"n": f"u{number}"})
        cohorts = connection.execute(text("SELECT cohort FROM users ORDER BY id")).scalars().all()
    assert cohorts == [*range(64), 0]
