"""Weinstein's stages: by hand on weeks of one bar, and against weekly bars built by polars."""

import datetime as dt
from collections.abc import Callable, Iterable
from pathlib import Path

import polars as pl
import pytest

from quantmatrix_engine.indicators.base import spec
from quantmatrix_engine.indicators.compute import compute

MakeBars = Callable[..., pl.DataFrame]
MONDAY = dt.date(2024, 1, 1)
SHORT = spec("weinstein", average=2, span=1)


def _weekly(closes: Iterable[float], benchmark: Iterable[float | None] | None = None):
    """Gives a bar on each Friday; the benchmark stands still where none is given."""
    closes = list(closes)
    days = [MONDAY + dt.timedelta(days=4 + 7 * week) for week in range(len(closes))]
    return _on(days, closes, [10.0] * len(closes) if benchmark is None else list(benchmark))


def _on(days: list[dt.date], closes: list[float], benchmark: list[float | None]) -> pl.DataFrame:
    columns = {
        "instrument_id": [1] * len(days),
        "session": days,
        "close": closes,
        "benchmark_close": benchmark,
    }
    types = {"instrument_id": pl.Int64, "session": pl.Date}
    return pl.DataFrame(columns, schema={name: types.get(name, pl.Float64) for name in columns})


def _values(bars: pl.DataFrame, asked=SHORT) -> list[list[float | None]]:
    result = compute(bars, [asked])
    return [result[name].to_list() for name in asked.columns()]


def test_stage_weeks_slope_and_distance_of_a_rise_and_a_fall():
    # Means of two: -, 11, 13, 15, 14, 11. Slopes over one: 2/11, 2/13, -1/15, -3/14.
    stage, weeks, slope, distance = _values(_weekly([10, 12, 14, 16, 12, 10]))
    # Week 4 (12) is below its mean 14, the mean falls and so does the ratio.
    assert stage == [None, None, 2, 2, 4, 4]
    assert weeks == [None, None, 1, 2, 1, 2]
    expected = [200 / 11, 200 / 13, -100 / 15, -300 / 14]
    assert slope == [None, None, *(pytest.approx(value) for value in expected)]
    expected = [100 / 11, 100 / 13, 100 / 15, -200 / 14, -100 / 11]
    assert distance == [None, *(pytest.approx(value) for value in expected)]


def test_what_follows_an_advance_is_a_top_and_what_follows_a_decline_a_base():
    # Still at 20: the mean rises a last time, then nothing moves; after the fall to 5 the same.
    stage, weeks, _, _ = _values(_weekly([10, 15, 20, 20, 20, 10, 5, 5, 5, 9]))
    assert stage == [None, None, 2, 3, 3, 4, 4, 1, 1, 2]
    assert weeks == [None, None, 1, 1, 2, 1, 2, 1, 2, 1]


def test_without_an_advance_or_a_decline_before_the_stage_is_unclear():
    stage, weeks, _, _ = _values(_weekly([10] * 5))
    assert (stage, weeks) == ([None, None, 0, 0, 0], [None, None, 1, 2, 3])


def test_a_rise_no_faster_than_the_benchmark_is_no_advance():
    stage = _values(_weekly([10, 12, 14, 16], benchmark=[10, 12, 14, 16]))[0]
    assert stage == [None, None, 0, 0]


def test_a_week_without_a_benchmark_has_no_stage_but_slope_and_distance():
    benchmark = [10, 10, 10, None, 10, 10]
    stage, weeks, slope, _ = _values(_weekly([10, 12, 14, 16, 18, 20], benchmark))
    assert stage == [None, None, 2, None, None, 2]
    assert weeks == [None, None, 1, None, None, 1]
    assert None not in slope[2:]


def test_a_week_is_compared_with_the_last_bar_of_the_earlier_one_that_has_a_benchmark():
    days = [MONDAY + dt.timedelta(days=day) for day in (4, 10, 11, 18)]
    # Against the ratio of the Thursday, 12 / 10, that of week 2 falls; the Friday has none.
    bars = _on(days, [10, 12, 12, 14], [10, 10, None, 12])
    stage = _values(bars)[0]
    assert stage == [None, None, None, 0]
    # The ratio of the Thursday is not below that of week 2 any more.
    assert _values(_on(days, [10, 12, 12, 14], [10, 10, None, 11]))[0][-1] == 2


def test_the_week_in_progress_counts_with_its_close_so_far():
    friday = [MONDAY + dt.timedelta(days=4), MONDAY + dt.timedelta(days=11)]
    sunday, monday, tuesday = (MONDAY + dt.timedelta(days=day) for day in (20, 21, 22))
    bars = _on([*friday, sunday, monday, tuesday], [10, 12, 14, 20, 10], [10.0] * 5)
    # Sunday is of the third week, Monday and Tuesday of the fourth: means 13, 17, 12.
    _, _, _, distance = _values(bars)
    assert distance[2:] == [pytest.approx(100 * x) for x in (1 / 13, 3 / 17, -2 / 12)]
    stage, weeks, _, _ = _values(bars)
    # On Tuesday the mean of 12 is below 13 and the price below the mean: a decline, if it stays.
    assert stage[2:] == [2, 2, 4]
    assert weeks[2:] == [1, 2, 1]


def test_a_perfect_rise_is_an_advance_from_its_thirty_ninth_week_on():
    stage = _values(_weekly(range(100, 150)), spec("weinstein"))[0]
    assert stage == [None] * 38 + [2.0] * 12


def _slow_stages(one: pl.DataFrame, row: int) -> tuple[float | None, int | None]:
    """Stage and age at a row, from the weekly bars of the rows up to it."""
    weeks = (
        one.head(row + 1)
        .group_by(pl.col("session").dt.truncate("1w"), maintain_order=True)
        .agg(
            pl.col("close").last(),
            ratio=(pl.col("close") / pl.col("benchmark_close")).drop_nulls().last(),
        )
    )
    mean = weeks["close"].rolling_mean(30).to_list()
    close, ratio = weeks["close"].to_list(), weeks["ratio"].to_list()
    stages: list[int | None] = []
    for week in range(weeks.height):
        if week < 38 or ratio[week] is None or ratio[week - 9] is None:
            stages.append(None)
            continue
        up = (close[week] > mean[week], mean[week] > mean[week - 9], ratio[week] > ratio[week - 9])
        trends = [stage for stage in stages if stage in (2, 4)]
        between = {2: 3, 4: 1}[trends[-1]] if trends else 0
        stages.append(2 if all(up) else 4 if not any(up) else between)
    age = 0
    while age < len(stages) and stages[-1 - age] == stages[-1]:
        age += 1
    return stages[-1], None if stages[-1] is None else age


def test_real_instruments_have_the_stages_of_their_weekly_bars(shared_data: Path):
    """Against IBM, at every 23rd session, of names of more than a dollar."""
    path = shared_data / "ohlcv" / "pystock_us_daily_2015_2017.parquet"
    number = pl.col("symbol").rank("dense").cast(pl.Int64).alias("instrument_id")
    frame = pl.read_parquet(path).with_columns(number, session=pl.col("date"))
    ibm = frame.filter(pl.col("symbol") == "IBM").select("session", benchmark_close="close")
    few = frame.filter(pl.col("instrument_id") % 60 == 0, pl.col("close") > 1)
    bars = few.join(ibm, on="session", how="left").sort("instrument_id", "session")
    asked = spec("weinstein")
    result = compute(bars, [asked])
    seen = dict.fromkeys((0, 1, 2, 3, 4), 0)
    for one in bars.partition_by("instrument_id"):
        got = result.filter(pl.col("instrument_id") == one["instrument_id"][0])
        stages, weeks = got[asked.columns()[0]].to_list(), got[asked.columns()[1]].to_list()
        for row in range(150, one.height, 23):
            assert (stages[row], weeks[row]) == _slow_stages(one, row)
            if stages[row] is not None:
                seen[stages[row]] += 1
    assert min(seen.values()) > 20
