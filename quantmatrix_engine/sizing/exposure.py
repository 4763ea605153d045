"""Exposure: what users hold, weighed against all their accounts are worth."""

import datetime as dt
from dataclasses import dataclass

import polars as pl

ACCOUNTS_SCHEMA = {"user_id": pl.Int64, "account_id": pl.Int64, "net_liquidation": pl.Float64}
POSITIONS_SCHEMA = {
    "user_id": pl.Int64,
    "account_id": pl.Int64,
    "instrument_id": pl.Int64,
    "opened_on": pl.Date,
    "quantity": pl.Float64,
    "cost_basis": pl.Float64,
    "exchange_rate": pl.Float64,
    "stop": pl.Float64,
    "stopped_quantity": pl.Float64,
}
LIMITS_SCHEMA = {
    "user_id": pl.Int64,
    "max_position_pct": pl.Float64,
    "max_sector_pct": pl.Float64,
    "max_heat_pct": pl.Float64,
    "max_positions": pl.Int64,
}
SECTORS_SCHEMA = {"instrument_id": pl.Int64, "sector": pl.String}
SAID_SCHEMA = {
    "user_id": pl.Int64,
    "strategy_id": pl.Int64,
    "instrument_id": pl.Int64,
    "size_pct": pl.Float64,
    "price": pl.Float64,
    "stop": pl.Float64,
}


@dataclass(frozen=True)
class Risk:
    """What the limits of users are held against.

    `limits` has a row for each user who set one (LIMITS_SCHEMA, null: not limited); `accounts` and
    `positions` are those of these users, `sectors` of instruments. An account has a null
    net_liquidation where nobody said what it is worth. A position has its open quantity, negative
    where sold short, its cost and the rate of its currency to the account's (null: not known), and
    the stop price of the orders that stand for `stopped_quantity` units of it. `said` are the
    session's entries that an earlier evaluation said: they stay, and use up room as what is held.
    """

    limits: pl.DataFrame
    accounts: pl.DataFrame
    positions: pl.DataFrame
    sectors: pl.DataFrame
    said: pl.DataFrame


NO_RISK = Risk(
    pl.DataFrame(schema=LIMITS_SCHEMA),
    pl.DataFrame(schema=ACCOUNTS_SCHEMA),
    pl.DataFrame(schema=POSITIONS_SCHEMA),
    pl.DataFrame(schema=SECTORS_SCHEMA),
    pl.DataFrame(schema=SAID_SCHEMA),
)


def held(risk: Risk, closes: pl.DataFrame, session: dt.date) -> pl.DataFrame:
    """Gives user_id, instrument_id, sector, weight_pct and heat_pct of what is held on a session.

    `closes` has instrument_id and close. A position is worth its quantity at the close, or its cost
    where there is none; short or long, that is its weight. An account is worth what is said, or
    else the positions in it, and the percentages are of all accounts of the user. `heat_pct` is
    what is lost if the stops are hit; of units no order stops it is all. A position whose value is
    not known has null percentages. What was said of the session already is there as if held.
    """
    is_open = (pl.col("opened_on") <= session).fill_null(value=True)
    units = pl.col("quantity").abs()
    valued = (
        risk.positions.filter(is_open)
        .join(closes.select("instrument_id", "close"), on="instrument_id", how="left")
        .with_columns(
            value=pl.coalesce(units * pl.col("close"), "cost_basis") * pl.col("exchange_rate")
        )
    )
    weight_pct = pl.col("value") / pl.col("worth") * 100
    weighed = valued.join(_worth(risk.accounts, valued), on="user_id", how="left").select(
        "user_id", "instrument_id", weight_pct=weight_pct, heat_pct=weight_pct * _loss_ratio()
    )
    said = risk.said.select(
        "user_id",
        "instrument_id",
        weight_pct="size_pct",
        heat_pct=pl.col("size_pct") * (1 - pl.col("stop") / pl.col("price")),
    )
    return (
        pl.concat([weighed, said])
        .join(risk.sectors, on="instrument_id", how="left")
        .select("user_id", "instrument_id", "sector", "weight_pct", "heat_pct")
        .sort("user_id", "instrument_id", "weight_pct")
    )


def _worth(accounts: pl.DataFrame, valued: pl.DataFrame) -> pl.DataFrame:
    """Gives user_id and worth, above 0, of all accounts of a user."""
    of_account = valued.group_by("user_id", "account_id").agg(positions=pl.col("value").sum())
    return (
        accounts.join(of_account, on=["user_id", "account_id"], how="left")
        .group_by("user_id")
        .agg(worth=pl.coalesce("net_liquidation", "positions").sum())
        .filter(pl.col("worth") > 0)
    )


def _loss_ratio() -> pl.Expr:
    """Gives what part of a position is lost if its stop is hit; units without a stop are lost."""
    to_stop = pl.col("stop") / pl.col("close")
    at_stop = pl.when(pl.col("quantity") < 0).then(to_stop - 1).otherwise(1 - to_stop)
    stopped = (pl.col("stopped_quantity") / pl.col("quantity").abs()).clip(0.0, 1.0)
    lost = stopped * at_stop.clip(lower_bound=0.0) + (1 - stopped)
    return lost.fill_null(1.0)
