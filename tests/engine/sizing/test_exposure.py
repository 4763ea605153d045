"""What is held, weighed by hand."""

import datetime as dt

import polars as pl
import pytest

from quantmatrix_engine.sizing import exposure
from quantmatrix_engine.sizing.exposure import NO_RISK, Risk

SESSION = dt.date(2024, 1, 16)
CLOSES = pl.DataFrame({"instrument_id": [1, 2, 3], "close": [100.0, 50.0, 10.0]})
POSITION = {
    "user_id": 1,
    "account_id": 1,
    "opened_on": None,
    "cost_basis": None,
    "exchange_rate": 1.0,
    "stop": None,
    "stopped_quantity": None,
}


def held(accounts: list[tuple], *positions: dict, sectors=None, said=()):
    """Gives (user, instrument, sector, weight, heat) of positions in accounts."""
    risk = Risk(
        NO_RISK.limits,
        pl.DataFrame(accounts, schema=exposure.ACCOUNTS_SCHEMA, orient="row"),
        pl.DataFrame([POSITION | one for one in positions], schema=exposure.POSITIONS_SCHEMA),
        pl.DataFrame(list((sectors or {}).items()), exposure.SECTORS_SCHEMA, orient="row"),
        pl.DataFrame(list(said), exposure.SAID_SCHEMA, orient="row"),
    )
    return exposure.held(risk, CLOSES, SESSION).rows()


def units(instrument_id: int, quantity: float, **further) -> dict:
    return {"instrument_id": instrument_id, "quantity": quantity, **further}


def test_a_position_weighs_its_close_against_all_accounts_of_its_user():
    # 10 at 100 of 4,000 and 16,000 is 5 %; without a stop all of it is heat.
    accounts = [(1, 1, 4_000.0), (1, 2, 16_000.0), (2, 3, 1_000.0)]
    other = units(2, 10, user_id=2, account_id=3)
    assert held(accounts, units(1, 10), other, sectors={1: "tech"}) == [
        (1, 1, "tech", 5.0, 5.0),
        (2, 2, None, 50.0, 50.0),
    ]


def test_short_or_long_a_position_has_the_weight_of_its_amount():
    assert held([(1, 1, 10_000.0)], units(1, -10)) == [(1, 1, None, 10.0, 10.0)]


def test_heat_is_what_is_lost_at_the_stop_of_the_units_that_have_one():
    account = [(1, 1, 10_000.0)]
    # Ten percent down; half of the units without a stop; a stop above the close loses nothing.
    whole = units(1, 10, stop=90.0, stopped_quantity=10.0)
    assert held(account, whole)[0][4] == pytest.approx(1.0)
    half = units(1, 10, stop=90.0, stopped_quantity=5.0)
    assert held(account, half)[0][4] == pytest.approx(0.5 + 5.0)
    above = units(1, 10, stop=101.0, stopped_quantity=20.0)
    assert held(account, above)[0][4] == 0.0
    short = units(1, -10, stop=120.0, stopped_quantity=10.0)
    assert held(account, short)[0][4] == pytest.approx(2.0)


def test_without_a_close_a_position_is_worth_its_cost_and_without_that_nobody_knows():
    account = [(1, 1, 10_000.0)]
    assert held(account, units(9, 3, cost_basis=500.0)) == [(1, 9, None, 5.0, 5.0)]
    assert held(account, units(9, 3)) == [(1, 9, None, None, None)]


def test_another_currency_is_brought_to_the_accounts():
    account = [(1, 1, 10_000.0)]
    assert held(account, units(1, 10, exchange_rate=1.5))[0][3] == 15.0
    assert held(account, units(1, 10, exchange_rate=None))[0][3] is None


def test_an_account_nobody_valued_is_worth_the_positions_in_it():
    accounts = [(1, 1, None), (1, 2, 9_000.0)]
    assert held(accounts, units(1, 5), units(2, 10)) == [
        (1, 1, None, 5.0, 5.0),
        (1, 2, None, 5.0, 5.0),
    ]


def test_what_was_opened_after_the_session_was_not_held():
    account = [(1, 1, 10_000.0)]
    assert held(account, units(1, 10, opened_on=dt.date(2024, 1, 17))) == []
    assert len(held(account, units(1, 10, opened_on=SESSION))) == 1


def test_accounts_that_are_worth_nothing_weigh_nothing():
    assert held([(1, 1, 0.0)], units(1, 10)) == [(1, 1, None, None, None)]


def test_what_was_said_of_the_session_uses_up_room_as_if_it_were_held():
    # A tenth of the 4 % is lost at the stop.
    said = [(1, 1, 2, 4.0, 100.0, 90.0)]
    found = held([(1, 1, 10_000.0)], units(1, 10), sectors={2: "energy"}, said=said)
    assert found[0] == (1, 1, None, 10.0, 10.0)
    assert found[1][:4] == (1, 2, "energy", 4.0)
    assert found[1][4] == pytest.approx(0.4)
