"""Sees that bars of a session are not there though they should be, and tells the administrators."""

import datetime as dt

import dagster as dg

from quantmatrix_adapters.providers.base import Provider, names_of
from quantmatrix_engine import calendars
from quantmatrix_engine.notifications import status
from quantmatrix_engine.notifications.message import Message
from quantmatrix_models.database import Database
from quantmatrix_pipelines.clock import Clock
from quantmatrix_pipelines.defs.market_data import freshness
from quantmatrix_pipelines.home import Window
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.stores import instruments, system_status
from quantmatrix_pipelines.stores.system_status import StatusPart

EXPECTED_WITHIN = dt.timedelta(hours=8)
"""So long after its close a session's bars are expected; the schedule asks for them three to six
hours after it."""


def sensors(window: Window) -> list[dg.SensorDefinition]:
    """Gives the sensor of stale market data."""

    @dg.sensor(
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=300,
        description="Tells the administrators, once a session, that its bars are not there, or"
        " that those of single instruments are not.",
    )
    def stale_market_data(
        context: dg.SensorEvaluationContext,
        feed: dg.ResourceParam[Provider],
        lake: dg.ResourceParam[Lake],
        database: dg.ResourceParam[Database],
        clock: dg.ResourceParam[Clock],
    ) -> dg.SkipReason:
        now = clock()
        expected = calendars.last_closed_session(now - EXPECTED_WITHIN)
        if window.last is not None and expected > window.last:
            return dg.SkipReason(f"The feed ended on {window.last}.")
        newest = lake.newest_session("bars", names_of(feed))
        if newest is None or newest < expected:
            message = status.no_bars(expected, newest)
            return _told(database, message, StatusPart.SESSION_MISSING, at=now)
        # Looked at once a session: what comes after that is a later delivery.
        if context.cursor == str(expected):
            return dg.SkipReason(f"Bars of {expected} are there.")
        late = freshness.behind(lake, instruments.catalogue(database), expected)
        context.update_cursor(str(expected))
        if late.is_empty():
            return dg.SkipReason(f"Bars of {expected} are there, of every instrument.")
        message = status.instruments_behind(expected, late.get_column("symbol").to_list())
        return _told(database, message, StatusPart.INSTRUMENTS_MISSING, at=now)

    return [stale_market_data]


def _told(
    database: Database, message: Message, part: StatusPart, *, at: dt.datetime
) -> dg.SkipReason:
    told = system_status.put(database, message, part, at=at)
    whom = f"administrators told: {told}" if told else "there is no administrator to tell"
    return dg.SkipReason(f"{message.headline}; {whom}.")
