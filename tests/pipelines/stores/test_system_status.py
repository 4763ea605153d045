import datetime as dt
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import pytest
from pipelines.rows import (
    AT,
    SESSION,
    add_strategy,
    add_user,
    change,
    message,
    query,
    run,
    signals,
    withheld,
)

from quantmatrix_models.database import Database
from quantmatrix_models.privileges import Role
from quantmatrix_pipelines.stores import evaluations, system_status
from quantmatrix_pipelines.stores.system_status import StatusPart, tell_of_failed

ALL = list(range(64))
OF_ADA, OF_BEN = [0], [1]
NEXT = dt.date(2026, 11, 23)
_WAITING = """
    SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


class World(NamedTuple):
    """ada in cohort 0 and ben in cohort 1, each with a strategy, and olga, who administers."""

    database: Database
    ada: int
    ben: int
    of_ada: int
    of_ben: int
    olga: int


@pytest.fixture
def world(database: Database) -> World:
    ada, ben, olga = (add_user(database, name) for name in ("ada", "ben", "olga"))
    made = World(database, ada, ben, add_strategy(database, ada), add_strategy(database, ben), olga)
    change(database, "UPDATE users SET role = 'admin' WHERE id = :id", id=olga)
    return made


def evaluate(
    world: World,
    user_id: int,
    strategy_id: int,
    error: str | None = "no such param",
    *,
    on: dt.date = SESSION,
) -> None:
    """Adds a run of a strategy, which failed unless `error` is None."""
    status = "succeeded" if error is None else "failed"
    ledger = run(user_id, strategy_id, status=status, error=error, signals=0, session=on)
    evaluations.record(world.database, ledger, signals(), withheld())


def told(world: World) -> list[tuple[str, int, str]]:
    """Gives whom, with which number, and the first line of what each message says."""
    return query(
        world.database,
        "SELECT u.name, n.part, n.message -> 'notes' ->> 0 FROM notifications n"
        " JOIN users u ON u.id = n.user_id WHERE n.channel = 'system_status'"
        " ORDER BY n.part, u.name",
    )


FIRST = ("olga", 3, "ada, Pullback: no such param")
SECOND = ("olga", 4, "ben, Pullback: no such param")


def test_what_failed_in_a_cohort_that_ran_later_is_told_by_a_message_of_its_own(world: World):
    evaluate(world, world.ada, world.of_ada)
    assert tell_of_failed(world.database, SESSION, OF_ADA, at=AT) == 1
    evaluate(world, world.ben, world.of_ben)
    assert tell_of_failed(world.database, SESSION, OF_BEN, at=AT) == 1
    assert told(world) == [FIRST, SECOND]


def test_cohorts_materialized_again_tell_of_no_failure_twice(world: World):
    evaluate(world, world.ada, world.of_ada)
    tell_of_failed(world.database, SESSION, OF_ADA, at=AT)
    evaluate(world, world.ada, world.of_ada, "another reason")
    evaluate(world, world.ben, world.of_ben)
    assert tell_of_failed(world.database, SESSION, OF_ADA, at=AT) == 0
    assert tell_of_failed(world.database, SESSION, ALL, at=AT) == 1
    assert tell_of_failed(world.database, SESSION, ALL, at=AT) == 0
    assert told(world) == [FIRST, SECOND]


def test_of_runs_side_by_side_none_repeats_or_loses_a_failure(world: World):
    evaluate(world, world.ada, world.of_ada)
    evaluate(world, world.ben, world.of_ben)
    with ThreadPoolExecutor() as runs:
        with world.database.transaction(Role.PIPELINE) as connection:
            # Until this transaction ends, all of them have begun and none can go on.
            system_status._one_at_a_time(connection, SESSION)
            done = [
                runs.submit(tell_of_failed, world.database, SESSION, cohorts, at=AT)
                for cohorts in (OF_ADA, OF_BEN, OF_ADA, OF_BEN)
            ]
            wait_for(world.database, done)
        assert sorted(one.result(timeout=60) for one in done) == [0, 0, 1, 1]
    assert {row[2] for row in told(world)} == {FIRST[2], SECOND[2]}
    assert [row[:2] for row in told(world)] == [("olga", 3), ("olga", 4)]


def wait_for(database: Database, runs: list[Future[int]]) -> None:
    """Returns once every run waits for a lock."""
    until = time.monotonic() + 60
    while query(database, _WAITING) != [(len(runs),)]:
        assert not any(one.done() for one in runs)
        assert time.monotonic() < until


def test_a_failure_that_is_mended_before_anybody_was_told_is_not_told(world: World):
    evaluate(world, world.ada, world.of_ada)
    evaluate(world, world.ada, world.of_ada, None)
    assert tell_of_failed(world.database, SESSION, ALL, at=AT) == 0
    assert told(world) == []


def test_what_failed_while_nobody_administered_is_told_once_somebody_does(world: World):
    change(world.database, "UPDATE users SET is_active = false WHERE id = :id", id=world.olga)
    evaluate(world, world.ada, world.of_ada)
    assert tell_of_failed(world.database, SESSION, ALL, at=AT) == 0
    change(world.database, "UPDATE users SET is_active = true WHERE id = :id", id=world.olga)
    assert tell_of_failed(world.database, SESSION, ALL, at=AT) == 1
    assert told(world) == [FIRST]


def test_every_administrator_is_told_the_same_with_the_same_number(world: World):
    evaluate(world, world.ada, world.of_ada)
    tell_of_failed(world.database, SESSION, ALL, at=AT)
    change(world.database, "UPDATE users SET role = 'admin' WHERE id = :id", id=world.ada)
    evaluate(world, world.ben, world.of_ben)
    tell_of_failed(world.database, SESSION, ALL, at=AT)
    assert told(world) == [FIRST, ("ada", *SECOND[1:]), SECOND]


def test_each_session_is_told_by_itself_and_beside_other_messages_about_it(world: World):
    missing = message("No bars").model_copy(update={"notes": ("none",)})
    assert system_status.put(world.database, missing, StatusPart.SESSION_MISSING, at=AT) == 1
    for session in (SESSION, NEXT):
        evaluate(world, world.ada, world.of_ada, on=session)
        assert tell_of_failed(world.database, session, ALL, at=AT) == 1
    assert told(world) == [("olga", 1, "none"), FIRST, FIRST]
    assert query(world.database, "SELECT session, part FROM told_failures ORDER BY session") == [
        (SESSION, 3),
        (NEXT, 3),
    ]
