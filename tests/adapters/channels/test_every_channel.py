"""What `channels/base.py` promises, asked of every file that defines CHANNEL."""

import datetime as dt
import logging

import pytest
from support.discord_server import DiscordServer

from quantmatrix_adapters import channels
from quantmatrix_adapters.channels.base import Channel, Receipt
from quantmatrix_engine.errors import ChannelBusy, ChannelError, ChannelGone, MessageRefused
from quantmatrix_engine.notifications.message import Item, Message, Reason
from quantmatrix_engine.registry import discover
from quantmatrix_engine.vocabulary import Action

CHANNELS = discover(channels, attribute="CHANNEL")
LONG = "word " * 1000
BIG_ITEM = Item(
    signal_id=1,
    action=Action.EXIT,
    symbol=LONG,
    title=LONG,
    strength=0.5,
    reasons=(Reason(text=LONG, is_met=True),) * 30,
    levels=((LONG, LONG),) * 30,
    size=LONG,
)
EMPTY = Message(headline="", session=dt.date(2026, 11, 20), items=(), also=(), notes=(), footer="")
MESSAGES = {
    "empty": EMPTY,
    "one line": EMPTY.model_copy(update={"headline": "2 signals"}),
    "far too long": Message(
        headline=LONG,
        session=dt.date(2026, 11, 20),
        items=(BIG_ITEM,) * 12,
        also=(LONG,) * 30,
        notes=(LONG,) * 30,
        footer=LONG,
    ),
}


def ways_to_send(name: str, discord: DiscordServer) -> tuple[Channel, str | None]:
    """A new channel needs a line here: how a test makes one, and a target that takes messages."""
    if name == "console":
        return CHANNELS[name](lambda _: None), None
    if name == "discord":
        return CHANNELS[name](base_url=discord.base_url), discord.create_webhook()
    raise NotImplementedError(f"say here how a test makes the channel {name!r}")


@pytest.fixture(params=list(CHANNELS))
def name(request) -> str:
    return request.param


def test_a_channel_is_named_as_its_file_is(name, discord):
    channel, _ = ways_to_send(name, discord)
    assert channel.name == name


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES.keys())
def test_any_message_is_taken_and_receipted(name, message, discord):
    channel, target = ways_to_send(name, discord)
    receipt = channel.send(message, target=target)
    assert isinstance(receipt, Receipt)
    assert receipt.message_id is None or receipt.message_id


def test_the_target_is_not_logged(name, discord, caplog):
    caplog.set_level(logging.DEBUG)
    channel, target = ways_to_send(name, discord)
    channel.send(MESSAGES["one line"], target=target)
    assert target is None or target.rpartition("/")[2] not in caplog.text


@pytest.mark.parametrize("target", [None, "", "a-secret-token", "https://a-secret-token/\x00?#["])
def test_a_target_that_is_none_raises_nothing_but_a_channels_errors(name, target, discord):
    channel, _ = ways_to_send(name, discord)
    told = ""
    try:
        channel.send(MESSAGES["one line"], target=target)
    except (ChannelBusy, MessageRefused, ChannelGone) as error:
        told = str(error)
    assert "a-secret-token" not in told


def test_the_three_errors_say_what_to_do_with_the_message():
    assert ChannelBusy("", retry_after_seconds=1).retryable
    assert not MessageRefused("").retryable
    assert not ChannelGone("").retryable
    assert issubclass(ChannelGone, ChannelError)
