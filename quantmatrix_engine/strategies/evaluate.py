"""Evaluates a kind of strategy once for all its runs of a session."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from quantmatrix_engine import calendars, registry
from quantmatrix_engine import strategies as folder
from quantmatrix_engine.contracts.shape import types_of
from quantmatrix_engine.contracts.signals import Signals
from quantmatrix_engine.errors import ContractError, ParamsError, UnknownPlugin
from quantmatrix_engine.indicators.base import Spec
from quantmatrix_engine.strategies.base import Kind, Params, Source, read_params
from quantmatrix_engine.vocabulary import WithheldReason

WITHHELD_SCHEMA = {
    "strategy_id": pl.Int64,
    "instrument_id": pl.Int64,
    "reason": pl.String,
    "detail": pl.String,
}


@dataclass(frozen=True)
class Run:
    """A strategy about to be evaluated: its id, kind and params that have been read."""

    strategy_id: int
    kind: Kind
    params: Params


class Sources:
    """The sources of runs, found out once for all runs that agree in the params they rest on.

    Thousands of strategies differ by thresholds, and a few by the windows their indicators have.
    """

    def __init__(self) -> None:
        self._known: dict[str, dict[tuple[str, ...], dict[tuple[Any, ...], _Found]]] = {}

    def of(self, run: Run) -> Mapping[str, Source]:
        """Gives what `run.kind.sources(run.params)` gives."""
        known = self._known.setdefault(run.kind.name, {})
        for names, answers in known.items():
            found = answers.get(tuple(getattr(run.params, name) for name in names))
            if found is not None:
                return found
        reader = _Reader(run.params)
        found = run.kind.sources(reader)
        names = tuple(reader.read)
        known.setdefault(names, {})[tuple(reader.read.values())] = found
        return found


_Found: TypeAlias = Mapping[str, Source]
_Columns: TypeAlias = tuple[tuple[str, str], ...]
"""The names a kind reads, each with the column behind it."""


class _Reader:
    """Params that remember which of them were read."""

    def __init__(self, params: Params) -> None:
        self.params = params
        self.read: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        value = self.read[name] = getattr(self.params, name)
        return value


@dataclass(frozen=True)
class Evaluation:
    """What the runs of a session said, and about which instruments they could say nothing.

    `signals` keeps the contract Signals; `withheld` has strategy_id, instrument_id, reason and
    detail, one row for each pair that was not judged.
    """

    signals: pl.DataFrame
    withheld: pl.DataFrame


PAIRS_AT_ONCE = 2_000_000
"""So many pairs of strategies and instruments are judged as one frame: memory stays bounded."""

_EACH_RULE_APART = pl.QueryOptFlags(comm_subplan_elim=False)
"""Entries and exits share no frame: each joins the few pairs that its own rules leave."""

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
    joined = frame.join(numbered, on=["instrument_id", "session"])
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
    portions = list(_portions(runs, judged))
    parts = _parted(judged, portions)
    for place, (columns, group) in enumerate(portions):
        kind = group[0].kind
        part = parts.pop(place, judged.clear())
        # Runs that read the same columns need the same ones.
        read, needed = _renamed(indicators, dict(columns)), kind.needed(group[0].params)
        known = [pl.col(name).is_not_null() for name in needed]
        complete = pl.all_horizontal(pl.lit(value=True), *known)
        withheld.append(_undefined(part.join(read.filter(~complete), on="instrument_id"), needed))
        said = kind.decide(_frame(group, part, read.filter(complete)))
        signals.append(
            _shaped(said, kind.name).collect(engine="in-memory", optimizations=_EACH_RULE_APART)
        )
    return Evaluation(
        signals=pl.concat(signals).sort("strategy_id", "instrument_id", "action", "level"),
        withheld=pl.concat(withheld).sort("strategy_id", "instrument_id"),
    )


def _portions(runs: list[Run], pairs: pl.DataFrame) -> Iterator[tuple[_Columns, list[Run]]]:
    """Gives runs that read the same columns, with these, some PAIRS_AT_ONCE pairs at a time."""
    counts = dict(_stretches(pairs).group_by("strategy_id").agg(pl.col("len").sum()).iter_rows())
    for (_, columns), group in _grouped(runs).items():
        portion: list[Run] = []
        waiting = 0
        for run in group:
            count = counts.get(run.strategy_id, 0)
            if portion and waiting + count > PAIRS_AT_ONCE:
                yield columns, portion
                portion, waiting = [], 0
            portion.append(run)
            waiting += count
        yield columns, portion


def _parted(
    pairs: pl.DataFrame, portions: list[tuple[_Columns, list[Run]]]
) -> dict[int, pl.DataFrame]:
    """Gives the pairs of each portion, by its number; those of no portion are left out."""
    placed = [
        (run.strategy_id, place) for place, (_, group) in enumerate(portions) for run in group
    ]
    of_id = pl.DataFrame(placed, {"strategy_id": pl.Int64, "place": pl.Int64}, orient="row")
    instruments = pairs.get_column("instrument_id").to_numpy()
    stretches = (
        _stretches(pairs)
        .with_columns(start=pl.col("len").cum_sum() - pl.col("len"))
        .join(of_id, on="strategy_id")
    )
    return {
        place: _of_stretches(those, instruments)
        for (place,), those in stretches.partition_by("place", as_dict=True).items()
    }


def _stretches(pairs: pl.DataFrame) -> pl.DataFrame:
    """Gives strategy_id and `len` of the pairs of one strategy that follow one another.

    Pairs come in long stretches of one strategy: what a stretch has in common is looked up once.
    """
    found = pairs.get_column("strategy_id").rle().struct.unnest()
    return found.select(strategy_id="value", len=pl.col("len").cast(pl.Int64))


def _of_stretches(stretches: pl.DataFrame, instruments: npt.NDArray[np.int64]) -> pl.DataFrame:
    """Gives the pairs of the stretches, which begin at `start`."""
    lengths = stretches.get_column("len").to_numpy()
    starts = stretches.get_column("start").to_numpy()
    ends = starts + lengths
    return pl.DataFrame(
        {
            "strategy_id": np.repeat(stretches.get_column("strategy_id").to_numpy(), lengths),
            "instrument_id": np.concatenate(
                [instruments[first:last] for first, last in zip(starts, ends, strict=True)]
            ),
        }
    )


def representatives(runs: Iterable[Run]) -> list[Run]:
    """Gives one run of each kind and set of indicator columns: the others differ by numbers alone.

    Each has a strategy_id of its own, counted from 0.
    """
    first = [group[0] for group in _grouped(list(runs)).values()]
    return [Run(number, run.kind, run.params) for number, run in enumerate(first)]


def _grouped(runs: list[Run]) -> dict[tuple[str, _Columns], list[Run]]:
    """Groups runs that read the same columns, so that each group is one frame."""
    # Runs that rest on the same params have the same mapping, so that each is looked at once.
    alike: dict[tuple[str, int], tuple[_Found, list[Run]]] = {}
    asked = Sources()
    for run in runs:
        sources = asked.of(run)
        alike.setdefault((run.kind.name, id(sources)), (sources, []))[1].append(run)
    groups: dict[tuple[str, _Columns], list[Run]] = {}
    for sources, those in alike.values():
        columns = tuple((name, source.column) for name, source in sorted(sources.items()))
        groups.setdefault((those[0].kind.name, columns), []).extend(those)
    return groups


def _renamed(indicators: pl.DataFrame, columns: Mapping[str, str]) -> pl.DataFrame:
    missing = sorted(set(columns.values()) - set(indicators.columns))
    if missing:
        raise ContractError(_lacks(missing))
    return indicators.select(
        "instrument_id",
        price="close",
        **{name: pl.col(column) for name, column in columns.items()},
    )


def _frame(runs: list[Run], pairs: pl.DataFrame, indicators: pl.DataFrame) -> pl.LazyFrame:
    """Gives a row of each pair with its run's params and its instrument's indicators.

    Params that are the same for all stand beside the indicators: what asks nothing else is then
    asked of each instrument once, before the pairs are made.
    """
    usual = runs[0].params.model_dump(mode="json")
    params = [vars(run.params) for run in runs]
    given = {name: [one[name] for one in params] for name in usual}
    differing = [name for name, values in given.items() if values.count(values[0]) < len(values)]
    own = pl.DataFrame(
        {"strategy_id": [run.strategy_id for run in runs]}
        | {name: [_plain(one) for one in given[name]] for name in differing},
        strict=False,
    )
    shared = [pl.lit(value).alias(name) for name, value in usual.items() if name not in differing]
    instruments = indicators.with_columns(shared)
    return (
        pairs.lazy().join(instruments.lazy(), on="instrument_id").join(own.lazy(), on="strategy_id")
    )


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _split_by_bar(
    pairs: pl.DataFrame,
    indicators: pl.DataFrame,
    *,
    quarantined: pl.DataFrame,
) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    has_bar = pairs.get_column("instrument_id").is_in(
        indicators.get_column("instrument_id").implode()
    )
    judged = pairs.select("strategy_id", "instrument_id")
    if not has_bar.all():
        judged = judged.filter(has_bar)
    missing = pairs.filter(~has_bar)
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


def _undefined(frame: pl.DataFrame, needed: Sequence[str]) -> pl.DataFrame:
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
