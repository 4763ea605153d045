"""Corporate actions as reported: a split has a ratio, a dividend an amount."""

import datetime as dt
from typing import Any

import polars as pl
import pytest

from quantmatrix_engine.contracts import gate
from quantmatrix_engine.contracts.raw_actions import RawActions

SCHEMA = {name: column.dtype.type for name, column in RawActions.to_schema().columns.items()}
SPLIT: dict[str, Any] = {
    "provider": "folder",
    "symbol": "AAPL",
    "ex_date": dt.date(2020, 8, 31),
    "kind": "split",
    "ratio": 4.0,
    "amount": None,
    "currency": None,
    "known_at": dt.datetime(2020, 8, 1, tzinfo=dt.UTC),
    "source": "corporate_actions.csv",
}
DIVIDEND = SPLIT | {"kind": "cash_dividend", "ratio": None, "amount": 0.82, "currency": "USD"}


def broken(*rows: dict[str, Any]) -> int:
    return gate.apply(RawActions, pl.DataFrame(list(rows), schema=SCHEMA)).failing_rows


def test_a_split_and_a_dividend_of_one_date_are_two_actions() -> None:
    assert broken(SPLIT, DIVIDEND) == 0


@pytest.mark.parametrize(
    "row",
    [
        SPLIT | {"ratio": None},
        SPLIT | {"ratio": 0.0},
        SPLIT | {"amount": 1.0},
        DIVIDEND | {"amount": None},
        DIVIDEND | {"amount": -0.1},
        DIVIDEND | {"ratio": 2.0},
        DIVIDEND | {"currency": "usd"},
        SPLIT | {"kind": "merger"},
        SPLIT | {"provider": "Transfer Agent"},
    ],
    ids=str,
)
def test_what_is_no_split_and_no_dividend_is_refused(row: dict[str, Any]) -> None:
    assert broken(row) == 1


def test_the_same_action_is_told_once_at_a_moment() -> None:
    assert broken(SPLIT, SPLIT) == 2
    assert broken(SPLIT, SPLIT | {"known_at": dt.datetime(2020, 9, 1, tzinfo=dt.UTC)}) == 0
