"""Fundamentals: figures that can be true, said of a session, since a moment."""

import datetime as dt
from typing import Any

import polars as pl
import pytest

from quantmatrix_engine.contracts import gate
from quantmatrix_engine.contracts.fundamentals import (
    FIGURES,
    NUMBERS_AND_WORDS,
    Fundamentals,
    RawFundamentals,
)

SCHEMA = RawFundamentals.empty().schema
STATED: dict[str, Any] = {
    "symbol": "AAPL",
    "provider": "polygon",
    "session": dt.date(2026, 11, 20),
    "known_at": dt.datetime(2026, 11, 21, 2, 15, tzinfo=dt.UTC),
    "source": "GET /v3/reference/tickers/AAPL",
    "market_cap": 2_488_795_282_370.0,
}


def broken(*rows: dict[str, Any]) -> int:
    return gate.apply(RawFundamentals, pl.DataFrame(list(rows), schema=SCHEMA)).failing_rows


def test_any_one_figure_is_enough_and_the_others_may_be_null() -> None:
    alone = {name: value for name, value in STATED.items() if name != "market_cap"}
    values = {pl.Float64: 1.0, pl.Int64: 2000, pl.String: "Ada"}
    for name in NUMBERS_AND_WORDS:
        assert broken(alone | {name: values[type(SCHEMA[name])]}) == 0
    assert broken(alone) == 1
    assert broken(alone | {"period_end": dt.date(2026, 9, 30), "currency": "USD"}) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"market_cap": -1.0},
        {"market_cap": float("nan")},
        {"beta": float("inf")},
        {"dividend_yield_pct": -0.1},
        {"analyst_target_price": -1.0},
        {"employees": -1},
        {"founded_year": 76},
        {"currency": "usd"},
        {"provider": "Our Analyst"},
        {"session": dt.date(2026, 11, 21)},
        {"known_at": dt.datetime(2026, 11, 19, 23, tzinfo=dt.UTC)},
    ],
    ids=str,
)
def test_what_cannot_be_true_is_refused(change: dict[str, Any]) -> None:
    assert broken(STATED, STATED | {"symbol": "MSFT"} | change) == 1


def test_what_a_loss_makes_negative_is_taken() -> None:
    loss = dict.fromkeys(("price_to_earnings", "earnings_per_share", "profit_margin_pct"), -3.5)
    assert broken(STATED | loss) == 0


def test_one_thing_is_said_of_a_symbol_at_a_moment() -> None:
    assert broken(STATED, STATED | {"market_cap": 1.0}) == 2
    later = STATED["known_at"] + dt.timedelta(days=1)
    assert broken(STATED, STATED | {"known_at": later}) == 0


def test_both_contracts_describe_the_same_figures() -> None:
    for contract in (RawFundamentals, Fundamentals):
        columns = contract.to_schema().columns
        assert tuple(columns)[-len(FIGURES) :] == FIGURES
        assert all(column.description for column in columns.values())
