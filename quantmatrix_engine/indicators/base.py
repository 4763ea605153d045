"""What an indicator declares, how one is asked for, and how its kernel is compiled."""

import difflib
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

LONGEST_WINDOW = 1_260
"""Bars that a window may have, five years of sessions."""

Series = npt.NDArray[np.float64]
"""One instrument's values in session order: contiguous, float64, NaN where unknown."""

Integers = npt.NDArray[np.int64]
"""Whole numbers: rows, weeks, ids, addresses."""

Numbers = npt.NDArray[Any]
"""A column as it lies in memory: ids, days, moments, prices."""

Function = TypeVar("Function", bound=Callable[..., Any])


def kernel(function: Function) -> Function:
    """Gives `function` compiled by numba, to run without the interpreter's lock.

    NaN survives, and sums keep the order they are written in: `fastmath` lets a product and a sum
    be rounded once, and never assumes that values are finite. Compiled code
    is kept in `__pycache__`, and numba looks only at the file a kernel is written in: after a
    change to a kernel or a constant that other files use, delete the `*.nbi` and `*.nbc` files.
    """
    return _compiled(function, {"contract", "nsz", "arcp"})


def exact_kernel(function: Function) -> Function:
    """Gives `function` compiled as a kernel is, with each step rounded as it is written."""
    return _compiled(function, set())


def _compiled(function: Function, fastmath: set[str]) -> Function:
    compiled = nb.njit(nogil=True, cache=True, fastmath=fastmath, error_model="numpy")(function)
    return cast(Function, compiled)


@dataclass(frozen=True)
class Param:
    """A number an indicator takes, from `least` to `most`; `default` where none is given.

    `whole` numbers are int, others float. A column's name shows 2.5 as `2p5`.
    """

    name: str
    default: float
    least: float = 1
    most: float = LONGEST_WINDOW
    whole: bool = True

    def checked(self, indicator: str, value: object) -> float:
        """Gives the value as the kernel takes it. Raises ParamsError saying what would be right."""
        kinds: tuple[type, ...] = (int,) if self.whole else (int, float)
        if type(value) not in kinds or not self.least <= cast(float, value) <= self.most:
            noun = "a whole number" if self.whole else "a number"
            raise ParamsError(
                f"Indicator {indicator!r} got {self.name}={value!r}; {self.name} must be {noun} "
                f"from {self.least:g} to {self.most:g}."
            )
        return cast(int, value) if self.whole else float(cast(float, value))


def of_the_row(*params: float) -> int:  # noqa: ARG001
    """Gives 0: the `lookback` and the `reach` of what is computed from a row alone."""
    return 0


def uses_nothing(*params: float) -> tuple["Spec", ...]:  # noqa: ARG001
    """Gives no specs: what an indicator uses that is computed from bars alone."""
    return ()


def refuses_nothing(*params: float) -> str | None:  # noqa: ARG001
    """Gives None: params that are fine each are fine together."""
    return None


@dataclass(frozen=True)
class Indicator:
    """A measure of one instrument's bars: what it reads, what it gives, how far back it looks.

    `inputs` are columns of the bars, `session` (days since 1970-01-01) and `benchmark_close`
    among them, or series made of them for all indicators that read them (`shared_series`);
    `uses(*params)` are the specs whose columns it reads beside them, each computed once however
    many indicators use it. `kernel(*inputs, *used, *params, *outs)` gets the series of one
    instrument (see `reach`), never empty, writes every cell of `outs`, NaN where a value is
    unknown, and raises nothing. It gets the params named in `kernel_params`, by default all.
    Columns of the bars hold no NaN, but for `benchmark_close`; used columns and shared series do
    where they are unknown.

    `lookback(*params)` is the number of rows of inputs and used columns before a row after which
    more history changes the row by less than `TOLERANCE` of its value; None where all history
    counts (a running total). A recursion keeps that promise while `SEED_ERROR_RATIO` holds: not
    for the ATR of a name that has stopped moving, which falls towards 0 for as long as the name
    stands still. `refusal(*params)` says what is wrong with params that are fine each but not
    together, or gives None.

    `reach(*params)` is for windows: where the newest rows alone are asked for, the kernel is given
    so many more than those, and must write the newest to the last bit as if it were given all. Rows
    that it passes over at its beginning count, too; a kernel that counts rows or looks at the
    first of all has no reach. Without one it is given all.

    A kernel that `writes_asked_only` gets `outs` of the newest rows alone, those asked for, beside
    all rows it reads, and so passes over what only older rows need.
    """

    name: str
    params: tuple[Param, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    descriptions: tuple[str, ...]
    kernel: Callable[..., None]
    lookback: Callable[..., int | None]
    uses: Callable[..., tuple["Spec", ...]] = uses_nothing
    kernel_params: tuple[str, ...] | None = None
    refusal: Callable[..., str | None] = refuses_nothing
    reach: Callable[..., int] | None = None
    writes_asked_only: bool = False


@dataclass(frozen=True, order=True)
class Spec:
    """An indicator with its params, in the order the indicator declares; made by `spec`."""

    indicator: str
    params: tuple[tuple[str, float], ...]

    def columns(self) -> tuple[str, ...]:
        """Gives the names of the columns it is computed into, as `sma_50`."""
        shown = {name: f"{value:g}".replace(".", "p") for name, value in self.params}
        return tuple(output.format(**shown) for output in self.declared().outputs)

    def descriptions(self) -> Mapping[str, str]:
        """Gives what each column holds, keyed by the column's name."""
        shown = {name: f"{value:g}" for name, value in self.params}
        filled = [text.format(**shown) for text in self.declared().descriptions]
        return dict(zip(self.columns(), filled, strict=True))

    def declared(self) -> Indicator:
        """Gives the indicator asked for. Raises UnknownPlugin."""
        return indicator(self.indicator)

    def values(self) -> tuple[float, ...]:
        """Gives the params' values, in the order the indicator declares them."""
        return tuple(value for _, value in self.params)

    def kernel_values(self) -> tuple[float, ...]:
        """Gives the values of the params that the kernel takes, in their order."""
        taken = self.declared().kernel_params
        return tuple(value for name, value in self.params if taken is None or name in taken)

    def reach(self) -> int | None:
        """Gives how many rows before a row decide it to the last bit; None: all do."""
        own = self.declared().reach
        return None if own is None else own(*self.values())

    def uses(self) -> tuple["Spec", ...]:
        """Gives the specs whose columns its kernel reads, in the order of its arguments."""
        return self.declared().uses(*self.values())

    def lookback(self) -> int | None:
        """Gives how many bars before a row it needs, what it uses included; None for all."""
        reaches = [used.lookback() for used in self.uses()]
        own = self.declared().lookback(*self.values())
        if own is None or None in reaches:
            return None
        return own + max((reach for reach in reaches if reach is not None), default=0)


@functools.cache
def available() -> Mapping[str, Indicator]:
    """Gives every indicator of this folder, keyed by name, sorted."""
    return discover(indicators, attribute="INDICATOR")


def indicator(name: str) -> Indicator:
    """Gives the indicator called `name`. Raises UnknownPlugin with the nearest name."""
    found: Indicator = pick(available(), name, what="indicator")
    return found


def spec(name: str, **params: float) -> Spec:
    """Gives the request for an indicator, as `spec("sma", window=50)`; defaults fill what lacks.

    Raises UnknownPlugin for another name, ParamsError for params the indicator does not take, that
    are out of bounds, or that do not go together.
    """
    declared = indicator(name)
    known = [param.name for param in declared.params]
    for given in params:
        if given not in known:
            raise ParamsError(_unknown_param(name, given, known))
    checked = tuple(
        (param.name, param.checked(name, params.get(param.name, param.default)))
        for param in declared.params
    )
    refusal = declared.refusal(*(value for _, value in checked))
    if refusal is not None:
        shown = ", ".join(f"{key}={value:g}" for key, value in checked)
        raise ParamsError(f"Indicator {name!r} got {shown}; {refusal}")
    return Spec(name, checked)


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


def _unknown_param(name: str, given: str, known: list[str]) -> str:
    near = difflib.get_close_matches(given, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"Indicator {name!r} takes no {given!r}.{hint} It takes ({', '.join(known) or 'none'})."
