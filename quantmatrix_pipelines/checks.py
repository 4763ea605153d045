"""Asset checks: what a contract or a count says, as Dagster shows it.

A check that blocks does so with severity ERROR alone. One bad row, instrument or user is a WARN:
it is quarantined or recorded, and everybody else goes on.
"""

from dataclasses import dataclass, field

import dagster as dg
import polars as pl

from quantmatrix_engine.contracts.findings import Findings
from quantmatrix_pipelines import catalog

# The feed itself is taken to be broken where this share of its rows is bad, and so many of them:
# a small folder with a few bad rows is no broken feed.
SYSTEMIC_RATIO = 0.2
SYSTEMIC_ROWS = 100

NO_FINDINGS = Findings.empty().drop("row")
"""No findings at all, without the whole rows."""


def contract(asset: str, description: str) -> dg.AssetCheckSpec:
    """Declares the check that an asset keeps its contract; it blocks when it breaks as a whole."""
    return dg.AssetCheckSpec("contract", asset=asset, blocking=True, description=description)


def is_systemic(bad_rows: int, rows: int) -> bool:
    """Says whether so many bad rows mean that the whole is broken; no good row always does."""
    if bad_rows >= rows:
        return True
    return bad_rows >= SYSTEMIC_ROWS and bad_rows / rows > SYSTEMIC_RATIO


@dataclass
class Tally:
    """What a contract said of the rows of a run, stretch by stretch."""

    rows: int = 0
    bad_rows: int = 0
    refused: list[pl.DataFrame] = field(default_factory=list)

    def add(self, findings: pl.DataFrame, *, rows: int, bad_rows: int) -> None:
        """Adds `rows` rows, of which `bad_rows` went to quarantine with these `findings`."""
        self.rows += rows
        self.bad_rows += bad_rows
        # The whole row, as JSON, is in the table of findings; here it would only take memory.
        self.refused.append(findings.drop("row"))

    def add_written_before(self, rows: int) -> None:
        """Adds rows that an earlier run of the same backfill wrote: they kept the contract then."""
        self.rows += rows

    def result(self) -> dg.AssetCheckResult:
        """Gives the result of the check `contract`.

        No good row at all, or as many bad ones as `is_systemic` says, is an ERROR.
        """
        findings = pl.concat([NO_FINDINGS, *self.refused])
        return dg.AssetCheckResult(
            check_name="contract",
            passed=self.rows > 0 and findings.is_empty(),
            severity=dg.AssetCheckSeverity.ERROR
            if is_systemic(self.bad_rows, self.rows)
            else dg.AssetCheckSeverity.WARN,
            metadata={
                "rows": self.rows,
                "quarantined_rows": self.bad_rows,
                "by_rule": catalog.table(_by_rule(findings)),
                "findings": catalog.table(
                    findings.select("source", "source_row", "symbol", "rule", "column", "value")
                ),
            },
            description=_in_words(findings, rows=self.rows, bad_rows=self.bad_rows),
        )


def nothing_to_check(reason: str, *names: str) -> list[dg.AssetCheckResult]:
    """Gives results of the checks that pass because there was nothing to look at, saying why."""
    return [dg.AssetCheckResult(check_name=name, passed=True, description=reason) for name in names]


def result(
    name: str, offending: pl.DataFrame, *, is_error: bool, description: str
) -> dg.AssetCheckResult:
    """Gives the result of a check that passes where no row offends."""
    return dg.AssetCheckResult(
        check_name=name,
        passed=offending.is_empty(),
        severity=dg.AssetCheckSeverity.ERROR if is_error else dg.AssetCheckSeverity.WARN,
        metadata={"offending_rows": offending.height, "first_rows": catalog.table(offending)},
        description=description,
    )


def _by_rule(findings: pl.DataFrame) -> pl.DataFrame:
    return findings.group_by("rule").len("findings").sort("findings", "rule", descending=True)


def _in_words(findings: pl.DataFrame, *, rows: int, bad_rows: int) -> str:
    if rows == 0:
        return "There are no rows at all."
    if findings.is_empty():
        return f"All {rows:,} rows keep the contract."
    return f"{bad_rows:,} of {rows:,} rows are in quarantine; the others go on."
