"""Lots: what can be one, that none is opened twice, and that the books balance."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from models.refusals import broken, refusal
from models.rows import a_row, fill
from models.rows_of.moments import session
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from quantmatrix_models.database import Database
from quantmatrix_models.migrations.tables import metadata
from quantmatrix_models.privileges import Role

SHORT = {"origin": "short_sale", "side": "short"}
WITHOUT_TRANSACTION = {"opening_transaction_id": None}
TRANSFERRED = WITHOUT_TRANSACTION | {"origin": "transfer_in"}
UNSOLD = {"kind": "transfer_out", "proceeds": None, "disallowed_loss": 0}
BALANCE = "ck_tax_lots_disposals_balance"


@pytest.fixture
def connection(populated: Database) -> Iterator[Connection]:
    with populated.engine.connect() as made:
        yield made


@pytest.mark.parametrize(
    ("lot", "is_taken"),
    [
        ({"cost_basis": 1001}, True),
        ({"cost_basis": -1}, False),
        (WITHOUT_TRANSACTION, False),
        (SHORT | {"opening_proceeds": 999}, True),
        (SHORT | {"opening_proceeds": Decimal("-0.35")}, True),
        (SHORT | WITHOUT_TRANSACTION, False),
        (SHORT | {"side": "long"}, False),
        (SHORT | {"cost_basis": 1}, False),
        ({"side": "short"}, False),
        ({"origin": "assignment", "side": "short"}, True),
        ({"origin": "reinvestment"} | WITHOUT_TRANSACTION, False),
        (TRANSFERRED, True),
        (TRANSFERRED | {"acquired_on": None, "cost_basis": None}, True),
        (TRANSFERRED | {"side": "short"}, True),
        ({"origin": "spin_off", "cost_basis": 0} | WITHOUT_TRANSACTION, True),
        ({"origin": "gift", "cost_basis": 0} | WITHOUT_TRANSACTION, True),
        ({"origin": "inheritance"} | WITHOUT_TRANSACTION, True),
        ({"origin": "migrated"} | WITHOUT_TRANSACTION, True),
        ({"remaining_quantity": 0}, True),
        ({"remaining_quantity": -1}, False),
        ({"remaining_quantity": Decimal("10.00000001")}, False),
        ({"quantity": Decimal("NaN"), "remaining_quantity": 0}, False),
    ],
    ids=str,
)
def test_a_lot_is_bought_sold_short_or_comes_from_elsewhere(
    connection: Connection, lot: dict[str, Any], is_taken: bool
) -> None:
    fill(connection, 3, until="tax_lots")
    assert (broken(connection, "tax_lots", lot) is None) == is_taken


def test_a_transaction_does_not_open_the_same_lot_twice(connection: Connection) -> None:
    fill(connection, 3, until="tax_lots")
    key = "uq_tax_lots_user_id_account_id_opening_transaction_id_ordinal"
    assert broken(connection, "tax_lots", {}) is None
    assert broken(connection, "tax_lots", {"id": 10}) == key
    assert broken(connection, "tax_lots", {"id": 10, "ordinal": 4}) is None


@pytest.mark.parametrize("acquired_on", [{}, {"acquired_on": None}], ids=["dated", "undated"])
def test_a_lot_that_no_transaction_opened_is_not_made_twice_either(
    connection: Connection, acquired_on: dict[str, Any]
) -> None:
    fill(connection, 3, until="tax_lots")
    lot = TRANSFERRED | acquired_on
    assert broken(connection, "tax_lots", lot) is None
    assert broken(connection, "tax_lots", lot | {"id": 10}) == "uq_tax_lots_without_transaction"
    assert broken(connection, "tax_lots", lot | {"id": 10, "ordinal": 4}) is None


def test_a_lot_is_opened_by_a_transaction_of_its_own_account(connection: Connection) -> None:
    assert refusal(connection, "accounts", a_row("accounts", 3, user_id=1)) is None
    elsewhere = a_row("tax_lots", 3, user_id=1) | {"account_id": 3}
    key = "fk_tax_lots_opening_transaction_id_transactions"
    assert refusal(connection, "tax_lots", elsewhere) == key


@pytest.mark.parametrize(
    ("disposal", "is_taken"),
    [
        ({"kind": "expiration", "proceeds": 0}, True),
        ({"closing_transaction_id": None}, False),
        ({"closing_transaction_id": None, "reason": "sold"}, False),
        ({"kind": "transfer_out", "closing_transaction_id": None}, False),
        (UNSOLD | {"closing_transaction_id": None, "reason": "ACATS"}, True),
        ({"kind": "transfer_out", "proceeds": 1}, False),
        ({"proceeds": 90, "cost_basis": 100, "disallowed_loss": 10}, True),
        ({"proceeds": 90, "cost_basis": 100, "disallowed_loss": 11}, False),
        ({"proceeds": 110, "cost_basis": 100, "disallowed_loss": 1}, False),
        ({"cost_basis": None, "disallowed_loss": 1}, False),
    ],
    ids=str,
)
def test_a_disposal_says_by_what_it_closed_and_disallows_no_more_than_its_loss(
    connection: Connection, disposal: dict[str, Any], is_taken: bool
) -> None:
    fill(connection, 3, until="lot_disposals")
    assert (broken(connection, "lot_disposals", disposal) is None) == is_taken


@pytest.mark.parametrize(
    ("proceeds", "cost_basis", "disallowed_loss", "gain"),
    [(1200, 1000, 0, 200), (900, 1000, 40, -60), (900, None, 0, None), (900, 0, 0, 900)],
)
def test_the_gain_is_what_came_in_less_what_it_cost_and_what_is_disallowed(
    connection: Connection,
    proceeds: int,
    cost_basis: int | None,
    disallowed_loss: int,
    gain: int | None,
) -> None:
    fill(connection, 3, until="lot_disposals")
    amounts = {
        "proceeds": proceeds,
        "cost_basis": cost_basis,
        "disallowed_loss": disallowed_loss,
    }
    assert broken(connection, "lot_disposals", amounts) is None
    asked = text("SELECT realized_gain FROM lot_disposals WHERE id = 3")
    assert connection.execute(asked).scalar() == gain


def test_a_wash_sale_is_replaced_in_any_account_of_the_user_and_in_no_other(
    connection: Connection,
) -> None:
    assert refusal(connection, "accounts", a_row("accounts", 3, user_id=1)) is None
    in_account_3 = a_row("tax_lots", 3, user_id=1) | TRANSFERRED | {"account_id": 3}
    assert refusal(connection, "tax_lots", in_account_3) is None
    adjustment = a_row("wash_sale_adjustments", 3, user_id=1)
    replaced = adjustment | {"replacement_lot_id": 3}
    assert refusal(connection, "wash_sale_adjustments", replaced) is None
    of_user_2 = adjustment | {"id": 4, "replacement_lot_id": 2}
    key = "fk_wash_sale_adjustments_user_id_replacement_lot_id_tax_lots"
    assert refusal(connection, "wash_sale_adjustments", of_user_2) == key


# The books balance: lot 1 has 10 units, of which disposal 1 closed 1 and 9 are left.


@pytest.fixture
def books(database: Database) -> Database:
    with database.engine.begin() as connection:
        fill(connection, 1)
        transaction = a_row("transactions", 3, user_id=1)
        connection.execute(metadata.tables["transactions"].insert().values(transaction))
    return database


CLOSE_3 = text(
    """
    INSERT INTO lot_disposals (id, user_id, account_id, lot_id, closing_transaction_id, kind,
                               method, disposed_on, quantity, closed_quantity, term)
    VALUES (3, 1, 1, 1, 3, 'sale', 'fifo', '2026-01-05', 3, 3, 'short')
    """
)
LEAVE_6 = text("UPDATE tax_lots SET remaining_quantity = 6 WHERE id = 1")
LEAVE_10 = text("UPDATE tax_lots SET remaining_quantity = 10 WHERE id = 1")
NO_ADJUSTMENT = text("DELETE FROM wash_sale_adjustments")
NO_DISPOSAL = text("DELETE FROM lot_disposals")
NO_LOT = text("DELETE FROM tax_lots")
CLOSE_2_INSTEAD = text("UPDATE lot_disposals SET quantity = 2 WHERE id = 1")
SPLIT = [
    text("UPDATE tax_lots SET quantity = 20, remaining_quantity = 18 WHERE id = 1"),
    text("UPDATE lot_disposals SET quantity = 2"),
]


@pytest.mark.parametrize(
    "statements",
    [
        [CLOSE_3, LEAVE_6],
        [LEAVE_6, CLOSE_3],
        [NO_ADJUSTMENT, NO_DISPOSAL, LEAVE_10],
        [NO_ADJUSTMENT, NO_DISPOSAL, NO_LOT],
        SPLIT,
        [text("UPDATE tax_lots SET cost_basis = 5")],
    ],
)
def test_lots_and_disposals_are_written_in_any_order_if_they_balance(
    books: Database, statements: list[Any]
) -> None:
    write(books, statements, [])


@pytest.mark.parametrize(
    "statements",
    [
        [CLOSE_3],
        [LEAVE_6],
        [LEAVE_10],
        [NO_ADJUSTMENT, NO_DISPOSAL],
        [CLOSE_2_INSTEAD],
        SPLIT[:1],
        [text("UPDATE tax_lots SET quantity = 11 WHERE id = 1")],
    ],
)
def test_books_that_do_not_balance_are_not_committed(
    books: Database, statements: list[Any]
) -> None:
    assert not_committed(books, statements).diag.constraint_name == BALANCE
    with books.transaction(Role.PIPELINE) as connection:
        asked = text("SELECT quantity, remaining_quantity FROM tax_lots WHERE id = 1")
        assert connection.execute(asked).one() == (10, 9)


def test_a_lot_that_is_added_half_closed_without_a_disposal_is_not_committed(
    books: Database,
) -> None:
    lot = metadata.tables["tax_lots"].insert().values(a_row("tax_lots", 3, user_id=1))
    assert not_committed(books, [lot]).diag.constraint_name == BALANCE


def test_a_disposal_that_is_moved_to_another_lot_unbalances_both(books: Database) -> None:
    open_lot = a_row("tax_lots", 3, user_id=1)
    open_lot |= {"remaining_quantity": 10, "acquired_on": session(1)}
    added = metadata.tables["tax_lots"].insert().values(open_lot)
    moved = text("UPDATE lot_disposals SET lot_id = 3")
    assert not_committed(books, [added, moved]).diag.constraint_name == BALANCE
    taken = text("UPDATE tax_lots SET remaining_quantity = 9 WHERE id = 3")
    assert not_committed(books, [added, moved, taken]).diag.constraint_name == BALANCE
    write(books, [added, moved, taken, LEAVE_10], [])


def test_the_refusal_names_the_lot_and_the_three_numbers(books: Database) -> None:
    refused = not_committed(books, [CLOSE_3])
    assert refused.diag.sqlstate == "23514"
    assert refused.diag.table_name == "tax_lots"
    said = refused.diag.message_primary.replace("." + "0" * 18, "")
    assert said == "lot 1 does not balance: of 10 opened 4 are disposed of, yet 9 remain"


def not_committed(books: Database, statements: list[Any]) -> Any:
    """Gives the error by which the transaction is refused, after its last statement."""
    passed: list[Any] = []
    with pytest.raises(IntegrityError) as caught:
        write(books, statements, passed)
    assert passed == statements, "refused before the transaction was committed"
    return caught.value.orig


def write(books: Database, statements: list[Any], passed: list[Any]) -> None:
    with books.transaction(Role.PIPELINE) as connection:
        for statement in statements:
            connection.execute(statement)
            passed.append(statement)


def test_a_table_of_the_session_does_not_stand_in_for_the_lots(books: Database) -> None:
    """A trigger that looked where the session says would ask the temporary table."""
    shadow = text(
        "CREATE TEMPORARY TABLE tax_lots (id bigint, quantity numeric, remaining_quantity numeric)"
    )
    spoil = text("UPDATE public.tax_lots SET remaining_quantity = 1")

    def spoil_behind_it() -> None:
        with books.engine.begin() as owner:
            owner.execute(shadow)
            owner.execute(spoil)

    with pytest.raises(IntegrityError, match="does not balance"):
        spoil_behind_it()
