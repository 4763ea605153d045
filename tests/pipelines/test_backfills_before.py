"""Which backfills of before count as whole."""

import datetime as dt

import dagster as dg
import pytest

from quantmatrix_pipelines import backfill
from quantmatrix_pipelines.backfill import DAILY, INTRADAY, Filling

FIRST, LAST = dt.date(2026, 11, 2), dt.date(2026, 11, 20)


@pytest.mark.parametrize(
    ("filling", "made", "is_whole"),
    [
        (INTRADAY, [("intraday_data", ["intraday_bars", "intraday_indicators"])], True),
        # One of before there were indicators of intraday bars, and one that goes on with them.
        (INTRADAY, [("intraday_data", ["intraday_bars"])], False),
        (INTRADAY, [("intraday_data", [one]) for one in INTRADAY.tables], True),
        (DAILY, [(job, list(assets)) for job, assets in DAILY.runs], True),
        (DAILY, [(job, list(assets)) for job, assets in DAILY.runs[:1]], False),
    ],
)
def test_a_backfill_is_whole_once_each_of_its_assets_was_made(
    filling: Filling, made: list[tuple[str, list[str]]], is_whole: bool
):
    name = backfill.new(FIRST, LAST, at=dt.datetime(2026, 11, 22, tzinfo=dt.UTC), filling=filling)
    with dg.DagsterInstance.ephemeral() as instance:
        for job, assets in made:
            instance.add_run(
                dg.DagsterRun(
                    job_name=job,
                    tags=name.tags(),
                    status=dg.DagsterRunStatus.SUCCESS,
                    asset_selection=frozenset(map(dg.AssetKey, assets)),
                )
            )
        found = backfill.earlier(instance, FIRST, LAST, filling=filling)
    assert found is not None
    assert found.is_whole == is_whole
