"""What the quality gate finds of the labelled defects in ../shared/data, and what it finds besides.

Nothing is typed in: `docs/quality.md` holds what `tables` gives, and a test holds it to that.
"""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from quantmatrix_engine import calendars
from quantmatrix_engine.contracts.raw_bars import RawBars
from quantmatrix_engine.prices import quality, screening
from quantmatrix_engine.vocabulary import FLAGGING_RULES, FindingRule

DATASETS = {
    "lean_us_daily_raw": ("symbol", "date"),
    "pystock_us_daily_2015_2017": ("symbol", "date"),
    "quandl_wiki_samples": ("symbol", "date"),
}
OUTSIDE = (
    FindingRule.OPEN_OUTSIDE_RANGE,
    FindingRule.CLOSE_OUTSIDE_RANGE,
    FindingRule.HIGH_BELOW_LOW,
)
# The kinds of the catalogue, and the rules that answer for them.
RULES = {
    "null_price": (FindingRule.NULL_PRICE,),
    "nonpositive_price": (FindingRule.NONPOSITIVE_PRICE,),
    "high_lt_low": (FindingRule.HIGH_BELOW_LOW,),
    "open_or_close_outside": OUTSIDE,
    "duplicate_key": (FindingRule.DUPLICATE_KEY,),
    "not_a_session": (FindingRule.NOT_A_SESSION,),
    "missing_session": (FindingRule.MISSING_SESSION,),
    "spike_reverts": (FindingRule.SPIKE_REVERTS,),
    "zero_volume": (FindingRule.ZERO_VOLUME, FindingRule.FLAT_ZERO_VOLUME),
    "flat_zero_volume": (FindingRule.FLAT_ZERO_VOLUME,),
}
HARD = (
    *("null_price", "nonpositive_price", "high_lt_low", "open_or_close_outside"),
    *("duplicate_key", "not_a_session", "missing_session"),
)
# The catalogue stops at so many labels of a dataset and kind, and of a symbol's missing sessions.
_MOST_LABELS, _MOST_OF_A_SYMBOL = 400, 20
# Both are one question: does the price lie in the range?
_ONE_KIND = dict.fromkeys(
    ("open_or_close_above_high", "open_or_close_below_low"), "open_or_close_outside"
)
_KNOWN_AT = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
_NO_SPLITS = pl.DataFrame(
    schema={"instrument_id": pl.Int64, "ex_date": pl.Date, "ratio": pl.Float64}
)


@dataclass(frozen=True)
class Recall:
    """What became of the labels of one kind, and how much was found that has no label."""

    kind: str
    labels: int
    found: int
    refused: int
    judged_rows: int
    unlabelled: int

    @property
    def recall_pct(self) -> float | None:
        return 100 * self.found / self.labels if self.labels else None


def raw_bars(folder: Path, dataset: str) -> pl.DataFrame:
    """Gives a data set as raw bars (contract RawBars)."""
    read = pl.read_parquet(folder / "ohlcv" / f"{dataset}.parquet").with_row_index("line", 1)
    return read.select(
        provider=pl.lit(dataset),
        symbol="symbol",
        session="date",
        **{name: pl.col(name).cast(pl.Float64) for name in ("open", "high", "low", "close")},
        volume=pl.col("volume").cast(pl.Float64),
        source=pl.lit(dataset),
        source_row=pl.col("line").cast(pl.Int64),
        known_at=pl.lit(_KNOWN_AT).cast(pl.Datetime("us", "UTC")),
    ).select(list(RawBars.to_schema().columns))


def found_in(raw: pl.DataFrame) -> pl.DataFrame:
    """Gives symbol, session and rule of all that is found, a row for each session of a range."""
    inspected = quality.inspect(raw)
    symbols = raw.select(pl.col("symbol").unique().sort()).with_row_index("instrument_id", 1)
    ids = symbols.with_columns(pl.col("instrument_id").cast(pl.Int64))
    bars = inspected.good.join(ids, on="symbol").with_columns(is_final=pl.lit(value=True))
    last: dt.date = raw["session"].max()  # type: ignore[assignment]
    flags = screening.screen(bars, _NO_SPLITS, as_of=last).join(ids, on="instrument_id")
    kept = screening.not_refused(flags, inspected.findings)
    return pl.concat(
        [
            inspected.findings.select("symbol", "session", "rule"),
            _session_by_session(kept).select("symbol", "session", "rule"),
        ]
    ).unique()


def _session_by_session(flags: pl.DataFrame) -> pl.DataFrame:
    days = calendars.sessions(flags["session"].min(), flags["until"].max())  # type: ignore[arg-type]
    known = pl.DataFrame({"day": days})
    long = flags.filter(pl.col("until") > pl.col("session"))
    spread = long.join_where(
        known, pl.col("day") >= pl.col("session"), pl.col("day") <= pl.col("until")
    )
    short = flags.filter(pl.col("until") <= pl.col("session")).with_columns(day="session")
    both = pl.concat([short.select(spread.columns), spread])
    return both.with_columns(session=pl.col("day"))


def recalls(folder: Path) -> list[Recall]:
    """Gives the recall of every kind over the data sets that are there."""
    catalogue = pl.read_csv(folder / "ohlcv_defects" / "defect_catalogue.csv").with_columns(
        session=pl.col("date").str.to_date(),
        kind=pl.col("kind").replace(_ONE_KIND),
    )
    by_kind: dict[str, list[Recall]] = {kind: [] for kind in RULES}
    for dataset in DATASETS:
        raw = raw_bars(folder, dataset)
        found = found_in(raw)
        for kind, rules in RULES.items():
            labels = catalogue.filter(dataset=dataset, kind=kind)
            its = found.filter(pl.col("rule").is_in([rule.value for rule in rules]))
            by_kind[kind].append(_recall(kind, labels, its, found, raw))
    return [_sum(kind, parts) for kind, parts in by_kind.items()]


def _recall(
    kind: str,
    labels: pl.DataFrame,
    found: pl.DataFrame,
    everything: pl.DataFrame,
    raw: pl.DataFrame,
) -> Recall:
    """Holds what was found to the labels; the rest is counted where the labels are complete."""
    refusing = set(FindingRule) - FLAGGING_RULES
    refused = everything.filter(pl.col("rule").is_in([rule.value for rule in refusing]))
    left = labels.join(found, on=["symbol", "session"], how="anti")
    key = ["symbol", "session"]
    complete = _complete(kind, labels, raw)
    besides = found.select(key).unique().join(labels, on=key, how="anti")
    return Recall(
        kind,
        labels=labels.height,
        found=labels.height - left.height,
        refused=left.join(refused, on=key, how="semi").height,
        judged_rows=raw.join(complete, on="symbol", how="semi").height,
        unlabelled=besides.join(complete, on="symbol", how="semi").height,
    )


def _complete(kind: str, labels: pl.DataFrame, raw: pl.DataFrame) -> pl.DataFrame:
    """Gives the symbols of which the catalogue has every label of the kind: it has the first ones.

    Missing sessions are labelled up to 20 of a symbol, other kinds up to 400 of a data set.
    """
    symbols = raw.select("symbol").unique()
    last = labels["symbol"].max()
    if kind == "missing_session" and last is not None:
        full = labels.group_by("symbol").len().filter(pl.col("len") >= _MOST_OF_A_SYMBOL)
        return symbols.filter(pl.col("symbol") <= last).join(full, on="symbol", how="anti")
    if labels.height >= _MOST_LABELS:
        return symbols.filter(pl.col("symbol") < last)
    return symbols


def _sum(kind: str, parts: list[Recall]) -> Recall:
    return Recall(
        kind,
        **{
            name: sum(getattr(one, name) for one in parts)
            for name in ("labels", "found", "refused", "judged_rows", "unlabelled")
        },
    )


def table(folder: Path) -> str:
    """Gives the recalls as a table of Markdown."""
    lines = [
        "| kind | labels | found | refused | recall | rows judged | no label | in a million |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in recalls(folder):
        recall = "none labelled" if one.recall_pct is None else f"{one.recall_pct:.1f} %"
        rate = 1e6 * one.unlabelled / one.judged_rows
        lines.append(
            f"| `{one.kind}` | {one.labels:,} | {one.found:,} | {one.refused:,} | {recall}"
            f" | {one.judged_rows:,} | {one.unlabelled:,} | {rate:.1f} |"
        )
    return "\n".join(lines)
