"""A backfill: one run over a long range of sessions, which goes on where it was interrupted.

It fills the lake, from bars to indicators or with intraday bars, and tells nobody anything:
signals and messages of past sessions are made where somebody materializes them, and messages of a
backfill are never sent.
"""

import datetime as dt
from dataclasses import dataclass

import dagster as dg

from quantmatrix_pipelines.automation import BACKFILL_TAG
from quantmatrix_pipelines.chain import Step
from quantmatrix_pipelines.partitions import range_tags


@dataclass(frozen=True)
class Filling:
    """What a backfill runs, jobs with some of their assets, and the tables of the lake it fills."""

    runs: tuple[tuple[str, tuple[str, ...]], ...]
    tables: tuple[str, ...]


_CHAIN = ("raw_bars", "corporate_actions", "bars", "indicators", "market_snapshots")
DAILY = Filling(
    (("market_data", _CHAIN), ("publication", ("weekly_indicators",))),
    ("raw_bars", "bars", "indicators", "weekly_indicators"),
)
_OF_INTRADAY = ("intraday_bars", "intraday_indicators")
INTRADAY = Filling((("intraday_data", _OF_INTRADAY),), _OF_INTRADAY)


@dataclass(frozen=True)
class Backfill:
    """A backfill of the sessions from `first` to `last`, under a name of its own."""

    name: str
    first: dt.date
    last: dt.date
    filling: Filling = DAILY

    def steps(self) -> list[Step]:
        """Gives its runs: the instruments there are, and then everything of all sessions at once.

        Those of sessions are resumed: each of their commits notes this name.
        """
        listed = Step("Instruments", "market_data", ("instruments",), {BACKFILL_TAG: self.name})
        title, tags = f"Backfill of {self.first} to {self.last}", self.tags()
        return [listed, *(Step(title, job, made, tags) for job, made in self.filling.runs)]

    def tags(self) -> dict[str, str]:
        """Gives the tags of its runs of sessions."""
        return {**range_tags(str(self.first), str(self.last)), BACKFILL_TAG: self.name}


@dataclass(frozen=True)
class Earlier:
    """The newest backfill of a range, and whether it reached its end."""

    backfill: Backfill
    is_whole: bool


def earlier(
    instance: dg.DagsterInstance, first: dt.date, last: dt.date, *, filling: Filling = DAILY
) -> Earlier | None:
    """Gives the newest backfill of just these sessions; None where there is none."""
    begun, _ = filling.runs[0]
    asked = dg.RunsFilter(job_name=begun, tags=range_tags(str(first), str(last)))
    for run in instance.get_runs(asked):
        if name := run.tags.get(BACKFILL_TAG):
            found = Backfill(name, first, last, filling)
            return Earlier(found, is_whole=_is_whole(instance, found))
    return None


def _is_whole(instance: dg.DagsterInstance, asked: Backfill) -> bool:
    """Says whether all of its assets were made by runs that ended well."""
    return all(
        _made(instance, asked, job).issuperset(map(dg.AssetKey, assets))
        for job, assets in asked.filling.runs
    )


def _made(instance: dg.DagsterInstance, asked: Backfill, job: str) -> set[dg.AssetKey]:
    ended_well = dg.RunsFilter(
        job_name=job, tags=asked.tags(), statuses=[dg.DagsterRunStatus.SUCCESS]
    )
    return {key for run in instance.get_runs(ended_well) for key in run.asset_selection or ()}


def new(first: dt.date, last: dt.date, *, at: dt.datetime, filling: Filling = DAILY) -> Backfill:
    """Gives a backfill that has not begun, named for its sessions and the moment."""
    return Backfill(f"{first}_{last}_{at:%Y%m%dT%H%M%S}", first, last, filling)
