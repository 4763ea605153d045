"""Whether strategies look ahead: the same sessions judged with and without the bars after them."""

import datetime as dt
from collections.abc import Sequence

import polars as pl

from quantmatrix_engine.indicators.sessions import of_sessions, sampled
from quantmatrix_engine.strategies.base import Run
from quantmatrix_engine.strategies.evaluate import Evaluation, evaluate, specs

DIFFERENCE_SCHEMA = {
    "kind": pl.String,
    "session": pl.Date,
    "instrument_id": pl.Int64,
    "with_later_bars": pl.String,
    "without": pl.String,
}
_NOTHING = pl.DataFrame(schema={"instrument_id": pl.Int64, "rule": pl.String})


def look_ahead(
    runs: Sequence[Run],
    bars: pl.DataFrame,
    *,
    sessions: Sequence[dt.date],
    until: dt.date,
    actions: pl.DataFrame,
) -> pl.DataFrame:
    """Gives what strategies say differently once the bars after a session, up to `until`, are cut.

    None should: a difference rests on the future. Columns kind, session, instrument_id, and what
    was said or withheld with the later bars and without them, as JSON. `runs` have strategy_ids of
    their own (`representatives`). `bars` keeps the contract Bars with every vintage, beside the
    benchmark's close; `actions` keeps the contract PriceActions. It is the code that would look
    ahead, not an instrument: as many are looked at as `indicators.sessions.look_ahead` looks at,
    spread over all.
    """
    asked = specs(runs)
    known = bars.filter(pl.col("session") <= until)
    chosen = sampled(known.get_column("instrument_id").unique().sort().to_list())
    seen = known.filter(pl.col("instrument_id").is_in(chosen))
    seeing = of_sessions(seen, asked, first=min(sessions), last=until, actions=actions)
    found = [pl.DataFrame(schema=DIFFERENCE_SCHEMA)]
    for session in sessions:
        known_then = actions.filter(pl.col("ex_date") <= session)
        cut = of_sessions(seen, asked, first=session, last=session, actions=known_then)
        later = seeing.filter(pl.col("session") == session)
        found.append(_differences(runs, later, cut, session))
    return pl.concat(found)


def _differences(
    runs: Sequence[Run], later: pl.DataFrame, cut: pl.DataFrame, session: dt.date
) -> pl.DataFrame:
    kind = pl.DataFrame(
        [(run.strategy_id, run.kind.name) for run in runs],
        schema={"strategy_id": pl.Int64, "kind": pl.String},
        orient="row",
    )
    both = [_said(_of(runs, values, session)) for values in (later, cut)]
    joined = both[0].join(
        both[1], on=["strategy_id", "instrument_id"], how="full", coalesce=True, suffix="_cut"
    )
    return (
        joined.filter(~pl.col("said").eq_missing(pl.col("said_cut")))
        .join(kind, on="strategy_id")
        .select(
            "kind",
            pl.lit(session).alias("session"),
            "instrument_id",
            with_later_bars="said",
            without="said_cut",
        )
        .sort("kind", "instrument_id")
    )


def _of(runs: Sequence[Run], values: pl.DataFrame, session: dt.date) -> Evaluation:
    """Gives what the runs say of every instrument that has values on the session."""
    ids = pl.DataFrame(
        {"strategy_id": [run.strategy_id for run in runs]}, schema={"strategy_id": pl.Int64}
    )
    pairs = ids.join(values.select("instrument_id", last_session=pl.lit(session)), how="cross")
    return evaluate(list(runs), pairs, values, session=session, quarantined=_NOTHING)


def _said(found: Evaluation) -> pl.DataFrame:
    """Gives (strategy_id, instrument_id, said): all signals or the reason, as one text."""
    key = ["strategy_id", "instrument_id"]
    return (
        pl.concat(
            frame.select(*key, said=pl.struct(pl.exclude(key)).struct.json_encode())
            for frame in (found.signals, found.withheld)
        )
        .group_by(key)
        .agg(pl.col("said").sort().str.join("; "))
    )
