"""How long snapshots are kept: which ones stay, and taking away the others."""

import datetime as dt
import json
import logging
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from quantmatrix_pipelines.stores.snapshot import DRAFT, FOLDER, REMOVED

# What a run that was killed left of a draft is taken away once nobody can be writing it any more.
_DRAFT_SECONDS = 24 * 3600
_GOING = ".removed-"
LOG = logging.getLogger("quantmatrix.snapshots")


@dataclass(frozen=True, order=True)
class Snapshot:
    """A published snapshot: the folder `<session>.<number>`, and when it was made."""

    session: dt.date
    number: int
    made_at: dt.datetime
    folder: Path

    def size(self) -> int:
        """Gives the bytes of its files."""
        return _size(self.folder)

    def stays_until(self, days: int) -> dt.date:
        """Gives the day after which it may go, where each stays so many days."""
        return (self.made_at + dt.timedelta(days=days)).date()


@dataclass(frozen=True)
class Removed:
    """What was taken away: snapshots and drafts, and the bytes of both."""

    snapshots: int = 0
    drafts: int = 0
    size: int = 0


def published(folder: Path) -> list[Snapshot]:
    """Gives the snapshots of a folder by session and number.

    One whose manifest says no moment is none that we made, and is left out.
    """
    named = [(path, FOLDER.fullmatch(path.name)) for path in folder.glob("*.*")]
    return sorted(
        Snapshot(dt.date.fromisoformat(match["session"]), int(match["number"]), made_at, path)
        for path, match in named
        if match is not None and not path.is_symlink()
        for made_at in _made_at(path)
    )


def _made_at(snapshot: Path) -> list[dt.datetime]:
    """Gives the moment that a manifest says, or nothing."""
    try:
        said = json.loads((snapshot / "manifest.json").read_text())["made_at"]
        return [dt.datetime.fromisoformat(said).astimezone(dt.UTC)]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def months_last(snapshots: Iterable[Snapshot]) -> set[Snapshot]:
    """Gives of each month the newest snapshot of its last session.

    Of the month in progress it is that of the newest session, which `latest` points at.
    """
    return set({(one.session.year, one.session.month): one for one in sorted(snapshots)}.values())


def outdated(snapshots: Iterable[Snapshot], *, made_before: dt.datetime) -> list[Snapshot]:
    """Gives the snapshots that need not stay: made before a moment, and not a month's last."""
    ordered = sorted(snapshots)
    stay = months_last(ordered)
    return [one for one in ordered if one not in stay and one.made_at < made_before]


def remove_outdated(folder: Path, *, made_before: dt.datetime) -> Removed:
    """Takes away the outdated snapshots of a folder, and drafts that a killed run left.

    Their manifests stay, in the folder `removed`. A file that somebody has open stays readable
    until they close it. Raises OSError; what is half removed then goes the next time.
    """
    gone = outdated(published(folder), made_before=made_before)
    left = [path for path in folder.glob(f"{DRAFT}*") if _is_abandoned(path)]
    left += folder.glob(f"{_GOING}*")
    sizes = [_size(path) for path in (*(one.folder for one in gone), *left)]
    for one in gone:
        LOG.info("The snapshot %s, made at %s, is taken away.", one.folder.name, one.made_at)
        _keep_manifest(one.folder)
        _unlink(folder / str(one.session), one.folder)
    for path in (*(one.folder for one in gone), *left):
        _remove(path)
    return Removed(len(gone), len(left), sum(sizes))


def _keep_manifest(snapshot: Path) -> None:
    kept = snapshot.parent / REMOVED
    kept.mkdir(exist_ok=True)
    shutil.copyfile(snapshot / "manifest.json", kept / f"{snapshot.name}.json")


def _unlink(link: Path, snapshot: Path) -> None:
    """Takes away the link of a session where it points at the snapshot."""
    if link.is_symlink() and link.readlink().name == snapshot.name:
        link.unlink()


def _remove(path: Path) -> None:
    """Renames a folder, so that nobody takes half of it for a snapshot, and takes it away."""
    if not path.name.startswith(_GOING):
        path = path.rename(path.with_name(f"{_GOING}{path.name.lstrip('.')}"))
    shutil.rmtree(path)


def _is_abandoned(draft: Path) -> bool:
    try:
        newest = max(path.stat().st_mtime for path in (draft, *draft.rglob("*")))
    except FileNotFoundError:
        # It was published, or a file of it written to its end, between two looks.
        return False
    return newest < time.time() - _DRAFT_SECONDS


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
