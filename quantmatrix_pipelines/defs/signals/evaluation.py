"""Evaluates every enabled strategy of some cohorts on one session."""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from quantmatrix_engine.contracts import gate, quarantine
from quantmatrix_engine.contracts.findings import UserFindings
from quantmatrix_engine.contracts.signals import Signals
from quantmatrix_engine.prices import considered, universe
from quantmatrix_engine.sizing.exposure import Risk
from quantmatrix_engine.strategies import evaluate
from quantmatrix_engine.strategies.amounts import rounded
from quantmatrix_engine.strategies.base import Run
from quantmatrix_engine.strategies.evaluate import Evaluation
from quantmatrix_engine.strategies.limited import limited
from quantmatrix_engine.vocabulary import FindingRule, RunStatus, Severity
from quantmatrix_pipelines.stores.strategies import Strategy

RUN_SCHEMA: dict[str, Any] = {
    "user_id": pl.Int64,
    "strategy_id": pl.Int64,
    "session": pl.Date,
    "kind": pl.String,
    "kind_version": pl.Int64,
    "params": pl.String,
    "universe": pl.String,
    "code_version": pl.String,
    "inputs_known_at": pl.Datetime("us", "UTC"),
    "status": pl.String,
    "error": pl.String,
    "candidates": pl.Int64,
    "signals": pl.Int64,
    "withheld": pl.Int64,
    "universe_digest": pl.String,
    "evaluated_at": pl.Datetime("us", "UTC"),
    "dagster_run_id": pl.String,
}

# A run that failed was asked about nothing.
_LIST, _NO_LIST = ("strategy_id", "instruments", "digest"), (0, None)


@dataclass(frozen=True)
class Inputs:
    """What a session is evaluated on: rows up to that session and none after it.

    `indicators` are the session's own rows, `bars` those of the last MEASURED_SESSIONS sessions,
    `instruments` the catalogue, `members` the indexes' members on the session, `held` what users
    held at its end, `quarantined` symbol and rule of the bars that were refused, `provider` whose
    bars these are, `risk` what the limits of users are held against.
    """

    session: dt.date
    provider: str
    indicators: pl.DataFrame
    bars: pl.DataFrame
    instruments: pl.DataFrame
    members: pl.DataFrame
    held: pl.DataFrame
    quarantined: pl.DataFrame
    risk: Risk


@dataclass(frozen=True)
class Stamp:
    """What every run of an evaluation is marked with."""

    evaluated_at: dt.datetime
    code_version: str
    dagster_run_id: str


@dataclass(frozen=True)
class Judged:
    """The ledger rows of the runs, what they said, and findings of what broke its contract.

    `universes` has the lists of instruments the runs were asked about (`considered.resolved`).
    """

    runs: pl.DataFrame
    universes: pl.DataFrame
    signals: pl.DataFrame
    withheld: pl.DataFrame
    findings: pl.DataFrame


def judge(strategies: Sequence[Strategy], inputs: Inputs, stamp: Stamp) -> Judged:
    """Gives what `strategies` say of the session; one that cannot be read stops no other."""
    runs, errors = evaluate.prepare((one.id, one.kind, one.params) for one in strategies)
    universes, broken = universe.prepare(
        (one.id, one.user_id, one.universe) for one in strategies if one.id not in errors
    )
    errors |= _unreadable(strategies, broken) | evaluate.lacking(runs, inputs.indicators.columns)
    errors |= _without_members(universes, inputs)
    runs = [run for run in runs if run.strategy_id not in errors]
    universes = universes.filter(~pl.col("strategy_id").is_in(list(errors)))
    market = considered.market(inputs.bars, inputs.session)
    pairs = considered.considered(
        universes,
        inputs.instruments,
        market,
        inputs.session,
        members=inputs.members,
        held=inputs.held,
    ).pairs
    asked = considered.resolved(universes, pairs)
    said = evaluate.evaluate(
        runs,
        pairs,
        inputs.indicators,
        session=inputs.session,
        quarantined=_refused(inputs),
    )
    proposed = rounded(said.signals)
    split = gate.apply(Signals, proposed)
    kept = limited(
        Evaluation(split.good, said.withheld),
        _owners(strategies),
        inputs.risk,
        closes=market,
        session=inputs.session,
    )
    ledger = _ledger(strategies, runs, errors, asked=asked, said=kept, inputs=inputs, stamp=stamp)
    broken_signals = _findings(strategies, inputs, proposed, split.failures)
    unclear = considered.ambiguous(universes, inputs.instruments, inputs.session)
    findings = pl.concat([broken_signals, _unclear(strategies, inputs, unclear)])
    return Judged(ledger, asked, kept.signals, kept.withheld, findings)


def _unclear(
    strategies: Sequence[Strategy], inputs: Inputs, ambiguous: pl.DataFrame
) -> pl.DataFrame:
    """Gives findings (contract UserFindings) of named symbols that mean several instruments."""
    owned = ambiguous.join(_owners(strategies), on="strategy_id", maintain_order="left")
    ids = pl.col("instrument_ids").cast(pl.List(pl.String)).list.join(", ")
    return owned.select(
        "symbol",
        provider=pl.lit(inputs.provider),
        session=pl.lit(inputs.session),
        rule=pl.lit(FindingRule.AMBIGUOUS_SYMBOL.value),
        column=pl.lit("symbols"),
        value=pl.format("{}: instruments {}", "symbol", ids),
        expected=pl.lit("a symbol of one instrument on the session"),
        severity=pl.lit(Severity.ERROR.value),
        source=pl.format("universe of strategy {}", "strategy_id"),
        source_row=pl.lit(None, dtype=pl.Int64),
        known_at=pl.lit(None, dtype=pl.Datetime("us", "UTC")),
        row=pl.struct("strategy_id", "symbol", "instrument_ids").struct.json_encode(),
        user_id="user_id",
    ).select(list(UserFindings.to_schema().columns))


def _findings(
    strategies: Sequence[Strategy], inputs: Inputs, proposed: pl.DataFrame, failures: pl.DataFrame
) -> pl.DataFrame:
    """Gives findings (contract UserFindings) of the signals that broke their contract."""
    owned = proposed.join(_owners(strategies), on="strategy_id", how="left", maintain_order="left")
    return quarantine.findings(
        Signals,
        owned.with_columns(session=pl.lit(inputs.session)),
        failures,
        provider=inputs.provider,
        key=("strategy_id", "instrument_id", "action", "level"),
    )


def _owners(strategies: Sequence[Strategy]) -> pl.DataFrame:
    schema = {"strategy_id": pl.Int64, "user_id": pl.Int64}
    return pl.DataFrame([(one.id, one.user_id) for one in strategies], schema, orient="row")


def _unreadable(strategies: Sequence[Strategy], broken: dict[int, str]) -> dict[int, str]:
    return {
        one.id: f"Universe of {one.name!r} cannot be read: {broken[one.id]}"
        for one in strategies
        if one.id in broken
    }


def _without_members(universes: pl.DataFrame, inputs: Inputs) -> dict[int, str]:
    """Gives strategies of an index nobody is known to have been in on the session."""
    asked = universes.filter(pl.col("index").is_not_null()).select("strategy_id", "index")
    return {
        strategy_id: f"No members of {index} are known on {inputs.session}."
        for strategy_id, index in asked.join(inputs.members, on="index", how="anti").iter_rows()
    }


def _refused(inputs: Inputs) -> pl.DataFrame:
    of_session = inputs.quarantined.filter(pl.col("session") == inputs.session)
    listed = considered.listed(inputs.instruments, inputs.session)
    return of_session.join(listed, on="symbol").select("instrument_id", "rule").unique()


def _ledger(
    strategies: Sequence[Strategy],
    runs: Sequence[Run],
    errors: dict[int, str],
    *,
    asked: pl.DataFrame,
    said: Evaluation,
    inputs: Inputs,
    stamp: Stamp,
) -> pl.DataFrame:
    by_id = {run.strategy_id: run for run in runs}
    counted = [
        dict(frame.group_by("strategy_id").len().iter_rows())
        for frame in (said.signals, said.withheld)
    ]
    lists = {one: rest for one, *rest in asked.select(_LIST).iter_rows()}
    known_at = inputs.indicators.get_column("known_at").max()
    return pl.DataFrame(
        [
            {
                "user_id": one.user_id,
                "strategy_id": one.id,
                "session": inputs.session,
                "kind": one.kind,
                "kind_version": by_id[one.id].kind.version if one.id in by_id else 0,
                "params": _frozen(one, by_id.get(one.id)),
                "universe": json.dumps(one.universe),
                "code_version": stamp.code_version,
                "inputs_known_at": known_at,
                "status": RunStatus.FAILED if one.id in errors else RunStatus.SUCCEEDED,
                "error": errors.get(one.id),
                "candidates": lists.get(one.id, _NO_LIST)[0],
                "signals": counted[0].get(one.id, 0),
                "withheld": counted[1].get(one.id, 0),
                "universe_digest": lists.get(one.id, _NO_LIST)[1],
                "evaluated_at": stamp.evaluated_at,
                "dagster_run_id": stamp.dagster_run_id,
            }
            for one in strategies
        ],
        schema=RUN_SCHEMA,
    )


def _frozen(strategy: Strategy, run: Run | None) -> str:
    """Gives the params as they were used, defaults included; as stored where they are refused."""
    return json.dumps(strategy.params) if run is None else run.params.model_dump_json()
