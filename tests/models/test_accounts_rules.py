"""What may be said of an account, its broker and its money."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from models.refusals import broken, refusal
from models.rows import a_row, fill
from models.rows_of.moments import MOMENT
from sqlalchemy import Connection, text

from quantmatrix_engine.errors import SettingsError
from quantmatrix_models.accounts import Broker, BrokerCredential
from quantmatrix_models.database import Database
from quantmatrix_models.migrations.tables import metadata
from quantmatrix_models.privileges import Role
from quantmatrix_models.secrets import Vault


@pytest.fixture
def connection(populated: Database) -> Iterator[Connection]:
    with populated.engine.connect() as made:
        yield made


def test_two_users_link_the_same_joint_account(connection: Connection) -> None:
    fill(connection, 3, until="accounts")
    assert broken(connection, "accounts", {"number": "U1"}) is None


def test_a_user_links_an_account_once_at_a_broker(connection: Connection) -> None:
    again = a_row("accounts", 3, user_id=1) | {"number": "U1"}
    assert refusal(connection, "accounts", again) == "uq_accounts_user_id_broker_number"
    assert refusal(connection, "accounts", again | {"broker": "schwab"}) is None


def test_a_credential_opens_accounts_of_its_own_broker_only(connection: Connection) -> None:
    ibkr = a_row("accounts", 3, user_id=1) | {"credential_id": 1}
    key = "fk_accounts_user_id_broker_credential_id_broker_credentials"
    assert refusal(connection, "accounts", ibkr | {"broker": "schwab"}) == key
    assert refusal(connection, "accounts", ibkr) is None


@pytest.mark.parametrize(
    ("state", "is_taken"),
    [
        ({}, True),
        ({"sync_status": "running"}, True),
        ({"sync_status": "failed"}, False),
        ({"sync_status": "failed", "last_error": "token expired"}, True),
        ({"sync_status": "succeeded"}, False),
        ({"sync_status": "succeeded", "last_synced_at": MOMENT}, True),
    ],
    ids=str,
)
def test_an_account_says_why_it_failed_and_when_it_succeeded(
    connection: Connection, state: dict[str, Any], is_taken: bool
) -> None:
    fill(connection, 3, until="accounts")
    assert (broken(connection, "accounts", state) is None) == is_taken


def test_a_file_that_was_booked_is_not_booked_again(connection: Connection) -> None:
    again = a_row("account_syncs", 3, user_id=1) | {"file_digest": bytes([1]) * 32}
    assert refusal(connection, "account_syncs", again) == "uq_account_syncs_booked_file"


@pytest.mark.parametrize("status", ["partial", "failed", "running"])
def test_a_file_that_was_not_booked_whole_may_be_tried_again(
    connection: Connection, status: str
) -> None:
    again = a_row("account_syncs", 3, user_id=1) | {
        "file_digest": bytes([1]) * 32,
        "status": status,
        "finished_at": None if status == "running" else MOMENT,
        "error": "cut off",
    }
    assert refusal(connection, "account_syncs", again) is None


@pytest.mark.parametrize(
    ("counts", "is_taken"),
    [
        ({"rows_read": 3, "rows_added": 1, "rows_unchanged": 1, "rows_refused": 1}, True),
        ({"rows_read": 3, "rows_added": 1, "rows_unchanged": 1, "rows_refused": 0}, False),
        ({"rows_read": 1, "rows_added": 2}, False),
    ],
    ids=str,
)
def test_of_a_success_every_row_is_accounted_for(
    connection: Connection, counts: dict[str, int], is_taken: bool
) -> None:
    fill(connection, 3, until="account_syncs")
    assert (broken(connection, "account_syncs", counts) is None) == is_taken


@pytest.mark.parametrize(
    ("said", "is_taken"),
    [
        ({"cash": None, "net_liquidation": 0}, True),
        ({"cash": -500}, True),
        ({"cushion_ratio": "-0.05"}, True),
        ({"cash": None, "exchange_rate": 1}, False),
        ({"gross_position_value": -1}, False),
    ],
    ids=str,
)
def test_a_balance_says_at_least_one_amount_and_leaves_out_the_others(
    connection: Connection, said: dict[str, Any], is_taken: bool
) -> None:
    fill(connection, 3, until="account_balances")
    assert (broken(connection, "account_balances", said) is None) == is_taken


@pytest.mark.parametrize(
    ("limits", "is_taken"),
    [
        ({"position_size_pct": 0}, False),
        ({"position_size_pct": Decimal("0.0001")}, True),
        ({"position_size_pct": 100}, True),
        ({"position_size_pct": Decimal("100.0001")}, False),
        ({"position_size_pct": Decimal("NaN")}, False),
        ({"reinvest_pct": 0}, True),
        ({"reinvest_pct": 101}, False),
        ({"stop_loss_pct": 0}, False),
        ({"stop_loss_pct": Decimal("99.9999")}, True),
        ({"stop_loss_pct": 100}, False),
        ({"profit_target_pct": 300}, True),
        ({"min_amount": 5, "max_amount": 5}, True),
        ({"min_amount": 6, "max_amount": 5}, False),
        ({"min_amount": 6}, True),
    ],
    ids=str,
)
def test_an_allocation_keeps_its_limits_within_bounds(
    connection: Connection, limits: dict[str, Any], is_taken: bool
) -> None:
    fill(connection, 3, until="capital_allocations")
    assert (broken(connection, "capital_allocations", limits) is None) == is_taken


def test_an_allocation_has_careful_limits_where_none_are_given(connection: Connection) -> None:
    asked = text(
        """
        SELECT position_size_pct, max_positions, max_risk_per_trade_pct, max_portfolio_risk_pct,
               reinvest_pct, profit_target_pct, stop_loss_pct FROM capital_allocations WHERE id = 1
        """
    )
    assert connection.execute(asked).one() == (2, 10, 2, 20, 80, None, None)


def test_a_strategy_has_one_active_allocation_of_an_account(connection: Connection) -> None:
    second = a_row("capital_allocations", 3, user_id=1)
    assert refusal(connection, "capital_allocations", second) == "uq_capital_allocations_active"
    assert refusal(connection, "capital_allocations", second | {"is_active": False}) is None


def test_a_secret_opens_for_its_own_user_broker_and_label_alone() -> None:
    vault = Vault([Vault.new_key()])
    mine = BrokerCredential.seal_context(1, Broker.IBKR, "main")
    sealed = vault.seal("token", context=mine)
    assert vault.open(sealed, context=mine) == "token"
    for other in [(2, Broker.IBKR, "main"), (1, Broker.SCHWAB, "main"), (1, Broker.IBKR, "old")]:
        with pytest.raises(SettingsError, match="sealed for another row"):
            vault.open(sealed, context=BrokerCredential.seal_context(*other))


@pytest.mark.parametrize("role", [Role.APP, Role.ADMIN, Role.SUPPORT])
def test_all_of_a_credential_is_read_but_its_secret(populated: Database, role: Role) -> None:
    columns = set(metadata.tables["broker_credentials"].columns.keys()) - {"sealed_secret"}
    with populated.transaction(role, user_id=1) as connection:
        connection.execute(text(f"SELECT {', '.join(columns)} FROM broker_credentials"))  # noqa: S608


def test_a_user_adds_a_credential_gives_it_a_new_secret_and_takes_it_back(
    populated: Database,
) -> None:
    credentials = metadata.tables["broker_credentials"]
    row = a_row("broker_credentials", 3, user_id=1)
    del row["id"]  # no user chooses the key of a row
    added = credentials.insert().values(row)
    with populated.engine.begin() as connection:
        # Rows 1 and 2 were given theirs by hand.
        connection.execute(text("ALTER TABLE broker_credentials ALTER id RESTART WITH 100"))
    with populated.transaction(Role.APP, user_id=1) as connection:
        this = credentials.c.id == connection.execute(added.returning(credentials.c.id)).scalar()
        changed = credentials.update().where(this).values(sealed_secret="new", key_id="2")
        assert connection.execute(changed).rowcount == 1
        assert connection.execute(credentials.delete().where(this)).rowcount == 1


def test_a_row_of_an_account_refers_to_rows_of_that_account() -> None:
    """But for the lot that replaces what was sold at a loss, which may lie in another account."""
    of_accounts = {t.name for t in metadata.sorted_tables if "account_id" in t.columns}
    astray = {
        str(key.name)
        for name in of_accounts
        for key in metadata.tables[name].foreign_key_constraints
        if key.referred_table.name in of_accounts and "account_id" not in key.column_keys
    }
    assert astray == {"fk_wash_sale_adjustments_user_id_replacement_lot_id_tax_lots"}
