import datetime as dt
from pathlib import Path

import polars as pl
import pytest
from pipelines.rows import bars, schema_of
from polars.testing import assert_frame_equal

from quantmatrix_engine import calendars
from quantmatrix_engine.contracts.corporate_actions import PriceActions
from quantmatrix_engine.indicators.base import spec
from quantmatrix_pipelines.defs.market_data import histories
from quantmatrix_pipelines.defs.market_data.histories import Histories
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.stretches import Stretch

DAYS = calendars.sessions(dt.date(2012, 11, 1), dt.date(2013, 2, 28))
LAST = Stretch(DAYS[-2], DAYS[-1])
# Ids with a gap; 9 is nobody's bar.
INSTRUMENTS = [1, 2, 3, 5, 6, 9]
SPECS = [spec("sma", window=5), spec("mansfield", window=10)]
NO_ACTIONS = pl.DataFrame(schema=schema_of(PriceActions))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Bars of five instruments, a commit a session but for the first months."""
    made = Lake(str(tmp_path / "lake"))
    rows = [
        (one, day, 10.0 + (one * place) % 7)
        for one in (1, 2, 3, 5, 6)
        for place, day in enumerate(DAYS)
    ]
    everything = bars(*rows)
    made.append("bars", everything.filter(pl.col("session") < DAYS[-3]))
    for day in DAYS[-3:]:
        made.append("bars", everything.filter(pl.col("session") == day).reverse())
    return made


def computed(
    lake: Lake, benchmark: int | None, providers: tuple[str, ...] = ("sample",)
) -> pl.DataFrame:
    source = Histories(lake, INSTRUMENTS, providers, benchmark, NO_ACTIONS)
    return source.indicators(SPECS, LAST)


@pytest.mark.parametrize("benchmark", [None, 2, 6])
@pytest.mark.parametrize("at_once", [1, 2 * len(DAYS), 4 * len(DAYS)])
def test_groups_come_to_the_same_as_all_at_once(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, benchmark: int | None, at_once: int
):
    whole = computed(lake, benchmark)
    monkeypatch.setattr(histories, "_BARS_AT_ONCE", at_once)
    assert_frame_equal(computed(lake, benchmark), whole)
    assert whole.get_column("instrument_id").to_list() == [
        one for one in (1, 2, 3, 5, 6) for _ in "ab"
    ]
    assert whole.get_column("mansfield_10").null_count() == (10 if benchmark is None else 0)


def test_weeks_in_groups_come_to_the_same_as_all_at_once(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
):
    def weeks() -> pl.DataFrame:
        source = Histories(lake, INSTRUMENTS, ("sample",), 2, NO_ACTIONS)
        return source.weekly_indicators(SPECS, Stretch(DAYS[0], DAYS[-1]))

    whole = weeks()
    monkeypatch.setattr(histories, "_BARS_OF_WEEKS_AT_ONCE", 2 * len(DAYS))
    assert_frame_equal(weeks(), whole)
    assert whole["instrument_id"].unique().sort().to_list() == [1, 2, 3, 5, 6]
    assert whole["mansfield_10"].count() > 0


@pytest.mark.parametrize("benchmark", [None, 2])
def test_of_another_provider_nothing_counts_and_of_several_the_first_one_with_a_bar(
    lake: Lake, benchmark: int | None
):
    alone = computed(lake, benchmark)
    other = lake.read("bars").with_columns(
        pl.col("close") * 2.0,
        pl.col("known_at") + dt.timedelta(days=1),
        provider=pl.lit("other"),
        instrument_id=pl.col("instrument_id").replace({1: 9}),
    )
    lake.append("bars", other)
    assert_frame_equal(computed(lake, benchmark), alone)
    both = computed(lake, benchmark, ("sample", "other"))
    assert_frame_equal(both.filter(pl.col("instrument_id") != 9), alone)
    assert both.filter(pl.col("instrument_id") == 9)["close"].to_list() == [
        2.0 * close for close in alone.filter(pl.col("instrument_id") == 1)["close"]
    ]
    assert computed(lake, benchmark, ("nobody",)).is_empty()


@pytest.mark.parametrize("is_first", [True, False])
def test_of_a_restated_bar_the_newest_counts_though_the_benchmark_was_restated_later(
    tmp_path: Path, is_first: bool
):
    """The later moment of the two is that of both vintages: it does not say which is newer."""
    lake = Lake(str(tmp_path / "lake"))
    said = bars(*((one, day, 10.0 * one) for one in range(1, 5) for day in DAYS))
    later = (dt.timedelta(hours=one) for one in (2, 1, 1, 1))
    again = [
        bars((one, DAYS[-2], 10.0 * one + 5.0)).with_columns(pl.col("known_at") + moment)
        for one, moment in enumerate(later, start=1)
    ]
    for part in [*again, said] if is_first else [said, *again]:
        lake.append("bars", part)
    source = Histories(lake, [1, 2, 3, 4], ("sample",), 1, NO_ACTIONS)
    found = source.indicators(SPECS, LAST).filter(pl.col("session") == DAYS[-2])
    assert found["close"].to_list() == [15.0, 25.0, 35.0, 45.0]
    assert source.bars([3], LAST.last).filter(pl.col("session") == DAYS[-2])["close"].to_list() == [
        35.0
    ]


def test_an_error_in_reading_a_group_is_one_of_the_asset(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(histories, "_BARS_AT_ONCE", 1)
    read, asked = Lake.read, []

    def breaks_off(self: Lake, table: str, **further: object) -> pl.DataFrame:
        asked.append(table)
        if len(asked) == 3:
            raise OSError("the disk is gone")
        return read(self, table, **further)  # type: ignore[arg-type]

    monkeypatch.setattr(Lake, "read", breaks_off)
    with pytest.raises(OSError, match="the disk is gone"):
        Histories(lake, range(1, 101), ("sample",), None, NO_ACTIONS).indicators(SPECS, LAST)
    assert len(asked) < 50, "groups that nobody waits for are not read"


@pytest.mark.parametrize("providers", [("sample",), ("sample", "other")])
def test_of_a_past_moment_what_was_known_then_counts(lake: Lake, providers: tuple[str, ...]):
    before = computed(lake, 2)
    moment = lake.read("bars")["known_at"].max()
    lake.append(
        "bars",
        bars((1, DAYS[-1], 99.0)).with_columns(known_at=pl.lit(moment + dt.timedelta(hours=1))),
    )
    then = Histories(lake, INSTRUMENTS, providers, 2, NO_ACTIONS, known_at=moment)
    assert_frame_equal(then.indicators(SPECS, LAST), before)
    assert computed(lake, 2, providers).filter(pl.col("instrument_id") == 1)["close"][-1] == 99.0
