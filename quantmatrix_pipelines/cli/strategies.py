"""`quantmatrix strategies`: what users run, and with which params."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quantmatrix_pipelines.cli import universes
from quantmatrix_pipelines.cli.session import Installation, installation

if TYPE_CHECKING:
    from quantmatrix_engine.strategies.base import Kind
    from quantmatrix_pipelines.stores.strategies import Strategy

app = typer.Typer(help="Strategies and their params.", no_args_is_help=True)

User = Annotated[str, typer.Argument(help="The user.")]
Name = Annotated[str, typer.Argument(help="The strategy's name.")]
LONGEST_NAME = 64


@app.command("list")
def list_strategies(
    user: Annotated[str | None, typer.Argument(help="The user; all of them if none.")] = None,
) -> None:
    """List strategies with the params that differ from the kind's defaults."""
    from quantmatrix_pipelines.stores import strategies, users

    with installation() as here:
        asked = users.listed(here.database) if user is None else [users.named(here.database, user)]
        for one in asked:
            for strategy in strategies.of_user(here.database, one.id):
                typer.echo(f"{one.name}: {_line(strategy)}")


def _line(one: "Strategy") -> str:
    state = "" if one.is_enabled else " (disabled)"
    considered = universes.in_words(one.universe)
    return f"{one.name}{state}, {one.kind} {json.dumps(one.params)} of {considered}"


@app.command()
def kinds(
    kind: Annotated[str | None, typer.Argument(help="One kind; all of them if none.")] = None,
) -> None:
    """List the kinds of strategy with their params, defaults and bounds."""
    from quantmatrix_engine import registry
    from quantmatrix_engine.strategies.evaluate import kinds as known

    there = known()
    asked = there.values() if kind is None else [registry.pick(there, kind, what=_KIND)]
    for one in asked:
        typer.echo(f"{one.name}: {one.title}, version {one.version}")
        for name, schema in _schemas(one).items():
            typer.echo(f"  {name} = {json.dumps(schema['default'])}: {_described(schema)}")


_KIND = "kind of strategy"


def _schemas(kind: "Kind") -> dict[str, dict[str, Any]]:
    schemas: dict[str, dict[str, Any]] = kind.params.model_json_schema()["properties"]
    return schemas


def _described(schema: dict[str, Any]) -> str:
    return f"{schema['description']}{_bounds(schema)}"


def _bounds(schema: dict[str, Any]) -> str:
    words = {
        "minimum": "at least {:g}",
        "exclusiveMinimum": "above {:g}",
        "maximum": "at most {:g}",
        "exclusiveMaximum": "below {:g}",
        "maxLength": "at most {:g} characters",
    }
    items = schema.get("items") or (schema.get("prefixItems") or [{}])[0]
    texts = [word.format(schema[key]) for key, word in words.items() if key in schema]
    each = [word.format(items[key]) for key, word in words.items() if key in items]
    if each:
        least, most = schema.get("minItems", 0), schema.get("maxItems")
        count = f"{least}" if least == most else f"{least} to {most}"
        texts.append(f"{count} values, each {', '.join(each)}")
    return f" ({', '.join(texts)})" if texts else ""


@app.command()
def add(  # noqa: PLR0913
    user: User,
    name: Annotated[str, typer.Argument(help="What the user calls it.")],
    kind: Annotated[str, typer.Argument(help="Its kind; `strategies kinds` lists them.")],
    settings: Annotated[
        list[str] | None, typer.Argument(help="param=value, for what differs from the defaults.")
    ] = None,
    *,
    symbols: universes.Symbols = None,
    index: universes.Index = None,
    positions: universes.Positions = False,
    kinds: universes.Kinds = None,
    exchanges: universes.Exchanges = None,
    min_price: universes.MinPrice = None,
    max_price: universes.MaxPrice = None,
    min_dollar_volume: universes.MinDollarVolume = None,
    excluded: universes.Excluded = None,
) -> None:
    """Add a strategy; the next session is evaluated with it."""
    from quantmatrix_engine import registry
    from quantmatrix_engine.errors import SettingsError
    from quantmatrix_engine.strategies.base import read_params
    from quantmatrix_engine.strategies.evaluate import kinds as known
    from quantmatrix_pipelines.stores import strategies, users

    chosen = registry.pick(known(), kind, what=_KIND)
    document = dict(_setting(text) for text in settings or [])
    read_params(chosen, document)
    if not 0 < len(name.strip()) <= LONGEST_NAME:
        raise SettingsError(f"A strategy cannot be called {name!r}; take 1 to 64 characters.")
    with installation() as here:
        _require_history(here, chosen, document)
        owner = users.named(here.database, user)
        universe = universes.document(
            here,
            symbols=symbols,
            index=index,
            positions=positions,
            kinds=kinds,
            exchanges=exchanges,
            min_price=min_price,
            max_price=max_price,
            min_dollar_volume=min_dollar_volume,
            excluded=excluded,
        )
        added = strategies.add(
            here.database,
            user_id=owner.id,
            name=name,
            kind=kind,
            params=document,
            universe=universe,
            trail=here.trail(),
        )
        if added is None:
            raise SettingsError(f"{user} has a strategy called {name!r} already; take another.")
        (made,) = (one for one in strategies.of_user(here.database, owner.id) if one.id == added)
        typer.echo(f"Added to {user}: {_line(made)}")


@app.command()
def universe(  # noqa: PLR0913
    user: User,
    name: Name,
    *,
    symbols: universes.Symbols = None,
    index: universes.Index = None,
    positions: universes.Positions = False,
    kinds: universes.Kinds = None,
    exchanges: universes.Exchanges = None,
    min_price: universes.MinPrice = None,
    max_price: universes.MaxPrice = None,
    min_dollar_volume: universes.MinDollarVolume = None,
    excluded: universes.Excluded = None,
    everything: Annotated[
        bool, typer.Option("--everything", help="Considers all that trades, or what filters leave.")
    ] = False,
) -> None:
    """Show what a strategy considers, or replace it: what is not named is not set any more."""
    from quantmatrix_engine.errors import SettingsError
    from quantmatrix_pipelines.stores import strategies

    with installation() as here:
        strategy = _named(here, user, name)
        document = universes.document(
            here,
            symbols=symbols,
            index=index,
            positions=positions,
            kinds=kinds,
            exchanges=exchanges,
            min_price=min_price,
            max_price=max_price,
            min_dollar_volume=min_dollar_volume,
            excluded=excluded,
        )
        if everything and document.keys() & {"symbols", "index", "positions"}:
            raise SettingsError("--everything is a universe of its own; name no other with it.")
        if document or everything:
            strategies.set_universe(
                here.database,
                user_id=strategy.user_id,
                strategy_id=strategy.id,
                universe=document,
                trail=here.trail(),
            )
            strategy = _named(here, user, name)
        typer.echo(f"{strategy.user}: {_line(strategy)}")
        for line in universes.resolution(here, strategy):
            typer.echo(line)


@app.command()
def enable(user: User, name: Name) -> None:
    """Evaluate a strategy each session again."""
    _set_enabled(user, name, is_enabled=True)


@app.command()
def disable(user: User, name: Name) -> None:
    """Stop evaluating a strategy; what it said stays."""
    _set_enabled(user, name, is_enabled=False)


def _set_enabled(user: str, name: str, *, is_enabled: bool) -> None:
    from quantmatrix_engine.errors import SettingsError
    from quantmatrix_pipelines.stores import strategies

    word = "enabled" if is_enabled else "disabled"
    with installation() as here:
        strategy = _named(here, user, name)
        if strategy.is_enabled == is_enabled:
            typer.echo(f"{user}: {name} is {word} already.")
            return
        if not strategies.set_enabled(
            here.database,
            user_id=strategy.user_id,
            strategy_id=strategy.id,
            is_enabled=is_enabled,
            trail=here.trail(),
        ):
            raise SettingsError(f"{name!r} of {user} is archived; add a new one.")
        typer.echo(f"{user}: {name} is {word}.")


def _require_history(here: Installation, kind: "Kind", document: dict[str, Any]) -> None:
    """Raises ParamsError where the params are wrong or look further back than what is kept."""
    from quantmatrix_engine.strategies.base import read_params, require_history
    from quantmatrix_pipelines import home
    from quantmatrix_pipelines.clock import utc_now

    kept = home.sessions_kept(here.settings, today=utc_now().date())
    require_history(kind, read_params(kind, document), sessions=kept)


def _named(here: Installation, user: str, name: str) -> "Strategy":
    """Gives a user's strategy by its name. Raises UnknownPlugin with the nearest."""
    from quantmatrix_engine import registry
    from quantmatrix_pipelines.stores import strategies, users

    owner = users.named(here.database, user)
    found = {one.name: one for one in strategies.of_user(here.database, owner.id)}
    strategy: Strategy = registry.pick(found, name, what=f"strategy of {user}")
    return strategy


@app.command()
def params(
    user: User,
    name: Name,
    settings: Annotated[
        list[str] | None,
        typer.Argument(help="param=value, such as entry_max_atr_distance=2.5; none: show all."),
    ] = None,
    *,
    reset: Annotated[
        list[str] | None, typer.Option(help="A param to set back to its default; may be repeated.")
    ] = None,
) -> None:
    """Show a strategy's params, or change them; its next run uses them."""
    from quantmatrix_engine import registry
    from quantmatrix_engine.strategies.evaluate import kinds as known
    from quantmatrix_pipelines.stores import strategies

    changes = dict(_setting(text) for text in settings or [])
    with installation() as here:
        strategy = _named(here, user, name)
        kind = registry.pick(known(), strategy.kind, what=_KIND)
        if not changes and not reset:
            _show(kind, strategy)
            return
        for one in reset or []:
            registry.pick(kind.params.model_fields, one, what=f"param of {kind.name}")
        kept = {key: value for key, value in strategy.params.items() if key not in (reset or [])}
        document = {**kept, **changes}
        _require_history(here, kind, document)
        strategies.set_params(
            here.database,
            user_id=strategy.user_id,
            strategy_id=strategy.id,
            params=document,
            trail=here.trail(),
        )
        typer.echo(f"{user}: {name} {json.dumps(document)}")


def _show(kind: "Kind", strategy: "Strategy") -> None:
    typer.echo(f"{strategy.user}: {_line(strategy)}")
    for name, schema in _schemas(kind).items():
        value = strategy.params.get(name, schema["default"])
        own = "" if name in strategy.params else " (default)"
        typer.echo(f"  {name} = {json.dumps(value)}{own}: {_described(schema)}")


def _setting(text: str) -> tuple[str, Any]:
    from quantmatrix_engine.errors import SettingsError

    name, equals, value = text.partition("=")
    if not equals:
        raise SettingsError(f"{text!r} sets nothing; write param=value.")
    try:
        return name.strip(), json.loads(value)
    except json.JSONDecodeError:
        return name.strip(), value
