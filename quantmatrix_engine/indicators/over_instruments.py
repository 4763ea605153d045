"""Runs a kernel over many instruments in one call, so that the call costs next to nothing."""

import functools
import types
from collections.abc import Callable
from typing import Any

import numpy as np
from numba.extending import overload

from quantmatrix_engine.indicators.base import Series, kernel


@functools.cache
def over_instruments(of_one: Callable[..., None]) -> Callable[..., None]:
    """Gives `run(offsets, inputs, params, outs)`, compiled, for the kernel of one instrument.

    Tuples of series hold all instruments end to end; instrument k has the rows from `offsets[k]`
    to before `offsets[k + 1]`, and an instrument without rows is passed over.

    numba keeps compiled code under a function's name and looks at no global it reads, so each
    kernel gets a function of its own name that reads the kernel as a global.
    """
    name = f"{of_one.__module__}.{of_one.__name__}_over_instruments".replace(".", "_")
    run = types.FunctionType(_run.__code__, {**globals(), "_of_one": of_one}, name)
    run.__qualname__ = name
    run.__module__ = __name__
    return kernel(run)


def _run(
    offsets: np.ndarray, inputs: tuple[Series, ...], params: tuple[Any, ...], outs: tuple[Any, ...]
) -> None:
    for instrument in range(offsets.size - 1):
        start, stop = offsets[instrument], offsets[instrument + 1]
        if start < stop:
            _of_one(*(_rows(inputs, start, stop) + params + _rows(outs, start, stop)))


def _of_one(*arguments: Any) -> None:
    """Stands for the kernel, which takes its place among the globals of each `run`."""
    raise NotImplementedError


def _rows(series: tuple[Series, ...], start: int, stop: int) -> tuple[Series, ...]:
    """Gives the rows from `start` to before `stop` of each."""
    return tuple(one[start:stop] for one in series)


@overload(_rows, strict=False)
def _compiled_rows(series: Any, start: Any, stop: Any) -> Callable[..., Any]:  # noqa: ARG001
    """Gives `_rows` for numba, which makes a tuple of any length only by adding to a shorter."""
    if len(series) == 0:
        return lambda series, start, stop: ()  # noqa: ARG005
    return lambda series, start, stop: (series[0][start:stop],) + _rows(series[1:], start, stop)  # noqa: RUF005
