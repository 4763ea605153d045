"""Assembles the code location: assets, jobs, schedules, sensors, resources.

Importing this does nothing; `defs` is called by Dagster when it loads the location.
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from quantmatrix_pipelines import compiled, home
from quantmatrix_pipelines.automation import AssetJob
from quantmatrix_pipelines.defs.market_data import assets as market_data
from quantmatrix_pipelines.defs.market_data import schedules as market_data_schedules
from quantmatrix_pipelines.defs.market_data import sensors as market_data_sensors
from quantmatrix_pipelines.defs.notifications import assets as notifications
from quantmatrix_pipelines.defs.notifications import sensors as notification_sensors
from quantmatrix_pipelines.defs.signals import assets as signals
from quantmatrix_pipelines.defs.signals import sensors as signal_sensors
from quantmatrix_pipelines.defs.snapshots import assets as snapshots
from quantmatrix_pipelines.defs.snapshots import sensors as snapshot_sensors
from quantmatrix_pipelines.defs.universe.assets import instruments
from quantmatrix_pipelines.resources import resources
from quantmatrix_pipelines.settings import Settings, read_settings


def build_definitions(
    settings: Settings, *, overrides: Mapping[str, Any] | None = None
) -> dg.Definitions:
    """Gives the whole code location; `overrides` replace resources by name, for tests."""
    compiled.keep_in(settings.kernels)
    window = home.read_window(settings.home)
    jobs = _jobs()
    return dg.Definitions(
        assets=[
            instruments,
            *market_data.assets(window),
            *signals.assets(window),
            *notifications.assets(window),
            *snapshots.assets(window),
        ],
        jobs=list(jobs.values()),
        schedules=market_data_schedules.schedules(
            window,
            market_data=jobs["market_data"],
            company_data=jobs["company_data"],
            intraday_data=jobs["intraday_data"],
            has_intraday=bool(settings.intraday_names),
        ),
        sensors=[
            *market_data_sensors.sensors(window),
            *signal_sensors.sensors(
                window, market_data=jobs["market_data"], job=jobs["evaluation"]
            ),
            *notification_sensors.sensors(job=jobs["delivery"]),
            *snapshot_sensors.sensors(
                evaluation=jobs["evaluation"],
                intraday_data=jobs["intraday_data"],
                job=jobs["publication"],
            ),
        ],
        resources={**resources(settings), **(overrides or {})},
        executor=dg.in_process_executor,
    )


def _jobs() -> dict[str, AssetJob]:
    def job(name: str, *assets: str, description: str) -> AssetJob:
        return dg.define_asset_job(
            name, selection=dg.AssetSelection.assets(*assets), description=description
        )

    return {
        "market_data": job(
            "market_data",
            "instruments",
            "raw_bars",
            "corporate_actions",
            "bars",
            "indicators",
            "market_snapshots",
            description="A session's bars and indicators. The schedule starts it.",
        ),
        "company_data": job(
            "company_data",
            "fundamentals",
            description="A session's fundamentals, on a schedule of their own. Nothing follows.",
        ),
        "intraday_data": job(
            "intraday_data",
            "intraday_bars",
            "intraday_indicators",
            description="A session's intraday bars and their indicators, on a schedule of their"
            " own. Its file follows.",
        ),
        "evaluation": job(
            "evaluation",
            "signals",
            "signal_outcomes",
            "notifications",
            description="A session's signals, outcomes of earlier ones, messages, all cohorts."
            " Follows market_data.",
        ),
        "delivery": job(
            "delivery",
            "deliveries",
            description="Sends what is due. The outbox sensor starts it.",
        ),
        "publication": job(
            "publication",
            "weekly_indicators",
            "snapshot",
            description="What analysts read: the indicators of a week that is over, and the file of"
            " a session. Follows evaluation and intraday_data.",
        ),
    }


@dg.definitions
def defs() -> dg.Definitions:
    """Gives the code location of this installation, from the environment."""
    return build_definitions(read_settings())
