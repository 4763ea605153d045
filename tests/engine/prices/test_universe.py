import datetime as dt

import polars as pl
import pytest
from pydantic import ValidationError

from quantmatrix_engine.prices import universe
from quantmatrix_engine.prices.universe import Universe, ambiguous, traded

TUESDAY = dt.date(2024, 1, 16)
FRIDAY = dt.date(2024, 1, 12)
TRADING_SCHEMA = {"instrument_id": pl.Int64, "last_session": pl.Date}


def bars(*rows: tuple[int, dt.date]) -> pl.DataFrame:
    schema = {"instrument_id": pl.Int64, "session": pl.Date}
    return pl.DataFrame(rows, schema=schema, orient="row")


def trading(*rows) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=TRADING_SCHEMA, orient="row")


UNIVERSE_SCHEMA = {
    "strategy_id": pl.Int64,
    "symbols": pl.List(pl.String),
    "index": pl.String,
}
MEMBERS_SCHEMA = {"index": pl.String, "instrument_id": pl.Int64}


def universes(*symbols: list[str] | None) -> pl.DataFrame:
    rows = [(number, one, None) for number, one in enumerate(symbols, start=1)]
    return pl.DataFrame(rows, schema=UNIVERSE_SCHEMA, orient="row")


def members(*rows: tuple[str, int]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=MEMBERS_SCHEMA, orient="row")


def pairs(asked, instruments, trading, session, of=()):
    return universe.pairs(asked, instruments, trading, session, members=members(*of))


@pytest.fixture
def three(catalogue):
    return catalogue(
        {"instrument_id": 1, "symbol": "AAPL"},
        {"instrument_id": 2, "symbol": "MSFT"},
        {"instrument_id": 3, "symbol": "GONE"},
    )


def test_what_traded_is_known_by_its_last_session():
    frame = traded(bars((2, FRIDAY), (1, FRIDAY), (1, TUESDAY)), TUESDAY)
    assert frame.rows() == [(1, TUESDAY), (2, FRIDAY)]


def test_a_bar_within_five_sessions_counts_as_trading_over_a_long_weekend():
    # Monday the 15th is a holiday; the five sessions are the 9th to the 12th and the 16th.
    frame = traded(bars((1, dt.date(2024, 1, 9)), (2, dt.date(2024, 1, 8))), TUESDAY)
    assert frame.rows() == [(1, dt.date(2024, 1, 9))]


def test_bars_after_the_session_are_not_looked_at():
    assert traded(bars((1, FRIDAY), (1, TUESDAY)), FRIDAY).rows() == [(1, FRIDAY)]
    assert traded(bars((1, TUESDAY)), FRIDAY).is_empty()


def test_a_strategy_that_names_nothing_considers_all_that_trades(three):
    result = pairs(universes(None), three, trading((1, TUESDAY), (2, FRIDAY)), TUESDAY)
    assert result.rows() == [(1, 1, "AAPL", TUESDAY), (1, 2, "MSFT", FRIDAY)]


def test_a_named_symbol_is_considered_whether_it_trades_or_not(three):
    result = pairs(universes(["GONE", "AAPL"]), three, trading((1, TUESDAY)), TUESDAY)
    assert result.rows() == [(1, 1, "AAPL", TUESDAY), (1, 3, "GONE", None)]


def test_every_strategy_has_the_universe_of_its_own(three):
    asked = universes(["MSFT"], None, ["AAPL", "MSFT"])
    result = pairs(asked, three, trading((1, TUESDAY), (2, TUESDAY)), TUESDAY)
    assert result.select("strategy_id", "symbol").rows() == [
        (1, "MSFT"),
        (2, "AAPL"),
        (2, "MSFT"),
        (3, "AAPL"),
        (3, "MSFT"),
    ]


def test_a_symbol_named_twice_is_considered_once(three):
    result = pairs(universes(["AAPL", "AAPL"]), three, trading(), TUESDAY)
    assert result.rows() == [(1, 1, "AAPL", None)]


def test_an_empty_list_of_symbols_considers_nothing(three):
    assert pairs(universes([]), three, trading((1, TUESDAY)), TUESDAY).is_empty()


def test_a_symbol_means_what_it_meant_on_the_session(catalogue):
    instruments = catalogue(
        {"instrument_id": 1, "symbol": "FB", "valid_to": TUESDAY},
        {"instrument_id": 1, "symbol": "META", "valid_from": TUESDAY},
        {"instrument_id": 2, "symbol": "FB", "valid_from": TUESDAY},
    )
    asked, none = universes(["FB"], None), trading((1, FRIDAY), (2, FRIDAY))
    before, after = (pairs(asked, instruments, none, day) for day in (FRIDAY, TUESDAY))
    assert before.select("strategy_id", "instrument_id", "symbol").rows() == [
        (1, 1, "FB"),
        (2, 1, "FB"),
    ]
    assert after.select("strategy_id", "instrument_id", "symbol").rows() == [
        (1, 2, "FB"),
        (2, 1, "META"),
        (2, 2, "FB"),
    ]


def test_no_strategies_consider_nothing(three):
    assert pairs(universes(), three, trading((1, TUESDAY)), TUESDAY).is_empty()


def test_a_universe_is_everything_or_a_list_of_symbols():
    assert Universe().symbols is None
    assert Universe.model_validate({"symbols": ["AAPL"]}).symbols == ("AAPL",)


@pytest.mark.parametrize(
    "document",
    [
        {"symbols": "AAPL"},
        {"symbols": [1]},
        {"tickers": []},
        {"index": 5},
        {"index": "SP500", "symbols": ["AAPL"]},
    ],
)
def test_a_universe_that_is_something_else_is_refused(document):
    with pytest.raises(ValidationError):
        Universe.model_validate(document)


def test_an_instrument_of_two_symbols_is_considered_once(catalogue):
    both = catalogue({"symbol": "BRK.B"}, {"symbol": "BRK-B", "exchange": "XNYS"})
    asked = universes(None, ["BRK.B"], ["BRK.B", "BRK-B"])
    result = pairs(asked, both, trading((1, TUESDAY)), TUESDAY)
    assert result.rows() == [
        (1, 1, "BRK-B", TUESDAY),
        (2, 1, "BRK.B", TUESDAY),
        (3, 1, "BRK-B", TUESDAY),
    ]


def test_a_named_symbol_of_two_instruments_is_left_out_and_told(catalogue):
    both = catalogue(
        {"instrument_id": 1, "symbol": "BA", "exchange": "XNYS"},
        {"instrument_id": 2, "symbol": "BA", "exchange": "XLON"},
        {"instrument_id": 3, "symbol": "IBM"},
    )
    asked = universes(["BA", "IBM"], None)
    assert pairs(asked, both, trading((1, TUESDAY)), TUESDAY).rows() == [
        (1, 3, "IBM", None),
        (2, 1, "BA", TUESDAY),
    ]
    assert ambiguous(asked, both, TUESDAY).rows() == [(1, "BA", [1, 2])]


def test_a_strategy_can_consider_the_members_of_an_index(three):
    asked = pl.DataFrame([(1, None, "SP500"), (2, None, "NDX")], UNIVERSE_SCHEMA, orient="row")
    known = [("SP500", 1), ("SP500", 3), ("DJIA", 2)]
    result = pairs(asked, three, trading((1, TUESDAY), (2, TUESDAY)), TUESDAY, known)
    assert result.rows() == [(1, 1, "AAPL", TUESDAY), (1, 3, "GONE", None)]
