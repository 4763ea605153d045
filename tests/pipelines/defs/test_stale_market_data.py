import datetime as dt
from pathlib import Path

import dagster as dg
import pytest
from pipelines.rows import TRAIL, bars
from sqlalchemy import text

from quantmatrix_adapters.providers.sample import SampleProvider
from quantmatrix_models.database import Database
from quantmatrix_models.privileges import Role
from quantmatrix_models.users import UserRole
from quantmatrix_pipelines.defs.market_data.sensors import sensors
from quantmatrix_pipelines.home import Window
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.stores import users

# Thanksgiving week of 2026: Thursday is no session, Friday closes at 18:00 UTC.
WEDNESDAY, FRIDAY, MONDAY = (dt.date(2026, 11, day) for day in (25, 27, 30))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    kept = Lake(str(tmp_path / "lake"))
    kept.append("bars", bars((1, WEDNESDAY, 10.0)))
    return kept


def look(database: Database, lake: Lake, at: dt.datetime, window: Window | None = None) -> str:
    (sensor,) = sensors(window or Window())
    given = {"feed": SampleProvider(), "lake": lake, "database": database, "clock": lambda: at}
    made = {name: dg.ResourceDefinition.hardcoded_resource(one) for name, one in given.items()}
    with dg.build_sensor_context(resources=made) as context:
        answer = sensor(context)
    assert isinstance(answer, dg.SkipReason)
    return str(answer.skip_message)


def told(database: Database) -> list[tuple[str, str, str, str]]:
    asked = text(
        "SELECT u.name, n.channel, n.kind, n.message ->> 'headline' FROM notifications n"
        " JOIN users u ON u.id = n.user_id ORDER BY n.id"
    )
    with database.transaction(Role.PIPELINE) as connection:
        return [tuple(row) for row in connection.execute(asked)]


def utc(day: int, hour: int) -> dt.datetime:
    return dt.datetime(2026, 11, day, hour, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "at",
    [
        # Thanksgiving itself, and Friday until eight hours after its early close.
        *(utc(26, 12), utc(26, 23), utc(27, 12), utc(27, 19)),
        utc(28, 1),
    ],
)
def test_nothing_is_stale_on_a_holiday_or_soon_after_a_half_day(database, lake, at):
    assert look(database, lake, at) == f"Bars of {WEDNESDAY} are there."
    assert told(database) == []


def test_administrators_alone_are_told_once_a_session(database, lake):
    users.add(database, "ada", role=UserRole.ADMIN, trail=TRAIL)
    users.add(database, "ben", trail=TRAIL)
    weekend = [utc(28, 3), utc(29, 12), dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)]
    for at in weekend:
        assert look(database, lake, at) == f"No bars of {FRIDAY}; administrators told: 1."
    friday = ("ada", "system_status", "system_status", f"No bars of {FRIDAY}")
    assert told(database) == [friday]
    look(database, lake, dt.datetime(2026, 12, 1, 6, tzinfo=dt.UTC))
    assert told(database) == [friday, (*friday[:3], f"No bars of {MONDAY}")]


def test_the_message_says_how_far_behind_the_bars_are(database, lake):
    users.add(database, "ada", role=UserRole.ADMIN, trail=TRAIL)
    look(database, lake, dt.datetime(2026, 12, 1, 6, tzinfo=dt.UTC))
    with database.transaction(Role.PIPELINE) as connection:
        asked = text("SELECT message -> 'notes' ->> 0 FROM notifications")
        assert connection.execute(asked).scalar_one() == (
            f"The newest are of {WEDNESDAY}: 2 behind, counted in sessions."
        )


def test_with_nobody_to_tell_the_sensor_says_so(database, lake):
    assert "no administrator to tell" in look(database, lake, utc(28, 3))


def test_a_feed_that_ended_is_not_stale(database, lake):
    ended = Window(last=WEDNESDAY)
    assert look(database, lake, utc(28, 3), ended) == f"The feed ended on {WEDNESDAY}."
