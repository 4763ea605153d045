"""Which intraday bars are kept, under which instrument, and what is said of the others."""

import datetime as dt
from typing import Any

import polars as pl
import pytest

from quantmatrix_engine.contracts import gate
from quantmatrix_engine.contracts.findings import Findings
from quantmatrix_engine.contracts.intraday_bars import IntradayBars
from quantmatrix_engine.contracts.raw_intraday_bars import RawIntradayBars
from quantmatrix_engine.prices.intraday import in_kept_intervals
from quantmatrix_engine.prices.intraday_quality import SortedOut, sort_out
from quantmatrix_engine.prices.restatement import (
    INTRADAY_KEY,
    INTRADAY_VALUES,
    known_by,
    unseen,
)

# The half day after Thanksgiving 2016: 14:30 to 18:00 in UTC.
SESSION = dt.date(2016, 11, 25)
BAR = {
    "provider": "folder",
    "symbol": "AAPL",
    "interval": "5m",
    "starts_at": dt.datetime(2016, 11, 25, 14, 30, tzinfo=dt.UTC),
    "open": 10.0,
    "high": 11.0,
    "low": 9.0,
    "close": 10.5,
    "volume": 100.0,
    "source": "bars.csv",
    "known_at": dt.datetime(2016, 11, 26, tzinfo=dt.UTC),
}


def raw(*changes: dict[str, Any]) -> pl.DataFrame:
    """Raw bars that are good but for what each row changes; the first is line 2."""
    rows = [BAR | {"source_row": line} | one for line, one in enumerate(changes, start=2)]
    made = pl.DataFrame(rows, schema=RawIntradayBars.empty().schema)
    assert gate.apply(RawIntradayBars, made).failing_rows == 0
    return made


@pytest.fixture
def sorted_out(catalogue):
    def make(*changes: dict[str, Any], instruments: pl.DataFrame | None = None) -> SortedOut:
        found = sort_out(raw(*changes), catalogue({}) if instruments is None else instruments)
        assert gate.apply(IntradayBars, found.bars).failing_rows == 0
        assert gate.apply(Findings, found.findings).failing_rows == 0
        assert found.findings["session"].null_count() == found.findings.height
        return found

    return make


def at(clock: str, day: str = "2016-11-25") -> dict[str, Any]:
    return {"starts_at": dt.datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=dt.UTC)}


def told(found: SortedOut) -> list[tuple[Any, ...]]:
    return found.findings.select("symbol", "rule", "source_row").rows()


def test_a_good_bar_is_kept_under_its_instrument_and_session(sorted_out):
    found = sorted_out({})
    assert found.findings.is_empty()
    shown = ["instrument_id", "interval", "session", "close", "is_final"]
    assert found.bars.select(shown).rows() == [(1, "5m", SESSION, 10.5, True)]


def test_a_bar_known_before_its_end_is_not_final(sorted_out):
    early = BAR["starts_at"] + dt.timedelta(minutes=4, seconds=59)
    on_time = BAR["starts_at"] + dt.timedelta(minutes=5)
    found = sorted_out({"known_at": early}, {"known_at": on_time})
    assert found.bars["is_final"].to_list() == [False, True]


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"close": None}, "null_price"),
        ({"low": -1.0}, "nonpositive_price"),
        ({"volume": None}, "null_volume"),
        ({"volume": -5.0}, "negative_volume"),
        ({"high": 8.0}, "high_below_low"),
        ({"open": 12.0}, "open_outside_range"),
        ({"close": 8.5}, "close_outside_range"),
        ({"volume": float("inf")}, "not_a_number"),
        (at("14:32"), "broken_contract"),
        ({"interval": "1h"}, "broken_contract"),
    ],
)
def test_a_bar_that_cannot_be_true_is_a_finding_and_the_others_are_kept(sorted_out, change, rule):
    found = sorted_out(change, at("14:35"))
    assert told(found) == [("AAPL", rule, 2)]
    assert found.bars.height == 1
    assert found.refused == 1
    (finding,) = found.findings.select("row", "expected").rows()
    assert "2016-11-25T14:3" in finding[0]
    assert finding[1]


def test_bars_that_disagree_about_one_moment_are_both_refused_and_equal_ones_kept_once(sorted_out):
    twice = at("14:35"), at("14:35")
    found = sorted_out({}, {"close": 10.6}, *twice)
    assert [rule for _, rule, _ in told(found)][:2] == ["duplicate_key", "duplicate_key"]
    assert found.bars["starts_at"].to_list() == [at("14:35")["starts_at"]]


def test_an_interval_in_which_nothing_traded_is_no_bar_and_no_fault(sorted_out):
    nothing = dict.fromkeys(("open", "high", "low", "close", "volume"))
    found = sorted_out(nothing, at("14:35"))
    assert found.bars.height == 1
    assert (found.refused, found.outside) == (0, 0)
    assert found.findings.is_empty()


def test_bars_outside_the_hours_are_counted_in_one_finding_a_provider_and_date(sorted_out):
    before, after = at("14:25"), at("18:00")
    found = sorted_out(before, {}, after, after | {"symbol": "MSFT"}, at("15:00", "2016-11-26"))
    assert (found.bars.height, found.outside, found.refused) == (1, 4, 0)
    shown = ["symbol", "rule", "value", "severity", "source"]
    assert found.findings.select(shown).rows() == [
        (
            None,
            "not_a_session",
            "3 bars of 2 symbols, the first at 2016-11-25T14:25:00Z",
            "info",
            "intraday bars, 2016-11-25",
        ),
        (
            None,
            "not_a_session",
            "1 bars of 1 symbols, the first at 2016-11-26T15:00:00Z",
            "info",
            "intraday bars, 2016-11-26",
        ),
    ]


def test_a_symbol_nobody_has_is_one_finding_a_session_and_stops_no_other(sorted_out):
    gone = {"symbol": "GONE"}
    found = sorted_out(gone, gone | at("14:35"), gone | at("14:40", "2016-11-28"), {})
    assert told(found) == [("GONE", "unknown_symbol", 2), ("GONE", "unknown_symbol", 4)]
    assert found.bars.height == 1
    assert found.refused == 3


def test_a_symbol_is_who_bore_it_on_the_session(sorted_out, catalogue):
    renamed = catalogue(
        {"instrument_id": 7, "valid_to": dt.date(2016, 11, 28)},
        {"instrument_id": 8, "valid_from": dt.date(2016, 11, 28)},
    )
    found = sorted_out({}, at("14:30", "2016-11-28"), instruments=renamed)
    assert found.bars.select("instrument_id", "session").rows() == [
        (7, SESSION),
        (8, dt.date(2016, 11, 28)),
    ]


def test_two_symbols_of_one_instrument_bring_the_same_bar_once(sorted_out, catalogue):
    both = catalogue({}, {"symbol": "AAPL.O"})
    assert sorted_out({}, {"symbol": "AAPL.O"}, instruments=both).bars.height == 1


def test_a_restatement_is_a_further_row_and_the_same_values_add_nothing(sorted_out):
    later = BAR["known_at"] + dt.timedelta(days=1)
    first = sorted_out({}, at("14:35")).bars
    again = sorted_out({"known_at": later, "close": 10.6}, at("14:35") | {"known_at": later}).bars
    new = unseen(again, first, key=INTRADAY_KEY, values=INTRADAY_VALUES)
    assert new.select("close", "known_at").rows() == [(10.6, later)]
    kept = pl.concat([first, new])
    assert known_by(kept, later - dt.timedelta(seconds=1)).equals(first)
    assert known_by(kept, later)["close"].to_list() == [10.5, 10.6]


def test_that_an_interval_is_over_is_news_though_its_values_did_not_change(sorted_out):
    early = BAR["starts_at"] + dt.timedelta(minutes=3)
    open_bar, whole = sorted_out({"known_at": early}).bars, sorted_out({}).bars
    new = unseen(whole, open_bar, key=INTRADAY_KEY, values=INTRADAY_VALUES)
    assert new["is_final"].to_list() == [True]


def test_real_minutes_become_all_the_five_minutes_and_hours_of_their_sessions(
    catalogue, shared_data
):
    # QuantConnect's minutes of AAPL (Apache-2.0), with trades before the open and after the close.
    moment = pl.col("ts_ny").dt.replace_time_zone("America/New_York").dt.convert_time_zone("UTC")
    read = pl.read_parquet(shared_data / "ohlcv" / "lean_us_minute_raw.parquet")
    minutes = read.filter(symbol="AAPL").with_columns(
        pl.col("volume").cast(pl.Float64), starts_at=moment, interval=pl.lit("1m")
    )
    constant = {"provider": "folder", "source": "minute.parquet"}
    delivered = minutes.with_columns(
        source_row=pl.lit(None, pl.Int64),
        known_at=pl.lit(BAR["known_at"]).cast(pl.Datetime("us", "UTC")),
        **{name: pl.lit(value) for name, value in constant.items()},
    ).select(list(RawIntradayBars.to_schema().columns))
    found = sort_out(delivered, catalogue({}))
    assert found.refused == 0
    assert found.findings["rule"].unique().to_list() == ["not_a_session"]
    within = minutes.filter(pl.col("ts_ny").dt.time().is_between(dt.time(9, 30), dt.time(15, 59)))
    assert found.bars.height == within.height
    assert found.outside == minutes.height - within.height
    kept = in_kept_intervals(found.bars)
    # Three whole sessions: 78 five minutes and 7 hours each.
    assert sorted(kept.group_by("interval").len().rows()) == [("1h", 21), ("5m", 234)]
    volume = kept.group_by("interval").agg(pl.col("volume").sum())["volume"].to_list()
    assert volume == [within["volume"].sum()] * 2


def test_nothing_delivered_is_nothing(sorted_out):
    found = sorted_out()
    assert found.bars.is_empty()
    assert found.findings.is_empty()
