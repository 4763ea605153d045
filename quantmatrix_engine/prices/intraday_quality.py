"""The gate of intraday bars: which can be kept, under which instrument, and what is wrong.

A finding about an interval has no session, only the moment in its row: a bad five minutes say
nothing about the daily bar of that session, which findings with a session keep from being used.
"""

from dataclasses import dataclass

import polars as pl

from quantmatrix_engine import calendars
from quantmatrix_engine.contracts import gate
from quantmatrix_engine.contracts.findings import Findings
from quantmatrix_engine.contracts.intraday_bars import SAID, CleanIntradayBars, IntradayBars
from quantmatrix_engine.prices import quality
from quantmatrix_engine.prices.identity import one_meant
from quantmatrix_engine.prices.intraday import in_session, is_over
from quantmatrix_engine.vocabulary import FindingRule, Severity

EXPECTED = quality.EXPECTED | {
    FindingRule.DUPLICATE_KEY: "one row for a symbol, interval and moment",
    FindingRule.BROKEN_CONTRACT: "a start on the clock: whole minutes, five minutes or hours (UTC)",
}

_VALUES = ("open", "high", "low", "close", "volume")
_FINDINGS = Findings.empty().schema
_OF_SYMBOL = ("provider", "symbol", "session")


@dataclass(frozen=True)
class SortedOut:
    """Intraday bars that can be used, what is wrong with the others, and how many those are.

    `bars` has the columns of the contract IntradayBars, but for minutes among the intervals. Bars
    outside the hours of a session are no fault: `outside` counts them.
    """

    bars: pl.DataFrame
    findings: pl.DataFrame
    outside: int
    refused: int


def sort_out(raw: pl.DataFrame, instruments: pl.DataFrame) -> SortedOut:
    """Sorts out delivered intraday bars (contract RawIntradayBars).

    `instruments` keeps the contract Instruments. A row without any price and volume tells of an
    interval in which nothing traded: it is no bar. Bars outside the hours of the exchange are left
    out and told in one finding a provider and date. A symbol that means not one instrument is a
    finding a session. Two symbols of one instrument may bring the same bar, which is kept once;
    where they bring different ones, the contract IntradayBars refuses both.
    """
    said = raw.filter(pl.any_horizontal(pl.col(_VALUES).is_not_null()))
    placed = in_session(said)
    outside = said.join(placed, on=SAID, how="anti", nulls_equal=True)
    wanted = list(CleanIntradayBars.to_schema().columns)
    asked = placed.select(wanted)
    split = gate.apply(CleanIntradayBars, asked)
    broken = quality.findings(asked, split.failures, expected=EXPECTED)
    named, unnamed = _named(split.good, instruments)
    found = [without_session(broken), without_session(unnamed), _told_once(outside)]
    return SortedOut(
        bars=named,
        findings=pl.concat(found),
        outside=outside.height,
        refused=placed.height - named.height,
    )


def without_session(findings: pl.DataFrame) -> pl.DataFrame:
    """Gives findings about intervals: they keep no daily bar of their session from being used."""
    return findings.with_columns(session=pl.lit(None, pl.Date))


def _named(clean: pl.DataFrame, instruments: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Gives the bars the id their symbol had on the session, and findings of symbols without."""
    asked = clean.unique(_OF_SYMBOL, keep="first", maintain_order=True)
    meant, findings = one_meant(asked, instruments)
    ids = meant.select(*_OF_SYMBOL, "instrument_id")
    key = ["instrument_id", *(name for name in SAID if name != "symbol")]
    bars = (
        clean.join(ids, on=_OF_SYMBOL, maintain_order="left")
        .unique([*key, *_VALUES], keep="first", maintain_order=True)
        .with_columns(is_final=is_over())
        .select(list(IntradayBars.to_schema().columns))
    )
    return bars, findings


def _told_once(outside: pl.DataFrame) -> pl.DataFrame:
    """Gives one finding for each provider and date (New York) with bars outside the hours."""
    date = pl.col("starts_at").dt.convert_time_zone(calendars.EXCHANGE_TIME_ZONE).dt.date()
    first = pl.col("starts_at").min().dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    counted = (
        outside.group_by("provider", date=date)
        .agg(bars=pl.len(), symbols=pl.col("symbol").n_unique(), first=first)
        .sort("provider", "date")
    )
    nothing = pl.lit(None, pl.String)
    return counted.select(
        provider="provider",
        symbol=nothing,
        session=pl.lit(None, pl.Date),
        rule=pl.lit(FindingRule.NOT_A_SESSION.value),
        column=pl.lit("starts_at"),
        value=pl.format("{} bars of {} symbols, the first at {}", "bars", "symbols", "first"),
        expected=pl.lit("a moment the exchange is open; bars outside its hours are not kept"),
        severity=pl.lit(Severity.INFO.value),
        source=pl.format("intraday bars, {}", "date"),
        source_row=pl.lit(None, pl.Int64),
        known_at=pl.lit(None, _FINDINGS["known_at"]),
        row=nothing,
    ).cast(_FINDINGS)
