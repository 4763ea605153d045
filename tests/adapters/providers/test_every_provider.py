"""What each provider promises; a new file in the folder is held to it once it has a maker here."""

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from support.provider_replies import WRITERS
from support.replay_server import ReplayServer

from quantmatrix_adapters import providers
from quantmatrix_adapters.http import Patience
from quantmatrix_adapters.providers.base import Delivery, Given, Provider
from quantmatrix_engine import registry
from quantmatrix_engine.contracts import gate
from quantmatrix_engine.contracts.findings import Findings
from quantmatrix_engine.contracts.instruments import Listing
from quantmatrix_engine.contracts.raw_bars import RawBars

PROVIDERS = registry.discover(providers, attribute="PROVIDER")
ASKED_AT = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)
BAR_FILE = """symbol,session,open,high,low,close,volume
MSFT,2024-01-03,369.01,373.26,368.51,370.60,23083500
MSFT,2024-01-02,373.86,375.90,366.77,370.87,25258600
AAPL,2024-01-02,187.15,188.44,183.89,185.64,82488700
AAPL,2024-01-03,184.22,185.88,183.43,a lot,58414500
AAPL,2024-01-04,182.15,183.09,180.88,181.91,
AAPL,2024-01-05,181.99,182.76
"""


# The last day of winter time and the first of summer time.
FRIDAY, MONDAY = dt.date(2023, 3, 10), dt.date(2023, 3, 13)
BARS = {
    "AAPL": {
        FRIDAY: (150.21, 150.94, 147.61, 148.5, 68524400),
        MONDAY: (147.805, 153.14, 147.7, 150.47, 84457100),
    },
    "MSFT": {
        FRIDAY: (251.08, 252.79, 247.6, 248.59, 28333900),
        MONDAY: (247.4, 257.91, 245.73, None, 33339700),
    },
}

LOCAL = {
    "folder": lambda path: Given(bars=path),
    "sample": lambda _: Given(),
}


def _given_local(name: str, path: Path, server: ReplayServer) -> Given:  # noqa: ARG001
    (path / "bars.csv").write_text(BAR_FILE)
    return LOCAL[name](path)


def _given_network(name: str, path: Path, server: ReplayServer) -> Given:  # noqa: ARG001
    server.route = WRITERS[name](BARS)
    return Given(
        symbols=("AAPL", "MSFT"),
        keys={name: "key:word"},
        since=FRIDAY,
        patience=Patience(clock=lambda: dt.datetime(2023, 3, 14, 12, tzinfo=dt.UTC)),
        base_urls={name: server.base_url},
    )


MAKERS: dict[str, Callable[[str, Path, ReplayServer], Given]] = {
    **dict.fromkeys(LOCAL, _given_local),
    **dict.fromkeys(WRITERS, _given_network),
}


@pytest.fixture
def server() -> Iterator[ReplayServer]:
    with ReplayServer() as running:
        yield running


@pytest.fixture(params=MAKERS)
def provider(request: pytest.FixtureRequest, tmp_path: Path, server: ReplayServer) -> Provider:
    given = MAKERS[request.param](request.param, tmp_path, server)
    return PROVIDERS[request.param].configured(given)


def _everything(provider: Provider) -> Delivery:
    return provider.daily_bars(*provider.sessions(), known_at=ASKED_AT)


def test_every_provider_of_the_folder_is_tested_here() -> None:
    assert set(PROVIDERS) == set(MAKERS)


@pytest.mark.parametrize("name", MAKERS)
def test_a_provider_is_called_like_its_file(name: str) -> None:
    assert PROVIDERS[name].name == name


def test_the_listing_keeps_its_contract(provider: Provider) -> None:
    listing = provider.listing()
    assert not listing.is_empty()
    assert gate.apply(Listing, listing).failing_rows == 0


def test_bars_keep_their_contract(provider: Provider) -> None:
    bars = _everything(provider).bars
    assert not bars.is_empty()
    assert gate.apply(RawBars, bars).failing_rows == 0


def test_findings_keep_their_contract(provider: Provider) -> None:
    assert gate.apply(Findings, _everything(provider).findings).failing_rows == 0


def test_bars_bear_the_name_of_their_provider(provider: Provider) -> None:
    assert _everything(provider).bars.get_column("provider").unique().to_list() == [provider.name]


def test_bars_are_sorted_by_symbol_and_session(provider: Provider) -> None:
    keys = _everything(provider).bars.select("symbol", "session").rows()
    assert keys == sorted(keys)


def test_bars_are_of_the_sessions_asked_for(provider: Provider) -> None:
    first, last = provider.sessions()
    for session in (first, last):
        bars = provider.daily_bars(session, session, known_at=ASKED_AT).bars
        assert bars.get_column("session").unique().to_list() == [session]


def test_a_range_without_bars_gives_an_empty_frame_that_keeps_the_contract(
    provider: Provider,
) -> None:
    before = provider.sessions()[0] - dt.timedelta(days=1)
    bars = provider.daily_bars(before, before, known_at=ASKED_AT).bars
    assert bars.is_empty()
    assert gate.apply(RawBars, bars).failing_rows == 0


def test_each_symbol_with_a_bar_is_listed_from_its_first_session(provider: Provider) -> None:
    first = (
        _everything(provider).bars.group_by("symbol").agg(pl.col("session").min()).sort("symbol")
    )
    listed = provider.listing().select("symbol", session="first_session").sort("symbol")
    assert_frame_equal(first, listed)


def test_a_bar_is_known_at_the_moment_of_asking_unless_the_provider_says_when(
    provider: Provider,
) -> None:
    assert _everything(provider).bars.get_column("known_at").unique().to_list() == [ASKED_AT]


def test_the_moment_of_asking_may_be_in_any_time_zone(provider: Provider) -> None:
    elsewhere = ASKED_AT.astimezone(dt.timezone(dt.timedelta(hours=9)))
    first, last = provider.sessions()
    bars = provider.daily_bars(first, last, known_at=elsewhere).bars
    assert bars.get_column("known_at").unique().to_list() == [ASKED_AT]


def test_the_version_stays_while_nothing_changes(provider: Provider) -> None:
    version = provider.version()
    _everything(provider)
    assert version
    assert provider.version() == version


def test_asking_twice_gives_the_same(provider: Provider) -> None:
    one, other = _everything(provider), _everything(provider)
    assert_frame_equal(one.bars, other.bars)
    assert_frame_equal(one.findings, other.findings)
    assert_frame_equal(provider.listing(), provider.listing())
