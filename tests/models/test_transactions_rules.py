"""What may be ordered, done and booked."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from models.refusals import broken, refusal
from models.rows import a_row, fill
from models.rows_of.moments import moment, session
from sqlalchemy import Connection

from quantmatrix_models.database import Database

BY_HASH = "uq_transactions_user_id_account_id_content_hash_revision"
BY_ID = "uq_transactions_user_id_account_id_external_id_revision"
BY_FILL = "uq_transactions_user_id_account_id_fill_id_revision"
BUY = {"kind": "buy", "quantity": 10, "price": 100, "net_amount": -1001}
SELL = {"kind": "sell", "quantity": -10, "price": 100, "net_amount": 999}
CASH = {"instrument_id": None}
REVERSAL = {"reverses_id": 1}
BY_CONTENT = {"external_id": None}


@pytest.fixture
def connection(populated: Database) -> Iterator[Connection]:
    with populated.engine.connect() as made:
        yield made


def booked(connection: Connection, changes: dict[str, Any]) -> str | None:
    """Gives the constraint that refuses a further transaction of account 1, or None."""
    return refusal(connection, "transactions", a_row("transactions", 3, user_id=1) | changes)


@pytest.mark.parametrize(
    "booking",
    [
        BUY,
        BUY | {"quantity": Decimal("0.00000001")},
        BUY | {"price": 0, "net_amount": 0},
        SELL,
        SELL | {"kind": "sell_short"},
        BUY | {"kind": "buy_to_cover"},
        BUY | {"commission": Decimal("-0.25")},
        {"kind": "dividend", "net_amount": 12},
        CASH | {"kind": "dividend", "net_amount": 12},
        {"kind": "payment_in_lieu", "net_amount": -12},
        {"kind": "withholding_tax", "net_amount": -2},
        CASH | {"kind": "deposit", "net_amount": 1000},
        CASH | {"kind": "withdrawal", "net_amount": -1000},
        CASH | {"kind": "interest_received", "net_amount": 0},
        CASH | {"kind": "interest_paid", "net_amount": -3},
        CASH | {"kind": "fee", "net_amount": 5},
        {"kind": "expiration", "quantity": -1, "price": 0, "net_amount": 0},
        {"kind": "expiration", "quantity": 1, "net_amount": 0},
        {"kind": "assignment", "quantity": 1, "price": 0, "net_amount": 0},
        {"kind": "split", "quantity": 30, "net_amount": 0},
        {"kind": "spin_off", "quantity": 5, "price": 0, "net_amount": 0},
        {"kind": "transfer_in", "quantity": 100, "net_amount": 0},
        {"kind": "symbol_change", "net_amount": 0},
    ],
    ids=str,
)
def test_what_happens_in_an_account_can_be_booked(
    connection: Connection, booking: dict[str, Any]
) -> None:
    assert booked(connection, booking) is None


@pytest.mark.parametrize(
    ("booking", "turned"),
    [
        (BUY, {"quantity": -10, "net_amount": 1001}),
        (SELL, {"quantity": 10, "net_amount": -999}),
        (CASH | {"kind": "deposit", "net_amount": 1000}, {"quantity": -100, "net_amount": -1000}),
        (CASH | {"kind": "interest_paid", "net_amount": -3}, {"quantity": -100, "net_amount": 3}),
    ],
    ids=str,
)
def test_a_booking_is_taken_back_with_its_signs_turned(
    connection: Connection, booking: dict[str, Any], turned: dict[str, Any]
) -> None:
    assert booked(connection, booking) is None
    keys = {"id": 10, "external_id": "T10", "content_hash": None, "reverses_id": 3}
    assert booked(connection, booking | turned | keys) is None


@pytest.mark.parametrize(
    "booking",
    [
        BUY | {"quantity": -10},
        BUY | {"quantity": 0},
        BUY | {"quantity": None},
        BUY | {"price": None},
        BUY | {"instrument_id": None},
        BUY | REVERSAL,
        SELL | {"quantity": 10},
        SELL | {"quantity": 0},
        CASH | {"kind": "deposit", "net_amount": -1},
        CASH | {"kind": "deposit", "net_amount": 0},
        CASH | {"kind": "withdrawal", "net_amount": 1},
        CASH | {"kind": "interest_received", "net_amount": -1},
        CASH | {"kind": "interest_paid", "net_amount": 1},
        {"kind": "expiration", "quantity": None},
        {"kind": "expiration", "quantity": 0},
        CASH | {"kind": "split", "quantity": 30},
        BUY | {"settles_on": session(2)},
    ],
    ids=str,
)
def test_what_cannot_happen_cannot_be_booked(
    connection: Connection, booking: dict[str, Any]
) -> None:
    assert booked(connection, booking) is not None


def test_a_row_of_a_file_without_an_id_is_refused_the_second_time(connection: Connection) -> None:
    row = BY_CONTENT | {"content_hash": bytes([7]) * 32, "source": "file"}
    assert booked(connection, row | {"id": 10}) is None
    assert booked(connection, row | {"id": 11}) == BY_HASH


def test_two_equal_rows_of_one_file_are_two_trades(connection: Connection) -> None:
    """Their digests differ by the number of the occurrence."""
    for number in (10, 11):
        row = BY_CONTENT | {"id": number, "content_hash": bytes([number]) * 32}
        assert booked(connection, row) is None


def test_a_trade_known_from_the_api_is_known_again_in_a_file(connection: Connection) -> None:
    first = a_row("transactions", 1)
    from_file = BY_CONTENT | {"source": "file", "content_hash": first["content_hash"]}
    assert booked(connection, from_file) == BY_HASH


def test_an_id_of_the_broker_is_booked_once_in_an_account(connection: Connection) -> None:
    fill(connection, 3, until="transactions")
    assert booked(connection, {"external_id": "T1"}) == BY_ID
    assert broken(connection, "transactions", {"external_id": "T1"}) is None


def test_a_fill_is_booked_once(connection: Connection) -> None:
    assert booked(connection, {"fill_id": 1}) == BY_FILL


def test_what_is_reversed_is_of_the_same_account(connection: Connection) -> None:
    second = a_row("accounts", 3, user_id=1)
    assert refusal(connection, "accounts", second) is None
    elsewhere = {"account_id": 3, "reverses_id": 1}
    key = "fk_transactions_user_id_account_id_reverses_id_transactions"
    assert booked(connection, elsewhere) == key


SENT = {"submitted_at": moment(1)}
DONE = SENT | {"finished_at": moment(2)}


@pytest.mark.parametrize(
    ("order", "is_taken"),
    [
        ({}, True),
        (SENT | {"status": "working"}, True),
        ({"kind": "limit", "limit_price": 10}, True),
        ({"kind": "limit"}, False),
        ({"kind": "stop_limit", "limit_price": 10, "stop_price": 11}, True),
        ({"kind": "stop_limit", "limit_price": 10}, False),
        ({"kind": "market", "limit_price": 10}, False),
        (DONE | {"status": "filled", "filled_quantity": 10, "average_fill_price": 0}, True),
        (DONE | {"status": "filled", "filled_quantity": 9}, False),
        (SENT | {"status": "partially_filled", "filled_quantity": 10}, False),
        (SENT | {"status": "partially_filled", "filled_quantity": 9}, True),
        (DONE | {"status": "cancelled", "filled_quantity": 3}, True),
        ({"status": "cancelled", "finished_at": moment(2)}, True),
        (DONE | {"status": "rejected", "filled_quantity": 3, "reason": "margin"}, False),
        (DONE | {"status": "rejected", "reason": "margin"}, True),
        (DONE | {"status": "rejected"}, False),
        ({"client_order_id": None}, True),
        ({"external_id": None}, True),
    ],
    ids=str,
)
def test_an_order_says_what_became_of_it(
    connection: Connection, order: dict[str, Any], is_taken: bool
) -> None:
    fill(connection, 3, until="orders")
    assert (broken(connection, "orders", order) is None) == is_taken


@pytest.mark.parametrize(
    ("dividend", "is_taken"),
    [
        ({"gross_amount": 10, "tax_withheld": 0, "net_amount": 10}, True),
        ({"gross_amount": -10, "tax_withheld": 0, "net_amount": -10}, True),
        ({"gross_amount": 10, "tax_withheld": 3, "net_amount": 10}, False),
        ({"amount_per_share": Decimal("0.00000001"), "quantity_held": -5}, True),
        # A large special dividend: its ex-date follows the payment.
        ({"record_date": session(1), "pay_date": session(2), "ex_date": session(3)}, True),
        ({"record_date": session(2), "pay_date": session(1)}, False),
    ],
    ids=str,
)
def test_a_dividend_adds_up(
    connection: Connection, dividend: dict[str, Any], is_taken: bool
) -> None:
    fill(connection, 3, until="dividends")
    assert (broken(connection, "dividends", dividend) is None) == is_taken


CASH_MOVED = {"instrument_id": None, "quantity": None, "amount": 500}


@pytest.mark.parametrize(
    ("transfer", "is_taken"),
    [
        ({"cost_basis": None, "acquired_on": None}, True),
        ({"cost_basis": 0, "acquired_on": session(1)}, True),
        ({"quantity": -10}, True),
        ({"quantity": 0}, False),
        ({"acquired_on": session(4)}, False),
        (CASH_MOVED | {"kind": "ach"}, True),
        (CASH_MOVED | {"quantity": 1}, False),
        (CASH_MOVED | {"amount": None}, False),
        (CASH_MOVED | {"amount": 0}, False),
        ({"kind": "wire"}, False),
        ({"transaction_id": None}, True),
        ({"external_id": None}, False),
        ({"external_id": None, "transaction_id": 3}, True),
    ],
    ids=str,
)
def test_a_transfer_moves_units_or_cash(
    connection: Connection, transfer: dict[str, Any], is_taken: bool
) -> None:
    fill(connection, 3, until="transfers")
    assert (broken(connection, "transfers", transfer) is None) == is_taken


@pytest.mark.parametrize(
    "changes",
    [
        BUY | {"price": Decimal("-37.63")},  # a future of oil on 2020-04-20
        {"kind": "withholding_tax", "settles_on": session(1)},  # put right a year later
        BUY | {"price": Decimal("0.0000084"), "quantity": Decimal("0.000000000000000001")},
    ],
)
def test_what_is_rare_can_be_booked(connection: Connection, changes: dict[str, Any]) -> None:
    assert booked(connection, changes) is None


def test_what_was_reversed_is_booked_again_under_the_brokers_own_id(
    connection: Connection,
) -> None:
    row = a_row("transactions", 1) | {"id": 11, "fill_id": None}
    assert booked(connection, row) is not None
    assert booked(connection, row | {"revision": 2}) is None
