"""Size from risk: how much of the account a position may take."""

import polars as pl


def position_pct(
    *, price: pl.Expr, stop: pl.Expr, risk_pct: pl.Expr, max_position_pct: pl.Expr
) -> pl.Expr:
    """Gives the size (percent of the account) that loses `risk_pct` of it at the stop.

    risk_pct / ((price - stop) / price), never above `max_position_pct`. Null where the stop is at
    or above the price.
    """
    loss_ratio = (price - stop) / price
    by_risk = risk_pct / loss_ratio
    # A minimum leaves nulls out, so the condition stands outside of it.
    return pl.when(loss_ratio > 0).then(pl.min_horizontal(by_risk, max_position_pct))
