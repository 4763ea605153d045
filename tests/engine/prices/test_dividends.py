import datetime as dt

import polars as pl
import pytest

from quantmatrix_engine.prices.dividends import added_up, repeated

EX_DATE = dt.date(2012, 12, 10)
EARLY, LATE = dt.datetime(2012, 11, 1, tzinfo=dt.UTC), dt.datetime(2012, 11, 20, tzinfo=dt.UTC)
SCHEMA = {
    "provider": pl.String,
    "symbol": pl.String,
    "ex_date": pl.Date,
    "kind": pl.String,
    "currency": pl.String,
    "known_at": pl.Datetime("us", "UTC"),
    "amount": pl.Float64,
    "label": pl.String,
}


def told(*rows: dict[str, object]) -> pl.DataFrame:
    one = {
        "provider": "file",
        "symbol": "COST",
        "ex_date": EX_DATE,
        "kind": "cash_dividend",
        "currency": "USD",
        "known_at": EARLY,
        "label": None,
    }
    return pl.DataFrame([one | row for row in rows], schema=SCHEMA)


def amounts(*rows: dict[str, object]) -> list[tuple[dt.datetime, float]]:
    summed = added_up(told(*rows)).sort("known_at")
    return [(moment, round(total, 9)) for moment, total in summed["known_at", "amount"].rows()]


def test_a_regular_and_a_special_dividend_of_one_date_are_one_amount():
    assert amounts({"amount": 0.275}, {"amount": 7.0}) == [(EARLY, 7.275)]


def test_equal_amounts_add_up_where_their_labels_differ():
    both = told({"amount": 1.0, "label": "regular"}, {"amount": 1.0, "label": "special"})
    assert repeated(both).is_empty()
    assert added_up(both)["amount"].to_list() == [2.0]


def test_a_special_dividend_announced_later_counts_from_then_on():
    special = {"amount": 7.0, "label": "special", "known_at": LATE}
    assert amounts({"amount": 0.275}, special) == [(EARLY, 0.275), (LATE, 7.275)]


@pytest.mark.parametrize("label", [None, "regular"])
def test_an_amount_said_anew_takes_the_place_of_the_older(label):
    rows = [{"amount": 0.25, "label": label}, {"amount": 0.275, "label": label, "known_at": LATE}]
    assert amounts(*rows) == [(EARLY, 0.25), (LATE, 0.275)]


def test_currencies_are_not_added_up_nor_are_those_of_two_providers():
    rows = [{"amount": 1.0}, {"amount": 1.0, "currency": None}, {"amount": 1.0, "provider": "me"}]
    assert amounts(*rows) == [(EARLY, 1.0)] * 3


def test_the_same_dividend_a_second_time_is_a_repeat():
    again = repeated(told({"amount": 1.0}, {"amount": 1.0}, {"amount": 2.0}, {"amount": 1.0}))
    assert again["amount"].to_list() == [1.0, 1.0]
    assert repeated(
        told({"amount": 1.0, "known_at": EARLY}, {"amount": 1.0, "known_at": LATE})
    ).is_empty()
