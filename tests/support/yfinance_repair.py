"""The pairs of bad and repaired series of yfinance's own tests (Apache-2.0)."""

import datetime as dt
from pathlib import Path

import polars as pl

from quantmatrix_engine import calendars
from quantmatrix_engine.prices.action_screening import screen_actions
from quantmatrix_engine.prices.scales import (
    SPLIT_SLACK,
    UNIT,
    UNIT_SLACK,
    Believed,
    off_scale,
    unit_errors,
)
from quantmatrix_engine.prices.series import in_series

UNITS = ("AET-L-1d-100x-error", "SSW-JO-1d-100x-error", "ASAI-L-1h-bad-unit")
SPLITS = (
    *("4063-T-1d-bad-stock-split", "ALPHA-PA-1d-bad-stock-split", "AV-L-1wk-bad-stock-split"),
    *("CNE-L-1d-bad-stock-split", "DEX-AX-1d-bad-stock-split", "LA-V-1d-bad-stock-split"),
    *("MOB-ST-1d-bad-stock-split", "SPM-MI-1d-bad-stock-split"),
)
DIVIDENDS = (
    *("4063-T-1d-bad-div", "8TRA-DE-1d-missing-div-adjust", "DODFX-1d-cg-double-count"),
    *("ELCO-L-1d-bad-div", "KAP-IL-1d-bad-div", "LSC-L-1d-bad-div", "REL-L-1d-bad-div"),
    "SCR-TO-1d-bad-div",
)
CONTROLS = ("CALM-1d-no-bad-divs", "EWG-1d-no-bad-divs", "EA-15m-no-bad-divs")

# Bars of other exchanges, weeks and hours are counted off on sessions of this one.
_SESSIONS = calendars.sessions(dt.date(2000, 1, 3), dt.date(2009, 12, 31))
_KNOWN_AT = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)


def told(folder: Path, name: str) -> pl.DataFrame:
    """Gives a file as a provider tells a series, sorted; `session` is the moment of the bar."""
    read = pl.read_csv(
        folder / "ohlcv_defects" / "yfinance_repair" / f"{name}.csv", infer_schema=False
    )
    moment, *numbers = read.columns
    numeric = read.with_columns(pl.col(numbers).cast(pl.Float64, strict=False))
    gains = pl.col("Capital Gains") if "Capital Gains" in numbers else pl.lit(0.0)
    return numeric.select(
        symbol=pl.lit(name),
        session=pl.col(moment).str.slice(0, 19).str.to_datetime(),
        **{one: one.capitalize() for one in ("open", "high", "low", "close", "volume")},
        adj_close="Adj Close",
        dividend="Dividends",
        ratio="Stock Splits",
        capital_gains=gains,
    ).sort("session")


def series(rows: pl.DataFrame) -> pl.DataFrame:
    """Gives the rows as a series of total return: each bar in the basis of its adjusted close."""
    kept = rows.filter(pl.col("close") > 0, pl.col("adj_close") > 0)
    factor = pl.col("adj_close") / pl.col("close")
    bars = kept.with_columns(pl.col("open", "high", "low", "close") * factor).with_columns(
        instrument_id=pl.lit(1, pl.Int64),
        provider=pl.lit("yahoo"),
        moment="session",
        session=pl.Series(_SESSIONS[: kept.height]),
        known_at=pl.lit(_KNOWN_AT).cast(pl.Datetime("us", "UTC")),
    )
    return in_series(bars)


def off_rows(rows: pl.DataFrame) -> set[dt.datetime]:
    """Gives the moments of the bars found in another scale than the newest that traded.

    A hundredfold unit and the ratios of the splits in the file are looked for, and single prices.
    """
    bars = series(rows)
    known = rows.filter(pl.col("ratio") > 0).get_column("ratio").unique()
    found: set[dt.datetime] = set()
    for unit, slack in [(UNIT, UNIT_SLACK), *((ratio, SPLIT_SLACK) for ratio in known)]:
        factors = pl.DataFrame({"instrument_id": [1], "unit": [unit]})
        off = off_scale(bars, factors, slack=slack, believed=Believed.NEWEST_TRADED)
        found |= set(off["moment"])
    mixed = unit_errors(bars).filter(pl.col("value").str.starts_with("open"))
    return found | set(bars.join(mixed, on="session", how="semi")["moment"])


def repaired_rows(bad: pl.DataFrame, good: pl.DataFrame) -> set[dt.datetime]:
    """Gives the moments of the bars whose prices the repair changed: by a fifth at least."""
    both = bad.join(good, on="session", suffix="_good")
    change = (pl.col("adj_close") / pl.col("adj_close_good")).log().abs()
    return set(both.filter(change > 0.2)["session"])


def found_dividends(rows: pl.DataFrame) -> set[dt.datetime]:
    """Gives the ex-dates that contradict the prices."""
    return set(screen_actions(rows)["session"])


def repaired_dividends(bad: pl.DataFrame, good: pl.DataFrame) -> set[dt.datetime]:
    """Gives the ex-dates whose amount, or whose step of the adjusted close, the repair changed."""
    both = _with_step(bad).join(_with_step(good), on="session", suffix="_good")
    amount = (pl.col("dividend") - pl.col("dividend_good")).abs() > 1e-6
    step = (pl.col("step") - pl.col("step_good")).abs() > 1e-3
    return set(both.filter((pl.col("dividend") > 0) & (amount | step))["session"])


def _with_step(rows: pl.DataFrame) -> pl.DataFrame:
    factor = pl.col("adj_close") / pl.col("close")
    return rows.filter(pl.col("close") > 0).with_columns(step=factor / factor.shift(1))


def table(folder: Path) -> str:
    """Gives what is found of each pair and control as a table of Markdown."""
    lines = ["| series | rows repaired | found at them | found elsewhere |", "|---|---|---|---|"]
    for names, found, repaired in (
        (UNITS + SPLITS, off_rows, repaired_rows),
        (DIVIDENDS, found_dividends, repaired_dividends),
    ):
        for name in names:
            bad, good = told(folder, name), told(folder, f"{name}-fixed")
            ours, theirs = found(bad), repaired(bad, good)
            lines.append(
                f"| {name} | {len(theirs)} | {len(ours & theirs)} | {len(ours - theirs)} |"
            )
    for name in CONTROLS:
        rows = told(folder, name)
        alarms = len(off_rows(rows) | found_dividends(rows))
        lines.append(f"| {name} (control) | 0 | 0 | {alarms} |")
    return "\n".join(lines)
