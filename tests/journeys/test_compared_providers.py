"""A second provider is asked for a few instruments a session, only to compare."""

import datetime as dt
from pathlib import Path
from typing import ClassVar

import dagster as dg
import polars as pl
from journeys.conftest import Installation
from pipelines.rows import query

from quantmatrix_adapters.providers.base import Delivery
from quantmatrix_adapters.providers.failover import Failover
from quantmatrix_adapters.providers.folder import FolderProvider
from quantmatrix_engine.errors import ProviderRefused
from quantmatrix_pipelines.lake import Lake

ONE, TWO = dt.date(2012, 10, 9), dt.date(2012, 10, 10)


class Second(FolderProvider):
    """Files that say another close than the first provider's, where it is told to."""

    name: ClassVar = "second"

    def __init__(self, path: Path, *, times: float = 1.0, is_down: bool = False) -> None:
        super().__init__(path)
        self.times, self.is_down = times, is_down

    def daily_bars(self, first: dt.date, last: dt.date, *, known_at: dt.datetime) -> Delivery:
        if self.is_down:
            raise ProviderRefused("second: the key is refused (401).")
        told = super().daily_bars(first, last, known_at=known_at)
        prices = [pl.col(name) * self.times for name in ("open", "high", "low", "close")]
        return Delivery(told.bars.with_columns(prices), told.findings)


def feed(installation: Installation, folder: Path, *, count: int, **second: object) -> None:
    both = [FolderProvider(folder), Second(folder, **second)]  # type: ignore[arg-type]
    installation.feed = Failover(both, ("IBM", "MSFT"))
    update = {"compared_symbols": count}
    installation.settings = installation.settings.model_copy(update=update)


def raw_bars(installation: Installation) -> list[tuple[object, ...]]:
    read = Lake(str(installation.settings.lake)).read("raw_bars", first=ONE, last=TWO)
    return read.select("provider", "symbol", "session").sort(pl.all()).rows()


def fetches(installation: Installation) -> list[tuple[object, ...]]:
    return query(
        installation.database,
        "SELECT provider, kind, first_session, status, rows FROM provider_fetches"
        " WHERE kind = 'compared_bars' ORDER BY id",
    )


def findings(installation: Installation) -> list[tuple[object, ...]]:
    return query(installation.database, "SELECT rule, provider, symbol, status FROM findings")


def test_one_symbol_a_session_is_compared_in_turn_under_its_own_name(
    installation: Installation, bars_folder: Path
) -> None:
    feed(installation, bars_folder, count=1)
    installation.load(ONE, ONE)
    installation.load(TWO, TWO)
    second = [row for row in raw_bars(installation) if row[0] == "second"]
    assert {(symbol, session) for _, symbol, session in second} in (
        {("IBM", ONE), ("MSFT", TWO)},
        {("MSFT", ONE), ("IBM", TWO)},
    )
    assert fetches(installation) == [
        ("second", "compared_bars", session, "succeeded", 1) for session in (ONE, TWO)
    ]
    assert findings(installation) == []


def test_closes_that_disagree_are_a_finding_until_one_side_gives_way(
    installation: Installation, bars_folder: Path
) -> None:
    feed(installation, bars_folder, count=20, times=1.01)
    installation.load(ONE, TWO)
    disagree = "provider_disagreement"
    open_ones = {(disagree, "second", symbol, "open") for symbol in ("IBM", "MSFT")}
    assert set(findings(installation)) == open_ones
    installation.now += dt.timedelta(days=1)
    feed(installation, bars_folder, count=20)
    installation.load(ONE, TWO)
    assert {row[3] for row in findings(installation)} == {"corrected"}


def test_a_second_provider_that_is_down_stops_nobody_and_is_recorded(
    installation: Installation, bars_folder: Path
) -> None:
    feed(installation, bars_folder, count=20, is_down=True)
    installation.load(ONE, TWO)
    assert [row[0] for row in raw_bars(installation)] == ["folder"] * 4
    assert fetches(installation) == [("second", "compared_bars", TWO, "failed", 0)]
    key = dg.AssetKey("raw_bars")
    made = installation.instance.get_latest_materialization_event(key)
    assert made is not None
    said = made.asset_materialization.metadata["compared"].value  # type: ignore[union-attr]
    assert said == "second failed: second: the key is refused (401)."


def test_without_a_sample_nothing_is_asked_twice(
    installation: Installation, bars_folder: Path
) -> None:
    feed(installation, bars_folder, count=0)
    installation.load(ONE, TWO)
    assert {row[0] for row in raw_bars(installation)} == {"folder"}
    assert fetches(installation) == []
