"""Which runs are judged together, as one frame: those whose kind reads the same names.

Runs differ by thresholds, which are params beside the pairs, and by the windows of their
indicators, which are other columns behind the same names. An instrument as one window sees it and
as another does are two rows of the frame.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from quantmatrix_engine.strategies.base import Params, Run, Source

PAIRS_AT_ONCE = 2_000_000
"""So many pairs of strategies and instruments are judged as one frame: memory stays bounded."""

PAIRS_WORTH_A_FRAME = 500_000
"""Once a portion has so many pairs, another set of columns begins a new one: to look instruments up
in a longer frame then costs more than to plan a further one."""

VIEWS_AT_ONCE = 1_000_000
"""So many rows of indicators, one of each instrument and view, a frame of several views has."""

Columns: TypeAlias = tuple[tuple[str, str], ...]
"""The names a kind reads, each with the indicator column behind it, sorted."""

_Found: TypeAlias = Mapping[str, Source]


@dataclass(frozen=True)
class Portion:
    """Runs of one kind, each with the number of the columns it reads among `views`.

    In the frame an instrument has a row for each of the views, which `row_id` numbers.
    """

    runs: tuple[Run, ...]
    view_of_run: tuple[int, ...]
    views: tuple[Columns, ...]

    def row_id(self, view: int) -> pl.Expr:
        """Gives the number that instrument_id has in the frame, seen by `view`.

        An instrument's number times the views must be below 2 ** 63.
        """
        numbered: pl.Expr = pl.col("instrument_id") * len(self.views) + view
        return numbered

    def instrument_id(self) -> pl.Expr:
        """Gives back the instrument of a `row_id` that stands in the column instrument_id."""
        return pl.col("instrument_id") // len(self.views)


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
    views come together up to PAIRS_WORTH_A_FRAME pairs and VIEWS_AT_ONCE rows. A run is never in
    two portions, so that one with more pairs is one of its own.
    """
    lengths = _stretches(pairs).group_by("strategy_id").agg(pl.col("len").sum())
    counts = dict(lengths.iter_rows())
    views_at_once = max(1, VIEWS_AT_ONCE // max(1, instruments))
    by_names: dict[tuple[str, tuple[str, ...]], list[tuple[Columns, list[Run]]]] = {}
    for (kind, columns), group in by_columns(runs).items():
        by_names.setdefault((kind, tuple(name for name, _ in columns)), []).append((columns, group))
    return [
        _portion(those)
        for alike in by_names.values()
        for those in _cut(alike, counts, views_at_once)
    ]


def _cut(
    alike: list[tuple[Columns, list[Run]]], counts: Mapping[int, int], views_at_once: int
) -> Iterator[list[tuple[Columns, Run]]]:
    cut: list[tuple[Columns, Run]] = []
    views: set[Columns] = set()
    waiting = 0
    for columns, group in alike:
        for run in group:
            count = counts.get(run.strategy_id, 0)
            is_enough = waiting >= PAIRS_WORTH_A_FRAME or len(views) >= views_at_once
            if cut and (waiting + count > PAIRS_AT_ONCE or (columns not in views and is_enough)):
                yield cut
                cut, views, waiting = [], set(), 0
            cut.append((columns, run))
            views.add(columns)
            waiting += count
    yield cut


def _portion(those: list[tuple[Columns, Run]]) -> Portion:
    views = {
        columns: number for number, columns in enumerate(dict.fromkeys(one for one, _ in those))
    }
    return Portion(
        tuple(run for _, run in those), tuple(views[columns] for columns, _ in those), tuple(views)
    )


def parted(pairs: pl.DataFrame, into: list[Portion]) -> dict[int, pl.DataFrame]:
    """Gives the pairs of each portion, by its place; those of no portion are left out.

    `pairs` has strategy_id and instrument_id; what is given has the portion's row numbers in the
    instruments' place (`Portion.row_id`). Two runs of the same strategy_id are an error.
    """
    placed = [
        (run.strategy_id, place, view, len(portion.views))
        for place, portion in enumerate(into)
        for run, view in zip(portion.runs, portion.view_of_run, strict=True)
    ]
    names = ("strategy_id", "place", "view", "views")
    of_id = pl.DataFrame(placed, dict.fromkeys(names, pl.Int64), orient="row")
    instruments = pairs.get_column("instrument_id").cast(pl.Int64).to_numpy()
    stretches = (
        _stretches(pairs)
        .with_columns(start=pl.col("len").cum_sum() - pl.col("len"))
        .join(of_id, on="strategy_id", validate="m:1")
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
    """Gives the pairs of one portion's stretches, which begin at `start`."""
    strategy, lengths, starts, view = (
        stretches.get_column(name).to_numpy() for name in ("strategy_id", "len", "start", "view")
    )
    # A stretch moves as a whole: each of its rows comes from as far away.
    away = starts - (np.cumsum(lengths) - lengths)
    rows = instruments[np.arange(lengths.sum()) + np.repeat(away, lengths)]
    rows *= stretches.item(0, "views")
    rows += np.repeat(view, lengths)
    return pl.DataFrame({"strategy_id": np.repeat(strategy, lengths), "instrument_id": rows})
