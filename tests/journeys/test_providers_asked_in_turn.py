"""What each of several providers gave, and which of them failed, is in `provider_fetches`."""

import datetime as dt
from pathlib import Path
from typing import ClassVar

import pytest
from journeys.conftest import Installation
from pipelines.rows import query

from quantmatrix_adapters.providers.base import Delivery, names_of
from quantmatrix_adapters.providers.failover import Failover
from quantmatrix_adapters.providers.folder import FolderProvider
from quantmatrix_engine.errors import ProviderRefused
from quantmatrix_pipelines.chain import RunFailed
from quantmatrix_pipelines.stores import market_data

ONE, TWO = dt.date(2012, 10, 9), dt.date(2012, 10, 10)
DOWN = "the key is refused (401)"


class First(FolderProvider):
    """Files of IBM alone, as another provider than the folder, which may be down."""

    name: ClassVar = "first"
    is_down = False

    def daily_bars(self, first: dt.date, last: dt.date, *, known_at: dt.datetime) -> Delivery:
        if self.is_down:
            raise ProviderRefused(DOWN)
        return super().daily_bars(first, last, known_at=known_at)


class Second(First):
    """The same for the files of all."""

    name: ClassVar = "second"


@pytest.fixture
def providers(installation: Installation, bars_folder: Path, tmp_path: Path) -> tuple[First, First]:
    """The two of the installation's feed, asked in this order; nothing is asked to compare."""
    of_ibm = tmp_path / "of_ibm"
    of_ibm.mkdir()
    header, *lines = (bars_folder / "bars.csv").read_text().splitlines()
    kept = [header, *(line for line in lines if line.startswith("IBM,"))]
    (of_ibm / "bars.csv").write_text("\n".join(kept) + "\n")
    made = (First(of_ibm), Second(bars_folder))
    installation.feed = Failover(made, ("IBM", "MSFT"))
    installation.settings = installation.settings.model_copy(update={"compared_symbols": 0})
    return made


def fetches(installation: Installation) -> list[tuple[object, ...]]:
    return query(
        installation.database,
        "SELECT provider, first_session, last_session, status, error, rows, new_rows"
        " FROM provider_fetches WHERE kind = 'bars' ORDER BY id",
    )


@pytest.mark.usefixtures("providers")
def test_each_is_recorded_with_what_it_gave(installation: Installation) -> None:
    installation.load(ONE, TWO)
    assert fetches(installation) == [
        ("first", ONE, TWO, "succeeded", None, 2, 2),
        ("second", ONE, TWO, "succeeded", None, 2, 2),
    ]
    names = query(installation.database, "SELECT name FROM data_providers ORDER BY name")
    assert names == [("first",), ("second",)]
    feed = installation.feed
    assert feed is not None
    ((one),) = market_data.fetched(installation.database, names_of(feed), feed.version())
    assert (one.first, one.last) == (ONE, TWO)


def test_one_that_fails_is_recorded_beside_the_one_that_answered(
    installation: Installation, providers: tuple[First, First]
) -> None:
    providers[0].is_down = True
    installation.load(ONE, TWO)
    assert fetches(installation) == [
        ("first", ONE, TWO, "failed", DOWN, 0, 0),
        ("second", ONE, TWO, "succeeded", None, 4, 4),
    ]


def test_where_all_fail_all_are_recorded_and_nothing_counts_as_fetched(
    installation: Installation, providers: tuple[First, First]
) -> None:
    for one in providers:
        one.is_down = True
    with pytest.raises(RunFailed, match="No provider answered"):
        installation.load(ONE, TWO)
    assert [row[::4] for row in fetches(installation)] == [("first", DOWN), ("second", DOWN)]
    feed = installation.feed
    assert feed is not None
    assert market_data.fetched(installation.database, names_of(feed), feed.version()) == []
