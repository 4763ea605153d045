"""`quantmatrix chart`: a picture of an instrument."""

import datetime as dt
from pathlib import Path
from typing import Annotated, Literal

import typer

from quantmatrix_pipelines.cli.session import installation


def chart(
    symbol: Annotated[str, typer.Argument(help="The symbol, as the exchange writes it.")],
    on: Annotated[
        dt.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="As of this date; else the newest session."),
    ] = None,
    sessions: Annotated[
        int, typer.Option(min=20, max=2_000, help="How many sessions it shows.")
    ] = 150,
    user: Annotated[str | None, typer.Option(help="Mark what this user's strategies said.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="File to write, .png or .svg; else SYMBOL_DATE.png here.")
    ] = None,
) -> None:
    """Draw bars, averages, bands, RSI and the distance from SMA50, with signals marked."""
    import polars as pl

    from quantmatrix_adapters.providers.base import names_of
    from quantmatrix_engine.errors import SettingsError
    from quantmatrix_engine.prices import adjustment
    from quantmatrix_engine.prices.priority import preferred
    from quantmatrix_pipelines import charts
    from quantmatrix_pipelines.clock import utc_now
    from quantmatrix_pipelines.lake import Lake
    from quantmatrix_pipelines.resources import feed_of
    from quantmatrix_pipelines.stores import (
        corporate_actions,
        evaluations,
        instrument_edits,
        instruments,
        users,
    )

    file_format = _format_of(out)
    with installation() as here:
        lake = Lake(str(here.settings.lake))
        held = lake.sessions("bars")
        if held is None:
            raise SettingsError("There are no bars yet; `quantmatrix up` loads them.")
        session = held[1] if on is None else on.date()
        known = instruments.catalogue(here.database)
        instrument_id = instrument_edits.spell_of(known, symbol, session)["instrument_id"]
        mine = pl.col("instrument_id") == instrument_id
        actions = corporate_actions.price_actions(here.database).filter(mine)
        said = charts.NO_SIGNALS
        if user is not None:
            user_id = users.named(here.database, user).id
            said = evaluations.said_of(here.database, instrument_id, user_id=user_id)
        bars = lake.read("bars", last=session).filter(mine)
        drawn = charts.charted(
            preferred(bars, names_of(feed_of(here.settings, here.database))),
            adjustment.known_by(actions, utc_now()),
            said,
            name=symbol,
            session=session,
            sessions=sessions,
        )
    target = out or Path(f"{symbol}_{session}.png")
    try:
        target.write_bytes(drawn.drawn(file_format))
    except OSError as error:
        raise SettingsError(f"{target} cannot be written: {error.strerror}.") from error
    typer.echo(f"{drawn.title}: {target}")


def _format_of(out: Path | None) -> Literal["png", "svg"]:
    from quantmatrix_engine.errors import SettingsError

    if out is None or out.suffix == ".png":
        return "png"
    if out.suffix == ".svg":
        return "svg"
    raise SettingsError(
        f"{out} ends in {out.suffix or 'nothing'!r}; it should end in .png or .svg."
    )
