"""The catalogue of instruments."""

import dagster as dg

from quantmatrix_adapters.providers.base import Provider
from quantmatrix_engine.contracts import gate
from quantmatrix_engine.contracts.instruments import Instruments, Listing
from quantmatrix_models.database import Database
from quantmatrix_pipelines import catalog, checks
from quantmatrix_pipelines.stores import instruments as store


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
def instruments(
    feed: dg.ResourceParam[Provider], database: dg.ResourceParam[Database]
) -> dg.MaterializeResult:
    """Every instrument the feed lists, under an id that outlives its symbols.

    A listing adds what is new; nothing is ever removed or given another id.
    """
    listing = gate.apply(Listing, feed.listing())
    added = store.record(database, listing.good)
    known = store.catalogue(database)
    return dg.MaterializeResult(
        metadata=catalog.rows(known.height, added=added, sample=catalog.table(known)),
        check_results=[
            checks.result(
                "contract",
                listing.failures,
                is_error=listing.good.is_empty(),
                description=f"{listing.good.height:,} symbols listed.",
            )
        ],
    )
