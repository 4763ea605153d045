"""From intraday bars a person brings, or a provider gives, to what is read as of any moment."""

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import polars as pl
import pytest
from journeys.conftest import FIRST, LAST, Installation
from sqlalchemy import text
from support.intraday_replies import WRITERS, five_minutes
from support.replay_server import ReplayServer, Reply

from quantmatrix_adapters.http import Patience
from quantmatrix_adapters.providers.base import Given, IntradayDelivery
from quantmatrix_adapters.providers.intraday_failover import IntradayFailover
from quantmatrix_adapters.providers.intraday_folder import IntradayFolder
from quantmatrix_adapters.providers.yahoo import YahooProvider
from quantmatrix_engine.contracts.intraday_bars import IntradayBars
from quantmatrix_engine.errors import ProviderRefused
from quantmatrix_engine.prices.restatement import known_by
from quantmatrix_models.privileges import Role
from quantmatrix_pipelines import backfill, chain
from quantmatrix_pipelines.chain import RunFailed
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.partitions import range_tags
from quantmatrix_pipelines.settings import Settings
from quantmatrix_pipelines.stores import market_data

THURSDAY = dt.date(2013, 2, 28)
OPEN_THURSDAY = dt.datetime(2013, 2, 28, 14, 30, tzinfo=dt.UTC)
OPEN_FRIDAY = dt.datetime(2013, 3, 1, 14, 30, tzinfo=dt.UTC)
FRIDAY_NIGHT = dt.datetime(2013, 3, 2, 1, 15, tzinfo=dt.UTC)
HEADER = "symbol,starts_at,open,high,low,close,volume,known_at,interval"


def fetch(
    installation: Installation,
    first: dt.date = THURSDAY,
    last: dt.date = LAST,
    *,
    at: dt.datetime = FRIDAY_NIGHT,
) -> dict[str, Any]:
    """Runs the asset over sessions at a moment; gives what its materialization tells."""
    installation.now = at
    installation.run("intraday_data", range_tags(str(first), str(last)))
    made = installation.instance.get_latest_materialization_event(dg.AssetKey("intraday_bars"))
    assert made is not None
    assert made.asset_materialization is not None
    return {name: one.value for name, one in made.asset_materialization.metadata.items()}


def checks(installation: Installation) -> dict[str, Any]:
    """Gives the newest result of each check of the asset."""
    storage = installation.instance.event_log_storage
    keys = [dg.AssetCheckKey(dg.AssetKey("intraday_bars"), one) for one in ("contract", "covered")]
    newest = storage.get_latest_asset_check_execution_by_key(keys)
    return {
        key.name: record.event.dagster_event.asset_check_evaluation_data
        for key, record in newest.items()
    }


def kept(installation: Installation) -> pl.DataFrame:
    """Gives all of the table in the lake; its contract holds."""
    rows = Lake(str(installation.settings.lake)).read("intraday_bars")
    IntradayBars.validate(rows)
    return rows.sort("instrument_id", "interval", "starts_at", "known_at")


def found(installation: Installation) -> list[tuple[Any, ...]]:
    asked = text("SELECT symbol, session, rule, severity FROM findings ORDER BY rule, symbol")
    with installation.database.transaction(Role.PIPELINE) as connection:
        return [tuple(row) for row in connection.execute(asked)]


@pytest.fixture
def files(installation: Installation, tmp_path: Path) -> Path:
    """The folder of intraday bars the installation is told of; its catalogue has IBM and MSFT."""
    folder = tmp_path / "intraday"
    folder.mkdir()
    configure(installation, intraday_bars=folder)
    installation.run("market_data", {}, "instruments")
    return folder


def row(symbol: str, starts_at: dt.datetime, close: float, known_at: str = "") -> str:
    moment = starts_at.isoformat()
    return f"{symbol},{moment},{close},{close + 1},{close - 1},{close},100,{known_at},5m"


def say(folder: Path, *rows: str, name: str = "told.csv") -> None:
    (folder / name).write_text("\n".join([HEADER, *rows]) + "\n")


def minutes(first: dt.datetime, count: int) -> list[dt.datetime]:
    return [first + dt.timedelta(minutes=5 * place) for place in range(count)]


def configure(installation: Installation, **update: Any) -> None:
    """Gives the installation other settings; what follows from the old ones is forgotten."""
    kept = {name: getattr(installation.settings, name) for name in Settings.model_fields}
    installation.settings = Settings(**{**kept, **update})


def test_real_hours_of_a_half_day_and_both_sides_of_a_change_of_clocks(
    installation: Installation, files: Path, shared_data: Path
) -> None:
    # QuantConnect's hours (Apache-2.0) of IBM, stamped with the time of New York.
    path = shared_data / "ohlcv" / "lean_us_hour_raw.parquet"
    moment = pl.col("ts_ny").dt.replace_time_zone("America/New_York")
    pl.read_parquet(path).filter(symbol="IBM").with_columns(starts_at=moment).drop(
        "ts_ny"
    ).write_parquet(files / "hours.parquet")
    told = fetch(installation, dt.date(2012, 10, 26), dt.date(2012, 11, 26))
    assert told["providers"] == "folder"
    assert found(installation) == []
    rows = kept(installation)
    assert set(rows["interval"]) == {"1h"}
    assert told["new"] == rows.height
    counts = dict(rows.group_by("session").len().iter_rows())
    # Hurricane Sandy closed the exchange on October 29 and 30, Thanksgiving on November 22.
    assert not {dt.date(2012, 10, 29), dt.date(2012, 10, 30), dt.date(2012, 11, 22)} & set(counts)
    assert counts.pop(dt.date(2012, 11, 23)) == 4  # the half day closes at 13:00
    assert set(counts.values()) == {7}
    starts = dict(rows.group_by("session").agg(pl.col("starts_at").min().dt.hour()).iter_rows())
    # 9:00 in New York on the Friday before and the Monday after November 4.
    assert (starts[dt.date(2012, 11, 2)], starts[dt.date(2012, 11, 5)]) == (13, 14)


def test_what_was_known_is_read_as_of_two_moments_and_hours_follow(
    installation: Installation, files: Path
) -> None:
    first, second = minutes(OPEN_THURSDAY, 2)
    say(
        files,
        row("IBM", first, 200.0, "2013-02-28T21:30:00Z"),
        row("IBM", second, 201.0, "2013-02-28T21:30:00Z"),
    )
    told = fetch(installation)
    assert (told["delivered"], told["new"]) == (2, 3)  # and the hour from 14:00
    restated = dt.datetime(2013, 3, 1, 12, tzinfo=dt.UTC)
    say(files, row("IBM", second, 205.0, restated.isoformat()), name="restated.csv")
    told = fetch(installation)
    assert told["new"] == 2
    assert fetch(installation)["new"] == 0

    rows = kept(installation)
    shown = ["interval", "starts_at", "close", "volume"]
    hour = OPEN_THURSDAY.replace(minute=0)
    before = known_by(rows, restated - dt.timedelta(microseconds=1))
    assert before.select(shown).rows() == [
        ("1h", hour, 201.0, 200.0),
        ("5m", first, 200.0, 100.0),
        ("5m", second, 201.0, 100.0),
    ]
    after = known_by(rows, restated)
    assert after["close"].to_list() == [205.0, 200.0, 205.0]
    assert known_by(rows, dt.datetime(2013, 2, 28, 21, tzinfo=dt.UTC)).is_empty()


def test_old_sessions_are_taken_away_by_interval_and_daily_bars_are_not(
    installation: Installation, files: Path
) -> None:
    first = dt.date(2013, 2, 25)
    installation.run("market_data", range_tags(str(first), str(LAST)), "raw_bars", "bars")
    lake = Lake(str(installation.settings.lake))
    daily = lake.rows("bars")
    assert daily == 10  # two instruments, five sessions
    opens = [dt.datetime(2013, 2, day, 14, 30, tzinfo=dt.UTC) for day in (25, 26, 27, 28)]
    say(files, *(row("IBM", one, 200.0) for one in [*opens, OPEN_FRIDAY]))
    told = fetch(installation, first)
    assert (told["new"], told["forgotten_5m"], told["forgotten_1h"]) == (10, 0, 0)
    # 90 and 504 sessions that end with March 1, 2013, without the two of Hurricane Sandy.
    assert (told["kept_5m_since"], told["kept_1h_since"]) == ("2012-10-18", "2011-03-01")

    configure(installation, intraday_5m_sessions=2, intraday_1h_sessions=4)
    told = fetch(installation, LAST, LAST)
    assert (told["kept_5m_since"], told["kept_1h_since"]) == ("2013-02-28", "2013-02-26")
    assert (told["forgotten_5m"], told["forgotten_1h"]) == (3, 1)
    rows = kept(installation)
    days = {name: group["session"].min() for (name,), group in rows.group_by("interval")}
    assert days == {"5m": THURSDAY, "1h": dt.date(2013, 2, 26)}
    # What is past its time is not written again, and the daily bars are there.
    assert fetch(installation, first, dt.date(2013, 2, 25))["delivered"] == 0
    assert fetch(installation, first)["new"] == 0
    assert kept(installation).equals(rows)
    assert lake.rows("bars") == daily


def test_what_cannot_be_true_is_told_and_keeps_no_daily_bar_from_being_used(
    installation: Installation, files: Path
) -> None:
    say(
        files,
        row("IBM", OPEN_THURSDAY, 200.0),
        row("IBM", OPEN_THURSDAY + dt.timedelta(minutes=5), -3.0),
        row("IBM", OPEN_THURSDAY - dt.timedelta(minutes=5), 200.0),
        row("NONE", OPEN_THURSDAY, 200.0),
    )
    for _ in range(2):
        told = fetch(installation)
    assert (told["delivered"], told["outside_hours"], told["new"]) == (4, 1, 0)
    # Without a session, so that the signals of that session heed the daily bars alone.
    assert set(found(installation)) == {
        ("IBM", None, "nonpositive_price", "error"),
        (None, None, "not_a_session", "info"),
        ("NONE", None, "unknown_symbol", "error"),
    }
    assert market_data.quarantined(installation.database, FIRST, LAST).is_empty()
    result = checks(installation)["contract"]
    assert not result.passed
    assert not result.blocking


def test_instruments_without_bars_of_the_session_are_told(
    installation: Installation, files: Path
) -> None:
    configure(installation, symbols="IBM,MSFT")
    say(files, *(row("IBM", one, 200.0) for one in minutes(OPEN_FRIDAY, 39)))
    fetch(installation, LAST, LAST)
    result = checks(installation)["covered"]
    assert not result.passed
    assert "1 of 2 instruments have no intraday bar of 2013-03-01" in result.description
    assert "Half of the others have 50 %" in result.description


def test_without_any_configured_there_is_no_run_worth_having_and_it_says_so(
    installation: Installation,
) -> None:
    told = fetch(installation)
    assert told["delivered"] == 0
    assert "QUANTMATRIX_INTRADAY_PROVIDERS" in told["providers"]
    assert kept(installation).is_empty()
    assert all(one.passed for one in checks(installation).values())


@pytest.fixture
def market(installation: Installation) -> Iterator[ReplayServer]:
    """Yahoo on loopback, asked for the intraday bars of IBM and MSFT."""
    installation.run("market_data", {}, "instruments")
    configure(installation, symbols="IBM,MSFT", intraday_providers="yahoo")
    with ReplayServer() as server:
        yahoo = YahooProvider.configured(
            Given(
                symbols=("IBM", "MSFT"),
                patience=Patience(clock=lambda: installation.now, sleep=lambda _: None),
                base_urls={"yahoo": server.base_url},
            )
        )
        installation.intraday_feed = IntradayFailover([yahoo])
        yield server


QUOTE = (200.0, 201.0, 199.0, 200.5, 100.0)
NOTHING = (None, None, None, None, None)


def test_a_provider_is_asked_each_evening_and_intervals_without_trades_stay_out(
    installation: Installation, market: ReplayServer
) -> None:
    bars = five_minutes(OPEN_FRIDAY, QUOTE, NOTHING, QUOTE)
    market.route = WRITERS["yahoo"]({"IBM": bars, "MSFT": bars})
    told = fetch(installation, LAST, LAST)
    assert told["providers"] == "yahoo"
    assert (told["delivered"], told["new"]) == (6, 6)
    rows = kept(installation).filter(interval="5m")
    assert rows["starts_at"].dt.minute().to_list() == [30, 40, 30, 40]
    assert set(rows["known_at"]) == {FRIDAY_NIGHT}
    assert found(installation) == []


def test_a_provider_that_refuses_fails_its_own_run_and_writes_nothing(
    installation: Installation, market: ReplayServer
) -> None:
    market.queue(Reply(403, {"message": "not in your plan"}))
    with pytest.raises(RunFailed, match="yahoo answered HTTP 403"):
        fetch(installation, LAST, LAST)
    assert kept(installation).is_empty()


class MortalFiles(IntradayFolder):
    """Files that say which months they were asked for, and refuse to give those of one."""

    def __init__(self, path: Path, *, dies_in: int | None) -> None:
        super().__init__(path)
        self.dies_in = dies_in
        self.asked: list[int] = []

    def intraday_bars(
        self, symbols: Sequence[str], first: dt.date, last: dt.date, *, known_at: dt.datetime
    ) -> IntradayDelivery:
        if first.month == self.dies_in:
            raise ProviderRefused("the key is refused (401)")
        self.asked.append(first.month)
        return super().intraday_bars(symbols, first, last, known_at=known_at)


def test_an_interrupted_backfill_of_intraday_bars_goes_on_where_it_stopped(
    installation: Installation, files: Path
) -> None:
    january = dt.datetime(2013, 1, 30, 14, 30, tzinfo=dt.UTC)
    months = {january: 198.0, OPEN_THURSDAY: 200.0, OPEN_FRIDAY: 201.0}
    say(files, *(row("IBM", moment, close) for moment, close in months.items()))
    configure(installation, symbols="IBM,MSFT", intraday_bars=files)
    installation.now = FRIDAY_NIGHT
    begins = january.date()
    asked = backfill.new(begins, LAST, at=installation.now, filling=backfill.INTRADAY)

    def fill(feed: MortalFiles) -> None:
        installation.intraday_feed = IntradayFailover([feed])
        for step in asked.steps():
            chain.run(installation.definitions(), installation.instance, step)

    dying = MortalFiles(files, dies_in=2)
    with pytest.raises(RunFailed, match="the key is refused"):
        fill(dying)
    assert (dying.asked, set(kept(installation)["session"])) == ([1], {begins})
    found = backfill.earlier(installation.instance, begins, LAST, filling=backfill.INTRADAY)
    assert found == backfill.Earlier(asked, is_whole=False)
    healed = MortalFiles(files, dies_in=None)
    fill(healed)
    assert healed.asked == [2, 3]
    rows = kept(installation).filter(interval="5m")
    assert dict(rows.select("starts_at", "close").iter_rows()) == months
    found = backfill.earlier(installation.instance, begins, LAST, filling=backfill.INTRADAY)
    assert found == backfill.Earlier(asked, is_whole=True)
    assert backfill.earlier(installation.instance, begins, LAST) is None


def test_analysts_have_the_last_sessions_and_what_each_column_is(
    installation: Installation, files: Path
) -> None:
    installation.load(FIRST, LAST)
    opens = [dt.datetime(2013, 2, day, 14, 30, tzinfo=dt.UTC) for day in (21, 22, 25, 26, 27, 28)]
    say(files, *(row("IBM", one, 200.0) for one in opens), row("IBM", OPEN_FRIDAY, 201.0))
    fetch(installation, dt.date(2013, 2, 21))
    say(files, row("IBM", OPEN_FRIDAY, 202.0, "2013-03-02T00:30:00Z"), name="restated.csv")
    fetch(installation)
    installation.run("publication", range_tags(str(LAST), str(LAST)))
    file = installation.settings.snapshots / "latest" / "quantmatrix.duckdb"
    latest = """
        SELECT symbol, interval, close, epoch(starts_at)
        FROM latest_intraday_bars ORDER BY interval
    """
    undescribed = """
        SELECT column_name FROM duckdb_columns()
        WHERE table_name = 'intraday_bars' AND coalesce(comment, '') = ''
    """
    counted = "SELECT interval, count(DISTINCT session), count(*) FROM intraday_bars GROUP BY 1"
    with duckdb.connect(str(file), read_only=True) as connection:
        hour = OPEN_FRIDAY.replace(minute=0).timestamp()
        assert connection.execute(latest).fetchall() == [
            ("IBM", "1h", 201.0, hour),
            ("IBM", "5m", 201.0, OPEN_FRIDAY.timestamp()),
        ]
        assert sorted(connection.execute(counted).fetchall()) == [("1h", 5, 5), ("5m", 5, 5)]
        assert connection.execute(undescribed).fetchall() == []
