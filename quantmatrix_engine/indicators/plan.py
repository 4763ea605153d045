"""The order in which specs are computed: what another one uses comes first, and once."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from quantmatrix_engine.indicators.base import Spec
from quantmatrix_engine.indicators.shared_series import SHARED_SERIES, SharedSeries


@dataclass(frozen=True)
class Step:
    """A kernel, with the columns it reads and writes and the params it takes.

    `reach` is how many rows before a row decide it to the last bit; None: all do. Where it
    `writes_asked_only` its outs hold the rows asked for alone.
    """

    kernel: Callable[..., None]
    reads: tuple[str, ...]
    params: tuple[float, ...]
    writes: tuple[str, ...]
    reach: int | None = None
    writes_asked_only: bool = False


@dataclass(frozen=True)
class Plan:
    """Steps that fill `columns`; `inputs` are read from the bars, `between` is not kept."""

    steps: tuple[Step, ...]
    inputs: tuple[str, ...]
    columns: tuple[str, ...]
    between: tuple[str, ...]


def plan(specs: Iterable[Spec]) -> Plan:
    """Gives the steps of the specs and of all they use, each once; columns as specs are sorted.

    The series that several of them read come first (`shared_series`).
    """
    asked = sorted(set(specs))
    ordered: dict[Spec, None] = {}
    for one in asked:
        _add(one, ordered)
    columns = tuple(column for one in asked for column in one.columns())
    inputs = {name for one in ordered for name in one.declared().inputs}
    shared = {SHARED_SERIES[name]: None for name in sorted(inputs) if name in SHARED_SERIES}
    steps = (*map(_shared_step, shared), *map(_step, ordered))
    written = [column for step in steps for column in step.writes]
    read = inputs.union(*(one.reads for one in shared))
    return Plan(
        steps=steps,
        inputs=tuple(sorted(read.difference(SHARED_SERIES))),
        columns=columns,
        between=tuple(column for column in written if column not in set(columns)),
    )


def _add(asked: Spec, ordered: dict[Spec, None]) -> None:
    for used in asked.uses():
        _add(used, ordered)
    ordered[asked] = None


def _shared_step(shared: SharedSeries) -> Step:
    return Step(kernel=shared.kernel, reads=shared.reads, params=(), writes=shared.writes)


def _step(asked: Spec) -> Step:
    declared = asked.declared()
    used = [column for one in asked.uses() for column in one.columns()]
    return Step(
        kernel=declared.kernel,
        reads=(*declared.inputs, *used),
        params=asked.kernel_values(),
        writes=asked.columns(),
        reach=asked.reach(),
        writes_asked_only=declared.writes_asked_only,
    )
