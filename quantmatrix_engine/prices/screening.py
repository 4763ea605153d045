"""Screening: the findings that need a series, not a row.

They flag and never drop. On the day itself an error cannot be told from an honest move, and a bar
that later bars took out would have been seen by whoever computed that day: a look-ahead.
"""

import datetime as dt

import polars as pl

from quantmatrix_engine.contracts.findings import Findings
from quantmatrix_engine.prices.gaps import missing_sessions, stale_series
from quantmatrix_engine.prices.jumps import spikes, splits_not_applied, unexplained_jumps
from quantmatrix_engine.prices.scales import unit_errors
from quantmatrix_engine.prices.series import in_series
from quantmatrix_engine.prices.volumes import flat_zero_volumes, repeated_bars, zero_volumes
from quantmatrix_engine.vocabulary import FindingRule, Severity

LOOK_BACK_SESSIONS = 25
"""With so many sessions before it, a session shows all that its full history would, but for gaps
longer than that: those were found as a series that went stale."""

SOURCE = "series"
"""The source of a finding that no single row shows: the same whichever run sees it."""

_HONEST_OFTEN = (FindingRule.FLAT_ZERO_VOLUME, FindingRule.REPEATED_BAR)


def screen(bars: pl.DataFrame, splits: pl.DataFrame, *, as_of: dt.date) -> pl.DataFrame:
    """Gives what looks odd in the bars up to `as_of` (contract Flags), sorted by its key.

    `bars` keeps the contract Bars, every vintage in it; `splits` has instrument_id, ex_date and
    ratio. Cutting off the bars after a session leaves the flags `seen_on` by then, but for silences
    that were broken since and for how long a run is.
    """
    series = in_series(bars.filter(pl.col("session") <= as_of))
    found = [
        missing_sessions(series),
        stale_series(series, as_of=as_of),
        spikes(series),
        unit_errors(series),
        unexplained_jumps(series, splits),
        splits_not_applied(series, splits),
        zero_volumes(series),
        flat_zero_volumes(series),
        repeated_bars(series),
    ]
    return pl.concat(found).sort("instrument_id", "provider", "session", "rule")


def seen_in(
    history: pl.DataFrame,
    bars: pl.DataFrame,
    splits: pl.DataFrame,
    *,
    first: dt.date,
    last: dt.date,
) -> pl.DataFrame:
    """Gives the flags (contract Flags) that the sessions from `first` to `last` show.

    `bars` are those of these sessions, `history` of the LOOK_BACK_SESSIONS before them, or more;
    both keep the contract Bars.
    """
    flags = screen(pl.concat([history, bars]), splits, as_of=last)
    return flags.filter(pl.col("seen_on").is_between(first, last))


def as_findings(flags: pl.DataFrame, rows: pl.DataFrame, instruments: pl.DataFrame) -> pl.DataFrame:
    """Gives flags as findings (contract Findings).

    `rows` keeps the contract CleanBars; where it has the row of a flag, the finding keeps that row.
    `instruments` keeps the contract Instruments and gives the symbols. A flag of a session the
    instrument has no symbol on is left out.
    """
    severity = pl.when(pl.col("rule").is_in(_HONEST_OFTEN))
    named = _named(flags, instruments)
    return (
        named.join(
            _newest(rows, of=named),
            on=["provider", "symbol", "session"],
            how="left",
            maintain_order="left",
        )
        .select(
            "provider",
            "symbol",
            "session",
            "rule",
            column=pl.lit(None, pl.String),
            value="value",
            expected="expected",
            severity=severity.then(pl.lit(Severity.INFO.value)).otherwise(
                pl.lit(Severity.WARNING.value)
            ),
            source=pl.lit(SOURCE),
            source_row=pl.lit(None, pl.Int64),
            known_at="known_at",
            row="row",
        )
        .select(list(Findings.to_schema().columns))
    )


def _named(flags: pl.DataFrame, instruments: pl.DataFrame) -> pl.DataFrame:
    spells = instruments.select("instrument_id", "symbol", "valid_from", "valid_to")
    return flags.join(spells, on="instrument_id", maintain_order="left").filter(
        pl.col("session") >= pl.col("valid_from"),
        pl.col("valid_to").is_null() | (pl.col("session") < pl.col("valid_to")),
    )


def _newest(rows: pl.DataFrame, *, of: pl.DataFrame) -> pl.DataFrame:
    key = ["provider", "symbol", "session"]
    wanted = rows.join(of.select(key).unique(), on=key, how="semi", maintain_order="left")
    last = wanted.sort("known_at", maintain_order=True).unique(key, keep="last")
    return last.select(
        "provider",
        "symbol",
        "session",
        row=pl.struct(rows.columns).struct.json_encode(),
    )


def not_refused(found: pl.DataFrame, refused: pl.DataFrame) -> pl.DataFrame:
    """Gives `found` without gaps that begin where a row came and was refused.

    Both have symbol and session. What was delivered and refused has a finding of its own.
    """
    gaps = pl.col("rule") == FindingRule.MISSING_SESSION.value
    came = refused.select("symbol", "session").unique().with_columns(came=pl.lit(value=True))
    joined = found.join(came, on=["symbol", "session"], how="left", maintain_order="left")
    return joined.filter(~(gaps & pl.col("came").fill_null(value=False))).drop("came")
