"""What the commands that run the chain have in common."""

import logging
import os
import signal
import warnings

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from quantmatrix_pipelines.cli.session import Installation

LOCK = 7_145_203
"""One command at a time runs the chain on a database."""


def stoppable() -> None:
    """Lets Ctrl-C stop us: a shell starts background commands deaf to an interrupt."""
    for asked_to_stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(asked_to_stop, signal.default_int_handler)


def progress(console: Console) -> Progress:
    """Gives the bars that say how far the chain is."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )


def tell(console: Console, step: str) -> None:
    """Says how far the chain is where no bar can be drawn: into a file, or to another program."""
    if not console.is_terminal:
        console.print(step)


def quieten() -> None:
    """Keeps Dagster's debug lines off the terminal; they are in the run's log all the same."""
    warnings.simplefilter("ignore")
    logging.getLogger("dagster").setLevel(logging.ERROR)


def export(here: Installation) -> None:
    """Hands this installation to child processes and to Dagster, which read the environment."""
    os.environ.update(
        DAGSTER_HOME=str(here.settings.dagster_home),
        DAGSTER_EVENT_BATCH_SIZE="500",
        DAGSTER_DISABLE_TELEMETRY="yes",
        QUANTMATRIX_HOME=str(here.settings.home),
        QUANTMATRIX_DATABASE_URL=here.database_url,
        QUANTMATRIX_DAGSTER_DATABASE_URL=here.dagster_url,
    )
