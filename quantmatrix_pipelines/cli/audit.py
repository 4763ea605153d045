"""`quantmatrix audit`: who did what, and whether the trail was touched."""

from typing import Annotated

import typer

from quantmatrix_pipelines.cli.session import Installation, installation

app = typer.Typer(help="The audit trail: read it, verify it, anchor it.", no_args_is_help=True)


@app.command("list")
def list_events(
    user: Annotated[str | None, typer.Option(help="Only what was done to this user.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 50,
) -> None:
    """List events: when, who, what, to which row."""
    from quantmatrix_pipelines.stores import trail, users

    with installation() as here:
        user_id = None if user is None else users.named(here.database, user).id
        for event in trail.newest(here.database, user_id=user_id, limit=limit):
            row = f"{event.entity} {event.entity_id or ''}".strip()
            whose = event.user or "system"
            typer.echo(
                f"{event.at:%Y-%m-%d %H:%M:%S}  {event.actor:<20} {event.action:<14} {row}"
                f" of {whose}: {event.changes}"
            )


@app.command()
def verify() -> None:
    """Check every chain, and that it still holds what the anchors say. Exit code 1 if not."""
    with installation() as here:
        is_clean = _verified(here)
    if not is_clean:
        raise typer.Exit(1)


@app.command()
def anchor() -> None:
    """Write down, outside the database, how far each chain has come. Verifies it first."""
    from quantmatrix_pipelines import anchors
    from quantmatrix_pipelines.clock import utc_now
    from quantmatrix_pipelines.stores import trail

    with installation() as here:
        if not _verified(here):
            typer.echo("Nothing was anchored: the trail does not verify.", err=True)
            raise typer.Exit(1)
        heads = trail.heads(here.database)
        anchors.append(here.settings.anchors, anchors.Anchored(utc_now(), heads))
        typer.echo(f"Anchored {len(heads):,} chains in {here.settings.anchors}.")


def _verified(here: Installation) -> bool:
    """Verifies the trail against every anchor, tells the result, and says whether it is clean."""
    from quantmatrix_pipelines import anchors, home
    from quantmatrix_pipelines.stores import trail

    keys, kept = home.audit_keys(here.settings), anchors.read(here.settings.anchors)
    found = trail.verify(here.database, keys, [one.heads for one in kept])
    for fault in found.faults:
        typer.echo(f"chain {fault.chain}, event {fault.seq}: {fault.what}")
    typer.echo(
        f"{found.chains:,} chains, {found.events:,} events, {len(kept):,} anchors:"
        f" {len(found.faults):,} faults."
    )
    if not kept:
        typer.echo(
            f"There is no anchor in {here.settings.anchors}: nothing outside the database vouches"
            " for the ends of the chains. `quantmatrix audit anchor` writes one."
        )
    return not found.faults
