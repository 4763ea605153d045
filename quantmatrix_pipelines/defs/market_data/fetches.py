"""Asking a provider, and the rows of `provider_fetches` that tell of it: one a provider."""

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import polars as pl

from quantmatrix_adapters.providers.base import Asked
from quantmatrix_engine.errors import HttpError, NobodyAnswered, ProviderError
from quantmatrix_engine.vocabulary import FetchKind
from quantmatrix_models.database import Database
from quantmatrix_models.market_data import FetchStatus
from quantmatrix_pipelines.stores import market_data as store


class Feed(Protocol):
    """Who is asked: a provider, or several that are asked one after another."""

    @property
    def name(self) -> str:
        """Gives the name its findings bear."""
        ...

    def version(self) -> str:
        """Gives the state of its data, as of a provider."""
        ...


class Answer(Protocol):
    """What it answered, with the providers that were asked where those were several."""

    @property
    def asked(self) -> tuple[Asked, ...] | None:
        """Gives those of several providers that were asked; None where it is the answer of one."""
        ...


Told = TypeVar("Told", bound=Answer)


@dataclass(frozen=True)
class Question:
    """What a provider is asked for: a kind of rows of some sessions, at a moment, by a run."""

    kind: FetchKind
    first: dt.date
    last: dt.date
    at: dt.datetime
    dagster_run_id: str


@dataclass(frozen=True)
class Answered(Generic[Told]):
    """An answer, and the rows of `provider_fetches` about it, without their counts of rows."""

    answer: Told
    fetches: tuple[dict[str, object], ...]


def answered(
    database: Database, feed: Feed, question: Question, ask: Callable[[], Told]
) -> Answered[Told]:
    """Gives what the feed answers.

    Where it fails, the failure of each provider that was asked is recorded, and the error goes on.
    """
    about = {
        "version": feed.version(),
        "kind": question.kind.value,
        "fetched_at": question.at,
        "dagster_run_id": question.dagster_run_id,
    }
    began = time.monotonic()

    def alone(name: str, error: str | None) -> Asked:
        took = round((time.monotonic() - began) * 1000)
        return Asked(name, question.first, question.last, took, error)

    try:
        answer = ask()
    except NobodyAnswered as error:
        for name, reason in error.failures.items():
            failed = {**about, **_row(alone(name, str(reason))), "duration_ms": None}
            store.record_fetch(database, {**failed, "rows": 0, "new_rows": 0})
        raise
    except (ProviderError, HttpError) as error:
        failed = {**about, **_row(alone(feed.name, str(error)))}
        store.record_fetch(database, {**failed, "rows": 0, "new_rows": 0})
        raise
    asked = (alone(feed.name, None),) if answer.asked is None else answer.asked
    return Answered(answer, tuple({**about, **_row(one)} for one in asked))


def record(
    database: Database, told: Answered[Told], rows: pl.DataFrame, new_rows: pl.DataFrame
) -> None:
    """Records the fetch of each provider that was asked with its rows and its new ones.

    Both frames have a column `provider`. What one provider gave alone counts as its own, whatever
    name it bears.
    """
    is_alone = len(told.fetches) == 1
    for fetch in told.fetches:
        counted = {
            name: frame.height
            if is_alone
            else frame.filter(pl.col("provider") == fetch["provider"]).height
            for name, frame in (("rows", rows), ("new_rows", new_rows))
        }
        store.record_fetch(database, {**fetch, **counted})


def _row(asked: Asked) -> dict[str, object]:
    status = FetchStatus.SUCCEEDED if asked.error is None else FetchStatus.FAILED
    return {
        "provider": asked.provider,
        "first_session": asked.first,
        "last_session": asked.last,
        "duration_ms": asked.milliseconds,
        "status": status.value,
        "error": asked.error,
    }
