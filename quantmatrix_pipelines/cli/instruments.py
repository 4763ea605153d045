"""`quantmatrix instruments`: what can be traded, and under which symbols through time."""

import datetime as dt
from pathlib import Path
from typing import Annotated, Any

import typer

from quantmatrix_engine.vocabulary import InstrumentKind
from quantmatrix_pipelines.cli.session import Installation, installation

app = typer.Typer(help="Instruments and their symbols through time.", no_args_is_help=True)

_Symbol = Annotated[str, typer.Argument(help="The symbol, as the exchange writes it.")]
_On = Annotated[
    dt.datetime, typer.Option(formats=["%Y-%m-%d"], help="First date on which it is so.")
]
_Day = Annotated[
    dt.datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="Date the symbol is meant on; else the last session."),
]


@app.command("list")
def list_instruments(
    on: _Day = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many, by symbol.")] = 50,
) -> None:
    """List the symbols of a date with their instruments."""
    import polars as pl

    from quantmatrix_pipelines.stores import instruments

    with installation() as here:
        date = _date(on)
        known = instruments.catalogue(here.database).filter(
            pl.col("valid_from") <= date,
            pl.col("valid_to").is_null() | (pl.col("valid_to") > date),
        )
        for row in known.head(limit).iter_rows(named=True):
            typer.echo(_line(row))
        if known.height > limit:
            typer.echo(f"… and {known.height - limit:,} more; --limit shows them.")


@app.command()
def show(symbol: _Symbol) -> None:
    """Show every instrument that ever had a symbol, with all its symbols."""
    import polars as pl

    from quantmatrix_pipelines.stores import instrument_edits, instruments

    with installation() as here:
        known = instruments.catalogue(here.database)
        ids = known.filter(pl.col("symbol") == symbol).get_column("instrument_id").unique()
        if ids.is_empty():
            instrument_edits.spell_of(known, symbol, _date(None))
        of_ids = known.filter(pl.col("instrument_id").is_in(ids.to_list()))
        for row in of_ids.sort("instrument_id", "valid_from").iter_rows(named=True):
            typer.echo(_line(row))


@app.command()
def add(
    symbol: _Symbol,
    since: _On,
    exchange: Annotated[str, typer.Option(help="ISO 10383 MIC.")] = "XNYS",
    currency: Annotated[str, typer.Option(help="ISO 4217.")] = "USD",
    kind: Annotated[InstrumentKind, typer.Option(help="What it is.")] = InstrumentKind.STOCK,
    name: Annotated[str | None, typer.Option(help="Full name.")] = None,
) -> None:
    """Add an instrument."""
    from quantmatrix_engine.prices.markets import require_exchange
    from quantmatrix_pipelines.stores import instrument_edits

    require_exchange(exchange)
    _require_currency(currency)
    with installation() as here:
        new = instrument_edits.Addition(symbol, exchange, currency, kind, name, since.date())
        instrument_id = instrument_edits.add(here.database, new, trail=here.trail())
        typer.echo(f"Instrument {instrument_id} is {symbol} from {since.date()} on.")


@app.command()
def rename(
    symbol: _Symbol, new: Annotated[str, typer.Argument(help="The new symbol.")], on: _On
) -> None:
    """Give an instrument a new symbol from a date on."""
    from quantmatrix_pipelines.stores import instrument_edits

    with installation() as here:
        renamed = instrument_edits.rename(
            here.database, symbol, new, on=on.date(), trail=here.trail()
        )
        typer.echo(f"Instrument {renamed} is {new} from {on.date()} on; it was {symbol}.")


@app.command()
def delist(symbol: _Symbol, on: _On) -> None:
    """End an instrument: from a date on it does not trade."""
    from quantmatrix_pipelines.stores import instrument_edits

    with installation() as here:
        ended = instrument_edits.delist(here.database, symbol, on=on.date(), trail=here.trail())
        typer.echo(f"Instrument {ended}, {symbol}, does not trade from {on.date()} on.")


@app.command("set-name")
def set_name(
    symbol: _Symbol, name: Annotated[str, typer.Argument(help="Full name.")], on: _Day = None
) -> None:
    """Set an instrument's full name."""
    from quantmatrix_pipelines.stores import instrument_edits

    with installation() as here:
        named = instrument_edits.set_name(
            here.database, symbol, name, on=_date(on), trail=here.trail()
        )
        typer.echo(f"Instrument {named}, {symbol}, is called {name}.")


@app.command("set-exchange")
def set_exchange(
    symbol: _Symbol,
    exchange: Annotated[str, typer.Argument(help="ISO 10383 MIC, such as XNAS.")],
    since: Annotated[
        dt.datetime | None,
        typer.Option(
            "--from", formats=["%Y-%m-%d"], help="Date it moved there; else it always was there."
        ),
    ] = None,
    on: _Day = None,
) -> None:
    """Correct the exchange of a symbol, or have it move to another from a date on."""
    from quantmatrix_engine.prices.markets import require_exchange
    from quantmatrix_pipelines.stores import instrument_corrections as corrections

    require_exchange(exchange)
    with installation() as here:
        trail = here.trail()
        if since is None:
            of = corrections.set_exchange(
                here.database, symbol, exchange, on=_date(on), trail=trail
            )
            typer.echo(f"Instrument {of}, {symbol}, is on {exchange}.")
        else:
            of = corrections.move_exchange(
                here.database, symbol, exchange, since=since.date(), trail=trail
            )
            typer.echo(f"Instrument {of}, {symbol}, is on {exchange} from {since.date()} on.")


@app.command("set-end")
def set_end(
    symbol: _Symbol,
    end: Annotated[
        dt.datetime,
        typer.Argument(formats=["%Y-%m-%d"], help="First date on which it no longer was so."),
    ],
    on: Annotated[
        dt.datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="Date the symbol is meant on; else its last that ended."
        ),
    ] = None,
) -> None:
    """Correct the date a symbol ended, and a delisting or the next symbol with it."""
    from quantmatrix_pipelines.stores import instrument_corrections as corrections

    with installation() as here:
        meant = None if on is None else on.date()
        of, wrong = corrections.set_end(
            here.database, symbol, end.date(), on=meant, trail=here.trail()
        )
        first, last = sorted((wrong, end.date()))
        typer.echo(
            f"Instrument {of}, {symbol}, ends on {end.date()}, not on {wrong}:"
            f" materialize bars of the sessions from {first} until {last}."
        )


@app.command()
def relist(
    symbol: _Symbol,
    on: Annotated[
        dt.datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="Date the symbol is meant on; else its last that ended."
        ),
    ] = None,
) -> None:
    """Take a delisting back: the instrument and the symbols it had last go on without an end."""
    from quantmatrix_pipelines.stores import instrument_corrections as corrections

    with installation() as here:
        meant = None if on is None else on.date()
        of, wrong = corrections.relist(here.database, symbol, on=meant, trail=here.trail())
        typer.echo(
            f"Instrument {of}, {symbol}, is listed; it was not delisted on {wrong}:"
            f" materialize bars of the sessions from {wrong} on."
        )


@app.command("import")
def import_symbols(
    file: Annotated[Path, typer.Argument(help="CSV file, see docs/instruments.md.")],
) -> None:
    """Work a file of symbol histories into the catalogue."""
    from quantmatrix_pipelines.defs.universe import symbol_history

    with installation() as here:
        done = symbol_history.import_file(here.database, file, seen_on=_date(None))
        changes = done.changes
        counts = {
            "instruments": changes.instruments.height,
            "spells_added": changes.added.height,
            "spells_removed": changes.removed.height,
            "findings": done.refused.height + changes.findings.height,
        }
        _told(here, file, counts)
        for row in changes.findings.iter_rows(named=True):
            typer.echo(f"Left as it was: {row['value']}; {row['expected']}")
        for row in changes.moved.iter_rows(named=True):
            typer.echo(f"No longer instrument {_line(row)}: materialize bars of these sessions.")


@app.command("import-membership")
def import_membership(
    file: Annotated[Path, typer.Argument(help="CSV file, see docs/instruments.md.")],
) -> None:
    """Keep who was in an index from when to when."""
    from quantmatrix_pipelines.clock import utc_now
    from quantmatrix_pipelines.defs.universe import index_membership

    with installation() as here:
        done = index_membership.import_file(here.database, file, at=utc_now(), today=_date(None))
        kept = done.kept
        counts = {
            "added": kept.added,
            "ended": kept.ended,
            "contradicted": kept.contradicted.height,
            "findings": done.findings.height,
        }
        _told(here, file, counts)
        for row in kept.contradicted.iter_rows(named=True):
            typer.echo(
                f"Left as it was: instrument {row['instrument_id']} in {row['index']} from"
                f" {row['valid_from']} until {row['valid_to'] or 'now'}"
            )
        names = sorted({one or "?" for one in done.findings.get_column("symbol")})
        if names:
            typer.echo(f"Not kept, see `quantmatrix findings list`: {', '.join(names)}")


@app.command("import-sectors")
def import_sectors(
    file: Annotated[Path, typer.Argument(help="CSV file, see docs/instruments.md.")],
) -> None:
    """Keep which sector instruments are in, from when to when."""
    from quantmatrix_pipelines.defs.universe import sectors

    with installation() as here:
        done = sectors.import_file(here.database, file, today=_date(None))
        _told(here, file, {"added": done.added, "findings": done.findings.height})
        names = sorted({one or "?" for one in done.findings.get_column("symbol")})
        if names:
            typer.echo(f"Not kept, see `quantmatrix findings list`: {', '.join(names)}")


def _told(here: Installation, file: Path, counts: dict[str, Any]) -> None:
    """Writes an import down, and says what came of it."""
    from quantmatrix_pipelines.stores import trail

    trail.imported(here.database, here.trail(), "instruments", file=file.name, **counts)
    typer.echo(f"{file.name}: " + ", ".join(f"{n:,} {what}" for what, n in counts.items()))


def _line(row: dict[str, Any]) -> str:
    ends = f"until {row['valid_to']}" if row["valid_to"] else "on"
    about = "  ".join(str(row[one]) for one in ("kind", "currency", "name") if row.get(one))
    return (
        f"{row['instrument_id']:>6}  {row['symbol']:<8} {row['exchange']}"
        f"  from {row['valid_from']} {ends}  {about}"
    ).rstrip()


def _date(on: dt.datetime | None) -> dt.date:
    from quantmatrix_engine import calendars
    from quantmatrix_pipelines.clock import utc_now

    return calendars.last_closed_session(utc_now()) if on is None else on.date()


def _require_currency(code: str) -> None:
    from quantmatrix_engine.errors import SettingsError

    if len(code) != 3 or not code.isalnum() or code != code.upper():
        raise SettingsError(f"{code!r} should be an ISO 4217 code, such as USD.")
