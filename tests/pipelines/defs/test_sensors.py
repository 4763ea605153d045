import datetime as dt
import uuid
from collections.abc import Iterator

import dagster as dg
import pytest
from pipelines.rows import AT, add_user, post

from quantmatrix_models.database import Database
from quantmatrix_pipelines.defs.notifications import sensors as of_notifications
from quantmatrix_pipelines.defs.signals import sensors as of_signals
from quantmatrix_pipelines.defs.signals.sensors import sessions_of
from quantmatrix_pipelines.defs.snapshots import sensors as of_snapshots
from quantmatrix_pipelines.home import Window
from quantmatrix_pipelines.partitions import range_tags, user_range_tags

WEDNESDAY, FRIDAY = dt.date(2026, 11, 25), dt.date(2026, 11, 27)
BACKFILL = {"dagster/backfill": "abcdefgh"}


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


# ------------------------------------------------------------------------ due_notifications


def look(database: Database, instance: dg.DagsterInstance, at: dt.datetime = AT) -> object:
    (sensor,) = of_notifications.sensors(job=dg.define_asset_job("delivery"))
    clock = dg.ResourceDefinition.hardcoded_resource(lambda: at)
    resources = {"database": database, "clock": clock}
    with dg.build_sensor_context(instance=instance, resources=resources) as context:
        return sensor(context)


def start(instance: dg.DagsterInstance, job: str, status: dg.DagsterRunStatus) -> None:
    instance.add_run(dg.DagsterRun(job_name=job, run_id=str(uuid.uuid4()), status=status))


def test_nothing_due_asks_for_no_run(database: Database, instance: dg.DagsterInstance):
    post(database, add_user(database, "ada"))
    answer = look(database, instance, AT - dt.timedelta(seconds=1))
    assert isinstance(answer, dg.SkipReason)
    assert answer.skip_message == "Nothing is due."


def test_what_is_due_asks_for_a_run_and_is_not_touched(
    database: Database, instance: dg.DagsterInstance
):
    for name in ("ada", "ben"):
        post(database, add_user(database, name))
    for _ in range(2):
        answer = look(database, instance)
        assert isinstance(answer, dg.RunRequest)
        assert answer.tags == {"quantmatrix/due": "2"}
        # A key would keep a message that was postponed from ever being asked for again.
        assert answer.run_key is None


@pytest.mark.parametrize("status", ["NOT_STARTED", "STARTING", "STARTED"])
def test_while_a_delivery_is_under_way_no_other_is_asked_for(
    database: Database, instance: dg.DagsterInstance, status: str
):
    post(database, add_user(database, "ada"))
    start(instance, "delivery", dg.DagsterRunStatus[status])
    answer = look(database, instance)
    assert isinstance(answer, dg.SkipReason)
    assert answer.skip_message == "A delivery run is under way."


def test_a_delivery_that_ended_and_another_job_stand_in_nobodys_way(
    database: Database, instance: dg.DagsterInstance
):
    post(database, add_user(database, "ada"))
    start(instance, "delivery", dg.DagsterRunStatus.FAILURE)
    start(instance, "market_data", dg.DagsterRunStatus.STARTED)
    assert isinstance(look(database, instance), dg.RunRequest)


# ------------------------------------------------------------------------------ sessions_of


@pytest.mark.parametrize(
    ("tags", "sessions"),
    [
        ({}, []),
        ({"dagster/partition": "2026-11-25"}, [WEDNESDAY]),
        ({"dagster/partition": "2026-11-25|u07"}, [WEDNESDAY]),
        # Thanksgiving lies between the two.
        (range_tags("2026-11-25", "2026-11-27"), [WEDNESDAY, FRIDAY]),
        (user_range_tags([WEDNESDAY, FRIDAY]), [WEDNESDAY, FRIDAY]),
        ({"dagster/partition": "2026-11-26"}, []),
    ],
)
def test_the_sessions_of_a_run_are_read_from_its_tags(
    tags: dict[str, str], sessions: list[dt.date]
):
    assert sessions_of(tags) == sessions


# ------------------------------------------------------------------- after another job's run


def follow(
    sensor: dg.SensorDefinition, instance: dg.DagsterInstance, tags: dict[str, str]
) -> object:
    """Gives what the sensor answers to a run that has just succeeded with these tags."""

    @dg.op
    def nothing() -> None:
        return

    @dg.job(name="followed")
    def followed() -> None:
        nothing()

    result = followed.execute_in_process(instance=instance, tags=tags)
    context = dg.build_run_status_sensor_context(
        sensor_name=sensor.name,
        dagster_event=result.get_run_success_event(),
        dagster_instance=instance,
        dagster_run=result.dagster_run,
    )
    return sensor(context)


def after_market_data(window: Window = Window()) -> dg.SensorDefinition:  # noqa: B008
    job = dg.define_asset_job
    (sensor,) = of_signals.sensors(window, market_data=job("market_data"), job=job("evaluation"))
    return sensor


def of_publication() -> list[dg.SensorDefinition]:
    job = dg.define_asset_job
    return of_snapshots.sensors(
        evaluation=job("evaluation"), intraday_data=job("intraday_data"), job=job("publication")
    )


def after_evaluation() -> dg.SensorDefinition:
    return of_publication()[0]


def after_intraday_data() -> dg.SensorDefinition:
    return of_publication()[1]


def test_market_data_of_a_session_is_followed_by_the_signals_of_all_cohorts(
    instance: dg.DagsterInstance,
):
    answer = follow(after_market_data(), instance, {"dagster/partition": "2026-11-25"})
    assert isinstance(answer, dg.RunRequest)
    assert answer.tags == {
        "dagster/asset_partition_range_start": "2026-11-25|u00",
        "dagster/asset_partition_range_end": "2026-11-25|u63",
    }
    assert str(answer.run_key).startswith("signals:")


def test_market_data_of_a_range_is_followed_by_the_signals_of_that_range(
    instance: dg.DagsterInstance,
):
    answer = follow(after_market_data(), instance, range_tags("2026-11-25", "2026-11-27"))
    assert isinstance(answer, dg.RunRequest)
    assert answer.tags == user_range_tags([WEDNESDAY, FRIDAY])


def test_sessions_before_the_users_own_are_left_out(instance: dg.DagsterInstance):
    window = Window(dt.date(2020, 1, 2), FRIDAY, None)
    answer = follow(after_market_data(window), instance, range_tags("2026-11-25", "2026-11-27"))
    assert isinstance(answer, dg.RunRequest)
    assert answer.tags == user_range_tags([FRIDAY])
    early = follow(after_market_data(window), instance, {"dagster/partition": "2026-11-25"})
    assert isinstance(early, dg.SkipReason)
    assert early.skip_message == "Users' sessions begin at 2026-11-27."


@pytest.mark.parametrize("sensor", [after_market_data, after_evaluation, after_intraday_data])
def test_a_backfill_is_not_followed(instance: dg.DagsterInstance, sensor):
    answer = follow(sensor(), instance, {"dagster/partition": "2026-11-25", **BACKFILL})
    assert isinstance(answer, dg.SkipReason)
    assert str(answer.skip_message).startswith("A backfill is not followed")


@pytest.mark.parametrize("sensor", [after_market_data, after_evaluation, after_intraday_data])
def test_a_run_without_a_session_is_not_followed(instance: dg.DagsterInstance, sensor):
    assert isinstance(follow(sensor(), instance, {}), dg.SkipReason)


def test_an_evaluation_is_followed_by_the_snapshot_of_its_newest_session(
    instance: dg.DagsterInstance,
):
    answer = follow(after_evaluation(), instance, user_range_tags([WEDNESDAY, FRIDAY]))
    assert isinstance(answer, dg.RunRequest)
    assert answer.tags == range_tags("2026-11-27", "2026-11-27")
    assert str(answer.run_key).startswith("snapshot:")


@pytest.mark.parametrize("status", ["NOT_STARTED", "STARTED", "SUCCESS", "FAILURE"])
def test_intraday_bars_have_a_file_that_was_asked_for_before_them_published_again(
    instance: dg.DagsterInstance, status: str
):
    tags = range_tags("2026-11-25", "2026-11-25")
    asked = dg.DagsterRun(job_name="publication", tags=tags, status=dg.DagsterRunStatus[status])
    instance.add_run(asked)
    answer = follow(after_intraday_data(), instance, {"dagster/partition": "2026-11-25"})
    assert isinstance(answer, dg.RunRequest)
    assert answer.tags == tags
    assert str(answer.run_key).startswith("snapshot:")


def test_a_file_that_is_still_to_be_made_will_have_the_intraday_bars(instance: dg.DagsterInstance):
    earlier = range_tags("2026-11-24", "2026-11-24")
    instance.add_run(dg.DagsterRun(job_name="publication", tags=earlier))
    answer = follow(after_intraday_data(), instance, {"dagster/partition": "2026-11-25"})
    assert isinstance(answer, dg.SkipReason)
    assert "The file of 2026-11-25 is still to be made" in str(answer.skip_message)
