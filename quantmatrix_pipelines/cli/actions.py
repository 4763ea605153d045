"""`quantmatrix actions`: splits and dividends, and whether they are believed."""

from typing import Annotated, Any

import typer

from quantmatrix_models.instruments import CorporateActionStatus
from quantmatrix_pipelines.cli.session import installation

app = typer.Typer(
    help="Corporate actions: what was reported, and what is applied.", no_args_is_help=True
)

Ids = Annotated[list[int], typer.Argument(help="The numbers `actions list` begins its lines with.")]
Reason = Annotated[str, typer.Option(help="Why, for whoever reads the audit trail.")]


@app.command("list")
def list_actions(
    status: Annotated[
        CorporateActionStatus | None, typer.Option(help="Only those that stand so.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 50,
) -> None:
    """List actions: number, symbol, ex-date, what, who says so, and why it is not applied."""
    from quantmatrix_pipelines.stores import corporate_actions

    with installation() as here:
        for one in corporate_actions.listed(here.database, status=status, limit=limit):
            typer.echo(in_words(one))


@app.command()
def confirm(ids: Ids, reason: Reason) -> None:
    """Believe actions; prices read from now on are adjusted by them."""
    _decide(ids, CorporateActionStatus.CONFIRMED, reason)


@app.command()
def reject(ids: Ids, reason: Reason) -> None:
    """Believe actions no more; prices read from now on are not adjusted by them."""
    _decide(ids, CorporateActionStatus.REJECTED, reason)


def _decide(ids: list[int], status: CorporateActionStatus, reason: str) -> None:
    from quantmatrix_engine.errors import SettingsError
    from quantmatrix_pipelines.stores import corporate_actions

    if not reason.strip():
        raise SettingsError("A decision needs a reason; say why, in words.")
    with installation() as here:
        dates = corporate_actions.decide(
            here.database, ids, status, reason=reason, trail=here.trail()
        )
        typer.echo(
            f"{len(dates)} actions {status.value}; materialize `indicators` from {min(dates)} on."
        )


def in_words(action: dict[str, Any]) -> str:
    """Gives an action as one line."""
    what = (
        f"split {action['ratio']:g} for 1"
        if action["ratio"] is not None
        else f"{action['kind']} {action['amount'].normalize():f} {action['currency']}"
    )
    why = f": {action['reason']}" if action["reason"] else ""
    return (
        f"{action['id']}  {action['symbol']}  {action['ex_date']}  {what}  {action['provider']}"
        f"  {action['status']}{why}"
    )
