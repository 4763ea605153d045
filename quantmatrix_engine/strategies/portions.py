"""Which runs are judged together: those whose kind reads the same names.

Runs differ by thresholds, which are params of theirs, and by the windows of their indicators, which
are other columns behind the same names. An instrument as one window sees it and as another does are
two rows among the instruments.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Self, TypeAlias

import numpy as np
import polars as pl

from quantmatrix_engine.errors import ContractError
from quantmatrix_engine.strategies.base import Params, Run, Source
from quantmatrix_engine.strategies.pairs import Places

PAIRS_AT_ONCE = 2_000_000
"""So many pairs of strategies and instruments are judged together: memory stays bounded."""

VIEWS_AT_ONCE = 1_000_000
"""So many rows, one of each instrument and view, the instruments of several views have."""

IDS_IN_A_TABLE = 10_000_000
"""A table has a place for each id from the first to the last."""

Columns: TypeAlias = tuple[tuple[str, str], ...]
"""The names a kind reads, each with the indicator column behind it, sorted."""

_Found: TypeAlias = Mapping[str, Source]


@dataclass(frozen=True)
class Portion:
    """Runs of one kind, each with the number of the columns it reads among `views`."""

    runs: tuple[Run, ...]
    view_of_run: tuple[int, ...]
    views: tuple[Columns, ...]


class Sources:
    """The sources of runs, found out once for all runs that agree in the params they rest on.

    Thousands of strategies differ by thresholds, and a few by the windows their indicators have.
    """

    def __init__(self) -> None:
        self._known: dict[str, dict[tuple[str, ...], _Answers]] = {}

    def of(self, run: Run) -> Mapping[str, Source]:
        """Gives what `run.kind.sources(run.params)` gives."""
        known = self._known.setdefault(run.kind.name, {})
        for answers in known.values():
            found = answers.by_params.get(answers.rested_on(run.params))
            if found is not None:
                return found
        reader = _Reader(run.params)
        found = run.kind.sources(reader)
        answers = known.setdefault(tuple(reader.read), _Answers.of(*reader.read))
        answers.by_params[answers.rested_on(run.params)] = found
        return found


@dataclass(frozen=True)
class _Answers:
    """Sources by the values of the params they rest on: of several a tuple, of one itself."""

    rested_on: Callable[[Params], Any]
    by_params: dict[Any, _Found]

    @classmethod
    def of(cls, *names: str) -> Self:
        return cls(attrgetter(*names) if names else lambda _: (), {})


class _Reader:
    """Params that remember which of them were read."""

    def __init__(self, params: Params) -> None:
        self.params = params
        self.read: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        value = self.read[name] = getattr(self.params, name)
        return value


def by_columns(runs: Iterable[Run]) -> dict[tuple[str, Columns], list[Run]]:
    """Gives the runs by the name of their kind and the columns they read."""
    # Runs that rest on the same params have the same mapping, so that each is looked at once.
    alike: dict[tuple[str, int], tuple[_Found, list[Run]]] = {}
    asked = Sources()
    for run in runs:
        sources = asked.of(run)
        alike.setdefault((run.kind.name, id(sources)), (sources, []))[1].append(run)
    groups: dict[tuple[str, Columns], list[Run]] = {}
    for sources, those in alike.values():
        columns = tuple((name, source.column) for name, source in sorted(sources.items()))
        groups.setdefault((those[0].kind.name, columns), []).extend(those)
    return groups


def portions(runs: Iterable[Run], pairs: pl.DataFrame, *, instruments: int) -> list[Portion]:
    """Gives the portions of all runs, of up to PAIRS_AT_ONCE pairs each.

    `pairs` has strategy_id; `instruments` is how many rows one view of the indicators has. Several
    views come together up to VIEWS_AT_ONCE rows. A run is never in two portions, so that one with
    more pairs is one of its own.
    """
    lengths = _stretches(pairs).group_by("strategy_id").agg(pl.col("len").sum())
    counts = dict(lengths.iter_rows())
    views_at_once = max(1, VIEWS_AT_ONCE // max(1, instruments))
    by_names: dict[tuple[str, tuple[str, ...]], list[tuple[Columns, list[Run]]]] = {}
    for (kind, columns), group in by_columns(runs).items():
        by_names.setdefault((kind, tuple(name for name, _ in columns)), []).append((columns, group))
    return [
        portion for alike in by_names.values() for portion in _cut(alike, counts, views_at_once)
    ]


def _cut(
    alike: Sequence[tuple[Columns, list[Run]]], counts: Mapping[int, int], views_at_once: int
) -> Iterator[Portion]:
    """Gives the portions of groups of runs, of which each reads other columns."""
    runs: list[Run] = []
    views: list[int] = []
    read: list[Columns] = []
    waiting = 0
    for columns, group in alike:
        is_read = False
        for run in group:
            count = counts.get(run.strategy_id, 0)
            is_full = len(read) >= views_at_once and not is_read
            if runs and (waiting + count > PAIRS_AT_ONCE or is_full):
                yield Portion(tuple(runs), tuple(views), tuple(read))
                runs, views, read, waiting, is_read = [], [], [], 0, False
            if not is_read:
                read.append(columns)
                is_read = True
            runs.append(run)
            views.append(len(read) - 1)
            waiting += count
    yield Portion(tuple(runs), tuple(views), tuple(read))


def looked_up(ids: pl.Series, among: pl.Series) -> pl.Series:
    """Gives the place of each of `ids` among others, the number of these where it is not there.

    By one table of all places where the ids are near each other, as numbers given in order are: a
    join takes six times that. Raises ContractError where an id is null, or among the others twice.
    """
    if ids.has_nulls() or among.has_nulls():
        raise ContractError("An instrument_id is null; each row has to say whose it is.")
    if among.n_unique() < among.len():
        twice = among.filter(among.is_duplicated()).unique().sort().to_list()
        raise ContractError(f"Instrument {twice[0]} has several rows of indicators; one is right.")
    own, asked = among.cast(pl.Int64).to_numpy(), ids.cast(pl.Int64).to_numpy()
    first, last = (int(own.min()), int(own.max())) if own.size else (0, 0)
    if last - first > IDS_IN_A_TABLE:
        known = pl.DataFrame({"id": own}).with_row_index("place")
        found = pl.DataFrame({"id": asked}).join(known, on="id", how="left", maintain_order="left")
        return found.get_column("place").fill_null(own.size)
    table = np.full(last - first + 2, own.size, dtype=np.uint32)
    table[own - first] = np.arange(own.size, dtype=np.uint32)
    # An id before the first is negative, which as a number without a sign is beyond the last.
    away = np.minimum((asked - first).view(np.uint64), np.uint64(last - first + 1))
    return pl.Series(table.take(away.view(np.int64)))


def parted(
    pairs: pl.DataFrame, into: list[Portion], *, instruments: int
) -> Iterator[tuple[Places, Places]]:
    """Gives the run and the instrument of each pair, portion by portion; others are left out.

    `pairs` has strategy_id, and instrument, its place among as many as `instruments`. A run is its
    place among the portion's; an instrument is its place among all of the portion's first view,
    then all of its second one, and so on. Two runs of the same strategy_id are an error.
    Quick where the pairs of a strategy follow one another.
    """
    placed = [
        (run.strategy_id, place, number, view * instruments)
        for place, portion in enumerate(into)
        for number, (run, view) in enumerate(zip(portion.runs, portion.view_of_run, strict=True))
    ]
    names = ("strategy_id", "place", "run", "before")
    of_id = pl.DataFrame(placed, dict.fromkeys(names, pl.Int64), orient="row")
    stretches = (
        _stretches(pairs)
        .with_columns(start=pl.col("len").cum_sum() - pl.col("len"))
        .join(of_id, on="strategy_id", validate="m:1")
    )
    own = pairs.get_column("instrument").to_numpy()
    parts = stretches.partition_by("place", as_dict=True)
    for place in range(len(into)):
        yield _places(parts.get((place,), stretches.clear()), own)


def _stretches(pairs: pl.DataFrame) -> pl.DataFrame:
    """Gives strategy_id and `len` of the pairs of one strategy that follow one another.

    Pairs come in long stretches of one strategy: what a stretch has in common is looked up once.
    """
    found = pairs.get_column("strategy_id").rle().struct.unnest()
    return found.select(strategy_id="value", len=pl.col("len").cast(pl.Int64))


def _places(stretches: pl.DataFrame, own: Places) -> tuple[Places, Places]:
    lengths = stretches.get_column("len").to_numpy()
    run, before = (
        np.repeat(stretches.get_column(name).cast(pl.UInt32).to_numpy(), lengths)
        for name in ("run", "before")
    )
    spans = stretches.select("start", end=pl.col("start") + pl.col("len")).iter_rows()
    return run, before + np.concatenate([own[:0], *(own[first:end] for first, end in spans)])
