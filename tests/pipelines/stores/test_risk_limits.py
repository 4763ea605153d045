import datetime as dt
from decimal import Decimal

import pytest
from pipelines.rows import (
    SESSION,
    TRAIL,
    add_account,
    add_instrument,
    add_strategy,
    add_user,
    change,
    hold,
    insert_row,
    query,
    say,
)

from quantmatrix_models.database import Database
from quantmatrix_pipelines.stores import risk_limits
from quantmatrix_pipelines.stores.risk_limits import Limits

COHORTS = range(64)
CLOSE = dt.datetime(2026, 11, 20, 21, 0, tzinfo=dt.UTC)


@pytest.fixture
def ada(database: Database) -> int:
    """A user who limits positions to 10 %."""
    user_id = add_user(database, "ada")
    risk_limits.change(database, user_id, {"max_position_pct": Decimal(10)}, trail=TRAIL)
    return user_id


def test_a_limit_changes_alone_and_only_its_users(database: Database, ada: int):
    ben = add_user(database, "ben")
    risk_limits.change(database, ada, {"max_positions": 5}, trail=TRAIL)
    kept = Limits(max_position_pct=Decimal(10), max_positions=5)
    assert risk_limits.of_user(database, ada) == kept
    assert risk_limits.of_user(database, ben) == Limits()


def test_the_chain_gets_limits_of_active_users_of_the_cohorts_who_have_any(
    database: Database, ada: int
):
    ben = add_user(database, "ben")
    risk_limits.change(database, ben, {"max_positions": 5}, trail=TRAIL)
    assert risk_limits.limits(database, COHORTS).rows() == [
        (ada, 10.0, None, None, None),
        (ben, None, None, None, 5),
    ]
    # ada is in cohort 0, ben in cohort 1.
    assert risk_limits.limits(database, [1])["user_id"].to_list() == [ben]
    risk_limits.change(database, ada, {"max_position_pct": None}, trail=TRAIL)
    change(database, "UPDATE users SET is_active = false WHERE id = :id", id=ben)
    assert risk_limits.limits(database, COHORTS).is_empty()


def balance(database: Database, user_id: int, account_id: int, **said: object) -> None:
    row = {"user_id": user_id, "account_id": account_id, "as_of": CLOSE, "currency": "USD"} | said
    insert_row(database, "account_balances", row)


def risk(database: Database) -> risk_limits.Risk:
    return risk_limits.risk(database, risk_limits.limits(database, COHORTS), SESSION)


def test_an_account_is_worth_what_was_last_said_up_to_the_session(database: Database, ada: int):
    ben = add_user(database, "ben")
    main, other = add_account(database, ada), add_account(database, ada, number="2")
    add_account(database, ada, number="3", is_active=False)
    add_account(database, ada, number="4", base_currency="EUR")
    add_account(database, ben)
    balance(database, ada, main, as_of=CLOSE - dt.timedelta(days=1), net_liquidation=1)
    balance(database, ada, main, net_liquidation=50_000)
    balance(database, ada, main, currency="EUR", net_liquidation=2)
    balance(database, ada, main, as_of=CLOSE + dt.timedelta(days=1), net_liquidation=3)
    balance(database, ada, main, as_of=CLOSE + dt.timedelta(hours=1), cash=4)
    assert risk(database).accounts.rows() == [(ada, main, 50_000.0), (ada, other, None)]


def test_open_positions_have_the_stop_that_is_furthest_away_and_the_rate_of_their_currency(
    database: Database, ada: int
):
    aaa, bbb = add_instrument(database, "AAA"), add_instrument(database, "BBB")
    main = add_account(database, ada)
    hold(database, ada, main, aaa, opened_at=CLOSE, cost_basis=900)
    hold(database, ada, main, bbb, quantity=-3, currency="EUR")
    balance(database, ada, main, currency="EUR", cash=1, exchange_rate=Decimal("1.25"))
    closed = {"status": "closed", "quantity": 0, "closed_at": CLOSE}
    hold(database, ada, main, add_instrument(database, "CCC"), **closed)
    for number, (instrument_id, side, stop, status) in enumerate(
        [
            (aaa, "sell", 90, "working"),
            (aaa, "sell", 85, "submitted"),
            (aaa, "sell", 50, "cancelled"),
            (aaa, "buy", 70, "working"),
            (bbb, "buy_to_cover", 120, "working"),
        ]
    ):
        order = {"side": side, "kind": "stop", "stop_price": stop, "status": status, "quantity": 2}
        of_account = {"user_id": ada, "account_id": main, "instrument_id": instrument_id}
        of_broker = {"external_id": str(number), "submitted_at": CLOSE}
        insert_row(database, "orders", order | of_account | of_broker)
    assert risk(database).positions.rows() == [
        (ada, main, aaa, SESSION, 10.0, 900.0, 1.0, 85.0, 4.0),
        (ada, main, bbb, None, -3.0, None, 1.25, 120.0, 2.0),
    ]


@pytest.mark.usefixtures("ada")
def test_sectors_are_those_of_the_scheme_that_classifies_most_on_the_session(database: Database):
    ids = [add_instrument(database, symbol) for symbol in ("AAA", "BBB", "CCC")]
    change(database, "INSERT INTO data_providers (name) VALUES ('file')")
    for instrument_id, scheme, sector, valid_from in [
        (ids[0], "gics", "Energy", dt.date(2020, 1, 2)),
        (ids[1], "gics", "Utilities", dt.date(2020, 1, 2)),
        (ids[2], "gics", "Materials", dt.date(2026, 11, 21)),
        (ids[2], "sic", "Mining", dt.date(2020, 1, 2)),
    ]:
        row = {"instrument_id": instrument_id, "scheme": scheme, "sector": sector}
        since = {"valid_from": valid_from, "provider": "file"}
        insert_row(database, "instrument_classifications", row | since)
    assert risk(database).sectors.rows() == [(ids[0], "Energy"), (ids[1], "Utilities")]


def test_what_was_said_of_the_session_is_that_of_users_with_limits(database: Database, ada: int):
    ben = add_user(database, "ben")
    aaa = add_instrument(database, "AAA")
    of_ada = add_strategy(database, ada)
    say(database, ada, of_ada, aaa)
    say(database, ben, add_strategy(database, ben), aaa)
    assert risk(database).said.rows() == [(ada, of_ada, aaa, 5.0, 100.0, 90.0)]


def test_without_limits_nothing_is_read(database: Database):
    add_user(database, "ada")
    assert risk(database) is risk_limits.NO_RISK
    assert query(database, "SELECT count(*) FROM risk_limits") == [(0,)]
