from pipelines.rows import TRAIL, add_strategy, add_user, change, query

from quantmatrix_models.database import Database
from quantmatrix_pipelines.stores import strategies


def params(database: Database) -> list[tuple[object, ...]]:
    return query(database, "SELECT id, params FROM strategies ORDER BY id")


def test_a_strategy_comes_back_as_it_was_set(database: Database):
    user_id = add_user(database, "ada")
    strategy_id = strategies.add(
        database,
        user_id=user_id,
        name='Ada\'s "best"',
        kind="atr_matrix",
        params={"scale_out_levels": [5.0, 6.5]},
        universe={"symbols": ["AAPL"]},
        trail=TRAIL,
    )
    (kept,) = strategies.of_user(database, user_id)
    assert kept == strategies.Strategy(
        id=strategy_id or 0,
        user_id=user_id,
        user="ada",
        cohort=0,
        name='Ada\'s "best"',
        kind="atr_matrix",
        params={"scale_out_levels": [5.0, 6.5]},
        universe={"symbols": ["AAPL"]},
        is_enabled=True,
    )


def test_a_name_is_a_users_own_and_used_once(database: Database):
    ada, ben = add_user(database, "ada"), add_user(database, "ben")
    add_strategy(database, ada, "Pullback")
    add_strategy(database, ben, "Pullback")
    again = strategies.add(
        database,
        user_id=ada,
        name="Pullback",
        kind="atr_matrix",
        params={},
        universe={},
        trail=TRAIL,
    )
    assert again is None


def test_a_user_sees_the_strategies_of_that_user_by_name(database: Database):
    ada, ben = add_user(database, "ada"), add_user(database, "ben")
    add_strategy(database, ada, "Second")
    add_strategy(database, ada, "First")
    add_strategy(database, ben, "Other")
    assert [one.name for one in strategies.of_user(database, ada)] == ["First", "Second"]
    assert [one.name for one in strategies.of_user(database, ben)] == ["Other"]
    assert strategies.of_user(database, ben + 1) == []


def test_params_are_replaced_whole_and_the_change_is_dated(database: Database):
    ada = add_user(database, "ada")
    strategy_id = add_strategy(database, ada, atr_period=10)
    strategies.set_params(
        database, user_id=ada, strategy_id=strategy_id, params={"min_strength": 0.7}, trail=TRAIL
    )
    assert params(database) == [(strategy_id, {"min_strength": 0.7})]
    assert query(database, "SELECT changed_at > created_at FROM strategies") == [(True,)]


def test_nobody_changes_the_params_of_another_users_strategy(database: Database):
    ada, ben = add_user(database, "ada"), add_user(database, "ben")
    of_ada, of_ben = add_strategy(database, ada), add_strategy(database, ben)
    strategies.set_params(
        database, user_id=ben, strategy_id=of_ada, params={"min_strength": 1.0}, trail=TRAIL
    )
    assert params(database) == [(of_ada, {}), (of_ben, {})]


def test_the_chain_gets_enabled_strategies_of_active_users_by_id(database: Database):
    ids = [add_strategy(database, add_user(database, name)) for name in ("ada", "ben", "cyd")]
    assert [one.id for one in strategies.enabled(database)] == ids
    change(database, "UPDATE strategies SET is_enabled = false WHERE id = :id", id=ids[0])
    change(database, "UPDATE users SET is_active = false WHERE name = 'ben'")
    assert [one.user for one in strategies.enabled(database)] == ["cyd"]


def test_the_chain_gets_the_strategies_of_the_asked_cohorts_alone(database: Database):
    # Cohorts are given in turn: ada has 0, ben 1, cyd 2.
    for name in ("ada", "ben", "cyd"):
        add_strategy(database, add_user(database, name))
    assert [one.user for one in strategies.enabled(database, [0, 2])] == ["ada", "cyd"]
    assert strategies.enabled(database, [7]) == strategies.enabled(database, []) == []


def test_a_strategy_is_enabled_and_disabled_by_its_user_alone(database: Database):
    ada, ben = add_user(database, "ada"), add_user(database, "ben")
    strategy_id = add_strategy(database, ada)

    def switched(user_id: int, *, is_enabled: bool) -> bool:
        return strategies.set_enabled(
            database,
            user_id=user_id,
            strategy_id=strategy_id,
            is_enabled=is_enabled,
            trail=TRAIL,
        )

    assert not switched(ben, is_enabled=False)
    assert strategies.of_user(database, ada)[0].is_enabled
    assert switched(ada, is_enabled=False)
    assert not strategies.of_user(database, ada)[0].is_enabled
    changes = query(database, "SELECT changes FROM audit_events ORDER BY id DESC LIMIT 1")
    assert changes == [({"is_enabled": {"new": False, "old": True}},)]
    change(database, "UPDATE strategies SET archived_at = now() WHERE id = :id", id=strategy_id)
    assert not switched(ada, is_enabled=True)
