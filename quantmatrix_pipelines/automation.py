"""What schedules and sensors have in common."""

from typing import TypeAlias

from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

# What `dg.define_asset_job` gives; Dagster does not export its name.
AssetJob: TypeAlias = UnresolvedAssetJobDefinition

BACKFILL_TAG = "dagster/backfill"
"""The tag of a run that a backfill asked for: such a run tells nobody anything."""
