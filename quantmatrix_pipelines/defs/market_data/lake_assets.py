"""What the assets of the lake have in common."""

from collections.abc import Callable
from typing import Any

import dagster as dg

from quantmatrix_pipelines import catalog
from quantmatrix_pipelines.home import Window
from quantmatrix_pipelines.partitions import shared_partitions


def lake_asset(window: Window, **own: Any) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """Gives the decorator of an asset in the lake over the sessions of `window`.

    `own` are arguments of `dagster.asset` that this asset has beside those of all.
    """
    decorate: Callable[[Callable[..., Any]], dg.AssetsDefinition] = dg.asset(
        group_name="market_data",
        owners=[catalog.DATA_TEAM],
        partitions_def=shared_partitions(window),
        backfill_policy=dg.BackfillPolicy.single_run(),
        io_manager_key="lake_io_manager",
        kinds={"deltalake", "polars"},
        pool="lake",
        # A result with checks beside its value would otherwise be taken to have no value.
        dagster_type=dg.Any,
        **own,
    )
    return decorate
