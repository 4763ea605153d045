"""The order in which specs are computed: what another one uses comes first, and once."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from quantmatrix_engine.indicators.base import Spec
from quantmatrix_engine.indicators.over_instruments import over_instruments


@dataclass(frozen=True)
class Step:
    """A kernel over instruments, with the columns it reads and writes and the params it takes."""

    run: Callable[..., None]
    reads: tuple[str, ...]
    params: tuple[float, ...]
    writes: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """Steps that fill `columns`; `inputs` are read from the bars, `between` is not kept."""

    steps: tuple[Step, ...]
    inputs: tuple[str, ...]
    columns: tuple[str, ...]
    between: tuple[str, ...]


def plan(specs: Iterable[Spec]) -> Plan:
    """Gives the steps of the specs and of all they use, each once; columns as specs are sorted."""
    asked = sorted(set(specs))
    ordered: dict[Spec, None] = {}
    for one in asked:
        _add(one, ordered)
    columns = tuple(column for one in asked for column in one.columns())
    written = [column for one in ordered for column in one.columns()]
    return Plan(
        steps=tuple(_step(one) for one in ordered),
        inputs=tuple(sorted({name for one in ordered for name in one.declared().inputs})),
        columns=columns,
        between=tuple(column for column in written if column not in set(columns)),
    )


def _add(asked: Spec, ordered: dict[Spec, None]) -> None:
    for used in asked.uses():
        _add(used, ordered)
    ordered[asked] = None


def _step(asked: Spec) -> Step:
    declared = asked.declared()
    used = [column for one in asked.uses() for column in one.columns()]
    return Step(
        run=over_instruments(declared.kernel),
        reads=(*declared.inputs, *used),
        params=asked.kernel_values(),
        writes=asked.columns(),
    )
