"""Findings of what a contract refused inside the chain, where no provider's rule says it."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandera.polars as pa
import polars as pl

from quantmatrix_engine.contracts import gate
from quantmatrix_engine.contracts.findings import Findings
from quantmatrix_engine.contracts.shape import types_of
from quantmatrix_engine.vocabulary import FindingRule, Severity

_SCHEMA = types_of(Findings)


@dataclass(frozen=True)
class Parted:
    """The rows that keep a contract, findings of the others, and how many those are."""

    good: pl.DataFrame
    findings: pl.DataFrame
    bad_rows: int


def part(
    contract: type[pa.DataFrameModel], frame: pl.DataFrame, *, provider: str, key: Sequence[str]
) -> Parted:
    """Parts a frame by a contract; `provider` and `key` name the findings, as in `findings`.

    Raises ContractError where the frame is of another shape altogether.
    """
    split = gate.apply(contract, frame)
    refused = findings(contract, frame, split.failures, provider=provider, key=key)
    return Parted(split.good, refused, split.failing_rows)


def findings(
    contract: type[pa.DataFrameModel],
    frame: pl.DataFrame,
    failures: pl.DataFrame,
    *,
    provider: str,
    key: Sequence[str],
) -> pl.DataFrame:
    """Gives a finding (contract Findings) for each failure of a gate, with the row as JSON.

    `frame` is what the gate was applied to; it may have more columns. `symbol`, `session`,
    `source`, `source_row` and `known_at` are the row's own where it has them. Without a source of
    its own, a row is named by the asset, the rule and the values of `key`.
    Where the frame has a `user_id`, so do the findings (contract UserFindings).
    """
    # Writing rows as JSON is slow: of the broken ones alone.
    numbered = frame.with_row_index("row_index").with_columns(pl.col("row_index").cast(pl.Int64))
    broken = numbered.join(failures.select("row_index").unique(), on="row_index", how="semi")
    rows = broken.select(
        "row_index",
        *(_own(frame, name) for name in ("symbol", "session", "source", "source_row", "known_at")),
        *([pl.col("user_id")] if "user_id" in frame.columns else []),
        named=pl.format(
            "{}: {}",
            pl.lit(contract.__name__.lower()),
            pl.concat_str(
                [pl.format("{} {}", pl.lit(name), _text(name)) for name in key], separator=", "
            ),
        ),
        row=pl.struct(frame.columns).struct.json_encode(),
    )
    return (
        failures.rename({"rule": "check"})
        .join(rows, on="row_index", how="left", maintain_order="left")
        .select(
            provider=pl.lit(provider),
            symbol="symbol",
            session="session",
            rule=pl.lit(FindingRule.BROKEN_CONTRACT.value),
            column="column",
            value=pl.format("{}: {}", "check", pl.col("value").fill_null("null")),
            expected=_expected(contract),
            severity=pl.lit(Severity.ERROR.value),
            source=pl.coalesce("source", pl.format("{}, {}", "named", "check")),
            source_row="source_row",
            known_at="known_at",
            row="row",
            **({"user_id": pl.col("user_id")} if "user_id" in frame.columns else {}),
        )
    )


def _own(frame: pl.DataFrame, name: str) -> pl.Expr:
    kept = pl.col(name) if name in frame.columns else pl.lit(None)
    return kept.cast(_SCHEMA[name]).alias(name)


def _text(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.String).fill_null("null")


def _expected(contract: type[pa.DataFrameModel]) -> pl.Expr:
    """Gives what the column at fault holds, in words; the contract itself for a whole row."""
    said = {name: column.description or "" for name, column in contract.to_schema().columns.items()}
    whole = f"the contract {contract.__name__}"
    return pl.col("column").replace_strict(said, default=whole, return_dtype=pl.String)
