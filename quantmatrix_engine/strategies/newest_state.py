"""The newest state of each instrument, for lists and searches."""

import datetime as dt

import polars as pl

from quantmatrix_engine import calendars
from quantmatrix_engine.contracts.indicators import Indicators
from quantmatrix_engine.contracts.market_snapshots import MarketSnapshots
from quantmatrix_engine.prices.adjustment import View, adjusted
from quantmatrix_engine.prices.restatement import newest_known
from quantmatrix_engine.strategies.assessment import assessed

COLUMNS = list(MarketSnapshots.to_schema().columns)


def newest_states(
    bars: pl.DataFrame, indicators: pl.DataFrame, actions: pl.DataFrame
) -> pl.DataFrame:
    """Gives the newest row of each instrument with a bar (contract MarketSnapshots).

    `indicators` keeps the contract Indicators and has the columns of `assessment.SPECS`; `bars`
    keeps the contract Bars, of one provider an instrument and session, from the session before the
    first of the indicators on; `actions` keeps the contract PriceActions.
    """
    own = [name for name in indicators.columns if name not in Indicators.to_schema().columns]
    newest = indicators.sort("session").unique("instrument_id", keep="last", maintain_order=True)
    states = assessed(newest).with_columns(indicators=pl.struct(own).struct.json_encode())
    return (
        states.drop("close", "known_at", *own)
        .join(_with_change(newest_known(bars), actions), on=["instrument_id", "session"])
        .select(COLUMNS)
        .sort("instrument_id")
    )


def _with_change(bars: pl.DataFrame, actions: pl.DataFrame) -> pl.DataFrame:
    """Gives the bars as traded with `change_pct`; null where the session before has no bar."""
    if bars.is_empty():
        return bars.with_columns(change_pct=pl.lit(None, pl.Float64))
    last: dt.date = bars.get_column("session").max()  # type: ignore[assignment]
    compared = adjusted(bars, actions, as_of=last, view=View.SPLIT_ADJUSTED)
    before = compared.select("instrument_id", pl.col("session").alias("before"), previous="close")
    sessions = bars.get_column("session").unique().sort()
    previous = pl.DataFrame(
        {"session": sessions, "before": [calendars.sessions_before(one, 1) for one in sessions]}
    )
    changes = (
        compared.join(previous, on="session")
        .join(before, on=["instrument_id", "before"], how="left")
        .select(
            "instrument_id",
            "session",
            change_pct=(pl.col("close") / pl.col("previous") - 1) * 100,
        )
    )
    return bars.join(changes, on=["instrument_id", "session"])
