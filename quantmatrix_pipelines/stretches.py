"""Long ranges of sessions in stretches: memory stays bounded, and what is done stays done.

A run over many sessions writes the lake a stretch at a time. Each commit notes which backfill it
was of, so that the same backfill, started again after a failure, passes over what it wrote.
"""

import datetime as dt
import itertools
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import dagster as dg

from quantmatrix_pipelines.automation import backfill_of
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.partitions import sessions_in

LOG = logging.getLogger("quantmatrix.stretches")
"""Says of each stretch that it is written: a text, and `table`, `done` and `planned`."""

A_QUARTER, A_YEAR = 3, 12
"""Months of a stretch; a quarter of 10,000 instruments are some 630,000 bars."""


@dataclass(frozen=True)
class Stretch:
    """Sessions from `first` to `last` that are written in one commit.

    `note` is what its commit says; None where a run has but one stretch and nothing to resume.
    """

    first: dt.date
    last: dt.date
    note: str | None = None


def split(sessions: Sequence[dt.date], *, months: int) -> list[Stretch]:
    """Gives ascending sessions as stretches that end with every `months` months of the calendar."""
    groups = itertools.groupby(sessions, key=lambda one: (one.year, (one.month - 1) // months))
    kept = [list(group) for _, group in groups]
    return [Stretch(group[0], group[-1]) for group in kept]


class Ahead:
    """The stretches of a run that its backfill has not written yet; iterating says how far it is.

    Whoever iterates writes `table` with the stretch's note before asking for the next.
    """

    def __init__(
        self, context: dg.AssetExecutionContext, lake: Lake, table: str, *, months: int = A_QUARTER
    ) -> None:
        self.table = table
        self.planned = split(sessions_in(context.partition_keys), months=months)
        backfill = backfill_of(context.run)
        if len(self.planned) > 1:
            self.planned = [
                replace(one, note=f"{backfill} {one.first} {one.last}") for one in self.planned
            ]
        notes = lake.notes(table) if len(self.planned) > 1 else set()
        self.written_before = [one for one in self.planned if one.note in notes]

    def __iter__(self) -> Iterator[Stretch]:
        """Gives the stretches that are left, in order."""
        for number, stretch in enumerate(self.planned, start=1):
            if stretch in self.written_before:
                self._tell(stretch, number, "written before")
                continue
            yield stretch
            self._tell(stretch, number, "written")

    def rows_written_before(self, by_session: Mapping[dt.date, int]) -> int:
        """Gives how many rows the stretches have that are passed over."""
        return sum(
            rows
            for session, rows in by_session.items()
            for one in self.written_before
            if one.first <= session <= one.last
        )

    def _tell(self, stretch: Stretch, number: int, what: str) -> None:
        planned = len(self.planned)
        LOG.info(
            "%s: %s to %s %s (%d of %d stretches)",
            *(self.table, stretch.first, stretch.last, what, number, planned),
            extra={"table": self.table, "done": number, "planned": planned},
        )
