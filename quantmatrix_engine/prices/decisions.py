"""Decisions: what became of findings, and what that means for the rows they are about."""

import polars as pl

from quantmatrix_engine.contracts.bars import KEY
from quantmatrix_engine.vocabulary import FLAGGING_RULES, FindingRule, FindingStatus

RELEASABLE = frozenset(
    {
        FindingRule.HIGH_BELOW_LOW,
        FindingRule.OPEN_OUTSIDE_RANGE,
        FindingRule.CLOSE_OUTSIDE_RANGE,
        FindingRule.DUPLICATE_KEY,
        *FLAGGING_RULES,
    }
)
"""Rules whose row can be used in spite of them. A row without a price, a volume, a session or an
instrument cannot be computed with, whoever releases it."""

DECISIONS_SCHEMA = {
    "provider": pl.String,
    "source": pl.String,
    "source_row": pl.Int64,
    "symbol": pl.String,
    "session": pl.Date,
    "rule": pl.String,
    "column": pl.String,
    "status": pl.String,
    "known_at": pl.Datetime("us", "UTC"),
}
"""A finding as it was decided: its identity with its status; where no moment its row was known is
stated, `known_at` is the moment of the finding."""

_FLAGS = sorted(FLAGGING_RULES)
_IDENTITY = ("provider", "source", "source_row", "symbol", "session", "rule", "column")


def not_released(failing: pl.DataFrame, decisions: pl.DataFrame) -> pl.DataFrame:
    """Gives the broken rules of rows (with the identity of a finding) that nobody released."""
    released = decisions.filter(
        (pl.col("status") == FindingStatus.RELEASED.value)
        & pl.col("rule").is_in(sorted(RELEASABLE))
    ).select(*_IDENTITY, "known_at")
    key = [*_IDENTITY, "known_at"]
    return failing.join(released, on=key, how="anti", nulls_equal=True, maintain_order="left")


def not_rejected(bars: pl.DataFrame, decisions: pl.DataFrame) -> pl.DataFrame:
    """Gives the bars (contract CleanBars) no flag of which was rejected.

    A vintage that became known after what was rejected is another row, and stays. Of rows that say
    different things of one moment and were released, the first stays.
    """
    rejected = (
        decisions.filter(
            (pl.col("status") == FindingStatus.REJECTED.value) & pl.col("rule").is_in(_FLAGS)
        )
        .group_by("provider", "symbol", "session")
        .agg(rejected_at=pl.col("known_at").max())
    )
    return (
        bars.join(rejected, on=["provider", "symbol", "session"], how="left", maintain_order="left")
        .filter(pl.col("rejected_at").is_null() | (pl.col("known_at") > pl.col("rejected_at")))
        .drop("rejected_at")
        .unique(KEY, keep="first", maintain_order=True)
    )


def corrected(findings: pl.DataFrame, good: pl.DataFrame, found: pl.DataFrame) -> list[int]:
    """Gives the ids of the open findings that a later delivery answered.

    `findings` has the columns of DECISIONS_SCHEMA and `id`; `good` keeps the contract CleanBars,
    `found` the contract Findings: both are what a run made of the sessions. A refused row is
    answered by a good one that became known later; a flag by a later one, which has a finding of
    its own where it shows the same. A disagreement is answered where it is not found again,
    whichever side gave way; a gap by a bar of its first session; a silence by a bar after it. What
    is said of an action is not answered by bars.
    """
    key = ["provider", "symbol", "session"]
    newest = good.group_by(key).agg(newest=pl.col("known_at").max())
    last = good.group_by("provider", "symbol").agg(last=pl.col("session").max())
    told = (
        findings.join(newest, on=key, how="left")
        .join(last, on=["provider", "symbol"], how="left")
        .join(
            found.select(*key, "rule", "known_at").unique().with_columns(again=True),
            on=[*key, "rule", "known_at"],
            how="left",
        )
    )
    rule, later = pl.col("rule"), pl.col("newest") > pl.col("known_at")
    has_next = (rule != FindingRule.SPIKE_REVERTS.value) | (pl.col("last") > pl.col("session"))
    answered = (
        pl.when(rule == FindingRule.UNCONFIRMED_ACTION.value)
        .then(pl.lit(value=False))
        .when(rule == FindingRule.PROVIDER_DISAGREEMENT.value)
        .then(pl.col("newest").is_not_null() & pl.col("again").is_null())
        .when(rule == FindingRule.MISSING_SESSION.value)
        .then(pl.col("newest").is_not_null())
        .when(rule == FindingRule.STALE_SERIES.value)
        .then(pl.col("last") > pl.col("session"))
        .when(rule.is_in(_FLAGS))
        .then(later & pl.col("again").is_null() & has_next)
        .otherwise(later)
    )
    ids: list[int] = told.filter(answered.fill_null(value=False))["id"].sort().to_list()
    return ids
