"""`quantmatrix signals`: what was said, why, and whether it can be derived again."""

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer

from quantmatrix_pipelines.cli.session import installation

if TYPE_CHECKING:
    from quantmatrix_pipelines.stores.signals import StoredSignal

app = typer.Typer(help="Signals: list them, explain one, derive one again.", no_args_is_help=True)

SignalId = Annotated[
    int, typer.Argument(help="The number `signals list` begins its lines with.", min=1)
]


@app.command("list")
def list_signals(
    user: Annotated[str, typer.Argument(help="Whose signals.")],
    on: Annotated[
        dt.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Of this session; else of all."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 50,
) -> None:
    """List a user's signals: number, session, strategy, action, symbol, price, how far it came."""
    from quantmatrix_pipelines.stores import signals, users

    with installation() as here:
        owner = users.named(here.database, user)
        session = None if on is None else on.date()
        found = signals.of_user(here.database, owner.id, session=session, limit=limit)
        for one in found:
            said = one.said.signal
            level = "" if said["level"] is None else f" at {said['level']:g} ATR"
            typer.echo(
                f"{one.said.id}  {one.session}  {one.strategy}: {said['action']}{level}"
                f" {one.symbol} at {said['price']:.2f},"
                f" strength {said['strength']:.2f}, {_standing(one)}{_opposed(one, ', ')}"
            )
        if not found:
            typer.echo(f"{user} has no signals{'' if session is None else f' of {session}'}.")


def _standing(one: "StoredSignal") -> str:
    """Gives how far a signal came, and its return so far."""
    stage = one.stage.replace("_", " ")
    if one.hit_target is not None:
        stage = f"{stage}, target {one.hit_target} reached"
    return stage if one.return_pct is None else f"{stage}, {one.return_pct:+.1f} %"


def _opposed(one: "StoredSignal", before: str) -> str:
    """Names the strategies that say the opposite; nothing where none does."""
    if not one.opposed_by:
        return ""
    says = "says" if len(one.opposed_by) == 1 else "say"
    return f"{before}but {', '.join(one.opposed_by)} {says} the opposite"


@app.command()
def explain(signal_id: SignalId) -> None:
    """Print the rules behind a signal, what would have changed each, and what became of it."""
    from quantmatrix_engine.strategies.explanation import in_words
    from quantmatrix_pipelines.stores import signals

    with installation() as here:
        one = signals.signal(here.database, signal_id)
        said = one.said.signal
        typer.echo(
            f"{said['action']} {one.symbol} on {one.session}, for {one.user}:"
            f" {one.strategy} ({one.said.kind}, version {one.said.kind_version})"
        )
        for line in in_words(said["trace"]):
            typer.echo(f"  {line}")
        levels = [
            f"{name.replace('_', ' ')} {said[name]:.2f}"
            for name in ("price", "stop", "target_1", "target_2", "target_3", "risk_reward")
            if said[name] is not None
        ]
        until = "" if said["valid_until"] is None else f", valid until {said['valid_until']}"
        typer.echo(f"  {', '.join(levels)}, strength {said['strength']:.2f}{until}")
        if one.universe_size is not None:
            typer.echo(f"  one of {one.universe_size:,} instruments the strategy was asked about")
        typer.echo(
            f"  from bars known at {one.inputs_known_at:%Y-%m-%d %H:%M:%S} UTC,"
            f" program {one.code_version}"
        )
        if one.opposed_by:
            typer.echo(_opposed(one, "  "))
        typer.echo(f"  {_standing(one)}")
        for step in signals.stages_of(here.database, one.said.id):
            target = f" {step.target}" if step.target else ""
            at = "" if step.price is None else f" at {step.price:.2f}"
            typer.echo(f"    {step.session}  {step.stage.replace('_', ' ')}{target}{at}")


@app.command()
def replay(signal_id: SignalId) -> None:
    """Derive a signal again from what was known then; ends with code 1 where it differs."""
    from quantmatrix_adapters.providers.base import names_of
    from quantmatrix_pipelines.defs.signals.replays import replayed
    from quantmatrix_pipelines.lake import Lake
    from quantmatrix_pipelines.resources import feed_of
    from quantmatrix_pipelines.stores import signals

    with installation() as here:
        one = signals.signal(here.database, signal_id)
        found = replayed(
            [one],
            Lake(str(here.settings.lake)),
            here.database,
            providers=names_of(feed_of(here.settings, here.database)),
            benchmark=here.settings.benchmark,
        )
    if not found:
        typer.echo(f"Signal {signal_id} is the same, derived again.")
        return
    typer.echo(f"Signal {signal_id} differs. {found[signal_id]}")
    raise typer.Exit(1)
