"""Sizes within the limits of an account: per position, per sector, of heat, and in number."""

import polars as pl

SMALLEST_PCT = 0.01
"""What is left of a size below this, in percent of the account, is nothing."""


def within_limits(
    entries: pl.DataFrame, positions: pl.DataFrame, limits: pl.DataFrame
) -> pl.DataFrame:
    """Gives the entries with `size_pct` cut to what the account's limits leave, and why.

    `entries` has user_id, strategy_id, instrument_id, sector (null: unknown), strength, price,
    stop (below the price) and size_pct, percent of the account. `positions` has what is held:
    user_id, instrument_id, sector, weight_pct and heat_pct, the loss at its stop in percent of the
    account (null where it has none: then all of its weight). `limits` has one row for each user:
    max_position_pct, max_sector_pct, max_heat_pct and max_positions, null where nothing is
    limited. A user without a row has no limits.

    Room is given to the strongest first, then by instrument and strategy; one limit after the
    other, in the order above, each on what the one before left. Instruments of unknown sector
    share one. Heat is what is lost if every stop is hit. A held instrument is no further position.
    The result has the rows in that order, with `limited_by`: the limit that cut most recently, null
    where none did; a size that came to nothing is 0.
    """
    ranked = (
        entries.join(limits, on="user_id", how="left")
        .sort(
            "user_id",
            "strength",
            "instrument_id",
            "strategy_id",
            descending=[False, True, False, False],
        )
        .with_columns(limited_by=pl.lit(None, dtype=pl.String))
    )
    held = _held(ranked, positions)
    heat = pl.col("size_pct") * (1 - pl.col("stop") / pl.col("price"))
    cut = _cut(
        held,
        "position",
        pl.col("size_pct"),
        room=pl.col("max_position_pct") - pl.col("held_pct"),
        by=["user_id", "instrument_id"],
    )
    cut = _cut(
        cut,
        "sector",
        pl.col("size_pct"),
        room=pl.col("max_sector_pct") - pl.col("held_sector_pct"),
        by=["user_id", "sector"],
    )
    cut = _cut(
        cut, "heat", heat, room=pl.col("max_heat_pct") - pl.col("held_heat_pct"), by=["user_id"]
    )
    return _in_number(cut).select(*entries.columns, "limited_by")


def _held(entries: pl.DataFrame, positions: pl.DataFrame) -> pl.DataFrame:
    """Adds what is held of the entry's instrument and sector, of heat, and in number."""
    weight = pl.col("weight_pct").sum()
    heat = pl.coalesce("heat_pct", "weight_pct").sum()
    of_instrument = positions.group_by("user_id", "instrument_id").agg(held_pct=weight)
    of_sector = positions.group_by("user_id", "sector").agg(held_sector_pct=weight)
    of_user = positions.group_by("user_id").agg(
        held_heat_pct=heat, held_positions=pl.col("instrument_id").n_unique()
    )
    return (
        entries.join(
            of_instrument, on=["user_id", "instrument_id"], how="left", maintain_order="left"
        )
        .with_columns(is_held=pl.col("held_pct").is_not_null())
        .join(
            of_sector,
            on=["user_id", "sector"],
            how="left",
            nulls_equal=True,
            maintain_order="left",
        )
        .join(of_user, on="user_id", how="left", maintain_order="left")
        .with_columns(
            pl.col("held_pct", "held_sector_pct", "held_heat_pct", "held_positions").fill_null(0)
        )
    )


def _cut(
    entries: pl.DataFrame, limit: str, amount: pl.Expr, *, room: pl.Expr, by: list[str]
) -> pl.DataFrame:
    """Cuts sizes so that their `amount`, added up in order within `by`, stays within the room."""
    before = amount.cum_sum().over(by) - amount
    left = pl.max_horizontal(room - before, 0.0)
    kept = pl.when(room.is_null() | (amount <= left)).then(1.0).otherwise(left / amount)
    size = pl.col("size_pct") * kept
    return entries.with_columns(
        size_pct=pl.when(size < SMALLEST_PCT).then(0.0).otherwise(size),
        limited_by=pl.when((kept < 1.0) & (pl.col("size_pct") > 0.0))
        .then(pl.lit(limit))
        .otherwise("limited_by"),
    )


def _in_number(entries: pl.DataFrame) -> pl.DataFrame:
    """Lets through the first new instruments of a user, as many as there is room for."""
    is_new = ~pl.col("is_held") & (pl.col("size_pct") > 0.0)
    instrument = ["user_id", "instrument_id"]
    # A window is not put into another one: each step is a column of its own.
    numbered = (
        entries.with_columns(is_new=is_new)
        .with_columns(seen=pl.col("is_new").cast(pl.Int64).cum_sum().over(instrument))
        .with_columns(is_first=pl.col("is_new") & (pl.col("seen") == 1))
        .with_columns(place=pl.col("is_first").cast(pl.Int64).cum_sum().over("user_id"))
        .with_columns(number=pl.col("place").filter(pl.col("is_first")).first().over(instrument))
    )
    room = pl.col("max_positions") - pl.col("held_positions")
    refused = (pl.col("is_new") & (pl.col("number") > room)).fill_null(value=False)
    return numbered.with_columns(
        size_pct=pl.when(refused).then(0.0).otherwise("size_pct"),
        limited_by=pl.when(refused).then(pl.lit("positions")).otherwise("limited_by"),
    )
