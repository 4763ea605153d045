"""`quantmatrix backfill`: years of history in one run that can be resumed."""

import datetime as dt
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress, TaskID

from quantmatrix_engine.errors import SettingsError
from quantmatrix_pipelines.cli.bring_up import LOCK, export, progress, quieten, stoppable
from quantmatrix_pipelines.cli.session import Installation, installation

if TYPE_CHECKING:
    from dagster import DagsterInstance

    from quantmatrix_adapters.providers.base import Provider
    from quantmatrix_pipelines.backfill import Backfill


def backfill(
    first: Annotated[
        dt.datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="First session; else the feed's first."),
    ] = None,
    last: Annotated[
        dt.datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], help="Last session; else the feed's newest."),
    ] = None,
    *,
    again: Annotated[
        bool, typer.Option(help="Do it anew, also what an earlier backfill wrote.")
    ] = False,
) -> None:
    """Fill bars, corporate actions and indicators of a long range of sessions, in one run.

    Interrupted, it goes on where it stopped when it is started again. It never notifies anybody.
    """
    stoppable()
    console = Console(highlight=False)
    asked = (first.date() if first else None, last.date() if last else None)
    try:
        with installation() as here, here.database.alone(LOCK, what="`quantmatrix backfill`"):
            _backfill(here, console, *asked, again=again)
    except KeyboardInterrupt:
        console.print("\nStopped. What was written is kept; start again to go on.")
        raise typer.Exit(130) from None


def _backfill(
    here: Installation,
    console: Console,
    first: dt.date | None,
    last: dt.date | None,
    *,
    again: bool,
) -> None:
    quieten()
    import dagster as dg

    from quantmatrix_pipelines import chain, home
    from quantmatrix_pipelines.definitions import build_definitions
    from quantmatrix_pipelines.resources import feed_of

    home.write_dagster_yaml(here.settings, here.dagster_url)
    export(here)
    feed = feed_of(here.settings, here.database)
    sessions = _sessions(here, feed, first, last)
    definitions = build_definitions(here.settings, overrides={"feed": feed})
    with dg.DagsterInstance.get() as instance:
        chain.close_interrupted_runs(instance)
        planned = _planned(instance, console, sessions, again=again)
        if planned is None:
            return
        with _shown(console):
            for step in planned.steps():
                chain.run(definitions, instance, step)
    _summarize(here, console, planned)


def _sessions(
    here: Installation, feed: "Provider", first: dt.date | None, last: dt.date | None
) -> list[dt.date]:
    """Gives the sessions to fill, and keeps partitions for them. Raises SettingsError."""
    from quantmatrix_engine import calendars
    from quantmatrix_pipelines import home
    from quantmatrix_pipelines.clock import utc_now

    today = utc_now().date()
    told_first, told_last = feed.sessions()
    newest = home.last_session(told_last, today=today)
    begins, ends = first or told_first, last or newest
    sessions = calendars.sessions(begins, ends) if told_first <= begins <= ends <= newest else []
    if not sessions:
        raise SettingsError(
            f"--from {begins} --to {ends}: the feed {feed.name!r} has sessions from {told_first}"
            f" to {newest}; name a first and a last one among them."
        )
    known = home.window_of(
        told_first,
        told_last,
        today=today,
        history=here.settings.history_sessions,
        kept=home.kept_window(here.settings.home),
    )
    home.write_window(here.settings.home, home.reaching_back(known, sessions[0]))
    return sessions


def _planned(
    instance: "DagsterInstance", console: Console, sessions: list[dt.date], *, again: bool
) -> "Backfill | None":
    """Gives the backfill to run: the one that was interrupted, a new one, or None if it is done."""
    from quantmatrix_pipelines import backfill as backfills
    from quantmatrix_pipelines.clock import utc_now

    ends = (sessions[0], sessions[-1])
    said = f"{len(sessions):,} sessions, {ends[0]} to {ends[1]}"
    before = None if again else backfills.earlier(instance, *ends)
    if before is None:
        console.print(f"Filling {said}. Dagster first plans a partition a session.")
        return backfills.new(*ends, at=utc_now())
    if before.is_whole:
        console.print(f"Filled already: {said} (--again does it anew).")
        return None
    console.print(f"Going on with {said}.")
    return before.backfill


@contextmanager
def _shown(console: Console) -> Iterator[None]:
    """Shows how far each table is, from what the stretches say of themselves."""
    from quantmatrix_pipelines import stretches

    with progress(console) as bars:
        watcher = _Watcher(bars)
        stretches.LOG.addHandler(watcher)
        stretches.LOG.setLevel(logging.INFO)
        try:
            yield
        finally:
            stretches.LOG.removeHandler(watcher)


class _Watcher(logging.Handler):
    """Moves a bar for each table when a stretch of it is written."""

    def __init__(self, bars: Progress) -> None:
        super().__init__()
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def emit(self, record: logging.LogRecord) -> None:
        table, done, planned = (record.__dict__[name] for name in ("table", "done", "planned"))
        if table not in self._tasks:
            self._tasks[table] = self._bars.add_task(table, total=planned)
        self._bars.update(self._tasks[table], completed=done)


def _summarize(here: Installation, console: Console, done: "Backfill") -> None:
    from quantmatrix_pipelines.backfill import TABLES
    from quantmatrix_pipelines.lake import Lake

    lake = Lake(str(here.settings.lake))
    for table in TABLES:
        rows = sum(lake.rows_by_session(table, first=done.first, last=done.last).values())
        console.print(f"{table:<12} {rows:>14,} rows")
    console.print(
        "Nobody was notified. Findings: `quantmatrix findings list`. Signals of these sessions, if"
        " wanted: materialize `signals` of them in the Dagster UI."
    )
