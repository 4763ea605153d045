"""`quantmatrix strategies`: what users run, and with which params."""

import json
from typing import Annotated, Any

import typer

from quantmatrix_pipelines.cli.session import installation

app = typer.Typer(help="Strategies and their params.", no_args_is_help=True)


@app.command("list")
def list_strategies() -> None:
    """List every user's strategies with the params that differ from the kind's defaults."""
    from quantmatrix_pipelines.stores import strategies, users

    with installation() as here:
        for user in users.listed(here.database):
            for one in strategies.of_user(here.database, user.id):
                state = "" if one.is_enabled else " (disabled)"
                typer.echo(f"{user.name}: {one.name}{state}, {one.kind} {json.dumps(one.params)}")


@app.command()
def kinds() -> None:
    """List the kinds of strategy with their params, bounds and defaults."""
    from quantmatrix_engine.strategies.evaluate import kinds as known

    for kind in known().values():
        typer.echo(f"{kind.name}: {kind.title}, version {kind.version}")
        for name, schema in kind.params.model_json_schema()["properties"].items():
            typer.echo(f"  {name} = {schema['default']}: {schema['description']}{_bounds(schema)}")


def _bounds(schema: dict[str, Any]) -> str:
    words = {
        "minimum": "at least",
        "exclusiveMinimum": "above",
        "maximum": "at most",
        "exclusiveMaximum": "below",
    }
    texts = [f"{word} {schema[key]:g}" for key, word in words.items() if key in schema]
    return f" ({', '.join(texts)})" if texts else ""


@app.command()
def params(
    user: Annotated[str, typer.Argument(help="The user.")],
    name: Annotated[str, typer.Argument(help="The strategy's name.")],
    settings: Annotated[
        list[str], typer.Argument(help="param=value, such as entry_max_atr_distance=2.5.")
    ],
) -> None:
    """Change params of a strategy; its next run uses them."""
    from quantmatrix_engine import registry
    from quantmatrix_engine.strategies.base import read_params
    from quantmatrix_engine.strategies.evaluate import kinds as known
    from quantmatrix_pipelines.stores import strategies, users

    changes = dict(_setting(text) for text in settings)
    with installation() as here:
        owner = users.named(here.database, user)
        found = {one.name: one for one in strategies.of_user(here.database, owner.id)}
        strategy = registry.pick(found, name, what=f"strategy of {user}")
        kind = registry.pick(known(), strategy.kind, what="kind of strategy")
        document = {**strategy.params, **changes}
        read_params(kind, document)
        strategies.set_params(
            here.database,
            user_id=owner.id,
            strategy_id=strategy.id,
            params=document,
            trail=here.trail(),
        )
        typer.echo(f"{user}: {name} {json.dumps(document)}")


def _setting(text: str) -> tuple[str, Any]:
    from quantmatrix_engine.errors import SettingsError

    name, equals, value = text.partition("=")
    if not equals:
        raise SettingsError(f"{text!r} sets nothing; write param=value.")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value
