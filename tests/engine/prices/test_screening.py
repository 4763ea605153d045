"""What only a series shows. Sessions of January 2024: 2 to 5, 8 to 12, 16 to 19 (15: holiday)."""

import datetime as dt
import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from quantmatrix_engine.contracts import gate
from quantmatrix_engine.contracts.findings import Findings
from quantmatrix_engine.contracts.flags import Flags
from quantmatrix_engine.prices.screening import as_findings, not_refused, screen

YEAR_END = dt.date(2024, 12, 31)
SPLITS = {"instrument_id": pl.Int64, "ex_date": pl.Date, "ratio": pl.Float64}
NONE = pl.DataFrame(schema=SPLITS)
MOVING = [{"close": 10.0 + number / 100} for number in range(30)]


def jan(day: int) -> dt.date:
    return dt.date(2024, 1, day)


def split(day: int, ratio: float) -> pl.DataFrame:
    return pl.DataFrame([(1, jan(day), ratio)], schema=SPLITS, orient="row")


def at(price: float, **more) -> dict:
    """A bar with all its prices near one."""
    about = {"open": price, "high": price * 1.01, "low": price * 0.99, "close": price}
    return about | more


def found(bars: pl.DataFrame, *rules: str, splits=NONE, as_of=None) -> list[tuple]:
    flags = screen(bars, splits, as_of=as_of or bars["session"].max())
    kept = flags.filter(pl.col("rule").is_in(rules)) if rules else flags
    return kept.select("rule", "session", "until", "seen_on", "value").rows()


# Gaps and silences


def test_a_gap_is_one_flag_with_its_range_and_the_bar_after_it_shows_it(series):
    bars = series(MOVING[0], None, None, MOVING[3])
    assert found(bars) == [
        ("missing_session", jan(3), jan(4), jan(5), "2 sessions, 2024-01-03 to 2024-01-04")
    ]


def test_a_weekend_and_a_holiday_are_no_gap(series):
    assert found(series(*MOVING[:14])) == []


def test_before_the_first_bar_and_after_the_last_nothing_is_missing(series):
    late = series(None, None, *MOVING[:3]).with_columns(instrument_id=pl.lit(2, pl.Int64))
    bars = pl.concat([series(*MOVING[:10]), late])
    assert found(bars, "missing_session", as_of=jan(16)) == []


def test_a_series_is_stale_from_the_fifth_session_without_a_bar(series):
    bars = series(*MOVING[:2])
    assert found(bars, as_of=jan(9)) == []
    assert found(bars, as_of=jan(10)) == [
        ("stale_series", jan(3), jan(10), jan(10), "no bar for 5 sessions since 2024-01-03")
    ]
    # On Saturday the 13th the last session is Friday the 12th.
    assert found(bars, as_of=jan(13))[0][4] == "no bar for 7 sessions since 2024-01-03"


def test_a_series_silent_for_more_than_twenty_sessions_has_ended(series):
    bars = series(*MOVING[:2])
    # The 20th session after the 3rd of January is the 1st of February.
    assert len(found(bars, as_of=dt.date(2024, 2, 1))) == 1
    assert found(bars, as_of=dt.date(2024, 2, 2)) == []


# Jumps


@pytest.mark.parametrize("price", [20.0, 5.0, 0.16, 1000.0])
def test_a_close_that_leaves_and_comes_back_is_a_spike_the_next_bar_shows(series, price):
    bars = series(at(10.0), at(price), at(10.0))
    assert found(bars, "spike_reverts") == [
        ("spike_reverts", jan(3), jan(3), jan(4), f"close {price} between 10.0 and 10.0")
    ]


def test_a_close_that_stays_where_it_went_is_no_spike(series):
    assert found(series(at(10.0), at(20.0), at(19.0), at(10.0)), "spike_reverts") == []


def test_less_than_a_doubling_is_no_spike(series):
    assert found(series(at(10.0), at(19.9), at(10.0)), "spike_reverts") == []


def test_prices_of_another_instrument_or_provider_are_not_compared(series):
    one, other = series(at(10.0), at(10.1)), series(at(1000.0), at(1010.0))
    instrument = other.with_columns(instrument_id=pl.lit(2, pl.Int64))
    provider = other.with_columns(provider=pl.lit("sample"))
    assert found(pl.concat([one, instrument, provider])) == []


def test_a_step_like_a_split_is_flagged_where_no_split_is_known(series):
    bars = series(at(400.0), at(101.0), at(102.0))
    assert found(bars, "unexplained_jump") == [
        ("unexplained_jump", jan(3), jan(3), jan(3), "open 101.0 and close 101.0 after 400.0")
    ]
    assert found(bars, splits=split(3, 4.0)) == []


def test_a_crash_during_the_session_is_no_split(series):
    crash = at(50.0) | {"open": 99.0, "high": 99.0}
    assert found(series(at(100.0), crash, at(50.0)), "unexplained_jump") == []


def test_a_known_split_without_a_step_is_flagged_on_its_ex_date(series):
    bars = series(at(100.0), at(101.0), at(102.0))
    assert found(bars, splits=split(3, 4.0)) == [
        (
            "split_not_applied",
            jan(3),
            jan(3),
            jan(3),
            "open 101.0 after a close of 100.0, split 4.0",
        )
    ]
    assert found(series(at(100.0), at(1010.0)), "split_not_applied", splits=split(3, 0.1)) == []


def test_a_stock_dividend_of_a_few_percent_is_not_judged(series):
    assert found(series(at(100.0), at(100.5)), splits=split(3, 1.05)) == []


# Units


def test_a_run_in_another_unit_is_one_flag_at_its_first_bar(series):
    bars = series(at(14.5), at(0.146), at(0.145), at(14.6))
    assert found(bars, "unit_error") == [
        ("unit_error", jan(3), jan(3), jan(3), "close 0.146, after 14.5")
    ]


def test_a_unit_that_changes_for_good_is_flagged_once(series):
    bars = series(at(34.5), *[at(3400.0 + number) for number in range(8)])
    assert [row[1] for row in found(bars, "unit_error")] == [jan(3)]


def test_one_price_in_another_unit_is_a_flag(series):
    odd = {"open": 58.5, "high": 61.5, "low": 0.6, "close": 0.6}
    bars = series(at(61.5), at(61.0, **odd), at(58.0))
    assert found(bars, "unit_error") == [
        ("unit_error", jan(3), jan(3), jan(3), "open 58.5, high 61.5, low 0.6, close 0.6")
    ]


# Volumes


def test_a_price_that_moved_without_volume_is_a_flag(series):
    bars = series(MOVING[0], {"volume": 0.0})
    assert found(bars) == [("zero_volume", jan(3), jan(3), jan(3), "volume 0, low 9.0, high 11.0")]


def test_flat_bars_without_volume_are_one_flag_a_run(series):
    flat = {"open": 10.0, "high": 10.0, "low": 10.0, "close": 10.0, "volume": 0.0}
    bars = series(MOVING[0], flat, flat, MOVING[1], flat)
    assert found(bars) == [
        ("flat_zero_volume", jan(3), jan(4), jan(3), "volume 0 at 10.0"),
        ("flat_zero_volume", jan(8), jan(8), jan(8), "volume 0 at 10.0"),
    ]


def test_a_run_ends_where_a_session_has_no_bar(series):
    flat = {"open": 10.0, "high": 10.0, "low": 10.0, "close": 10.0, "volume": 0.0}
    runs = found(series(flat, None, flat), "flat_zero_volume")
    assert [(first, until) for _, first, until, *_ in runs] == [(jan(2), jan(2)), (jan(4), jan(4))]


def test_a_gap_that_begins_with_a_refused_row_is_left_to_that_rows_own_finding(series):
    flags = screen(series(MOVING[0], None, MOVING[1], None, MOVING[2]), NONE, as_of=jan(8))
    named = flags.with_columns(symbol=pl.lit("AAPL"))
    refused = pl.DataFrame({"symbol": ["AAPL", "MSFT"], "session": [jan(3), jan(5)]})
    assert not_refused(named, refused)["session"].to_list() == [jan(5)]


def test_a_bar_that_says_what_the_one_before_said_is_a_flag(series):
    bars = series(MOVING[0], MOVING[1], MOVING[1], MOVING[1], MOVING[2])
    assert found(bars) == [
        ("repeated_bar", jan(4), jan(5), jan(4), "close 10.01, volume 100.0, as before")
    ]


# Vintages, shapes, and what came later


def test_the_newest_vintage_of_a_session_is_the_one_that_is_judged(series):
    wrong = series(MOVING[0], at(1000.0), MOVING[1])
    later = {"known_at": dt.datetime(2024, 2, 1, tzinfo=dt.UTC)}
    right = series(None, MOVING[2] | later)
    assert found(wrong) != []
    assert found(pl.concat([wrong, right])) == []


def test_no_bars_give_no_flags_in_the_same_shape(series):
    nothing = screen(series(), NONE, as_of=jan(5))
    some = screen(series(MOVING[0], None, MOVING[1]), NONE, as_of=jan(4))
    assert_frame_equal(nothing, some.head(0))
    assert gate.apply(Flags, some).failures.is_empty()


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.sampled_from(
            [None, at(10.0), at(10.1), at(0.1), at(25.0), at(5.0), at(10.0, volume=0.0)]
        ),
        min_size=3,
        max_size=15,
    ),
    st.integers(min_value=1, max_value=15),
)
def test_what_a_session_shows_does_not_change_with_the_bars_after_it(series, changes, cut):
    bars = series(at(10.0), *changes, at(10.0))
    until = bars["session"].unique().sort()[min(cut, bars.height - 1)]
    key = ["instrument_id", "provider", "session", "rule", "seen_on", "value"]
    told = pl.col("seen_on") <= until
    whole = screen(bars, split(5, 2.0), as_of=YEAR_END).filter(told).select(key)
    then = screen(bars, split(5, 2.0), as_of=until).select(key)
    assert_frame_equal(*(one.filter(pl.col("rule") != "stale_series") for one in (whole, then)))


# As findings


def test_a_flag_becomes_a_finding_with_the_row_it_is_about(series, raw_bars, catalogue):
    bars = series(MOVING[0], {"volume": 0.0})
    rows = raw_bars({"session": jan(3), "volume": 0.0, "source": "b.csv"})
    flags = screen(bars, NONE, as_of=jan(3))
    findings = as_findings(flags, rows, catalogue({}))
    assert gate.apply(Findings, findings).failures.is_empty()
    (finding,) = findings.rows(named=True)
    assert (finding["symbol"], finding["source"], finding["source_row"]) == ("AAPL", "series", None)
    assert (finding["rule"], finding["severity"]) == ("zero_volume", "warning")
    assert json.loads(finding["row"])["volume"] == 0.0


def test_a_session_without_a_bar_is_a_finding_under_the_symbol_of_that_session(
    series, raw_bars, catalogue
):
    flags = screen(series(MOVING[0], None, MOVING[1]), NONE, as_of=jan(4))
    renamed = catalogue(
        {"symbol": "OLD", "valid_to": jan(4)}, {"symbol": "NEW", "valid_from": jan(4)}
    )
    (finding,) = as_findings(flags, raw_bars(), renamed).rows(named=True)
    assert (finding["symbol"], finding["session"]) == ("OLD", jan(3))
    assert (finding["source"], finding["source_row"], finding["row"]) == ("series", None, None)
