"""What the assets of the lake have in common."""

from collections.abc import Callable
from typing import Any

import dagster as dg

from quantmatrix_pipelines import catalog
from quantmatrix_pipelines.home import Window
from quantmatrix_pipelines.partitions import shared_partitions


def lake_asset(
    window: Window, *, pool: str = "lake", **own: Any
) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """Gives the decorator of an asset in the lake over the sessions of `window`.

    The asset writes its table itself, a stretch at a time (`stretches`): a run may have more
    sessions than memory holds. Runs of one pool wait for each other. `own` are arguments of
    `dagster.asset` that this asset has beside those of all.
    """
    decorate: Callable[[Callable[..., Any]], dg.AssetsDefinition] = dg.asset(
        group_name="market_data",
        owners=[catalog.DATA_TEAM],
        partitions_def=shared_partitions(window),
        backfill_policy=dg.BackfillPolicy.single_run(),
        kinds={"deltalake", "polars"},
        pool=pool,
        **own,
    )
    return decorate
