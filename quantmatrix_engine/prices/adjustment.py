"""Adjustment at reading: bars as traded, in the price basis of a session.

A price before an ex-date is multiplied by the factor of every action that goes ex after it, up to
the session asked for. Nothing adjusted is ever stored: an action that becomes known later changes
later readings and leaves earlier ones as they were.

Two rules are in use for dividends, and they differ by up to some hundredths of a percent:
EX_DATE_CLOSE is P / (P + D) with the close P of the ex-date (Quandl WIKI, Tiingo);
PREVIOUS_CLOSE is 1 - D / P with the last close P before it, in the basis of the ex-date (Yahoo,
QuantConnect). A series is adjusted by one of them throughout.
"""

import datetime as dt
from enum import StrEnum

import polars as pl

PRICES = ("open", "high", "low", "close")


class View(StrEnum):
    """What earlier prices are made comparable with."""

    RAW = "raw"
    SPLIT_ADJUSTED = "split_adjusted"
    TOTAL_RETURN = "total_return"


class DividendRule(StrEnum):
    """Which close a dividend is compared with."""

    EX_DATE_CLOSE = "ex_date_close"
    PREVIOUS_CLOSE = "previous_close"


def adjusted(
    bars: pl.DataFrame,
    actions: pl.DataFrame,
    *,
    as_of: dt.date,
    view: View,
    rule: DividendRule = DividendRule.PREVIOUS_CLOSE,
) -> pl.DataFrame:
    """Gives the bars up to `as_of` in the price basis of that session.

    `bars` keeps the contract Bars with one row an instrument and session; `actions` keeps the
    contract PriceActions. Prices are multiplied by the factor, volume is divided by that of the
    splits alone. Columns, order and types are those of `bars`.
    """
    read = bars.filter(pl.col("session") <= as_of)
    gone_ex = actions.filter(pl.col("ex_date") <= as_of)
    if view is View.RAW or gone_ex.is_empty():
        return read
    # Few instruments have any action: the bars of the others stay as they are.
    concerned = pl.col("instrument_id").is_in(
        gone_ex.get_column("instrument_id").unique().implode()
    )
    factors = event_factors(read.filter(concerned), gone_ex, rule=rule)
    price = pl.col("split_factor")
    if view is View.TOTAL_RETURN:
        price = price * pl.col("dividend_factor")
    scaled = _with_factors(read.with_row_index("place").filter(concerned), factors).with_columns(
        *(pl.col(name) * price for name in PRICES), volume=pl.col("volume") / pl.col("split_factor")
    )
    places = scaled.get_column("place")
    return read.with_columns(
        read.get_column(name).clone().scatter(places, scaled.get_column(name))
        for name in (*PRICES, "volume")
    )


def known_by(actions: pl.DataFrame, moment: dt.datetime) -> pl.DataFrame:
    """Gives the actions (contract PriceActions) as they were known at a moment.

    Of each split and each dividend of a date it is the newest form until then.
    """
    is_split = pl.col("ratio").is_not_null()
    newest = pl.col("known_at").max().over("instrument_id", "ex_date", is_split)
    return actions.filter(pl.col("known_at") <= moment).filter(pl.col("known_at") == newest)


def event_factors(bars: pl.DataFrame, actions: pl.DataFrame, *, rule: DividendRule) -> pl.DataFrame:
    """Gives a row an instrument and ex-date: `split_factor` and `dividend_factor` of that date.

    Splits and dividends of one date are taken together. Where there is no close to compare a
    dividend with (none before the ex-date, or none since), its factor is 1: no earlier price is
    there to be adjusted, or no later one to compare it with.
    """
    events = (
        actions.group_by("instrument_id", "ex_date")
        .agg(ratio=pl.col("ratio").drop_nulls().product(), amount=pl.col("amount").sum())
        .sort("ex_date")
    )
    on_ex_date = rule is DividendRule.EX_DATE_CLOSE
    compared = events.join_asof(
        bars.select("instrument_id", "session", "close").sort("session"),
        left_on="ex_date",
        right_on="session",
        by="instrument_id",
        strategy="forward" if on_ex_date else "backward",
        allow_exact_matches=on_ex_date,
        check_sortedness=False,
    )
    close, amount = pl.col("close"), pl.col("amount")
    kept = close / (close + amount) if on_ex_date else 1 - amount * pl.col("ratio") / close
    return compared.select(
        "instrument_id",
        "ex_date",
        split_factor=1 / pl.col("ratio"),
        dividend_factor=pl.when(amount == 0).then(1.0).otherwise(kept).fill_null(1.0),
    )


def _with_factors(bars: pl.DataFrame, factors: pl.DataFrame) -> pl.DataFrame:
    """Gives each bar the product of the factors of all ex-dates after its session; by session."""
    since = (
        factors.sort("instrument_id", "ex_date", descending=[False, True])
        .with_columns(pl.col("split_factor", "dividend_factor").cum_prod().over("instrument_id"))
        .sort("ex_date")
    )
    joined = bars.sort("session").join_asof(
        since,
        left_on="session",
        right_on="ex_date",
        by="instrument_id",
        strategy="forward",
        allow_exact_matches=False,
        check_sortedness=False,
    )
    return joined.with_columns(pl.col("split_factor", "dividend_factor").fill_null(1.0))
