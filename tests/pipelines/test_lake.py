import datetime as dt
from pathlib import Path

import duckdb
import polars as pl
import pytest
from deltalake import DeltaTable
from pipelines.rows import AT, bars, schema_of
from polars.testing import assert_frame_equal

from quantmatrix_engine import calendars
from quantmatrix_engine.contracts.bars import Bars
from quantmatrix_engine.contracts.fundamentals import Fundamentals
from quantmatrix_engine.contracts.indicators import Indicators
from quantmatrix_engine.contracts.intraday_bars import IntradayBars
from quantmatrix_engine.contracts.intraday_indicators import IntradayIndicators
from quantmatrix_engine.contracts.raw_bars import RawBars
from quantmatrix_engine.contracts.weekly_indicators import WeeklyIndicators
from quantmatrix_pipelines.lake import Lake

# The last three sessions of 2025 and the first two of 2026.
DAYS = [
    *(dt.date(2025, 12, 29), dt.date(2025, 12, 30), dt.date(2025, 12, 31)),
    *(dt.date(2026, 1, 2), dt.date(2026, 1, 5)),
]
BARS = bars(*((1, day, 10.0 + index) for index, day in enumerate(DAYS)))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


def closes(lake: Lake, **ends: dt.date) -> list[float]:
    return lake.read("bars", **ends).sort("session", "close").get_column("close").to_list()


@pytest.mark.parametrize(
    ("table", "contract"),
    [
        ("raw_bars", RawBars),
        ("bars", Bars),
        ("indicators", Indicators),
        ("weekly_indicators", WeeklyIndicators),
        ("fundamentals", Fundamentals),
        ("intraday_bars", IntradayBars),
        ("intraday_indicators", IntradayIndicators),
    ],
)
def test_a_table_never_written_has_no_rows_and_its_contracts_columns(
    lake: Lake, table: str, contract: type
):
    empty = lake.read(table, first=DAYS[0])
    assert dict(empty.schema) == schema_of(contract)
    assert empty.is_empty()
    assert lake.sessions(table) is None
    contract.validate(empty)


def test_what_is_appended_is_read_as_it_was_also_by_another_reader(lake: Lake):
    lake.append("bars", BARS)
    assert_frame_equal(lake.read("bars").sort("session"), BARS)
    assert_frame_equal(Lake(lake.root).read("bars").sort("session"), BARS)
    assert Lake(lake.root).sessions("bars") == (DAYS[0], DAYS[-1])


def test_columns_that_are_named_are_all_that_is_read(lake: Lake):
    wanted = ["session", "close"]
    assert lake.read("bars", columns=wanted).schema == BARS.select(wanted).schema
    lake.append("bars", BARS)
    read = lake.read("bars", first=DAYS[1], columns=wanted).sort("session")
    assert_frame_equal(read, BARS.select(wanted)[1:])


def test_appending_keeps_what_is_there_and_appending_nothing_writes_nothing(lake: Lake):
    lake.append("bars", BARS.clear())
    assert lake.sessions("bars") is None
    lake.append("bars", BARS.head(1))
    lake.append("bars", bars((1, DAYS[0], 99.0)))
    assert closes(lake) == [10.0, 99.0]


def test_reading_ends_where_it_is_told(lake: Lake):
    lake.append("bars", BARS)
    assert closes(lake, first=DAYS[1], last=DAYS[3]) == [11.0, 12.0, 13.0]
    assert closes(lake, first=DAYS[4]) == [14.0]
    assert closes(lake, last=DAYS[0]) == [10.0]


def test_replacing_touches_the_asked_sessions_alone_across_a_new_year(lake: Lake):
    lake.append("bars", BARS)
    lake.replace("bars", bars((1, DAYS[2], 70.0), (1, DAYS[3], 80.0)), first=DAYS[2], last=DAYS[3])
    assert closes(lake) == [10.0, 11.0, 70.0, 80.0, 14.0]


def test_replacing_within_a_year_leaves_the_other_year(lake: Lake):
    lake.append("bars", BARS)
    lake.replace("bars", bars((1, DAYS[4], 90.0)), first=DAYS[4], last=DAYS[4])
    assert closes(lake) == [10.0, 11.0, 12.0, 13.0, 90.0]


def test_replacing_by_nothing_empties_the_asked_sessions(lake: Lake):
    lake.append("bars", BARS)
    lake.replace("bars", BARS.clear(), first=DAYS[1], last=DAYS[3])
    assert closes(lake) == [10.0, 14.0]
    lake.replace("bars", BARS.clear(), first=DAYS[0], last=DAYS[4])
    assert_frame_equal(lake.read("bars"), BARS.clear())
    assert lake.sessions("bars") is None


def test_replacing_in_a_table_never_written_writes_it(lake: Lake):
    lake.replace("bars", BARS.clear(), first=DAYS[0], last=DAYS[4])
    assert_frame_equal(lake.read("bars"), BARS.clear())
    lake.replace("bars", BARS, first=DAYS[0], last=DAYS[4])
    assert_frame_equal(lake.read("bars").sort("session"), BARS)


def test_replacing_again_leaves_the_same_rows(lake: Lake):
    for _ in range(2):
        lake.replace("bars", BARS, first=DAYS[0], last=DAYS[4])
    assert_frame_equal(lake.read("bars").sort("session"), BARS)


def indicators(day: dt.date, **values: float) -> pl.DataFrame:
    row = {"instrument_id": 1, "session": day, "close": 10.0, "known_at": AT, **values}
    return pl.DataFrame(
        [row], schema={**schema_of(Indicators), **dict.fromkeys(values, pl.Float64)}
    )


def test_a_new_column_is_null_in_older_rows_and_one_left_out_is_null_in_newer_ones(lake: Lake):
    lake.replace("indicators", indicators(DAYS[0], atr_14=1.0), first=DAYS[0], last=DAYS[0])
    lake.replace("indicators", indicators(DAYS[3], sma_50=2.0), first=DAYS[3], last=DAYS[3])
    read = lake.read("indicators").sort("session")
    assert read.get_column("atr_14").to_list() == [1.0, None]
    assert read.get_column("sma_50").to_list() == [None, 2.0]
    assert lake.sessions("indicators") == (DAYS[0], DAYS[3])


def test_tables_do_not_see_each_other(lake: Lake):
    lake.append("bars", BARS)
    assert lake.sessions("indicators") is None
    assert lake.read("raw_bars").is_empty()


def test_only_rows_that_are_asked_for_are_read(lake: Lake):
    lake.append("bars", bars((1, DAYS[0], 10.0), (2, DAYS[0], 20.0), (2, DAYS[3], 21.0)))
    kept = lake.read("bars", first=DAYS[1], keep=pl.col("instrument_id") == 2)
    assert kept.get_column("close").to_list() == [21.0]


def test_the_newest_rows_are_of_each_instruments_own_last_sessions(lake: Lake):
    empty = lake.newest("bars", first=DAYS[0], last=DAYS[-1])
    assert empty.is_empty()
    delisted = bars((2, DAYS[0], 20.0), (2, DAYS[1], 21.0))
    lake.append("bars", pl.concat([BARS, delisted]))

    def newest(sessions: int, last: dt.date = DAYS[-1]) -> list[tuple[int, float]]:
        rows = lake.newest("bars", first=DAYS[0], last=last, sessions=sessions)
        return sorted(rows.select("instrument_id", "close").iter_rows())

    assert newest(1) == [(1, 14.0), (2, 21.0)]
    assert newest(2) == [(1, 13.0), (1, 14.0), (2, 20.0), (2, 21.0)]
    assert newest(1, last=DAYS[0]) == [(1, 10.0), (2, 20.0)]


def test_rows_are_counted_by_session_and_instruments_listed_by_id(lake: Lake):
    assert lake.rows_by_session("bars", first=DAYS[0], last=DAYS[-1]) == {}
    assert lake.instruments("bars", last=DAYS[-1]) == []
    lake.append("bars", bars((2, DAYS[0], 20.0), (1, DAYS[0], 10.0), (3, DAYS[2], 30.0)))
    assert lake.rows_by_session("bars", first=DAYS[0], last=DAYS[-1]) == {DAYS[0]: 2, DAYS[2]: 1}
    assert lake.instruments("bars", last=DAYS[1]) == [1, 2]


def test_commits_keep_their_notes_also_where_there_was_nothing_to_add(lake: Lake):
    lake.append("bars", BARS.clear(), note="of nothing, before there is a table")
    assert lake.notes("bars") == set()
    lake.append("bars", BARS[:2], note="first")
    lake.append("bars", BARS.clear(), note="nothing new")
    lake.replace("bars", BARS[2:], first=DAYS[2], last=DAYS[-1], note="second")
    lake.append("bars", BARS[:1])
    assert lake.notes("bars") == {"first", "nothing new", "second"}
    assert lake.rows("bars") == BARS.height + 1


def test_many_small_files_of_a_year_are_put_together_and_no_row_or_note_is_lost(lake: Lake):
    """65 sessions of 2025 in files of their own; the three of 2026 stay as they are."""
    days = calendars.sessions(dt.date(2025, 9, 26), dt.date(2026, 1, 6))[-68:]
    told = [bars((1, day, 10.0 + index), (2, day, 5.0)) for index, day in enumerate(days)]
    for day, rows in zip(days, told, strict=True):
        lake.replace("bars", rows, first=day, last=day, note=f"of {day}")
    files = DeltaTable(f"{lake.root}/bars")
    assert len(files.file_uris(file_pruning_predicate=[("year", "=", "2025")])) == 1
    assert len(files.file_uris(file_pruning_predicate=[("year", "=", "2026")])) == 3
    assert_frame_equal(lake.read("bars").sort("session", "instrument_id"), pl.concat(told))
    assert lake.notes("bars") == {f"of {day}" for day in days}


def test_a_session_written_again_after_that_replaces_only_itself(lake: Lake):
    days = calendars.sessions(dt.date(2025, 1, 2), dt.date(2025, 4, 30))[:66]
    for day in days:
        lake.append("bars", bars((1, day, 10.0)))
    assert len(DeltaTable(f"{lake.root}/bars").file_uris()) <= 2
    lake.replace("bars", bars((1, days[30], 99.0)), first=days[30], last=days[30])
    assert closes(lake) == [10.0] * 30 + [99.0] + [10.0] * 35


def intraday(*kept: tuple[str, dt.date]) -> pl.DataFrame:
    """Two bars of each interval and session."""
    rows = [
        {"instrument_id": 1, "provider": "folder", "interval": interval, "session": day}
        | {"starts_at": dt.datetime(day.year, day.month, day.day, hour, tzinfo=dt.UTC)}
        | dict.fromkeys(("open", "high", "low", "close", "volume"), float(hour))
        | {"known_at": AT, "is_final": True}
        for interval, day in kept
        for hour in (15, 16)
    ]
    return pl.DataFrame(rows, schema=schema_of(IntradayBars))


def files_of(lake: Lake) -> int:
    return len(list(Path(lake.root, "intraday_bars").rglob("*.parquet")))


def test_intraday_bars_are_read_as_they_were_written(lake: Lake):
    rows = intraday(*((one, day) for one in ("1h", "5m") for day in DAYS))
    lake.append("intraday_bars", rows)
    order = ["interval", "starts_at"]
    assert_frame_equal(lake.read("intraday_bars").sort(order), rows.sort(order))
    assert lake.sessions("intraday_bars") == (DAYS[0], DAYS[-1])
    within = lake.read("intraday_bars", first=DAYS[1], last=DAYS[2])
    assert set(within["session"]) == {DAYS[1], DAYS[2]}
    assert lake.rows_by_session("intraday_bars", first=DAYS[3], last=DAYS[4]) == {
        DAYS[3]: 4,
        DAYS[4]: 4,
    }


def test_sessions_of_intraday_indicators_are_replaced_and_no_other_is_touched(lake: Lake):
    def computed(session: dt.date, **values: float) -> pl.DataFrame:
        kept = intraday(("1h", session), ("5m", session)).select(
            *schema_of(IntradayIndicators),
            *(pl.lit(one).alias(name) for name, one in values.items()),
        )
        return kept.sort("interval", "starts_at")

    table, both = "intraday_indicators", {"first": DAYS[2], "last": DAYS[3]}
    lake.replace(table, pl.concat(computed(day, vwap=1.0) for day in DAYS[2:4]), **both)
    for _ in range(2):
        lake.replace(table, computed(DAYS[3], vwap=2.0), first=DAYS[3], last=DAYS[3], note="two")
    read = lake.read(table).sort("session", "interval", "starts_at")
    assert read["vwap"].to_list() == [1.0] * 4 + [2.0] * 4
    assert_frame_equal(read[4:], computed(DAYS[3], vwap=2.0), check_column_order=False)
    assert lake.notes(table) == {"two"}
    assert lake.delete(table, before=DAYS[3], interval="5m") == 2
    assert lake.rows_by_session(table, **both) == {DAYS[2]: 2, DAYS[3]: 4}


def test_old_sessions_of_one_interval_are_taken_away_and_nothing_else(lake: Lake):
    assert lake.delete("intraday_bars", before=DAYS[4], interval="5m") == 0
    lake.append("bars", BARS)
    lake.append("intraday_bars", intraday(*((one, day) for one in ("1h", "5m") for day in DAYS)))
    assert lake.delete("intraday_bars", before=DAYS[0], interval="5m") == 0
    assert lake.delete("intraday_bars", before=DAYS[3], interval="5m") == 6
    left = lake.read("intraday_bars").group_by("interval").agg(pl.col("session").min(), pl.len())
    assert sorted(left.rows()) == [("1h", DAYS[0], 10), ("5m", DAYS[3], 4)]
    assert lake.rows("bars") == BARS.height


def test_files_of_what_was_taken_away_stay_a_week_for_readers_of_older_versions(lake: Lake):
    assert lake.vacuum("intraday_bars") == 0
    lake.append("intraday_bars", intraday(*(("5m", day) for day in DAYS)))
    before = files_of(lake)
    lake.delete("intraday_bars", before=DAYS[3], interval="5m")
    assert lake.vacuum("intraday_bars") == 0
    assert files_of(lake) == before
    assert lake.vacuum("intraday_bars", unused_for_hours=0) == 3
    assert files_of(lake) == before - 3
    assert lake.rows("intraday_bars") == 4


def test_a_file_has_small_groups_of_rows_so_that_one_instrument_opens_few(lake: Lake):
    ids = pl.select(instrument_id=pl.int_range(1, 300_001))
    many = ids.join(BARS.head(1).drop("instrument_id"), how="cross")
    lake.append("bars", many.select(BARS.columns))
    files = DeltaTable(f"{lake.root}/bars").file_uris()
    groups = "SELECT count(DISTINCT row_group_id) FROM parquet_metadata(?)"
    with duckdb.connect() as connection:
        assert connection.execute(groups, [files]).fetchall() == [(3,)]
    assert lake.read("bars", keep=pl.col("instrument_id") == 77_777).height == 1
