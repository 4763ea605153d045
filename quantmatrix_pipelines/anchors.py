"""The file the audit trail is anchored in: outside the database, one line an anchor."""

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path

from quantmatrix_engine.errors import SettingsError
from quantmatrix_models.audit import Anchor, anchors_from_json, anchors_to_json


@dataclass(frozen=True)
class Anchored:
    """How far each chain had come at a moment."""

    at: dt.datetime
    heads: dict[str, Anchor]


def read(path: Path) -> list[Anchored]:
    """Gives the anchors of the file, oldest first; none where there is no file.

    Raises SettingsError naming the line that cannot be read.
    """
    if not path.exists():
        return []
    return [
        _read(path, number, line)
        for number, line in enumerate(path.read_text().splitlines(), start=1)
    ]


def append(path: Path, anchored: Anchored) -> None:
    """Adds an anchor to the file. Raises SettingsError where it cannot be written."""
    said = {"at": anchored.at.isoformat(), "heads": json.loads(anchors_to_json(anchored.heads))}
    try:
        with path.open("a") as file:
            file.write(json.dumps(said) + "\n")
    except OSError as error:
        raise SettingsError(
            f"QUANTMATRIX_AUDIT_ANCHORS = {path} cannot be written ({error.strerror})."
        ) from None


def _read(path: Path, number: int, line: str) -> Anchored:
    try:
        said = json.loads(line)
        at, heads = dt.datetime.fromisoformat(said["at"]), json.dumps(said["heads"])
    except (ValueError, KeyError, TypeError):
        raise SettingsError(
            f"Line {number} of {path} is no anchor: it must be as `quantmatrix audit anchor` "
            "writes it. Restore the file from a copy."
        ) from None
    return Anchored(at, anchors_from_json(heads))
