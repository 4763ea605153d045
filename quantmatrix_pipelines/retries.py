"""Retries of an asset: only where trying the same again can help."""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import dagster as dg

from quantmatrix_engine.errors import QuantMatrixError

MAX_RETRIES = 3
WAIT_SECONDS = 10.0

P = ParamSpec("P")
R = TypeVar("R")


def retried(asset: Callable[P, R]) -> Callable[P, R]:
    """Runs an asset's function again, up to three times, after an error that is `retryable`.

    Stands under `@dg.asset`. Assets write what is not there yet, so a second attempt repeats
    nothing. Any other error fails the step at once.
    """

    @functools.wraps(asset)
    def attempt(*args: P.args, **values: P.kwargs) -> R:
        try:
            return asset(*args, **values)
        except QuantMatrixError as error:
            if not error.retryable:
                raise
            raise dg.RetryRequested(MAX_RETRIES, seconds_to_wait=WAIT_SECONDS) from error

    return attempt
