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
    """What a backfill runs, and the tables of the lake it fills, in order."""

    job: str
    assets: tuple[str, ...]
    tables: tuple[str, ...]


DAILY = Filling(
    "market_data",
    ("raw_bars", "corporate_actions", "bars", "indicators", "market_snapshots"),
    ("raw_bars", "bars", "indicators"),
)
INTRADAY = Filling("intraday_data", ("intraday_bars",), ("intraday_bars",))


@dataclass(frozen=True)
class Backfill:
    """A backfill of the sessions from `first` to `last`, under a name of its own."""

    name: str
    first: dt.date
    last: dt.date
    filling: Filling = DAILY

    def steps(self) -> list[Step]:
        """Gives its runs: the instruments there are, and then everything of all sessions at once.

        The second is the single run that is resumed: each of its commits notes this name.
        """
        tags = {**range_tags(str(self.first), str(self.last)), BACKFILL_TAG: self.name}
        title = f"Backfill of {self.first} to {self.last}"
        return [
            Step("Instruments", DAILY.job, ("instruments",), {BACKFILL_TAG: self.name}),
            Step(title, self.filling.job, self.filling.assets, tags),
        ]


@dataclass(frozen=True)
class Earlier:
    """The newest backfill of a range, and whether it reached its end."""

    backfill: Backfill
    is_whole: bool


def earlier(
    instance: dg.DagsterInstance, first: dt.date, last: dt.date, *, filling: Filling = DAILY
) -> Earlier | None:
    """Gives the newest backfill of just these sessions; None where there is none."""
    asked = dg.RunsFilter(job_name=filling.job, tags=range_tags(str(first), str(last)))
    for run in instance.get_runs(asked):
        if name := run.tags.get(BACKFILL_TAG):
            done = run.status == dg.DagsterRunStatus.SUCCESS
            return Earlier(Backfill(name, first, last, filling), is_whole=done)
    return None


def new(first: dt.date, last: dt.date, *, at: dt.datetime, filling: Filling = DAILY) -> Backfill:
    """Gives a backfill that has not begun, named for its sessions and the moment."""
    return Backfill(f"{first}_{last}_{at:%Y%m%dT%H%M%S}", first, last, filling)
