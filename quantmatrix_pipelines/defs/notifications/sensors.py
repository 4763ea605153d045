"""Sees messages that are due and asks for a run that delivers them. It sends nothing itself."""

import dagster as dg

from quantmatrix_models.database import Database
from quantmatrix_pipelines.automation import AssetJob
from quantmatrix_pipelines.clock import Clock
from quantmatrix_pipelines.stores import outbox

_UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


def sensors(*, job: AssetJob) -> list[dg.SensorDefinition]:
    """Gives the sensor of the outbox."""

    @dg.sensor(
        job=job,
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=10,
        description="Requests a delivery run while notifications are due and none is under way.",
    )
    def due_notifications(
        context: dg.SensorEvaluationContext,
        database: dg.ResourceParam[Database],
        clock: dg.ResourceParam[Clock],
    ) -> dg.RunRequest | dg.SkipReason:
        under_way = context.instance.get_runs_count(
            dg.RunsFilter(job_name=job.name, statuses=_UNDER_WAY)
        )
        if under_way:
            return dg.SkipReason("A delivery run is under way.")
        waiting = outbox.due(database, clock())
        if not waiting:
            return dg.SkipReason("Nothing is due.")
        return dg.RunRequest(tags={"quantmatrix/due": str(waiting)})

    return [due_notifications]
