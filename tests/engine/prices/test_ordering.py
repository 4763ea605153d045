"""Bars in order, however they come."""

import datetime as dt

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantmatrix_engine.prices.ordering import has_repeated_keys, in_order, is_in_order

FIRST = dt.date(2020, 1, 1)


def _rows(*keys: tuple[int, int]) -> pl.DataFrame:
    """Gives a row for each (instrument, day), numbered as they come."""
    return pl.DataFrame(
        {
            "instrument_id": pl.Series([instrument for instrument, _ in keys], dtype=pl.Int64),
            "session": pl.Series(
                [FIRST + dt.timedelta(days=day) for _, day in keys], dtype=pl.Date
            ),
            "came": pl.Series(range(len(keys)), dtype=pl.Int64),
        }
    )


@pytest.mark.parametrize(
    "keys",
    [
        [],
        [(1, 1)],
        [(2, day) for day in range(40)] + [(1, day) for day in range(40)],
        # Two files of two instruments each, the later one first.
        [
            (one, day)
            for half in (1, 0)
            for one in (1, 2)
            for day in range(20 * half, 20 * half + 20)
        ],
        # Runs, and within one of them a row out of place.
        [(2, day) for day in range(40)] + [(1, 30), *((1, day) for day in range(30))],
        # No runs at all.
        [(one, day) for day in range(20) for one in (3, 1, 2)],
    ],
)
def test_rows_come_by_instrument_and_session(keys):
    rows = _rows(*keys)
    assert_frame_equal(in_order(rows), rows.sort("instrument_id", "session", maintain_order=True))
    assert is_in_order(in_order(rows))


def test_rows_of_one_key_keep_their_order():
    rows = _rows(*[(2, 5)] * 20, *[(1, 5)] * 20)
    assert in_order(rows)["came"].to_list() == [*range(20, 40), *range(20)]


def test_rows_in_order_are_given_back_as_they_are():
    rows = _rows((1, 1), (1, 2), (2, 1))
    assert in_order(rows) is rows


@pytest.mark.parametrize(
    ("keys", "repeated"),
    [([(1, 1), (1, 1)], True), ([(1, 1), (1, 2), (2, 2)], False), ([], False)],
)
def test_a_key_that_comes_twice_is_seen(keys, repeated):
    assert has_repeated_keys(_rows(*keys)) == repeated
