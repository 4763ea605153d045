import polars as pl

from quantmatrix_engine.prices.priority import preferred

SCHEMA = {"instrument_id": pl.Int64, "session": pl.String, "provider": pl.String}


def kept(*rows: tuple[int, str, str]) -> list[tuple[object, ...]]:
    frame = pl.DataFrame(list(rows), schema=SCHEMA, orient="row")
    return preferred(frame, ["tiingo", "yahoo"]).rows()


def test_the_first_provider_in_order_counts_for_each_instrument_and_session():
    rows = [(1, "a", "yahoo"), (1, "a", "tiingo"), (1, "b", "yahoo"), (2, "a", "yahoo")]
    assert kept(*rows) == [(1, "a", "tiingo"), (1, "b", "yahoo"), (2, "a", "yahoo")]


def test_all_vintages_of_that_provider_stay():
    rows = [(1, "a", "tiingo"), (1, "a", "yahoo"), (1, "a", "tiingo")]
    assert kept(*rows) == [(1, "a", "tiingo"), (1, "a", "tiingo")]


def test_a_provider_that_is_not_asked_any_more_counts_nowhere():
    assert kept((1, "a", "sample"), (2, "a", "tiingo")) == [(2, "a", "tiingo")]
    assert kept() == []
