"""When a provider fails: what ends the asking, and the finding that tells of it."""

import datetime as dt
import time
from collections.abc import Sequence

import polars as pl

from quantmatrix_adapters.providers.answer_rows import FINDINGS
from quantmatrix_adapters.providers.base import Asked
from quantmatrix_engine.errors import (
    HttpError,
    ProviderBusy,
    ProviderError,
    ProviderPaused,
    ProviderRefused,
)
from quantmatrix_engine.vocabulary import FindingRule, Severity

Failure = ProviderError | HttpError

ENDS_ASKING = (ProviderBusy, ProviderRefused, ProviderPaused, HttpError)
"""After these nothing else is asked of the provider; after another error the next symbols are."""


class Watch:
    """Counts how long a provider takes, from where it is made."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._began = time.monotonic()

    def stopped(self, first: dt.date, last: dt.date, failure: Failure | None = None) -> Asked:
        """Gives the provider as one that was asked for these sessions until now."""
        took = round((time.monotonic() - self._began) * 1000)
        return Asked(self._provider, first, last, took, None if failure is None else str(failure))


def failed(provider: str, failures: Sequence[Failure], asked: str, expected: str) -> pl.DataFrame:
    """Gives a finding (contract Findings) for each failure; `asked` is what was asked for."""
    rows = [
        {
            "provider": provider,
            "rule": FindingRule.PROVIDER_FAILED.value,
            "value": str(failure),
            "expected": expected,
            "severity": Severity.WARNING.value,
            "source": asked,
        }
        for failure in failures
    ]
    return pl.DataFrame(rows, schema=FINDINGS)
