"""From what a provider or a person says of companies to what analysts read, as of any moment."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import polars as pl
import pytest
from journeys.conftest import FIRST, LAST, Installation
from sqlalchemy import text
from support.replay_server import ReplayServer, Reply, Request

from quantmatrix_adapters.http import Patience
from quantmatrix_adapters.providers.base import Given
from quantmatrix_adapters.providers.polygon import PolygonProvider
from quantmatrix_engine.contracts.fundamentals import Fundamentals
from quantmatrix_engine.prices.fundamentals import standing
from quantmatrix_models.privileges import Role
from quantmatrix_pipelines.chain import RunFailed
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.partitions import range_tags

# The two last sessions of the window, a Thursday and a Friday, and the nights after them.
BEFORE = dt.date(2013, 2, 28)
THURSDAY_NIGHT = dt.datetime(2013, 3, 1, 2, 15, tzinfo=dt.UTC)
FRIDAY_NIGHT = dt.datetime(2013, 3, 2, 2, 15, tzinfo=dt.UTC)


class Market:
    """Polygon on loopback, with the market capitalizations and the quota a test sets."""

    def __init__(self, server: ReplayServer) -> None:
        self.server = server
        self.caps = {"IBM": 226.0e9, "MSFT": 233.0e9}
        self.quota = 1_000
        server.route = self._reply

    def _reply(self, asked: Request) -> Reply:
        symbol = asked.path.removeprefix("/v3/reference/tickers/")
        if self.quota == 0:
            return Reply(403, {"message": "That is all for today."})
        self.quota -= 1
        return Reply(200, {"results": {"ticker": symbol, "market_cap": self.caps[symbol]}})


@pytest.fixture
def market(installation: Installation) -> Iterator[Market]:
    """A market whose two stocks are in the catalogue of the installation, which asks Polygon."""
    with ReplayServer() as server:
        installation.feed = PolygonProvider.configured(
            Given(
                symbols=("IBM", "MSFT"),
                keys={"polygon": "key:word"},
                since=FIRST,
                patience=Patience(clock=lambda: installation.now, sleep=lambda _: None),
                base_urls={"polygon": server.base_url},
            )
        )
        # On which exchange the two are is asked first; it is not told.
        server.queue(Reply(200, {"results": []}))
        installation.run("market_data", {}, "instruments")
        server.requests.clear()
        yield Market(server)


def fetch(
    installation: Installation, first: dt.date, last: dt.date, *, at: dt.datetime
) -> dict[str, Any]:
    """Runs the asset over sessions at a moment; gives what its materialization tells."""
    installation.now = at
    installation.run("company_data", range_tags(str(first), str(last)))
    made = installation.instance.get_latest_materialization_event(dg.AssetKey("fundamentals"))
    assert made is not None
    assert made.asset_materialization is not None
    return {name: one.value for name, one in made.asset_materialization.metadata.items()}


def kept(installation: Installation) -> pl.DataFrame:
    """Gives all of the table in the lake; its contract holds."""
    rows = Lake(str(installation.settings.lake)).read("fundamentals")
    Fundamentals.validate(rows)
    return rows.sort("session", "instrument_id", "known_at")


def caps(rows: pl.DataFrame) -> list[tuple[Any, ...]]:
    return rows.select("session", "market_cap").rows()


def found(installation: Installation) -> list[tuple[Any, ...]]:
    asked = text("SELECT symbol, session, rule FROM findings ORDER BY symbol, session, rule")
    with installation.database.transaction(Role.PIPELINE) as connection:
        return [tuple(row) for row in connection.execute(asked)]


def test_what_is_said_each_evening_is_kept_and_read_as_of_any_moment(
    installation: Installation, market: Market
) -> None:
    told = fetch(installation, BEFORE, BEFORE, at=THURSDAY_NIGHT)
    assert (told["asked"], told["delivered"], told["new"]) == (2, 2, 2)
    assert told["reason"] == "Asked for 2013-02-28."
    market.caps["MSFT"] = 234.5e9
    told = fetch(installation, LAST, LAST, at=FRIDAY_NIGHT)
    assert (told["delivered"], told["new"]) == (2, 1)  # IBM's figure is unchanged
    rows = kept(installation)
    assert caps(rows) == [(BEFORE, 226.0e9), (BEFORE, 233.0e9), (LAST, 234.5e9)]
    assert rows["known_at"].to_list() == [THURSDAY_NIGHT, THURSDAY_NIGHT, FRIDAY_NIGHT]

    instant = dt.timedelta(microseconds=1)
    assert standing(rows, THURSDAY_NIGHT - instant).is_empty()
    assert caps(standing(rows, FRIDAY_NIGHT - instant)) == [(BEFORE, 226.0e9), (BEFORE, 233.0e9)]
    assert caps(standing(rows, FRIDAY_NIGHT)) == [(BEFORE, 226.0e9), (LAST, 234.5e9)]


def test_where_a_quota_ends_what_came_before_is_kept_and_the_next_evening_begins_elsewhere(
    installation: Installation, market: Market
) -> None:
    for session, at in ((BEFORE, THURSDAY_NIGHT), (LAST, FRIDAY_NIGHT)):
        market.quota = 1
        told = fetch(installation, session, session, at=at)
        assert (told["asked"], told["delivered"]) == (2, 1)
    rows = kept(installation)
    assert rows["session"].to_list() == [BEFORE, LAST]
    assert rows["instrument_id"].n_unique() == 2
    rules = [rule for *_, rule in found(installation)]
    assert rules == ["provider_failed", "provider_failed"]


def test_a_run_repeated_adds_nothing(installation: Installation, market: Market) -> None:
    fetch(installation, LAST, LAST, at=FRIDAY_NIGHT)
    again = fetch(installation, LAST, LAST, at=FRIDAY_NIGHT + dt.timedelta(hours=1))
    assert (again["delivered"], again["new"]) == (2, 0)
    assert kept(installation).height == len(market.caps)


def test_a_backfill_asks_for_no_session_but_the_newest(
    installation: Installation, market: Market
) -> None:
    told = fetch(installation, FIRST, BEFORE, at=FRIDAY_NIGHT)
    assert (told["asked"], told["delivered"]) == (0, 0)
    assert told["reason"] == "Not asked: what is said now is of 2013-03-01."
    assert market.server.requests == []
    fetch(installation, FIRST, LAST, at=FRIDAY_NIGHT)
    assert kept(installation)["session"].unique().to_list() == [LAST]
    assert len(market.server.requests) == len(market.caps)


def test_while_the_exchange_is_open_what_is_said_is_of_no_session_that_is_over(
    installation: Installation, market: Market
) -> None:
    noon = dt.datetime(2013, 3, 1, 17, tzinfo=dt.UTC)
    told = fetch(installation, BEFORE, LAST, at=noon)
    assert told["reason"] == "Not asked: the session after 2013-02-28 is not over."
    assert market.server.requests == []
    assert kept(installation).is_empty()


def test_a_provider_that_states_none_is_no_error(installation: Installation) -> None:
    installation.run("market_data", {}, "instruments")
    told = fetch(installation, LAST, LAST, at=FRIDAY_NIGHT)
    assert (told["asked"], told["delivered"]) == (0, 0)
    assert told["reason"] == "folder states no fundamentals."
    assert kept(installation).is_empty()


def test_a_provider_that_refuses_fails_its_own_run_and_its_fetches_are_recorded_as_of_fundamentals(
    installation: Installation, market: Market
) -> None:
    market.server.queue(Reply(401, {"error": "Unknown API Key"}))
    with pytest.raises(RunFailed, match="polygon answered HTTP 401"):
        fetch(installation, LAST, LAST, at=FRIDAY_NIGHT)
    fetch(installation, LAST, LAST, at=FRIDAY_NIGHT)
    caps = len(market.caps)
    assert fetches_of(installation) == [
        ("fundamentals", "failed", 0, 0),
        ("fundamentals", "succeeded", caps, caps),
    ]


def fetches_of(installation: Installation) -> list[tuple[Any, ...]]:
    asked = text("SELECT kind, status, rows, new_rows FROM provider_fetches ORDER BY id")
    with installation.database.transaction(Role.PIPELINE) as connection:
        return [tuple(one) for one in connection.execute(asked)]


@pytest.fixture
def figures(installation: Installation, tmp_path: Path) -> Path:
    """The file of figures the installation is told of; the feed is its folder of bars."""
    path = tmp_path / "fundamentals.csv"
    installation.settings = installation.settings.model_copy(update={"fundamentals": path})
    return path


def say(path: Path, *rows: str) -> None:
    header = "symbol,session,known_at,price_to_earnings,employees"
    path.write_text("\n".join([header, *rows]) + "\n")


def test_a_file_tells_of_past_sessions_since_when_it_says(
    installation: Installation, figures: Path
) -> None:
    installation.run("market_data", {}, "instruments")
    say(
        figures,
        "IBM,2012-10-16,2012-10-16T20:30:00,14.5,433362",
        "IBM,2013-01-22,2013-01-22T21:30:00,13.4,434246",
        "MSFT,2013-01-24,,15.0,94000",
    )
    fetch(installation, FIRST, LAST, at=FRIDAY_NIGHT)
    fetch(installation, FIRST, LAST, at=FRIDAY_NIGHT + dt.timedelta(days=1))
    rows = kept(installation)
    assert rows["price_to_earnings"].to_list() == [14.5, 13.4, 15.0]
    new_year = standing(rows, dt.datetime(2013, 1, 1, tzinfo=dt.UTC))
    assert new_year.select("provider", "price_to_earnings").rows() == [("file", 14.5)]
    assert standing(rows, FRIDAY_NIGHT)["price_to_earnings"].to_list() == [13.4, 15.0]


def test_what_cannot_be_read_or_be_true_is_a_finding_and_the_others_are_kept(
    installation: Installation, figures: Path
) -> None:
    installation.run("market_data", {}, "instruments")
    say(
        figures,
        "IBM,2013-02-28,,14.5,433362",
        "MSFT,2013-02-28,,cheap,94000",
        "MSFT,2013-03-01,,15.0,-1",
        "MSFT,2013-02-24,,15.0,94000",
        "NONE,2013-02-28,,15.0,94000",
    )
    for _ in range(2):
        fetch(installation, BEFORE, LAST, at=FRIDAY_NIGHT)
    assert kept(installation)["price_to_earnings"].to_list() == [14.5]
    assert found(installation) == [
        ("MSFT", dt.date(2013, 2, 24), "broken_contract"),  # a Sunday
        ("MSFT", LAST, "broken_contract"),
        ("MSFT", None, "not_a_number"),
        ("NONE", BEFORE, "unknown_symbol"),
    ]


def test_analysts_have_every_statement_and_what_each_column_is(
    installation: Installation, figures: Path
) -> None:
    say(
        figures,
        "IBM,2013-01-22,2013-01-22T21:30:00,13.4,434246",
        "IBM,2013-02-28,2013-02-28T21:30:00,13.1,434246",
    )
    installation.load(FIRST, LAST)
    fetch(installation, FIRST, LAST, at=FRIDAY_NIGHT)
    installation.run("publication", range_tags(str(LAST), str(LAST)))
    file = installation.settings.snapshots / "latest" / "quantmatrix.duckdb"
    asked = "SELECT symbol, session, price_to_earnings FROM"
    undescribed = """
        SELECT column_name FROM duckdb_columns()
        WHERE table_name = 'fundamentals' AND coalesce(comment, '') = ''
    """
    with duckdb.connect(str(file), read_only=True) as connection:
        latest = connection.execute(f"{asked} latest_fundamentals").fetchall()
        assert latest == [("IBM", BEFORE, 13.1)]
        assert connection.execute("SELECT count(*) FROM fundamentals").fetchall() == [(2,)]
        assert connection.execute(undescribed).fetchall() == []
