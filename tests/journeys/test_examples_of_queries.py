"""The queries that analysts begin with, asked of a published file."""

from pathlib import Path
from typing import Any

import duckdb
import pytest
from journeys.conftest import LAST, MEASURED, Installation

from quantmatrix_pipelines.partitions import range_tags
from quantmatrix_pipelines.settings import CHECKOUT

EXAMPLES = sorted((CHECKOUT / "sql" / "examples").glob("*.sql"))


@pytest.fixture
def file(measured: Installation) -> Path:
    """The file of the last session, with the signals of two users."""
    measured.add_user("ada", {}, webhook=False)
    measured.add_user("ben", {"stop_atr_multiple": 0.2}, webhook=False)
    measured.judge(*MEASURED)
    measured.run("publication", range_tags(str(LAST), str(LAST)))
    return measured.settings.snapshots / "latest" / "quantmatrix.duckdb"


def test_each_example_says_what_it_answers_and_is_answered(file: Path) -> None:
    assert len(EXAMPLES) >= 6
    with duckdb.connect(str(file), read_only=True) as connection:
        told = {path.stem: answer(connection, path) for path in EXAMPLES}
        sessions = connection.execute("SELECT DISTINCT session FROM latest_indicators").fetchall()
        said = connection.execute("SELECT count(*) FROM signals_of_session").fetchone()
        bars = connection.execute("SELECT count(*) FROM bars").fetchone()
    assert sessions == [(LAST,)]
    assert said == (len(told["why_signals_were_said"]),)
    assert {row["user_name"] for row in told["how_strategies_did"]} == {"ada", "ben"}
    assert told["instruments_behind"] == []
    # The first bar of an instrument has no return.
    by_month = told["volatility_by_month"]
    returns = sum(row["sessions"] for row in by_month)
    assert bars == (returns + len({row["symbol"] for row in by_month}),)
    rising = told["rising_near_their_average"]
    assert rising
    for row in rising:
        assert 0 <= row["distance_in_atr"] <= 4
        assert row["session"] == LAST


def answer(connection: duckdb.DuckDBPyConnection, path: Path) -> list[dict[str, Any]]:
    """Gives the rows of a query, each by column."""
    text = path.read_text()
    assert text.startswith("-- ")
    asked = connection.execute(text)
    names = [one[0] for one in asked.description or ()]
    return [dict(zip(names, row, strict=True)) for row in asked.fetchall()]
