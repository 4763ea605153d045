"""Outcomes worked by hand, and a year of real bars against a plain loop over each signal."""

import datetime as dt
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantmatrix_engine import calendars
from quantmatrix_engine.strategies.outcomes import (
    FOLLOWED_SESSIONS,
    SIGNAL_SCHEMA,
    followed,
    unmeasured,
)
from quantmatrix_engine.vocabulary import Action

SAID = dt.date(2024, 1, 2)
NO_EXITS = pl.DataFrame(
    schema={"strategy_id": pl.Int64, "instrument_id": pl.Int64, "session": pl.Date}
)
NO_SPLITS = pl.DataFrame(
    schema={"instrument_id": pl.Int64, "ex_date": pl.Date, "ratio": pl.Float64}
)


def later(count: int) -> dt.date:
    return calendars.sessions_after(SAID, count)


def signals(*changes: dict[str, Any]) -> pl.DataFrame:
    """Gives entries at 100 with a stop at 90 and targets at 110, 120 and 130, good for two."""
    rows = [
        {
            "signal_id": number,
            "user_id": 1,
            "strategy_id": 1,
            "instrument_id": 1,
            "session": SAID,
            "action": "entry",
            "price": 100.0,
            "stop": 90.0,
            "target_1": 110.0,
            "target_2": 120.0,
            "target_3": 130.0,
            "valid_until": later(2),
        }
        | change
        for number, change in enumerate(changes, start=1)
    ]
    return pl.DataFrame(rows, schema=SIGNAL_SCHEMA)


def bars(*prices: tuple[float, float, float, float] | None, instrument: int = 1) -> pl.DataFrame:
    """Gives one bar (open, high, low, close) for each session after the signal's; None: no bar."""
    rows = [
        (instrument, later(number), *one)
        for number, one in enumerate(prices, start=1)
        if one is not None
    ]
    floats = dict.fromkeys(("open", "high", "low", "close"), pl.Float64)
    schema = {"instrument_id": pl.Int64, "session": pl.Date, **floats}
    return pl.DataFrame(rows, schema=schema, orient="row")


def exits(*counts: int) -> pl.DataFrame:
    rows = [(1, 1, later(count)) for count in counts]
    return pl.DataFrame(rows, schema=NO_EXITS.schema, orient="row")


def told(*prices, change=None, said=NO_EXITS, splits=NO_SPLITS, through=None):
    """Gives the outcome of one signal as a dict, and its stages as (stage, target, day, price)."""
    outcomes, stages = followed(
        unmeasured(signals(change or {})),
        bars(*prices),
        said,
        splits,
        through=later(through or len(prices)),
    )
    days = {later(count): count for count in range(1, 70)}
    steps = [
        (stage, target, days[session], price)
        for stage, target, session, price in stages.select(
            "stage", "target", "session", "price"
        ).rows()
    ]
    return outcomes.row(0, named=True), steps


FALLS_TO_PRICE = (101.0, 104.0, 99.0, 103.0)


def test_before_any_bar_an_entry_is_pending():
    outcome, steps = told(through=0)
    assert (outcome["stage"], outcome["sessions_held"], steps) == ("pending", 0, [])
    assert outcome["return_pct"] is None


def test_an_entry_whose_price_is_never_traded_is_active_and_expires():
    above = (105.0, 109.0, 104.0, 106.0)
    assert told(above)[1] == [("active", None, 1, None)]
    outcome, steps = told(above, above, above)
    assert steps == [("active", None, 1, None), ("expired", None, 2, None)]
    assert (outcome["closed"], outcome["sessions_held"]) == (True, 0)
    # It was over on the second session: the third changed nothing.
    assert outcome["through_session"] == later(2)


def test_an_entry_without_bars_expires_all_the_same():
    assert told(None, None)[1] == [("expired", None, 2, None)]


def test_an_entry_is_triggered_where_its_price_is_traded_and_measured_from_there():
    outcome, steps = told(FALLS_TO_PRICE)
    assert steps == [("triggered", None, 1, 100.0)]
    # The high of 104 may have come before the fall to 100; the close of 103 came after it.
    assert outcome["highest_price"] == 103.0
    assert outcome["lowest_price"] == 99.0
    assert outcome["return_pct"] == pytest.approx(3.0)
    assert outcome["best_pct"] == pytest.approx(3.0)
    assert outcome["worst_pct"] == pytest.approx(-1.0)
    assert (outcome["stage"], outcome["closed"]) == ("triggered", False)


def test_an_open_below_the_price_triggers_at_the_open_and_the_whole_bar_counts():
    outcome, steps = told((98.0, 111.0, 97.0, 105.0))
    assert steps == [("triggered", None, 1, 98.0), ("target_hit", 1, 1, 110.0)]
    assert (outcome["highest_price"], outcome["hit_target"]) == (111.0, 1)
    # Measured from the signal's own price, not from the better one.
    assert outcome["return_pct"] == pytest.approx(5.0)


def test_targets_are_reached_one_after_the_other_and_the_last_ends_it():
    outcome, steps = told(
        FALLS_TO_PRICE, (104.0, 112.0, 103.0, 111.0), (121.0, 131.0, 119.0, 125.0)
    )
    assert steps == [
        ("triggered", None, 1, 100.0),
        ("target_hit", 1, 2, 110.0),
        # The session opened above the second target.
        ("target_hit", 2, 3, 121.0),
        ("target_hit", 3, 3, 130.0),
    ]
    assert (outcome["stage"], outcome["hit_target"], outcome["closed"]) == ("target_hit", 3, True)
    assert outcome["return_pct"] == pytest.approx(30.0)
    # What the bar did after the last target is not the trade's.
    assert outcome["highest_price"] == 130.0
    assert outcome["sessions_held"] == 3


def test_where_a_bar_has_the_stop_and_a_target_the_stop_came_first():
    outcome, steps = told(FALLS_TO_PRICE, (100.0, 115.0, 89.0, 112.0))
    assert steps == [("triggered", None, 1, 100.0), ("stopped", None, 2, 90.0)]
    assert (outcome["hit_stop"], outcome["hit_target"], outcome["closed"]) == (True, None, True)
    assert outcome["return_pct"] == outcome["worst_pct"] == pytest.approx(-10.0)
    assert outcome["highest_price"] == 103.0


def test_an_open_at_the_last_target_ends_a_trade_before_the_fall_to_the_stop():
    outcome, steps = told(FALLS_TO_PRICE, (135.0, 136.0, 85.0, 86.0))
    assert steps[1:] == [
        ("target_hit", 1, 2, 135.0),
        ("target_hit", 2, 2, 135.0),
        ("target_hit", 3, 2, 135.0),
    ]
    assert (outcome["hit_stop"], outcome["return_pct"]) == (False, pytest.approx(35.0))


def test_an_open_above_a_target_reached_it_before_the_stop():
    outcome, steps = told(FALLS_TO_PRICE, (115.0, 116.0, 85.0, 86.0))
    assert steps[1:] == [("target_hit", 1, 2, 115.0), ("stopped", None, 2, 90.0)]
    assert (outcome["stage"], outcome["hit_target"], outcome["return_pct"]) == (
        "stopped",
        1,
        pytest.approx(-10.0),
    )


def test_a_stop_keeps_the_targets_reached_before():
    outcome, steps = told(FALLS_TO_PRICE, (104.0, 112.0, 103.0, 111.0), (95.0, 96.0, 88.0, 89.0))
    assert steps[-1] == ("stopped", None, 3, 90.0)
    assert (outcome["stage"], outcome["hit_target"], outcome["hit_stop"]) == ("stopped", 1, True)
    assert outcome["best_pct"] == pytest.approx(12.0)


def test_an_open_below_the_stop_ends_a_trade_at_the_open():
    outcome, steps = told(FALLS_TO_PRICE, (85.0, 88.0, 80.0, 86.0))
    assert steps[-1] == ("stopped", None, 2, 85.0)
    assert outcome["return_pct"] == pytest.approx(-15.0)
    assert outcome["lowest_price"] == 85.0


def test_a_trade_may_be_triggered_and_stopped_on_one_bar():
    outcome, steps = told((101.0, 102.0, 88.0, 95.0))
    assert steps == [("triggered", None, 1, 100.0), ("stopped", None, 1, 90.0)]
    assert (outcome["highest_price"], outcome["lowest_price"]) == (100.0, 90.0)


def test_an_open_at_the_stop_before_the_trigger_makes_an_entry_invalid():
    outcome, steps = told((90.0, 101.0, 89.0, 100.0))
    assert steps == [("invalidated", None, 1, None)]
    assert (outcome["closed"], outcome["sessions_held"]) == (True, 0)


def test_an_exit_of_the_strategy_ends_a_trade_at_the_close():
    outcome, steps = told(FALLS_TO_PRICE, (103.0, 107.0, 101.0, 104.0), said=exits(2), through=3)
    assert steps == [("triggered", None, 1, 100.0), ("exited", None, 2, 104.0)]
    assert outcome["return_pct"] == pytest.approx(4.0)
    assert (outcome["best_pct"], outcome["closed"]) == (pytest.approx(7.0), True)


def test_an_exit_of_the_strategy_cancels_an_entry_that_still_waits():
    above = (105.0, 109.0, 104.0, 106.0)
    assert told(above, said=exits(1))[1] == [("cancelled", None, 1, None)]


def test_an_exit_of_another_strategy_or_of_the_session_it_was_said_on_ends_nothing():
    another = exits(1).with_columns(strategy_id=pl.lit(2, dtype=pl.Int64))
    earlier = exits(1).with_columns(session=pl.lit(SAID))
    for said in (another, earlier):
        assert told(FALLS_TO_PRICE, said=said)[1] == [("triggered", None, 1, 100.0)]


def test_a_session_without_a_bar_changes_nothing_of_a_trade():
    outcome, steps = told(FALLS_TO_PRICE, None, (103.0, 105.0, 102.0, 104.0))
    assert steps == [("triggered", None, 1, 100.0)]
    assert (outcome["sessions_held"], outcome["through_session"]) == (2, later(3))


def test_prices_after_a_split_are_compared_in_the_basis_of_the_signal():
    splits = pl.DataFrame([(1, later(2), 2.0)], schema=NO_SPLITS.schema, orient="row")
    outcome, steps = told(FALLS_TO_PRICE, (51.5, 55.5, 51.0, 55.0), splits=splits)
    assert steps == [("triggered", None, 1, 100.0), ("target_hit", 1, 2, 110.0)]
    assert outcome["return_pct"] == pytest.approx(10.0)
    assert outcome["highest_price"] == 111.0


def test_prices_are_measured_in_the_digits_they_are_stored_with():
    splits = pl.DataFrame([(1, later(1), 1 / 7)], schema=NO_SPLITS.schema, orient="row")
    outcome, _ = told((700.0, 709.12, 693.0, 709.12), None, splits=splits)
    assert outcome["highest_price"] == 101.302857
    assert outcome["return_pct"] == outcome["best_pct"] == (101.302857 / 100.0 - 1) * 100


def test_a_split_of_the_signals_own_session_is_in_its_prices_already():
    splits = pl.DataFrame([(1, SAID, 2.0)], schema=NO_SPLITS.schema, orient="row")
    assert told(FALLS_TO_PRICE, splits=splits)[0]["return_pct"] == pytest.approx(3.0)


def test_fewer_targets_end_a_trade_at_the_last_of_them():
    one = {"target_2": None, "target_3": None}
    outcome, _ = told(FALLS_TO_PRICE, (104.0, 112.0, 103.0, 111.0), change=one)
    assert (outcome["closed"], outcome["return_pct"]) == (True, pytest.approx(10.0))


def test_a_trade_without_targets_is_ended_by_stop_exit_or_time():
    none = {"target_1": None, "target_2": None, "target_3": None}
    still = (100.0, 101.0, 99.0, 100.0)
    outcome, steps = told(*[still] * 61, change=none)
    assert steps == [("triggered", None, 1, 100.0)]
    assert (outcome["closed"], outcome["sessions_held"]) == (True, FOLLOWED_SESSIONS[Action.ENTRY])
    assert outcome["through_session"] == later(60)


@pytest.mark.parametrize("action", ["exit", "scale_out"])
def test_exits_and_scale_outs_are_measured_from_the_next_bar_for_twenty_sessions(action):
    change = {"action": action, "stop": None, "target_1": 99.0, "target_2": None, "target_3": None}
    outcome, steps = told(*[(102.0, 108.0, 101.0, 106.0)] * 21, change=change)
    assert steps == [("triggered", None, 1, 102.0)]
    assert (outcome["closed"], outcome["sessions_held"]) == (True, 20)
    assert (outcome["best_pct"], outcome["return_pct"]) == (
        pytest.approx(8.0),
        pytest.approx(6.0),
    )
    assert outcome["hit_target"] is None


def test_an_exit_nobody_could_act_on_expires():
    change = {"action": "exit", "stop": None, "valid_until": later(1)}
    assert told(None, (1.0, 1.0, 1.0, 1.0), change=change)[1] == [("expired", None, 1, None)]


# Real bars: what a plain loop over each signal says, written without the rules' expressions.


class Plain:
    """One entry, followed day by day."""

    def __init__(self, signal: dict[str, Any]) -> None:
        self.price, self.stop, self.valid = signal["price"], signal["stop"], signal["valid_until"]
        self.targets = [signal[f"target_{n}"] for n in (1, 2, 3)]
        self.stage, self.is_in, self.is_over = "pending", False, False
        self.hits, self.held, self.last = 0, 0, None
        self.high = self.low = self.price

    def day(self, day: dt.date, bar: tuple | None, *, says_exit: bool) -> None:
        is_new = not self.is_in
        if bar is not None:
            self._bar(*bar, is_valid=day <= self.valid)
        if self.is_over:
            return
        if self.is_in:
            if says_exit:
                self._end("exited")
        elif says_exit:
            self._end("cancelled")
        elif day >= self.valid:
            self._end("expired")
        elif is_new and bar is not None:
            self.stage = "active"

    def _end(self, stage: str) -> None:
        self.stage, self.is_over = stage, True

    def _bar(self, opened, highest, lowest, close, *, is_valid: bool) -> None:
        is_first = not self.is_in
        if is_first:
            if opened <= self.stop:
                return self._end("invalidated")
            if lowest > self.price or not is_valid:
                return None
            self.is_in, self.stage = True, "triggered"
            if opened > self.price:
                highest = max(self.price, close)
        self.held += 1
        while not is_first and self.hits < 3 and opened >= self.targets[self.hits]:
            self.hits, self.stage = self.hits + 1, "target_hit"
        if lowest <= self.stop and self.hits < 3:
            self.last = self.stop if is_first else min(opened, self.stop)
            self.low = min(self.low, self.last)
            return self._end("stopped")
        while self.hits < 3 and highest >= self.targets[self.hits]:
            self.hits, self.stage = self.hits + 1, "target_hit"
        if self.hits == 3:
            highest = close = self.targets[2] if is_first else max(opened, self.targets[2])
            self.is_over = True
        self.high, self.low, self.last = max(self.high, highest), min(self.low, lowest), close
        return None

    def found(self) -> dict[str, Any]:
        def pct(price: float) -> float | None:
            return None if self.last is None else (price / self.price - 1) * 100

        return {
            "stage": self.stage,
            "sessions_held": self.held,
            "hit_target": self.hits or None,
            "return_pct": pct(self.last),
            "best_pct": pct(self.high),
            "worst_pct": pct(self.low),
        }


@pytest.fixture(scope="module")
def real_signals(real_holdings) -> pl.DataFrame:
    until = pl.col("session").map_elements(
        lambda one: calendars.sessions_after(one, 3), return_dtype=pl.Date
    )
    said = real_holdings.with_row_index("signal_id").with_columns(
        pl.col("signal_id").cast(pl.Int64), user_id=pl.lit(1, dtype=pl.Int64), valid_until=until
    )
    return said.select(pl.col(name).cast(kind) for name, kind in SIGNAL_SCHEMA.items())


@pytest.fixture(scope="module")
def real_exits(real_signals) -> pl.DataFrame:
    return real_signals.filter(pl.col("action") == "exit").select(NO_EXITS.columns)


@pytest.fixture(scope="module")
def end(real_bars) -> dt.date:
    return real_bars["session"].max()


@pytest.fixture(scope="module")
def at_once(real_signals, real_bars, real_exits, end):
    return followed(unmeasured(real_signals), real_bars, real_exits, NO_SPLITS, through=end)


def test_a_year_of_real_entries_ends_as_a_plain_loop_says(
    at_once, real_signals, real_bars, real_exits
):
    outcomes, _ = at_once
    sessions = sorted(real_bars["session"].unique())
    prices = {
        (row[0], row[1]): row[2:]
        for row in real_bars.select(
            "instrument_id", "session", "open", "high", "low", "close"
        ).rows()
    }
    exit_days: dict[int, set[dt.date]] = {}
    for _, instrument, session in real_exits.rows():
        exit_days.setdefault(instrument, set()).add(session)
    measured = {row["signal_id"]: row for row in outcomes.iter_rows(named=True)}
    entries = real_signals.filter(pl.col("action") == "entry")
    assert entries.height > 100
    for signal in entries.iter_rows(named=True):
        instrument = signal["instrument_id"]
        plain = Plain(signal)
        for day in [one for one in sessions if one > signal["session"]][:60]:
            if not plain.is_over:
                said = day in exit_days.get(instrument, set())
                plain.day(day, prices.get((instrument, day)), says_exit=said)
        found, expected = measured[signal["signal_id"]], plain.found()
        assert {name: found[name] for name in expected} == pytest.approx(expected), signal
    assert outcomes["stage"].n_unique() >= 4


def test_session_by_session_is_what_all_at_once_is(
    at_once, real_signals, real_bars, real_exits, end
):
    outcomes = unmeasured(real_signals.clear())
    steps = []
    for session in calendars.sessions(real_signals["session"].min(), end):
        until = real_bars.filter(pl.col("session") <= session)
        outcomes, stages = followed(outcomes, until, real_exits, NO_SPLITS, through=session)
        steps.append(stages)
        new = unmeasured(real_signals.filter(pl.col("session") == session))
        outcomes = pl.concat([outcomes, new])
    assert_frame_equal(outcomes.sort("signal_id"), at_once[0])
    key = ["signal_id", "session", "stage", "target"]
    assert_frame_equal(pl.concat(steps).sort(key), at_once[1].sort(key))


def test_bars_that_come_later_change_nothing_until_then(real_signals, real_bars, real_exits, end):
    cut = calendars.sessions_before(end, 40)
    earlier = real_signals.filter(pl.col("session") < cut)
    found = [
        followed(unmeasured(earlier), known, real_exits, NO_SPLITS, through=cut)
        for known in (real_bars, real_bars.filter(pl.col("session") <= cut))
    ]
    assert_frame_equal(found[0][0], found[1][0])
    assert_frame_equal(found[0][1], found[1][1])


def test_nothing_to_follow_is_nothing_followed():
    outcomes, stages = followed(
        unmeasured(signals().clear()), bars(), NO_EXITS, NO_SPLITS, through=later(3)
    )
    assert (outcomes.height, stages.height) == (0, 0)
