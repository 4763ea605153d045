"""The catalogue of instruments."""

import datetime as dt
from collections.abc import Sequence

import dagster as dg
import polars as pl

from quantmatrix_adapters.listings.registers import Register
from quantmatrix_adapters.providers.base import ListingProvider, Provider
from quantmatrix_engine import calendars
from quantmatrix_engine.contracts import quarantine
from quantmatrix_engine.contracts.instruments import Instruments, Listing
from quantmatrix_engine.prices.symbol_history import SPELL_SCHEMA
from quantmatrix_models.database import Database
from quantmatrix_pipelines import catalog, checks
from quantmatrix_pipelines.clock import Clock
from quantmatrix_pipelines.defs.universe import register, symbol_history
from quantmatrix_pipelines.retries import retried
from quantmatrix_pipelines.settings import Settings
from quantmatrix_pipelines.stores import instruments as store
from quantmatrix_pipelines.stores import market_data


@dg.asset(
    group_name="universe",
    owners=[catalog.DATA_TEAM],
    kinds={"postgres"},
    metadata=catalog.described(Instruments, table="quantmatrix.public.instrument_symbols"),
    check_specs=[
        dg.AssetCheckSpec(
            "contract",
            asset="instruments",
            blocking=True,
            description="The provider's listing has symbol, exchange, currency and kind.",
        )
    ],
)
@retried
def instruments(
    feed: dg.ResourceParam[Provider],
    registers: dg.ResourceParam[Sequence[Register]],
    database: dg.ResourceParam[Database],
    settings: dg.ResourceParam[Settings],
    clock: dg.ResourceParam[Clock],
) -> dg.MaterializeResult:
    """Every instrument the feed lists, under an id that outlives its symbols.

    A listing adds what is new; a file of symbol histories and registers of issuers say who was
    called what: no instrument is ever removed or given another id. A row that breaks its contract
    is a finding. Sessions on which a symbol turns out to have meant another instrument are in the
    metadata: materialize `bars` of those again.
    """
    listed = _listed(feed, store.catalogue(database))
    listing = quarantine.part(Listing, listed, provider=feed.name, key=("symbol", "exchange"))
    market_data.record_findings(database, listing.findings)
    added = store.record(database, listing.good)
    seen_on = calendars.last_closed_session(clock())
    moved = [_moved(database, settings, seen_on)]
    moved += [register.read(database, one, seen_on=seen_on).changes.moved for one in registers]
    known = store.catalogue(database)
    return dg.MaterializeResult(
        metadata=catalog.rows(
            known.height,
            added=added,
            sample=catalog.table(known),
            moved=catalog.table(pl.concat(moved)),
        ),
        check_results=[
            checks.result(
                "contract",
                listing.findings,
                is_error=listing.good.is_empty(),
                description=f"{listing.good.height:,} symbols listed.",
            )
        ],
    )


def _listed(feed: Provider, known: pl.DataFrame) -> pl.DataFrame:
    """Gives the feed's listing, with what it says, when asked, of symbols nobody has yet."""
    listed = feed.listing()
    held = known.filter(pl.col("valid_to").is_null())
    new = listed.join(held, on="symbol", how="anti").get_column("symbol").to_list()
    if not new or not isinstance(feed, ListingProvider):
        return listed
    said = feed.listing_of(new)
    return pl.concat([said, listed.join(said, on="symbol", how="anti")]).sort("symbol")


def _moved(database: Database, settings: Settings, seen_on: dt.date) -> pl.DataFrame:
    """Works in the file of symbol histories, if there is one; gives what moved by it."""
    if settings.symbol_history is None:
        return pl.DataFrame(schema=SPELL_SCHEMA)
    return symbol_history.import_file(
        database, settings.symbol_history, seen_on=seen_on
    ).changes.moved
