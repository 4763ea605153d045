"""`quantmatrix snapshots`: the analysts' files, how large they are and how long they stay."""

from typing import Annotated

import typer


def snapshots(
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many, newest first.")] = 50,
) -> None:
    """List the analysts' files, newest session first: size, when each was made, how long it stays.

    QUANTMATRIX_SNAPSHOT_DAYS says for how many days; each month's last stays.
    """
    from quantmatrix_engine.errors import SettingsError
    from quantmatrix_pipelines.settings import read_settings
    from quantmatrix_pipelines.stores import snapshot_retention as retention

    settings = read_settings()
    told = retention.published(settings.snapshots)
    if not told:
        raise SettingsError(
            f"There are no snapshots in {settings.snapshots}; `quantmatrix up` makes the first."
        )
    last = retention.months_last(told)
    sizes = {one: one.size() for one in told}
    whole = _megabytes(sum(sizes.values()))
    typer.echo(f"{settings.snapshots}: {len(told):,} snapshots, {whole}.")
    for one in reversed(told[-limit:]):
        until = one.stays_until(settings.snapshot_days)
        stays = "stays, its month's last" if one in last else f"stays until {until}"
        made = f"{one.made_at:%Y-%m-%d %H:%M} UTC"
        typer.echo(f"{one.folder.name}  {_megabytes(sizes[one])}  made {made}  {stays}")


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
