"""`quantmatrix users`: who gets signals, and where."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from quantmatrix_engine.vocabulary import Channel
from quantmatrix_pipelines.cli.session import installation

if TYPE_CHECKING:
    from decimal import Decimal

app = typer.Typer(help="Users and their webhooks.", no_args_is_help=True)


@app.command("list")
def list_users() -> None:
    """List the users, with the channels that have a webhook."""
    from quantmatrix_pipelines.stores import users

    with installation() as here:
        for user in users.listed(here.database):
            channels = ", ".join(user.channels) or "no webhook: messages go to the console"
            typer.echo(f"{user.name:<20} cohort u{user.cohort:02d}   {user.role:<10} {channels}")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="The user.")],
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many runs.")] = 20,
) -> None:
    """Show a user: channels, strategies, and the newest runs with what they said."""
    from quantmatrix_pipelines.stores import evaluations, strategies, users

    with installation() as here:
        user = users.named(here.database, name)
        channels = ", ".join(user.channels) or "no webhook: messages go to the console"
        typer.echo(f"{user.name}, {user.role}, cohort u{user.cohort:02d}; {channels}")
        for one in strategies.of_user(here.database, user.id):
            typer.echo(f"  {one.name}: {one.kind}{'' if one.is_enabled else ' (disabled)'}")
        for run in evaluations.runs_of(here.database, user.id, limit=limit):
            said = (
                f"of {run.candidates:,} instruments {run.signals} signals, {run.told} of them told,"
                f" {run.withheld} withheld"
            )
            typer.echo(f"{run.session}  {run.strategy}: {run.error or said}")


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Lower-case letters, digits, - and _.")],
    *,
    admin: Annotated[bool, typer.Option("--admin", help="Is told how the system is.")] = False,
) -> None:
    """Add a user."""
    from quantmatrix_engine.errors import SettingsError
    from quantmatrix_models.users import UserRole, check_name
    from quantmatrix_pipelines.stores import users

    check_name(name)
    with installation() as here:
        role = UserRole.ADMIN if admin else UserRole.USER
        if users.add(here.database, name, role=role, trail=here.trail()) is None:
            raise SettingsError(f"A user is called {name!r} already; take another name.")
        typer.echo(f"Added {name}.")


@app.command()
def webhook(
    name: Annotated[str, typer.Argument(help="The user.")],
    channel: Annotated[Channel, typer.Option(help="Which messages.")] = Channel.SIGNALS,
) -> None:
    """Set where a user's messages go; asks for the webhook's address, which is a secret."""
    from quantmatrix_adapters.channels.discord import DiscordChannel
    from quantmatrix_pipelines import home
    from quantmatrix_pipelines.stores import users

    with installation() as here:
        user = users.named(here.database, name)
        url = typer.prompt("Webhook address", hide_input=True)
        target = DiscordChannel(here.settings.discord_url).check_target(url)
        vault = home.vault(here.settings)
        users.set_webhook(
            here.database,
            vault,
            user_id=user.id,
            channel=channel,
            url=target,
            trail=here.trail(),
        )
        typer.echo(f"Messages of {channel.value} to {name} go to that webhook from now on.")


_LIMIT_NAMES = {
    "max_position_pct": "in one instrument",
    "max_sector_pct": "in one sector",
    "max_heat_pct": "lost if every stop is hit",
    "max_positions": "instruments at a time",
}


@app.command()
def limits(
    name: Annotated[str, typer.Argument(help="The user.")],
    *,
    max_position_pct: Annotated[
        float | None, typer.Option(help="Most in one instrument, percent of all accounts.")
    ] = None,
    max_sector_pct: Annotated[
        float | None, typer.Option(help="Most in one sector, percent of all accounts.")
    ] = None,
    max_heat_pct: Annotated[
        float | None, typer.Option(help="Most that is lost if every stop is hit, percent.")
    ] = None,
    max_positions: Annotated[
        int | None, typer.Option(min=1, max=10_000, help="Most instruments held at a time.")
    ] = None,
    reset: Annotated[
        list[str] | None,
        typer.Option(help="A limit to take away, as max_heat_pct; may be repeated."),
    ] = None,
) -> None:
    """Show what a user limits, or change it; entries of the next session are cut to it."""
    from dataclasses import asdict

    from quantmatrix_engine import registry
    from quantmatrix_pipelines.stores import classifications, risk_limits, users

    given = {
        "max_position_pct": _share(max_position_pct, "max-position-pct"),
        "max_sector_pct": _share(max_sector_pct, "max-sector-pct"),
        "max_heat_pct": _share(max_heat_pct, "max-heat-pct"),
        "max_positions": max_positions,
    }
    for one in reset or []:
        registry.pick(given, one, what="limit")
    with installation() as here:
        user = users.named(here.database, name)
        changes: dict[str, Any] = dict.fromkeys(reset or [])
        changes |= {key: value for key, value in given.items() if value is not None}
        kept = risk_limits.change(here.database, user.id, changes, trail=here.trail())
        for key, value in asdict(kept).items():
            if value is None:
                typer.echo(f"{key}: not limited")
            else:
                unit = "" if key == "max_positions" else " %"
                typer.echo(f"{key}: at most {float(value):g}{unit} {_LIMIT_NAMES[key]}")
        if kept.max_sector_pct is not None and not classifications.any_known(here.database):
            typer.echo(
                "No sectors are known, so all instruments count as one;"
                " `quantmatrix instruments import-sectors` takes them."
            )


def _share(percent: float | None, flag: str) -> "Decimal | None":
    """Gives a percentage as it is stored. Raises SettingsError where it is none."""
    from decimal import Decimal

    from quantmatrix_engine.errors import SettingsError

    if percent is None:
        return None
    # Kept with four digits: what rounds to 0 is none either.
    if not 0.00005 < percent <= 100:
        raise SettingsError(f"--{flag} {percent:g} is no share; take one above 0, at most 100.")
    return Decimal(str(percent)).quantize(Decimal("0.0001"))
