"""Outcomes: what became of a signal, session after session, by the bars that came later.

An entry is followed as an order to buy at its price at most, good until `valid_until`:

- `pending`: no bar came after its session yet. `active`: bars came, and stayed above its price.
- `triggered`: a bar traded at its price or below; from here it is measured, from its own price.
- `target_hit`: the furthest target reached so far is `hit_target`; the last one ends it.
- `stopped`: a bar traded at the stop or below. It ends at the stop, or at an open below it.
- `exited`: its strategy said an exit while it was held. It ends at that session's close.
- `expired`: its last session passed before it was triggered. `cancelled`: its strategy said an exit
  before. `invalidated`: a session opened at its stop or below before it was triggered.

What a bar leaves open is taken against the trade: where it has both the stop and a target, the stop
came first, unless it opened at the target or above; of the bar that triggers by falling to the
price only the close counts as a rise. Prices have six digits after the point, as they are stored.
Exits and scale-outs are measured from the next bar on, without stop or target. What is not over
after FOLLOWED_SESSIONS is closed as it stands.
"""

import datetime as dt
from typing import Any

import polars as pl

from quantmatrix_engine import calendars
from quantmatrix_engine.strategies.amounts import PRICE_DIGITS
from quantmatrix_engine.vocabulary import Action, Stage

FOLLOWED_SESSIONS = {Action.ENTRY: 60, Action.SCALE_OUT: 20, Action.EXIT: 20}
"""For how many sessions after its own a signal is followed at most."""

SIGNAL_SCHEMA: dict[str, Any] = {
    "signal_id": pl.Int64,
    "user_id": pl.Int64,
    "strategy_id": pl.Int64,
    "instrument_id": pl.Int64,
    "session": pl.Date,
    "action": pl.String,
    "price": pl.Float64,
    "stop": pl.Float64,
    "target_1": pl.Float64,
    "target_2": pl.Float64,
    "target_3": pl.Float64,
    "valid_until": pl.Date,
}
MEASURED_SCHEMA: dict[str, Any] = {
    "stage": pl.String,
    "through_session": pl.Date,
    "sessions_held": pl.Int64,
    "highest_price": pl.Float64,
    "lowest_price": pl.Float64,
    "return_pct": pl.Float64,
    "best_pct": pl.Float64,
    "worst_pct": pl.Float64,
    "hit_target": pl.Int64,
    "hit_stop": pl.Boolean,
    "closed": pl.Boolean,
}
STAGE_SCHEMA: dict[str, Any] = {
    "signal_id": pl.Int64,
    "user_id": pl.Int64,
    "stage": pl.String,
    "target": pl.Int64,
    "session": pl.Date,
    "price": pl.Float64,
}

_TARGETS = ("target_1", "target_2", "target_3")
_HELD = (Stage.TRIGGERED.value, Stage.TARGET_HIT.value)
_OVER = [one.value for one in Stage if one.is_over]


def unmeasured(signals: pl.DataFrame) -> pl.DataFrame:
    """Gives signals (SIGNAL_SCHEMA) with the outcome (MEASURED_SCHEMA) of their own session."""
    start = {
        "stage": pl.lit(Stage.PENDING.value),
        "through_session": pl.col("session"),
        "sessions_held": pl.lit(0),
        "hit_stop": pl.lit(value=False),
        "closed": pl.lit(value=False),
    }
    return signals.with_columns(
        start.get(name, pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in MEASURED_SCHEMA.items()
    )


def begun(outcomes: pl.DataFrame, *, before: dt.date) -> pl.DataFrame:
    """Gives outcomes (SIGNAL_SCHEMA, MEASURED_SCHEMA) that no bar from `before` on has changed.

    One without a stage, and one that was followed to `before` or further, begins with its signal.
    """
    is_new = pl.col("stage").is_null() | (pl.col("through_session") >= before)
    new = unmeasured(outcomes.filter(is_new).select(list(SIGNAL_SCHEMA)))
    return pl.concat([outcomes.filter(~is_new), new.select(outcomes.columns)])


def followed(
    outcomes: pl.DataFrame,
    bars: pl.DataFrame,
    exits: pl.DataFrame,
    splits: pl.DataFrame,
    *,
    through: dt.date,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Gives the outcomes as of the session `through`, and each stage they came to on the way.

    `outcomes` has SIGNAL_SCHEMA and MEASURED_SCHEMA, as `unmeasured` or this function gave it;
    `bars` has instrument_id, session, open, high, low and close as traded, one an instrument and
    session, of every session after the earliest `through_session`; `exits` has strategy_id,
    instrument_id and session of the exits that were said; `splits` keeps the contract PriceActions.
    Prices of outcomes are in the basis of their signal's session. The stages have STAGE_SCHEMA,
    `target` being the number of the one reached, `price` at what price it happened (null where it
    did at none).
    """
    limited = outcomes.join(_limits(outcomes), on=["session", "action"], how="left")
    reached = [pl.DataFrame(schema=STAGE_SCHEMA)]
    for session in _sessions(limited, through):
        due = ~pl.col("closed") & (pl.col("through_session") < session)
        waiting = limited.filter(due)
        if waiting.is_empty():
            continue
        known = _with_bars(waiting, bars, exits, splits, session)
        judged = known.pipe(_started).pipe(_ended, session).pipe(_measured)
        reached.append(_stages(judged, session))
        moved = judged.with_columns(through_session=pl.lit(session)).select(limited.columns)
        limited = pl.concat([limited.filter(~due), moved])
    return limited.select(outcomes.columns).sort("signal_id"), pl.concat(reached)


def _sessions(outcomes: pl.DataFrame, through: dt.date) -> list[dt.date]:
    """Gives the sessions that were not looked at for some signal yet."""
    open_since = outcomes.filter(~pl.col("closed")).get_column("through_session").sort()
    return calendars.sessions(open_since.item(0), through) if open_since.len() else []


def _limits(outcomes: pl.DataFrame) -> pl.DataFrame:
    """Gives the last session that is looked at by session and action."""
    asked = outcomes.select("session", "action").unique()
    ends = [
        calendars.sessions_after(session, FOLLOWED_SESSIONS[Action(action)])
        for session, action in asked.iter_rows()
    ]
    return asked.with_columns(followed_until=pl.Series(ends, dtype=pl.Date))


def _with_bars(
    outcomes: pl.DataFrame,
    bars: pl.DataFrame,
    exits: pl.DataFrame,
    splits: pl.DataFrame,
    session: dt.date,
) -> pl.DataFrame:
    """Adds the session's bar in the basis of the signal, and whether its strategy says exit."""
    of_session = bars.filter(pl.col("session") == session)
    said = exits.filter(pl.col("session") == session).select("strategy_id", "instrument_id")
    between = splits.filter(pl.col("ratio").is_not_null() & (pl.col("ex_date") <= session))
    ratios = (
        outcomes.select("signal_id", "instrument_id", "session")
        .join(between.select("instrument_id", "ex_date", "ratio"), on="instrument_id")
        .filter(pl.col("ex_date") > pl.col("session"))
        .group_by("signal_id")
        .agg(pl.col("ratio").product())
    )
    prices = ("open", "high", "low", "close")
    return (
        outcomes.join(of_session.select("instrument_id", *prices), on="instrument_id", how="left")
        .join(
            said.unique().with_columns(is_exit=pl.lit(value=True)),
            on=["strategy_id", "instrument_id"],
            how="left",
        )
        .join(ratios, on="signal_id", how="left")
        .with_columns(
            *(pl.col(name) * pl.col("ratio").fill_null(1.0) for name in prices),
            pl.col("is_exit").fill_null(value=False),
            is_entry=pl.col("action") == Action.ENTRY.value,
            was_held=pl.col("stage").is_in(_HELD),
            has_bar=pl.col("close").is_not_null(),
        )
    )


def _started(known: pl.DataFrame) -> pl.DataFrame:
    """Adds whether the trade is invalid, starts or is held on the bar, and the high that counts."""
    price, opened = pl.col("price"), pl.col("open")
    is_first = ~pl.col("was_held") & pl.col("has_bar")
    below_stop = (opened <= pl.col("stop")).fill_null(value=False)
    return (
        known.with_columns(is_invalid=is_first & pl.col("is_entry") & below_stop)
        .with_columns(
            starts=is_first
            & ~pl.col("is_invalid")
            & (~pl.col("is_entry") | (pl.col("low") <= price))
        )
        .with_columns(
            held=pl.col("has_bar") & (pl.col("was_held") | pl.col("starts")),
            seen_high=pl.when(pl.col("was_held") | ~pl.col("is_entry") | (opened <= price))
            .then("high")
            .otherwise(pl.max_horizontal("price", "close")),
        )
    )


def _ended(started: pl.DataFrame, session: dt.date) -> pl.DataFrame:
    """Adds the targets reached, at which price the trade ended, if it did, and its next stage."""
    held, is_trade = pl.col("held"), pl.col("held") & pl.col("is_entry")
    opened = pl.when(pl.col("was_held")).then("open")
    targets = pl.sum_horizontal(pl.col(name).is_not_null() for name in _TARGETS)
    at_open, hits = _reached(opened), _reached(pl.col("seen_high"))
    ends_at_open = (targets > 0) & (at_open == targets)
    has_stopped = (pl.col("low") <= pl.col("stop")).fill_null(value=False) & ~ends_at_open
    waits = ~pl.col("was_held") & ~held
    last_session = pl.min_horizontal("valid_until", "followed_until")
    return (
        started.with_columns(
            has_stopped=is_trade & has_stopped,
            targets_before=pl.col("hit_target").fill_null(0),
            targets_hit=pl.when(is_trade & has_stopped)
            .then(at_open)
            .when(is_trade)
            .then(hits)
            .otherwise(0),
        )
        .with_columns(targets_hit=pl.max_horizontal("targets_hit", "targets_before"))
        .with_columns(
            has_finished=is_trade
            & ~pl.col("has_stopped")
            & (targets > 0)
            & (pl.col("targets_hit") == targets)
        )
        .with_columns(
            has_exited=is_trade
            & ~pl.col("has_stopped")
            & ~pl.col("has_finished")
            & pl.col("is_exit"),
            ended_at=pl.when("has_stopped")
            .then(pl.min_horizontal("stop", opened))
            .when("has_finished")
            .then(pl.max_horizontal(pl.max_horizontal(*_TARGETS), opened)),
        )
        .with_columns(
            stage=pl.when("has_stopped")
            .then(pl.lit(Stage.STOPPED.value))
            .when("has_exited")
            .then(pl.lit(Stage.EXITED.value))
            .when(held & (pl.col("targets_hit") > 0))
            .then(pl.lit(Stage.TARGET_HIT.value))
            .when(pl.col("starts"))
            .then(pl.lit(Stage.TRIGGERED.value))
            .when(pl.col("is_invalid"))
            .then(pl.lit(Stage.INVALIDATED.value))
            .when(waits & pl.col("is_entry") & pl.col("is_exit"))
            .then(pl.lit(Stage.CANCELLED.value))
            .when(waits & (pl.lit(session) >= last_session))
            .then(pl.lit(Stage.EXPIRED.value))
            .when(waits & pl.col("has_bar"))
            .then(pl.lit(Stage.ACTIVE.value))
            .otherwise("stage"),
            stage_before="stage",
        )
        .with_columns(
            closed=pl.col("stage").is_in(_OVER)
            | pl.col("has_finished")
            | (pl.lit(session) >= pl.col("followed_until"))
        )
    )


def _reached(price: pl.Expr) -> pl.Expr:
    """Gives how many targets a price is at or above."""
    return pl.sum_horizontal((price >= pl.col(name)).fill_null(value=False) for name in _TARGETS)


def _measured(ended: pl.DataFrame) -> pl.DataFrame:
    """Adds this bar to what is measured while the trade is held."""
    price, held = pl.col("price"), pl.col("held")
    last = pl.coalesce("ended_at", "close").round(PRICE_DIGITS)
    high = pl.coalesce("ended_at", "seen_high").round(PRICE_DIGITS)
    low = pl.when("has_stopped").then("ended_at").otherwise("low").round(PRICE_DIGITS)
    highest = pl.max_horizontal(pl.coalesce("highest_price", "price"), high)
    lowest = pl.min_horizontal(pl.coalesce("lowest_price", "price"), low)
    return ended.with_columns(
        sessions_held=pl.col("sessions_held") + held.cast(pl.Int64),
        highest_price=pl.when(held).then(highest).otherwise("highest_price"),
        lowest_price=pl.when(held).then(lowest).otherwise("lowest_price"),
        return_pct=pl.when(held).then((last / price - 1) * 100).otherwise("return_pct"),
        hit_target=pl.when(pl.col("targets_hit") > 0).then("targets_hit").cast(pl.Int64),
        hit_stop=pl.col("hit_stop") | pl.col("has_stopped"),
    ).with_columns(
        best_pct=pl.when(held)
        .then((pl.col("highest_price") / price - 1) * 100)
        .otherwise("best_pct"),
        worst_pct=pl.when(held)
        .then((pl.col("lowest_price") / price - 1) * 100)
        .otherwise("worst_pct"),
    )


def _stages(judged: pl.DataFrame, session: dt.date) -> pl.DataFrame:
    """Gives the stages come to on the session, in the order they were."""
    at_least = pl.max_horizontal
    entered = pl.when("is_entry").then(pl.min_horizontal("open", "price")).otherwise("open")
    opened = pl.when("was_held").then("open")
    parts = [_stage(judged, pl.col("starts"), Stage.TRIGGERED, entered)]
    for number, name in enumerate(_TARGETS, start=1):
        is_new = (pl.col("targets_before") < number) & (pl.col("targets_hit") >= number)
        parts.append(
            _stage(judged, is_new, Stage.TARGET_HIT, at_least(name, opened), target=number)
        )
    parts.append(_stage(judged, pl.col("has_stopped"), Stage.STOPPED, pl.col("ended_at")))
    parts.append(_stage(judged, pl.col("has_exited"), Stage.EXITED, pl.col("close")))
    is_new = pl.col("stage") != pl.col("stage_before")
    parts.extend(
        _stage(judged, is_new & (pl.col("stage") == stage.value), stage, pl.lit(None))
        for stage in (Stage.ACTIVE, Stage.INVALIDATED, Stage.CANCELLED, Stage.EXPIRED)
    )
    return pl.concat(parts).with_columns(session=pl.lit(session)).select(list(STAGE_SCHEMA))


def _stage(
    judged: pl.DataFrame,
    reached: pl.Expr,
    stage: Stage,
    price: pl.Expr,
    *,
    target: int | None = None,
) -> pl.DataFrame:
    return judged.filter(reached).select(
        "signal_id",
        "user_id",
        stage=pl.lit(stage.value),
        target=pl.lit(target, dtype=pl.Int64),
        price=price.cast(pl.Float64),
    )
