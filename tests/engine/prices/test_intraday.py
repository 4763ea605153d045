"""Moments and sessions: New York is UTC-5 in winter and UTC-4 in summer."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from quantmatrix_engine.contracts import gate
from quantmatrix_engine.contracts.intraday_bars import Interval, IntradayBars
from quantmatrix_engine.prices.intraday import in_kept_intervals, in_session, resampled_intraday

KNOWN = dt.datetime(2024, 1, 6, tzinfo=dt.UTC)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def bars(*starts: str, known_at: dt.datetime = KNOWN) -> pl.DataFrame:
    """Bars of a minute: open n, high n + 2, low n - 1, close n + 1, volume n from n = 10."""
    one = {"instrument_id": 1, "provider": "sample", "interval": "1m", "known_at": known_at}
    return pl.DataFrame(
        [
            one
            | {"starts_at": at(start), "session": None, "is_final": True}
            | {"open": float(n), "high": n + 2.0, "low": n - 1.0, "close": n + 1.0}
            | {"volume": float(n)}
            for n, start in enumerate(starts, 10)
        ],
        schema=IntradayBars.empty().schema,
    )


@pytest.mark.parametrize(
    ("inside", "outside", "session"),
    [
        # Winter and summer; the Fridays before and the Mondays after both changes of 2024.
        (["14:30", "20:59"], ["14:29", "21:00"], "2024-01-02"),
        (["14:30", "20:59"], ["13:30", "21:00"], "2024-03-08"),
        (["13:30", "19:59"], ["13:29", "20:00"], "2024-03-11"),
        (["13:30", "19:59"], ["13:29", "20:00"], "2024-11-01"),
        (["14:30", "20:59"], ["13:30", "21:00"], "2024-11-04"),
        # Half days close at 13:00 in New York; the 4th of July and Saturdays are closed.
        (["16:59"], ["17:00", "2024-07-04T15:00"], "2024-07-03"),
        (["17:59"], ["18:00", "2024-11-30T15:00"], "2024-11-29"),
    ],
)
def test_a_moment_belongs_to_the_session_the_exchange_is_open_in(inside, outside, session):
    within = [f"{session}T{clock}" for clock in inside]
    beyond = [one if "T" in one else f"{session}T{one}" for one in outside]
    kept = in_session(bars(*within, *beyond).drop("session"))
    assert kept["starts_at"].to_list() == [at(one) for one in within]
    assert {str(one) for one in kept["session"]} == {session}


def test_no_bars_belong_to_no_session():
    assert in_session(bars().drop("session")).is_empty()


def test_minutes_become_five_minutes_and_five_minutes_an_hour():
    minutes = in_session(
        bars("2024-01-02T14:30", "2024-01-02T14:34", "2024-01-02T14:35", "2024-01-02T15:00").drop(
            "session"
        )
    )
    five = resampled_intraday(minutes, Interval.FIVE_MINUTES)
    shown = ["starts_at", "open", "high", "low", "close", "volume"]
    assert five.select(shown).rows() == [
        (at("2024-01-02T14:30"), 10.0, 13.0, 9.0, 12.0, 21.0),
        (at("2024-01-02T14:35"), 12.0, 14.0, 11.0, 13.0, 12.0),
        (at("2024-01-02T15:00"), 13.0, 15.0, 12.0, 14.0, 13.0),
    ]
    hours = resampled_intraday(five, Interval.HOUR)
    assert hours.select(shown).rows() == [
        (at("2024-01-02T14:00"), 10.0, 14.0, 9.0, 13.0, 33.0),
        (at("2024-01-02T15:00"), 13.0, 15.0, 12.0, 14.0, 13.0),
    ]
    assert hours.equals(resampled_intraday(minutes, Interval.HOUR))
    assert gate.apply(IntradayBars, hours).failures.is_empty()


def test_an_interval_known_before_its_end_is_not_final():
    early = in_session(bars("2024-01-02T14:30", known_at=at("2024-01-02T14:34")).drop("session"))
    assert resampled_intraday(early, Interval.FIVE_MINUTES)["is_final"].to_list() == [False]


@pytest.mark.parametrize(
    ("interval", "inside", "outside"),
    [
        # New York, winter: the hour from 9:00 holds the open, that from 8:00 ends before it.
        ("1h", ["2024-01-02T14:00", "2024-01-02T20:00"], ["2024-01-02T13:00", "2024-01-02T21:00"]),
        # Summer, from March 11 on.
        ("1h", ["2024-03-11T13:00", "2024-03-11T19:00"], ["2024-03-11T12:00", "2024-03-11T20:00"]),
        # The half day ends at 13:00: 18:00 in UTC.
        ("1h", ["2016-11-25T14:00", "2016-11-25T17:00"], ["2016-11-25T18:00"]),
        ("5m", ["2016-11-25T14:30", "2016-11-25T17:55"], ["2016-11-25T14:25", "2016-11-25T18:00"]),
        # Clocks went back on Sunday, November 6, 2016, when nothing traded.
        ("5m", ["2016-11-04T13:30", "2016-11-07T14:30"], ["2016-11-06T14:30", "2016-11-07T13:30"]),
    ],
)
def test_a_bar_belongs_to_the_session_a_part_of_it_lies_in(interval, inside, outside):
    told = bars(*inside, *outside).drop("session").with_columns(interval=pl.lit(interval))
    assert in_session(told)["starts_at"].to_list() == [at(one) for one in inside]


def five(start: str, close: float, known: str, *, interval: str = "5m") -> pl.DataFrame:
    """A bar of five minutes, final, of which only the close is told."""
    return bars(start, known_at=at(known)).with_columns(
        interval=pl.lit(interval), close=pl.lit(close), session=pl.lit(dt.date(2024, 1, 2))
    )


def test_a_part_said_again_later_makes_the_hour_anew_and_leaves_the_first_one():
    parts = pl.concat(
        [
            five("2024-01-02T15:50", 10.0, "2024-01-03T00:00"),
            five("2024-01-02T15:55", 11.0, "2024-01-03T00:00"),
            five("2024-01-02T15:55", 12.0, "2024-01-04T00:00"),
        ]
    )
    hours = resampled_intraday(parts, Interval.HOUR)
    assert hours.select("close", "volume", "known_at").rows() == [
        (11.0, 20.0, at("2024-01-03T00:00")),
        (12.0, 20.0, at("2024-01-04T00:00")),
    ]


def test_an_hour_with_a_part_that_went_on_when_it_was_known_is_not_final():
    early = five("2024-01-02T15:00", 10.0, "2024-01-02T15:03").with_columns(is_final=False)
    late = five("2024-01-02T15:55", 10.0, "2024-01-03T00:00")
    hours = resampled_intraday(pl.concat([early, late]), Interval.HOUR)
    assert hours["is_final"].to_list() == [False, False]


def test_kept_are_five_minutes_and_hours_whatever_was_brought():
    minutes = in_session(bars("2024-01-02T14:30", "2024-01-02T14:31").drop("session"))
    kept = in_kept_intervals(minutes.select(bars().columns))
    shown = ["interval", "starts_at", "volume"]
    assert kept.select(shown).rows() == [
        ("1h", at("2024-01-02T14:00"), 21.0),
        ("5m", at("2024-01-02T14:30"), 21.0),
    ]
    assert gate.apply(IntradayBars, kept).failures.is_empty()


def test_an_hour_somebody_brought_stands_beside_the_five_minutes_and_is_not_made():
    stated = five("2024-01-02T15:00", 77.0, "2024-01-03T00:00", interval="1h")
    parts = five("2024-01-02T15:00", 10.0, "2024-01-03T00:00")
    kept = in_kept_intervals(pl.concat([stated, parts]))
    assert kept.select("interval", "close").rows() == [("1h", 77.0), ("5m", 10.0)]


def test_an_hour_is_made_of_what_is_kept_already_too():
    before = in_kept_intervals(
        pl.concat(
            [
                five("2024-01-02T15:00", 10.0, "2024-01-03T00:00"),
                five("2024-01-02T15:05", 11.0, "2024-01-03T00:00"),
            ]
        )
    )
    kept = in_kept_intervals(five("2024-01-02T15:00", 9.0, "2024-01-04T00:00"), before)
    newest = kept.filter(pl.col("known_at") == at("2024-01-04T00:00"), interval="1h")
    assert newest.select("close", "volume").rows() == [(11.0, 20.0)]


# QuantConnect's bars (Apache-2.0): start-stamped, New York time


def lean(folder: Path, name: str) -> pl.DataFrame:
    read = pl.read_parquet(folder / "ohlcv" / f"lean_us_{name}_raw.parquet")
    moment = pl.col("ts_ny").dt.replace_time_zone("America/New_York").dt.convert_time_zone("UTC")
    return read.with_columns(
        starts_at=moment,
        instrument_id=pl.col("symbol").rank("dense").cast(pl.Int64),
        provider="symbol",
        volume=pl.col("volume").cast(pl.Float64),
        known_at=pl.lit(KNOWN).cast(pl.Datetime("us", "UTC")),
        is_final=True,
    )


def test_the_minutes_before_the_open_and_after_the_close_belong_to_no_session(shared_data):
    minutes = lean(shared_data, "minute")
    kept = in_session(minutes)
    local = kept.select(pl.col("ts_ny").dt.time().alias("t"))["t"]
    assert (local.min(), local.max()) == (dt.time(9, 30), dt.time(15, 59))
    assert 0 < kept.height < minutes.height
    assert (kept["session"] == kept["ts_ny"].dt.date()).all()


def test_an_early_close_ends_the_hours_of_a_real_feed(shared_data):
    # The Friday after Thanksgiving 2020: the last hour starts at 12:00 in New York.
    hours = lean(shared_data, "hour").filter(symbol="AAPL")
    # An hour on the clock starts at 9:00, before the open; its second half hour counts.
    day = in_session(hours.with_columns(interval=pl.lit("1h"))).filter(
        session=dt.date(2020, 11, 27)
    )
    assert day["ts_ny"].dt.hour().to_list() == [9, 10, 11, 12]


def test_hours_made_of_real_minutes_hold_the_volume_of_the_hours_their_feed_tells(shared_data):
    # The feed made its hours at another time: a first or last price is a trade off now and then,
    # which equality would alarm on.
    made = resampled_intraday(in_session(lean(shared_data, "minute")), Interval.HOUR)
    both = made.join(lean(shared_data, "hour"), on=["provider", "starts_at"], suffix="_told")
    same = both.filter(pl.col("volume") == pl.col("volume_told"))
    assert (both.height, same.height) == (147, 142)
    apart = (pl.col("close") / pl.col("close_told") - 1).abs()
    assert 0.0001 < both.select(apart.max()).item() < 0.001


def days_of(bars: pl.DataFrame) -> pl.DataFrame:
    return bars.group_by(symbol="provider", date="session", maintain_order=True).agg(
        pl.col("open").first(),
        pl.col("high").max(),
        pl.col("low").min(),
        pl.col("close").last(),
        pl.col("volume").sum(),
    )


def equal_days(ours: pl.DataFrame, theirs: pl.DataFrame) -> dict[str, int]:
    """How many days have equal values, by column; two prices are equal to a hundredth of a cent."""
    both = ours.join(theirs, on=["symbol", "date"], suffix="_told")
    columns = ("open", "high", "low", "close", "volume")
    near = {name: (pl.col(name) - pl.col(f"{name}_told")).abs() < 1e-4 for name in columns}
    return both.select(pl.len().alias("days"), **{name: near[name].sum() for name in columns}).row(
        0, named=True
    )


def test_minutes_do_not_add_up_to_the_day_of_their_own_feed(shared_data):
    # Of a day the feed knows trades, and takes some back, that no minute of it has.
    minutes = in_session(lean(shared_data, "minute"))
    ours = days_of(resampled_intraday(minutes, Interval.HOUR))
    told = pl.read_parquet(shared_data / "ohlcv" / "lean_us_daily_raw.parquet")
    equal = equal_days(ours, told)
    assert equal == {"days": 21, "open": 21, "high": 16, "low": 18, "close": 21, "volume": 16}


def test_hours_do_not_add_up_to_the_day_of_another_vendor(shared_data):
    # His open and close are the auctions' on the listing exchange, QuantConnect's the first and the
    # last trade anywhere: the opens agree on a third of the days, and a rule of equality would
    # alarm on the others. All closes agree to 0.3 %.
    moved = lean(shared_data, "hour").with_columns(pl.col("starts_at") + pl.duration(minutes=30))
    ours = days_of(in_session(moved).sort("provider", "starts_at"))
    told = pl.read_parquet(shared_data / "ohlcv" / "pystock_us_daily_2015_2017.parquet").filter(
        pl.col("symbol").is_in(["AAPL", "BAC", "IBM", "SPY"])
    )
    equal = equal_days(ours, told)
    days = equal["days"]
    assert days > 1500
    assert equal["open"] < days / 2
    assert equal["close"] < 0.9 * days
    both = ours.join(told, on=["symbol", "date"], suffix="_told")
    assert both.select((pl.col("close") / pl.col("close_told")).log().abs().max()).item() < 0.003
