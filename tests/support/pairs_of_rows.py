"""Pairs put together without our own evaluation."""

import numpy as np
import polars as pl

from quantmatrix_engine.strategies.base import Kind
from quantmatrix_engine.strategies.pairs import Pairs


def pairs_of_rows(kind: Kind, rows: pl.DataFrame) -> Pairs:
    """Gives pairs of which each is a row: its strategy's run beside its instrument.

    All rows of a strategy have the same params, those of an instrument the same facts.
    """
    of_run = ["strategy_id", *kind.params.model_fields]
    own = rows.select(of_run).unique("strategy_id", maintain_order=True)
    instruments = rows.drop(of_run).unique("instrument_id", maintain_order=True)
    run, instrument = (
        np.array([known.index(one) for one in rows[name].to_list()], dtype=np.uint32)
        for name, known in (
            ("strategy_id", own["strategy_id"].to_list()),
            ("instrument_id", instruments["instrument_id"].to_list()),
        )
    )
    return Pairs(own, {}, instruments, run, instrument)
