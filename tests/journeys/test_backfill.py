"""A long range of sessions in one run: interrupted, it goes on; nobody is told anything."""

import datetime as dt
from dataclasses import replace

import polars as pl
import pytest
from journeys.conftest import Installation
from polars.testing import assert_frame_equal
from sqlalchemy import text

from quantmatrix_adapters.providers.base import Delivery
from quantmatrix_adapters.providers.sample import SampleProvider
from quantmatrix_engine.errors import ProviderRefused
from quantmatrix_models.privileges import Role
from quantmatrix_pipelines import backfill, chain, home
from quantmatrix_pipelines.backfill import DAILY, Backfill
from quantmatrix_pipelines.chain import RunFailed
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.stores import market_data

# The stretches: two calendar years of raw bars, three quarters of everything else.
FIRST, LAST = dt.date(2012, 9, 4), dt.date(2013, 3, 1)


class MortalFeed(SampleProvider):
    """The sample, until `dies_in`; it remembers what it was asked."""

    def __init__(self, dies_in: int | None) -> None:
        super().__init__()
        self.dies_in = dies_in
        self.asked: list[int] = []

    def daily_bars(self, first: dt.date, last: dt.date, *, known_at: dt.datetime) -> Delivery:
        if first.year == self.dies_in:
            raise ProviderRefused("sample: the key is refused (401).")
        self.asked.append(first.year)
        return super().daily_bars(first, last, known_at=known_at)


def run(
    installation: Installation, asked: Backfill, feed: MortalFeed, *, steps: slice = slice(None)
) -> None:
    installation.feed = feed
    for step in asked.steps()[steps]:
        chain.run(installation.definitions(), installation.instance, step)


def lake_of(installation: Installation) -> Lake:
    return Lake(str(installation.settings.lake))


def planned(installation: Installation) -> list[chain.Step]:
    """Gives the runs that `quantmatrix up` would still make."""
    feed = MortalFeed(None)
    fetched = market_data.fetched(installation.database, [feed.name], feed.version())
    window = replace(home.read_window(installation.settings.home), first=FIRST)
    return chain.plan(installation.instance, window, LAST, sessions=1, fetched=fetched)


def fetches(installation: Installation) -> list[tuple[int, str, str | None]]:
    asked = text("SELECT first_session, status, error FROM provider_fetches ORDER BY id")
    with installation.database.transaction(Role.PIPELINE) as connection:
        return [(first.year, status, error) for first, status, error in connection.execute(asked)]


def test_an_interrupted_backfill_goes_on_where_it_stopped(installation: Installation) -> None:
    asked = backfill.new(FIRST, LAST, at=installation.now)
    dying = MortalFeed(dies_in=2013)
    with pytest.raises(RunFailed, match="the key is refused"):
        run(installation, asked, dying)
    assert dying.asked == [2012]
    written = lake_of(installation).read("raw_bars")
    assert written.get_column("session").dt.year().unique().sort().to_list() == [2012]

    assert [step.title for step in planned(installation) if step.title.startswith("Bars")]
    found = backfill.earlier(installation.instance, FIRST, LAST)
    assert found == backfill.Earlier(asked, is_whole=False)
    healed = MortalFeed(dies_in=None)
    run(installation, asked, healed, steps=slice(2))
    assert healed.asked == [2013]
    # The weekly indicators, a run of their own, are still to be made.
    assert backfill.earlier(installation.instance, FIRST, LAST) == found
    run(installation, asked, healed, steps=slice(2, None))
    assert fetches(installation) == [
        (2012, "succeeded", None),
        (2013, "failed", "sample: the key is refused (401)."),
        (2013, "succeeded", None),
    ]
    assert backfill.earlier(installation.instance, FIRST, LAST) == backfill.Earlier(
        asked, is_whole=True
    )
    assert not [step.title for step in planned(installation) if step.title.startswith("Bars")]
    days = lake_of(installation).read("bars").get_column("session")
    assert (days.min(), days.max()) == (FIRST, LAST)


def test_a_backfill_fills_what_single_sessions_would_and_tells_nobody(
    installation: Installation,
) -> None:
    installation.add_user("ada", {})
    run(installation, backfill.new(FIRST, LAST, at=installation.now), MortalFeed(None))
    lake = lake_of(installation)
    assert all(lake.rows(table) > 0 for table in DAILY.tables)
    newest = lake.read("bars").group_by("instrument_id").agg(pl.col("session").max())
    assert snapshots(installation) == sorted(newest.iter_rows())
    counted = text("SELECT (SELECT count(*) FROM signals), (SELECT count(*) FROM notifications)")
    with installation.database.transaction(Role.PIPELINE) as connection:
        assert tuple(connection.execute(counted).one()) == (0, 0)

    session = dt.date(2012, 11, 15)
    filled = lake.read("indicators", first=session, last=session).sort("instrument_id")
    assert filled.height > 0
    tags = {"dagster/partition": str(session)}
    installation.run("market_data", tags, "raw_bars", "corporate_actions", "bars", "indicators")
    alone = lake.read("indicators", first=session, last=session).sort("instrument_id")
    assert_frame_equal(alone, filled, check_exact=True)
    friday = dt.date(2012, 11, 16)
    filled = lake.read("weekly_indicators", first=friday, last=friday).sort("instrument_id")
    assert filled.height > 0
    installation.run("publication", {"dagster/partition": str(friday)}, "weekly_indicators")
    alone = lake.read("weekly_indicators", first=friday, last=friday).sort("instrument_id")
    assert_frame_equal(alone, filled, check_exact=True)


def snapshots(installation: Installation) -> list[tuple[int, dt.date]]:
    """Gives each instrument's session in the table of newest states, by id."""
    asked = text("SELECT instrument_id, session FROM market_snapshots ORDER BY 1")
    with installation.database.transaction(Role.PIPELINE) as connection:
        return [tuple(row) for row in connection.execute(asked)]
