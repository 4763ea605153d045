"""Disagreement: two providers that say different closes of the same session."""

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType

import polars as pl

from quantmatrix_engine.contracts.findings import Findings
from quantmatrix_engine.vocabulary import FindingRule, Severity

# From a session on, the most that two closes may differ, in percent of the smaller. Two vendors'
# closes of 1998 to 2008 differ by up to 3.2 % at the 99th percentile (last trade against official
# close), of 2009 to 2020 by up to 0.4 % (../shared/data/README.md, Lean against Yahoo).
TOLERANCE_PCT: Mapping[dt.date, float] = MappingProxyType(
    {dt.date.min: 5.0, dt.date(2010, 1, 1): 0.5}
)


def disagreements(
    bars: pl.DataFrame, *, tolerance_pct: Mapping[dt.date, float] = TOLERANCE_PCT
) -> pl.DataFrame:
    """Gives a finding for each pair of providers whose closes of a bar differ beyond tolerance.

    `bars` has the columns of RawBars, as traded, and may have `instrument_id`, by which a symbol
    is then told from another company's. Of a provider that said it twice, the newest row counts; a
    close that is null or not above 0 is left to the quality gate. A difference of exactly the
    tolerance is none. The finding is about the provider whose name comes later: which of the two is
    right is not known.
    """
    if bars.get_column("provider").n_unique() < 2:
        return Findings.empty()
    key = [name for name in ("instrument_id", "symbol", "session") if name in bars.columns]
    said = (
        bars.filter(pl.col("close").is_finite() & (pl.col("close") > 0))
        .sort("known_at", "source", "source_row")
        .unique([*key, "provider"], keep="last", maintain_order=True)
    )
    pairs = said.join(
        said.select(*key, "provider", "close", "known_at"), on=key, suffix="_other"
    ).filter(pl.col("provider") > pl.col("provider_other"))
    tolerances = pl.DataFrame(
        sorted(tolerance_pct.items()),
        schema={"session": pl.Date, "tolerance_pct": pl.Float64},
        orient="row",
    ).sort("session")
    judged = pairs.sort("session").join_asof(tolerances, on="session", strategy="backward")
    # A hair of room, so that rounding does not turn exactly the tolerance into more.
    beyond = judged.with_columns(difference_pct=_difference_pct()).filter(
        pl.col("difference_pct") > pl.col("tolerance_pct") + 1e-9
    )
    return (
        beyond.select(
            "provider",
            "symbol",
            "session",
            rule=pl.lit(FindingRule.PROVIDER_DISAGREEMENT.value),
            column=pl.lit("close"),
            value=pl.format(
                "{}: {}, {}: {} ({} %)",
                "provider",
                "close",
                "provider_other",
                "close_other",
                pl.col("difference_pct").round(2),
            ),
            expected=pl.format(
                "closes of two providers within {} % of each other", pl.col("tolerance_pct")
            ),
            severity=pl.lit(Severity.WARNING.value),
            source="source",
            source_row="source_row",
            known_at=pl.max_horizontal("known_at", "known_at_other"),
            row=pl.lit(None, pl.String),
        )
        .sort("symbol", "session", "provider")
        .match_to_schema(Findings.empty().schema)
    )


def _difference_pct() -> pl.Expr:
    smaller = pl.min_horizontal("close", "close_other")
    return (pl.col("close") - pl.col("close_other")).abs() / smaller * 100
