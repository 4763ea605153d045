"""Asking a provider, and the row of `provider_fetches` that tells of it."""

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from quantmatrix_adapters.providers.base import Provider
from quantmatrix_engine.errors import HttpError, ProviderError
from quantmatrix_engine.vocabulary import FetchKind
from quantmatrix_models.database import Database
from quantmatrix_models.market_data import FetchStatus
from quantmatrix_pipelines.stores import market_data as store

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Question:
    """What a provider is asked for: a kind of rows of some sessions, at a moment, by a run."""

    kind: FetchKind
    first: dt.date
    last: dt.date
    at: dt.datetime
    dagster_run_id: str


def answered(
    database: Database, provider: Provider, question: Question, ask: Callable[[], Answer]
) -> tuple[Answer, dict[str, object]]:
    """Gives the answer, and the row of `provider_fetches` without its counts of rows.

    Where the provider fails, the row is recorded with the error, and the error goes on.
    """
    asked = {
        "provider": provider.name,
        "version": provider.version(),
        "kind": question.kind.value,
        "first_session": question.first,
        "last_session": question.last,
        "fetched_at": question.at,
        "dagster_run_id": question.dagster_run_id,
    }
    began = time.monotonic()
    try:
        answer = ask()
    except (ProviderError, HttpError) as error:
        failed = {"status": FetchStatus.FAILED.value, "error": str(error), "rows": 0, "new_rows": 0}
        store.record_fetch(database, {**asked, **failed, "duration_ms": _since(began)})
        raise
    return answer, {**asked, "duration_ms": _since(began)}


def _since(began: float) -> int:
    """Gives the milliseconds since a moment of the monotonic clock."""
    return round((time.monotonic() - began) * 1000)
