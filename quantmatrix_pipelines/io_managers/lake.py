"""Frames of sessions to and from the lake."""

import datetime as dt
from typing import Any

import dagster as dg
import polars as pl

from quantmatrix_engine import calendars
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.partitions import sessions_in

APPENDS = {"lake/write": "append"}
"""Definition metadata of an asset whose rows are only added to."""

ALL_HISTORY = {"lake/look_back": "all"}
"""Input metadata that asks for every earlier session too."""


def look_back(sessions: int) -> dict[str, Any]:
    """Gives the input metadata that asks for so many sessions before the first one."""
    return {"lake/look_back": sessions}


class LakeIOManager(dg.IOManager):
    """Keeps an asset in the table of its own name.

    What is written replaces the sessions of the run, or adds to them where the asset's metadata
    says so. What is read ends with the last session of the run: nothing later can be seen.
    """

    def __init__(self, lake: Lake) -> None:
        self._lake = lake

    def handle_output(self, context: dg.OutputContext, obj: pl.DataFrame) -> None:
        """Writes the frame of the run's sessions, and tells how many rows the table has now."""
        table = context.asset_key.path[-1]
        if "lake/write" in (context.definition_metadata or {}):
            self._lake.append(table, obj)
        else:
            sessions = sessions_in(context.asset_partition_keys)
            self._lake.replace(table, obj, first=sessions[0], last=sessions[-1])
        context.add_output_metadata({"dagster/row_count": self._lake.rows(table)})

    def load_input(self, context: dg.InputContext) -> pl.DataFrame:
        """Reads the upstream frame as of the run's last session."""
        sessions = sessions_in(context.asset_partition_keys)
        first = _begins(sessions[0], (context.definition_metadata or {}).get("lake/look_back", 0))
        return self._lake.read(context.asset_key.path[-1], first=first, last=sessions[-1])


def _begins(first: dt.date, look_back_sessions: int | str) -> dt.date | None:
    if isinstance(look_back_sessions, str):
        return None
    return calendars.sessions_before(first, look_back_sessions)


@dg.io_manager(required_resource_keys={"lake"}, description="Delta tables of the long series.")
def lake_io_manager(context: dg.InitResourceContext) -> LakeIOManager:
    """Gives the IO manager over the lake of the run."""
    return LakeIOManager(context.resources.lake)
