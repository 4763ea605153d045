import datetime as dt
from pathlib import Path

import dagster as dg
import pytest
from pipelines.rows import TRAIL, bars, listing
from sqlalchemy import text

from quantmatrix_adapters.providers.sample import SampleProvider
from quantmatrix_models.database import Database
from quantmatrix_models.privileges import Role
from quantmatrix_models.users import UserRole
from quantmatrix_pipelines.defs.market_data.sensors import sensors
from quantmatrix_pipelines.home import Window
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.stores import instruments, users

# Thanksgiving week of 2026: Thursday is no session, Friday closes at 18:00 UTC.
WEDNESDAY, FRIDAY, MONDAY = (dt.date(2026, 11, day) for day in (25, 27, 30))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    kept = Lake(str(tmp_path / "lake"))
    kept.append("bars", bars((1, WEDNESDAY, 10.0)))
    return kept


def look(
    database: Database,
    lake: Lake,
    at: dt.datetime,
    window: Window | None = None,
    cursor: str | None = None,
) -> str:
    (sensor,) = sensors(window or Window())
    given = {"feed": SampleProvider(), "lake": lake, "database": database, "clock": lambda: at}
    made = {name: dg.ResourceDefinition.hardcoded_resource(one) for name, one in given.items()}
    with dg.build_sensor_context(resources=made, cursor=cursor) as context:
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
    assert look(database, lake, at) == f"Bars of {WEDNESDAY} are there, of every instrument."
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


# ------------------------------------------------------------------ both weekends of the clocks

# New York goes to summer time on Sunday 2026-03-08 and back on 2026-11-01: the Fridays before close
# at 21:00 and 20:00 UTC, the Mondays after at 20:00 and 21:00.
CLOCKS = [
    (dt.datetime(2026, 3, 6, 21, tzinfo=dt.UTC), dt.datetime(2026, 3, 9, 20, tzinfo=dt.UTC)),
    (dt.datetime(2026, 10, 30, 20, tzinfo=dt.UTC), dt.datetime(2026, 11, 2, 21, tzinfo=dt.UTC)),
]
MINUTE = dt.timedelta(minutes=1)
EIGHT_HOURS = dt.timedelta(hours=8)


@pytest.mark.parametrize(("friday", "monday"), CLOCKS, ids=["spring", "autumn"])
def test_on_the_monday_after_the_clocks_change_the_close_of_that_day_counts(
    database: Database, tmp_path: Path, friday: dt.datetime, monday: dt.datetime
):
    kept = Lake(str(tmp_path / "lake"))
    kept.append("bars", bars((1, friday.date() - dt.timedelta(days=1), 10.0)))
    late = f"No bars of {friday.date()}; there is no administrator to tell."
    assert "are there" in look(database, kept, friday + EIGHT_HOURS - MINUTE)
    assert look(database, kept, friday + EIGHT_HOURS) == late
    assert look(database, kept, monday + EIGHT_HOURS - MINUTE) == late

    kept.append("bars", bars((1, friday.date(), 10.0)))
    there = f"Bars of {friday.date()} are there, of every instrument."
    # Over the weekend, on Monday's open and after its close: Friday's are the newest to expect.
    for at in (friday + EIGHT_HOURS, monday - dt.timedelta(hours=30), monday):
        assert look(database, kept, at) == there
    assert look(database, kept, monday + EIGHT_HOURS - MINUTE) == there
    assert look(database, kept, monday + EIGHT_HOURS) == (
        f"No bars of {monday.date()}; there is no administrator to tell."
    )


@pytest.mark.parametrize(
    ("closes_at", "before"),
    [
        # The Tuesday after Memorial Day, and the half day after Thanksgiving.
        (dt.datetime(2026, 5, 26, 20, tzinfo=dt.UTC), dt.date(2026, 5, 22)),
        (dt.datetime(2026, 11, 27, 18, tzinfo=dt.UTC), WEDNESDAY),
    ],
    ids=["after a holiday", "a half day"],
)
def test_after_a_holiday_and_on_a_half_day_the_real_close_counts(
    database: Database, tmp_path: Path, closes_at: dt.datetime, before: dt.date
):
    kept = Lake(str(tmp_path / "lake"))
    kept.append("bars", bars((1, before, 10.0)))
    assert f"Bars of {before} are there" in look(database, kept, closes_at + EIGHT_HOURS - MINUTE)
    assert f"No bars of {closes_at.date()};" in look(database, kept, closes_at + EIGHT_HOURS)


# --------------------------------------------------------------------------- single instruments


def list_with_bars(database: Database, lake: Lake, count: int, without: int) -> None:
    """Lists instruments that all have a bar of Wednesday, and some none of Friday."""
    symbols = [f"A{number:02}" for number in range(count)]
    instruments.record(database, listing(*symbols))
    ids = sorted(instruments.catalogue(database).get_column("instrument_id"))
    lake.replace(
        "bars",
        bars(
            *((one, WEDNESDAY, 10.0) for one in ids),
            *((one, FRIDAY, 10.0) for one in ids[without:]),
        ),
        first=WEDNESDAY,
        last=FRIDAY,
    )


def test_instruments_without_a_bar_are_told_once_a_session_in_a_message_of_their_own(
    database, lake
):
    users.add(database, "ada", role=UserRole.ADMIN, trail=TRAIL)
    users.add(database, "ben", trail=TRAIL)
    look(database, lake, utc(28, 2))
    list_with_bars(database, lake, 14, without=12)
    headline = f"12 instruments have no bar of {FRIDAY}"
    for cursor in (None, str(WEDNESDAY)):
        said = look(database, lake, utc(28, 3), cursor=cursor)
        assert said == f"{headline}; administrators told: 1."
    assert look(database, lake, utc(28, 4), cursor=str(FRIDAY)) == f"Bars of {FRIDAY} are there."
    status = ("ada", "system_status", "system_status")
    assert told(database) == [(*status, f"No bars of {FRIDAY}"), (*status, headline)]
    with database.transaction(Role.PIPELINE) as connection:
        asked = text("SELECT message -> 'notes' ->> 0 FROM notifications ORDER BY id DESC LIMIT 1")
        note = connection.execute(asked).scalar_one()
    assert note.startswith("A00, A01, A02, A03, A04, A05, A06, A07, A08, A09 and 2 more, ")


def test_one_instrument_without_a_bar_is_named_and_none_are_not_told(database, lake):
    list_with_bars(database, lake, 2, without=1)
    assert look(database, lake, utc(28, 3)) == (
        f"1 instrument has no bar of {FRIDAY}; there is no administrator to tell."
    )
    list_with_bars(database, lake, 2, without=0)
    assert look(database, lake, utc(28, 3)) == f"Bars of {FRIDAY} are there, of every instrument."
