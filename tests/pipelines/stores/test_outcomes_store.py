import datetime as dt

import polars as pl
from pipelines.rows import AT, SESSION, add_instrument, add_strategy, add_user, change, query, run
from pipelines.rows import signals as no_signals
from pipelines.rows import withheld as none_withheld

from quantmatrix_engine.contracts.shape import types_of
from quantmatrix_engine.contracts.signal_outcomes import SignalOutcomes
from quantmatrix_engine.strategies.outcomes import STAGE_SCHEMA
from quantmatrix_models.database import Database
from quantmatrix_pipelines.stores import evaluations, outcomes

# Of three pages, so that most rows are on a page that is filled.
SIGNALS = 200
NO_STAGES = pl.DataFrame(schema=STAGE_SCHEMA)


def say_many(database: Database) -> int:
    """Stores scale-outs of one instrument at as many levels; gives whose they are."""
    user_id = add_user(database, "ada")
    strategy_id, instrument_id = add_strategy(database, user_id), add_instrument(database, "AAA")
    ledger = run(user_id, strategy_id)
    evaluations.record(database, ledger, no_signals(), none_withheld())
    change(
        database,
        "INSERT INTO signals (user_id, strategy_id, run_id, instrument_id, session, action, level,"
        " strength, price, size_pct, size_basis, trace)"
        " SELECT user_id, strategy_id, id, :instrument_id, session, 'scale_out', level, 0.5, 100,"
        " 25, 'position', '[]' FROM strategy_runs, generate_series(1, :signals) level",
        instrument_id=instrument_id,
        signals=SIGNALS,
    )
    return user_id


def followed(database: Database, user_id: int, evening: int) -> pl.DataFrame:
    """Gives outcomes as an evening finds them, everything still open."""
    ids = [row[0] for row in query(database, "SELECT id FROM signals ORDER BY id")]
    return pl.DataFrame(
        {
            "signal_id": ids,
            "user_id": user_id,
            "stage": "triggered",
            "through_session": SESSION + dt.timedelta(days=evening),
            "sessions_held": evening,
            "highest_price": 110.0,
            "lowest_price": 90.0,
            "return_pct": -5.0 + evening,
            "best_pct": 10.0,
            "worst_pct": -10.0,
            "hit_target": None,
            "hit_stop": False,
            "closed": False,
        },
        schema=types_of(SignalOutcomes),
    )


def test_an_evening_more_of_what_is_open_makes_few_entries_in_an_index(database: Database):
    user_id = say_many(database)
    for evening in range(1, 6):
        found = followed(database, user_id, evening)
        outcomes.record(database, found, NO_STAGES, at=AT)
    query(database, "SELECT pg_stat_force_next_flush()")
    ((changed, in_place),) = query(
        database,
        "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables"
        " WHERE relname = 'signal_outcomes'",
    )
    assert changed == 4 * SIGNALS
    assert in_place > changed / 2
    assert query(
        database,
        "SELECT DISTINCT through_session, sessions_held, return_pct, computed_at"
        " FROM signal_outcomes",
    ) == [(SESSION + dt.timedelta(days=5), 5, 0.0, AT)]
