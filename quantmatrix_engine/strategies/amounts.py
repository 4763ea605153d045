"""Amounts of a signal as they are stored: digits after the point, and how large they may be."""

import polars as pl

PRICE_DIGITS, PERCENT_DIGITS = 6, 4
PRICES = ("price", "stop", "target_1", "target_2", "target_3")
PERCENTS = ("size_pct", "level")


def rounded(signals: pl.DataFrame) -> pl.DataFrame:
    """Gives signals (contract Signals) with every amount as it will be stored.

    What the contract is held to is then what the database sees: a stop that rounds to the price,
    or a size that rounds to 0, is refused for that signal alone.
    """
    return signals.with_columns(
        pl.col(*PRICES).round(PRICE_DIGITS), pl.col(*PERCENTS).round(PERCENT_DIGITS)
    )
