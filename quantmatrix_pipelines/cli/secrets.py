"""`quantmatrix secrets`: the keys that stored secrets are sealed with."""

import typer

from quantmatrix_pipelines.cli.session import installation

app = typer.Typer(help="Keys of stored secrets: webhooks, broker logins.", no_args_is_help=True)


@app.command("list")
def list_keys() -> None:
    """List how many secrets each key sealed, and which key is the newest."""
    from quantmatrix_pipelines import home
    from quantmatrix_pipelines.stores import secrets

    with installation() as here:
        newest = home.vault(here.settings).key_id
        typer.echo(f"The newest key is {newest}.")
        for table, key_id, count in secrets.by_key(here.database):
            typer.echo(f"{table:<20} {key_id or 'key not written down':<20} {count:>8,}")


@app.command("new-key")
def new_key() -> None:
    """Print a fresh key and what to do with it. Nothing is changed."""
    from quantmatrix_models.secrets import Vault

    typer.echo(Vault.new_key())
    typer.echo(
        "Put it before the present key: as the first line of vault.key in the home folder, or first"
        " in QUANTMATRIX_VAULT_KEYS (by comma). Restart what runs, then call `quantmatrix secrets"
        " rotate`. Take an old key away only when `quantmatrix secrets list` names it no more.",
        err=True,
    )


@app.command()
def rotate() -> None:
    """Seal every stored secret with the newest key; may be stopped and started again."""
    from quantmatrix_pipelines import home
    from quantmatrix_pipelines.stores import secrets

    done, faults = 0, 0
    with installation() as here:
        vault = home.vault(here.settings)
        for batch in secrets.rotate(here.database, vault, trail=here.trail()):
            done += batch.sealed
            faults += len(batch.faults)
            for fault in batch.faults:
                typer.echo(fault, err=True)
            typer.echo(f"{batch.table}: {batch.sealed:,} sealed anew, {done:,} so far")
        typer.echo(f"{done:,} secrets sealed with key {vault.key_id}; {faults:,} could not be.")
    if faults:
        raise typer.Exit(1)
