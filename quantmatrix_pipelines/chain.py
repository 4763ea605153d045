"""Runs the chain in this process, as far as it is not there yet."""

import datetime as dt
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import dagster as dg

from quantmatrix_engine import calendars
from quantmatrix_engine.errors import QuantMatrixError
from quantmatrix_pipelines.automation import BACKFILL_TAG
from quantmatrix_pipelines.home import Window
from quantmatrix_pipelines.partitions import (
    COHORT_KEYS,
    range_tags,
    spans_sessions,
    user_range_tags,
)
from quantmatrix_pipelines.stores.market_data import Fetch

STARTED_BY = "quantmatrix/started_by"
_US = "quantmatrix up"
_UNFINISHED = [
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.CANCELING,
]

# The terminal is for people; a run's own log is in the UI.
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

# Dagster reads it whenever it makes a run.
_PLAN_TOGETHER = "DAGSTER_EMIT_PARTITION_SUBSET_IN_PLANNED_EVENTS"

# A backfill's run for the instruments has its name, too, but no sessions.
_WHICH_BACKFILL = (BACKFILL_TAG, *range_tags("", ""))

_HISTORY = ("raw_bars", "corporate_actions", "bars")
# A run a year of history: each one is a step of the progress, and what is done stays done.
_SESSIONS_A_RUN = 250


class RunFailed(QuantMatrixError):
    """A run of the chain failed; the message names the step and where to read more."""


@dataclass(frozen=True)
class Step:
    """A run that is needed: what it is for, and what to launch."""

    title: str
    job: str
    assets: tuple[str, ...]
    tags: Mapping[str, str]
    may_fail: bool = False
    """Whether the steps after it go on where it failed."""


def plan(
    instance: dg.DagsterInstance,
    window: Window,
    last: dt.date,
    *,
    sessions: int,
    fetched: Sequence[Fetch],
    intraday_sessions: int = 0,
) -> list[Step]:
    """Gives the runs that bring the chain up to the session `last`, in order; none if it is there.

    The last `sessions` sessions are evaluated. `fetched` are the fetches of the feed as it is now;
    sessions that none of them brought whole are loaded again, which adds only what differs. A
    step follows where its input is newer than its output, whatever interrupted it before. Those of
    the last `intraday_sessions` sessions that lack intraday bars are asked for them. These and the
    weekly indicators come before the snapshot, which has them then, and may fail.
    """
    everything = calendars.sessions(window.first, last)
    chosen = [one for one in everything if one >= window.first_for_users][-sessions:]
    known = {
        str(one)
        for fetch in fetched
        if run_succeeded(instance, fetch.dagster_run_id)
        for one in calendars.sessions(fetch.first, fetch.last)
    }
    bars = list(_history(everything, known & _done(instance, *_HISTORY)))
    steps = [Step("Instruments", "market_data", ("instruments",), {}), *bars] if bars else []
    keys = {str(one) for one in chosen}
    if steps or not _follows(instance, "bars", "indicators", keys):
        tags = range_tags(str(chosen[0]), str(chosen[-1]))
        made = ("indicators", "market_snapshots")
        steps.append(Step(_title("Indicators of", chosen), "market_data", made, tags))
    of_users = {f"{one}|{cohort}" for one in chosen for cohort in COHORT_KEYS}
    evaluated = ("signals", "signal_outcomes", "notifications")
    if steps or not all(_follows(instance, "indicators", one, of_users) for one in evaluated):
        steps.append(Step(_title("Signals of", chosen), "evaluation", (), user_range_tags(chosen)))
    published = not steps and _follows(instance, "signals", "snapshot", {str(last)})
    if not (published and keys <= _done(instance, "weekly_indicators")):
        steps.append(_weekly(chosen))
    steps += _intraday(instance, everything[-intraday_sessions:] if intraday_sessions else [])
    if steps:
        tags = range_tags(str(last), str(last))
        steps.append(Step(f"Snapshot of {last}", "publication", ("snapshot",), tags))
    return steps


def _weekly(sessions: Sequence[dt.date]) -> Step:
    tags = range_tags(str(sessions[0]), str(sessions[-1]))
    title, made = _title("Weekly indicators of", sessions), ("weekly_indicators",)
    return Step(title, "publication", made, tags, may_fail=True)


def _intraday(instance: dg.DagsterInstance, sessions: Sequence[dt.date]) -> list[Step]:
    done = _done(instance, "intraday_bars", "intraday_indicators")
    lacking = [one for one in sessions if str(one) not in done]
    if not lacking:
        return []
    tags = range_tags(str(lacking[0]), str(lacking[-1]))
    return [Step(_title("Intraday bars of", lacking), "intraday_data", (), tags, may_fail=True)]


def _follows(instance: dg.DagsterInstance, upstream: str, asset: str, keys: set[str]) -> bool:
    """Says whether partitions of an asset are there, and newer than what they rest on."""
    if not keys <= _done(instance, asset):
        return False
    made = [
        instance.get_latest_materialization_event(dg.AssetKey(one)) for one in (upstream, asset)
    ]
    return all(made) and made[0].timestamp <= made[1].timestamp  # type: ignore[union-attr]


def _history(sessions: Sequence[dt.date], done: set[str]) -> Iterator[Step]:
    for start in range(0, len(sessions), _SESSIONS_A_RUN):
        chunk = sessions[start : start + _SESSIONS_A_RUN]
        if any(str(one) not in done for one in chunk):
            yield Step(
                _title("Bars of", chunk),
                "market_data",
                _HISTORY,
                range_tags(str(chunk[0]), str(chunk[-1])),
            )


def _title(what: str, sessions: Sequence[dt.date]) -> str:
    if len(sessions) == 1:
        return f"{what} {sessions[0]}"
    return f"{what} {len(sessions)} sessions, {sessions[0]} to {sessions[-1]}"


def _done(instance: dg.DagsterInstance, *assets: str) -> set[str]:
    """Gives the partitions in which every one of the assets has been materialized.

    None where the newest run of one of them failed: what a blocking check refused is written all
    the same, and has to be made again before anything rests on it.
    """
    if not all(_succeeded(instance, one) for one in assets):
        return set()
    found = [set(instance.get_materialized_partitions(dg.AssetKey(one))) for one in assets]
    return set.intersection(*found)


def _succeeded(instance: dg.DagsterInstance, asset: str) -> bool:
    made = instance.get_latest_materialization_event(dg.AssetKey(asset))
    return made is not None and run_succeeded(instance, made.run_id)


def run_succeeded(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Says whether a run ended well, or a later one of the same backfill, which went on with it."""
    run_of_it = instance.get_run_by_id(run_id)
    if run_of_it is None or BACKFILL_TAG not in run_of_it.tags:
        return run_of_it is not None and run_of_it.status == dg.DagsterRunStatus.SUCCESS
    same = {tag: run_of_it.tags[tag] for tag in _WHICH_BACKFILL if tag in run_of_it.tags}
    ended_well = dg.RunsFilter(
        job_name=run_of_it.job_name, tags=same, statuses=[dg.DagsterRunStatus.SUCCESS]
    )
    return instance.get_runs_count(ended_well) > 0


def delivery() -> Step:
    """Gives the run that delivers what is due."""
    return Step("Messages that are due", "delivery", (), {})


def run(definitions: dg.Definitions, instance: dg.DagsterInstance, step: Step) -> None:
    """Runs a step in this process; the run shows in the UI like any other.

    Raises RunFailed.
    """
    with _planned(together=spans_sessions(step.tags)):
        result = definitions.resolve_job_def(step.job).execute_in_process(
            instance=instance,
            tags={**step.tags, STARTED_BY: _US},
            asset_selection=[dg.AssetKey(one) for one in step.assets] or None,
            run_config=_QUIET,
            raise_on_error=False,
        )
    if not result.success:
        if any(_is_interrupt(event) for event in result.all_events):
            raise KeyboardInterrupt
        raise RunFailed(f"{step.title}: {_why(result)} (run {result.run_id}; the UI has its log).")


@contextmanager
def _planned(*, together: bool) -> Iterator[None]:
    """Has Dagster plan all partitions of an asset as one event, not each as one of its own.

    It stores planned events one by one: of ten years, more minutes than a year's bars take. In
    return partitions of a run that failed do not show as failed, so runs of one session plan each.
    """
    before = os.environ.get(_PLAN_TOGETHER)
    os.environ[_PLAN_TOGETHER] = str(together).lower()
    try:
        yield
    finally:
        if before is None:
            del os.environ[_PLAN_TOGETHER]
        else:
            os.environ[_PLAN_TOGETHER] = before


def _is_interrupt(event: dg.DagsterEvent) -> bool:
    if not event.is_step_failure or event.step_failure_data.error is None:
        return False
    error = event.step_failure_data.error
    names = {error.cls_name, error.cause.cls_name if error.cause is not None else None}
    return not names.isdisjoint({"DagsterExecutionInterruptedError", "KeyboardInterrupt"})


def _why(result: dg.ExecuteInProcessResult) -> str:
    for event in result.all_events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            cause = error.cause if error is not None and error.cause is not None else error
            said = cause.message.strip().splitlines()[0] if cause is not None else "no reason given"
            return f"{event.step_key}: {said}"
    return "the run failed before its first step"


def close_interrupted_runs(instance: dg.DagsterInstance) -> int:
    """Marks runs of ours whose process was killed as failed; gives how many there were.

    Call it only where no other process of ours can be running one.
    """
    left = instance.get_runs(dg.RunsFilter(tags={STARTED_BY: _US}, statuses=_UNFINISHED))
    for run_left in left:
        instance.report_run_failed(
            run_left, message="The process was stopped in the middle; the next start goes on."
        )
    return len(left)
