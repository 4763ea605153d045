"""The entry of the `quantmatrix` command."""

import sys
from collections.abc import Sequence

import typer

from quantmatrix_engine.errors import QuantMatrixError
from quantmatrix_pipelines.cli import (
    actions,
    audit,
    backfill,
    chart,
    coverage,
    findings,
    instruments,
    secrets,
    signals,
    snapshots,
    strategies,
    up,
    users,
)

app = typer.Typer(
    name="quantmatrix",
    help="Market data into trading signals for many users, every trading session.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(up.up)
app.command()(backfill.backfill)
app.command()(coverage.coverage)
app.command()(chart.chart)
app.command()(snapshots.snapshots)
app.add_typer(users.app, name="users")
app.add_typer(strategies.app, name="strategies")
app.add_typer(signals.app, name="signals")
app.add_typer(instruments.app, name="instruments")
app.add_typer(actions.app, name="actions")
app.add_typer(findings.app, name="findings")
app.add_typer(audit.app, name="audit")
app.add_typer(secrets.app, name="secrets")


def run(arguments: Sequence[str] | None = None) -> None:
    """Runs the command, with the process's own arguments where none are given.

    What we raise on purpose is one line and exit code 2.
    """
    try:
        app(arguments)
    except QuantMatrixError as error:
        sys.stderr.write(f"quantmatrix: {error}\n")
        sys.exit(2)
