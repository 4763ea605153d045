"""Where compiled kernels are kept."""

import hashlib
from pathlib import Path

import numba

from quantmatrix_engine import indicators


def keep_in(folder: Path) -> Path:
    """Keeps compiled kernels in a folder named for the sources they were compiled from.

    numba looks at a kernel's own file alone when it decides whether a cached one is stale; a
    kernel that calls one of another file would go on with the old one. Gives the folder.
    """
    digest = hashlib.sha256()
    for path in sorted(Path(indicators.__path__[0]).glob("*.py")):
        digest.update(path.read_bytes())
    kept = folder / digest.hexdigest()[:16]
    numba.config.CACHE_DIR = str(kept)  # type: ignore[attr-defined]
    return kept
