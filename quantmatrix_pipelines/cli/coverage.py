"""`quantmatrix coverage`: what bars there are of each instrument, and how far behind it is."""

import datetime as dt
from typing import Annotated, Any

import typer

from quantmatrix_pipelines.cli.session import installation


def coverage(
    session: Annotated[
        dt.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="As of this session; else the newest with a bar."),
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, max=100_000, help="How many instruments, furthest behind first.")
    ] = 50,
) -> None:
    """Show for each instrument its first and last bar, gaps, and how many sessions it is behind."""
    from quantmatrix_engine import calendars
    from quantmatrix_engine.errors import SettingsError
    from quantmatrix_engine.prices import coverage as counted
    from quantmatrix_pipelines.lake import Lake
    from quantmatrix_pipelines.stores import instruments

    with installation() as here:
        lake = Lake(str(here.settings.lake))
        held = lake.sessions("bars")
        if held is None:
            raise SettingsError("There are no bars yet; `quantmatrix up` loads them.")
        asked = held[1] if session is None else session.date()
        if not calendars.is_session(asked):
            before = calendars.sessions(asked - dt.timedelta(days=10), asked)[-1]
            raise SettingsError(
                f"{asked} is no session of the exchange; the one before is {before}."
            )
        bars = lake.read("bars", last=asked, columns=["instrument_id", "session"])
        found = counted.coverage(bars, instruments.catalogue(here.database), asked)
        typer.echo(
            f"{asked}: {found.height:,} instruments listed, {counted.late(found).height:,} late."
        )
        for one in found.head(limit).iter_rows(named=True):
            typer.echo(in_words(one))


def in_words(one: dict[str, Any]) -> str:
    """Gives the coverage of an instrument as one line."""
    if one["last_session"] is None:
        return f"{one['symbol']}  no bar at all"
    age = "fresh" if one["sessions_behind"] == 0 else f"{one['sessions_behind']} sessions behind"
    return (
        f"{one['symbol']}  {age}  {one['first_session']} to {one['last_session']}"
        f"  {one['bars']:,} bars, {one['missing']:,} missing, {one['coverage_pct']:.1f} %"
    )
