"""Amounts are held to the contract as they will be stored."""

import polars as pl

from quantmatrix_engine.contracts import gate
from quantmatrix_engine.contracts.signals import Signals
from quantmatrix_engine.strategies.amounts import rounded
from quantmatrix_engine.strategies.base import Run
from quantmatrix_engine.strategies.evaluate import kinds, lacking
from quantmatrix_engine.vocabulary import Action, SizeBasis


def entry(**change: float) -> pl.DataFrame:
    values = {"price": 10.0, "stop": 9.0, "target_1": 11.0, "target_2": 12.0, "target_3": 13.0}
    row = {
        **values,
        "strategy_id": 1,
        "instrument_id": 1,
        "action": Action.ENTRY.value,
        "level": None,
        "strength": 0.5,
        "urgency": None,
        "risk_reward": 1.0,
        "size_pct": 5.0,
        "size_basis": SizeBasis.ACCOUNT.value,
        "trace": "[]",
        **change,
    }
    schema = {name: column.dtype.type for name, column in Signals.to_schema().columns.items()}
    return pl.DataFrame([row], schema=schema)


def test_what_rounds_to_nothing_or_to_its_neighbour_is_refused_for_that_signal_alone():
    bad = [{"stop": 9.99999999}, {"target_2": 11.00000001}, {"size_pct": 1e-5}, {"price": 1e15}]
    for change in bad:
        assert gate.apply(Signals, rounded(entry(**change))).good.is_empty(), change
    assert gate.apply(Signals, rounded(entry())).good.height == 1


def test_a_strategy_whose_indicators_were_not_computed_is_named_and_the_others_are_not():
    kind = kinds()["atr_matrix"]
    usual, other = Run(1, kind, kind.params()), Run(2, kind, kind.params(atr_period=20))
    columns = {source.column for source in kind.sources(usual.params).values()}
    errors = lacking([usual, other], columns)
    assert list(errors) == [2]
    assert "atr_20" in errors[2]
    assert "Materialize the asset `indicators`" in errors[2]
