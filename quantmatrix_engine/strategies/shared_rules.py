"""Rules that several kinds ask: the same name, comparison and label in every trace."""

import polars as pl

from quantmatrix_engine.strategies.trace import Rule


def averages_aligned(weight: float) -> Rule:
    """Gives the soft rule that the averages stand in order, EMA10 >= SMA20 >= ... >= SMA200."""
    return Rule(
        "ma_aligned",
        pl.col("ma_aligned"),
        ">=",
        pl.lit(1.0),
        label="averages aligned (EMA10, SMA20, 50, 100, 200)",
        is_required=False,
        weight=weight,
    )


def moves_enough(weight: float) -> Rule:
    """Gives the soft rule that ATR is at least `min_atr_pct` percent of the price."""
    return Rule(
        "atr_pct",
        pl.col("atr_pct"),
        ">=",
        pl.col("min_atr_pct"),
        label="ATR, % of the price",
        is_required=False,
        weight=weight,
    )


def near_high(weight: float) -> Rule:
    """Gives the soft rule that the close is `min_range_position_pct` up the range of a year."""
    return Rule(
        "near_high",
        pl.col("range_position"),
        ">=",
        pl.col("min_range_position_pct"),
        label="place in the range of a year, %",
        is_required=False,
        weight=weight,
    )


def above_long_average() -> Rule:
    """Gives the rule that the close stands above its long average."""
    return Rule(
        "above_trend",
        pl.col("holding_sessions"),
        ">",
        pl.lit(0.0),
        label="sessions above the long average",
    )


def long_average_lost() -> list[Rule]:
    """Gives the rules that the close is below its long average, and was not the session before."""
    return [
        Rule("below_trend", pl.col("price"), "<", pl.col("sma_trend"), label="close, long average"),
        Rule(
            "above_before",
            pl.col("holding_before"),
            ">",
            pl.lit(0.0),
            label="sessions above the long average until the one before",
        ),
    ]


def some_level_reached() -> Rule:
    """Gives the rule that a name is as far as the nearest of its `scale_out_levels`.

    It stands in no trace: few names are, and only those are asked about each level.
    """
    nearest = pl.col("scale_out_levels").list.min()
    return Rule("", pl.col("atr_distance"), ">=", nearest, label="")
