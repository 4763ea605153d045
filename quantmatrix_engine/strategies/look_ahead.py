"""Whether strategies look ahead: the same sessions judged with and without the bars after them."""

import datetime as dt
from collections.abc import Sequence

import polars as pl

from quantmatrix_engine.indicators.sessions import of_sessions, sampled
from quantmatrix_engine.strategies.base import Run
from quantmatrix_engine.strategies.evaluate import Evaluation, evaluate_sessions, specs

_NOTHING = pl.DataFrame(schema={"instrument_id": pl.Int64, "session": pl.Date, "rule": pl.String})
_KEY = ("strategy_id", "instrument_id", "session")


def look_ahead(
    runs: Sequence[Run],
    bars: pl.DataFrame,
    *,
    sessions: Sequence[dt.date],
    until: dt.date,
    actions: pl.DataFrame,
) -> pl.DataFrame:
    """Gives what strategies say differently once the bars after a session, up to `until`, are cut.

    None should: a difference rests on the future. Columns kind, session, instrument_id, by which it
    is sorted, and what was said or withheld with the later bars and without them, as JSON. `runs`
    have strategy_ids of their own (`representatives`). `bars` keeps the contract Bars with every
    vintage, beside the benchmark's close; `actions` keeps the contract PriceActions. It is the code
    that would look ahead, not an instrument: as many are looked at as
    `indicators.sessions.look_ahead` looks at, spread over all.
    """
    asked = specs(runs)
    known = bars.filter(pl.col("session") <= until)
    chosen = sampled(known.get_column("instrument_id").unique().sort().to_list())
    seen = known.filter(pl.col("instrument_id").is_in(chosen))
    seeing = of_sessions(seen, asked, first=min(sessions), last=until, actions=actions)
    cut = pl.concat(
        of_sessions(
            seen,
            asked,
            first=session,
            last=session,
            actions=actions.filter(pl.col("ex_date") <= session),
        )
        for session in sessions
    )
    later = seeing.filter(pl.col("session").is_in(list(sessions)))
    return _differences(runs, later, cut)


def _differences(runs: Sequence[Run], later: pl.DataFrame, cut: pl.DataFrame) -> pl.DataFrame:
    kind = pl.DataFrame(
        [(run.strategy_id, run.kind.name) for run in runs],
        schema={"strategy_id": pl.Int64, "kind": pl.String},
        orient="row",
    )
    both = [_said(_of(runs, values)) for values in (later, cut)]
    joined = both[0].join(both[1], on=_KEY, how="full", coalesce=True, suffix="_cut")
    return (
        joined.filter(~pl.col("said").eq_missing(pl.col("said_cut")))
        .join(kind, on="strategy_id")
        .sort("kind", "session", "instrument_id", "strategy_id")
        .select(
            "kind",
            "session",
            "instrument_id",
            with_later_bars="said",
            without="said_cut",
        )
    )


def _of(runs: Sequence[Run], values: pl.DataFrame) -> Evaluation:
    """Gives what the runs say of every instrument on each session that it has values of."""
    ids = pl.DataFrame(
        {"strategy_id": [run.strategy_id for run in runs]}, schema={"strategy_id": pl.Int64}
    )
    traded = values.select("instrument_id", "session", last_session="session")
    return evaluate_sessions(
        list(runs), ids.join(traded, how="cross"), values, quarantined=_NOTHING
    )


def _said(found: Evaluation) -> pl.DataFrame:
    """Gives the key and `said`: all signals or the reason, as one text."""
    return (
        pl.concat(
            frame.select(*_KEY, said=pl.struct(pl.exclude(_KEY)).struct.json_encode())
            for frame in (found.signals, found.withheld)
        )
        .group_by(_KEY)
        .agg(pl.col("said").sort().str.join("; "))
    )
