import datetime as dt
from decimal import Decimal
from typing import NamedTuple

import polars as pl
import pytest
from pipelines.rows import (
    SESSION,
    add_instrument,
    add_strategy,
    add_user,
    query,
    run,
    schema_of,
    signals,
    withheld,
)

from quantmatrix_engine.contracts import gate
from quantmatrix_engine.contracts.signal_history import SignalHistory
from quantmatrix_engine.contracts.signals import Signals
from quantmatrix_models.database import Database
from quantmatrix_pipelines.stores import evaluations
from quantmatrix_pipelines.stores.evaluations import Recorded


class World(NamedTuple):
    """Two users with a strategy each, and two instruments."""

    database: Database
    ada: int
    ben: int
    of_ada: int
    of_ben: int
    aaa: int
    bbb: int


@pytest.fixture
def world(database: Database) -> World:
    ada, ben = add_user(database, "ada"), add_user(database, "ben")
    of_users = add_strategy(database, ada), add_strategy(database, ben)
    symbols = add_instrument(database, "AAA"), add_instrument(database, "BBB")
    return World(database, ada, ben, *of_users, *symbols)


def entry(strategy_id: int, instrument_id: int, **further: object) -> dict[str, object]:
    return {"strategy_id": strategy_id, "instrument_id": instrument_id, **further}


def counts(database: Database) -> list[tuple[object, ...]]:
    return query(
        database,
        "SELECT (SELECT count(*) FROM strategy_runs), (SELECT count(*) FROM signals),"
        " (SELECT count(*) FROM withheld_signals)",
    )


def test_what_a_session_said_is_stored_under_its_owners_and_their_runs(world: World):
    recorded = evaluations.record(
        world.database,
        pl.concat([run(world.ada, world.of_ada), run(world.ben, world.of_ben)]),
        signals(entry(world.of_ada, world.aaa), entry(world.of_ben, world.bbb)),
        withheld(entry(world.of_ada, world.bbb)),
    )
    assert recorded == Recorded(runs=2, signals=2, withheld=1)
    assert query(
        world.database,
        "SELECT g.user_id, g.instrument_id, g.session FROM signals g JOIN strategy_runs r"
        " ON r.id = g.run_id AND r.user_id = g.user_id AND r.strategy_id = g.strategy_id"
        " ORDER BY g.user_id",
    ) == [(world.ada, world.aaa, SESSION), (world.ben, world.bbb, SESSION)]
    assert query(world.database, "SELECT user_id, reason FROM withheld_signals") == [
        (world.ada, "no_bar")
    ]


def test_a_session_recorded_again_adds_its_runs_and_nothing_that_was_said(world: World):
    first = signals(entry(world.of_ada, world.aaa, price=100.0))
    kept = withheld(entry(world.of_ada, world.bbb, detail="first"))
    evaluations.record(world.database, run(world.ada, world.of_ada), first, kept)
    recorded = evaluations.record(
        world.database,
        run(world.ada, world.of_ada),
        signals(entry(world.of_ada, world.aaa, price=200.0)),
        withheld(entry(world.of_ada, world.bbb, detail="second")),
    )
    assert recorded == Recorded(runs=1, signals=0, withheld=0)
    assert counts(world.database) == [(2, 1, 1)]
    assert query(world.database, "SELECT price FROM signals") == [(Decimal(100),)]
    assert query(world.database, "SELECT detail FROM withheld_signals") == [("first",)]


def test_a_repeated_session_adds_what_was_not_said_before(world: World):
    said = signals(entry(world.of_ada, world.aaa))
    evaluations.record(world.database, run(world.ada, world.of_ada), said, withheld())
    more = signals(entry(world.of_ada, world.aaa), entry(world.of_ada, world.bbb))
    again = evaluations.record(world.database, run(world.ada, world.of_ada), more, withheld())
    assert again.signals == 1


def test_levels_of_a_scale_out_are_signals_of_their_own(world: World):
    part = {"action": "scale_out", "stop": None, "size_pct": 25.0, "size_basis": "position"}
    said = signals(*(entry(world.of_ada, world.aaa, **part, level=one) for one in (7.0, 8.5)))
    evaluations.record(world.database, run(world.ada, world.of_ada), said, withheld())
    assert query(world.database, "SELECT level FROM signals ORDER BY level") == [
        (Decimal(7),),
        (Decimal("8.5"),),
    ]


def test_money_is_stored_with_six_digits(world: World):
    said = signals(entry(world.of_ada, world.aaa, price=0.1 + 0.2, stop=0.1, target_1=1 / 3))
    evaluations.record(world.database, run(world.ada, world.of_ada), said, withheld())
    assert query(world.database, "SELECT price, stop, target_1 FROM signals") == [
        (Decimal("0.300000"), Decimal("0.100000"), Decimal("0.333333"))
    ]


def test_a_run_that_failed_is_recorded_with_its_error(world: World):
    failed = run(world.ada, world.of_ada, status="failed", error='no param "x"\nat all', signals=0)
    recorded = evaluations.record(world.database, failed, signals(), withheld())
    assert recorded == Recorded(runs=1, signals=0, withheld=0)
    assert query(world.database, "SELECT error FROM strategy_runs") == [('no param "x"\nat all',)]


def test_no_strategies_are_no_rows(world: World):
    none = run(world.ada, world.of_ada).clear()
    assert evaluations.record(world.database, none, signals(), withheld()) == Recorded(0, 0, 0)


def test_where_a_signal_is_refused_nothing_of_the_session_is_written(world: World):
    wrong = signals(entry(world.of_ada, world.aaa), entry(world.of_ada, world.bbb, strength=2.0))
    with pytest.raises(Exception, match="strength_in_range"):
        evaluations.record(world.database, run(world.ada, world.of_ada), wrong, withheld())
    assert counts(world.database) == [(0, 0, 0)]


def test_a_price_too_small_to_store_stops_no_other_signal(world: World):
    said = signals(
        entry(world.of_ada, world.aaa, price=4e-7, stop=3e-7), entry(world.of_ben, world.bbb)
    )
    runs = pl.concat([run(world.ada, world.of_ada), run(world.ben, world.of_ben)])
    kept = gate.apply(Signals, said).good
    assert evaluations.record(world.database, runs, kept, withheld()).signals == 1


def test_stored_signals_are_counted_by_user_and_action(world: World):
    gone = {"action": "exit", "stop": None, "urgency": "high"}
    said = signals(
        entry(world.of_ada, world.aaa),
        entry(world.of_ada, world.bbb),
        entry(world.of_ada, world.aaa, **gone),
    )
    evaluations.record(world.database, run(world.ada, world.of_ada), said, withheld())
    assert evaluations.signals_by_user(world.database, [SESSION]) == [
        ("ada", "entry", 2),
        ("ada", "exit", 1),
    ]
    assert evaluations.signals_by_user(world.database, [dt.date(2026, 11, 19)]) == []


def test_analysts_see_every_users_signals_up_to_the_session(world: World):
    for user_id, strategy_id in ((world.ben, world.of_ben), (world.ada, world.of_ada)):
        said = signals(entry(strategy_id, world.aaa))
        evaluations.record(world.database, run(user_id, strategy_id), said, withheld())
    seen = evaluations.signals_of(world.database, SESSION, SESSION)
    assert seen.select("user_name", "strategy_name", "kind", "symbol", "session").rows() == [
        ("ada", "Pullback", "atr_matrix", "AAA", SESSION),
        ("ben", "Pullback", "atr_matrix", "AAA", SESSION),
    ]
    before = dt.date(2026, 11, 19)
    assert evaluations.signals_of(world.database, before, before).is_empty()
    assert evaluations.signals_by_session(world.database, until=SESSION) == {SESSION: 2}
    assert evaluations.signals_by_session(world.database, until=before) == {}


def test_the_history_of_signals_keeps_its_contract_also_where_there_is_none(world: World):
    assert dict(evaluations.signals_of(world.database, SESSION, SESSION).schema) == schema_of(
        SignalHistory
    )
    said = signals(entry(world.of_ada, world.aaa))
    evaluations.record(world.database, run(world.ada, world.of_ada), said, withheld())
    SignalHistory.validate(evaluations.signals_of(world.database, SESSION, SESSION))


def list_of(user_id: int, ids: str, digest: str) -> pl.DataFrame:
    rows = {"user_id": [user_id], "instrument_ids": [ids], "digest": [digest]}
    return pl.DataFrame(rows, schema=evaluations.NO_UNIVERSES.schema)


# SHA-256 of "1,2" and of nothing, from another program (sha256sum).
ONE_TWO = "17f8af97ad4a7f7639a4c9171d5185cbafb85462877a4746c21bdb0a4f940ca0"
NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_list_that_did_not_change_is_stored_once_for_its_user(world: World):
    both = pl.concat(
        [
            list_of(world.ada, "1,2", ONE_TWO),
            list_of(world.ben, "1,2", ONE_TWO),
            list_of(world.ben, "1,2", ONE_TWO),
            list_of(world.ben, "", NOTHING),
        ]
    )
    runs = pl.concat(
        [
            run(world.ada, world.of_ada, universe_digest=ONE_TWO),
            run(world.ben, world.of_ben, universe_digest=NOTHING),
        ]
    )
    for _ in range(2):
        evaluations.record(world.database, runs, signals(), withheld(), universes=both)
    assert query(
        world.database,
        "SELECT user_id, instrument_ids, encode(digest, 'hex') FROM resolved_universes"
        " ORDER BY user_id, cardinality(instrument_ids)",
    ) == [
        (world.ada, [1, 2], ONE_TWO),
        (world.ben, [], NOTHING),
        (world.ben, [1, 2], ONE_TWO),
    ]
    assert (
        query(
            world.database,
            "SELECT r.user_id, v.instrument_ids FROM strategy_runs r JOIN resolved_universes v"
            " ON v.user_id = r.user_id AND v.digest = r.universe_digest ORDER BY r.id",
        )
        == [(world.ada, [1, 2]), (world.ben, [])] * 2
    )
