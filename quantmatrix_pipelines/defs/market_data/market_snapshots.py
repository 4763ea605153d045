"""The asset of the newest state of each instrument."""

import datetime as dt
from typing import Any

import dagster as dg
import polars as pl

from quantmatrix_adapters.providers.base import Provider, names_of
from quantmatrix_engine.contracts import gate, quarantine
from quantmatrix_engine.contracts.market_snapshots import MarketSnapshots
from quantmatrix_engine.prices import adjustment
from quantmatrix_engine.prices.priority import preferred
from quantmatrix_engine.strategies.newest_state import newest_states
from quantmatrix_models.database import Database
from quantmatrix_pipelines import catalog, checks
from quantmatrix_pipelines.clock import Clock
from quantmatrix_pipelines.home import Window
from quantmatrix_pipelines.io_managers.lake import look_back
from quantmatrix_pipelines.partitions import shared_partitions
from quantmatrix_pipelines.retries import retried
from quantmatrix_pipelines.stores import corporate_actions as action_store
from quantmatrix_pipelines.stores import market_data
from quantmatrix_pipelines.stores import market_snapshots as store


def asset(window: Window) -> dg.AssetsDefinition:
    """Gives the asset over the sessions of `window`."""
    in_lake: Any = {"input_manager_key": "lake_io_manager"}

    @dg.asset(
        group_name="market_data",
        owners=[catalog.DATA_TEAM],
        kinds={"postgres"},
        partitions_def=shared_partitions(window),
        backfill_policy=dg.BackfillPolicy.single_run(),
        ins={
            "bars": dg.AssetIn(metadata=look_back(1), **in_lake),
            "indicators": dg.AssetIn(**in_lake),
        },
        metadata=catalog.described(MarketSnapshots, table="quantmatrix.public.market_snapshots"),
        check_specs=[
            checks.contract("market_snapshots", "One state an instrument, scores within bounds.")
        ],
    )
    @retried
    def market_snapshots(
        bars: pl.DataFrame,
        indicators: pl.DataFrame,
        feed: dg.ResourceParam[Provider],
        database: dg.ResourceParam[Database],
        clock: dg.ResourceParam[Clock],
    ) -> dg.MaterializeResult:
        """The newest state of each instrument: last bar, indicators, score, class of risk.

        Lists, searches and digests read it. A session earlier than what is there changes nothing.
        """
        now: dt.datetime = clock()
        actions = adjustment.known_by(action_store.price_actions(database), now)
        states = newest_states(preferred(bars, names_of(feed)), indicators, actions)
        split = gate.apply(MarketSnapshots, states)
        refused = quarantine.findings(
            MarketSnapshots,
            states,
            split.failures,
            provider=feed.name,
            key=("instrument_id", "session"),
        )
        market_data.record_findings(database, refused)
        written = store.bring_up_to_date(database, split.good, at=now)
        return dg.MaterializeResult(
            metadata=catalog.rows(
                store.count(database),
                written=written,
                sample=catalog.table(split.good.drop("indicators")),
            ),
            check_results=[
                checks.result(
                    "contract",
                    refused,
                    is_error=checks.is_systemic(split.failing_rows, states.height),
                    description=f"{states.height:,} states, {split.failing_rows:,} left out.",
                )
            ],
        )

    return market_snapshots
