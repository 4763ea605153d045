"""TD Sequential: values worked by hand, Lean's, and the rules written a second time, slowly."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from quantmatrix_engine.indicators.base import spec
from quantmatrix_engine.indicators.compute import compute

MakeBars = Callable[..., pl.DataFrame]
SETUP, COUNTDOWN = spec("td_setup"), spec("td_countdown")
# Rises to row 4, then falls by one a bar: row 5 (12) is the first below its fourth before (13).
FALLING = [10.0, 13.0, 14.0, 15.0, 16.0, *(12.0 - row for row in range(40))]


def _column(bars: pl.DataFrame, name: str) -> list[float | None]:
    return compute(bars, [SETUP, COUNTDOWN])[name].to_list()


def _falling(bars: MakeBars, closes: list[float]) -> pl.DataFrame:
    closes = [close + 100 for close in closes]
    return bars(closes, [close + 0.5 for close in closes], [close - 0.5 for close in closes])


def test_a_setup_starts_with_a_flip_and_counts_on_past_nine(bars: MakeBars):
    got = _column(bars([close + 50 for close in FALLING[:17]]), "td_buy_setup")
    assert got == [None] * 5 + [float(count) for count in range(1, 13)]


@pytest.mark.parametrize(("side", "step"), [("buy", -1.0), ("sell", 1.0)])
def test_a_run_without_a_flip_is_no_setup(side: str, step: float, bars: MakeBars):
    whole = bars([50.0 + step * row for row in range(20)])
    assert _column(whole, f"td_{side}_setup") == [None] * 5 + [0.0] * 15
    assert _column(whole, f"td_{side}_countdown") == [None] * 5 + [0.0] * 15


@pytest.mark.parametrize(
    ("row", "counts"), [(0, [0.0] * 11), (4, [float(count) for count in range(1, 12)])]
)
def test_a_first_close_that_is_no_number_is_no_flip(row: int, counts, bars: MakeBars):
    closes = [50.0 - place for place in range(20)]
    closes[row] = float("nan")
    assert _column(bars(closes), "td_buy_setup")[9:] == counts


def test_an_equal_close_ends_a_setup_and_the_next_may_start(bars: MakeBars):
    # Row 8 equals row 4; row 9 is below row 5 and starts anew.
    closes = [10, 11, 12, 13, 14, 9, 9, 9, 14, 8]
    assert _column(bars(closes), "td_buy_setup")[5:] == [1, 2, 3, 0, 1]


def test_the_sell_setup_is_the_buy_setup_upside_down(bars: MakeBars):
    down, up = FALLING[:30], [-close for close in FALLING[:30]]
    of_down, of_up = _falling(bars, down), _falling(bars, up)
    for kind in ("setup", "perfected", "countdown", "countdown_completed"):
        assert _column(of_up, f"td_sell_{kind}") == _column(of_down, f"td_buy_{kind}")


@pytest.mark.parametrize(
    ("lows", "perfected"),
    [
        # Lows of bars 6 to 10 of the run.
        ([80, 79, 79, 90, 90], [1, 1]),
        ([80, 79, 90, 79, 90], [1, 1]),
        ([80, 79, 80, 80, 90], [0, 0]),
        ([80, 79, 80, 80, 78], [0, 1]),
    ],
    ids=["eighth", "ninth", "none", "tenth"],
)
def test_a_setup_is_perfected_by_a_low_of_bar_eight_nine_or_later(lows, perfected, bars: MakeBars):
    closes = [close + 100 for close in FALLING[:15]]
    whole = bars(closes, [120] * 15, [95] * 10 + lows)
    assert _column(whole, "td_buy_perfected") == [None] * 5 + [0] * 8 + perfected


def test_a_countdown_begins_at_the_ninth_bar_and_is_over_after_thirteen(bars: MakeBars):
    # A run of 17 bars (rows 5 to 21), whose first 9 are the setup: row 13 counts 1, row 21 counts
    # 9. Row 22 equals row 18, so the run never has 18 bars; the close of 22 is above low 20.
    # Rows 23 to 26 fall on and count 10 to 13, and row 27 has no countdown.
    closes = [*FALLING[:22], FALLING[18], *(-10.0 - row for row in range(5))]
    got = _column(_falling(bars, closes), "td_buy_countdown")
    assert got[5:13] == [0.0] * 8
    assert got[13:] == [1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 10, 11, 12, 13, 0]
    done = _column(_falling(bars, closes), "td_buy_countdown_completed")
    assert done[5:] == [0.0] * 21 + [1.0, 0.0]


def test_the_thirteenth_waits_for_a_low_at_the_close_of_the_eighth(bars: MakeBars):
    # The twelve count as above, the eighth at row 20 with close 97. Row 26 closes at 96, at its
    # low two before (raised to 98), with a low of 97.5: it waits. Row 27 has a low of 97.
    closes = [close + 100 for close in [*FALLING[:22], FALLING[18], *(-10.0 - n for n in range(3))]]
    lows = [close - 0.5 for close in closes]
    closes, lows = [*closes, 98.0, 97.0], [*lows[:24], 99.0, 99.0, 97.5, 97.0]
    highs = [max(pair) + 0.5 for pair in zip(closes, lows, strict=True)]
    assert closes[20] == 97.0
    assert _column(bars(closes, highs, lows), "td_buy_countdown")[25:] == [12, 12, 13]


@pytest.mark.parametrize("row", [14, 17, 21])
def test_a_price_that_is_no_number_stops_nothing_and_changes_nothing_before(row, bars: MakeBars):
    # No bar that is stored has one; whoever computes by hand must not wait for ever.
    closes = [*FALLING[:22], FALLING[18], *(-10.0 - later for later in range(5))]
    falling = _falling(bars, closes)
    is_row = pl.int_range(pl.len()) == row
    broken = falling.with_columns(close=pl.when(is_row).then(float("nan")).otherwise("close"))
    whole, got = _column(falling, "td_buy_countdown"), _column(broken, "td_buy_countdown")
    assert len(got) == len(whole)
    assert got[:row] == whole[:row]


def test_a_setup_of_eighteen_bars_recycles_the_countdown(bars: MakeBars):
    # Row 22 is the run's eighteenth bar; it counts anew.
    got = _column(_falling(bars, FALLING[:25]), "td_buy_countdown")
    assert got[20:] == [8, 9, 1, 2, 3]


def test_a_low_above_the_setups_high_cancels_the_countdown(bars: MakeBars):
    # True high of rows 5 to 13: the close before, 116. At row 15 the true low is the close of
    # row 14, 103; at row 16 it is 117.
    closes = [close + 100 for close in FALLING[:15]] + [118.0, 118.0, 118.0]
    lows = [*closes[:15], 117.0, 117.0, 116.0]
    assert _column(bars(closes, closes, lows), "td_buy_countdown")[13:] == [1, 2, 2, 0, 0]


def test_a_setup_of_the_other_direction_cancels_the_countdown(bars: MakeBars):
    # Closes rise from row 15 on by a half and stay below 116, the setup's true high: it is the
    # sell setup's ninth bar that ends the countdown.
    rising = [105.0 + row / 2 for row in range(20)]
    closes = [close + 100 for close in FALLING[:15]] + rising
    result = compute(bars(closes), [SETUP, COUNTDOWN])
    ninth = result["td_sell_setup"].to_list().index(9.0)
    got = result["td_buy_countdown"].to_list()
    assert got[14:ninth] == [2.0] * (ninth - 14)
    assert got[ninth:] == [0.0] * (len(closes) - ninth)


def test_the_setup_of_lean_is_the_same(shared_data: Path, bars: MakeBars):
    """Lean's phases: 1 a buy setup runs, 5 it is complete and perfected, 3 its countdown runs."""
    frame = pl.read_csv(shared_data / "indicators" / "lean" / "td_sequential_test_data.csv")
    phases = frame["TDS"].to_list()
    prices = (frame[name].cast(pl.Float64) for name in ("Close", "High", "Low"))
    result = compute(bars(*prices), [SETUP, COUNTDOWN])
    assert phases == [0] * 5 + [1] * 8 + [5] + [3] * 12
    assert result["td_buy_setup"].to_list()[5:14] == list(range(1, 10))
    assert result["td_buy_perfected"].to_list()[5:14] == [0] * 8 + [1]
    # Lean starts one bar after the setup, we with its ninth: 13 are counted one bar earlier.
    assert result["td_buy_countdown"].to_list()[13:] == [*range(1, 9), 9, 1, 2, 3, 4]


def _slow_setup(close: np.ndarray) -> list[int]:
    """Bars of the run that ends at each row, found by walking back to its flip."""
    below = [row >= 4 and close[row] < close[row - 4] for row in range(len(close))]
    counts = []
    for row in range(len(close)):
        start = row
        while start >= 4 and below[start]:
            start -= 1
        counts.append(row - start if start >= 4 else 0)
    return counts


def _slow_countdown(high, low, close, own: list[int], other: list[int]) -> list[int]:
    counts: list[int] = []
    bars_counted: list[int] | None = None
    setup: tuple[float, float] | None = None
    for row in range(len(close)):
        if bars_counted is not None and len(bars_counted) == 13:
            bars_counted = None
        if own[row] == 9:
            nine = range(row - 8, row + 1)
            new = (
                min(min(low[bar], close[bar - 1]) for bar in nine),
                max(max(high[bar], close[bar - 1]) for bar in nine),
            )
            larger = setup is None or 1 <= (new[1] - new[0]) / (setup[1] - setup[0]) < 1.618
            if bars_counted is None or larger:
                bars_counted, setup = [], new
        if own[row] == 18 and bars_counted is not None:
            bars_counted = []
        if bars_counted is None:
            counts.append(0)
            continue
        if other[row] == 9 or min(low[row], close[row - 1]) > setup[1]:
            bars_counted = None
        elif close[row] <= low[row - 2] and (
            len(bars_counted) < 12 or low[row] <= close[bars_counted[7]]
        ):
            bars_counted.append(row)
        counts.append(0 if bars_counted is None else len(bars_counted))
    return counts


def _expected(one: pl.DataFrame) -> dict[str, list[int]]:
    high, low, close = (one[name].to_numpy() for name in ("high", "low", "close"))
    buy, sell = _slow_setup(close), _slow_setup(-close)
    return {
        "td_buy_setup": buy,
        "td_sell_setup": sell,
        "td_buy_countdown": _slow_countdown(high, low, close, buy, sell),
        "td_sell_countdown": _slow_countdown(-low, -high, -close, sell, buy),
    }


def _agrees(bars: pl.DataFrame) -> int:
    """Fails where a count differs; gives how many countdowns were completed."""
    completed = 0
    result = compute(bars, [SETUP, COUNTDOWN])
    for one in bars.partition_by("instrument_id"):
        got = result.filter(pl.col("instrument_id") == one["instrument_id"][0])
        for name, counts in _expected(one).items():
            assert got[name].to_list()[5:] == counts[5:]
        completed += sum(counts.count(13) for counts in _expected(one).values())
    return completed


def test_walks_are_counted_as_the_rules_say(market):
    assert _agrees(market) > 10


def test_hundreds_of_real_instruments_are_counted_as_the_rules_say(shared_data: Path):
    path = shared_data / "ohlcv" / "pystock_us_daily_2015_2017.parquet"
    number = pl.col("symbol").rank("dense").cast(pl.Int64).alias("instrument_id")
    frame = pl.read_parquet(path).with_columns(number, session=pl.col("date"))
    few = frame.filter(pl.col("instrument_id") % 20 == 0).sort("instrument_id", "session")
    assert few["instrument_id"].n_unique() > 300
    assert _agrees(few) > 300
