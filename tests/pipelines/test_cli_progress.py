import io
import logging

import pytest
from rich.console import Console

from quantmatrix_pipelines import stretches
from quantmatrix_pipelines.cli.backfill import Watcher
from quantmatrix_pipelines.cli.bring_up import progress


@pytest.fixture
def into() -> io.StringIO:
    return io.StringIO()


def written(into: io.StringIO, *, terminal: bool) -> None:
    """Says of a stretch that it is written, while the command goes on."""
    console = Console(file=into, force_terminal=terminal, highlight=False, width=120)
    with progress(console) as bars:
        watcher = Watcher(console, bars)
        about = {"table": "bars", "done": 2, "planned": 41}
        record = logging.makeLogRecord(
            {"name": stretches.LOG.name, "msg": "bars: 2 of 41 stretches", **about}
        )
        watcher.handle(record)
        if not terminal:
            assert into.getvalue() == "bars: 2 of 41 stretches\n"


def test_into_a_file_each_stretch_is_a_line_when_it_is_written(into: io.StringIO):
    written(into, terminal=False)


def test_on_a_terminal_a_bar_moves_and_no_line_is_printed(into: io.StringIO):
    written(into, terminal=True)
    assert "2/41" in into.getvalue()
    assert "stretches" not in into.getvalue()
