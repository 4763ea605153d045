"""What schedules and sensors have in common."""

from collections.abc import Mapping
from typing import TypeAlias

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

# What `dg.define_asset_job` gives; Dagster does not export its name.
AssetJob: TypeAlias = UnresolvedAssetJobDefinition

BACKFILL_TAG = "quantmatrix/backfill"
"""The tag of a run that `quantmatrix backfill` started: the name of the backfill."""

_BACKFILL_TAGS = (BACKFILL_TAG, "dagster/backfill")


def is_backfill(tags: Mapping[str, str]) -> bool:
    """Says whether a run with these tags is of a backfill: such a run tells nobody anything."""
    return any(tag in tags for tag in _BACKFILL_TAGS)


def backfill_of(run: dg.DagsterRun) -> str:
    """Gives the name of the backfill a run belongs to; a run launched again for one, the same."""
    named = [run.tags[tag] for tag in _BACKFILL_TAGS if tag in run.tags]
    return named[0] if named else run.root_run_id or run.run_id
