"""What every kind of strategy declares, and how a user's params are read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
from pydantic import BaseModel, ConfigDict, ValidationError

from quantmatrix_engine import documents
from quantmatrix_engine.errors import ParamsError
from quantmatrix_engine.indicators.base import Spec
from quantmatrix_engine.strategies.pairs import Pairs


class Params(BaseModel):
    """The params of a kind: each with bounds, a default and a description."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True)
class Source:
    """The stored column a kind reads under a name of its own: an output of an indicator."""

    spec: Spec
    column: str


@dataclass(frozen=True)
class Kind:
    """A kind of strategy.

    `sources` says, for given params, which indicator column stands behind each name that `decide`
    uses. `required` are the names without which nothing can be said of an instrument: a null there
    withholds; None stands for all of them. `decide` is pure: it takes a pair for each (strategy,
    instrument) with the columns strategy_id, instrument_id, price, every name of `sources`, and
    every param; it gives signals that keep the contract Signals, with `valid_sessions` (how many
    sessions after its own one is meant for; null: without end) in the place of `valid_until`. What
    leaves pairs out is asked by `Pairs.where`, before their frame is made. `version` changes with
    every change of what `decide` answers.
    """

    name: str
    title: str
    version: int
    params: type[Params]
    sources: Callable[[Any], Mapping[str, Source]]
    required: tuple[str, ...] | None
    decide: Callable[[Pairs], pl.LazyFrame]

    def needed(self, params: Any) -> tuple[str, ...]:
        """Gives the names without which a strategy with these params says nothing."""
        return tuple(self.sources(params)) if self.required is None else self.required


@dataclass(frozen=True)
class Run:
    """A strategy about to be evaluated: its id, kind and params that have been read."""

    strategy_id: int
    kind: Kind
    params: Params


def read_params(kind: Kind, document: Mapping[str, Any]) -> Params:
    """Gives the params `document` states, with the kind's defaults for the rest.

    Raises ParamsError naming each param that is wrong, its value, and what would be right.
    """
    try:
        return kind.params.model_validate(dict(document))
    except ValidationError as error:
        wrong = documents.in_words(kind.params, error, what="param")
        raise ParamsError(f"Params of {kind.name}: {wrong}.") from None


def require_history(kind: Kind, params: Params, *, sessions: int) -> None:
    """Raises ParamsError where the params look further back than the `sessions` that are kept.

    It names the indicator, how far it looks back, and how far it could. A look-back that the
    kind's defaults have is not held against the params: there it is room for a rare event (the
    longest holding seen), not what a value needs.
    """
    usual = kind.sources(kind.params())
    for name, source in kind.sources(params).items():
        if _fits(source, sessions) or not _fits(usual.get(name), sessions):
            continue
        raise ParamsError(
            f"Params of {kind.name}: {source.column} looks back over {source.spec.lookback():,} "
            "bars before its own;"
            f" {sessions:,} sessions are kept. Choose params that look back over at most "
            f"{sessions - 1:,}, or keep more sessions (QUANTMATRIX_HISTORY_SESSIONS, `quantmatrix "
            "backfill`)."
        )


def _fits(source: Source | None, sessions: int) -> bool:
    reach = None if source is None else source.spec.lookback()
    return reach is None or reach < sessions
