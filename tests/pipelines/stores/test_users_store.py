import datetime as dt

import pytest
from pipelines.rows import AT, TRAIL, add_user, change, query

from quantmatrix_engine.errors import SettingsError
from quantmatrix_engine.vocabulary import Channel
from quantmatrix_models.database import Database
from quantmatrix_models.secrets import Vault
from quantmatrix_models.users import DiscordWebhook
from quantmatrix_pipelines.stores import users

URL = "https://discord.com/api/v10/webhooks/1/secret"


@pytest.fixture(scope="module")
def vault() -> Vault:
    return Vault([Vault.new_key()])


def webhook(database: Database, column: str) -> object:
    ((value,),) = query(database, f"SELECT {column} FROM discord_webhooks")  # noqa: S608
    return value


def test_a_user_is_added_once_and_gets_the_next_cohort(database: Database):
    first, second = add_user(database, "ben"), add_user(database, "ada")
    assert users.add(database, "ben", trail=TRAIL) is None
    listed = users.listed(database)
    assert [(user.name, user.id, user.cohort) for user in listed] == [
        ("ada", second, 1),
        ("ben", first, 0),
    ]
    assert {(user.role, user.channels) for user in listed} == {("user", ())}


def test_the_65th_user_shares_the_first_cohort(database: Database):
    for number in range(65):
        add_user(database, f"user-{number:02d}")
    assert [user.cohort for user in users.listed(database)] == [*range(64), 0]


def test_a_name_that_is_taken_uses_up_no_cohort(database: Database):
    add_user(database, "ada")
    users.add(database, "ada", trail=TRAIL)
    add_user(database, "ben")
    assert users.named(database, "ben").cohort == 1


def test_a_user_who_is_not_active_is_not_listed(database: Database):
    add_user(database, "ada")
    change(database, "UPDATE users SET is_active = false")
    assert users.listed(database) == []


def test_a_user_is_found_by_name_and_an_unknown_name_is_told_the_known_ones(database: Database):
    with pytest.raises(SettingsError, match="none yet"):
        users.named(database, "ada")
    add_user(database, "ada")
    assert users.named(database, "ada").name == "ada"
    with pytest.raises(SettingsError, match=r"No user is called 'eve'\. There are: ada\."):
        users.named(database, "eve")


def test_a_webhook_is_stored_sealed_for_its_row(database: Database, vault: Vault):
    user_id = add_user(database, "ada")
    users.set_webhook(
        database, vault, user_id=user_id, channel=Channel.SIGNALS, url=URL, trail=TRAIL
    )
    sealed = str(webhook(database, "sealed_url"))
    assert "secret" not in sealed
    context = DiscordWebhook.seal_context(user_id, Channel.SIGNALS)
    assert vault.open(sealed, context=context) == URL


def test_a_user_is_listed_with_the_channels_that_have_a_usable_webhook(
    database: Database, vault: Vault
):
    user_id = add_user(database, "ada")
    for channel in (Channel.SIGNALS, Channel.ALERTS):
        users.set_webhook(database, vault, user_id=user_id, channel=channel, url=URL, trail=TRAIL)
    assert users.named(database, "ada").channels == ("alerts", "signals")
    users.disable_webhook(
        database, user_id=user_id, channel=Channel.ALERTS, at=AT, reason="gone", trail=TRAIL
    )
    assert users.named(database, "ada").channels == ("signals",)


def test_a_webhook_that_is_set_again_is_usable_at_once(database: Database, vault: Vault):
    user_id = add_user(database, "ada")
    its = {"user_id": user_id, "channel": Channel.SIGNALS}
    users.set_webhook(database, vault, **its, url=URL, trail=TRAIL)
    users.disable_webhook(database, **its, at=AT, reason="gone", trail=TRAIL)
    users.pause_webhook(database, **its, until=AT + dt.timedelta(seconds=5))
    assert webhook(database, "(disabled_at, disabled_reason, busy_until)::text") != "(,,)"
    users.set_webhook(database, vault, **its, url=URL + "2", trail=TRAIL)
    assert webhook(database, "(disabled_at, disabled_reason, busy_until)::text") == "(,,)"


def test_disabling_and_pausing_touch_that_users_webhook_alone(database: Database, vault: Vault):
    ada, ben = add_user(database, "ada"), add_user(database, "ben")
    for user_id in (ada, ben):
        users.set_webhook(
            database, vault, user_id=user_id, channel=Channel.SIGNALS, url=URL, trail=TRAIL
        )
    users.disable_webhook(
        database, user_id=ada, channel=Channel.SIGNALS, at=AT, reason="gone", trail=TRAIL
    )
    users.pause_webhook(database, user_id=ada, channel=Channel.SIGNALS, until=AT)
    rows = query(database, "SELECT user_id, disabled_reason, busy_until FROM discord_webhooks")
    assert sorted(rows) == [(ada, "gone", AT), (ben, None, None)]
