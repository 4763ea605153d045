"""Adjustment at reading, against adjusted closes and factors nobody here computed."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from quantmatrix_engine.contracts.bars import Bars
from quantmatrix_engine.contracts.corporate_actions import PriceActions
from quantmatrix_engine.prices.adjustment import DividendRule, View, adjusted, known_by
from quantmatrix_engine.prices.confirmation import together

KNOWN = dt.datetime(2020, 1, 2, 21, tzinfo=dt.UTC)
DAYS = [dt.date(2020, 1, day) for day in (2, 3, 6, 7, 8)]
LAST = DAYS[-1]
SPLIT, DIVIDEND = {"ratio": 4.0, "amount": None}, {"ratio": None, "amount": 2.0}


def bars(*closes: float, instrument_id: int = 1, days: list[dt.date] = DAYS) -> pl.DataFrame:
    one = {"instrument_id": instrument_id, "provider": "sample", "volume": 100.0}
    about = {"known_at": KNOWN, "is_final": True}
    return pl.DataFrame(
        [
            {"session": day, "open": close, "high": close, "low": close, "close": close}
            | one
            | about
            for day, close in zip(days, closes, strict=False)
        ],
        schema=Bars.empty().schema,
    )


def actions(*rows: dict) -> pl.DataFrame:
    one = {"instrument_id": 1, "known_at": KNOWN}
    return pl.DataFrame([one | row for row in rows], schema=PriceActions.empty().schema)


def closes(frame: pl.DataFrame) -> list[float]:
    return frame["close"].to_list()


# Worked by hand


def test_before_a_split_prices_are_divided_and_volume_multiplied():
    read = adjusted(
        bars(400, 404, 102, 103, 104),
        actions({"ex_date": DAYS[2], **SPLIT}),
        as_of=LAST,
        view=View.SPLIT_ADJUSTED,
    )
    assert closes(read) == [100, 101, 102, 103, 104]
    assert read["volume"].to_list() == [400, 400, 100, 100, 100]


@pytest.mark.parametrize(
    ("rule", "factor"),
    [(DividendRule.EX_DATE_CLOSE, 98 / 100), (DividendRule.PREVIOUS_CLOSE, 1 - 2 / 100)],
)
def test_before_a_dividend_prices_lose_what_was_paid(rule: DividendRule, factor: float):
    read = adjusted(
        bars(50, 100, 98, 99, 100),
        actions({"ex_date": DAYS[2], **DIVIDEND}),
        as_of=LAST,
        view=View.TOTAL_RETURN,
        rule=rule,
    )
    assert closes(read) == pytest.approx([50 * factor, 100 * factor, 98, 99, 100])
    assert read["volume"].to_list() == [100] * 5


def test_a_dividend_leaves_the_split_adjusted_view_alone():
    given_bars = bars(50, 100, 98, 99, 100)
    paid = actions({"ex_date": DAYS[2], **DIVIDEND})
    read = adjusted(given_bars, paid, as_of=LAST, view=View.SPLIT_ADJUSTED)
    assert_frame_equal(read, given_bars)


def test_a_split_and_a_dividend_of_one_day_are_taken_together():
    # 2 paid for each unit of after the 4:1 split: the close before it was 400, 100 of today's.
    both = actions({"ex_date": DAYS[2], **SPLIT}, {"ex_date": DAYS[2], **DIVIDEND})
    read = adjusted(
        bars(400, 400, 98, 99, 100),
        both,
        as_of=LAST,
        view=View.TOTAL_RETURN,
        rule=DividendRule.PREVIOUS_CLOSE,
    )
    assert closes(read) == pytest.approx([98, 98, 98, 99, 100])


def test_the_basis_is_that_of_the_session_asked_for():
    split = actions({"ex_date": DAYS[2], **SPLIT})
    raw = bars(400, 404, 102, 103, 104)
    before = adjusted(raw, split, as_of=DAYS[1], view=View.SPLIT_ADJUSTED)
    assert closes(before) == [400, 404]
    on_the_day = adjusted(raw, split, as_of=DAYS[2], view=View.SPLIT_ADJUSTED)
    assert closes(on_the_day) == [100, 101, 102]


def test_raw_is_what_was_traded_whatever_happened():
    raw = bars(400, 404, 102, 103, 104)
    split = actions({"ex_date": DAYS[2], **SPLIT})
    assert_frame_equal(adjusted(raw, split, as_of=LAST, view=View.RAW), raw)


def test_an_action_known_later_changes_later_readings_and_no_earlier_one():
    raw = bars(400, 404, 102, 103, 104)
    late = KNOWN + dt.timedelta(days=30)
    split = actions({"ex_date": DAYS[2], **SPLIT, "known_at": late})
    then = adjusted(raw, known_by(split, KNOWN), as_of=LAST, view=View.SPLIT_ADJUSTED)
    assert_frame_equal(then, raw)
    now = adjusted(raw, known_by(split, late), as_of=LAST, view=View.SPLIT_ADJUSTED)
    assert closes(now) == [100, 101, 102, 103, 104]


def test_a_restated_action_replaces_the_one_before_and_no_other_of_its_day():
    later = KNOWN + dt.timedelta(days=1)
    told = actions(
        {"ex_date": DAYS[2], **SPLIT},
        {"ex_date": DAYS[2], **DIVIDEND},
        {"ex_date": DAYS[2], **DIVIDEND, "amount": 3.0, "known_at": later},
    )
    assert known_by(told, KNOWN)["amount"].to_list() == [None, 2.0]
    assert known_by(told, later)["amount"].to_list() == [None, 3.0]


def test_the_actions_of_one_instrument_leave_the_others_alone():
    two = pl.concat([bars(400, 404, 102), bars(10, 11, 12, instrument_id=2)])
    split = actions({"ex_date": DAYS[2], **SPLIT})
    read = adjusted(two, split, as_of=LAST, view=View.TOTAL_RETURN)
    assert closes(read) == [100, 101, 102, 10, 11, 12]


@pytest.mark.parametrize("rule", DividendRule)
def test_a_dividend_with_nothing_to_compare_it_with_changes_nothing(rule: DividendRule):
    raw = bars(100, 101, days=DAYS[2:])
    before_all = actions({"ex_date": DAYS[0], **DIVIDEND})
    assert closes(adjusted(raw, before_all, as_of=LAST, view=View.TOTAL_RETURN, rule=rule)) == [
        100,
        101,
    ]


@pytest.mark.parametrize("rule", DividendRule)
def test_no_bars_and_no_actions_are_fine(rule: DividendRule):
    raw = bars(1, 2, 3)
    nothing = {"as_of": LAST, "view": View.TOTAL_RETURN, "rule": rule}
    assert_frame_equal(adjusted(raw, actions(), **nothing), raw)
    assert adjusted(bars(), actions({"ex_date": DAYS[0], **SPLIT}), **nothing).is_empty()


@given(
    st.lists(st.floats(1, 1e4), min_size=5, max_size=5),
    st.sampled_from(DAYS),
    st.sampled_from(list(DividendRule)),
)
def test_returns_after_the_last_action_are_those_of_the_raw_prices(
    prices: list[float], ex_date: dt.date, rule: DividendRule
):
    raw, paid = bars(*prices), actions({"ex_date": ex_date, "ratio": None, "amount": 0.5})
    read = adjusted(raw, paid, as_of=LAST, view=View.TOTAL_RETURN, rule=rule)
    since = pl.col("session") >= ex_date
    assert closes(read.filter(since)) == closes(raw.filter(since))


# Against others


def as_bars(frame: pl.DataFrame) -> pl.DataFrame:
    """Gives rows of instrument_id, date, open, high, low, close, volume as bars."""
    return frame.rename({"date": "session"}).select(
        pl.col("instrument_id").cast(pl.Int64),
        pl.lit("reference").alias("provider"),
        "session",
        *(pl.col(name).cast(pl.Float64) for name in ("open", "high", "low", "close", "volume")),
        pl.lit(KNOWN).cast(pl.Datetime("us", "UTC")).alias("known_at"),
        pl.lit(value=True).alias("is_final"),
    )


def test_the_adjusted_closes_of_quandl_wiki_come_out_to_1e_10(shared_data: Path):
    wiki = pl.read_parquet(shared_data / "ohlcv" / "quandl_wiki_samples.parquet")
    series = wiki.filter(pl.col("adj_close").is_not_null()).with_columns(
        instrument_id=pl.struct("symbol", "source").rank("dense")
    )
    told = series.with_columns(
        ex_date="date",
        known_at=pl.lit(KNOWN).cast(pl.Datetime("us", "UTC")),
        instrument_id=pl.col("instrument_id").cast(pl.Int64),
    )
    columns = list(PriceActions.to_schema().columns)
    splits = told.filter(pl.col("split_ratio") != 1).with_columns(
        ratio="split_ratio", amount=pl.lit(None, pl.Float64)
    )
    dividends = told.filter(pl.col("ex_dividend") > 0).with_columns(
        ratio=pl.lit(None, pl.Float64), amount="ex_dividend"
    )
    read = adjusted(
        as_bars(series),
        pl.concat([splits.select(columns), dividends.select(columns)]),
        as_of=dt.date(2100, 1, 1),
        view=View.TOTAL_RETURN,
        rule=DividendRule.EX_DATE_CLOSE,
    )
    # Theirs are in the basis of the end of their archive, ours in that of the sample's end.
    compared = series.select(
        "instrument_id",
        "date",
        theirs=pl.col("adj_close") / pl.col("adj_close").last().over("instrument_id"),
    ).with_columns(ours=read["close"])
    compared = compared.with_columns(
        ours=pl.col("ours") / pl.col("ours").last().over("instrument_id")
    )
    worst = compared.select(((pl.col("ours") / pl.col("theirs")) - 1).abs().max()).item()
    assert compared.height > 5_000
    assert worst < 1e-10


@pytest.mark.parametrize("company", ["AAPL", "IBM", "SPY", "BAC", "AIG", "GOOGL", "USO"])
def test_the_factors_of_lean_come_out_to_their_rounding(shared_data: Path, company: str):
    folder = shared_data / "ohlcv"
    raw = pl.read_parquet(folder / "lean_us_daily_raw.parquet").filter(
        pl.col("permtick") == company
    )
    read = adjusted(
        as_bars(raw.sort("date").with_columns(instrument_id=pl.lit(1))),
        lean_actions(folder, company),
        as_of=dt.date(2021, 3, 31),
        view=View.TOTAL_RETURN,
        rule=DividendRule.PREVIOUS_CLOSE,
    )
    theirs = lean_factors(folder, company)
    # A row of a factor file holds up to its date, from the row before it.
    joined = read.join_asof(theirs, left_on="session", right_on="date", strategy="forward")
    closes_of_theirs = raw.sort("date")["close"] * joined["price_factor"] * joined["split_factor"]
    deviation = (read["close"] / closes_of_theirs - 1).abs()
    assert read.height > 3_000
    # Their factors have seven digits.
    assert deviation.max() < 1e-6


def test_a_dividend_beside_a_split_comes_out_as_the_factors_of_lean(shared_data: Path):
    # Time Warner, 2009-03-30: a reverse split of 1:3 and a price factor of its own on one date, the
    # only case there is in Lean's files. They have its closes before each action, no daily bars.
    folder = shared_data / "ohlcv"
    factors = lean_factors(folder, "TWX").filter(pl.col("date") < dt.date(2050, 1, 1))
    told = lean_actions(folder, "TWX")
    ratios = told.filter(pl.col("ratio").is_not_null()).select("ex_date", of_day="ratio")
    # Theirs is an amount for a unit of before the split, ours for one of the ex-date.
    amount = pl.col("amount") / pl.col("of_day").fill_null(1.0)
    told = told.join(ratios, on="ex_date", how="left").with_columns(amount=amount).drop("of_day")
    both = told.filter(pl.col("ex_date") == dt.date(2009, 3, 30)).sort("ratio")
    assert both.select("ratio", "amount").rows() == [
        (None, pytest.approx(0.0567 * 3, rel=1e-3)),
        (pytest.approx(1 / 3, rel=1e-3), None),
    ]
    raw = bars(*factors["ref_close"], days=factors["date"].to_list())
    rule = DividendRule.PREVIOUS_CLOSE
    read = adjusted(raw, told, as_of=dt.date(2021, 3, 31), view=View.TOTAL_RETURN, rule=rule)
    theirs = factors["ref_close"] * factors["price_factor"] * factors["split_factor"]
    around = factors["date"].is_between(dt.date(2008, 11, 24), dt.date(2009, 5, 26))
    off = (read["close"] / theirs).filter(around)
    # Amounts have four decimals: of 0.0567, paid on 8.42, that is 6e-6, in each row.
    assert (off / off[-1] - 1).abs().max() < 2e-5


def test_two_dividends_of_one_date_come_out_as_the_adjusted_closes_of_microsoft(shared_data: Path):
    # A special dividend of 3.00 and the quarter's of 0.08, both on 2004-11-15 (Microsoft's dividend
    # history). The adjusted closes are those of Yahoo that come with bokeh.
    ex_date = dt.date(2004, 11, 15)
    told = pl.DataFrame(
        {
            "provider": "reference",
            "symbol": "MSFT",
            "ex_date": ex_date,
            "kind": "cash_dividend",
            "ratio": None,
            "amount": [3.00, 0.08],
            "currency": "USD",
            "known_at": KNOWN,
            "source": ["special", "quarter"],
        },
        schema_overrides={"ratio": pl.Float64},
    )
    paid = together(told).select("ex_date", "amount").to_dicts()
    theirs = (
        pl.read_parquet(shared_data / "ohlcv" / "yahoo_adjclose_samples.parquet")
        .filter(
            pl.col("symbol") == "MSFT",
            pl.col("source").str.starts_with("bokeh"),
            pl.col("date").is_between(dt.date(2004, 11, 1), dt.date(2004, 11, 30)),
        )
        .sort("date")
    )
    read = adjusted(
        bars(*theirs["close"], days=theirs["date"].to_list()),
        actions(*[{"ratio": None, **one} for one in paid]),
        as_of=dt.date(2004, 11, 30),
        view=View.TOTAL_RETURN,
        rule=DividendRule.EX_DATE_CLOSE,
    )
    adj_close = theirs["adj_close"] / theirs["adj_close"][-1] * theirs["close"][-1]
    assert theirs.height == 21
    assert read["close"][0] < 0.9 * theirs["close"][0]
    # Their adjusted closes have six decimals.
    assert (read["close"] / adj_close - 1).abs().max() < 1e-7


def lean_factors(folder: Path, company: str) -> pl.DataFrame:
    factors = pl.read_parquet(folder / "lean_factors.parquet")
    return factors.filter(pl.col("symbol") == company).sort("date")


def lean_actions(folder: Path, company: str) -> pl.DataFrame:
    def read(name: str, column: str, kept: str, other: str) -> pl.DataFrame:
        rows = pl.read_csv(folder / name, try_parse_dates=True).filter(pl.col("symbol") == company)
        return rows.select(
            pl.lit(1, pl.Int64).alias("instrument_id"),
            "ex_date",
            pl.col(column).cast(pl.Float64).alias(kept),
            pl.lit(None, pl.Float64).alias(other),
            pl.lit(KNOWN).cast(pl.Datetime("us", "UTC")).alias("known_at"),
        ).select(list(PriceActions.to_schema().columns))

    splits = read("lean_splits.csv", "split_new_per_old", "ratio", "amount")
    return pl.concat([splits, read("lean_dividends.csv", "dividend", "amount", "ratio")])
