"""Runs the steps of a plan history by history, without the interpreter in between.

Each kernel is compiled into a step of one form: it is given where its columns begin, its params
and a number of rows. So one compiled loop runs any plan, and what one kernel wrote is still near
the processor when the next one reads it.
"""

import functools
import threading
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numba as nb
import numpy as np
from numba.extending import overload

from quantmatrix_engine.indicators.addresses import call, carray, pointer
from quantmatrix_engine.indicators.base import Integers, Series, exact_kernel, kernel
from quantmatrix_engine.indicators.histories import Runs
from quantmatrix_engine.indicators.plan import Plan
from quantmatrix_engine.indicators.runs import starts_of
from quantmatrix_engine.indicators.sources import BY_DAY, DAYS, PLAIN, PRICE, VOLUME, Source

_BYTES = 8
_ALL = -1
_DONE = -1
_COMPILING = threading.Lock()


def compiled(wanted: Plan) -> Integers:
    """Gives the addresses of the plan's compiled steps, which are kept for ever."""
    # Of two threads that compile a step at once, one would be left with that of the other, gone.
    with _COMPILING:
        return np.array(
            [
                _step_of(
                    step.kernel,
                    len(step.reads),
                    tuple([isinstance(one, int) for one in step.params]),
                    len(step.writes),
                ).address
                for step in wanted.steps
            ],
            dtype=np.int64,
        )


def run(
    wanted: Plan,
    steps: Integers,
    runs: Runs,
    sources: Sequence[Source],
    outs: Mapping[str, Series],
) -> None:
    """Computes the plan's columns of histories by its compiled `steps`.

    `sources` are those of the plan's inputs. `outs` have a row for each that the histories are
    asked for, one history after another; they are contiguous and float64. Raises RuntimeError
    naming the kernel that did not come to its end: it raised, which no kernel should.
    """
    lengths = runs.lengths()
    names = (*wanted.inputs, *wanted.columns, *wanted.between)
    place = {name: number for number, name in enumerate(names)}
    longest = int(lengths.max(initial=0))
    straight = () if (runs.tails < lengths).any() else wanted.columns
    buffers = [np.empty(0 if name in straight else longest) for name in names]
    asked = [[place[name] for name in (*step.reads, *step.writes)] for step in wanted.steps]
    failed = _run(
        runs.of,
        runs.rows,
        runs.scales,
        runs.tails,
        np.array([one.addresses for one in sources], dtype=np.int64).reshape(
            len(sources), runs.rows.size
        ),
        np.array([one.kind for one in sources], dtype=np.int64),
        _addresses(one.table for one in sources),
        np.array([one.first for one in sources], dtype=np.int64),
        _addresses(buffers),
        _addresses(outs[name] for name in wanted.columns),
        starts_of(runs.tails),
        steps,
        np.array([one for ones in asked for one in ones], dtype=np.int64),
        starts_of([len(ones) for ones in asked]),
        np.array([len(step.reads) for step in wanted.steps], dtype=np.int64),
        np.array([_ALL if one.reach is None else one.reach for one in wanted.steps]),
        np.array([one.writes_asked_only for one in wanted.steps], dtype=np.int64),
        np.array([one for step in wanted.steps for one in step.params], dtype=np.float64),
        starts_of([len(step.params) for step in wanted.steps]),
    )
    if failed >= 0:
        name = getattr(wanted.steps[failed].kernel, "__name__", "a kernel")
        raise RuntimeError(f"{name} raised an error, which is printed above; kernels must not.")


def _addresses(columns: Iterable[Series]) -> Integers:
    return np.array([one.ctypes.data for one in columns], dtype=np.int64)


@kernel
def _run(  # noqa: PLR0913, PLR0917
    of: Integers,
    rows: Integers,
    scales: Series,
    tails: Integers,
    sources: Integers,
    kinds: Integers,
    tables: Integers,
    table_begins: Integers,
    buffers: Integers,
    outs: Integers,
    firsts: Integers,
    steps: Integers,
    places: Integers,
    places_of: Integers,
    reads: Integers,
    reaches: Integers,
    asked_only: Integers,
    params: Series,
    params_of: Integers,
) -> int:
    """Runs the steps of one history after those of the one before.

    Gives the number of the step that did not come to its end, where all stops; -1: all did.

    Columns are those of the sources, the outs and what is between; each has a buffer that every
    history writes anew. Of column c run r begins at the address `sources[c, r]`. What is asked of
    history h begins at row `firsts[h]` of the outs, whose addresses are `outs`. Step s is at
    `steps[s]`; its columns are those of `places` from `places_of[s]` on, of which it reads the
    first `reads[s]`; its params likewise. Where `asked_only[s]` is 1 it writes no row but those
    asked for.
    """
    at = buffers.copy()
    lengths, written = np.empty((2, steps.size), dtype=np.int64)
    needed = np.empty(buffers.size, dtype=np.int64)
    given = np.empty(1 + places.size, dtype=np.int64)
    inputs = kinds.size
    for history in range(of.size - 1):
        first_run, past_run = of[history], of[history + 1]
        count = rows[first_run:past_run].sum()
        tail = tails[history]
        if tail == 0:
            continue
        of_runs = rows[first_run:past_run], scales[first_run:past_run]
        for column in range(inputs):
            at[column] = _together(
                sources[column, first_run:past_run],
                kinds[column],
                *of_runs,
                tables[column],
                table_begins[column],
                buffers[column],
            )
        for out in range(outs.size):
            is_whole = tail == count
            at[inputs + out] = (
                outs[out] + _BYTES * firsts[history] if is_whole else buffers[inputs + out]
            )
        needed[:] = 0
        needed[inputs : inputs + outs.size] = tail
        _lengths_into(
            count, needed, places, places_of, reads, reaches, asked_only, lengths, written
        )
        for step in range(steps.size):
            first = places_of[step]
            for place in range(first, places_of[step + 1]):
                is_read = place < first + reads[step]
                passed_over = count - (lengths[step] if is_read else written[step])
                given[1 + place - first] = at[places[place]] + _BYTES * passed_over
            given[0] = written[step]
            numbers = params.ctypes.data + _BYTES * params_of[step]
            call(steps[step], given.ctypes.data, numbers, lengths[step])
            if given[0] != _DONE:
                return step
        if tail < count:
            for out in range(outs.size):
                values = carray(pointer(buffers[inputs + out]), count, np.float64)
                begin = pointer(outs[out] + _BYTES * firsts[history])
                carray(begin, tail, np.float64)[:] = values[count - tail :]
    return -1


@kernel
def _lengths_into(  # noqa: PLR0913, PLR0917
    count: int,
    needed: Integers,
    places: Integers,
    places_of: Integers,
    reads: Integers,
    reaches: Integers,
    asked_only: Integers,
    lengths: Integers,
    written: Integers,
) -> None:
    """Writes how many of a history's last rows each step is given, and how many it writes.

    `needed` has how many rows are of each column, and gets those that later steps read.
    """
    for step in range(lengths.size - 1, -1, -1):
        first, past = places_of[step], places_of[step + 1]
        rows = 0
        for place in range(first + reads[step], past):
            rows = max(rows, needed[places[place]])
        written[step] = rows
        rows = count if reaches[step] == _ALL else min(count, rows + reaches[step])
        lengths[step] = rows
        if not asked_only[step]:
            written[step] = rows
        for place in range(first, first + reads[step]):
            needed[places[place]] = max(needed[places[place]], rows)


@exact_kernel
def _together(
    begins: Integers,
    kind: int,
    rows: Integers,
    scales: Series,
    table: int,
    first: int,
    buffer: int,
) -> int:
    """Gives the address of a column's runs one after another, in the price basis of the history.

    A run alone that needs no change stays where it is; else they are copied to `buffer`.
    """
    is_price = kind in (PRICE, VOLUME)
    if begins.size == 1 and (kind == PLAIN or (is_price and scales[0] == 1.0)):
        return int(begins[0])
    end = buffer
    for run in range(begins.size):
        if kind == BY_DAY:
            _look_up(begins[run], rows[run], table, first, end)
        else:
            _copy_run(begins[run], kind, rows[run], scales[run], end)
        end += _BYTES * rows[run]
    return buffer


@exact_kernel
def _look_up(begin: int, rows: int, table: int, first: int, to: int) -> None:
    """Writes what the table, which begins at the day `first`, has for the run's days."""
    days = carray(pointer(begin), rows, np.int32)
    out = carray(pointer(to), rows, np.float64)
    values = carray(pointer(table), days[-1] - first + 1, np.float64)
    for row in range(rows):
        out[row] = values[days[row] - first]


@exact_kernel
def _copy_run(begin: int, kind: int, rows: int, scale: float, to: int) -> None:
    """Copies a run, its prices multiplied and its volume divided by the scale."""
    out = carray(pointer(to), rows, np.float64)
    if kind == DAYS:
        days = carray(pointer(begin), rows, np.int32)
        for row in range(rows):
            out[row] = days[row]
        return
    values = carray(pointer(begin), rows, np.float64)
    if kind == PLAIN or scale == 1.0:
        out[:] = values
    elif kind == PRICE:
        for row in range(rows):
            out[row] = values[row] * scale
    else:
        for row in range(rows):
            out[row] = values[row] / scale


@functools.cache
def _step_of(of_one: Callable[..., None], reads: int, whole: tuple[bool, ...], writes: int) -> Any:
    """Gives the compiled step of a kernel.

    numba keeps compiled code under a function's name and looks at no global it reads, so each
    kernel gets a function of its own name that reads the kernel as a global.
    """
    shape = f"{reads}_{''.join('i' if one else 'f' for one in whole)}_{writes}"
    name = f"{of_one.__module__}.{of_one.__name__}_{shape}".replace(".", "_")
    given = {
        "_of_one": of_one,
        "_READS": tuple(range(1, 1 + reads)),
        "_LIKE": tuple([1 if one else 1.0 for one in whole]),
        "_WRITES": tuple(range(1 + reads, 1 + reads + writes)),
    }
    made = types.FunctionType(_step.__code__, {**globals(), **given}, name)
    made.__qualname__ = name
    made.__module__ = __name__
    return nb.cfunc(nb.types.void(*[nb.types.int64] * 3), cache=True)(made)


_READS: tuple[int, ...] = ()
_LIKE: tuple[float, ...] = ()
_WRITES: tuple[int, ...] = ()


def _step(columns: int, params: int, rows: int) -> None:
    """Calls the kernel with its columns, which begin at the addresses after the one at `columns`.

    There stands how many rows it writes, of the `rows` it is given, and there it leaves `_DONE`
    where the kernel came to its end: an error would be printed and forgotten.
    """
    begins = carray(pointer(columns), 1 + len(_READS) + len(_WRITES), np.int64)
    numbers = carray(pointer(params), len(_LIKE) + 1, np.float64)
    _of_one(
        *(
            _rows(begins, _READS, rows)
            + _like(numbers, _LIKE, 0)
            + _rows(begins, _WRITES, begins[0])
        )
    )
    begins[0] = _DONE


# These three are names for the compiler, which puts the kernel and the two overloads below in their
# place; no interpreter comes to them.
def _of_one(*arguments: Any) -> None:
    """Stands for the kernel, which takes its place among the globals of each step."""
    raise NotImplementedError


def _rows(begins: Integers, places: tuple[int, ...], rows: int) -> tuple[Series, ...]:
    """Gives the columns that begin at some of the addresses."""
    raise NotImplementedError


def _like(numbers: Series, like: tuple[Any, ...], place: int) -> tuple[Any, ...]:
    """Gives the params from `place` on, as whole numbers where those of `like` are."""
    raise NotImplementedError


# numba makes a tuple of any length only by adding to a shorter one.
@overload(_rows, strict=False)
def _compiled_rows(begins: Any, places: Any, rows: Any) -> Callable[..., Any]:  # noqa: ARG001
    if len(places) == 0:
        return lambda begins, places, rows: ()  # noqa: ARG005

    def made(begins: Any, places: Any, rows: Any) -> Any:
        first = carray(pointer(begins[places[0]]), rows, np.float64)
        return (first,) + _rows(begins, places[1:], rows)  # noqa: RUF005

    return made


@overload(_like, strict=False)
def _compiled_like(numbers: Any, like: Any, place: Any) -> Callable[..., Any]:  # noqa: ARG001
    if len(like) == 0:
        return lambda numbers, like, place: ()  # noqa: ARG005
    if isinstance(like[0], nb.types.Integer):

        def whole(numbers: Any, like: Any, place: Any) -> Any:
            return (int(numbers[place]),) + _like(numbers, like[1:], place + 1)  # noqa: RUF005

        return whole

    def real(numbers: Any, like: Any, place: Any) -> Any:
        return (numbers[place],) + _like(numbers, like[1:], place + 1)  # noqa: RUF005

    return real
