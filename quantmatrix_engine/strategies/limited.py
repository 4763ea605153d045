"""Limits: entries cut to what their user's limits leave, and said to be."""

import datetime as dt
import math
from collections.abc import Mapping
from typing import Any

import polars as pl

from quantmatrix_engine.sizing import exposure
from quantmatrix_engine.sizing.exposure import Risk
from quantmatrix_engine.sizing.limits import within_limits
from quantmatrix_engine.strategies.amounts import PERCENT_DIGITS
from quantmatrix_engine.strategies.evaluate import WITHHELD_SCHEMA, Evaluation
from quantmatrix_engine.strategies.trace import RULE_SCHEMA
from quantmatrix_engine.vocabulary import Action, SizeBasis, WithheldReason

_RULE = "limit_"
"""What the names of the trace's rows of limits begin with; no rule of a kind does."""
_LIMITS = {
    "position": ("max_position_pct", "{} % a position"),
    "sector": ("max_sector_pct", "{} % a sector"),
    "heat": ("max_heat_pct", "{} % lost if every stop is hit"),
    "positions": ("max_positions", "{} positions"),
}
_KEY = ["strategy_id", "instrument_id"]


def limited(
    said: Evaluation,
    owners: pl.DataFrame,
    risk: Risk,
    *,
    closes: pl.DataFrame,
    session: dt.date,
) -> Evaluation:
    """Gives what was said with the entries cut to the limits of their users.

    `owners` has strategy_id and user_id; `closes` has instrument_id and close. A size that was cut
    has one more row in its trace: `value` is the size before, `threshold` what the limit left. An
    entry that nothing is left of is withheld, with the limit. What an earlier evaluation of the
    session said (`risk.said`) is not cut anew.
    """
    entries = _entries(said.signals, owners, risk)
    if entries.is_empty():
        return said
    cut = _cut(entries, risk, exposure.held(risk, closes, session))
    told, refused = cut.filter(pl.col("told_pct") > 0), cut.filter(pl.col("told_pct") <= 0)
    entry = pl.col("action") == Action.ENTRY.value
    gone = refused.select(*_KEY, action=pl.lit(Action.ENTRY.value))
    signals = (
        said.signals.join(gone, on=[*_KEY, "action"], how="anti", maintain_order="left")
        .join(told.select(*_KEY, "told_pct", "row"), on=_KEY, how="left", maintain_order="left")
        .with_columns(
            size_pct=pl.when(entry).then(pl.coalesce("told_pct", "size_pct")).otherwise("size_pct"),
            trace=pl.when(entry).then(pl.coalesce(_appended(), "trace")).otherwise("trace"),
        )
        .select(said.signals.columns)
    )
    withheld = refused.select(
        *_KEY,
        reason=pl.lit(WithheldReason.LIMIT.value),
        detail=pl.format(
            "an entry of {} % of the account: your limit of {} leaves no room",
            _plain("size_pct"),
            "limit",
        ),
    )
    kept = pl.concat([said.withheld, withheld.select(list(WITHHELD_SCHEMA))])
    return Evaluation(signals, kept.sort(_KEY))


def uncut(signal: Mapping[str, Any]) -> dict[str, Any]:
    """Gives a signal, its trace a list of rules, as it was before limits cut it.

    One whose size is not what its limit left keeps it: that is no size we said.
    """
    rules = [rule for rule in signal["trace"] if not is_limit(rule)]
    size = signal["size_pct"]
    for rule in filter(is_limit, signal["trace"]):
        size = rule["value"] if math.isclose(rule["threshold"], size) else size
    return {**signal, "trace": rules, "size_pct": size}


def is_limit(rule: Mapping[str, Any]) -> bool:
    """Says whether a row of a trace is of a limit that cut the size."""
    return str(rule["rule"]).startswith(_RULE)


def _entries(signals: pl.DataFrame, owners: pl.DataFrame, risk: Risk) -> pl.DataFrame:
    """Gives the entries of users with limits that were not said before, with user_id and sector."""
    limited_owners = owners.join(risk.limits, on="user_id", how="semi")
    return (
        signals.filter(
            pl.col("action") == Action.ENTRY.value,
            pl.col("size_basis") == SizeBasis.ACCOUNT.value,
        )
        .join(limited_owners, on="strategy_id")
        .join(risk.said, on=_KEY, how="anti")
        .join(risk.sectors, on="instrument_id", how="left")
        .select("user_id", *_KEY, "sector", "strength", "price", "stop", "size_pct")
    )


def _cut(entries: pl.DataFrame, risk: Risk, held: pl.DataFrame) -> pl.DataFrame:
    """Gives the entries that are cut: size_pct before, told_pct after, limit, and trace row."""
    cut = within_limits(entries, held, risk.limits).filter(pl.col("limited_by").is_not_null())
    # A size is never rounded up, which would pass the limit, but for the noise of its own digits.
    digits = 10**PERCENT_DIGITS
    told = (pl.col("size_pct") * digits).round(PERCENT_DIGITS).floor() / digits
    return (
        cut.select(*_KEY, "user_id", "limited_by", told_pct=told)
        .join(entries.select(*_KEY, "size_pct"), on=_KEY)
        .join(risk.limits, on="user_id")
        .with_columns(limit=_limit())
        .with_columns(row=_row().struct.json_encode())
    )


def _limit() -> pl.Expr:
    """Gives the limit that cut, in words."""
    return pl.coalesce(
        pl.when(pl.col("limited_by") == name).then(pl.format(text, _plain(column)))
        for name, (column, text) in _LIMITS.items()
    )


def _row() -> pl.Expr:
    """Gives the trace's row of the limit, a struct of RULE_SCHEMA."""
    values = {
        "rule": pl.format(_RULE + "{}", "limited_by"),
        "label": pl.format("size, % of the account, within {}", "limit"),
        "value": pl.col("size_pct"),
        "comparison": pl.lit("<="),
        "threshold": pl.col("told_pct"),
        "is_met": pl.lit(value=False),
        "margin": pl.col("told_pct") - pl.col("size_pct"),
        "is_required": pl.lit(value=False),
        "weight": pl.lit(0.0),
    }
    return pl.struct(values[field.name].alias(field.name) for field in RULE_SCHEMA.fields)


def _appended() -> pl.Expr:
    """Gives the trace with the row of the limit behind the others; null where there is none."""
    comma = pl.when(pl.col("trace") == "[]").then(pl.lit("")).otherwise(pl.lit(","))
    return pl.col("trace").str.head(-1) + comma + pl.col("row") + pl.lit("]")


def _plain(column: str) -> pl.Expr:
    """Gives a number as text, without the nought after the point of a whole one."""
    return pl.col(column).cast(pl.String).str.strip_suffix(".0")
