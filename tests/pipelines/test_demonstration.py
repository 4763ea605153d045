"""The users of a first start."""

import datetime as dt

from pipelines.rows import TRAIL
from support.discord_server import DiscordServer

from quantmatrix_adapters.channels.discord import DiscordChannel
from quantmatrix_engine.vocabulary import Channel
from quantmatrix_models.database import Database
from quantmatrix_models.secrets import Vault
from quantmatrix_pipelines import demonstration
from quantmatrix_pipelines.stores import strategies, users


def test_an_interrupted_seed_is_completed_and_a_complete_one_left_alone(database: Database):
    users.add(database, "ada", trail=TRAIL)
    assert demonstration.seed(database, TRAIL)
    assert [one.user for one in strategies.enabled(database)] == ["ada", "ben"]
    assert not demonstration.seed(database, TRAIL)


def test_nobody_is_added_beside_users_of_your_own(database: Database):
    users.add(database, "carol", trail=TRAIL)
    assert not demonstration.seed(database, TRAIL)
    assert [user.name for user in users.listed(database)] == ["carol"]


def test_a_webhook_that_is_gone_stays_disabled_until_another_is_named(database: Database):
    demonstration.seed(database, TRAIL)
    vault = Vault([Vault.new_key()])
    with DiscordServer() as server:
        channel, url = DiscordChannel(server.base_url), server.create_webhook()
        demonstration.set_webhooks(database, vault, channel, {"ada": url}, trail=TRAIL)
        (ada, _) = users.listed(database)
        gone = {"at": dt.datetime(2026, 11, 23, tzinfo=dt.UTC), "reason": "deleted"}
        users.disable_webhook(
            database, user_id=ada.id, channel=Channel.SIGNALS, **gone, trail=TRAIL
        )
        demonstration.set_webhooks(database, vault, channel, {"ada": url}, trail=TRAIL)
        assert users.named(database, "ada").channels == ()
        demonstration.set_webhooks(
            database, vault, channel, {"ada": server.create_webhook()}, trail=TRAIL
        )
        assert users.named(database, "ada").channels == ("signals",)
