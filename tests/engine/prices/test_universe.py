"""What a universe may say, and how one that makes no sense is answered."""

import pytest

from quantmatrix_engine.errors import SettingsError
from quantmatrix_engine.prices import universe
from quantmatrix_engine.prices.universe import Universe


def test_a_universe_is_everything_symbols_an_index_or_what_the_user_holds():
    assert Universe() == universe.read({}) == universe.read({"symbols": None})
    assert universe.read({"symbols": ["AAPL"]}).symbols == ("AAPL",)
    assert universe.read({"index": "SP500"}).index == "SP500"
    assert universe.read({"positions": True}).positions


def test_any_base_can_be_narrowed():
    read = universe.read(
        {"index": "SP500", "min_price": 5, "min_dollar_volume": 1e7, "excluded": ["TSLA"]}
    )
    assert (read.min_price, read.max_price, read.min_dollar_volume) == (5.0, None, 1e7)
    assert read.excluded == ("TSLA",)
    assert universe.read({"kinds": ["etf"], "exchanges": ["XNAS"]}).exchanges == ("XNAS",)


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"symbols": "AAPL"}, "symbols = 'AAPL': Input should be a valid tuple"),
        ({"symbols": [1]}, "symbols.0 = 1: Input should be a valid string"),
        ({"index": 5}, "index = 5: Input should be a valid string"),
        (
            {"min_prise": 5},
            "there is no field of a universe 'min_prise', did you mean 'min_price'?",
        ),
        ({"tickers": []}, "there is no field of a universe 'tickers', there are: symbols, index"),
        ({"index": "SP500", "symbols": ["AAPL"]}, "name one of symbols, index and positions, not"),
        ({"index": "SP500", "positions": True}, "not index and positions"),
        ({"min_price": 9, "max_price": 5}, "min_price = 9 must be below max_price = 5"),
        ({"min_price": 5, "max_price": 5}, "min_price = 5 must be below max_price = 5"),
        ({"min_price": 0}, "min_price = 0: Input should be greater than 0"),
        ({"max_price": float("inf")}, "max_price = inf: Input should be a finite number"),
        ({"min_dollar_volume": -1}, "min_dollar_volume = -1: Input should be greater than 0"),
        ({"kinds": []}, "kinds = []: Tuple should have at least 1 item"),
        ({"kinds": ["stocks"]}, "kinds.0 = 'stocks': Input should be 'stock', 'etf'"),
        ({"excluded": None}, "excluded = None: Input should be a valid tuple"),
    ],
)
def test_a_universe_that_makes_no_sense_is_refused_with_what_would(document, told):
    with pytest.raises(SettingsError) as error:
        universe.read(document)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_one_universe_that_is_wrong_stops_no_other():
    frame, errors = universe.prepare([(1, 7, {"symbols": ["AAPL"]}), (2, 7, {"min_price": -1})])
    assert frame.select("strategy_id", "user_id", "symbols").rows() == [(1, 7, ["AAPL"])]
    assert errors == {2: "min_price = -1: Input should be greater than 0."}
