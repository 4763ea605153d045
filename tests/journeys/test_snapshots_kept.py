"""How long the analysts' files stay, from one publication to the next."""

import datetime as dt

import pytest
from journeys.conftest import CLOSE, LAST, Installation

from quantmatrix_pipelines.partitions import range_tags
from quantmatrix_pipelines.stores import snapshot_retention
from quantmatrix_pipelines.stores.snapshot_retention import Removed

MIDDLE, END = dt.date(2013, 2, 14), dt.date(2013, 2, 28)


def published(
    installation: Installation, session: dt.date, *, after_days: int
) -> dict[str, object]:
    """Publishes the snapshot of a session some days after the close; gives what it tells."""
    installation.now = CLOSE + dt.timedelta(days=after_days)
    installation.run("publication", range_tags(str(session), str(session)), "snapshot")
    return installation.told("snapshot", "complete")


def test_old_files_go_with_a_later_publication_and_a_months_last_stays(
    loaded: Installation,
) -> None:
    loaded.settings = loaded.settings.model_copy(update={"snapshot_days": 30})
    for session in (MIDDLE, END):
        told = published(loaded, session, after_days=0)
        assert (told["snapshots_removed"], told["complete"]) == (0, True)
    told = published(loaded, LAST, after_days=31)
    assert (told["snapshots_kept_since"], told["snapshots_removed"]) == ("2013-03-02", 1)
    assert isinstance(told["bytes_freed"], int)
    assert told["bytes_freed"] > 0
    kept = snapshot_retention.published(loaded.settings.snapshots)
    assert [one.session for one in kept] == [END, LAST]
    assert (loaded.settings.snapshots / "latest" / "quantmatrix.duckdb").exists()


def test_that_files_cannot_be_removed_is_told_and_keeps_no_file_from_being_published(
    loaded: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object, **__: object) -> Removed:
        return Removed(refused=("2013-02-14.1: not ours", "2013-02-15.1: not ours"))

    monkeypatch.setattr(snapshot_retention, "remove_outdated", refuses)
    told = published(loaded, LAST, after_days=0)
    assert told["snapshots_not_removed"] == "2013-02-14.1: not ours; 2013-02-15.1: not ours"
    assert (told["snapshots_removed"], told["complete"]) == (0, True)
