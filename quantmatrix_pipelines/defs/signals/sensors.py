"""After market data of a session is there, its signals are evaluated."""

import datetime as dt
from collections.abc import Mapping

import dagster as dg

from quantmatrix_engine import calendars
from quantmatrix_pipelines.automation import AssetJob, is_backfill
from quantmatrix_pipelines.home import Window
from quantmatrix_pipelines.partitions import user_range_tags


def sessions_of(tags: Mapping[str, str]) -> list[dt.date]:
    """Gives the sessions a run was asked for, from its partition or partition range tags."""
    first = tags.get("dagster/asset_partition_range_start", tags.get("dagster/partition", ""))
    last = tags.get("dagster/asset_partition_range_end", first)
    if not first:
        return []
    begins, ends = (dt.date.fromisoformat(key.split("|")[0]) for key in (first, last))
    return calendars.sessions(begins, ends)


def sensors(
    window: Window,
    *,
    market_data: AssetJob,
    job: AssetJob,
) -> list[dg.SensorDefinition]:
    """Gives the sensor that follows `market_data` with `job`, for all cohorts."""

    @dg.run_status_sensor(
        run_status=dg.DagsterRunStatus.SUCCESS,
        monitored_jobs=[market_data],
        request_job=job,
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=10,
        description="Evaluates strategies once the market data of a session is there.",
    )
    def after_market_data(
        context: dg.RunStatusSensorContext,
    ) -> dg.RunRequest | dg.SkipReason:
        run = context.dagster_run
        sessions = [one for one in sessions_of(run.tags) if one >= window.first_for_users]
        if is_backfill(run.tags):
            return dg.SkipReason("A backfill is not followed: backfill `signals` too if wanted.")
        if not sessions:
            return dg.SkipReason(f"Users' sessions begin at {window.first_for_users}.")
        return dg.RunRequest(run_key=f"signals:{run.run_id}", tags=user_range_tags(sessions))

    return [after_market_data]
