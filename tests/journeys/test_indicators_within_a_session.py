"""From intraday bars on both sides of a split to their indicators, kept as long as they are."""

import datetime as dt
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from journeys.conftest import LAST, Installation, halve_prices
from polars.testing import assert_frame_equal

from quantmatrix_engine.contracts.intraday_indicators import IntradayIndicators
from quantmatrix_pipelines.defs.market_data.intraday_indicators import NO_BARS, TABLE
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.partitions import range_tags

FEBRUARY, THURSDAY = dt.date(2013, 2, 1), dt.date(2013, 2, 28)


def minutes(session: dt.date, *closes: float) -> list[str]:
    """Gives IBM's five minutes from the open on, with a range of 2 and a volume of 100."""
    opens = dt.datetime.combine(session, dt.time(14, 30), dt.UTC)
    starts = [opens + dt.timedelta(minutes=5) * place for place in range(len(closes))]
    return [
        f"IBM,{start.isoformat()},{close},{close + 1},{close - 1},{close},100,5m"
        for start, close in zip(starts, closes, strict=True)
    ]


@pytest.fixture
def split(installation: Installation, bars_folder: Path, tmp_path: Path) -> Installation:
    """IBM split 2:1 on LAST: a dozen five minutes at 200 on Thursday, three about 100 after it."""
    daily, told, intraday = bars_folder / "bars.csv", tmp_path / "actions.csv", tmp_path / "5m.csv"
    halve_prices(daily, LAST)
    told.write_text(f"symbol,ex_date,kind,ratio,provider\nIBM,{LAST},split,2,registrar\n")
    header = "symbol,starts_at,open,high,low,close,volume,interval"
    rows = [*minutes(THURSDAY, *[200.0] * 12), *minutes(LAST, 100.0, 100.0, 106.0)]
    intraday.write_text("\n".join([header, *rows]) + "\n")
    update = {"actions": told, "intraday_bars": intraday}
    installation.settings = installation.settings.model_copy(update=update)
    installation.load(FEBRUARY, LAST)
    installation.now = dt.datetime(2013, 3, 2, 1, 15, tzinfo=dt.UTC)
    return installation


def made(installation: Installation, first: dt.date, last: dt.date, *assets: str) -> dict[str, Any]:
    """Runs the job over some sessions; gives what the asset's materialization and checks tell."""
    installation.run("intraday_data", range_tags(str(first), str(last)), *assets)
    return installation.told(TABLE, "contract", "no_look_ahead")


def kept(installation: Installation) -> pl.DataFrame:
    rows = Lake(str(installation.settings.lake)).read(TABLE)
    IntradayIndicators.validate(rows)
    return rows.sort("interval", "starts_at")


def test_each_session_is_in_its_own_price_basis_and_kept_as_long_as_its_bars(
    split: Installation,
) -> None:
    told = made(split, THURSDAY, LAST)
    assert (told["contract"], told["no_look_ahead"]) == (True, True)
    rows = kept(split)
    # 15 five minutes; of each session the hour from 14:00, and Thursday's from 15:00.
    assert told["dagster/row_count"] == rows.height == 18
    fives = rows.filter(interval="5m")
    assert fives["ema_9"].to_list()[8:14] == pytest.approx([200.0] * 4 + [100.0] * 2)
    # Each bar's typical price is its close; the third of Friday has 106.
    assert fives["vwap"].to_list() == pytest.approx([200.0] * 12 + [100.0, 100.0, 102.0])
    hours = rows.filter(interval="1h").select("session", "close", "vwap")
    assert hours.rows()[0] == (THURSDAY, 200.0, 200.0)
    assert hours.rows()[-1] == (LAST, 106.0, pytest.approx((107 + 99 + 106) / 3))

    made(split, THURSDAY, THURSDAY, TABLE)
    made(split, LAST, LAST, TABLE)
    assert_frame_equal(kept(split), rows, check_exact=True)

    split.settings = split.settings.model_copy(update={"intraday_5m_sessions": 1})
    told = made(split, LAST, LAST)
    assert (told["kept_5m_since"], told["forgotten_5m"], told["forgotten_1h"]) == (
        str(LAST),
        12,
        0,
    )
    left = kept(split).select("interval", "session").unique().sort("interval", "session")
    assert left.rows() == [("1h", THURSDAY), ("1h", LAST), ("5m", LAST)]


def test_a_file_has_them_beside_the_bars_and_what_each_column_is(split: Installation) -> None:
    made(split, THURSDAY, LAST)
    split.run("publication", range_tags(str(LAST), str(LAST)), "snapshot")
    file = split.settings.snapshots / "latest" / "quantmatrix.duckdb"
    joined = """
        SELECT symbol, count(*), max(vwap)
        FROM latest_intraday_indicators n
        JOIN intraday_bars b USING (instrument_id, interval, starts_at, close)
        GROUP BY symbol
    """
    undescribed = """
        SELECT column_name FROM duckdb_columns()
        WHERE table_name = 'intraday_indicators' AND coalesce(comment, '') = ''
    """
    with duckdb.connect(str(file), read_only=True) as connection:
        assert connection.execute(joined).fetchall() == [("IBM", 4, pytest.approx(104.0))]
        assert connection.execute(undescribed).fetchall() == []
        (counted,) = connection.execute("SELECT count(*) FROM intraday_indicators").fetchall()
    assert counted == (18,)


def test_sessions_without_intraday_bars_write_nothing_and_say_so(
    installation: Installation,
) -> None:
    told = made(installation, THURSDAY, LAST)
    assert (told["contract"], told["no_look_ahead"]) == (True, True)
    assert (told["dagster/row_count"], told["why"]) == (0, NO_BARS)
    assert not Path(installation.settings.lake, TABLE).exists()
