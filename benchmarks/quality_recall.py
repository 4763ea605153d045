"""Writes what the quality gate finds of the labelled defects into docs/quality.md.

    python benchmarks/quality_recall.py

It stands between the two marks there; a test holds the page to it.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.quality_page import written_anew

HOME = Path(__file__).parents[1]

if __name__ == "__main__":
    page = HOME / "docs" / "quality.md"
    page.write_text(written_anew(page.read_text(), HOME.parent / "shared" / "data"))
    print(page.read_text())
