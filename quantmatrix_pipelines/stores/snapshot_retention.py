"""How long snapshots are kept: which ones stay, and taking away the others."""

import datetime as dt
import json
import logging
import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from quantmatrix_pipelines.stores.snapshot import DRAFT, FOLDER, REMOVED, point

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
        """Gives the day on which it may go, where each stays so many days."""
        return (self.made_at + dt.timedelta(days=days)).date()


@dataclass(frozen=True)
class Removed:
    """What was taken away, snapshots and drafts, the bytes of both, and what could not be."""

    snapshots: int = 0
    drafts: int = 0
    size: int = 0
    refused: tuple[str, ...] = ()


def published(folder: Path) -> list[Snapshot]:
    """Gives the snapshots of a folder by session and number.

    A folder whose manifest is of another session, or cannot be read, is left out, and so is a link.
    """
    found = (_snapshot(path) for path in folder.glob("*.*") if not path.is_symlink())
    return sorted(one for one in found if one is not None)


def _snapshot(folder: Path) -> Snapshot | None:
    match = FOLDER.fullmatch(folder.name)
    if match is None or match["number"].startswith("0"):
        return None
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
        made_at = dt.datetime.fromisoformat(manifest["made_at"]).astimezone(dt.UTC)
        session = dt.date.fromisoformat(manifest["session"])
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return None
    is_of_session = str(session) == match["session"]
    return Snapshot(session, int(match["number"]), made_at, folder) if is_of_session else None


def months_last(snapshots: Iterable[Snapshot]) -> set[Snapshot]:
    """Gives the snapshots of the last session of each month, of the month in progress the newest.

    All numbers of it: the newest may be one whose check failed.
    """
    told = list(snapshots)
    last = {(one.session.year, one.session.month): one.session for one in sorted(told)}
    return {one for one in told if one.session in last.values()}


def outdated(snapshots: Iterable[Snapshot], *, made_before: dt.datetime) -> list[Snapshot]:
    """Gives the snapshots that need not stay: made before a moment, and not a month's last."""
    ordered = sorted(snapshots)
    stay = months_last(ordered)
    return [one for one in ordered if one not in stay and one.made_at < made_before]


def remove_outdated(folder: Path, *, made_before: dt.datetime) -> Removed:
    """Takes away the outdated snapshots of a folder, and drafts that a killed run left.

    Their manifests stay, in the folder `removed`. A file that somebody has open stays readable
    until they close it. What cannot be removed, or not to its end, is told and tried the next time.
    """
    told = published(folder)
    gone = outdated(told, made_before=made_before)
    staying = [one.folder for one in told if one not in gone]
    drafts = [path for path in folder.glob(f"{DRAFT}*") if _is_abandoned(path)]
    drafts += folder.glob(f"{_GOING}*")

    def withdraw(snapshot: Path) -> None:
        _keep_manifest(snapshot)
        _relink(snapshot, staying)
        _remove(snapshot)

    of_snapshots, refused = _each([one.folder for one in gone], withdraw)
    of_drafts, refused_drafts = _each([path for path in drafts if path.is_dir()], _remove)
    size = sum(of_snapshots) + sum(of_drafts)
    return Removed(len(of_snapshots), len(of_drafts), size, (*refused, *refused_drafts))


def _each(
    folders: Iterable[Path], take_away: Callable[[Path], None]
) -> tuple[list[int], list[str]]:
    """Gives the bytes of each folder that went, and which others could not, with the reason."""
    sizes, refused = [], []
    for folder in folders:
        try:
            size = _size(folder)
            take_away(folder)
        except OSError as error:
            LOG.warning("%s is not taken away: %s", folder, error)
            refused.append(f"{folder.name}: {error}")
        else:
            LOG.info("%s is taken away.", folder)
            sizes.append(size)
    return sizes, refused


def _keep_manifest(snapshot: Path) -> None:
    kept = snapshot.parent / REMOVED
    kept.mkdir(exist_ok=True)
    shutil.copyfile(snapshot / "manifest.json", kept / f"{snapshot.name}.json")


def _relink(snapshot: Path, staying: list[Path]) -> None:
    """Points the session's link at its newest one that stays, where it points at the snapshot."""
    link = snapshot.with_suffix("")
    if link.is_symlink() and link.readlink().name == snapshot.name:
        of_session = [path for path in staying if path.with_suffix("") == link]
        if of_session:
            point(link, of_session[-1])
        else:
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
