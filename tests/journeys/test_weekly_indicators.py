"""From daily bars with a split to the indicators of weeks, and to what analysts read of them."""

import datetime as dt
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from journeys.conftest import FIRST, LAST, Installation, halve_prices
from polars.testing import assert_frame_equal

from quantmatrix_engine.contracts.weekly_indicators import WeeklyIndicators
from quantmatrix_pipelines.defs.market_data.weekly_indicators import NO_WEEK_ENDS, TABLE
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.partitions import range_tags

# A Wednesday; the Monday of its week is a holiday.
EX_DATE = dt.date(2013, 2, 20)
FEBRUARY, THURSDAY = dt.date(2013, 2, 1), dt.date(2013, 2, 28)
FRIDAYS = [dt.date(2013, 2, day) for day in (1, 8, 15, 22)] + [LAST]


@pytest.fixture
def split(installation: Installation, bars_folder: Path, tmp_path: Path) -> pl.DataFrame:
    """Gives IBM's recorded bars as if it had split 2:1 on EX_DATE; the lake has them."""
    bars, told = halve_prices(bars_folder / "bars.csv", EX_DATE), tmp_path / "actions.csv"
    told.write_text(f"symbol,ex_date,kind,ratio,provider\nIBM,{EX_DATE},split,2,registrar\n")
    installation.settings = installation.settings.model_copy(update={"actions": told})
    installation.load(FIRST, LAST)
    return bars.filter(symbol="IBM")


def made(installation: Installation, first: dt.date, last: dt.date) -> dict[str, Any]:
    """Makes the weeks of some sessions; gives what their materialization and checks tell."""
    installation.run("publication", range_tags(str(first), str(last)), TABLE)
    return installation.told(TABLE, "contract", "no_look_ahead")


def weeks(installation: Installation, **ends: dt.date) -> pl.DataFrame:
    rows = Lake(str(installation.settings.lake)).read(TABLE, **ends)
    WeeklyIndicators.validate(rows)
    return rows.sort("instrument_id", "session")


def test_each_week_is_in_its_own_price_basis_and_single_sessions_make_what_a_range_does(
    installation: Installation, split: pl.DataFrame
) -> None:
    told = made(installation, FEBRUARY, LAST)
    assert (told["weeks"], told["newest_week"]) == (5, str(LAST))
    assert (told["contract"], told["no_look_ahead"]) == (True, True)
    rows = weeks(installation)
    assert told["dagster/row_count"] == rows.height == 10
    ibm = rows.filter(pl.col("close").is_in(split["close"].implode()))
    assert ibm["session"].to_list() == FRIDAYS
    assert ibm["sessions"].to_list() == [5, 5, 5, 4, 5]
    # Ten weekly closes that end with the week: those before the split are halved after it alone.
    by_week = (
        split.sort("session").group_by_dynamic("session", every="1w").agg(pl.col("close").last())
    )
    closes = by_week["close"].to_list()
    assert ibm["close"].to_list() == closes[-5:]
    halved = [close / 2 for close in closes[:-2]] + closes[-2:]
    means = [sum(closes[end - 10 : end]) / 10 for end in (-4, -3, -2)]
    means += [sum(halved[-11:-1]) / 10, sum(halved[-10:]) / 10]
    assert ibm["sma_10"].to_list() == pytest.approx(means, rel=1e-12)

    for friday in FRIDAYS:
        made(installation, friday, friday)
    assert_frame_equal(weeks(installation), rows, check_exact=True)


def test_a_session_that_ends_no_week_writes_nothing_and_says_so(loaded: Installation) -> None:
    told = made(loaded, THURSDAY, THURSDAY)
    assert (told["weeks"], told["why"], told["dagster/row_count"]) == (0, NO_WEEK_ENDS, 0)
    assert told["dagster/partition_row_count"] == 0
    assert (told["contract"], told["no_look_ahead"]) == (True, True)
    assert not Path(loaded.settings.lake, TABLE).exists()
    made(loaded, FEBRUARY, LAST)
    before = weeks(loaded)
    assert made(loaded, THURSDAY, THURSDAY)["dagster/row_count"] == before.height
    assert_frame_equal(weeks(loaded), before)


def test_a_file_has_the_weeks_up_to_its_session_and_what_each_column_is(
    loaded: Installation,
) -> None:
    loaded.run("market_data", range_tags(str(LAST), str(LAST)), "indicators")
    loaded.run("publication", range_tags(str(LAST), str(LAST)))
    file = loaded.settings.snapshots / "latest" / "quantmatrix.duckdb"
    asked = "SELECT session, symbol, sma_40 IS NULL FROM latest_weekly_indicators ORDER BY symbol"
    comments = """
        SELECT column_name, comment FROM duckdb_columns()
        WHERE table_name = 'weekly_indicators'
            AND (coalesce(comment, '') = '' OR column_name = 'range_position_52')
    """
    with duckdb.connect(str(file), read_only=True) as connection:
        assert connection.execute(asked).fetchall() == [(LAST, "IBM", False), (LAST, "MSFT", False)]
        ((name, comment),) = connection.execute(comments).fetchall()
    assert (name, "of the last 52 bars" in comment) == ("range_position_52", True)
