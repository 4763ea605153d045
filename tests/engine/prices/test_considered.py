"""The instruments a universe comes to on a session, worked by hand."""

import datetime as dt
import hashlib

import polars as pl
import pytest

from quantmatrix_engine.prices import considered, universe
from quantmatrix_engine.prices.considered import ambiguous, holders, market

TUESDAY = dt.date(2024, 1, 16)
FRIDAY = dt.date(2024, 1, 12)
TRADING_SCHEMA = {
    "instrument_id": pl.Int64,
    "last_session": pl.Date,
    "price": pl.Float64,
    "dollar_volume": pl.Float64,
}
BAR_SCHEMA = {
    "instrument_id": pl.Int64,
    "session": pl.Date,
    "close": pl.Float64,
    "volume": pl.Float64,
    "provider": pl.String,
    "known_at": pl.Datetime("us", "UTC"),
}
MEMBERS_SCHEMA = {"index": pl.String, "instrument_id": pl.Int64}
HELD_SCHEMA = {"user_id": pl.Int64, "instrument_id": pl.Int64}


def bars(*rows: tuple[int, dt.date] | tuple[int, dt.date, float, float]) -> pl.DataFrame:
    """Gives bars of (instrument_id, session), closing at 10 with 100 traded unless they say so."""
    at = dt.datetime(2024, 1, 17, tzinfo=dt.UTC)
    made = [(*row, *(10.0, 100.0)[len(row) - 2 :], "folder", at) for row in rows]
    return pl.DataFrame(made, schema=BAR_SCHEMA, orient="row")


def trading(*rows) -> pl.DataFrame:
    """Gives what `market` would of (instrument_id, last_session), and price and dollar volume."""
    made = [(*row, *(None,) * (4 - len(row))) for row in rows]
    return pl.DataFrame(made, schema=TRADING_SCHEMA, orient="row")


def of(*documents: dict) -> pl.DataFrame:
    """Gives universes of user 7, numbered from 1."""
    rows = [(number, 7, one) for number, one in enumerate(documents, start=1)]
    frame, errors = universe.prepare(rows)
    assert not errors
    return frame


def universes(*symbols: list[str] | None) -> pl.DataFrame:
    return of(*({"symbols": one} for one in symbols))


def asked(universes, instruments, trading, session, *, members=(), held=()):
    return considered.considered(
        universes,
        instruments,
        trading,
        session,
        members=pl.DataFrame(list(members), schema=MEMBERS_SCHEMA, orient="row"),
        held=pl.DataFrame(list(held), schema=HELD_SCHEMA, orient="row"),
    )


def pairs(universes, instruments, trading, session, members=()):
    return asked(universes, instruments, trading, session, members=members).pairs


@pytest.fixture
def three(catalogue):
    return catalogue(
        {"instrument_id": 1, "symbol": "AAPL"},
        {"instrument_id": 2, "symbol": "MSFT"},
        {"instrument_id": 3, "symbol": "GONE"},
    )


def measured(found: pl.DataFrame) -> list[tuple]:
    return found.select(list(TRADING_SCHEMA)).rows()


def last_sessions(found: pl.DataFrame) -> list[tuple]:
    return found.select("instrument_id", "last_session").rows()


def test_what_traded_is_known_by_its_last_session():
    frame = market(bars((2, FRIDAY), (1, FRIDAY), (1, TUESDAY)), TUESDAY)
    assert last_sessions(frame) == [(1, TUESDAY), (2, FRIDAY)]


def test_a_bar_within_five_sessions_counts_as_trading_over_a_long_weekend():
    # Monday the 15th is a holiday; the five sessions are the 9th to the 12th and the 16th.
    frame = market(bars((1, dt.date(2024, 1, 9)), (2, dt.date(2024, 1, 8))), TUESDAY)
    assert last_sessions(frame) == [(1, dt.date(2024, 1, 9)), (2, None)]


def test_bars_after_the_session_are_not_looked_at():
    later = (1, TUESDAY, 99.0, 1e9)
    assert measured(market(bars((1, FRIDAY, 10.0, 40.0), later), FRIDAY)) == [
        (1, FRIDAY, 10.0, 20.0)
    ]
    assert market(bars(later), FRIDAY).is_empty()


def test_dollar_volume_is_close_times_volume_over_twenty_sessions():
    # 10 x 100 and 20 x 50 on two of them, nothing on the others: 2000 / 20. What was before the
    # twenty does not count, and the price is the session's own.
    first = dt.date(2023, 12, 15)
    rows = [(1, first, 10.0, 100.0), (1, TUESDAY, 20.0, 50.0), (1, dt.date(2023, 12, 14), 1.0, 1e9)]
    assert measured(market(bars(*rows), TUESDAY)) == [(1, TUESDAY, 20.0, 100.0)]


def test_without_a_bar_of_the_session_there_is_no_price():
    found = market(bars((1, FRIDAY, 10.0, 100.0)), TUESDAY)
    assert measured(found) == [(1, FRIDAY, None, 50.0)]
    assert found["close"].to_list() == [10.0]


def test_the_vintage_known_last_counts_once():
    twice = bars((1, TUESDAY, 10.0, 100.0), (1, TUESDAY, 20.0, 100.0))
    restated = twice.with_columns(
        known_at=pl.Series(
            [dt.datetime(2024, 1, 18, tzinfo=dt.UTC), dt.datetime(2024, 1, 17, tzinfo=dt.UTC)]
        )
    )
    assert measured(market(restated, TUESDAY)) == [(1, TUESDAY, 10.0, 50.0)]


def test_a_strategy_that_names_nothing_considers_all_that_trades(three):
    result = pairs(universes(None), three, trading((1, TUESDAY), (2, FRIDAY)), TUESDAY)
    assert result.rows() == [(1, 1, TUESDAY), (1, 2, FRIDAY)]


def test_a_named_symbol_is_considered_whether_it_trades_or_not(three):
    result = pairs(universes(["GONE", "AAPL"]), three, trading((1, TUESDAY)), TUESDAY)
    assert result.rows() == [(1, 1, TUESDAY), (1, 3, None)]


def test_every_strategy_has_the_universe_of_its_own(three):
    wanted = universes(["MSFT"], None, ["AAPL", "MSFT"])
    result = pairs(wanted, three, trading((1, TUESDAY), (2, TUESDAY)), TUESDAY)
    assert result.select("strategy_id", "instrument_id").rows() == [
        (1, 2),
        (2, 1),
        (2, 2),
        (3, 1),
        (3, 2),
    ]


def test_a_symbol_named_twice_is_considered_once(three):
    result = pairs(universes(["AAPL", "AAPL"]), three, trading(), TUESDAY)
    assert result.rows() == [(1, 1, None)]


def test_an_empty_list_of_symbols_considers_nothing(three):
    assert pairs(universes([]), three, trading((1, TUESDAY)), TUESDAY).is_empty()


def test_a_symbol_means_what_it_meant_on_the_session(catalogue):
    instruments = catalogue(
        {"instrument_id": 1, "symbol": "FB", "valid_to": TUESDAY},
        {"instrument_id": 1, "symbol": "META", "valid_from": TUESDAY},
        {"instrument_id": 2, "symbol": "FB", "valid_from": TUESDAY},
    )
    wanted, none = universes(["FB"], None), trading((1, FRIDAY), (2, FRIDAY))
    before, after = (pairs(wanted, instruments, none, day) for day in (FRIDAY, TUESDAY))
    assert before.select("strategy_id", "instrument_id").rows() == [(1, 1), (2, 1)]
    assert after.select("strategy_id", "instrument_id").rows() == [(1, 2), (2, 1), (2, 2)]


def test_no_strategies_consider_nothing(three):
    assert pairs(universes(), three, trading((1, TUESDAY)), TUESDAY).is_empty()


def test_an_instrument_of_two_symbols_is_considered_once(catalogue):
    both = catalogue({"symbol": "BRK.B"}, {"symbol": "BRK-B", "exchange": "XNYS"})
    wanted = universes(None, ["BRK.B"], ["BRK.B", "BRK-B"])
    result = pairs(wanted, both, trading((1, TUESDAY)), TUESDAY)
    assert result.rows() == [
        (1, 1, TUESDAY),
        (2, 1, TUESDAY),
        (3, 1, TUESDAY),
    ]


def test_a_named_symbol_of_two_instruments_is_left_out_and_told(catalogue):
    both = catalogue(
        {"instrument_id": 1, "symbol": "BA", "exchange": "XNYS"},
        {"instrument_id": 2, "symbol": "BA", "exchange": "XLON"},
        {"instrument_id": 3, "symbol": "IBM"},
    )
    wanted = universes(["BA", "IBM"], None)
    assert pairs(wanted, both, trading((1, TUESDAY)), TUESDAY).rows() == [
        (1, 3, None),
        (2, 1, TUESDAY),
    ]
    assert ambiguous(wanted, both, TUESDAY).rows() == [(1, "BA", [1, 2])]


def test_a_strategy_can_consider_the_members_of_an_index(three):
    wanted = of({"index": "SP500"}, {"index": "NDX"})
    known = [("SP500", 1), ("SP500", 3), ("DJIA", 2)]
    result = pairs(wanted, three, trading((1, TUESDAY), (2, TUESDAY)), TUESDAY, known)
    assert result.rows() == [(1, 1, TUESDAY), (1, 3, None)]


def test_a_strategy_can_consider_what_its_user_holds_and_nobody_else(three):
    wanted = of({"positions": True}, {"symbols": ["AAPL"]})
    held = [(7, 2), (7, 3), (8, 1)]
    found = asked(wanted, three, trading((2, TUESDAY)), TUESDAY, held=held).pairs
    assert found.rows() == [
        (1, 2, TUESDAY),
        (1, 3, None),
        (2, 1, None),
    ]
    assert asked(wanted, three, trading(), TUESDAY).pairs["strategy_id"].to_list() == [2]


def test_what_is_held_is_held_from_the_day_it_was_opened_to_the_day_before_it_was_closed():
    rows = [
        (7, 1, FRIDAY, None),
        (7, 2, TUESDAY, None),
        (7, 3, None, TUESDAY),
        (7, 4, None, FRIDAY),
        (8, 1, FRIDAY, FRIDAY),
        # One account closed it, another has it still.
        (8, 5, FRIDAY, FRIDAY),
        (8, 5, None, None),
    ]
    schema = HELD_SCHEMA | {"opened_on": pl.Date, "closed_on": pl.Date}
    holdings = pl.DataFrame(rows, schema=schema, orient="row")
    assert holders(holdings, FRIDAY).rows() == [(7, 1), (7, 3), (8, 5)]
    assert holders(holdings, TUESDAY).rows() == [(7, 1), (7, 2), (8, 5)]


def left_out(document: dict, instruments, *trades) -> tuple[list[int], list[tuple]]:
    """Gives the instruments one universe considers, and (instrument, filter) of the others."""
    found = asked(of(document), instruments, trading(*trades), TUESDAY)
    kept = found.pairs["instrument_id"].to_list()
    return kept, found.left_out.select("instrument_id", "filter").rows()


def test_prices_leave_out_what_is_below_or_above_them(three):
    trades = [(1, TUESDAY, 4.99, 1e6), (2, TUESDAY, 5.0, 1e6), (3, TUESDAY, 50.01, 1e6)]
    document = {"min_price": 5, "max_price": 50}
    assert left_out(document, three, *trades) == ([2], [(1, "min_price"), (3, "max_price")])


def test_what_is_hardly_traded_is_left_out_also_where_it_is_named(three):
    trades = [(1, TUESDAY, 5.0, 1e6), (2, TUESDAY, 5.0, 999_999.0)]
    document = {"symbols": ["AAPL", "MSFT"], "min_dollar_volume": 1e6}
    assert left_out(document, three, *trades) == ([1], [(2, "min_dollar_volume")])


def test_where_the_value_is_not_known_nothing_is_left_out(three):
    document = {"symbols": ["AAPL", "GONE"], "min_price": 5, "min_dollar_volume": 1e6}
    assert left_out(document, three, (1, FRIDAY, None, 2e6)) == ([1, 3], [])


def test_excluded_symbols_are_left_out_of_every_base_whatever_they_mean(catalogue):
    instruments = catalogue(
        {"instrument_id": 1, "symbol": "BA", "exchange": "XNYS"},
        {"instrument_id": 2, "symbol": "BA", "exchange": "XLON"},
        {"instrument_id": 3, "symbol": "IBM"},
    )
    trades = [(1, TUESDAY), (2, TUESDAY), (3, TUESDAY)]
    out = [(1, "excluded"), (2, "excluded")]
    assert left_out({"excluded": ["BA", "NONE"]}, instruments, *trades) == ([3], out)
    named = {"symbols": ["IBM"], "excluded": ["IBM"]}
    assert left_out(named, instruments, *trades) == ([], [(3, "excluded")])


def test_kinds_and_exchanges_are_those_of_the_session(catalogue):
    instruments = catalogue(
        {"instrument_id": 1, "symbol": "AAPL", "exchange": "XNAS"},
        {"instrument_id": 2, "symbol": "SPY", "kind": "etf", "exchange": "ARCX"},
        {"instrument_id": 3, "symbol": "MOVED", "exchange": "XNYS", "valid_to": TUESDAY},
        {"instrument_id": 3, "symbol": "MOVED", "exchange": "XNAS", "valid_from": TUESDAY},
        {"instrument_id": 4, "symbol": "BOTH", "exchange": "XNYS"},
        {"instrument_id": 4, "symbol": "BOTH", "exchange": "XNAS"},
    )
    trades = [(one, TUESDAY) for one in (1, 2, 3, 4)]
    assert left_out({"kinds": ["stock"]}, instruments, *trades) == ([1, 3, 4], [(2, "kinds")])
    on_nasdaq = left_out({"exchanges": ["XNAS"]}, instruments, *trades)
    assert on_nasdaq == ([1, 3, 4], [(2, "exchanges")])
    on_new_york = left_out({"exchanges": ["XNYS", "ARCX"]}, instruments, *trades)
    assert on_new_york == ([2, 4], [(1, "exchanges"), (3, "exchanges")])


def test_the_first_filter_that_says_so_is_the_one_that_counts(three):
    document = {"excluded": ["AAPL"], "min_price": 5, "min_dollar_volume": 1e6}
    trades = [(1, TUESDAY, 1.0, 1.0), (2, TUESDAY, 1.0, 1.0), (3, TUESDAY, 9.0, 1.0)]
    expected = [(1, "excluded"), (2, "min_price"), (3, "min_dollar_volume")]
    assert left_out(document, three, *trades) == ([], expected)


def test_a_filter_of_one_strategy_touches_no_other(three):
    wanted = of({"min_price": 5}, {})
    trades = trading((1, TUESDAY, 1.0, 1.0), (2, TUESDAY, 9.0, 1.0))
    found = asked(wanted, three, trades, TUESDAY).pairs
    assert found.select("strategy_id", "instrument_id").rows() == [(1, 2), (2, 1), (2, 2)]


def test_a_list_is_known_by_the_digest_of_its_ids_in_ascending_order(three):
    wanted = of({"symbols": ["MSFT", "AAPL"]}, {"symbols": []}, {"symbols": ["AAPL", "MSFT"]})
    found = considered.resolved(wanted, asked(wanted, three, trading(), TUESDAY).pairs)
    both, none = hashlib.sha256(b"1,2").hexdigest(), hashlib.sha256(b"").hexdigest()
    columns = ["strategy_id", "user_id", "instruments", "instrument_ids", "digest"]
    assert found.select(columns).rows() == [
        (1, 7, 2, "1,2", both),
        (2, 7, 0, "", none),
        (3, 7, 2, "1,2", both),
    ]
