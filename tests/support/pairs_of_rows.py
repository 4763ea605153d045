"""Pairs put together without our own evaluation."""

import numpy as np
import polars as pl

from quantmatrix_engine.strategies.base import Kind
from quantmatrix_engine.strategies.pairs import Pairs


def pairs_of_rows(kind: Kind, rows: pl.DataFrame) -> Pairs:
    """Gives pairs of which each is a row: a run of its own beside an instrument of its own."""
    own = rows.select("strategy_id", *kind.params.model_fields)
    places = np.arange(rows.height, dtype=np.uint32)
    return Pairs(own, {}, rows.drop(own.columns), places, places)
