"""Which reported actions are believed. Expected values are worked by hand or come from Lean."""

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantmatrix_engine.contracts.bars import Bars
from quantmatrix_engine.prices.confirmation import judged, together, unseen_actions

DATA = Path(__file__).parents[3] / ".." / "shared" / "data" / "ohlcv"
REPORTED = {
    "instrument_id": pl.Int64,
    "provider": pl.String,
    "kind": pl.String,
    "ex_date": pl.Date,
    "ratio": pl.Float64,
    "amount": pl.Float64,
    "known_at": pl.Datetime("us", "UTC"),
}
BARS = {name: column.dtype.type for name, column in Bars.to_schema().columns.items()}
EX_DATE = dt.date(2024, 6, 10)


def moment(day: int) -> dt.datetime:
    return dt.datetime(2024, 6, day, 22, tzinfo=dt.UTC)


def told(*rows: dict[str, Any]) -> pl.DataFrame:
    """Gives reports of a 2:1 split of instrument 1 by `a`, known on June 3rd, with changes."""
    usual = {
        "instrument_id": 1,
        "provider": "a",
        "kind": "split",
        "ex_date": EX_DATE,
        "ratio": 2.0,
        "amount": None,
        "known_at": moment(3),
    }
    return pl.DataFrame([usual | row for row in rows], schema=REPORTED)


def dividend(amount: float, **more: Any) -> dict[str, Any]:
    return {"kind": "cash_dividend", "ratio": None, "amount": amount} | more


def bars(close_before: float, open_since: float, instrument_id: int = 1) -> pl.DataFrame:
    """Gives the bars of June 7th and 10th: the last close before, and the open of the ex-date."""
    usual = {"instrument_id": instrument_id, "provider": "a", "volume": 1.0, "is_final": True}
    days = [(dt.date(2024, 6, 7), close_before), (EX_DATE, open_since)]
    rows = [
        usual
        | dict.fromkeys(("open", "high", "low", "close"), price)
        | {"session": day, "known_at": dt.datetime.combine(day, dt.time(22), dt.UTC)}
        for day, price in days
    ]
    return pl.DataFrame(rows).select(pl.col(name).cast(of) for name, of in BARS.items())


NO_BARS = pl.DataFrame(schema=BARS)


def confirmed_at(*rows: dict[str, Any], beside: pl.DataFrame = NO_BARS) -> list[Any]:
    return judged(told(*rows), beside).get_column("confirmed_at").to_list()


def test_one_source_alone_confirms_nothing() -> None:
    found = judged(told({}), NO_BARS).row(0, named=True)
    assert found["confirmed_at"] is None
    assert found["reason"] == "a alone says so, and there is no bar on both sides of the ex-date"


def test_a_second_source_confirms_from_the_moment_both_had_said_so() -> None:
    assert confirmed_at({}, {"provider": "b", "known_at": moment(5)}) == [moment(5), moment(5)]


@pytest.mark.parametrize(
    ("first", "second", "agree"),
    [
        ({"ratio": 2.0}, {"ratio": 1.999996}, True),
        ({"ratio": 2.0}, {"ratio": 2.01}, False),
        ({"ratio": 2.0}, {"ratio": 0.5}, False),
        (dividend(0.5175), dividend(0.52), True),
        (dividend(0.51), dividend(0.52), False),
        (dividend(0.001), dividend(0.0014), True),
        (dividend(0.5), {"ratio": 2.0}, False),
        ({}, {"ex_date": dt.date(2024, 6, 11)}, False),
        ({}, {"instrument_id": 2}, False),
        ({}, {"provider": "a"}, False),
    ],
    ids=str,
)
def test_sources_agree_to_their_rounding(
    first: dict[str, Any], second: dict[str, Any], agree: bool
) -> None:
    found = confirmed_at(first, {"provider": "b", "known_at": moment(5)} | second)
    assert (found[0] is not None) == agree


@pytest.mark.parametrize(
    ("action", "close_before", "open_since", "shown"),
    [
        ({"ratio": 2.0}, 100.0, 50.0, True),
        ({"ratio": 2.0}, 100.0, 61.0, True),  # 22 % above the half
        ({"ratio": 2.0}, 100.0, 64.0, False),
        ({"ratio": 2.0}, 100.0, 99.0, False),
        ({"ratio": 2.0}, 100.0, 200.0, False),
        ({"ratio": 0.05}, 1.0, 20.5, True),
        ({"ratio": 0.05}, 1.0, 1.1, False),
        ({"ratio": 1.25}, 100.0, 81.0, True),
        ({"ratio": 1.25}, 100.0, 91.0, False),  # not half the way
        ({"ratio": 1.04}, 100.0, 96.2, False),  # too small to see
        (dividend(10.0), 100.0, 90.5, True),
        (dividend(10.0), 100.0, 97.0, False),
        (dividend(0.5), 100.0, 99.5, False),
    ],
    ids=str,
)
def test_the_price_confirms_what_it_shows(
    action: dict[str, Any], close_before: float, open_since: float, shown: bool
) -> None:
    found = confirmed_at(action, beside=bars(close_before, open_since))
    assert found == [moment(10) if shown else None]


def test_what_was_taken_back_confirms_nothing_any_more() -> None:
    first, second = {"known_at": moment(3)}, {"ratio": 3.0, "known_at": moment(5)}
    late = {"provider": "b", "known_at": moment(7)}
    assert confirmed_at(first, second, late) == [None, None, None]
    assert confirmed_at(first, second, late | {"ratio": 3.0}) == [None, moment(7), moment(7)]
    early = late | {"known_at": moment(4)}
    assert confirmed_at(first, second, early) == [moment(4), None, moment(4)]
    assert confirmed_at(first, second, beside=bars(100, 50)) == [None, None]


def test_an_action_told_after_the_price_showed_it_counts_from_then() -> None:
    assert confirmed_at({"known_at": moment(20)}, beside=bars(100, 50)) == [moment(20)]


def test_the_reason_names_who_said_it_and_what_the_price_did() -> None:
    found = judged(told({}, dividend(0.5)), bars(100, 99.5)).get_column("reason").to_list()
    assert found == [
        "a alone says so, and the price went from 100.0 to 99.5, not by a factor of 0.5",
        "a alone says so, and it is too small to show in the price",
    ]


def test_the_price_of_one_instrument_says_nothing_of_another() -> None:
    assert confirmed_at({}, beside=bars(100, 50, instrument_id=2)) == [None]


def test_rows_and_order_stay() -> None:
    reported = told({"ex_date": dt.date(2024, 6, 11)}, {"provider": "b"}, {})
    assert_frame_equal(judged(reported, bars(100, 50)).select(reported.columns), reported)


def test_nothing_reported_gives_nothing() -> None:
    assert judged(told(), bars(100, 50)).is_empty()


def test_a_special_dividend_beside_an_ordinary_one_is_one_amount() -> None:
    said = {"symbol": "A", "currency": "USD", "source": "s"}
    paid = (
        told(dividend(0.5), dividend(2.0), {})
        .drop("instrument_id")
        .with_columns(**{name: pl.lit(value) for name, value in said.items()})
    )
    found = together(paid)
    assert found.select("kind", "ratio", "amount", "currency").rows() == [
        ("cash_dividend", None, 2.5, "USD"),
        ("split", 2.0, None, "USD"),
    ]
    assert found.columns == paid.columns


def test_what_is_told_again_is_not_new_and_what_is_told_otherwise_is() -> None:
    known = told({}, dividend(0.5))
    again = told({"known_at": moment(9)}, dividend(0.5, known_at=moment(9)))
    assert unseen_actions(again, known).is_empty()
    other = told({"known_at": moment(9), "ratio": 3.0})
    assert_frame_equal(unseen_actions(other, known), other)
    back = told({"known_at": moment(11)})
    assert_frame_equal(unseen_actions(back, pl.concat([known, other])), back)
    assert_frame_equal(unseen_actions(again, known.clear()), again)


@pytest.mark.skipif(not DATA.exists(), reason="../shared/data is not here")
def test_real_splits_show_in_real_prices_and_on_no_other_session() -> None:
    """Every split of Lean's factor files whose bars are there; the same one told a week early."""
    raw = pl.read_parquet(DATA / "lean_us_daily_raw.parquet").filter(
        pl.col("permtick").is_not_null()
    )
    ids = raw.select(pl.col("permtick").unique().sort()).with_row_index("instrument_id", offset=1)
    real = raw.join(ids, on="permtick").select(
        pl.col("instrument_id").cast(pl.Int64),
        provider=pl.lit("lean"),
        session="date",
        **{name: pl.col(name) for name in ("open", "high", "low", "close")},
        volume=pl.col("volume").cast(pl.Float64),
        known_at=pl.col("date").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
        is_final=pl.lit(value=True),
    )
    splits = (
        pl.read_csv(DATA / "lean_splits.csv", try_parse_dates=True)
        .join(ids, left_on="symbol", right_on="permtick")
        .with_columns(pl.col("instrument_id").cast(pl.Int64))
    )
    reported = splits.select(
        "instrument_id",
        provider=pl.lit("lean"),
        kind=pl.lit("split"),
        ex_date="ex_date",
        ratio=pl.col("split_new_per_old").cast(pl.Float64),
        amount=pl.lit(None, pl.Float64),
        known_at=pl.col("ex_date").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
    )
    spans = real.group_by("instrument_id").agg(
        start=pl.col("session").min(), end=pl.col("session").max()
    )
    traded = reported.join(spans, on="instrument_id").filter(
        (pl.col("start") < pl.col("ex_date")) & (pl.col("ex_date") <= pl.col("end"))
    )
    large = traded.filter(pl.col("ratio").log().abs() >= 0.2).select(reported.columns)
    assert (large.height, traded.height) == (17, 18)
    found = judged(large, real)
    assert found.filter(pl.col("confirmed_at").is_null()).is_empty()
    early = large.with_columns(pl.col("ex_date").dt.offset_by("-7d"))
    assert judged(early, real).get_column("confirmed_at").null_count() == large.height
