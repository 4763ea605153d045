"""Pairs of runs and instruments: what is left of them, and what stands beside them."""

import numpy as np
import polars as pl
import pytest

from quantmatrix_engine.strategies.pairs import Pairs

multiplied = pl.col("price") * pl.col("factor")


@pytest.fixture
def pairs() -> Pairs:
    """Three runs, of which one has no pair, beside four instruments, of which one has none."""
    return Pairs(
        runs=pl.DataFrame({"strategy_id": [7, 8, 9], "least": [1.0, 3.0, None]}),
        shared={"factor": 2.0, "levels": [5.0, 6.0]},
        instruments=pl.DataFrame(
            {"instrument_id": [40, 10, 30, 20], "price": [4.0, 1.0, None, 2.0]}
        ),
        run=np.array([0, 0, 1, 1, 1], dtype=np.uint32),
        instrument=np.array([0, 1, 1, 2, 0], dtype=np.uint32),
    )


def ids(pairs: Pairs) -> list[tuple[int, int]]:
    return sorted(pairs.frame().select("strategy_id", "instrument_id").collect().rows())


ALL = [(7, 10), (7, 40), (8, 10), (8, 30), (8, 40)]


@pytest.mark.parametrize(
    ("conditions", "left"),
    [
        ([], ALL),
        ([pl.col("price") > 1], [(7, 40), (8, 40)]),
        ([multiplied <= 2], [(7, 10), (8, 10)]),
        ([pl.col("least") > 1], [(8, 10), (8, 30), (8, 40)]),
        ([pl.col("least") * pl.col("factor") < 6], [(7, 10), (7, 40)]),
        ([pl.col("price") > pl.col("least")], [(7, 40), (8, 40)]),
        ([multiplied >= pl.col("least")], [(7, 10), (7, 40), (8, 40)]),
        ([pl.col("price") > 1, pl.col("least") > 1], [(8, 40)]),
        ([pl.col("price") == 1, pl.col("least") < 2, multiplied > pl.col("least")], [(7, 10)]),
        ([pl.lit(value=True)], ALL),
        ([pl.lit(value=False)], []),
        ([pl.col("factor") > 2], []),
        ([pl.col("levels").list.min() < pl.col("price") * 2], [(7, 40), (8, 40)]),
    ],
)
def test_pairs_are_left_that_meet_all_conditions_and_null_meets_none(pairs, conditions, left):
    assert ids(pairs.where(*conditions)) == left


def test_conditions_one_after_the_other_are_conditions_together(pairs):
    one, other = pl.col("price") > 1, multiplied > pl.col("least")
    assert ids(pairs.where(one).where(other)) == ids(pairs.where(one, other)) == [(7, 40), (8, 40)]


def test_a_row_has_the_columns_of_run_and_instrument_and_what_runs_share(pairs):
    rows = pairs.frame().sort("strategy_id", "instrument_id").collect()
    assert rows.to_dicts()[:2] == [
        {"instrument_id": 10, "price": 1.0, "strategy_id": 7, "least": 1.0}
        | {"factor": 2.0, "levels": [5.0, 6.0]},
        {"instrument_id": 40, "price": 4.0, "strategy_id": 7, "least": 1.0}
        | {"factor": 2.0, "levels": [5.0, 6.0]},
    ]


def test_what_is_noted_is_of_the_instruments_that_are_left(pairs):
    noted = pairs.where(pl.col("price") > 0).noting({"twice": multiplied, "more": pl.lit("x")})
    assert noted.instruments.select("instrument_id", "twice", "more").rows() == [
        (40, 8.0, "x"),
        (10, 2.0, "x"),
    ]
    assert ids(noted) == [(7, 10), (7, 40), (8, 10), (8, 40)]
    rows = noted.frame().select("instrument_id", "twice").unique().sort("instrument_id")
    assert rows.collect().rows() == [(10, 2.0), (40, 8.0)]


def test_what_asks_a_run_is_not_noted(pairs):
    noted = pairs.noting({"reached": multiplied > pl.col("least")})
    assert "reached" not in noted.frame().collect_schema()


def test_pairs_are_given_by_params_which_they_know_no_more(pairs):
    found = [(values, ids(those)) for values, those in pairs.by_params("least", "factor")]
    assert found == [
        ({"least": 1.0, "factor": 2.0}, [(7, 10), (7, 40)]),
        ({"least": 3.0, "factor": 2.0}, [(8, 10), (8, 30), (8, 40)]),
    ]
    ((values, those),) = pairs.by_params("factor")
    assert (values, ids(those)) == ({"factor": 2.0}, ALL)
    assert those.frame().collect_schema().names() == [
        *("instrument_id", "price", "strategy_id", "least", "levels"),
    ]


def test_no_pairs_are_as_good_as_some(pairs):
    none = pairs.where(pl.lit(value=False))
    for those in (none, none.where(pl.col("price") > 0), none.noting({"twice": multiplied})):
        assert ids(those) == []
    assert list(none.by_params("least")) == []
