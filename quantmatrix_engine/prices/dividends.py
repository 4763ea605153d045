"""Dividends: several of one date, told row by row, as the one amount that goes ex."""

import polars as pl

_GROUP = ("provider", "symbol", "ex_date", "kind", "currency")


def repeated(told: pl.DataFrame) -> pl.DataFrame:
    """Gives the dividends that say nothing but what a row before them said.

    `told` has provider, symbol, ex_date, kind, currency, known_at, amount and label (null: none). A
    regular and a special dividend of one date differ in amount or in label.
    """
    again = pl.struct(*_GROUP, "known_at", "amount", "label").is_first_distinct().not_()
    return told.filter((pl.col("kind") == "cash_dividend") & again)


def added_up(dividends: pl.DataFrame) -> pl.DataFrame:
    """Gives one row of each provider, symbol, ex-date, currency and moment, its amounts added up.

    `dividends` has the columns `repeated` needs, each row once. From each `known_at` on the amount
    is the sum over the labels, no label being one, of what was said last of each. So a special
    dividend announced later is added to the regular one, and an amount said anew under its own
    label, or again without one, takes the place of the older. Other columns are those of the first
    row; `label` is left out.
    """
    keys = [pl.col(name) for name in _GROUP]
    moments = dividends.select(*keys, moment="known_at").unique()
    said = moments.join(dividends, on=_GROUP, nulls_equal=True).filter(
        pl.col("known_at") <= pl.col("moment")
    )
    newest = pl.col("known_at").max().over(*_GROUP, "moment", "label")
    summed = (
        said.filter(pl.col("known_at") == newest)
        .group_by(*_GROUP, "moment")
        .agg(total=pl.col("amount").sum())
    )
    first = dividends.unique([*_GROUP, "known_at"], keep="first", maintain_order=True)
    return (
        first.join(
            summed,
            left_on=[*_GROUP, "known_at"],
            right_on=[*_GROUP, "moment"],
            nulls_equal=True,
            maintain_order="left",
        )
        .with_columns(amount="total")
        .drop("total", "label")
    )
