"""Replays: stored signals derived again from what the lake held when their runs were made."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence

import polars as pl

from quantmatrix_engine.prices import adjustment
from quantmatrix_engine.strategies import evaluate
from quantmatrix_engine.strategies.replay import Difference, differences
from quantmatrix_models.database import Database
from quantmatrix_pipelines.defs.market_data.histories import Histories, benchmark_of
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.stores import corporate_actions
from quantmatrix_pipelines.stores.signals import StoredSignal


def replayed(
    signals: Sequence[StoredSignal],
    lake: Lake,
    database: Database,
    *,
    providers: Sequence[str],
    benchmark: str,
) -> dict[int, Difference]:
    """Gives by id the signals that are not the same derived again, with the first difference.

    Each is derived from the bars that were known at its run's `inputs_known_at` and the corporate
    actions known when it was evaluated; `providers` and `benchmark` are those of the settings.
    """
    actions = corporate_actions.price_actions(database)
    alike: dict[tuple[dt.date, dt.datetime, dt.datetime], list[StoredSignal]] = defaultdict(list)
    for one in signals:
        alike[one.session, one.inputs_known_at, one.evaluated_at].append(one)
    found: dict[int, Difference] = {}
    for (session, inputs_known_at, evaluated_at), group in alike.items():
        known = adjustment.known_by(actions, evaluated_at)
        instruments = sorted({one.said.signal["instrument_id"] for one in group})
        against = benchmark_of(database, benchmark, session)
        histories = Histories(lake, instruments, providers, against, known, inputs_known_at)
        asked = [one.said for one in group]
        bars = histories.bars(instruments, session)
        found |= differences(asked, bars, session=session, actions=known)
    return found | not_asked(signals)


def not_asked(signals: Iterable[StoredSignal]) -> dict[int, Difference]:
    """Gives by id the signals of instruments that their runs were not asked about."""
    return {one.said.id: _not_asked(one) for one in signals if one.in_universe is False}


def of_present_versions(signals: Iterable[StoredSignal]) -> list[StoredSignal]:
    """Gives the signals whose kind is still of the version that said them.

    Of another version there is no code here to derive a signal by.
    """
    versions = {name: kind.version for name, kind in evaluate.kinds().items()}
    return [one for one in signals if versions.get(one.said.kind) == one.said.kind_version]


def _not_asked(one: StoredSignal) -> Difference:
    asked = f"not among the {one.universe_size:,} instruments its run was asked about"
    return Difference("universe", f"{one.symbol} {one.said.signal['action']} said", asked)


def told(signals: Sequence[StoredSignal], found: dict[int, Difference]) -> pl.DataFrame:
    """Gives a row for each signal that differs: which it is, whose, and what differs."""
    rows = [
        (one.said.id, one.user, one.strategy, one.symbol, *_texts(found[one.said.id]))
        for one in signals
        if one.said.id in found
    ]
    columns = ("signal_id", "user", "strategy", "symbol", "what", "then", "now")
    schema = {name: pl.Int64 if name == "signal_id" else pl.String for name in columns}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _texts(difference: Difference) -> tuple[str, str, str]:
    return difference.what, difference.then, difference.now
