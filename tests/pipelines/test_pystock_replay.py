"""Two years of a real feed, delivery by delivery: the store keeps every state of it.

The feed is pystock's (`../shared/data`, 515 deliveries): the first and the last vintage of each key
that came twice with other values, the only one of each other. What was known at a moment is
computed a second time by DuckDB, from the deliveries alone.
"""

import datetime as dt
from pathlib import Path

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantmatrix_engine.contracts import gate
from quantmatrix_engine.contracts.raw_bars import RawBars
from quantmatrix_engine.prices import quality
from quantmatrix_engine.prices.restatement import known_by, unseen
from quantmatrix_pipelines.lake import Lake

DATA = Path(__file__).parents[2] / ".." / "shared" / "data" / "ohlcv"
VALUES = ["open", "high", "low", "close", "volume"]
EMPTY = [dt.date(2015, 6, 10), dt.date(2016, 10, 10), dt.date(2016, 11, 17), dt.date(2017, 3, 23)]
MOMENTS = [
    dt.datetime(2015, 7, 15, 22, tzinfo=dt.UTC),
    dt.datetime(2016, 2, 29, 12, tzinfo=dt.UTC),
    dt.datetime(2016, 11, 17, 23, tzinfo=dt.UTC),
]
# One delivery told its volume as 6,482,300 and as 6,482,400.
CONTRADICTED = pl.DataFrame({"symbol": ["ON"], "session": [dt.date(2015, 4, 2)]})
LATER = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
pytestmark = pytest.mark.skipif(not DATA.exists(), reason="../shared/data is not here")


def feed() -> pl.DataFrame:
    """Gives every vintage (contract RawBars), known from the evening of its delivery."""
    restated = pl.read_parquet(DATA / "pystock_restatements.parquet")
    last = pl.read_parquet(DATA / "pystock_us_daily_2015_2017.parquet")
    first = restated.select(
        "symbol", "date", *(pl.col(f"{name}_first").alias(name) for name in VALUES),
        as_of="as_of_first",
    )  # fmt: skip
    delivered = pl.concat([first, last.select(first.columns)])
    return delivered.select(
        pl.lit("pystock").alias("provider"),
        "symbol",
        pl.col("date").alias("session"),
        *(pl.col(name).cast(pl.Float64) for name in VALUES),
        source=pl.format("{}.tar.gz", "as_of"),
        source_row=pl.lit(None, pl.Int64),
        known_at=pl.col("as_of").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        + pl.duration(hours=22),
    )


def deliver(lake: Lake, delivery: pl.DataFrame) -> int:
    """Stores what a delivery says that was not known, as the asset does; gives how much it was."""
    first, last = delivery["session"].min(), delivery["session"].max()
    new = unseen(delivery, lake.read("raw_bars", first=first, last=last))  # type: ignore[arg-type]
    lake.append("raw_bars", new)
    return new.height


@pytest.fixture(scope="module")
def vintages() -> pl.DataFrame:
    return feed()


@pytest.fixture(scope="module")
def deliveries(vintages: pl.DataFrame) -> dict[dt.date, pl.DataFrame]:
    parts = vintages.partition_by("known_at", as_dict=True)
    filled = {known_at.date(): rows for (known_at,), rows in parts.items()}
    return dict(sorted((filled | dict.fromkeys(EMPTY, vintages.clear())).items()))


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory, deliveries: dict[dt.date, pl.DataFrame]) -> Lake:
    kept = Lake(str(tmp_path_factory.mktemp("pystock")))
    for delivery in deliveries.values():
        deliver(kept, delivery)
    return kept


KNOWN_BY = """
    COPY (
        SELECT symbol, date AS session, open, high, low, close, volume::DOUBLE AS volume FROM (
            SELECT symbol, date, open, high, low, close, volume, as_of FROM '{last}'
            UNION ALL
            SELECT symbol, date, open_first, high_first, low_first, close_first, volume_first,
                as_of_first FROM '{restated}'
        )
        WHERE as_of + INTERVAL 22 HOURS <= TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S}'
        QUALIFY row_number() OVER (PARTITION BY symbol, date ORDER BY as_of DESC) = 1
    ) TO '{target}' (FORMAT parquet)
"""


def known_slowly(folder: Path, moment: dt.datetime) -> pl.DataFrame:
    """Gives the newest vintage of each key until `moment`, out of the files themselves, by SQL."""
    target = folder / "known.parquet"
    files = {
        "last": DATA / "pystock_us_daily_2015_2017.parquet",
        "restated": DATA / "pystock_restatements.parquet",
    }
    duckdb.execute(KNOWN_BY.format(moment=moment, target=target, **files))
    return pl.read_parquet(target).sort("symbol", "session")


def said(bars: pl.DataFrame) -> pl.DataFrame:
    """Gives what bars say, without the one key that one delivery told in two ways."""
    told = bars.select("symbol", "session", *VALUES).sort("symbol", "session")
    return told.join(CONTRADICTED, on=["symbol", "session"], how="anti", maintain_order="left")


@pytest.fixture(scope="module")
def stored(lake: Lake) -> pl.DataFrame:
    return lake.read("raw_bars")


def test_all_515_deliveries_are_there_the_empty_ones_too(
    deliveries: dict[dt.date, pl.DataFrame], vintages: pl.DataFrame
) -> None:
    assert len(deliveries) == 515
    assert [day for day, rows in deliveries.items() if rows.is_empty()] == EMPTY
    assert vintages.height == 3_099_739 + 126_434


def test_what_is_stored_keeps_its_contract(stored: pl.DataFrame) -> None:
    assert gate.apply(RawBars, stored).failing_rows == 0


def test_the_final_state_is_the_last_vintage_of_every_key(stored: pl.DataFrame) -> None:
    last = pl.read_parquet(DATA / "pystock_us_daily_2015_2017.parquet").rename({"date": "session"})
    final = known_by(stored, LATER)
    assert_frame_equal(said(final), said(last.with_columns(pl.col("volume").cast(pl.Float64))))


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_the_state_of_a_past_moment_is_what_had_been_delivered_by_then(
    stored: pl.DataFrame, tmp_path: Path, moment: dt.datetime
) -> None:
    then = known_by(stored, moment)
    assert_frame_equal(said(then), said(known_slowly(tmp_path, moment)))
    assert then["known_at"].max() <= moment  # type: ignore[operator]


def test_a_key_that_one_delivery_contradicts_itself_about_is_kept_twice_and_used_in_neither_form(
    stored: pl.DataFrame,
) -> None:
    told = stored.join(CONTRADICTED, on=["symbol", "session"], how="semi")
    assert sorted(told["volume"]) == [6_482_300, 6_482_400]
    inspected = quality.inspect(told)
    assert inspected.good.is_empty()
    assert set(inspected.findings["rule"]) == {"duplicate_key"}


def test_a_restatement_is_a_further_row_and_nothing_is_changed(
    lake: Lake, vintages: pl.DataFrame
) -> None:
    """Of the restatements 23,018 change the adjusted close alone, which is not stored."""
    keys = vintages.select("symbol", "session", *VALUES).unique()
    assert lake.rows("raw_bars") == keys.height == 3_203_155


def test_a_delivery_that_comes_again_adds_nothing(
    lake: Lake, deliveries: dict[dt.date, pl.DataFrame]
) -> None:
    rows = lake.rows("raw_bars")
    days = list(deliveries)
    newest = known_by(lake.read("raw_bars"), LATER)
    for day in (days[0], days[1], days[250], EMPTY[0], days[-2], days[-1]):
        assert deliver(lake, deliveries[day]) == 0
        tomorrow = pl.col("known_at") + pl.duration(days=5_000)
        restated = deliveries[day].with_columns(known_at=tomorrow)
        unchanged = restated.join(newest, on=["symbol", "session", *VALUES], how="semi")
        assert deliver(lake, unchanged) == 0
    assert lake.rows("raw_bars") == rows
