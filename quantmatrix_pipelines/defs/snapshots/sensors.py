"""After the signals of a session are there, its snapshot is published."""

import dagster as dg

from quantmatrix_pipelines.automation import AssetJob, is_backfill
from quantmatrix_pipelines.defs.signals.sensors import sessions_of
from quantmatrix_pipelines.partitions import range_tags


def sensors(*, evaluation: AssetJob, job: AssetJob) -> list[dg.SensorDefinition]:
    """Gives the sensor that follows `evaluation` with `job`."""

    @dg.run_status_sensor(
        run_status=dg.DagsterRunStatus.SUCCESS,
        monitored_jobs=[evaluation],
        request_job=job,
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=10,
        description="Publishes the analysts' file once the signals of a session are there.",
    )
    def after_evaluation(context: dg.RunStatusSensorContext) -> dg.RunRequest | dg.SkipReason:
        run = context.dagster_run
        sessions = sessions_of(run.tags)
        if is_backfill(run.tags) or not sessions:
            return dg.SkipReason("A backfill is not followed: backfill `snapshot` too if wanted.")
        newest = str(sessions[-1])
        return dg.RunRequest(run_key=f"snapshot:{run.run_id}", tags=range_tags(newest, newest))

    return [after_evaluation]
