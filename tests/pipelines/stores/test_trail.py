"""Every change a person makes leaves an event, in the change's own transaction."""

import datetime as dt

import pytest
from pipelines.rows import AT, AUDIT_KEYS, TRAIL, add_strategy, add_user, change, query
from sqlalchemy import text

from quantmatrix_engine.vocabulary import Channel
from quantmatrix_models.audit import AuditAction
from quantmatrix_models.database import Database
from quantmatrix_models.privileges import Role
from quantmatrix_models.secrets import Vault
from quantmatrix_pipelines.stores import strategies, trail, users

URL = "https://discord.com/api/webhooks/1/token-of-the-test"


def events(database: Database) -> list[tuple[object, ...]]:
    return query(
        database, "SELECT user_id, actor, action, entity, changes FROM audit_events ORDER BY id"
    )


def test_a_user_a_strategy_and_its_params_leave_an_event_each_with_old_and_new(
    database: Database,
):
    ada = add_user(database, "ada")
    strategy_id = add_strategy(database, ada, "Mine", atr_period=10)
    strategies.set_params(
        database, user_id=ada, strategy_id=strategy_id, params={"atr_period": 20}, trail=TRAIL
    )
    assert [event[:4] for event in events(database)] == [
        (ada, "tests", "created", "users"),
        (ada, "tests", "created", "strategies"),
        (ada, "tests", "changed", "strategies"),
    ]
    assert events(database)[0][4] == {
        "name": {"old": None, "new": "ada"},
        "role": {"old": None, "new": "user"},
    }
    assert events(database)[2][4] == {
        "params": {"old": {"atr_period": 10}, "new": {"atr_period": 20}}
    }
    assert trail.verify(database, AUDIT_KEYS, []).faults == []


def test_a_webhook_that_is_set_replaced_and_disabled_leaves_three_events_and_no_secret(
    database: Database,
):
    ada, vault = add_user(database, "ada"), Vault([Vault.new_key()])
    its = {"user_id": ada, "channel": Channel.SIGNALS}
    for _ in range(2):
        users.set_webhook(database, vault, **its, url=URL, trail=TRAIL)
    users.disable_webhook(database, **its, at=AT, reason="deleted", trail=TRAIL)
    of_webhook = [event for event in events(database) if event[3] == "discord_webhooks"]
    assert [event[2] for event in of_webhook] == ["created", "changed", "changed"]
    said = str(of_webhook)
    assert "token-of-the-test" not in said
    assert query(database, "SELECT sealed_url FROM discord_webhooks")[0][0] not in said
    assert said.count("[secret]") == 2


def test_what_is_refused_leaves_no_event(database: Database):
    ada, ben = add_user(database, "ada"), add_user(database, "ben")
    of_ada = add_strategy(database, ada, "Mine")
    before = events(database)
    assert users.add(database, "ada", trail=TRAIL) is None
    again = {"kind": "atr_matrix", "params": {}, "universe": {}, "trail": TRAIL}
    assert strategies.add(database, user_id=ada, name="Mine", **again) is None
    strategies.set_params(database, user_id=ben, strategy_id=of_ada, params={}, trail=TRAIL)
    its = {"user_id": ben, "channel": Channel.SIGNALS}
    users.disable_webhook(database, **its, at=AT, reason="none", trail=TRAIL)
    assert events(database) == before


def test_what_is_undone_leaves_no_event(database: Database):
    ada = add_user(database, "ada")

    def undone() -> None:
        with database.transaction(Role.ADMIN) as connection:
            changes = trail.added(name="ben")
            TRAIL.record(connection, AuditAction.CREATED, "users", user_id=ada, changes=changes)
            connection.execute(text("SELECT 1 / 0"))

    with pytest.raises(Exception, match="division by zero"):
        undone()
    assert len(events(database)) == 1


def test_the_versions_of_a_strategy_are_kept(database: Database):
    ada = add_user(database, "ada")
    strategy_id = add_strategy(database, ada, atr_period=10)
    for period in (20, 30):
        strategies.set_params(
            database,
            user_id=ada,
            strategy_id=strategy_id,
            params={"atr_period": period},
            trail=TRAIL,
        )
    kept = query(database, "SELECT version, params FROM strategy_versions ORDER BY version")
    assert kept == [(number, {"atr_period": 10 * number}) for number in (1, 2, 3)]


def test_a_name_too_long_for_the_trail_is_cut(database: Database):
    long = trail.Trail(AUDIT_KEYS, "x" * 100, lambda: AT)
    users.add(database, "ada", trail=long)
    assert events(database)[0][1] == "x" * 64


def test_events_are_told_newest_first_of_one_user_or_of_all(database: Database):
    ada, _ = add_user(database, "ada"), add_user(database, "ben")
    add_strategy(database, ada)
    assert [one.user for one in trail.newest(database, user_id=None, limit=9)] == [
        "ada",
        "ben",
        "ada",
    ]
    (newest,) = trail.newest(database, user_id=ada, limit=1)
    assert (newest.actor, newest.action, newest.entity) == ("tests", "created", "strategies")
    assert newest.at == AT.astimezone(dt.UTC)


def test_an_old_anchor_that_disagrees_with_the_trail_shows(database: Database):
    ada = add_user(database, "ada")
    first = trail.heads(database)
    add_strategy(database, ada)
    newest = trail.heads(database)
    assert trail.verify(database, AUDIT_KEYS, [first, newest]).faults == []
    forged = {chain: head._replace(hash=bytes(32)) for chain, head in first.items()}
    (fault,) = trail.verify(database, AUDIT_KEYS, [forged, newest]).faults
    assert (fault.chain, fault.seq) == (str(ada), 1)


def test_a_tail_that_was_cut_is_found_by_the_anchor_alone(database: Database):
    ada = add_user(database, "ada")
    add_strategy(database, ada)
    kept = [trail.heads(database)]
    change(database, "ALTER TABLE audit_events DISABLE TRIGGER USER")
    change(database, "DELETE FROM audit_events WHERE seq = 2")
    assert trail.verify(database, AUDIT_KEYS, []).faults == []
    (fault,) = trail.verify(database, AUDIT_KEYS, kept).faults
    assert fault.chain == str(ada)
