"""Amounts against prices, worked by hand: a dividend of 2 on a price of 100 steps 100 to 98."""

import datetime as dt

import polars as pl
import pytest

from quantmatrix_engine.prices.action_screening import screen_actions

DAYS = [dt.date(2024, 1, day) for day in (2, 3, 4, 5)]


def told(*rows: dict) -> pl.DataFrame:
    """Bars at 100 with nothing paid, but for what each row changes."""
    one = {"symbol": "A", "dividend": 0.0, "capital_gains": 0.0}
    prices = {"open": 100.0, "low": 99.0, "close": 100.0, "adj_close": 100.0}
    return pl.DataFrame(
        [one | {"session": day} | prices | row for day, row in zip(DAYS, rows, strict=False)]
    )


def paid(amount: float, *, opens: float, gains: float = 0.0) -> dict:
    prices = dict.fromkeys(("open", "low", "close", "adj_close"), opens)
    return {"dividend": amount, "capital_gains": gains} | prices


def found(frame: pl.DataFrame) -> list[tuple]:
    return screen_actions(frame).select("session", "rule").rows()


def test_an_honest_dividend_is_seen_three_times_and_found_by_no_rule():
    assert found(told({"adj_close": 98.0}, paid(2.0, opens=98.0))) == []


@pytest.mark.parametrize(("amount", "rules"), [(200.0, 2), (0.02, 1)])
def test_an_amount_a_hundred_times_off_is_misstated(amount, rules):
    rows = found(told({"adj_close": 98.0}, paid(amount, opens=98.0)))
    assert (DAYS[1], "dividend_misstated") in rows
    assert len(rows) == rules


def test_an_amount_the_series_is_not_adjusted_for_is_found():
    assert found(told({}, paid(2.0, opens=98.0))) == [(DAYS[1], "dividend_not_adjusted")]


def test_a_large_dividend_the_price_does_not_know_of_is_found_though_it_is_adjusted_for():
    rows = told({"adj_close": 80.0}, paid(20.0, opens=100.0))
    assert found(rows) == [(DAYS[1], "dividend_not_in_price")]


def test_a_price_that_rises_on_the_ex_date_of_a_usual_dividend_is_no_finding():
    assert found(told({"adj_close": 98.0}, paid(2.0, opens=101.0))) == []


def test_the_second_of_two_dividends_alike_is_the_first_one_again():
    first, again = paid(2.0, opens=98.0), paid(2.1, opens=95.9)
    rows = told({"adj_close": 95.9}, first | {"adj_close": 95.9}, again)
    assert found(rows) == [(DAYS[2], "dividend_repeated")]


def test_gains_that_are_part_of_the_dividend_are_adjusted_for_once():
    # 8 paid, 5 of it gains; 13 adjusted for; the price fell by 8.
    twice = told({"adj_close": 87.0}, paid(8.0, opens=92.0, gains=5.0))
    once = told({"adj_close": 92.0}, paid(8.0, opens=92.0, gains=5.0))
    assert found(twice) == [(DAYS[1], "capital_gains_counted_twice")]
    assert found(once) == []


def test_symbols_are_not_compared_with_each_other():
    one = told(paid(2.0, opens=98.0))
    other = told({}, {}).with_columns(symbol=pl.lit("B"))
    assert found(pl.concat([one, other])) == []


def test_of_the_dividends_of_a_real_feed_one_is_found(shared_data):
    # Quandl WIKI: 54 dividends, adjusted for by P / (P + D). Of AES it has one of 13 % on a day the
    # price rose by 5 %: 6.45 to 6.76. A split on the way is another basis.
    read = pl.read_parquet(shared_data / "ohlcv" / "quandl_wiki_samples.parquet")
    rows = read.filter(pl.col("split_ratio") == 1).with_columns(
        session="date", dividend="ex_dividend", capital_gains=pl.lit(0.0)
    )
    assert rows.filter(pl.col("dividend") > 0).height == 54
    assert screen_actions(rows).select("symbol", "session", "rule").rows() == [
        ("AES", dt.date(2009, 4, 9), "dividend_not_in_price")
    ]
