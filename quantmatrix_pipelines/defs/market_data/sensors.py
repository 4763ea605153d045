"""Sees that a session's bars are not there though they should be, and tells the administrators."""

import datetime as dt

import dagster as dg

from quantmatrix_adapters.providers.base import Provider, names_of
from quantmatrix_engine import calendars
from quantmatrix_engine.notifications.compose import FOOTER
from quantmatrix_engine.notifications.message import Message
from quantmatrix_models.database import Database
from quantmatrix_pipelines.clock import Clock
from quantmatrix_pipelines.home import Window
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.stores import outbox

EXPECTED_WITHIN = dt.timedelta(hours=8)
"""So long after its close a session's bars are expected; the schedule asks for them three to six
hours after it."""


def sensors(window: Window) -> list[dg.SensorDefinition]:
    """Gives the sensor of stale market data."""

    @dg.sensor(
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=300,
        description="Tells the administrators, once a session, that its bars are not there.",
    )
    def stale_market_data(
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
        if newest is not None and newest >= expected:
            return dg.SkipReason(f"Bars of {expected} are there.")
        message = _message(expected, newest)
        told = outbox.put_status(database, message, at=now)
        whom = f"administrators told: {told}" if told else "there is no administrator to tell"
        return dg.SkipReason(f"{message.headline}; {whom}.")

    return [stale_market_data]


def _message(expected: dt.date, newest: dt.date | None) -> Message:
    if newest is None:
        behind = "There are no bars at all."
    else:
        sessions = len(calendars.sessions(newest, expected)) - 1
        behind = f"The newest are of {newest}: {sessions} behind, counted in sessions."
    return Message(
        headline=f"No bars of {expected}",
        session=expected,
        items=(),
        also=(),
        notes=(
            behind,
            "No signals of the session were made. See the runs of market_data in the Dagster UI"
            " and the table provider_fetches; run it again for the session once its cause is gone.",
        ),
        footer=FOOTER,
    )
