"""The quality gate of bars: which raw bars can be used, and a finding for each rule broken."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from quantmatrix_engine.contracts import gate
from quantmatrix_engine.contracts.bars import CleanBars
from quantmatrix_engine.prices.decisions import not_rejected, not_released
from quantmatrix_engine.vocabulary import FindingRule, Severity

EXPECTED = {
    FindingRule.NOT_A_NUMBER: "finite prices and volume",
    FindingRule.NULL_PRICE: "a price",
    FindingRule.NONPOSITIVE_PRICE: "a price above 0",
    FindingRule.NULL_VOLUME: "a volume, 0 where nothing traded",
    FindingRule.NEGATIVE_VOLUME: "a volume of 0 or more",
    FindingRule.HIGH_BELOW_LOW: "a high at or above the low",
    FindingRule.OPEN_OUTSIDE_RANGE: "an open between low and high",
    FindingRule.CLOSE_OUTSIDE_RANGE: "a close between low and high",
    FindingRule.DUPLICATE_KEY: "one row for a symbol and session",
    FindingRule.NOT_A_SESSION: "a date the exchange traded on",
}

_PRICES = pl.format("low {}, high {}, open {}, close {}", "low", "high", "open", "close")
_SHOWN = {
    FindingRule.NOT_A_NUMBER: pl.format("{}, volume {}", _PRICES, "volume"),
    FindingRule.HIGH_BELOW_LOW: pl.format("high {} < low {}", "high", "low"),
    FindingRule.OPEN_OUTSIDE_RANGE: pl.format("open {} outside {}..{}", "open", "low", "high"),
    FindingRule.CLOSE_OUTSIDE_RANGE: pl.format("close {} outside {}..{}", "close", "low", "high"),
    FindingRule.DUPLICATE_KEY: _PRICES,
    FindingRule.NOT_A_SESSION: pl.col("session").dt.strftime("%A %Y-%m-%d"),
}


@dataclass(frozen=True)
class Inspection:
    """Raw bars after the gate: the good ones, unchanged, and what is wrong with the others.

    `findings` keeps the contract Findings; a row that breaks two rules has two.
    """

    good: pl.DataFrame
    findings: pl.DataFrame


def inspect(raw_bars: pl.DataFrame, decisions: pl.DataFrame | None = None) -> Inspection:
    """Parts raw bars (contract RawBars) by the contract CleanBars.

    `decisions` are findings as they were decided (columns of DECISIONS_SCHEMA): a row all of whose
    findings were released is good, one whose flag was rejected is not. Raises ContractError where
    the frame is of another shape altogether.
    """
    split = gate.apply(CleanBars, raw_bars)
    if decisions is None or decisions.is_empty():
        return Inspection(good=split.good, findings=findings(raw_bars, split.failures))
    failures = split.failures.join(_numbered(raw_bars), on="row_index", how="left")
    refused = not_released(failures, decisions)
    kept = _numbered(raw_bars).join(refused, on="row_index", how="anti", maintain_order="left")
    good = not_rejected(kept.select(raw_bars.columns), decisions)
    return Inspection(good=good, findings=findings(raw_bars, refused))


def _numbered(raw_bars: pl.DataFrame) -> pl.DataFrame:
    return raw_bars.with_row_index("row_index").with_columns(pl.col("row_index").cast(pl.Int64))


def findings(
    raw_bars: pl.DataFrame,
    failures: pl.DataFrame,
    *,
    expected: Mapping[FindingRule, str] = EXPECTED,
) -> pl.DataFrame:
    """Gives a finding (contract Findings) for each failure of a gate, with the row as JSON.

    `raw_bars` is what the gate was applied to; `expected` says what would be right, by rule.
    """
    broken = failures.select(list(gate.FAILURE_SCHEMA))
    # Writing rows as JSON is slow: of the broken ones alone.
    rows = (
        _numbered(raw_bars)
        .join(broken.select("row_index").unique(), on="row_index", how="semi")
        .with_columns(row=pl.struct(raw_bars.columns).struct.json_encode())
    )
    return broken.join(rows, on="row_index", how="left").select(
        "provider",
        "symbol",
        "session",
        "rule",
        "column",
        value=_shown_value(),
        expected=pl.col("rule").replace_strict(dict(expected), default="", return_dtype=pl.String),
        severity=pl.lit(Severity.ERROR.value),
        source="source",
        source_row="source_row",
        known_at="known_at",
        row="row",
    )


def _shown_value() -> pl.Expr:
    shown = pl.col("value")
    for rule, text in _SHOWN.items():
        shown = pl.when(pl.col("rule") == rule.value).then(text).otherwise(shown)
    return shown
