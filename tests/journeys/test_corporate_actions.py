"""From a split somebody reports to indicators that see through it, and from one nobody confirms."""

import datetime as dt
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from journeys.conftest import FIRST, LAST, Installation, halve_prices
from polars.testing import assert_frame_equal
from sqlalchemy import text

from quantmatrix_engine.errors import SettingsError
from quantmatrix_models.instruments import CorporateActionStatus
from quantmatrix_models.privileges import Role
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.partitions import range_tags
from quantmatrix_pipelines.stores import corporate_actions

EX_DATE, LATE = dt.date(2012, 10, 9), dt.date(2013, 2, 15)


@pytest.fixture
def split(installation: Installation, bars_folder: Path, tmp_path: Path) -> Path:
    """IBM's recorded prices as if it had split 2:1 on EX_DATE, and the file that says so."""
    path = bars_folder / "bars.csv"
    since = (pl.col("symbol") == "IBM") & (pl.col("session") >= EX_DATE)
    doubled = pl.when(since).then(pl.col("volume") * 2).otherwise("volume").alias("volume")
    halve_prices(path, EX_DATE).with_columns(doubled).write_csv(path)
    told = tmp_path / "actions.csv"
    report(told, "IBM,2012-10-09,split,2,,,registrar,2012-10-01T00:00:00")
    installation.settings = installation.settings.model_copy(update={"actions": told})
    return told


def report(path: Path, *rows: str) -> None:
    header = "symbol,ex_date,kind,ratio,amount,currency,provider,known_at"
    path.write_text("\n".join([header, *rows]) + "\n")


def load(installation: Installation) -> None:
    installation.load(FIRST, LAST)


def indicators(installation: Installation, symbol: str) -> pl.DataFrame:
    """Computes the last session's indicators and gives those of one symbol."""
    installation.run("market_data", range_tags(str(LAST), str(LAST)), "indicators")
    rows = Lake(str(installation.settings.home / "lake")).read("indicators", first=LAST, last=LAST)
    asked = text("SELECT instrument_id FROM instrument_symbols WHERE symbol = :symbol")
    with installation.database.transaction(Role.PIPELINE) as connection:
        number = connection.execute(asked, {"symbol": symbol}).scalar_one()
    return rows.filter(pl.col("instrument_id") == number).drop("known_at")


def stand(installation: Installation) -> list[tuple[Any, ...]]:
    asked = text("SELECT provider, status, reason FROM corporate_actions ORDER BY id")
    with installation.database.transaction(Role.PIPELINE) as connection:
        return [tuple(row) for row in connection.execute(asked)]


def doubts(installation: Installation) -> list[tuple[Any, ...]]:
    asked = text(
        "SELECT symbol, session, status FROM findings WHERE rule = 'unconfirmed_action' ORDER BY id"
    )
    with installation.database.transaction(Role.PIPELINE) as connection:
        return [tuple(row) for row in connection.execute(asked)]


@pytest.mark.usefixtures("split")
def test_a_split_the_price_shows_is_applied_and_indicators_see_through_it(
    installation: Installation, bars_folder: Path
) -> None:
    load(installation)
    assert stand(installation) == [("registrar", "confirmed", None)]
    assert doubts(installation) == []
    seen = indicators(installation, "IBM").row(0, named=True)

    halved = pl.read_csv(bars_folder / "bars.csv", try_parse_dates=True)
    whole = halved.filter(pl.col("symbol") == "IBM").with_columns(
        basis=pl.when(pl.col("session") < EX_DATE).then(0.5).otherwise(1.0)
    )
    closes = (whole["close"] * whole["basis"]).tail(50)
    assert seen["sma_50"] == pytest.approx(closes.mean(), rel=1e-12)


def test_the_same_split_reported_without_the_price_showing_it_is_shown_and_not_applied(
    installation: Installation, split: Path
) -> None:
    report(split, "MSFT,2013-02-15,split,2,,,registrar,")
    load(installation)
    with_doubt = indicators(installation, "MSFT")
    ((provider, status, reason),) = stand(installation)
    assert (provider, status) == ("registrar", "quarantined")
    assert reason.startswith("registrar alone says so, and the price went from ")
    assert doubts(installation) == [("MSFT", LATE, "open")]

    report(
        split, "MSFT,2013-02-15,split,2,,,registrar,", "MSFT,2013-02-15,split,2.0,,,transfer-agent,"
    )
    load(installation)
    assert [one[1] for one in stand(installation)] == ["confirmed", "confirmed"]
    assert doubts(installation) == [("MSFT", LATE, "corrected")]
    assert_frame_equal(
        indicators(installation, "MSFT").select(pl.col("sma_50") < with_doubt["sma_50"].item()),
        pl.DataFrame({"sma_50": [True]}),
    )


@pytest.mark.usefixtures("split")
def test_a_person_confirms_or_rejects_and_no_later_run_undoes_it(
    installation: Installation,
) -> None:
    load(installation)
    trail = installation.trail()
    rejected = {"reason": "the company denies it", "trail": trail}
    dates = corporate_actions.decide(
        installation.database, [1], CorporateActionStatus.REJECTED, **rejected
    )
    assert dates == [EX_DATE]
    load(installation)
    assert stand(installation) == [("registrar", "rejected", "the company denies it")]
    assert corporate_actions.price_actions(installation.database).is_empty()
    with pytest.raises(SettingsError, match="no corporate action 99"):
        corporate_actions.decide(
            installation.database, [1, 99], CorporateActionStatus.CONFIRMED, **rejected
        )
    assert stand(installation)[0][1] == "rejected"
    corporate_actions.decide(
        installation.database, [1], CorporateActionStatus.CONFIRMED, reason="seen", trail=trail
    )
    assert corporate_actions.price_actions(installation.database).height == 1
    actions = text("SELECT count(*) FROM audit_events WHERE entity = 'corporate_actions'")
    with installation.database.transaction(Role.ADMIN) as connection:
        assert connection.execute(actions).scalar() == 2


def test_a_report_told_again_adds_nothing_and_one_told_otherwise_is_a_further_row(
    installation: Installation, split: Path
) -> None:
    load(installation)
    load(installation)
    assert len(stand(installation)) == 1
    report(split, "IBM,2012-10-09,split,2.2,,,registrar,2012-12-01T00:00:00")
    load(installation)
    assert len(stand(installation)) == 2
    ratios = corporate_actions.price_actions(installation.database).sort("known_at")["ratio"]
    assert ratios.to_list() == [2.2]


def test_a_row_that_cannot_be_read_or_is_of_no_instrument_is_a_finding(
    installation: Installation, split: Path
) -> None:
    report(
        split,
        "IBM,2012-10-09,split,two,,,registrar,",
        "IBM,2012-10-09,split,,,,registrar,",
        "NONE,2012-10-09,split,2,,,registrar,",
    )
    load(installation)
    asked = text(
        "SELECT rule, symbol FROM findings WHERE source = 'actions.csv' ORDER BY rule, symbol"
    )
    with installation.database.transaction(Role.PIPELINE) as connection:
        found = [tuple(row) for row in connection.execute(asked)]
    assert found == [
        ("broken_contract", "IBM"),
        ("not_a_number", "IBM"),
        ("unknown_symbol", "NONE"),
    ]
    assert stand(installation) == []


@pytest.mark.usefixtures("split")
def test_analysts_have_bars_as_traded_and_in_the_basis_of_the_session(
    installation: Installation,
) -> None:
    load(installation)
    indicators(installation, "IBM")
    installation.run("publication", range_tags(str(LAST), str(LAST)))
    file = installation.settings.snapshots / "latest" / "quantmatrix.duckdb"
    asked = """
        SELECT b.session < DATE '2012-10-09', min(a.close / b.close), max(a.close / b.close),
            max(a.volume / b.volume)
        FROM bars b JOIN split_adjusted_bars a USING (instrument_id, session)
        JOIN instruments i USING (instrument_id) WHERE i.symbol = 'IBM' GROUP BY 1 ORDER BY 1
    """
    with duckdb.connect(str(file), read_only=True) as connection:
        assert connection.execute(asked).fetchall() == [(False, 1, 1, 1), (True, 0.5, 0.5, 2)]
        told = connection.execute("SELECT ex_date, ratio, amount FROM corporate_actions")
        assert told.fetchall() == [(EX_DATE, 2.0, None)]
