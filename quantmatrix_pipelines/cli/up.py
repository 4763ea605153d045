"""`quantmatrix up`: everything from an empty folder to signals and a served UI."""

from datetime import date
from typing import Annotated

import typer
from rich.console import Console

from quantmatrix_pipelines.cli.bring_up import LOCK, export, progress, quieten, stoppable, tell
from quantmatrix_pipelines.cli.session import Installation, installation
from quantmatrix_pipelines.settings import read_settings


def up(
    *, serve: Annotated[bool, typer.Option(help="Serve the Dagster UI when all is done.")] = True
) -> None:
    """Start everything: database, bars, the chain for the last sessions, and the Dagster UI.

    What is done already is not done again. Settings are environment variables QUANTMATRIX_*:
    HOME, BARS, DATABASE_URL, PORT, SESSIONS, HISTORY_SESSIONS (see README.md).
    """
    from quantmatrix_pipelines import serving

    stoppable()
    console = Console(highlight=False)
    if serve:
        serving.require_free_port(read_settings().port)
    console.print("Starting the database …")
    try:
        with installation() as here:
            with here.database.alone(LOCK, what="`quantmatrix up`"):
                _bring_up(here, console)
            if serve:
                _serve(here, console)
    except KeyboardInterrupt:
        console.print("\nStopped. What was done is kept; start again to go on.")
        raise typer.Exit(130) from None


def _bring_up(here: Installation, console: Console) -> None:
    quieten()
    import dagster as dg

    from quantmatrix_adapters.channels.discord import DiscordChannel
    from quantmatrix_adapters.providers.base import names_of
    from quantmatrix_pipelines import chain, demonstration, home
    from quantmatrix_pipelines.clock import utc_now
    from quantmatrix_pipelines.definitions import build_definitions
    from quantmatrix_pipelines.defs.snapshots.assets import INTRADAY_SESSIONS
    from quantmatrix_pipelines.resources import feed_of
    from quantmatrix_pipelines.stores import market_data, outbox

    settings = here.settings
    home.write_dagster_yaml(settings, here.dagster_url)
    export(here)
    feed = feed_of(settings, here.database)
    trail = here.trail_of("demonstration")
    demonstration.seed(here.database, trail)
    demonstration.set_webhooks(
        here.database,
        home.vault(settings),
        DiscordChannel(settings.discord_url),
        settings.webhooks_of_demo_users,
        trail=trail,
    )
    console.print(f"Reading bars of the provider {feed.name!r} …")
    today = utc_now().date()
    first, newest = feed.sessions()
    last = home.last_session(newest, today=today)
    window = home.window_of(
        first,
        last,
        today=today,
        history=settings.history_sessions,
        kept=home.kept_window(settings.home),
    )
    home.write_window(settings.home, window)
    fetched = market_data.fetched(here.database, names_of(feed), feed.version())
    definitions = build_definitions(settings, overrides={"feed": feed})
    with dg.DagsterInstance.get() as instance:
        chain.close_interrupted_runs(instance)
        steps = chain.plan(
            instance,
            window,
            last,
            sessions=settings.sessions,
            fetched=fetched,
            intraday_sessions=INTRADAY_SESSIONS if settings.intraday_names else 0,
        )
        failed = []
        with progress(console) as bars:
            bar = bars.add_task("The chain", total=len(steps) + 1)
            for step in steps:
                bars.update(bar, description=step.title)
                tell(console, f"{step.title} ...")
                try:
                    chain.run(definitions, instance, step)
                except chain.RunFailed as error:
                    if not step.may_fail:
                        raise
                    failed.append(error)
                bars.advance(bar)
            if outbox.due(here.database, utc_now()):
                bars.update(bar, description="Messages that are due")
                chain.run(definitions, instance, chain.delivery())
            bars.update(bar, description="Done" if steps else "Nothing new", advance=1)
    for reason in failed:
        console.print(f"Left out, and tried again at the next start: {reason}")
    _summarize(here, console, last)


def _summarize(here: Installation, console: Console, last: date) -> None:
    from quantmatrix_pipelines.cli.summary import summary

    console.print()
    console.print(summary(here.settings, here.database, last))


def _serve(here: Installation, console: Console) -> None:
    from quantmatrix_pipelines import serving

    settings = here.settings
    log = settings.dagster_home / "serving.log"
    console.print(
        f"Dagster UI: http://{serving.HOST}:{settings.port} (ready in about half a minute; "
        f"its log: {log}). Ctrl-C stops everything."
    )
    code = serving.serve(settings.port, environment={}, log=log)
    if code:
        console.print(f"Dagster ended with code {code}; see {log}.")
        raise typer.Exit(1)
