"""Volumes: bars nothing traded in, and bars that repeat the one before."""

import polars as pl

from quantmatrix_engine.prices.series import PRICES, before, flags
from quantmatrix_engine.vocabulary import FindingRule


def zero_volumes(series: pl.DataFrame) -> pl.DataFrame:
    """Gives a flag for each bar without volume whose price moved all the same."""
    moved = (pl.col("volume") == 0) & (pl.col("high") > pl.col("low"))
    return flags(
        series.filter(moved),
        FindingRule.ZERO_VOLUME,
        value=pl.format("volume 0, low {}, high {}", "low", "high"),
        expected="a volume above 0 where the price moved",
    )


def flat_zero_volumes(series: pl.DataFrame) -> pl.DataFrame:
    """Gives a flag for each run of bars without volume or movement: the first bar shows it.

    A thin instrument has them honestly; a feed that fills its gaps forward has them, too.
    """
    flat = (pl.col("volume") == 0) & (pl.col("high") == pl.col("low"))
    return flags(
        _runs(series, flat),
        FindingRule.FLAT_ZERO_VOLUME,
        value=pl.format("volume 0 at {}", "close"),
        expected="a bar that traded, or none at all",
    )


def repeated_bars(series: pl.DataFrame) -> pl.DataFrame:
    """Gives a flag for each run of bars that repeat the bar before them, volume included."""
    same = pl.all_horizontal(pl.col(name) == before(name) for name in (*PRICES, "volume"))
    return flags(
        _runs(series, same.fill_null(value=False) & (pl.col("volume") > 0)),
        FindingRule.REPEATED_BAR,
        value=pl.format("close {}, volume {}, as before", "close", "volume"),
        expected="prices and volume of its own",
    )


def _runs(series: pl.DataFrame, holds: pl.Expr) -> pl.DataFrame:
    """Gives the first bar of each run of bars for which it holds, `until` being the run's last.

    A run ends where a session has no bar.
    """
    marked = series.with_columns(holds=holds)
    goes_on = before("holds") & (pl.col("place") == before("place") + 1)
    starts = ~goes_on.fill_null(value=False)
    runs = marked.filter("holds").with_columns(
        run=marked.select(run=(pl.col("holds") & starts).cum_sum()).filter(marked["holds"])["run"]
    )
    last = runs.group_by("run", maintain_order=True).agg(until=pl.col("session").last())
    return runs.unique("run", keep="first", maintain_order=True).join(
        last, on="run", how="left", maintain_order="left"
    )
