"""Delivers what is due: leases a notification, sends it, records how that ended, one by one."""

import datetime as dt
from collections import Counter
from dataclasses import dataclass

from pydantic import ValidationError

from quantmatrix_adapters.channels.base import Channel
from quantmatrix_engine.errors import ChannelBusy, ChannelGone, MessageRefused, SettingsError
from quantmatrix_engine.notifications.message import Message
from quantmatrix_engine.vocabulary import NotificationStatus
from quantmatrix_models.database import Database
from quantmatrix_models.secrets import Vault
from quantmatrix_models.users import DiscordWebhook
from quantmatrix_pipelines.clock import Clock
from quantmatrix_pipelines.stores import outbox, users
from quantmatrix_pipelines.stores.outbox import Leased
from quantmatrix_pipelines.stores.trail import Trail

LEASE = dt.timedelta(minutes=3)
BATCH = 10
# A run ends after this long; what is still due is for the next one.
RUN_FOR = dt.timedelta(minutes=5)
# A signal older than this is no news: it is given up, with the reason.
GIVE_UP_AFTER = dt.timedelta(hours=24)

MAYBE_A_REPEAT = (
    "Possibly a repeat: an earlier attempt was interrupted and its outcome is not known."
)


@dataclass(frozen=True)
class Courier:
    """What delivering needs."""

    database: Database
    vault: Vault
    discord: Channel
    console: Channel
    clock: Clock
    trail: Trail


def deliver(courier: Courier) -> Counter[str]:
    """Sends what is due until nothing is or the time is up; gives how many ended in what status."""
    ended: Counter[str] = Counter()
    started = courier.clock()
    while courier.clock() - started <= RUN_FOR:
        now = courier.clock()
        batch = outbox.lease(courier.database, at=now, until=now + LEASE, limit=BATCH)
        if not batch:
            break
        for leased in batch:
            if courier.clock() > now + LEASE:
                # The lease has run out: the message may be somebody else's to send by now.
                break
            ended[_send(courier, leased).value] += 1
    return ended


def _send(courier: Courier, leased: Leased) -> NotificationStatus:
    if leased.disabled_reason is not None:
        return _fail(courier, leased, f"The webhook is disabled: {leased.disabled_reason}")
    if courier.clock() - leased.created_at > GIVE_UP_AFTER:
        return _fail(courier, leased, "Not delivered within 24 hours; given up.")
    channel = courier.console if leased.sealed_url is None else courier.discord
    try:
        target = _target(courier, leased)
        receipt = channel.send(_message(leased), target=target)
    except ChannelBusy as busy:
        return _postpone(courier, leased, busy)
    except ChannelGone as gone:
        users.disable_webhook(
            courier.database,
            user_id=leased.user_id,
            channel=leased.channel,
            at=courier.clock(),
            reason=str(gone),
            trail=courier.trail,
        )
        return _fail(courier, leased, str(gone))
    except (MessageRefused, SettingsError) as refused:
        return _fail(courier, leased, str(refused))
    is_printed = leased.sealed_url is None
    status = NotificationStatus.PRINTED if is_printed else NotificationStatus.SENT
    outbox.finish(
        courier.database, leased.id, status, at=courier.clock(), message_id=receipt.message_id
    )
    return status


def _target(courier: Courier, leased: Leased) -> str | None:
    if leased.sealed_url is None:
        return None
    context = DiscordWebhook.seal_context(leased.user_id, leased.channel)
    return courier.vault.open(leased.sealed_url, context=context)


def _message(leased: Leased) -> Message:
    try:
        message = Message.model_validate(leased.message)
    except ValidationError:
        raise MessageRefused("The stored message cannot be read by this version.") from None
    if not leased.was_tried:
        return message
    return message.model_copy(update={"notes": (*message.notes, MAYBE_A_REPEAT)})


def _postpone(courier: Courier, leased: Leased, busy: ChannelBusy) -> NotificationStatus:
    until = courier.clock() + dt.timedelta(seconds=busy.retry_after_seconds)
    users.pause_webhook(
        courier.database, user_id=leased.user_id, channel=leased.channel, until=until
    )
    if busy.may_have_arrived or leased.was_tried:
        # It stays leased: whoever takes it once the lease has run out knows that it was tried.
        outbox.keep_leased(courier.database, leased.id, until=until, reason=str(busy))
    else:
        outbox.postpone(courier.database, leased.id, until=until, reason=str(busy))
    return NotificationStatus.PENDING


def _fail(courier: Courier, leased: Leased, reason: str) -> NotificationStatus:
    outbox.finish(
        courier.database,
        leased.id,
        NotificationStatus.FAILED,
        at=courier.clock(),
        reason=reason,
    )
    return NotificationStatus.FAILED
