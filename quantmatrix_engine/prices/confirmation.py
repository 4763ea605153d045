"""Which reported corporate actions are believed: those two sources or the price itself confirm.

A split that one source invents would rewrite a whole history, and one that is missed leaves a
cliff in it. So an action counts from the moment a second source said the same, or from the bar that
shows it; until then it is kept, shown, and applied to nothing.
"""

import datetime as dt
from typing import Literal

import polars as pl

from quantmatrix_engine.contracts.raw_actions import RawActionKind

# Ratios and amounts are rounded differently: 1.999996 and 2, 0.5175 and 0.52.
SAME_RATIO = 0.001
SAME_AMOUNT_RATIO = 0.005
SAME_AMOUNT = 0.0005
# A step of the price smaller than this (natural logarithm) drowns in what happens over a night.
VISIBLE_STEP = 0.05
# The price must have gone at least half the way, and no further than a quarter beyond or short.
NEAR_STEP = 0.5
MOST_OFF = 0.223

_NEVER = pl.lit(dt.datetime(9999, 1, 1, tzinfo=dt.UTC)).cast(pl.Datetime("us", "UTC"))
_ACTION = ["instrument_id", "kind", "ex_date"]
_SPLIT = pl.col("kind") == RawActionKind.SPLIT.value


def judged(reported: pl.DataFrame, bars: pl.DataFrame) -> pl.DataFrame:
    """Gives the reported actions with `confirmed_at` (UTC; null: not confirmed) and `reason`.

    `reported` has instrument_id, provider, kind (RawActionKind), ex_date, ratio, amount and
    known_at, every vintage in it; `bars` keeps the contract Bars and holds those around the
    ex-dates. An action is confirmed from the moment all that confirms it was known, so that a
    reading as of an earlier moment does not apply it. What its provider has taken back by then
    confirms nothing. `reason` says why it is not confirmed, and is null where it is. Order and rows
    are those of `reported`.
    """
    rows = reported.with_row_index("place").with_columns(
        taken_back_at=pl.col("known_at")
        .shift(-1)
        .over("provider", *_ACTION, order_by="known_at")
        .fill_null(_NEVER)
    )
    seen = _with_price(_with_agreement(rows), bars)
    confirmed_at = pl.min_horizontal(
        pl.when(pl.col(one) < pl.col("taken_back_at")).then(one)
        for one in ("agreed_at", "shown_at")
    )
    return (
        seen.with_columns(
            confirmed_at=confirmed_at,
            reason=pl.when(confirmed_at.is_null()).then(_reason()),
        )
        .sort("place")
        .select(*reported.columns, "confirmed_at", "reason")
    )


def together(told: pl.DataFrame) -> pl.DataFrame:
    """Gives reported actions with those of one source, symbol, date and kind taken together.

    `told` has the columns of the contract RawActions. A special dividend beside an ordinary one is
    one amount; two splits of a date are one ratio.
    """
    key = ["provider", "symbol", "ex_date", "kind", "known_at"]
    amount = pl.when(pl.col("amount").is_not_null().any()).then(pl.col("amount").sum())
    ratio = pl.when(pl.col("ratio").is_not_null().any()).then(pl.col("ratio").product())
    joined = told.group_by(key, maintain_order=True).agg(
        ratio, amount, pl.col("currency").first(), pl.col("source").first()
    )
    return joined.select(told.columns)


def unseen_actions(told: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Gives the rows of `told` that say something else than the newest of their key in `known`.

    Both have the columns of `reported` above. Telling the same again later adds nothing.
    """
    key = ["provider", *_ACTION]
    newest = known.filter(pl.col("known_at") == pl.col("known_at").max().over(key))
    return told.join(newest, on=[*key, "ratio", "amount"], how="anti", nulls_equal=True).join(
        known, on=[*key, "known_at"], how="anti"
    )


def _with_agreement(rows: pl.DataFrame) -> pl.DataFrame:
    """Adds `agreed_at`: the first moment at which two providers had said the same."""
    others = rows.select(
        *_ACTION,
        other="provider",
        other_ratio="ratio",
        other_amount="amount",
        other_known_at="known_at",
        other_taken_back_at="taken_back_at",
    )
    off = (pl.col("amount") - pl.col("other_amount")).abs()
    agree = (
        pl.when(_SPLIT)
        .then((pl.col("ratio") / pl.col("other_ratio") - 1).abs() <= SAME_RATIO)
        .otherwise(off <= pl.max_horizontal(SAME_AMOUNT_RATIO * pl.col("amount"), SAME_AMOUNT))
    )
    agreed = (
        rows.join(others, on=_ACTION)
        .filter(pl.col("provider") != pl.col("other"), agree)
        .with_columns(both_at=pl.max_horizontal("known_at", "other_known_at"))
        .filter(pl.col("both_at") < pl.min_horizontal("taken_back_at", "other_taken_back_at"))
        .group_by("place")
        .agg(agreed_at=pl.col("both_at").min())
    )
    return rows.join(agreed, on="place", how="left")


def _with_price(rows: pl.DataFrame, bars: pl.DataFrame) -> pl.DataFrame:
    """Adds the close before, the open since, and `shown_at`: when the bars showed the action."""
    series = bars.sort("session", "known_at").unique(
        ["instrument_id", "session"], keep="last", maintain_order=True
    )
    before = _beside(rows, series, "backward", close_before="close", before_known_at="known_at")
    both = _beside(before, series, "forward", open_since="open", since_known_at="known_at")
    step = (
        pl.when(_SPLIT)
        .then(-pl.col("ratio").log())
        .otherwise((1 - pl.col("amount") / pl.col("close_before")).log())
    )
    off = ((pl.col("open_since") / pl.col("close_before")).log() - step).abs()
    near = off <= pl.min_horizontal(NEAR_STEP * step.abs(), MOST_OFF)
    moments = pl.max_horizontal("known_at", "before_known_at", "since_known_at")
    return both.with_columns(
        step=step, shown_at=pl.when((step.abs() >= VISIBLE_STEP) & near).then(moments)
    )


def _beside(
    rows: pl.DataFrame,
    series: pl.DataFrame,
    strategy: Literal["backward", "forward"],
    **columns: str,
) -> pl.DataFrame:
    """Adds columns of the bar before the ex-date, or of the first one on or after it."""
    named = {name: pl.col(column) for name, column in columns.items()}
    return (
        rows.sort("ex_date")
        .join_asof(
            series.select("instrument_id", "session", **named).sort("session"),
            left_on="ex_date",
            right_on="session",
            by="instrument_id",
            strategy=strategy,
            allow_exact_matches=strategy == "forward",
            check_sortedness=False,
        )
        .drop("session", strict=False)
    )


def _reason() -> pl.Expr:
    alone = pl.format("{} alone says so, and ", "provider")
    moved = pl.format("{} to {}", "close_before", "open_since")
    no_bars = pl.col("close_before").is_null() | pl.col("open_since").is_null()
    small = pl.col("step").abs() < VISIBLE_STEP
    return alone + (
        pl.when(no_bars)
        .then(pl.lit("there is no bar on both sides of the ex-date"))
        .when(small)
        .then(pl.lit("it is too small to show in the price"))
        .otherwise(
            pl.format(
                "the price went from {}, not by a factor of {}",
                moved,
                pl.col("step").exp().round(4),
            )
        )
    )
