"""A whole installation for one test: home, database, feed, a Discord on loopback, users."""

import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, TypeAlias

import dagster as dg
import polars as pl
import pytest
from support.dagster_instances import in_memory
from support.databases import database_like
from support.discord_server import DiscordServer, webhook_id

from quantmatrix_adapters.channels.discord import DiscordChannel
from quantmatrix_adapters.listings.registers import Register
from quantmatrix_adapters.providers.base import Provider
from quantmatrix_adapters.providers.intraday_failover import IntradayFailover
from quantmatrix_adapters.providers.sample import SampleProvider
from quantmatrix_engine import calendars
from quantmatrix_engine.prices.adjustment import PRICES
from quantmatrix_models.database import Database, parse_url
from quantmatrix_pipelines import chain, demonstration, home
from quantmatrix_pipelines.definitions import build_definitions
from quantmatrix_pipelines.home import Window
from quantmatrix_pipelines.partitions import COHORT_KEYS, range_tags
from quantmatrix_pipelines.settings import Settings
from quantmatrix_pipelines.stores import strategies, users
from quantmatrix_pipelines.stores.trail import Trail

FIRST, LAST = dt.date(2012, 4, 2), dt.date(2013, 3, 1)
MEASURED = calendars.sessions(dt.date(2013, 2, 15), LAST)
"""The sessions whose indicators tests need not compute; of what users with default params read."""
FEW_USERS = 8
FEW_COHORTS = (COHORT_KEYS[0], COHORT_KEYS[FEW_USERS - 1])
"""The first and the last cohort of the users a journey has; Dagster takes its time for each."""
CLOSE = dt.datetime(2013, 3, 1, 21, 0, tzinfo=dt.UTC)


@dataclass
class Installation:
    """What a journey walks through; the clock stands still until the test moves it."""

    settings: Settings
    database: Database
    discord: DiscordServer
    now: dt.datetime = CLOSE + dt.timedelta(minutes=15)
    instance: dg.DagsterInstance = field(default_factory=in_memory)
    feed: Provider | None = None
    intraday_feed: IntradayFailover | None = None
    registers: tuple[Register, ...] | None = None

    _built: tuple[tuple[object, ...], dg.Definitions, object] | None = field(
        default=None, init=False, repr=False, compare=False
    )

    def definitions(self) -> dg.Definitions:
        """The real code location, with this clock, and this feed and registers where told.

        As a server does, it is kept until something else is told.
        """
        window = home.read_window(self.settings.home)
        told = (self.feed, self.intraday_feed, self.registers)
        given = (self.settings, window, *map(id, told))
        if self._built is None or self._built[0] != given:
            # What is told is kept beside it, so that nothing else gets its id.
            self._built = given, self._build(), told
        return self._built[1]

    def _build(self) -> dg.Definitions:
        given = {
            "clock": lambda: self.now,
            "feed": self.feed,
            "intraday_feed": self.intraday_feed,
            "registers": self.registers,
        }
        made = {
            name: dg.ResourceDefinition.hardcoded_resource(one)
            for name, one in given.items()
            if one is not None
        }
        return build_definitions(self.settings, overrides=made)

    def trail(self) -> Trail:
        """Who changes something in a journey."""
        return Trail(home.audit_keys(self.settings), "journey", lambda: self.now)

    def run(self, job: str, tags: dict[str, str], *assets: str) -> None:
        """Runs a job in this process."""
        chain.run(self.definitions(), self.instance, chain.Step(job, job, assets, tags))

    def told(self, asset: str, *checks: str) -> dict[str, Any]:
        """Gives what an asset's newest materialization tells, and whether its checks passed."""
        event = self.instance.get_latest_materialization_event(dg.AssetKey(asset))
        assert event is not None
        assert event.asset_materialization is not None
        storage = self.instance.event_log_storage
        keys = [dg.AssetCheckKey(dg.AssetKey(asset), one) for one in checks]
        found = storage.get_latest_asset_check_execution_by_key(keys)
        metadata = event.asset_materialization.metadata
        return {name: one.value for name, one in metadata.items()} | {
            key.name: one.event.dagster_event.asset_check_evaluation_data.passed
            for key, one in found.items()
        }

    def load(self, first: dt.date, last: dt.date) -> None:
        """Loads instruments and bars."""
        self.run("market_data", {}, "instruments")
        of_sessions = range_tags(str(first), str(last))
        self.run("market_data", of_sessions, "raw_bars", "corporate_actions", "bars")

    def measure(self, *sessions: dt.date) -> None:
        """Computes the indicators of the sessions."""
        tags = range_tags(str(sessions[0]), str(sessions[-1]))
        self.run("market_data", tags, "indicators", "market_snapshots")

    def judge(self, *sessions: dt.date) -> None:
        """Says signals and messages of sessions whose indicators are there, in FEW_COHORTS."""
        first, last = (
            f"{session}|{cohort}"
            for session, cohort in zip((sessions[0], sessions[-1]), FEW_COHORTS, strict=True)
        )
        self.run("evaluation", range_tags(first, last))

    def evaluate(self, *sessions: dt.date) -> None:
        """Computes indicators, signals and messages of the sessions."""
        self.measure(*sessions)
        self.judge(*sessions)

    def add_user(self, name: str, params: dict[str, Any], *, webhook: bool = True) -> str:
        """Adds a user with a strategy; gives the id of the webhook, empty without one."""
        user_id = users.add(self.database, name, trail=self.trail())
        assert user_id <= FEW_USERS, "judge() asks the first cohorts alone"
        strategies.add(
            self.database,
            user_id=user_id,
            name="ATR Matrix",
            kind="atr_matrix",
            params=params,
            universe={"symbols": None},
            trail=self.trail(),
        )
        if not webhook:
            return ""
        url = self.discord.create_webhook()
        channel = DiscordChannel(self.discord.base_url)
        vault = home.vault(self.settings)
        demonstration.set_webhooks(self.database, vault, channel, {name: url}, trail=self.trail())
        return webhook_id(url)


def halve_prices(path: Path, ex_date: dt.date) -> pl.DataFrame:
    """Writes IBM's prices in a file of bars as if it had split 2:1 on a date; gives all bars."""
    since = (pl.col("symbol") == "IBM") & (pl.col("session") >= ex_date)
    halved = [pl.when(since).then(pl.col(name) / 2).otherwise(name).alias(name) for name in PRICES]
    bars = pl.read_csv(path, try_parse_dates=True).with_columns(*halved)
    bars.write_csv(path)
    return bars


def _recorded(folder: Path) -> Path:
    """Writes real bars of IBM and MSFT from FIRST to LAST, as a person would bring them."""
    folder.mkdir()
    recorded = SampleProvider().daily_bars(FIRST, LAST, known_at=CLOSE).bars
    chosen = recorded.filter(pl.col("symbol").is_in(["IBM", "MSFT"]))
    chosen.select("symbol", "session", "open", "high", "low", "close", "volume").write_csv(
        folder / "bars.csv"
    )
    return folder


@contextmanager
def _installed(folder: Path, bars: Path, database_url: str) -> Iterator[Installation]:
    with DiscordServer() as discord:
        settings = Settings(
            home=folder / "home",
            bars=bars,
            database_url=database_url,
            dagster_database_url=database_url,
            discord_url=discord.base_url,
            code_version="journey",
        )
        home.prepare(settings)
        home.write_window(settings.home, Window(FIRST, dt.date(2013, 2, 1), LAST))
        database = Database(database_url)
        made = Installation(settings, database, discord)
        yield made
        made.instance.dispose()
        database.dispose()


@pytest.fixture
def bars_folder(tmp_path: Path) -> Path:
    """Real bars of IBM and MSFT, recorded from FIRST to LAST, as a person would bring them."""
    return _recorded(tmp_path / "bars")


@pytest.fixture
def installation(tmp_path: Path, bars_folder: Path, database_url: str) -> Iterator[Installation]:
    """An installation whose feed is the recorded folder, with nothing loaded yet."""
    with _installed(tmp_path, bars_folder, database_url) as made:
        yield made


@dataclass(frozen=True)
class Kept:
    """What further tests begin with: the name of a database, and a lake."""

    database: str
    lake: Path


Beginning: TypeAlias = Callable[[Kept], Installation]


@contextmanager
def _with_lake(folder: Path, bars: Path, kept: Kept, url: str) -> Iterator[Installation]:
    """Gives an installation over a copy of the database that has the lake that was kept."""
    with _installed(folder, bars, url) as made:
        shutil.copytree(kept.lake, made.settings.lake, dirs_exist_ok=True)
        yield made


@pytest.fixture(scope="session")
def loaded_once(server_url: str) -> Iterator[Kept]:
    """Instruments and bars of FIRST to LAST."""
    folder = Path(mkdtemp(prefix="quantmatrix-loaded-"))
    with database_like("migrated", server_url) as url:
        with _installed(folder, _recorded(folder / "bars"), url) as made:
            made.load(FIRST, LAST)
        yield Kept(str(parse_url(url).database), made.settings.lake)
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def measured_once(loaded_once: Kept, server_url: str) -> Iterator[Kept]:
    """Instruments and bars of FIRST to LAST, and the indicators of MEASURED."""
    folder = Path(mkdtemp(prefix="quantmatrix-measured-"))
    with database_like(loaded_once.database, server_url) as url:
        with _with_lake(folder, _recorded(folder / "bars"), loaded_once, url) as made:
            made.measure(*MEASURED)
        yield Kept(str(parse_url(url).database), made.settings.lake)
    shutil.rmtree(folder)


@pytest.fixture
def loaded(beginning_with: Beginning, loaded_once: Kept) -> Installation:
    """An installation like that after `load(FIRST, LAST)`, but that its Dagster knows no run."""
    return beginning_with(loaded_once)


@pytest.fixture
def measured(beginning_with: Beginning, measured_once: Kept) -> Installation:
    """An installation like that after `measure(*MEASURED)`, but that its Dagster knows no run."""
    return beginning_with(measured_once)


@pytest.fixture
def beginning_with(tmp_path: Path, bars_folder: Path, server_url: str) -> Iterator[Beginning]:
    """Gives an installation of this test that has what was kept."""
    with ExitStack() as opened:

        def made(kept: Kept) -> Installation:
            url = opened.enter_context(database_like(kept.database, server_url))
            return opened.enter_context(_with_lake(tmp_path, bars_folder, kept, url))

        yield made
