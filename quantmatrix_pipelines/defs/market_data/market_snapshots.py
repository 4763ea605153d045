"""The asset of the newest state of each instrument."""

import datetime as dt

import dagster as dg

from quantmatrix_adapters.providers.base import Provider, names_of
from quantmatrix_engine import calendars
from quantmatrix_engine.contracts import quarantine
from quantmatrix_engine.contracts.market_snapshots import MarketSnapshots
from quantmatrix_engine.prices import adjustment
from quantmatrix_engine.prices.priority import preferred
from quantmatrix_engine.strategies.newest_state import newest_states
from quantmatrix_models.database import Database
from quantmatrix_pipelines import catalog, checks
from quantmatrix_pipelines.clock import Clock
from quantmatrix_pipelines.home import Window
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.partitions import sessions_in, shared_partitions
from quantmatrix_pipelines.retries import retried
from quantmatrix_pipelines.stores import corporate_actions as action_store
from quantmatrix_pipelines.stores import market_data
from quantmatrix_pipelines.stores import market_snapshots as store


def asset(window: Window) -> dg.AssetsDefinition:
    """Gives the asset over the sessions of `window`."""

    @dg.asset(
        group_name="market_data",
        owners=[catalog.DATA_TEAM],
        kinds={"postgres"},
        partitions_def=shared_partitions(window),
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=["bars", "indicators"],
        metadata=catalog.described(MarketSnapshots, table="quantmatrix.public.market_snapshots"),
        check_specs=[
            checks.contract("market_snapshots", "One state an instrument, scores within bounds.")
        ],
    )
    @retried
    def market_snapshots(
        context: dg.AssetExecutionContext,
        feed: dg.ResourceParam[Provider],
        lake: dg.ResourceParam[Lake],
        database: dg.ResourceParam[Database],
        clock: dg.ResourceParam[Clock],
    ) -> dg.MaterializeResult:
        """The newest state of each instrument: last bar, indicators, score, class of risk.

        Lists, searches and digests read it. A session earlier than what is there changes nothing.
        """
        now: dt.datetime = clock()
        sessions = sessions_in(context.partition_keys)
        first, last = sessions[0], sessions[-1]
        before = calendars.sessions_before(first, 1)
        bars = lake.newest("bars", first=before, last=last, sessions=2)
        indicators = lake.newest("indicators", first=first, last=last)
        actions = adjustment.known_by(action_store.price_actions(database), now)
        states = newest_states(preferred(bars, names_of(feed)), indicators, actions)
        parted = quarantine.part(
            MarketSnapshots, states, provider=feed.name, key=("instrument_id", "session")
        )
        market_data.record_findings(database, parted.findings)
        written = store.bring_up_to_date(database, parted.good, at=now)
        return dg.MaterializeResult(
            metadata=catalog.rows(
                store.count(database),
                written=written,
                sample=catalog.table(parted.good.drop("indicators")),
            ),
            check_results=[
                checks.result(
                    "contract",
                    parted.findings,
                    is_error=checks.is_systemic(parted.bad_rows, states.height),
                    description=f"{states.height:,} states, {parted.bad_rows:,} left out.",
                )
            ],
        )

    return market_snapshots
