"""Files of intraday bars: what is read, what is refused, and real minutes and hours."""

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from quantmatrix_adapters.providers.base import IntradayDelivery, IntradayProvider
from quantmatrix_adapters.providers.intraday_folder import IntradayFolder
from quantmatrix_engine.contracts import gate
from quantmatrix_engine.contracts.findings import Findings
from quantmatrix_engine.contracts.raw_intraday_bars import RawIntradayBars
from quantmatrix_engine.errors import SettingsError

ASKED_AT = dt.datetime(2016, 11, 29, 12, tzinfo=dt.timezone(dt.timedelta(hours=9)))
FIRST, LAST = dt.date(2016, 11, 25), dt.date(2016, 11, 28)
HEADER = "symbol,starts_at,open,high,low,close,volume"
ROW = "10,11,9,10.5,100"
OPEN = dt.datetime(2016, 11, 25, 14, 30, tzinfo=dt.UTC)


def deliver(path: Path, *symbols: str, **span: Any) -> IntradayDelivery:
    asked = {"first": FIRST, "last": LAST, "known_at": ASKED_AT} | span
    told = IntradayFolder(path).intraday_bars(symbols, **asked)
    assert gate.apply(RawIntradayBars, told.bars).failing_rows == 0
    assert gate.apply(Findings, told.findings).failing_rows == 0
    return told


def written(folder: Path, *rows: str, header: str = HEADER, name: str = "bars.csv") -> Path:
    (folder / name).write_text("\n".join([header, *rows]) + "\n")
    return folder


def read(folder: Path, *rows: str, header: str = HEADER) -> IntradayDelivery:
    return deliver(written(folder, *rows, header=header))


def found(told: IntradayDelivery) -> list[tuple[Any, ...]]:
    return told.findings.select("source_row", "rule", "column", "value").rows()


TWO = (f"AAPL,2016-11-25T14:30:00Z,{ROW}", f"AAPL,2016-11-25T09:35:00-05:00,{ROW}")


def test_moments_are_in_utc_and_the_interval_is_the_usual_gap(tmp_path: Path) -> None:
    assert isinstance(IntradayFolder(tmp_path), IntradayProvider)
    told = read(tmp_path, *TWO)
    shown = ["provider", "symbol", "interval", "starts_at", "close", "volume", "source_row"]
    assert told.bars.select(shown).rows() == [
        ("folder", "AAPL", "5m", OPEN, 10.5, 100.0, 2),
        ("folder", "AAPL", "5m", OPEN + dt.timedelta(minutes=5), 10.5, 100.0, 3),
    ]
    assert told.findings.is_empty()


def test_the_interval_may_be_said_row_by_row(tmp_path: Path) -> None:
    header = f"{HEADER},interval"
    told = read(
        tmp_path,
        f"AAPL,2016-11-25T15:00:00Z,{ROW},1h",
        f"AAPL,2016-11-25T15:00:00Z,{ROW},1m",
        f"AAPL,2016-11-25T15:05:00Z,{ROW},",
        f"AAPL,2016-11-25T15:10:00Z,{ROW},15m",
        header=header,
    )
    assert told.bars.select("source_row", "interval").sort("source_row").rows() == [
        (2, "1h"),
        (3, "1m"),
        (4, "5m"),
    ]
    assert found(told) == [(5, "broken_contract", "interval", "15m")]


def test_a_file_that_does_not_show_its_interval_is_one_finding(tmp_path: Path) -> None:
    odd = [f"AAPL,2016-11-25T{clock}:00Z,{ROW}" for clock in ("15:00", "15:15", "15:30")]
    written(tmp_path, *odd, name="odd.csv")
    told = read(tmp_path, *TWO)
    assert told.bars["source"].unique().to_list() == ["bars.csv"]
    assert found(told) == [(2, "broken_contract", "interval", None)]


@pytest.mark.parametrize("moment", ["2016-11-25 09:30:00", "2016-11-25T09:30", "2016-11-25"])
def test_a_moment_without_offset_is_refused_once_a_file(tmp_path: Path, moment: str) -> None:
    rows = [f"AAPL,{moment},{ROW}", f"MSFT,{moment},{ROW}", *TWO]
    told = read(tmp_path, *rows)
    assert told.bars["source_row"].to_list() == [4, 5]
    assert found(told) == [(2, "not_a_date", "starts_at", moment)]
    assert "UTC offset, such as" in told.findings.item(0, "expected")


@pytest.mark.parametrize(
    ("row", "finding"),
    [
        (f"AAPL,half past nine,{ROW}", ("not_a_date", "starts_at", "half past nine")),
        (f"AAPL,,{ROW}", ("not_a_date", "starts_at", None)),
        (f",2016-11-25T14:40:00Z,{ROW}", ("missing_symbol", "symbol", None)),
        ("AAPL,2016-11-25T14:40:00Z,10,dear,9,10.5,100", ("not_a_number", "high", "dear")),
        ("AAPL,2016-11-25T14:40:00Z,10", ("unreadable_file", None, "3 cells")),
    ],
)
def test_a_row_that_cannot_be_read_is_a_finding_and_the_others_are_taken(
    tmp_path: Path, row: str, finding: tuple[Any, ...]
) -> None:
    told = read(tmp_path, *TWO, row)
    assert told.bars.height == 2
    assert found(told) == [(4, *finding)]


def test_a_file_says_since_when_a_row_is_known_else_it_is_the_moment_of_asking(
    tmp_path: Path,
) -> None:
    told = read(
        tmp_path,
        f"{TWO[0]},2016-11-25T21:30:00Z",
        f"{TWO[1]},",
        header=f"{HEADER},known_at",
    )
    assert told.bars["known_at"].to_list() == [
        dt.datetime(2016, 11, 25, 21, 30, tzinfo=dt.UTC),
        dt.datetime(2016, 11, 29, 3, tzinfo=dt.UTC),
    ]


def test_only_the_symbols_and_sessions_asked_for_are_given(tmp_path: Path) -> None:
    rows = [*TWO, f"MSFT,2016-11-25T14:30:00Z,{ROW}", f"AAPL,2016-11-28T14:30:00Z,{ROW}"]
    written(tmp_path, *rows)
    assert deliver(tmp_path, last=FIRST).bars.height == 3
    assert deliver(tmp_path, "MSFT").bars["symbol"].to_list() == ["MSFT"]


def test_of_a_session_that_has_not_closed_there_is_nothing(tmp_path: Path) -> None:
    written(tmp_path, *TWO)
    # The half day closes at 18:00 UTC.
    close = dt.datetime(2016, 11, 25, 18, tzinfo=dt.UTC)
    assert deliver(tmp_path, known_at=close - dt.timedelta(seconds=1)).bars.is_empty()
    assert deliver(tmp_path, known_at=close).bars.height == 2


def test_a_file_without_symbols_is_about_the_one_it_is_named_for(tmp_path: Path) -> None:
    header = HEADER.removeprefix("symbol,")
    rows = [row.removeprefix("AAPL,") for row in TWO]
    told = deliver(written(tmp_path, *rows, header=header, name="BRK.B.csv"))
    assert told.bars["symbol"].unique().to_list() == ["BRK.B"]


def test_a_missing_column_is_a_finding_of_the_file_and_the_nearest_name_is_told(
    tmp_path: Path,
) -> None:
    written(tmp_path, *TWO, header=HEADER.replace("starts_at", "start_at"), name="other.csv")
    told = read(tmp_path, *TWO)
    assert found(told) == [
        (
            None,
            "missing_column",
            "starts_at",
            HEADER.replace("starts_at", "start_at").replace(",", ", "),
        )
    ]
    assert "is it 'start_at'?" in told.findings.item(0, "expected")


def test_where_nothing_can_be_read_the_path_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="does not exist"):
        deliver(tmp_path / "none")
    with pytest.raises(SettingsError, match="no bar file"):
        deliver(tmp_path)
    with pytest.raises(SettingsError, match=r"no row can be read .* UTC offset"):
        read(tmp_path, f"AAPL,2016-11-25 09:30:00,{ROW}")


# QuantConnect's bars (Apache-2.0): start-stamped, New York time


def lean(shared_data: Path, folder: Path, name: str, *, is_zoned: bool = True) -> Path:
    moment = pl.col("ts_ny").dt.replace_time_zone("America/New_York")
    path = folder / f"{name}.parquet"
    pl.read_parquet(shared_data / "ohlcv" / f"lean_us_{name}_raw.parquet").select(
        "symbol",
        *("open", "high", "low", "close", "volume"),
        starts_at=moment if is_zoned else pl.col("ts_ny"),
    ).write_parquet(path)
    return path


def test_real_minutes_are_read_as_minutes(shared_data: Path, tmp_path: Path) -> None:
    path = lean(shared_data, tmp_path, "minute")
    day = dt.date(2014, 6, 5)
    told = deliver(path, "AAPL", first=day, last=day)
    assert told.findings.is_empty()
    assert told.bars["interval"].unique().to_list() == ["1m"]
    first = told.bars.row(0, named=True)
    # 4:15 in New York, summer.
    assert first["starts_at"] == dt.datetime(2014, 6, 5, 8, 15, tzinfo=dt.UTC)
    assert (first["open"], first["volume"], first["source_row"]) == (644.8, 90.0, 1)


def test_real_hours_are_read_as_hours(shared_data: Path, tmp_path: Path) -> None:
    told = deliver(lean(shared_data, tmp_path, "hour"), "AAPL", last=FIRST)
    starts = [14, 15, 16, 17]
    assert told.bars["starts_at"].dt.hour().to_list() == starts
    assert told.bars["interval"].unique().to_list() == ["1h"]
    assert told.bars["volume"].to_list() == [2763233, 2255928, 2412180, 3671964]


def test_a_typed_column_without_a_zone_is_refused(shared_data: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="UTC offset"):
        deliver(lean(shared_data, tmp_path, "minute", is_zoned=False))
