"""Identity: which instrument a provider's symbol meant on a session."""

from dataclasses import dataclass

import polars as pl

from quantmatrix_engine import calendars
from quantmatrix_engine.contracts.bars import Bars
from quantmatrix_engine.vocabulary import FindingRule, Severity


@dataclass(frozen=True)
class Identified:
    """Bars under instrument ids (contract Bars), and findings of symbols nobody knows."""

    bars: pl.DataFrame
    findings: pl.DataFrame


def identified(clean_bars: pl.DataFrame, instruments: pl.DataFrame) -> Identified:
    """Gives clean bars (contract CleanBars) the id their symbol had on their session.

    `instruments` keeps the contract Instruments. A bar is final where it was known at or after the
    close of its session.
    """
    spells = instruments.select("instrument_id", "symbol", "valid_from", "valid_to")
    matched = clean_bars.join(spells, on="symbol").filter(
        (pl.col("session") >= pl.col("valid_from"))
        & (pl.col("valid_to").is_null() | (pl.col("session") < pl.col("valid_to")))
    )
    key = ["provider", "symbol", "session", "known_at"]
    unknown = clean_bars.join(matched, on=key, how="anti")
    return Identified(bars=_bars(matched), findings=_unknown(unknown))


def _bars(matched: pl.DataFrame) -> pl.DataFrame:
    sessions = matched.get_column("session").unique().to_list()
    closes = pl.DataFrame(
        {"session": sessions, "closes_at": [calendars.closes_at(one) for one in sessions]},
        schema={"session": pl.Date, "closes_at": pl.Datetime("us", "UTC")},
    )
    return (
        matched.join(closes, on="session")
        .with_columns(is_final=pl.col("known_at") >= pl.col("closes_at"))
        .select(list(Bars.to_schema().columns))
        .sort("instrument_id", "session", "known_at")
    )


def _unknown(bars: pl.DataFrame) -> pl.DataFrame:
    return bars.with_columns(row=pl.struct(bars.columns).struct.json_encode()).select(
        "provider",
        "symbol",
        "session",
        rule=pl.lit(FindingRule.UNKNOWN_SYMBOL.value),
        column=pl.lit("symbol"),
        value=pl.col("symbol"),
        expected=pl.lit("a symbol of the catalogue: materialize `instruments` again"),
        severity=pl.lit(Severity.ERROR.value),
        source="source",
        source_row="source_row",
        row="row",
    )
