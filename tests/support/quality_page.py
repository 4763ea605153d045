"""The measured part of docs/quality.md: what stands between its marks."""

from pathlib import Path

from support import quality_recall, yfinance_repair

MARKS = {"labels": quality_recall.table, "repairs": yfinance_repair.table}


def written_anew(page: str, folder: Path) -> str:
    """Gives the page with each measured part written from the data in `folder`."""
    for name, measure in MARKS.items():
        begin, end = f"<!-- {name} -->\n", f"\n<!-- end of {name} -->"
        before, _, rest = page.partition(begin)
        _, _, behind = rest.partition(end)
        page = f"{before}{begin}{measure(folder)}{end}{behind}"
    return page
