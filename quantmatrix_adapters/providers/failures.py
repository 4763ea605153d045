"""When a provider fails: what ends the asking, and the finding that tells of it."""

from collections.abc import Sequence

import polars as pl

from quantmatrix_adapters.providers.answer_rows import FINDINGS
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
