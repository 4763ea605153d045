"""Which snapshots stay, and what is left when the others are taken away."""

import datetime as dt
import os
import shutil
from pathlib import Path

import duckdb
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantmatrix_pipelines.stores import snapshot
from quantmatrix_pipelines.stores.snapshot import Table
from quantmatrix_pipelines.stores.snapshot_retention import (
    Removed,
    Snapshot,
    outdated,
    published,
    remove_outdated,
)

JANUARY = [dt.date(2026, 1, day) for day in (5, 29, 30)]
FEBRUARY = [dt.date(2026, 2, day) for day in (2, 3)]
EARLY = '{"made_at": "0001-01-01T00:00:00+10:00", "session": "2026-01-29"}'
NOON = dt.time(12, tzinfo=dt.UTC)


def made(folder: Path, session: dt.date, *, days_later: int = 0) -> Path:
    """Publishes a snapshot of one small table, some days after its session."""
    rows = Table([pl.DataFrame({"session": [session]})], "Days", {"session": "A day"})
    at = dt.datetime.combine(session + dt.timedelta(days=days_later), NOON)
    return snapshot.publish(folder, session, {"days": rows}, made_at=at, code="test").folder


@pytest.fixture(autouse=True)
def _no_views(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    views = tmp_path / "views.sql"
    views.write_text("CREATE VIEW newest AS SELECT max(session) AS session FROM days;")
    monkeypatch.setattr(snapshot, "VIEWS", views)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "snapshots"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def since(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, NOON)


def test_what_is_old_goes_with_its_link_and_each_months_last_stays(folder: Path):
    for session in (*JANUARY, *FEBRUARY):
        made(folder, session)
    size = sum(one.size() for one in published(folder)[:2])
    assert remove_outdated(folder, made_before=since(FEBRUARY[0])) == Removed(2, 0, size)
    kept = [JANUARY[-1], *FEBRUARY]
    both = [f"{session}{ending}" for session in kept for ending in ("", ".1")]
    assert names(folder) == [*both, "latest", "removed"]
    assert (folder / "latest").readlink().name == f"{FEBRUARY[-1]}.1"
    assert remove_outdated(folder, made_before=since(FEBRUARY[0])) == Removed()


def test_of_a_months_last_session_all_numbers_stay_and_of_another_all_that_are_young(folder: Path):
    for _ in range(2):
        made(folder, JANUARY[-1])
    made(folder, JANUARY[0])
    made(folder, JANUARY[1], days_later=40)
    made(folder, FEBRUARY[0])
    remove_outdated(folder, made_before=since(FEBRUARY[0]))
    assert [one.folder.name for one in published(folder)] == [
        f"{JANUARY[1]}.1",
        f"{JANUARY[-1]}.1",
        f"{JANUARY[-1]}.2",
        f"{FEBRUARY[0]}.1",
    ]
    assert (folder / str(JANUARY[-1])).readlink().name == f"{JANUARY[-1]}.2"


def test_a_link_whose_snapshot_goes_leads_to_what_stays_of_its_session(folder: Path):
    made(folder, JANUARY[0], days_later=40)
    made(folder, JANUARY[0])
    made(folder, JANUARY[-1])
    remove_outdated(folder, made_before=since(FEBRUARY[0]))
    assert (folder / str(JANUARY[0])).readlink().name == f"{JANUARY[0]}.1"


def test_what_cannot_be_removed_is_told_and_keeps_nothing_else(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    for session in JANUARY:
        made(folder, session)
    rename = Path.rename

    def refuses(self: Path, target: Path) -> Path:
        if self.name == f"{JANUARY[0]}.1":
            raise PermissionError("not ours")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuses)
    removed = remove_outdated(folder, made_before=since(FEBRUARY[0]))
    assert (removed.snapshots, removed.refused) == (1, (f"{JANUARY[0]}.1: not ours",))
    assert [one.session for one in published(folder)] == [JANUARY[0], JANUARY[-1]]


def test_a_link_a_copy_under_another_name_and_a_file_are_no_snapshots_of_ours(folder: Path):
    first = made(folder, JANUARY[0])
    made(folder, JANUARY[-1])
    shutil.copytree(first, folder / f"{JANUARY[1]}.1")
    shutil.copytree(first, folder / f"{JANUARY[0]}.01")
    (folder / f"{JANUARY[0]}.7").symlink_to(first.name)
    (folder / ".draft-file").write_text("")
    os.utime(folder / ".draft-file", (0, 0))
    assert [one.folder.name for one in published(folder)] == [first.name, f"{JANUARY[-1]}.1"]
    assert remove_outdated(folder, made_before=since(FEBRUARY[0])).refused == ()
    assert (folder / f"{JANUARY[1]}.1").is_dir()


def test_a_moment_of_any_time_zone_is_the_same(folder: Path):
    path = made(folder, JANUARY[0]) / "manifest.json"
    path.chmod(0o644)
    path.write_text(path.read_text().replace("T12:00:00+00:00", "T12:00:00+05:00"))
    assert published(folder)[0].made_at == since(JANUARY[0]) - dt.timedelta(hours=5)


def test_a_name_is_not_given_again_and_the_manifest_says_what_it_was(folder: Path):
    first = made(folder, JANUARY[0])
    manifest = (first / "manifest.json").read_text()
    made(folder, JANUARY[-1])
    remove_outdated(folder, made_before=since(FEBRUARY[0]))
    assert not first.exists()
    assert (folder / "removed" / f"{JANUARY[0]}.1.json").read_text() == manifest
    assert made(folder, JANUARY[0]).name == f"{JANUARY[0]}.2"


def test_who_has_a_file_open_reads_on(folder: Path):
    path = made(folder, JANUARY[0])
    made(folder, JANUARY[-1])
    with duckdb.connect(str(path / "quantmatrix.duckdb"), read_only=True) as connection:
        remove_outdated(folder, made_before=since(FEBRUARY[0]))
        assert not path.exists()
        assert connection.execute("SELECT session FROM newest").fetchall() == [(JANUARY[0],)]


def test_drafts_of_killed_runs_go_after_a_day_and_one_being_written_stays(folder: Path):
    made(folder, FEBRUARY[-1])
    # Hours since the folder changed, and since its file was written to.
    ages = {".draft-old": (25, 25), ".draft-new": (30, 1), ".removed-half": (0, 0)}
    for name, hours in ages.items():
        draft = folder / name
        draft.mkdir()
        (draft / "bars.parquet").write_bytes(b"1234")
        for path, age in zip((draft, draft / "bars.parquet"), hours, strict=True):
            then = dt.datetime.now(dt.UTC).timestamp() - age * 3600
            os.utime(path, (then, then))
    assert remove_outdated(folder, made_before=since(JANUARY[0])) == Removed(0, 2, 8)
    assert (folder / ".draft-new" / "bars.parquet").exists()
    assert not [*folder.glob(".draft-old*"), *folder.glob(".removed*")]


@pytest.mark.parametrize(
    "manifest", [None, "{", "{}", '{"made_at": 5}', '{"made_at": "soon"}', EARLY]
)
def test_a_folder_that_we_did_not_make_is_left_alone(folder: Path, manifest: str | None):
    for session in (JANUARY[0], JANUARY[-1]):
        made(folder, session)
    strange = folder / f"{JANUARY[1]}.7"
    strange.mkdir()
    if manifest is not None:
        (strange / "manifest.json").write_text(manifest)
    assert remove_outdated(folder, made_before=since(FEBRUARY[-1])).snapshots == 1
    assert strange.exists()


def test_a_folder_that_is_not_there_has_nothing_to_take_away(folder: Path):
    assert published(folder) == []
    assert remove_outdated(folder, made_before=since(JANUARY[0])) == Removed()


@given(
    st.lists(
        st.tuples(st.integers(0, 800), st.integers(1, 3), st.integers(0, 200)),
        unique_by=lambda one: one[:2],
        max_size=40,
    )
)
def test_the_newest_always_stays_and_no_month_is_left_without_one(drawn):
    first, moment = JANUARY[0], since(FEBRUARY[0]) + dt.timedelta(days=400)
    told = [
        Snapshot(
            session := first + dt.timedelta(days=day),
            number,
            since(session) + dt.timedelta(days=later),
            Path(f"{session}.{number}"),
        )
        for day, number, later in drawn
    ]
    gone = outdated(told, made_before=moment)
    stay = [one for one in told if one not in gone]
    assert {month(one) for one in stay} == {month(one) for one in told}
    assert max(told, default=None) == max(stay, default=None)
    for one in gone:
        assert one.made_at < moment
        assert any(one.session < other.session for other in stay if month(other) == month(one))


def month(one: Snapshot) -> tuple[int, int]:
    return one.session.year, one.session.month
