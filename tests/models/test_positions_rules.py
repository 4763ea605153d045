"""What may be said of a position, and how a user groups what they hold."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from models.refusals import broken, refusal
from models.rows import a_row, fill
from models.rows_of.moments import moment
from sqlalchemy import Connection, text

from quantmatrix_models.database import Database
from quantmatrix_models.privileges import Role

CLOSED = {"status": "closed", "quantity": 0, "closed_at": moment(2)}


@pytest.fixture
def connection(populated: Database) -> Iterator[Connection]:
    with populated.engine.connect() as made:
        yield made


def test_a_position_that_is_opened_again_keeps_its_closed_predecessors(
    connection: Connection,
) -> None:
    fill(connection, 3, until="positions")
    for number, state in [(10, CLOSED), (11, CLOSED), (12, {})]:
        assert broken(connection, "positions", {"id": number} | state) is None


def test_an_account_has_one_open_position_of_an_instrument(connection: Connection) -> None:
    second = a_row("positions", 3, user_id=1) | {"instrument_id": 1}
    assert refusal(connection, "positions", second) == "uq_positions_open"
    assert refusal(connection, "positions", second | {"instrument_id": 2}) is None


@pytest.mark.parametrize(
    ("state", "is_taken"),
    [
        ({"quantity": -5}, True),
        ({"quantity": Decimal("0.00000001")}, True),
        ({"quantity": 0}, False),
        ({"quantity": Decimal("NaN")}, False),
        ({"status": "closed", "closed_at": moment(2)}, False),
        (CLOSED, True),
        (CLOSED | {"status": "expired"}, True),
        (CLOSED | {"status": "assigned"}, True),
        (CLOSED | {"closed_at": None}, False),
        (CLOSED | {"opened_at": moment(3)}, False),
        ({"average_cost": 0, "cost_basis": 0}, True),
        ({"average_cost": None, "cost_basis": None}, True),
        ({"average_cost": -1}, False),
    ],
    ids=str,
)
def test_a_position_is_open_with_a_quantity_or_closed_without_one(
    connection: Connection, state: dict[str, Any], is_taken: bool
) -> None:
    fill(connection, 3, until="positions")
    assert (broken(connection, "positions", state) is None) == is_taken


def test_broker_and_book_each_say_once_what_was_held(connection: Connection) -> None:
    fill(connection, 3, until="position_snapshots")
    for number, source in enumerate(["broker", "book"], 10):
        said = {"id": number, "source": source, "quantity": 0}
        assert broken(connection, "position_snapshots", said) is None
    key = "uq_position_snapshots_statement"
    assert broken(connection, "position_snapshots", {"id": 12}) == key


def test_an_instrument_is_in_a_category_once_whether_in_one_account_or_in_all(
    connection: Connection,
) -> None:
    fill(connection, 3, until="category_instruments")
    in_all = {"account_id": None}
    key = "uq_category_instruments_category_id_account_id_instrument_id"
    assert broken(connection, "category_instruments", in_all) is None
    assert broken(connection, "category_instruments", in_all | {"id": 4}) == key
    assert broken(connection, "category_instruments", {"id": 5}) is None


@pytest.mark.parametrize(
    ("shares", "is_taken"),
    [
        ({"min_pct": 5, "target_pct": 10, "max_pct": 15}, True),
        ({"min_pct": 10, "target_pct": 10, "max_pct": 10}, True),
        ({"min_pct": 0, "max_pct": 100}, True),
        ({"target_pct": 10}, True),
        ({"min_pct": 11, "target_pct": 10}, False),
        ({"target_pct": 10, "max_pct": 9}, False),
        ({"min_pct": 10, "max_pct": 9}, False),
        ({"target_pct": Decimal("NaN")}, False),
        ({"color": "#1f77B4"}, True),
        ({"color": "#1f77b"}, False),
    ],
    ids=str,
)
def test_a_category_has_shares_in_order(
    connection: Connection, shares: dict[str, Any], is_taken: bool
) -> None:
    fill(connection, 3, until="categories")
    assert (broken(connection, "categories", shares) is None) == is_taken


def test_a_user_takes_apart_their_own_lists(populated: Database) -> None:
    with populated.transaction(Role.APP, user_id=1) as connection:
        for table in [
            *("category_instruments", "categories"),
            *("watchlist_instruments", "watchlists"),
        ]:
            assert connection.execute(text(f"DELETE FROM {table}")).rowcount == 1  # noqa: S608
        connection.rollback()


def test_a_user_notes_something_at_a_position(populated: Database) -> None:
    noted = text("UPDATE positions SET notes = 'keep', tags = '{core}', changed_at = now()")
    with populated.transaction(Role.APP, user_id=1) as connection:
        assert connection.execute(noted).rowcount == 1
        connection.rollback()
