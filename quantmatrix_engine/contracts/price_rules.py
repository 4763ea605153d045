"""What makes a bar one that can be true, whatever it spans: rules that several contracts check."""

from collections.abc import Sequence

import polars as pl
from pandera.polars import PolarsData

# Feeds round each price on its own, so an open may stand a last digit outside the range.
ROUNDING_RATIO = 1e-6


def values_are_finite(data: PolarsData) -> pl.LazyFrame:
    """Says of each row whether no price and no volume is infinite; NaN and null break other rules.

    A column that is no float is not looked at.
    """
    return data.lazyframe.select(~pl.any_horizontal(pl.selectors.float().is_infinite()))


def high_is_at_least_low(data: PolarsData) -> pl.LazyFrame:
    """Says of each row whether the highest price is not below the lowest."""
    return data.lazyframe.select(pl.col("high") >= pl.col("low"))


def is_in_range(data: PolarsData, column: str) -> pl.LazyFrame:
    """Says of each row whether a price is in the range, true where another rule says what is wrong.

    The range is widened by `ROUNDING_RATIO` of the high.
    """
    slack = pl.col("high") * ROUNDING_RATIO
    in_range = pl.col(column).is_between(pl.col("low") - slack, pl.col("high") + slack)
    has_no_range = (pl.col("high") < pl.col("low")) | (pl.min_horizontal("low", column) <= 0)
    return data.lazyframe.select(in_range | has_no_range)


def is_said_once(data: PolarsData, key: Sequence[str]) -> pl.LazyFrame:
    """Says of each row whether it is the one row of its key that counts.

    A row repeated word for word is kept once; rows that disagree are all refused, since nothing
    tells which of them is right.
    """
    said = pl.struct(*key, "open", "high", "low", "close", "volume")
    agrees = said.is_duplicated() & (pl.len().over(key) == pl.len().over(said))
    placed = data.lazyframe.with_row_index("place")
    # Comparing what was said is slow, and few keys are repeated.
    repeated = placed.filter(pl.struct(*key).is_duplicated())
    judged = repeated.select("place", is_kept=agrees & said.is_first_distinct())
    return placed.join(judged, on="place", how="left", maintain_order="left").select(
        pl.col("is_kept").fill_null(value=True)
    )
