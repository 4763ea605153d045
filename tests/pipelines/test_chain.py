"""What `up` still has to do, asked of a real instance after real runs."""

import datetime as dt
from collections import Counter
from functools import partial

import dagster as dg
import pytest
from support.dagster_instances import in_memory

from quantmatrix_engine import calendars
from quantmatrix_pipelines import chain
from quantmatrix_pipelines.home import Window
from quantmatrix_pipelines.partitions import (
    range_tags,
    shared_partitions,
    user_partitions,
    user_range_tags,
)
from quantmatrix_pipelines.stores.market_data import Fetch

FIRST, LAST = dt.date(2013, 2, 27), dt.date(2013, 3, 1)
WINDOW = Window(FIRST, FIRST, LAST)


def code(*, refused: str = "") -> dg.Definitions:
    """Assets of the chain's names that do nothing; the check of `refused` blocks."""
    shared, users = shared_partitions(WINDOW), user_partitions(WINDOW)

    def made(name: str, partitions: dg.PartitionsDefinition | None) -> dg.AssetsDefinition:
        @dg.asset(
            name=name,
            partitions_def=partitions,
            backfill_policy=dg.BackfillPolicy.single_run(),
            check_specs=[dg.AssetCheckSpec("contract", asset=name, blocking=True)],
        )
        def nothing() -> dg.MaterializeResult:
            result = dg.AssetCheckResult(check_name="contract", passed=name != refused)
            return dg.MaterializeResult(check_results=[result])

        return nothing

    parts = {"instruments": None, "raw_bars": shared, "corporate_actions": shared}
    parts |= {"bars": shared, "indicators": shared, "market_snapshots": shared}
    parts |= {"intraday_bars": shared, "intraday_indicators": shared}
    parts |= {"signals": users, "signal_outcomes": users, "notifications": users}
    parts |= {"weekly_indicators": shared, "snapshot": shared}
    jobs = {
        "market_data": [
            "instruments",
            "raw_bars",
            "corporate_actions",
            "bars",
            "indicators",
            "market_snapshots",
        ],
        "evaluation": ["signals", "signal_outcomes", "notifications"],
        "intraday_data": ["intraday_bars", "intraday_indicators"],
        "publication": ["weekly_indicators", "snapshot"],
    }
    return dg.Definitions(
        assets=[made(name, partitions) for name, partitions in parts.items()],
        jobs=[dg.define_asset_job(job, names) for job, names in jobs.items()],
        executor=dg.in_process_executor,
    )


@pytest.fixture
def instance():
    with in_memory() as made:
        yield made


def planned(instance: dg.DagsterInstance, *fetched: Fetch) -> list[str]:
    steps = chain.plan(instance, WINDOW, LAST, sessions=2, fetched=fetched)
    return [f"{step.job} {' '.join(step.assets)}".strip() for step in steps]


def walk(instance: dg.DagsterInstance) -> Fetch:
    """Runs the whole plan; gives the fetch its bars would have left."""
    for step in chain.plan(instance, WINDOW, LAST, sessions=2, fetched=[]):
        chain.run(code(), instance, step)
    bars = instance.get_latest_materialization_event(dg.AssetKey("bars"))
    assert bars is not None
    return Fetch(FIRST, LAST, bars.run_id)


EVERYTHING = [
    "market_data instruments",
    "market_data raw_bars corporate_actions bars",
    "market_data indicators market_snapshots",
    "evaluation",
    "publication weekly_indicators",
    "publication snapshot",
]


def test_an_empty_instance_needs_everything_and_a_walked_one_nothing(instance):
    assert planned(instance) == EVERYTHING
    fetch = walk(instance)
    assert planned(instance, fetch) == []


def test_a_feed_that_says_something_new_is_loaded_again_with_all_that_follows(instance):
    walk(instance)
    assert planned(instance) == EVERYTHING


def test_a_fetch_whose_run_did_not_end_well_does_not_count(instance):
    walk(instance)
    assert planned(instance, Fetch(FIRST, LAST, "a run that was killed")) == EVERYTHING


def test_what_a_blocking_check_refused_is_made_again(instance):
    fetch = walk(instance)
    tags = range_tags(str(LAST), str(LAST))
    step = chain.Step("Indicators", "market_data", ("indicators",), tags)
    with pytest.raises(chain.RunFailed, match="blocking"):
        chain.run(code(refused="indicators"), instance, step)
    assert planned(instance, fetch) == [
        "market_data indicators market_snapshots",
        *EVERYTHING[-3:],
    ]


def test_indicators_made_again_are_followed_by_signals_and_snapshot(instance):
    fetch = walk(instance)
    tags = range_tags(str(LAST), str(LAST))
    chain.run(code(), instance, chain.Step("again", "market_data", ("indicators",), tags))
    assert planned(instance, fetch) == EVERYTHING[-3:]
    chain.run(code(), instance, chain.Step("again", "evaluation", (), user_range_tags([LAST])))
    assert planned(instance, fetch) == EVERYTHING[-2:]


def test_weekly_indicators_that_were_never_made_come_before_the_snapshot_and_may_fail(instance):
    fetch = walk(instance)
    plan = partial(chain.plan, instance, WINDOW, LAST, fetched=[fetch])
    weekly, publish = plan(sessions=3)[-2:]
    assert (weekly.job, weekly.assets) == ("publication", ("weekly_indicators",))
    assert dict(weekly.tags) == range_tags(str(FIRST), str(LAST))
    assert weekly.may_fail
    assert not publish.may_fail
    with pytest.raises(chain.RunFailed, match="blocking"):
        chain.run(code(refused="weekly_indicators"), instance, weekly)
    assert planned(instance, fetch) == EVERYTHING[-2:]


def test_intraday_bars_of_the_newest_sessions_come_before_the_snapshot_and_may_fail(instance):
    fetch = walk(instance)
    plan = partial(chain.plan, instance, WINDOW, LAST, sessions=2, fetched=[fetch])
    fill, publish = plan(intraday_sessions=2)
    assert (fill.job, publish.job) == ("intraday_data", "publication")
    assert fill.may_fail
    assert not publish.may_fail
    two = calendars.sessions_before(LAST, 1)
    assert fill.tags == range_tags(str(two), str(LAST))
    tags = range_tags(str(two), str(two))
    chain.run(code(), instance, chain.Step("one of them", "intraday_data", (), tags))
    assert plan(intraday_sessions=2)[0].tags == range_tags(str(LAST), str(LAST))
    chain.run(code(), instance, fill)
    assert plan(intraday_sessions=2) == []


def test_a_range_of_sessions_is_planned_as_one_event_an_asset_and_one_session_as_all(instance):
    chain.run(
        code(), instance, chain.Step("range", "evaluation", (), user_range_tags([FIRST, LAST]))
    )
    assert planned_events(instance) == {"signals": 1, "signal_outcomes": 1, "notifications": 1}
    assert len(instance.get_materialized_partitions(dg.AssetKey("signals"))) == 3 * 64
    chain.run(code(), instance, chain.Step("session", "evaluation", (), user_range_tags([LAST])))
    assert planned_events(instance) == {"signals": 64, "signal_outcomes": 64, "notifications": 64}


def planned_events(instance: dg.DagsterInstance) -> dict[str, int]:
    """Gives how many events planned each asset in the newest run."""
    kind = dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED
    (newest,) = instance.get_run_records(limit=1)
    found = instance.all_logs(newest.dagster_run.run_id, of_type=kind)
    keys = [one.get_dagster_event().asset_key for one in found]
    return dict(Counter(key.to_user_string() for key in keys if key is not None))


def test_a_run_whose_process_was_killed_is_closed(instance):
    job = code().resolve_job_def("publication")
    left = instance.create_run_for_job(
        job, status=dg.DagsterRunStatus.STARTED, tags={chain.STARTED_BY: "quantmatrix up"}
    )
    assert chain.close_interrupted_runs(instance) == 1
    ended = instance.get_run_by_id(left.run_id)
    assert ended is not None
    assert ended.status == dg.DagsterRunStatus.FAILURE
