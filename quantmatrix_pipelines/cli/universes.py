"""What a strategy considers, as the command line takes and shows it."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quantmatrix_pipelines.cli.session import Installation

if TYPE_CHECKING:
    import polars as pl

    from quantmatrix_engine.prices.considered import Considered
    from quantmatrix_pipelines.lake import Lake
    from quantmatrix_pipelines.stores.strategies import Strategy

Symbols = Annotated[
    str | None, typer.Option(help="Symbols it considers, as AAPL,MSFT; all that trade if none.")
]
Index = Annotated[
    str | None, typer.Option(help="Index whose members it considers, as of each session.")
]
Positions = Annotated[
    bool, typer.Option("--positions", help="Considers what the user holds, as of each session.")
]
Kinds = Annotated[str | None, typer.Option(help="Only these kinds, as stock,etf.")]
Exchanges = Annotated[str | None, typer.Option(help="Only listed on these, as XNAS,XNYS (MIC).")]
MinPrice = Annotated[float | None, typer.Option(help="Least close of the session.")]
MaxPrice = Annotated[float | None, typer.Option(help="Greatest close of the session.")]
MinDollarVolume = Annotated[
    float | None,
    typer.Option(help="Least close times volume a session, over the 20 up to the session."),
]
Excluded = Annotated[
    str | None, typer.Option("--exclude", help="Symbols it never considers, as TSLA,GME.")
]

_LISTS = ("symbols", "kinds", "exchanges", "excluded")
_SHOWN = 50


def document(here: Installation, **asked: Any) -> dict[str, Any]:
    """Gives the universe as stored: what was asked for, and nothing that was not.

    `asked` has the fields of a universe, lists as texts with commas. Raises SettingsError for what
    nobody knows, with near names, for a named symbol that means several instruments, and for what
    makes no sense.
    """
    from quantmatrix_engine.prices import universe

    said = {
        name: value for name, value in asked.items() if value is not None and value is not False
    }
    for name in _LISTS:
        if name in said:
            said[name] = _listed(name, said[name])
    universe.read(said)
    _require_known(here, said)
    return said


def _listed(name: str, text: str) -> list[str]:
    from quantmatrix_engine.errors import SettingsError

    words = [one.strip() for one in text.split(",") if one.strip()]
    if not words:
        flag = "exclude" if name == "excluded" else name
        raise SettingsError(f"--{flag} {text!r} names none; write them as {_example(name)}.")
    found = [one.lower() if name == "kinds" else one.upper() for one in words]
    return list(dict.fromkeys(found))


def _example(name: str) -> str:
    return {"kinds": "stock,etf", "exchanges": "XNAS,XNYS"}.get(name, "AAPL,MSFT")


def _require_known(here: Installation, said: Mapping[str, Any]) -> None:
    from quantmatrix_pipelines.clock import utc_now
    from quantmatrix_pipelines.stores import instruments, memberships

    if "index" in said:
        of_indexes = memberships.memberships(here.database).get_column("index")
        _known([said["index"]], of_indexes.unique().sort().to_list(), "index")
    catalogue = instruments.catalogue(here.database)
    for name, column in (("symbols", "symbol"), ("excluded", "symbol"), ("exchanges", "exchange")):
        there = catalogue.get_column(column).unique().sort().to_list() if name in said else []
        _known(said.get(name, ()), there, column)
    _require_clear(said.get("symbols", ()), catalogue, utc_now().date())


def _known(asked: Sequence[str], known: Sequence[str], what: str) -> None:
    import difflib

    from quantmatrix_engine.errors import SettingsError

    for one in asked:
        if one not in known:
            near = difflib.get_close_matches(one, known, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise SettingsError(f"No {what} {one!r} is known.{hint}")


def _require_clear(symbols: Sequence[str], catalogue: "pl.DataFrame", on: dt.date) -> None:
    """Raises SettingsError where a symbol means several instruments."""
    from quantmatrix_engine.errors import SettingsError
    from quantmatrix_engine.prices import considered, universe

    asked, _ = universe.prepare([(0, 0, {"symbols": list(symbols)})])
    for _, symbol, ids in considered.ambiguous(asked, catalogue, on).iter_rows():
        raise SettingsError(
            f"{symbol} means instruments {', '.join(map(str, ids))} on {on}; name others, or end"
            f" one of them (`quantmatrix instruments show {symbol}`)."
        )


def in_words(universe: Mapping[str, Any]) -> str:
    """Gives what a stored universe says as one line."""
    return ", ".join([_base(universe), *_filters(universe)])


def _base(universe: Mapping[str, Any]) -> str:
    if universe.get("index") is not None:
        return f"the members of {universe['index']}"
    if universe.get("positions"):
        return "what the user holds"
    symbols = universe.get("symbols")
    return "all that trades" if symbols is None else ", ".join(symbols) or "nothing"


def _filters(universe: Mapping[str, Any]) -> Iterator[str]:
    words = {
        "kinds": ("only {}", ", "),
        "exchanges": ("only on {}", ", "),
        "excluded": ("without {}", ", "),
    }
    amounts = {
        "min_price": "at {:,g} or more",
        "max_price": "at {:,g} or less",
        "min_dollar_volume": "{:,.0f} or more traded a session",
    }
    for name, text in amounts.items():
        if universe.get(name) is not None:
            yield text.format(universe[name])
    for name, (text, comma) in words.items():
        if universe.get(name):
            yield text.format(comma.join(universe[name]))


def resolution(here: Installation, strategy: "Strategy") -> Iterator[str]:
    """Gives the lines that say what a strategy's universe comes to on the newest session.

    How many instruments there are, how many each filter leaves out, and which those that stay are.
    """
    from quantmatrix_engine.prices.considered import listed
    from quantmatrix_pipelines.lake import Lake
    from quantmatrix_pipelines.stores import instruments

    lake = Lake(str(here.settings.lake))
    span = lake.sessions("bars")
    if span is None:
        yield "  There are no bars yet; `quantmatrix up` loads them."
        return
    catalogue = instruments.catalogue(here.database)
    found = _considered(here, lake, strategy, catalogue, span[1])
    kept, left_out = found.pairs, found.left_out
    yield f"  {span[1]}: {kept.height:,} instruments of {kept.height + left_out.height:,}"
    for name, count in left_out.group_by("filter").len().sort("filter").iter_rows():
        yield f"  {count:,} left out by {name}"
    symbols = listed(catalogue, span[1]).unique("instrument_id", keep="first", maintain_order=True)
    names = kept.join(symbols, on="instrument_id").get_column("symbol").sort().to_list()
    beyond = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    if names:
        yield f"  {', '.join(names[:_SHOWN])}{beyond}"


def _considered(
    here: Installation,
    lake: "Lake",
    strategy: "Strategy",
    catalogue: "pl.DataFrame",
    session: dt.date,
) -> "Considered":
    from quantmatrix_adapters.providers.base import names_of
    from quantmatrix_engine import calendars
    from quantmatrix_engine.prices import considered, universe
    from quantmatrix_engine.prices.membership import members
    from quantmatrix_engine.prices.priority import preferred
    from quantmatrix_pipelines.resources import feed_of
    from quantmatrix_pipelines.stores import memberships, positions

    first = calendars.sessions_before(session, considered.MEASURED_SESSIONS - 1)
    providers = names_of(feed_of(here.settings, here.database))
    bars = preferred(lake.read("bars", first=first, last=session), providers)
    universe.read(strategy.universe)
    asked, _ = universe.prepare([(strategy.id, strategy.user_id, strategy.universe)])
    return considered.considered(
        asked,
        catalogue,
        considered.market(bars, session),
        session,
        members=members(memberships.memberships(here.database), session),
        held=considered.holders(positions.holdings(here.database, [strategy.user_id]), session),
    )
