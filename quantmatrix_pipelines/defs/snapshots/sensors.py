"""After the signals of a session are there, its snapshot is published; and once more where its
intraday bars come later.
"""

import dagster as dg

from quantmatrix_pipelines.automation import AssetJob, is_backfill
from quantmatrix_pipelines.defs.signals.sensors import sessions_of
from quantmatrix_pipelines.partitions import range_tags

_SNAPSHOT = dg.AssetKey("snapshot")
_OF_A_BACKFILL = (
    "A backfill is not followed: backfill `weekly_indicators` and `snapshot`, too, if wanted."
)


def sensors(
    *, evaluation: AssetJob, intraday_data: AssetJob, job: AssetJob
) -> list[dg.SensorDefinition]:
    """Gives the sensors that follow `evaluation` and `intraday_data` with `job`."""

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
            return dg.SkipReason(_OF_A_BACKFILL)
        newest = str(sessions[-1])
        return dg.RunRequest(run_key=f"snapshot:{run.run_id}", tags=range_tags(newest, newest))

    @dg.run_status_sensor(
        run_status=dg.DagsterRunStatus.SUCCESS,
        monitored_jobs=[intraday_data],
        request_job=job,
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=10,
        description="Publishes the analysts' file of a session again, with the intraday bars that"
        " came after it. No file waits for them.",
    )
    def after_intraday_data(context: dg.RunStatusSensorContext) -> dg.RunRequest | dg.SkipReason:
        run = context.dagster_run
        sessions = sessions_of(run.tags)
        if is_backfill(run.tags) or not sessions:
            return dg.SkipReason(_OF_A_BACKFILL)
        newest = str(sessions[-1])
        tags = range_tags(newest, newest)
        # One that has begun may have read the lake before; one that has not will find them there.
        published = context.instance.get_runs(dg.RunsFilter(job_name=job.name, tags=tags))
        if not any(_makes_the_file(one) for one in published):
            return dg.SkipReason(f"The file of {newest} is still to be made, and will have them.")
        # The weeks are there from the first time.
        return dg.RunRequest(
            run_key=f"snapshot:{run.run_id}", tags=tags, asset_selection=[_SNAPSHOT]
        )

    return [after_evaluation, after_intraday_data]


def _makes_the_file(run: dg.DagsterRun) -> bool:
    return run.asset_selection is None or _SNAPSHOT in run.asset_selection
