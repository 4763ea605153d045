"""A finding from the day it is found to the day it is answered, released or rejected."""

import datetime as dt
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest
from journeys.conftest import FIRST, LAST, Installation
from sqlalchemy import text

from quantmatrix_engine.errors import SettingsError
from quantmatrix_engine.vocabulary import FindingStatus
from quantmatrix_models.privileges import Role
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.stores import decisions, market_data, trail

# Three sessions in the middle of the recorded year, a Tuesday to a Thursday.
ONE, TWO, THREE = dt.date(2012, 10, 9), dt.date(2012, 10, 10), dt.date(2012, 10, 11)


def findings(installation: Installation) -> list[dict[str, Any]]:
    asked = text("SELECT id, symbol, session, rule, status FROM findings ORDER BY session, rule")
    with installation.database.transaction(Role.PIPELINE) as connection:
        return [dict(row._mapping) for row in connection.execute(asked)]


def rewrite(folder: Path, change: pl.Expr | None = None, *, without: dt.date | None = None) -> None:
    """Writes IBM's bars anew, with the columns of its second session changed or without one."""
    path = folder / "bars.csv"
    bars = pl.read_csv(path, try_parse_dates=True)
    here = (pl.col("symbol") == "IBM") & (pl.col("session") == TWO)
    if change is not None:
        bars = bars.with_columns(pl.when(here).then(change).otherwise(change.meta.output_name()))
    if without is not None:
        bars = bars.filter(~((pl.col("symbol") == "IBM") & (pl.col("session") == without)))
    bars.write_csv(path)


def bars_of_ibm(installation: Installation) -> int:
    kept = Lake(str(installation.settings.home / "lake")).read("bars", first=TWO, last=TWO)
    return kept.height


def test_a_gap_is_found_once_and_closed_when_its_bar_comes(
    installation: Installation, bars_folder: Path
) -> None:
    whole = (bars_folder / "bars.csv").read_text()
    rewrite(bars_folder, without=TWO)
    installation.load(ONE, THREE)
    installation.load(ONE, THREE)
    (gap,) = findings(installation)
    assert (gap["symbol"], gap["session"], gap["rule"]) == ("IBM", TWO, "missing_session")
    (bars_folder / "bars.csv").write_text(whole)
    installation.load(ONE, THREE)
    assert [one["status"] for one in findings(installation)] == ["corrected"]


def test_an_instrument_without_a_bar_of_the_newest_session_is_told_by_a_check(
    installation: Installation, bars_folder: Path
) -> None:
    def late() -> str:
        installation.load(ONE, TWO)
        key = dg.AssetCheckKey(dg.AssetKey("bars"), "fresh")
        made = installation.instance.event_log_storage.get_latest_asset_check_execution_by_key(
            [key]
        )
        told = made[key].event.dagster_event.asset_check_evaluation_data  # type: ignore[union-attr]
        return told.description or ""

    whole = (bars_folder / "bars.csv").read_text()
    rewrite(bars_folder, without=TWO)
    assert late() == f"1 instruments that traded lately have no bar of {TWO}."
    (bars_folder / "bars.csv").write_text(whole)
    assert late() == f"0 instruments that traded lately have no bar of {TWO}."


def test_a_refused_row_is_found_closed_when_a_later_delivery_brings_a_good_one(
    installation: Installation, bars_folder: Path
) -> None:
    whole = (bars_folder / "bars.csv").read_text()
    rewrite(bars_folder, (pl.col("close") * -1).alias("close"))
    installation.load(ONE, THREE)
    # The gap it leaves is not told beside it.
    assert [one["rule"] for one in findings(installation)] == ["nonpositive_price"]
    assert bars_of_ibm(installation) == 1
    (bars_folder / "bars.csv").write_text(whole)
    installation.now += dt.timedelta(days=1)
    installation.load(ONE, THREE)
    assert [one["status"] for one in findings(installation)] == ["corrected"]
    assert bars_of_ibm(installation) == 2


def test_a_released_row_comes_in_with_the_next_run_and_a_rejected_one_does_not(
    installation: Installation, bars_folder: Path
) -> None:
    rewrite(bars_folder, (pl.col("low") * 0.9).alias("close"))
    installation.load(ONE, THREE)
    (found,) = findings(installation)
    assert (found["rule"], bars_of_ibm(installation)) == ("close_outside_range", 1)
    for status, bars in ((FindingStatus.RELEASED, 2), (FindingStatus.REJECTED, 1)):
        decisions.decide(
            installation.database,
            [found["id"]],
            status,
            reason="asked the exchange",
            trail=installation.trail(),
        )
        installation.load(ONE, THREE)
        assert bars_of_ibm(installation) == bars
        assert [one["status"] for one in findings(installation)] == [status.value]
    events = trail.newest(installation.database, user_id=None, limit=10)
    told = [one.changes["status"] for one in events if one.entity == "findings"]
    assert told == [{"old": "released", "new": "rejected"}, {"old": "open", "new": "released"}]


def test_a_flagged_bar_goes_on_until_somebody_rejects_it(
    installation: Installation, bars_folder: Path
) -> None:
    rewrite(bars_folder, pl.lit(0, pl.Int64).alias("volume"))
    installation.load(ONE, THREE)
    (flag,) = findings(installation)
    assert (flag["rule"], bars_of_ibm(installation)) == ("zero_volume", 2)
    assert market_data.quarantined(installation.database, ONE, THREE).is_empty()
    decisions.decide(
        installation.database,
        [flag["id"]],
        FindingStatus.REJECTED,
        reason="an outage",
        trail=installation.trail(),
    )
    installation.load(ONE, THREE)
    assert bars_of_ibm(installation) == 1
    assert market_data.quarantined(installation.database, ONE, THREE).height == 1


def test_a_run_of_one_session_finds_what_a_run_of_all_finds(
    installation: Installation, bars_folder: Path
) -> None:
    rewrite(bars_folder, (pl.col("close") * 1).alias("close"), without=TWO)
    for session in (ONE, TWO, THREE):
        installation.load(session, session)
    one_by_one = findings(installation)
    assert [one["rule"] for one in one_by_one] == ["missing_session"]
    installation.load(ONE, THREE)
    assert findings(installation) == one_by_one


def test_a_row_without_a_price_cannot_be_released(
    installation: Installation, bars_folder: Path
) -> None:
    rewrite(bars_folder, pl.lit(None, pl.Float64).alias("close"))
    installation.load(ONE, THREE)
    (found,) = findings(installation)
    with pytest.raises(SettingsError, match="null_price: such a row cannot be used"):
        decisions.decide(
            installation.database,
            [found["id"]],
            FindingStatus.RELEASED,
            reason="",
            trail=installation.trail(),
        )
    assert findings(installation) == [found]


def test_the_real_bars_of_a_year_show_nothing_odd(installation: Installation) -> None:
    installation.load(FIRST, LAST)
    assert findings(installation) == []


def test_a_row_that_is_restated_wrong_again_is_a_second_finding_and_its_repeat_none(
    installation: Installation, bars_folder: Path
) -> None:
    def load(volume: int) -> int:
        rewrite(bars_folder, pl.lit(volume).alias("volume"))
        installation.now += dt.timedelta(days=1)
        installation.load(ONE, THREE)
        return sum(one["rule"] == "negative_volume" for one in findings(installation))

    assert [load(-1), load(-1), load(-2), load(-2)] == [1, 1, 2, 2]
