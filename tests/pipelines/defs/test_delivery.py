import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from pipelines.rows import AT, TRAIL, add_user, change, post, query
from support.discord_server import DiscordServer, webhook_id

from quantmatrix_adapters.channels.console import ConsoleChannel
from quantmatrix_adapters.channels.discord import DiscordChannel
from quantmatrix_engine.vocabulary import Channel
from quantmatrix_models.database import Database
from quantmatrix_models.secrets import Vault
from quantmatrix_pipelines.defs.notifications import delivery
from quantmatrix_pipelines.defs.notifications.delivery import MAYBE_A_REPEAT, Courier
from quantmatrix_pipelines.stores import outbox, users

SECOND = dt.timedelta(seconds=1)
VAULT = Vault([Vault.new_key()])


@dataclass
class Office:
    """A courier between a real outbox and a Discord on loopback; its clock stands still."""

    database: Database
    discord: DiscordServer
    now: dt.datetime = AT
    printed: list[str] = field(default_factory=list)
    on_print: Callable[[], object] = lambda: None

    def deliver(self, *, timeout_seconds: float = 10.0) -> dict[str, int]:
        channel = DiscordChannel(self.discord.base_url, timeout_seconds)
        console = ConsoleChannel(self._print)
        return dict(
            delivery.deliver(
                Courier(self.database, VAULT, channel, console, lambda: self.now, TRAIL)
            )
        )

    def _print(self, text: str) -> None:
        self.printed.append(text)
        self.on_print()

    def add_user(self, name: str) -> tuple[int, str]:
        """Adds a user with a webhook; gives the user's id and the webhook's URL."""
        user_id, url = add_user(self.database, name), self.discord.create_webhook()
        its = {"user_id": user_id, "channel": Channel.SIGNALS, "url": url}
        users.set_webhook(self.database, VAULT, **its, trail=TRAIL)
        return user_id, url

    def received(self, url: str) -> list[str]:
        """Gives the content of what a webhook took, oldest first."""
        return [message["content"] for message in self.discord.messages(webhook_id(url))]

    def statuses(self) -> list[tuple[str, str | None]]:
        """Gives status and reason of every notification."""
        rows = query(self.database, "SELECT status, reason FROM notifications ORDER BY id")
        return [(status, reason) for status, reason in rows]

    def webhook(self, column: str) -> object:
        """Gives what is stored of the only webhook."""
        ((value,),) = query(self.database, f"SELECT {column} FROM discord_webhooks")  # noqa: S608
        return value


@pytest.fixture
def office(database: Database, discord: DiscordServer) -> Office:
    return Office(database, discord)


def test_a_message_is_sent_once_and_recorded_with_discords_id(office: Office):
    ada, url = office.add_user("ada")
    post(office.database, ada, headline="1 entry")
    assert office.deliver() == {"sent": 1}
    (message,) = office.discord.messages(webhook_id(url))
    assert message["content"] == "1 entry"
    assert query(
        office.database, "SELECT status, message_id, attempts, finished_at FROM notifications"
    ) == [("sent", message["id"], 1, AT)]
    assert office.deliver() == {}
    assert len(office.received(url)) == 1


def test_messages_of_a_user_go_out_in_their_order(office: Office):
    ada, url = office.add_user("ada")
    for part in (1, 2, 3):
        post(office.database, ada, part=part, headline=f"part {part}")
    assert office.deliver() == {"sent": 3}
    assert office.received(url) == ["part 1", "part 2", "part 3"]


def test_each_message_goes_to_the_webhook_of_its_own_user(office: Office):
    ada, of_ada = office.add_user("ada")
    ben, of_ben = office.add_user("ben")
    post(office.database, ben, headline="for ben")
    post(office.database, ada, headline="for ada")
    assert office.deliver() == {"sent": 2}
    assert (office.received(of_ada), office.received(of_ben)) == (["for ada"], ["for ben"])


def test_without_a_webhook_a_message_is_printed(office: Office):
    post(office.database, add_user(office.database, "ada"), headline="1 entry")
    assert office.deliver() == {"printed": 1}
    (text,) = office.printed
    assert text.startswith("[not sent: no webhook configured]\n1 entry")
    assert office.statuses() == [("printed", None)]


def test_nothing_due_is_nothing_done(office: Office):
    post(office.database, office.add_user("ada")[0])
    office.now = AT - SECOND
    assert office.deliver() == {}


def test_a_rate_limit_postpones_and_pauses_and_then_the_message_is_sent_once(office: Office):
    ada, url = office.add_user("ada")
    for part in (1, 2):
        post(office.database, ada, part=part, headline=f"part {part}")
    limited = {"message": "You are being rate limited.", "retry_after": 2.5, "global": False}
    office.discord.fail_next(429, limited)
    assert office.deliver() == {"pending": 1}
    assert office.webhook("busy_until") == AT + 2.5 * SECOND
    assert office.statuses() == [("pending", "Discord asks to wait 2.5 s."), ("pending", None)]
    office.now += 2 * SECOND
    assert office.deliver() == {}
    office.now += SECOND
    assert office.deliver() == {"sent": 2}
    assert office.received(url) == ["part 1", "part 2"]


def test_one_users_rate_limit_delays_nobody_else(office: Office):
    post(office.database, office.add_user("ada")[0])
    post(office.database, office.add_user("ben")[0])
    office.discord.fail_next(429, {"message": "wait", "retry_after": 60.0, "global": False})
    assert office.deliver() == {"pending": 1, "sent": 1}


def test_discords_own_rate_limit_loses_and_repeats_nothing(database: Database):
    def seconds() -> float:
        return office.now.timestamp()

    with DiscordServer(clock=seconds) as discord:
        office = Office(database, discord)
        ada, url = office.add_user("ada")
        headlines = [f"part {part:02d}" for part in range(1, 13)]
        for part, headline in enumerate(headlines, start=1):
            post(office.database, ada, part=part, headline=headline)
        for _ in range(4):
            office.deliver()
            office.now += 3 * SECOND
        assert office.received(url) == headlines
    assert {status for status, _ in office.statuses()} == {"sent"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"message": "Unknown Webhook", "code": 10015}, "it was deleted"),
        ({"message": "404: Not Found", "code": 0}, "nothing at this address"),
    ],
)
def test_a_webhook_that_is_gone_is_disabled_and_every_message_for_it_fails(
    office: Office, body: dict[str, object], reason: str
):
    ada, url = office.add_user("ada")
    for part in (1, 2):
        post(office.database, ada, part=part)
    office.discord.fail_next(404, body)
    assert office.deliver() == {"failed": 2}
    assert office.webhook("disabled_at") == AT
    (first, second) = office.statuses()
    assert reason in str(first[1])
    assert second == ("failed", f"The webhook is disabled: {first[1]}")
    post(office.database, ada, part=3)
    assert office.deliver() == {"failed": 1}
    assert office.received(url) == []


def test_a_deleted_webhook_that_is_set_again_receives_later_messages(office: Office):
    ada, url = office.add_user("ada")
    office.discord.delete_webhook(url)
    post(office.database, ada)
    assert office.deliver() == {"failed": 1}
    fresh = office.discord.create_webhook()
    users.set_webhook(
        office.database, VAULT, user_id=ada, channel=Channel.SIGNALS, url=fresh, trail=TRAIL
    )
    post(office.database, ada, part=2, headline="part 2")
    assert office.deliver() == {"sent": 1}
    assert office.received(fresh) == ["part 2"]


def test_a_refused_message_fails_with_discords_words_and_the_next_one_goes(office: Office):
    ada, url = office.add_user("ada")
    for part in (1, 2):
        post(office.database, ada, part=part, headline=f"part {part}")
    form = {"embeds": {"0": {"title": {"_errors": [{"code": "X", "message": "Too wide."}]}}}}
    office.discord.fail_next(400, {"code": 50035, "message": "Invalid Form Body", "errors": form})
    assert office.deliver() == {"failed": 1, "sent": 1}
    assert "embeds[0].title: Too wide." in str(office.statuses()[0][1])
    assert office.webhook("disabled_at") is None
    assert office.received(url) == ["part 2"]


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_fault_of_discord_postpones(office: Office, status: int):
    ada, url = office.add_user("ada")
    post(office.database, ada)
    office.discord.fail_next(status, "<html></html>", content_type="text/html")
    assert office.deliver() == {"pending": 1}
    assert f"status {status}" in str(office.statuses()[0][1])
    office.now += 30 * SECOND
    assert office.deliver() == {"sent": 1}
    assert len(office.received(url)) == 1


def test_a_discord_that_is_away_postpones(office: Office):
    ada, _ = office.add_user("ada")
    post(office.database, ada)
    office.discord.hang_next()
    assert office.deliver(timeout_seconds=0.2) == {"pending": 1}
    assert "did not answer" in str(office.statuses()[0][1])


def test_after_a_silence_the_repeat_says_that_it_may_be_one(office: Office):
    ada, url = office.add_user("ada")
    post(office.database, ada)
    office.discord.hang_next()
    office.deliver(timeout_seconds=0.2)
    office.now += 30 * SECOND
    assert office.deliver() == {"sent": 1}
    assert MAYBE_A_REPEAT in office.received(url)[0]


def test_after_a_crash_the_message_is_sent_again_and_says_that_it_may_be_a_repeat(office: Office):
    ada, url = office.add_user("ada")
    post(office.database, ada, headline="1 entry")
    # A process that takes the message, and is gone before it says what came of it.
    outbox.lease(office.database, at=AT, until=AT + delivery.LEASE, limit=1)
    assert office.deliver() == {}
    office.now += delivery.LEASE + SECOND
    assert office.deliver() == {"sent": 1}
    assert office.received(url) == [f"1 entry\n{MAYBE_A_REPEAT}"]


def test_a_lease_that_ran_out_during_a_run_is_left_to_whoever_has_the_message_now(office: Office):
    for name in ("ada", "ben"):
        post(office.database, add_user(office.database, name))

    def takes_long() -> None:
        office.now += delivery.LEASE + SECOND
        outbox.lease(office.database, at=office.now, until=office.now + delivery.LEASE, limit=10)

    office.on_print = takes_long
    assert office.deliver() == {"printed": 1}
    assert [status for status, _ in office.statuses()] == ["printed", "leased"]


def test_a_run_ends_when_its_time_is_up_and_the_next_one_goes_on(office: Office):
    ada = add_user(office.database, "ada")
    for part in range(1, 5):
        post(office.database, ada, part=part)
    office.on_print = lambda: setattr(office, "now", office.now + delivery.RUN_FOR / 2 + SECOND)
    assert office.deliver() == {"printed": 2}
    assert office.deliver() == {"printed": 2}


@pytest.mark.parametrize(("late", "ended"), [(0, "sent"), (1, "failed")])
def test_a_message_older_than_24_hours_is_given_up(office: Office, late: int, ended: str):
    ada, url = office.add_user("ada")
    post(office.database, ada)
    office.now = AT + dt.timedelta(hours=24) + late * SECOND
    assert office.deliver() == {ended: 1}
    assert len(office.received(url)) == 1 - late
    if late:
        assert office.statuses() == [("failed", "Not delivered within 24 hours; given up.")]


def test_a_webhook_sealed_for_another_user_is_never_used(office: Office):
    ada, of_ada = office.add_user("ada")
    _, of_ben = office.add_user("ben")
    change(
        office.database,
        "UPDATE discord_webhooks SET sealed_url = (SELECT sealed_url FROM discord_webhooks"
        " WHERE user_id <> :ada) WHERE user_id = :ada",
        ada=ada,
    )
    post(office.database, ada)
    assert office.deliver() == {"failed": 1}
    assert office.received(of_ada) == office.received(of_ben) == []
    assert "was sealed for another row" in str(office.statuses()[0][1])


def test_a_secret_that_does_not_open_fails_its_message_and_the_others_go_on(office: Office):
    ada, _ = office.add_user("ada")
    ben, of_ben = office.add_user("ben")
    other = Vault([Vault.new_key()])
    its = {"user_id": ada, "channel": Channel.SIGNALS}
    users.set_webhook(office.database, other, **its, url="https://discord.com/secret", trail=TRAIL)
    post(office.database, ada)
    post(office.database, ben)
    assert office.deliver() == {"failed": 1, "sent": 1}
    reason = str(office.statuses()[0][1])
    assert "does not open" in reason
    assert "secret." not in reason
    assert len(office.received(of_ben)) == 1


def test_a_stored_message_that_cannot_be_read_fails_and_the_others_go_on(office: Office):
    ada, _ = office.add_user("ada")
    post(office.database, ada)
    change(office.database, """UPDATE notifications SET message = '{"headline": 1}'""")
    ben, of_ben = office.add_user("ben")
    post(office.database, ben)
    assert office.deliver() == {"failed": 1, "sent": 1}
    assert "cannot be read" in str(office.statuses()[0][1])
    assert len(office.received(of_ben)) == 1


def test_no_reason_that_is_stored_holds_a_webhooks_token(office: Office):
    ada, url = office.add_user("ada")
    token = url.rpartition("/")[2]
    for part in range(1, 4):
        post(office.database, ada, part=part)
    office.discord.fail_next(400, {"message": f"bad {token}", "code": 1})
    office.discord.fail_next(400, f"<html>{url}</html>", content_type="text/html")
    office.discord.fail_next(404, {"message": token, "code": 10015})
    for _ in range(3):
        office.deliver()
        office.now += 60 * SECOND
    assert token not in str(office.statuses())
    assert token not in str(office.webhook("disabled_reason"))
