"""The catalogue of instruments."""

import dagster as dg

from quantmatrix_adapters.providers.base import Provider
from quantmatrix_engine.contracts import gate, quarantine
from quantmatrix_engine.contracts.instruments import Instruments, Listing
from quantmatrix_models.database import Database
from quantmatrix_pipelines import catalog, checks
from quantmatrix_pipelines.retries import retried
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
    feed: dg.ResourceParam[Provider], database: dg.ResourceParam[Database]
) -> dg.MaterializeResult:
    """Every instrument the feed lists, under an id that outlives its symbols.

    A listing adds what is new; nothing is ever removed or given another id. A row that breaks the
    contract is a finding.
    """
    listed = feed.listing()
    listing = gate.apply(Listing, listed)
    refused = quarantine.findings(
        Listing, listed, listing.failures, provider=feed.name, key=("symbol", "exchange")
    )
    market_data.record_findings(database, refused)
    added = store.record(database, listing.good)
    known = store.catalogue(database)
    return dg.MaterializeResult(
        metadata=catalog.rows(known.height, added=added, sample=catalog.table(known)),
        check_results=[
            checks.result(
                "contract",
                refused,
                is_error=listing.good.is_empty(),
                description=f"{listing.good.height:,} symbols listed.",
            )
        ],
    )
