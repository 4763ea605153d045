"""What rows of several tables must agree on: lots, disposals, wash sales, reversals, sides."""

from decimal import Decimal
from typing import Any

import pytest
from models.refusals import refusal
from models.rows import a_row, fill
from models.rows_of.moments import session
from models.rows_of.tax_lots import replacement
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from quantmatrix_models.database import Database
from quantmatrix_models.migrations.tables import metadata
from quantmatrix_models.privileges import Role

TRADE = {"kind": "buy", "price": 100, "fill_id": None, "external_id": "T5"}
REVERSED = {
    "gross_amount": -1000,
    "commission": 1,
    "fees": None,
    "tax": None,
    "net_amount": -1001,
    "price": 100,
    "multiplier": 1,
}


@pytest.fixture
def books(database: Database) -> Database:
    """One user's rows, among them a transaction of 100 units whose lots take 10 and close 1."""
    with database.engine.begin() as connection:
        fill(connection, 1)
        fill(connection, 2)
    return database


def added(table: str, number: int, **changes: Any) -> Any:
    return metadata.tables[table].insert().values(a_row(table, number, user_id=1) | changes)


def refused(books: Database, *statements: Any) -> str | None:
    """Gives the constraint that refuses the statements, at once or at the commit."""
    try:
        with books.transaction(Role.PIPELINE) as connection:
            for statement in statements:
                connection.execute(statement)
    except IntegrityError as error:
        return error.orig.diag.constraint_name  # type: ignore[union-attr]
    return None


def a_lot(units: int, **changes: Any) -> Any:
    whole = {"quantity": units, "opened_quantity": units, "remaining_quantity": units}
    return added("tax_lots", 3, **(whole | changes))


def a_sale(units: int, **changes: Any) -> list[Any]:
    """Closes `units` of the lot that replaces another, which has 10."""
    sold = {"id": 3, "lot_id": replacement(1), "quantity": units, "closed_quantity": units}
    left = text("UPDATE tax_lots SET remaining_quantity = 10 - :units WHERE id = 101")
    return [added("lot_disposals", 3, **(sold | changes)), left.bindparams(units=units)]


# Lots of a transaction: it moved 100 units, of which lot 1 is 10 and disposal 1 closed 1.


def test_the_lots_of_a_transaction_are_no_more_than_it_moved(books: Database) -> None:
    assert refused(books, a_lot(90)) == "ck_transactions_lots_within_quantity"
    assert refused(books, a_lot(89)) is None
    assert refused(books, *a_sale(1)) == "ck_transactions_lots_within_quantity"


def test_a_purchase_whose_lots_are_made_a_second_time_is_refused_as_in_v1_it_was_not(
    books: Database,
) -> None:
    bought = added("transactions", 5, id=5, quantity=10, **TRADE)
    lot = {"opening_transaction_id": 5, "instrument_id": 1}
    assert refused(books, bought, a_lot(10, id=5, **lot)) is None
    again = a_lot(10, id=6, **lot, ordinal=9)
    assert refused(books, again) == "ck_transactions_lots_within_quantity"


def test_a_split_restates_what_is_held_and_not_what_was_bought(books: Database) -> None:
    for factor in (Decimal(20), Decimal("0.05")):
        lots = text(
            "UPDATE tax_lots SET quantity = quantity * :factor, remaining_quantity ="
            " remaining_quantity * :factor WHERE user_id = 1"
        )
        disposals = text("UPDATE lot_disposals SET quantity = quantity * :factor WHERE user_id = 1")
        assert refused(books, *(one.bindparams(factor=factor) for one in (lots, disposals))) is None
    more = text("UPDATE tax_lots SET opened_quantity = 100 WHERE id = 1")
    assert refused(books, more) == "ck_transactions_lots_within_quantity"


def test_a_trade_opens_and_closes_lots_of_its_own_instrument(books: Database) -> None:
    key = "ck_transactions_lots_of_instrument"
    assert refused(books, a_lot(10, instrument_id=2)) == key
    exercised = {"instrument_id": 2, "origin": "exercise"}
    assert refused(books, a_lot(1000, **exercised)) is None
    elsewhere = text("UPDATE tax_lots SET instrument_id = 2 WHERE id = 101")
    assert refused(books, elsewhere, *a_sale(1)) == key


# Disposals fit their lot.


@pytest.mark.parametrize(
    ("kind", "side", "is_taken"),
    [
        ("sale", "long", True),
        ("sale", "short", False),
        ("cover", "short", True),
        ("cover", "long", False),
        ("assignment", "short", True),
        ("expiration", "long", True),
    ],
)
def test_a_sale_closes_what_was_bought_and_a_cover_what_was_sold_short(
    books: Database, kind: str, side: str, is_taken: bool
) -> None:
    turned = text("UPDATE tax_lots SET side = :side WHERE id = 101").bindparams(side=side)
    found = refused(books, turned, *a_sale(1, kind=kind))
    assert found == (None if is_taken else "ck_lot_disposals_kind_of_side")


def test_turning_a_lot_around_under_its_sale_is_refused_too(books: Database) -> None:
    turned = text("UPDATE tax_lots SET side = 'short', origin = 'transfer_in' WHERE id = 1")
    assert refused(books, turned) == "ck_lot_disposals_kind_of_side"


def test_nothing_is_closed_before_it_was_opened(books: Database) -> None:
    key = "ck_lot_disposals_closed_after_opened"
    early = session(1).replace(year=2020)
    assert refused(books, *a_sale(1, disposed_on=early)) == key
    undated = text("UPDATE tax_lots SET acquired_on = NULL WHERE id = 101")
    assert refused(books, undated, *a_sale(1, disposed_on=early)) is None
    assert (
        refused(books, text("UPDATE tax_lots SET acquired_on = '2030-01-02' WHERE id = 1")) == key
    )


# Wash sales: disposal 1 closed 1 unit, lost 10 and disallows 2, of which adjustment 1 is 1.


@pytest.mark.parametrize(
    ("changes", "is_taken"),
    [
        ({"disallowed_loss": 2}, True),
        ({"disallowed_loss": Decimal("2.00000001")}, False),
        ({"quantity": Decimal("1.1")}, False),
        ({"quantity": Decimal("0.5")}, True),
    ],
)
def test_wash_sales_stay_within_what_the_disposal_lost_and_closed(
    books: Database, changes: dict[str, Any], is_taken: bool
) -> None:
    table = metadata.tables["wash_sale_adjustments"]
    found = refused(books, table.update().where(table.c.id == 1).values(changes))
    assert found == (None if is_taken else "ck_wash_sale_adjustments_within_disposal")


def test_two_replacements_of_one_disposal_count_together(books: Database) -> None:
    second = added("wash_sale_adjustments", 3, replacement_lot_id=3)
    assert refused(books, a_lot(1), second) == "ck_wash_sale_adjustments_within_disposal"
    halves = text("UPDATE wash_sale_adjustments SET quantity = 0.5 WHERE user_id = 1")
    half = added("wash_sale_adjustments", 3, replacement_lot_id=3, quantity=Decimal("0.5"))
    assert refused(books, a_lot(1), halves, half) is None
    less = text("UPDATE lot_disposals SET disallowed_loss = 1 WHERE id = 1")
    assert refused(books, less) == "ck_wash_sale_adjustments_within_disposal"


def test_a_lot_does_not_replace_what_was_sold_of_it(books: Database) -> None:
    itself = text("UPDATE wash_sale_adjustments SET replacement_lot_id = 1 WHERE id = 1")
    assert refused(books, itself) == "ck_wash_sale_adjustments_by_another_lot"


# Reversals.


@pytest.mark.parametrize(
    ("changes", "is_taken"),
    [
        ({}, True),
        ({"net_amount": Decimal("1000.99999999")}, False),
        ({"gross_amount": None}, False),
        ({"commission": 1}, False),
        ({"fees": 0}, False),
        ({"quantity": -99}, False),
        ({"kind": "payment_in_lieu"}, False),
        ({"currency": "EUR"}, False),
        ({"instrument_id": 2}, False),
        ({"price": 101}, False),
        ({"trade_date": session(3)}, True),
    ],
    ids=str,
)
def test_a_reversal_takes_back_what_it_names_and_nothing_else(
    books: Database, changes: dict[str, Any], is_taken: bool
) -> None:
    booked = added("transactions", 5, id=5, external_id="T5", fill_id=None, **REVERSED)
    turned = {
        "quantity": -100,
        "gross_amount": 1000,
        "commission": -1,
        "net_amount": 1001,
        "price": 100,
        "reverses_id": 5,
        "fill_id": None,
    }
    taken_back = added("transactions", 4, **({"id": 6, "external_id": "T6"} | turned | changes))
    key = None if is_taken else "ck_transactions_reverses_exactly"
    assert refused(books, booked, taken_back) == key


def test_a_reversal_is_not_reversed(books: Database) -> None:
    turned = {"quantity": -100, "net_amount": 1001, "reverses_id": 1, "fill_id": None}
    first = added("transactions", 5, id=5, external_id="T5", **turned)
    back = {"quantity": 100, "net_amount": -1001, "reverses_id": 5, "fill_id": None}
    second = added("transactions", 4, id=6, external_id="T6", **back)
    assert refused(books, first, second) == "ck_transactions_reverses_exactly"


# Sides of orders, fills and trades; dividends.


@pytest.mark.parametrize(
    ("asked", "done", "is_taken"),
    [
        ("buy", "buy", True),
        ("buy_to_cover", "buy", True),
        ("sell_short", "sell", True),
        ("sell_to_open", "buy", False),
        ("buy_to_close", "sell", False),
    ],
)
def test_a_fill_has_the_side_of_its_order(
    books: Database, asked: str, done: str, is_taken: bool
) -> None:
    order = added("orders", 3, side=asked)
    fill_of_it = added("fills", 3, order_id=3, side=done)
    found = refused(books, order, fill_of_it)
    assert found == (None if is_taken else "ck_fills_side_of_order")


@pytest.mark.parametrize(
    ("kind", "quantity", "is_taken"), [("buy", 10, True), ("sell", -10, False)]
)
def test_a_trade_has_the_side_of_the_fill_it_books(
    books: Database, kind: str, quantity: int, is_taken: bool
) -> None:
    trade = TRADE | {"kind": kind, "quantity": quantity, "fill_id": 3}
    found = refused(books, added("fills", 3), added("transactions", 5, **(trade | {"id": 5})))
    assert found == (None if is_taken else "ck_transactions_side_of_fill")


@pytest.mark.parametrize(
    ("kind", "currency", "is_taken"),
    [
        ("dividend", "USD", True),
        ("payment_in_lieu", "USD", True),
        ("dividend", "EUR", False),
        ("deposit", "USD", False),
    ],
)
def test_the_details_of_a_dividend_are_of_a_transaction_that_paid_one(
    books: Database, kind: str, currency: str, is_taken: bool
) -> None:
    paid = {"id": 5, "external_id": "T5", "fill_id": None, "kind": kind, "currency": currency}
    booked = added("transactions", 5, **(paid | {"quantity": None, "net_amount": 5}))
    found = refused(books, booked, added("dividends", 3, transaction_id=5))
    assert found == (None if is_taken else "ck_dividends_of_transaction")


# Categories.


def test_no_category_is_a_part_of_itself_however_far_up(books: Database) -> None:
    def under(child: int, parent: int) -> Any:
        moved = text("UPDATE categories SET parent_id = :parent WHERE id = :child")
        return moved.bindparams(parent=parent, child=child)

    with books.engine.begin() as connection:
        for number in (3, 4):
            row = a_row("categories", number, user_id=1) | {"parent_id": None}
            assert refusal(connection, "categories", row) is None
        connection.execute(under(4, 3))
        connection.execute(under(3, 1))
    assert closes_circle(books, under(1, 4))
    assert closes_circle(books, under(1, 3))


def closes_circle(books: Database, statement: Any) -> bool:
    def change(connection: Connection) -> None:
        connection.execute(statement)

    with pytest.raises(IntegrityError) as caught, books.engine.begin() as connection:
        change(connection)
    assert caught.value.orig is not None
    return str(caught.value.orig.diag.constraint_name) == "ck_categories_not_in_itself"
