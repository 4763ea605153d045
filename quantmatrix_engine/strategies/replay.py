"""Replay: a stored signal derived again from the bars its run could know."""

import datetime as dt
import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from quantmatrix_engine import registry
from quantmatrix_engine.errors import ParamsError, UnknownPlugin
from quantmatrix_engine.indicators.sessions import of_sessions
from quantmatrix_engine.strategies import evaluate
from quantmatrix_engine.strategies.amounts import rounded
from quantmatrix_engine.strategies.base import Run, read_params
from quantmatrix_engine.strategies.limited import uncut

_COMPARED = (
    *("price", "strength", "stop", "target_1", "target_2", "target_3", "risk_reward"),
    *("size_pct", "size_basis", "urgency", "valid_until"),
)
_OF_RULES = ("value", "comparison", "threshold", "is_met", "is_required", "weight")
# Another machine's vector width may change the last bits.
_TOLERANCE_RATIO = 1e-9
_NOTHING_REFUSED = pl.DataFrame(schema={"instrument_id": pl.Int64, "rule": pl.String})


@dataclass(frozen=True)
class Said:
    """A stored signal and what its run froze.

    `signal` has instrument_id and the columns of the contract Signals, `trace` being the list of
    its rules.
    """

    id: int
    run_id: int
    kind: str
    kind_version: int
    params: Mapping[str, Any]
    signal: Mapping[str, Any]


@dataclass(frozen=True)
class Difference:
    """The first thing that is not as it was: something frozen with the run, or a value."""

    what: str
    then: str
    now: str

    def __str__(self) -> str:
        """Gives it as one line."""
        return f"{self.what}: {self.then} then, {self.now} now"


def prepared(said: Said) -> Run | Difference:
    """Gives the run to evaluate again; a Difference where its kind or params are not as they were.

    The run's `strategy_id` is that of the run: a strategy may have several on a session.
    """
    try:
        kind = registry.pick(evaluate.kinds(), said.kind, what="kind of strategy")
        params = read_params(kind, said.params)
    except UnknownPlugin as error:
        return Difference("kind", said.kind, str(error))
    except ParamsError as error:
        return Difference("params", json.dumps(dict(said.params)), str(error))
    if kind.version != said.kind_version:
        return Difference(f"version of {kind.name}", str(said.kind_version), str(kind.version))
    return Run(said.run_id, kind, params)


def differences(
    asked: Sequence[Said], bars: pl.DataFrame, *, session: dt.date, actions: pl.DataFrame
) -> dict[int, Difference]:
    """Gives by id the signals of a session that are not the same derived again, with what differs.

    A size that its user's limits cut is compared as it was before: limits and positions change.

    `bars` keeps the contract Bars with `benchmark_close` and has all history of the instruments, of
    which nothing was known later than the runs; `actions` (contract PriceActions) likewise.
    """
    ready = [(one, prepared(one)) for one in asked]
    found = {one.id: run for one, run in ready if isinstance(run, Difference)}
    runs = {run.strategy_id: run for _, run in ready if isinstance(run, Run)}
    if not runs:
        return found
    again = _again(list(runs.values()), asked, bars, session=session, actions=actions)
    for one in asked:
        if one.id not in found and (difference := _first(one, again.get(_key(one)))):
            found[one.id] = difference
    return found


_Key = tuple[int, int, str, float | None]


def _again(
    runs: list[Run],
    asked: Sequence[Said],
    bars: pl.DataFrame,
    *,
    session: dt.date,
    actions: pl.DataFrame,
) -> dict[_Key, dict[str, Any]]:
    pairs = pl.DataFrame(
        [(one.run_id, one.signal["instrument_id"], session) for one in asked],
        schema={"strategy_id": pl.Int64, "instrument_id": pl.Int64, "last_session": pl.Date},
        orient="row",
    ).unique()
    indicators = of_sessions(
        bars, evaluate.specs(runs), first=session, last=session, actions=actions
    )
    said = evaluate.evaluate(runs, pairs, indicators, session=session, quarantined=_NOTHING_REFUSED)
    return {
        (row["strategy_id"], row["instrument_id"], row["action"], row["level"]): row
        | {"trace": json.loads(row["trace"])}
        for row in rounded(said.signals).iter_rows(named=True)
    }


def _key(said: Said) -> _Key:
    signal = said.signal
    return said.run_id, signal["instrument_id"], signal["action"], signal["level"]


def _first(said: Said, now: Mapping[str, Any] | None) -> Difference | None:
    then = uncut(said.signal)
    if now is None:
        return Difference("signal", f"{then['action']} said", "nothing said")
    rules: Iterator[tuple[dict[str, Any], dict[str, Any]]]
    rules = itertools.zip_longest(then["trace"], now["trace"], fillvalue={})
    for one, other in rules:
        if one.get("rule") != other.get("rule"):
            return Difference("rule", str(one.get("rule")), str(other.get("rule")))
        for name in _OF_RULES:
            if not _same(one[name], other[name]):
                what = f"{name} of the rule {one['rule']}"
                return Difference(what, str(one[name]), str(other[name]))
    for name in _COMPARED:
        if not _same(then[name], now[name]):
            return Difference(name, str(then[name]), str(now[name]))
    return None


def _same(then: object, now: object) -> bool:
    if isinstance(then, float | int) and isinstance(now, float | int):
        return math.isclose(then, now, rel_tol=_TOLERANCE_RATIO, abs_tol=_TOLERANCE_RATIO)
    return then == now
