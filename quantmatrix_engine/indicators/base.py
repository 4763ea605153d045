"""What an indicator declares, how one is asked for, and how its kernel is compiled."""

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import numba as nb
import numpy as np
import numpy.typing as npt

from quantmatrix_engine import indicators
from quantmatrix_engine.errors import ParamsError
from quantmatrix_engine.registry import discover, pick

TOLERANCE = 1e-6
"""Relative change of a row that an indicator's `lookback` leaves to all earlier history."""

SEED_ERROR_RATIO = 10.0
"""How many times the row's own value the seed of a recursion may be off for `lookback` to hold."""

ROUNDING_RATIO = 1e-10
"""Two prices closer than this part of each other are the same price."""

Series = npt.NDArray[np.float64]
"""One instrument's values in session order: contiguous, float64, NaN where unknown."""

Function = TypeVar("Function", bound=Callable[..., Any])


def kernel(function: Function) -> Function:
    """Gives `function` compiled by numba, to run without the interpreter's lock.

    NaN survives: `fastmath` reorders sums but never assumes that values are finite. Compiled code
    is kept in `__pycache__`, and numba looks only at the file a kernel is written in: after a
    change to a kernel that other files call, delete the `*.nbi` and `*.nbc` files.
    """
    compiled = nb.njit(
        nogil=True,
        cache=True,
        fastmath={"contract", "reassoc", "nsz", "arcp"},
        error_model="numpy",
    )(function)
    return cast(Function, compiled)


@dataclass(frozen=True)
class Indicator:
    """A measure of one instrument's bars: what it reads, what it gives, how far back it looks.

    `kernel(*inputs, *params, *outs)` gets the series of one instrument, never empty, and writes
    every cell of `outs`, NaN where a value is unknown. `lookback(*params)` is the number of bars
    before a row after which more history changes the row by less than `TOLERANCE` of its value.
    A recursion keeps that promise while `SEED_ERROR_RATIO` holds: not for the ATR of a name that
    has stopped moving, which falls towards 0 for as long as the name stands still.
    """

    name: str
    params: tuple[str, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    descriptions: tuple[str, ...]
    kernel: Callable[..., None]
    lookback: Callable[..., int]


@dataclass(frozen=True, order=True)
class Spec:
    """An indicator with its params, in the order the indicator declares; made by `spec`."""

    indicator: str
    params: tuple[tuple[str, int], ...]

    def columns(self) -> tuple[str, ...]:
        """Gives the names of the columns it is computed into, as `sma_50`."""
        return self._filled(self.declared().outputs)

    def descriptions(self) -> Mapping[str, str]:
        """Gives what each column holds, keyed by the column's name."""
        filled = self._filled(self.declared().descriptions)
        return dict(zip(self.columns(), filled, strict=True))

    def declared(self) -> Indicator:
        """Gives the indicator asked for. Raises UnknownPlugin."""
        return indicator(self.indicator)

    def values(self) -> tuple[int, ...]:
        """Gives the params' values, in the order of the kernel's arguments."""
        return tuple(value for _, value in self.params)

    def _filled(self, templates: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(template.format(**dict(self.params)) for template in templates)


@functools.cache
def available() -> Mapping[str, Indicator]:
    """Gives every indicator of this folder, keyed by name, sorted."""
    return discover(indicators, attribute="INDICATOR")


def indicator(name: str) -> Indicator:
    """Gives the indicator called `name`. Raises UnknownPlugin with the nearest name."""
    found: Indicator = pick(available(), name, what="indicator")
    return found


def spec(name: str, **params: int) -> Spec:
    """Gives the request for an indicator, as `spec("sma", window=50)`.

    Raises UnknownPlugin for another name, ParamsError for params the indicator does not take,
    lacks, or that are not whole numbers of at least 1.
    """
    declared = indicator(name)
    if set(params) != set(declared.params):
        raise ParamsError(
            f"Indicator {name!r} got params ({', '.join(params) or 'none'}); "
            f"it takes ({', '.join(declared.params) or 'none'})."
        )
    for key, value in params.items():
        _require_count(name, key, value)
    return Spec(name, tuple((key, params[key]) for key in declared.params))


def bars_to_forget(retained_ratio: float) -> int:
    """Gives after how many steps a recursion has forgotten its seed.

    Each step keeps `retained_ratio` (0 to below 1) of the step before. A seed that is off by up
    to `SEED_ERROR_RATIO` times the value then moves it by less than `TOLERANCE` of the value.
    """
    if retained_ratio == 0:
        return 1
    return math.ceil(math.log(TOLERANCE / SEED_ERROR_RATIO) / math.log(retained_ratio))


@kernel
def excess(price: float, level: float) -> float:
    """Gives price - level, and exactly 0 where the two differ by rounding only.

    A mean of equal prices is not always that price to the last digit; a price that stopped moving
    would otherwise stand above or below its own average at random. NaN where either is NaN.
    """
    difference = price - level
    if abs(difference) <= ROUNDING_RATIO * abs(level):
        return 0.0
    return difference


def _require_count(name: str, key: str, value: object) -> None:
    if type(value) is not int or value < 1:
        raise ParamsError(
            f"Indicator {name!r} got {key}={value!r}; {key} must be a whole number of at least 1."
        )
