"""Kernels: functions over whole columns that numba compiles."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba as nb

Function = TypeVar("Function", bound=Callable[..., Any])


def kernel(function: Function) -> Function:
    """Gives `function` compiled by numba, to run without the interpreter's lock.

    NaN survives, and sums keep the order they are written in: `fastmath` lets a product and a sum
    be rounded once, and never assumes that values are finite. Compiled code is kept in
    `__pycache__`, and numba looks only at the file a kernel is written in: after a change to a
    kernel that other files call, delete the `*.nbi` and `*.nbc` files.
    """
    compiled = nb.njit(
        nogil=True,
        cache=True,
        fastmath={"contract", "nsz", "arcp"},
        error_model="numpy",
    )(function)
    return cast(Function, compiled)
