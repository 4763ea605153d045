"""Sealing every stored secret anew: online, resumable, and bound to its row as before."""

import pytest
from pipelines.rows import TRAIL, add_user, change, query

from quantmatrix_engine.vocabulary import Channel
from quantmatrix_models.accounts import Broker, BrokerCredential
from quantmatrix_models.database import Database
from quantmatrix_models.privileges import Role
from quantmatrix_models.secrets import Vault
from quantmatrix_pipelines.stores import secrets, users

OLD, NEW = Vault.new_key(), Vault.new_key()
BOTH = Vault([NEW, OLD])


def url(user_id: int) -> str:
    return f"https://discord.com/api/webhooks/{user_id}/token-{user_id}"


def add_webhook(database: Database, name: str, vault: Vault | None = None) -> int:
    """Adds a user with a webhook, sealed with the old key."""
    user_id = add_user(database, name)
    its = {"user_id": user_id, "channel": Channel.SIGNALS, "url": url(user_id)}
    users.set_webhook(database, vault or Vault([OLD]), **its, trail=TRAIL)
    return user_id


def add_credential(database: Database, user_id: int) -> None:
    context = BrokerCredential.seal_context(user_id, Broker.IBKR, "main")
    change(
        database,
        "INSERT INTO broker_credentials (user_id, broker, label, kind, sealed_secret, key_id)"
        " VALUES (:user_id, 'ibkr', 'main', 'flex_token', :sealed, :key_id)",
        user_id=user_id,
        sealed=Vault([OLD]).seal("flex token", context=context),
        key_id=Vault([OLD]).key_id,
    )


def opened(database: Database, user_id: int, vault: Vault) -> str | None:
    return users.webhook(database, vault, user_id=user_id, channel=Channel.SIGNALS)


def rotated(database: Database, vault: Vault = BOTH) -> tuple[int, list[str]]:
    """Rotates all; gives how many were sealed anew, and what could not be."""
    batches = list(secrets.rotate(database, vault, trail=TRAIL))
    return sum(one.sealed for one in batches), [f for one in batches for f in one.faults]


def test_every_secret_opens_with_the_new_key_alone(database: Database):
    ids = [add_webhook(database, name) for name in ("ada", "ben")]
    add_credential(database, ids[0])
    change(database, "UPDATE discord_webhooks SET key_id = NULL WHERE user_id = :id", id=ids[1])
    assert rotated(database) == (3, [])
    assert [opened(database, one, Vault([NEW])) for one in ids] == [url(one) for one in ids]
    ((sealed,),) = query(database, "SELECT sealed_secret FROM broker_credentials")
    context = BrokerCredential.seal_context(ids[0], Broker.IBKR, "main")
    assert Vault([NEW]).open(sealed, context=context) == "flex token"
    assert secrets.by_key(database) == [
        ("discord_webhooks", BOTH.key_id, 2),
        ("broker_credentials", BOTH.key_id, 1),
    ]


def test_a_second_call_has_nothing_to_do(database: Database):
    add_webhook(database, "ada")
    assert rotated(database) == (1, [])
    assert rotated(database) == (0, [])


def test_it_goes_on_where_it_was_stopped(database: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(secrets, "BATCH", 2)
    ids = [add_webhook(database, f"user-{number}") for number in range(5)]
    first = next(secrets.rotate(database, BOTH, trail=TRAIL))
    assert first.sealed == 2
    assert rotated(database) == (3, [])
    assert [opened(database, one, Vault([NEW])) for one in ids] == [url(one) for one in ids]


def test_a_row_somebody_holds_is_passed_over_and_taken_the_next_time(database: Database):
    ada, ben = add_webhook(database, "ada"), add_webhook(database, "ben")
    its = {"user_id": ada, "channel": Channel.SIGNALS}
    with database.transaction(Role.PIPELINE) as holder:
        holder.exec_driver_sql(
            "UPDATE discord_webhooks SET busy_until = now() WHERE user_id = %s", (its["user_id"],)
        )
        assert rotated(database) == (1, [])
    assert opened(database, ben, Vault([NEW])) == url(ben)
    assert rotated(database) == (1, [])
    assert opened(database, ada, Vault([NEW])) == url(ada)


def test_a_secret_that_does_not_open_is_told_by_its_row_and_stays(database: Database):
    ada, ben = add_webhook(database, "ada"), add_webhook(database, "ben")
    cyd = add_webhook(database, "cyd", Vault([Vault.new_key()]))
    change(
        database,
        "UPDATE discord_webhooks SET sealed_url = (SELECT sealed_url FROM discord_webhooks"
        " WHERE user_id = :ada) WHERE user_id = :ben",
        ada=ada,
        ben=ben,
    )
    before = query(database, "SELECT sealed_url FROM discord_webhooks ORDER BY id")
    done, faults = rotated(database)
    after = query(database, "SELECT sealed_url FROM discord_webhooks ORDER BY id")
    assert done == 1
    assert after[1:] == before[1:]
    moved, unknown = faults
    assert f"discord_webhooks/{ben}/signals was sealed for another row" in moved
    assert f"discord_webhooks/{cyd}/signals does not open" in unknown
    assert "token-" not in str(faults)


def test_a_rotation_is_in_the_audit_trail(database: Database):
    add_webhook(database, "ada")
    rotated(database)
    ((user_id, entity, changes),) = query(
        database,
        "SELECT user_id, entity, changes FROM audit_events WHERE action = 'secret_rotated'",
    )
    assert (user_id, entity, changes["rows"]) == (None, "discord_webhooks", 1)
