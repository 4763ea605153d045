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
from quantmatrix_pipelines.cli.bring_up import LOCK, export, progress, quieten, stoppable, tell
from quantmatrix_pipelines.cli.session import Installation, installation

if TYPE_CHECKING:
    from dagster import DagsterInstance

    from quantmatrix_adapters.providers.base import Provider
    from quantmatrix_pipelines.backfill import Backfill, Filling


def backfill(
    first: Annotated[
        dt.datetime | None,
        typer.Option(
            "--from",
            formats=["%Y-%m-%d"],
            help="First session; else the feed's first, of intraday bars the first that is kept.",
        ),
    ] = None,
    last: Annotated[
        dt.datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], help="Last session; else the feed's newest."),
    ] = None,
    *,
    again: Annotated[
        bool, typer.Option(help="Do it anew, also what an earlier backfill wrote.")
    ] = False,
    intraday: Annotated[
        bool, typer.Option("--intraday", help="Fill intraday bars instead of daily ones.")
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
            _backfill(here, console, asked, again=again, intraday=intraday)
    except KeyboardInterrupt:
        console.print("\nStopped. What was written is kept; start again to go on.")
        raise typer.Exit(130) from None


def _backfill(
    here: Installation,
    console: Console,
    asked: tuple[dt.date | None, dt.date | None],
    *,
    again: bool,
    intraday: bool,
) -> None:
    quieten()
    import dagster as dg

    from quantmatrix_pipelines import backfill as backfills
    from quantmatrix_pipelines import chain, home
    from quantmatrix_pipelines.definitions import build_definitions
    from quantmatrix_pipelines.resources import feed_of

    home.write_dagster_yaml(here.settings, here.dagster_url)
    export(here)
    feed = feed_of(here.settings, here.database)
    filling = backfills.INTRADAY if intraday else backfills.DAILY
    if intraday:
        _require_intraday(here)
    sessions = _sessions(here, feed, asked, kept=_kept_sessions(here) if intraday else None)
    definitions = build_definitions(here.settings, overrides={"feed": feed})
    with dg.DagsterInstance.get() as instance:
        chain.close_interrupted_runs(instance)
        planned = _planned(instance, console, sessions, filling, again=again)
        if planned is None:
            return
        with _shown(console):
            for step in planned.steps():
                chain.run(definitions, instance, step)
    _summarize(here, console, planned)


def _require_intraday(here: Installation) -> None:
    """Raises SettingsError where no intraday bars are configured."""
    from quantmatrix_pipelines.defs.market_data.intraday_bars import NOT_CONFIGURED

    if not here.settings.intraday_names:
        raise SettingsError(NOT_CONFIGURED)


def _kept_sessions(here: Installation) -> int:
    """Gives how many last sessions of intraday bars are kept, of one interval or another."""
    return max(here.settings.intraday_5m_sessions, here.settings.intraday_1h_sessions)


def _sessions(
    here: Installation,
    feed: "Provider",
    asked: tuple[dt.date | None, dt.date | None],
    *,
    kept: int | None,
) -> list[dt.date]:
    """Gives the sessions to fill, and keeps partitions for them. Raises SettingsError.

    Without a first one they begin with the feed, or with the last `kept` sessions.
    """
    from quantmatrix_engine import calendars
    from quantmatrix_pipelines import home
    from quantmatrix_pipelines.clock import utc_now

    today = utc_now().date()
    told_first, told_last = feed.sessions()
    newest = home.last_session(told_last, today=today)
    first, last = asked
    ends = last or newest
    since = told_first
    if kept is not None:
        since = max(told_first, calendars.sessions_before(ends, kept - 1))
    begins = first or since
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
    instance: "DagsterInstance",
    console: Console,
    sessions: list[dt.date],
    filling: "Filling",
    *,
    again: bool,
) -> "Backfill | None":
    """Gives the backfill to run: the one that was interrupted, a new one, or None if it is done."""
    from quantmatrix_pipelines import backfill as backfills
    from quantmatrix_pipelines.clock import utc_now

    ends = (sessions[0], sessions[-1])
    said = f"{len(sessions):,} sessions, {ends[0]} to {ends[1]}"
    before = None if again else backfills.earlier(instance, *ends, filling=filling)
    if before is None:
        console.print(f"Filling {said}. Dagster plans the run first.")
        return backfills.new(*ends, at=utc_now(), filling=filling)
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
        watcher = Watcher(console, bars)
        stretches.LOG.addHandler(watcher)
        stretches.LOG.setLevel(logging.INFO)
        try:
            yield
        finally:
            stretches.LOG.removeHandler(watcher)


class Watcher(logging.Handler):
    """Moves a bar for each table when a stretch of it is written, or prints a line."""

    def __init__(self, console: Console, bars: Progress) -> None:
        super().__init__()
        self._console = console
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Takes what a stretch says of itself (`stretches.LOG`)."""
        table, done, planned = (record.__dict__[name] for name in ("table", "done", "planned"))
        if table not in self._tasks:
            self._tasks[table] = self._bars.add_task(table, total=planned)
        self._bars.update(self._tasks[table], completed=done)
        tell(self._console, record.getMessage())


def _summarize(here: Installation, console: Console, done: "Backfill") -> None:
    from quantmatrix_pipelines.backfill import DAILY
    from quantmatrix_pipelines.lake import Lake

    lake = Lake(str(here.settings.lake))
    for table in done.filling.tables:
        rows = sum(lake.rows_by_session(table, first=done.first, last=done.last).values())
        console.print(f"{table:<19} {rows:>13,} rows")
    further = (
        " Signals of these sessions, if wanted: materialize `signals` of them in the Dagster UI."
    )
    console.print(
        "Nobody was notified. Findings: `quantmatrix findings list`."
        f"{further if done.filling == DAILY else ''}"
    )
