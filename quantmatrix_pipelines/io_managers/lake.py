"""Frames of sessions from the lake."""

from typing import Any

import dagster as dg
import polars as pl

from quantmatrix_engine import calendars
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.partitions import sessions_in

_LOOK_BACK = "lake/look_back"


def look_back(sessions: int) -> dict[str, Any]:
    """Gives the input metadata that asks for so many sessions before the first one."""
    return {_LOOK_BACK: sessions}


@dg.input_manager(
    required_resource_keys={"lake"}, description="Rows of the lake as of a run's last session."
)
def lake_input(context: dg.InputContext) -> pl.DataFrame:
    """Gives the rows of the upstream asset, which end with the last session of the run.

    Nothing later can be seen. They begin with the first session, or earlier where the input's
    metadata asks for a look-back.
    """
    sessions = sessions_in(context.asset_partition_keys)
    earlier: int = (context.definition_metadata or {}).get(_LOOK_BACK, 0)
    first = calendars.sessions_before(sessions[0], earlier)
    lake: Lake = context.resources.lake
    return lake.read(context.asset_key.path[-1], first=first, last=sessions[-1])
