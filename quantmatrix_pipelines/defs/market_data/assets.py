"""The assets of market data, from bars as delivered to the newest state of each instrument."""

import dagster as dg

from quantmatrix_pipelines.defs.market_data import (
    bars,
    corporate_actions,
    fundamentals,
    indicators,
    intraday_bars,
    intraday_indicators,
    market_snapshots,
    raw_bars,
    weekly_indicators,
)
from quantmatrix_pipelines.home import Window


def assets(window: Window) -> list[dg.AssetsDefinition]:
    """Gives the market data assets over the sessions of `window`, in the order of the chain.

    The fundamentals, what is intraday and the weekly indicators stand beside it.
    """
    chain = (raw_bars, corporate_actions, bars, indicators, market_snapshots)
    beside = (fundamentals, intraday_bars, intraday_indicators, weekly_indicators)
    return [module.asset(window) for module in (*chain, *beside)]
