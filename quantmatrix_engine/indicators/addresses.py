"""Addresses: how compiled code reads columns, and calls steps, that it is told the places of.

numba has a view of memory at a pointer (`carray`), but makes no pointer of a number; llvmlite does.
"""

from typing import Any

import numba as nb
from llvmlite import ir
from numba.core import cgutils
from numba.extending import intrinsic


def _typed_pointer(typing: Any, address: Any) -> Any:  # noqa: ARG001
    """Gives an address as a pointer that `carray` takes."""

    def made(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        return builder.inttoptr(arguments[0], cgutils.voidptr_t)

    return nb.types.voidptr(nb.types.int64), made


def _typed_call(typing: Any, step: Any, columns: Any, params: Any, rows: Any) -> Any:  # noqa: ARG001
    """Calls the step at an address."""

    def made(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        word = ir.IntType(64)
        function = ir.FunctionType(ir.VoidType(), [word, word, word])
        builder.call(builder.inttoptr(arguments[0], function.as_pointer()), arguments[1:])
        return context.get_dummy_value()

    return nb.types.void(*[nb.types.int64] * 4), made


pointer: Any = intrinsic(_typed_pointer)
call: Any = intrinsic(_typed_call)
carray: Any = nb.carray  # type: ignore[attr-defined]
