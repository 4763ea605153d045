"""Evaluates a kind of strategy once for all its runs of a session."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from quantmatrix_engine import calendars, registry
from quantmatrix_engine import strategies as folder
from quantmatrix_engine.contracts.shape import types_of
from quantmatrix_engine.contracts.signals import Signals
from quantmatrix_engine.errors import ContractError, ParamsError, UnknownPlugin
from quantmatrix_engine.indicators.base import Spec
from quantmatrix_engine.strategies.base import Kind, Run, read_params
from quantmatrix_engine.strategies.pairs import Pairs
from quantmatrix_engine.strategies.portions import (
    Portion,
    Sources,
    by_columns,
    looked_up,
    parted,
    portions,
)
from quantmatrix_engine.vocabulary import WithheldReason

WITHHELD_SCHEMA = {
    "strategy_id": pl.Int64,
    "instrument_id": pl.Int64,
    "reason": pl.String,
    "detail": pl.String,
}


@dataclass(frozen=True)
class Evaluation:
    """What the runs of a session said, and about which instruments they could say nothing.

    `signals` keeps the contract Signals; `withheld` has strategy_id, instrument_id, reason and
    detail, one row for each pair that was not judged.
    """

    signals: pl.DataFrame
    withheld: pl.DataFrame


_VALID_SESSIONS = "valid_sessions"
"""The column in which a kind says how many sessions after its own a signal is meant for."""


def kinds() -> Mapping[str, Kind]:
    """Gives every kind there is, by name."""
    return registry.discover(folder, attribute="KIND")


def prepare(
    strategies: Iterable[tuple[int, str, Mapping[str, Any]]],
) -> tuple[list[Run], dict[int, str]]:
    """Reads (strategy_id, kind, params) of each strategy; one that cannot be read stops no other.

    Gives the runs, and the error by strategy_id of those that have none.
    """
    known = kinds()
    runs: list[Run] = []
    errors: dict[int, str] = {}
    for strategy_id, name, document in strategies:
        try:
            kind = registry.pick(known, name, what="kind of strategy")
            runs.append(Run(strategy_id, kind, read_params(kind, document)))
        except (ParamsError, UnknownPlugin) as error:
            errors[strategy_id] = str(error)
    return runs, errors


def default_runs() -> list[Run]:
    """Gives a run of each kind with its defaults, so that a new strategy finds its indicators."""
    return [Run(0, kind, kind.params()) for kind in kinds().values()]


def specs(runs: Iterable[Run]) -> list[Spec]:
    """Gives the indicators the runs need, each once, in a fixed order."""
    asked = Sources()
    return sorted({source.spec for run in runs for source in asked.of(run).values()})


def lacking(runs: Iterable[Run], columns: Iterable[str]) -> dict[int, str]:
    """Gives the error by strategy_id of the runs that need an indicator not among `columns`."""
    there, asked = set(columns), Sources()
    errors = {}
    for run in runs:
        needed = {source.column for source in asked.of(run).values()}
        if missing := sorted(needed - there):
            errors[run.strategy_id] = _lacks(missing)
    return errors


def _lacks(missing: list[str]) -> str:
    return (
        f"The indicators of this session lack {', '.join(missing)}, which a strategy needs. "
        "Materialize the asset `indicators` of the session again, then `signals`."
    )


def evaluate(
    runs: list[Run],
    pairs: pl.DataFrame,
    indicators: pl.DataFrame,
    *,
    session: dt.date,
    quarantined: pl.DataFrame,
) -> Evaluation:
    """Gives what the runs say about `session`.

    `pairs` has strategy_id, instrument_id, last_session (null: no bar lately); `indicators` has
    one row for each instrument with a bar of the session: instrument_id, close, and every column
    of `specs(runs)`; `quarantined` has instrument_id and rule of bars of the session that were
    refused. Raises ContractError where an indicator column is missing, and where `indicators` say
    that they are of another session: what is not known yet is not looked at.
    """
    _refuse_another_session(indicators, session)
    found = _judged(
        runs, pairs.with_columns(session=pl.lit(session)), indicators, quarantined=quarantined
    )
    dated = _dated(found.signals.with_columns(session=pl.lit(session)))
    return Evaluation(dated.drop("session"), found.withheld)


def evaluate_sessions(
    runs: list[Run], pairs: pl.DataFrame, indicators: pl.DataFrame, *, quarantined: pl.DataFrame
) -> Evaluation:
    """Gives what `evaluate` gives of each of many sessions, of all at once.

    All frames have the column session beside those of `evaluate`, and so have the signals and what
    is withheld, sorted by it first. Raises ContractError where an indicator column is missing.
    """
    # To a kind, an instrument on a session is an instrument: it sees one row of each.
    rows = pairs.select("instrument_id", "session").unique(maintain_order=True)
    numbered = rows.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    found = _judged(
        runs,
        _by_row(pairs, numbered),
        _by_row(indicators, numbered).drop("session"),
        quarantined=_by_row(quarantined, numbered),
    )
    signals, withheld = (
        frame.rename({"instrument_id": "row"})
        .join(numbered, on="row")
        .select("session", *frame.columns)
        .sort("session", "strategy_id", "instrument_id", *more)
        for frame, more in ((found.signals, ("action", "level")), (found.withheld, ()))
    )
    return Evaluation(_dated(signals), withheld)


def _dated(signals: pl.DataFrame) -> pl.DataFrame:
    """Gives the signals, which have their session, with `valid_until` for how long they say."""
    spans = signals.select("session", _VALID_SESSIONS).unique().drop_nulls()
    ends = [calendars.sessions_after(*one) for one in spans.iter_rows()]
    return signals.join(
        spans.with_columns(valid_until=pl.Series(ends, dtype=pl.Date)),
        on=["session", _VALID_SESSIONS],
        how="left",
        maintain_order="left",
    ).drop(_VALID_SESSIONS)


def _by_row(frame: pl.DataFrame, numbered: pl.DataFrame) -> pl.DataFrame:
    """Gives the frame with the number of instrument and session in the instrument's place."""
    joined = frame.join(numbered, on=["instrument_id", "session"], maintain_order="left")
    return joined.drop("instrument_id").rename({"row": "instrument_id"})


def _refuse_another_session(indicators: pl.DataFrame, session: dt.date) -> None:
    if "session" not in indicators.columns:
        return
    others = indicators.filter(pl.col("session") != session).get_column("session").unique().sort()
    if others.len():
        raise ContractError(
            f"Indicators of {', '.join(map(str, others.head(3)))} were given to an evaluation of "
            f"{session}; it looks at its own session alone."
        )


def _judged(
    runs: list[Run], pairs: pl.DataFrame, indicators: pl.DataFrame, *, quarantined: pl.DataFrame
) -> Evaluation:
    judged, withheld = _split_by_bar(pairs, indicators, quarantined=quarantined)
    signals: list[pl.DataFrame] = [pl.DataFrame(schema=_signal_schema())]
    found = portions(runs, judged, instruments=indicators.height)
    places = parted(judged, found, instruments=indicators.height)
    for portion, (run, instrument) in zip(found, places, strict=True):
        first = portion.runs[0]
        own, shared = _params(portion.runs)
        asked = Pairs(own, shared, _viewed(indicators, portion), run, instrument)
        # Runs that read the same names need the same ones.
        needed = first.kind.needed(first.params)
        complete = pl.all_horizontal(
            pl.lit(value=True), *(pl.col(name).is_not_null() for name in needed)
        )
        withheld.append(_undefined(asked.where(~complete).frame(), needed).collect())
        said = first.kind.decide(asked.where(complete))
        # A few rows are left of the pairs: the streaming engine prepares longer than it saves.
        signals.append(_shaped(said, first.kind.name).collect(engine="in-memory"))
    return Evaluation(
        signals=pl.concat(signals).sort("strategy_id", "instrument_id", "action", "level"),
        withheld=pl.concat(withheld).sort("strategy_id", "instrument_id"),
    )


def representatives(runs: Iterable[Run]) -> list[Run]:
    """Gives one run of each kind and set of indicator columns: the others differ by numbers alone.

    Each has a strategy_id of its own, counted from 0.
    """
    first = [group[0] for group in by_columns(runs).values()]
    return [Run(number, run.kind, run.params) for number, run in enumerate(first)]


def _viewed(indicators: pl.DataFrame, portion: Portion) -> pl.DataFrame:
    """Gives the names that the portion's runs read: all instruments, view by view."""
    views = [dict(columns) for columns in portion.views]
    needed = {column for view in views for column in view.values()}
    if missing := sorted(needed - set(indicators.columns)):
        raise ContractError(_lacks(missing))
    return pl.concat(
        indicators.select(
            pl.col("instrument_id").cast(pl.Int64),
            price="close",
            **{name: pl.col(column) for name, column in view.items()},
        )
        for view in views
    )


def _params(runs: Sequence[Run]) -> tuple[pl.DataFrame, dict[str, Any]]:
    """Gives strategy_id and the params that differ, a row a run, and those that all share."""
    usual = runs[0].params.model_dump(mode="json")
    # Each run is looked at once: of thousands, none is still in the processor's cache.
    rows = ((run.strategy_id, *map(vars(run.params).__getitem__, usual)) for run in runs)
    ids, *given = zip(*rows, strict=True)
    values = dict(zip(usual, given, strict=True))
    differing = {
        name: [list(one) for one in those] if isinstance(those[0], tuple) else those
        for name, those in values.items()
        if those.count(those[0]) < len(those)
    }
    own = pl.DataFrame({"strategy_id": ids} | differing, strict=False)
    return own, {name: value for name, value in usual.items() if name not in differing}


def _split_by_bar(
    pairs: pl.DataFrame,
    indicators: pl.DataFrame,
    *,
    quarantined: pl.DataFrame,
) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    place = looked_up(pairs.get_column("instrument_id"), indicators.get_column("instrument_id"))
    is_there = place != indicators.height
    judged = pairs.select("strategy_id", instrument=place)
    if not is_there.all():
        judged = judged.filter(is_there)
    missing = pairs.filter(~is_there)
    rules = quarantined.group_by("instrument_id").agg(
        rules=pl.col("rule").unique().sort().str.join(", ")
    )
    refused = pl.col("rules").is_not_null()
    session, last = (pl.col(one).dt.to_string("%Y-%m-%d") for one in ("session", "last_session"))
    withheld = missing.join(rules, on="instrument_id", how="left").select(
        "strategy_id",
        "instrument_id",
        reason=pl.when(refused)
        .then(pl.lit(WithheldReason.QUARANTINED_BAR.value))
        .otherwise(pl.lit(WithheldReason.NO_BAR.value)),
        detail=pl.when(refused)
        .then(pl.format("bar of {} refused: {}", session, "rules"))
        .otherwise(pl.format("no bar of {}; last bar {}", session, last.fill_null("unknown"))),
    )
    return judged, [pl.DataFrame(schema=WITHHELD_SCHEMA), withheld]


def _undefined(frame: pl.LazyFrame, needed: Sequence[str]) -> pl.LazyFrame:
    absent = pl.concat_str(
        [
            pl.lit(None, dtype=pl.String),
            *(pl.when(pl.col(name).is_null()).then(pl.lit(name)) for name in needed),
        ],
        separator=", ",
        ignore_nulls=True,
    )
    return frame.select(
        "strategy_id",
        "instrument_id",
        reason=pl.lit(WithheldReason.MISSING_INDICATOR.value),
        detail=pl.format("no value of {}: too few bars, or a price that does not move", absent),
    )


def _signal_schema() -> dict[str, Any]:
    """Gives the columns a kind answers with: those of a signal, but for how long it is valid."""
    columns = types_of(Signals)
    del columns["valid_until"]
    return columns | {_VALID_SESSIONS: pl.Int64}


def _shaped(said: pl.LazyFrame, kind_name: str) -> pl.LazyFrame:
    schema = _signal_schema()
    given = said.collect_schema().names()
    unknown = set(given) - set(schema)
    if unknown:
        raise ContractError(f"{kind_name} gives columns no signal has: {sorted(unknown)}.")
    return said.select(
        pl.col(name).cast(dtype) if name in given else pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in schema.items()
    )
