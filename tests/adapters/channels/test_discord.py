import datetime as dt
import json
import logging
import re
import socket
import traceback
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.discord_server import DiscordServer, webhook_id

from quantmatrix_adapters.channels import discord as channel_file
from quantmatrix_adapters.channels.discord import DiscordChannel, render
from quantmatrix_engine.errors import (
    ChannelBusy,
    ChannelError,
    ChannelGone,
    MessageRefused,
    SettingsError,
)
from quantmatrix_engine.notifications.message import Item, Message, Reason
from quantmatrix_engine.vocabulary import Action

DATA = Path(__file__).parents[3].parent / "shared" / "data" / "discord"
needs_samples = pytest.mark.skipif(not DATA.is_dir(), reason=f"{DATA} is absent")
ITEM = Item(
    signal_id=7,
    action=Action.ENTRY,
    symbol="AAPL",
    title="Entry: AAPL",
    strength=0.81,
    reasons=(Reason(text="RSI is low", is_met=True), Reason(text="not extended", is_met=False)),
    levels=(("Price", "187.20"), ("Stop", "180.00")),
    size="5 % of the account",
)
MESSAGE = Message(
    headline="2 signals",
    session=dt.date(2026, 11, 20),
    items=(ITEM,),
    also=("MSFT: exit",),
    notes=("TSLA was withheld",),
    footer="QuantMatrix",
)


def with_(**parts: Any) -> Message:
    return MESSAGE.model_copy(update=parts)


def an_item(**parts: Any) -> Item:
    return ITEM.model_copy(update=parts)


def units(text: str) -> int:
    return len(text.strip().encode("utf-16-le")) // 2


# Layout


def test_a_message_becomes_content_an_embed_an_item_and_a_last_embed():
    assert render(MESSAGE) == {
        "content": "2 signals\nTSLA was withheld",
        "embeds": [
            {
                "title": "Entry: AAPL",
                "color": 0x00FF00,
                "description": "✓ RSI is low\n✗ not extended",
                "fields": [
                    {"name": "Price", "value": "187.20", "inline": True},
                    {"name": "Stop", "value": "180.00", "inline": True},
                    {"name": "Size", "value": "5 % of the account", "inline": True},
                ],
                "footer": {"text": "QuantMatrix"},
            },
            {"title": "Also", "description": "• MSFT: exit"},
        ],
        "allowed_mentions": {"parse": []},
    }


def test_a_message_without_items_has_its_footer_in_the_only_embed():
    assert render(with_(items=()))["embeds"] == [
        {"title": "Also", "description": "• MSFT: exit", "footer": {"text": "QuantMatrix"}}
    ]
    assert render(with_(items=(), also=()))["embeds"] == [{"footer": {"text": "QuantMatrix"}}]
    assert render(with_(items=(), also=(), footer=""))["embeds"] == []


def test_a_message_with_no_text_at_all_says_its_session():
    assert render(with_(headline=" ", notes=()))["content"] == "2026-11-20"


@pytest.mark.parametrize(
    ("action", "strength", "colour"),
    [
        (Action.ENTRY, 0.8, 0x00FF00),
        (Action.ENTRY, 0.6, 0xFFFF00),
        (Action.ENTRY, 0.59, 0xFF8000),
        (Action.SCALE_OUT, 0.9, 0xFFA500),
        (Action.EXIT, 0.9, 0xFF0000),
    ],
)
def test_the_colour_says_action_and_strength(action, strength, colour):
    (embed, _) = render(with_(items=(an_item(action=action, strength=strength),)))["embeds"]
    assert embed["color"] == colour


# Text that must stay text


def test_a_name_cannot_ping_format_or_link():
    name = "@everyone <@1> **b** _i_ ~~s~~ `c` ||s|| [t](http://x) # > \\ discord.gg/abc"
    shown = render(with_(headline=name))["content"].splitlines()[0]
    assert shown == (
        "@\u200beveryone \\<@\u200b1\\> \\*\\*b\\*\\* \\_i\\_ \\~\\~s\\~\\~ \\`c\\` \\|\\|s\\|\\| "
        "\\[t\\](http:\\/\\/x) \\# \\> \\\\ discord.gg\\/abc"
    )


@pytest.mark.parametrize(
    ("text", "shown"), [("- a", "\\- a"), ("1. a", "1\\. a"), ("-5 %", "-5 %")]
)
def test_a_line_cannot_begin_a_list(text, shown):
    assert render(with_(headline=text, notes=()))["content"] == shown


def test_a_footer_is_not_markdown_so_only_its_mentions_are_broken():
    (embed, _) = render(with_(footer="a_b @here"))["embeds"]
    assert embed["footer"]["text"] == "a_b @\u200bhere"


def test_a_name_cannot_begin_a_line_of_its_own_or_turn_the_text_around():
    (embed, _) = render(with_(items=(an_item(title="a\n# b\u202ec\x00"),)))["embeds"]
    assert embed["title"] == "a \\# b c"


# Limits


def test_a_text_of_just_the_limit_is_whole_and_one_more_is_cut_with_an_ellipsis():
    assert render(with_(headline="h" * 2000, notes=()))["content"] == "h" * 2000
    assert render(with_(headline="h" * 2001, notes=()))["content"] == "h" * 1999 + "…"
    assert render(with_(headline="😀" * 1001, notes=()))["content"] == "😀" * 999 + "…"


def test_an_escape_is_not_torn_apart():
    assert render(with_(headline="h" * 1998 + "**", notes=()))["content"] == "h" * 1998 + "…"


def test_notes_that_do_not_fit_are_counted():
    content = render(with_(notes=("n" * 500,) * 5))["content"]
    assert content.splitlines() == ["2 signals", *["n" * 500] * 3, "… and 2 more"]


def test_levels_beyond_the_25_fields_are_counted():
    levels = tuple((f"L{number}", "1") for number in range(30))
    (embed, _) = render(with_(items=(an_item(levels=levels),)))["embeds"]
    assert len(embed["fields"]) == 25
    assert embed["fields"][23]["name"] == "L23"
    assert embed["fields"][24] == {"name": "…", "value": "and 7 more", "inline": True}


def test_a_blank_level_is_a_dash_for_a_field_must_have_text():
    (embed, _) = render(with_(items=(an_item(levels=((" ", ""),), size=""),)))["embeds"]
    assert embed["fields"] == [{"name": "-", "value": "-", "inline": True}]


def test_items_beyond_the_embeds_are_named_before_the_rest():
    items = tuple(an_item(symbol=f"S{number}", title=f"Entry {number}") for number in range(12))
    embeds = render(with_(items=items))["embeds"]
    assert [embed["title"] for embed in embeds] == [*(f"Entry {n}" for n in range(9)), "Also"]
    assert embeds[-1]["description"].splitlines() == [
        "• S9: Entry 9",
        "• S10: Entry 10",
        "• S11: Entry 11",
        "• MSFT: exit",
    ]


def test_ten_items_and_nothing_else_have_an_embed_each():
    assert len(render(with_(items=(ITEM,) * 10, also=()))["embeds"]) == 10


def test_items_beyond_the_6000_characters_are_named():
    big = an_item(reasons=(Reason(text="r" * 2000, is_met=True),))
    first, second, also = render(with_(items=(big, big, big)))["embeds"]
    assert first == second
    assert also["description"].splitlines() == ["• Entry: AAPL", "• MSFT: exit"]


def test_the_6000_characters_may_be_used_to_the_last():
    title, mark = len("Entry: AAPL"), len("✓ ")
    bare = an_item(levels=(), size="")
    text = "r" * (3000 - title - mark)
    half = bare.model_copy(update={"reasons": (Reason(text=text, is_met=True),)})
    more = bare.model_copy(update={"reasons": (Reason(text=text + "r", is_met=True),)})
    whole = render(with_(items=(half, half), also=(), footer=""))["embeds"]
    over = render(with_(items=(half, more), also=(), footer=""))["embeds"]
    assert [len(embed["description"]) for embed in whole] == [2989, 2989]
    assert over[1] == {"title": "Also", "description": "• Entry: AAPL"}


def test_long_levels_leave_room_for_reasons():
    levels = (("n" * 100, "v" * 200),) * 25
    reasons = (Reason(text="r" * 97, is_met=True),) * 20
    (embed, _) = render(with_(items=(an_item(levels=levels, reasons=reasons),)))["embeds"]
    lines = embed["description"].splitlines()
    assert lines[:9] == ["✓ " + "r" * 97] * 9
    assert lines[-1] == f"… and {20 - len(lines) + 1} more"
    # 5,000 - 11 (title) - 11 (footer) - 1,000 (reasons) holds 13 levels; 12 and the size are left.
    assert embed["fields"][13:] == [{"name": "…", "value": "and 13 more", "inline": True}]


def test_a_list_that_does_not_fit_ends_with_a_count():
    lines = render(with_(also=("n" * 100,) * 100))["embeds"][-1]["description"].splitlines()
    assert lines[0] == "• " + "n" * 100
    assert lines[-1] == f"… and {100 - len(lines) + 1} more"


TEXTS = st.text(max_size=40) | st.builds(
    lambda text, times: text * times, st.text(min_size=1, max_size=4), st.integers(1, 3000)
)
ITEMS = st.builds(
    Item,
    signal_id=st.integers(1),
    action=st.sampled_from(Action),
    symbol=TEXTS,
    title=TEXTS,
    strength=st.floats(),
    reasons=st.lists(st.builds(Reason, text=TEXTS, is_met=st.booleans()), max_size=6).map(tuple),
    levels=st.lists(st.tuples(TEXTS, TEXTS), max_size=30).map(tuple),
    size=TEXTS,
)
MESSAGES = st.builds(
    Message,
    headline=TEXTS,
    session=st.dates(),
    items=st.lists(ITEMS, max_size=12).map(tuple),
    also=st.lists(TEXTS, max_size=12).map(tuple),
    notes=st.lists(TEXTS, max_size=6).map(tuple),
    footer=TEXTS,
)


@pytest.fixture(scope="module")
def patient_discord():
    with DiscordServer(rate_limit=1_000_000) as server:
        yield server


@settings(deadline=None, max_examples=60)
@given(message=MESSAGES)
def test_any_message_is_within_the_limits_and_taken(patient_discord, message):
    url = patient_discord.create_webhook()
    receipt = DiscordChannel(patient_discord.base_url).send(message, target=url)
    (received,) = patient_discord.messages(webhook_id(url))
    assert received["id"] == receipt.message_id
    assert received["allowed_mentions"] == {"parse": []}
    assert not re.search("@(?!\u200b)", json.dumps(received, ensure_ascii=False))


@settings(deadline=None, max_examples=60)
@given(message=MESSAGES)
def test_no_item_of_any_message_is_dropped_in_silence(message):
    embeds = render(message)["embeds"]
    cards = [embed for embed in embeds if "color" in embed]
    lines = [line for embed in embeds[len(cards) :] for line in _named(embed)]
    counted = re.fullmatch("… and ([0-9]+) more", lines[-1]) if lines else None
    told = len(lines) - 1 + int(counted[1]) if counted else len(lines)
    assert len(cards) + told == len(message.items) + len(message.also)


def _named(embed: dict[str, Any]) -> list[str]:
    return embed.get("description", "").splitlines()


@needs_samples
def test_the_limits_are_the_recorded_ones():
    recorded = json.loads((DATA / "limits.json").read_text())
    assert recorded["content"] == channel_file.CONTENT_LIMIT
    assert recorded["embeds"] == channel_file.EMBEDS_LIMIT
    assert recorded["embed"] == {
        "title": channel_file.TITLE_LIMIT,
        "description": channel_file.DESCRIPTION_LIMIT,
        "fields": channel_file.FIELDS_LIMIT,
        "field.name": channel_file.FIELD_NAME_LIMIT,
        "field.value": channel_file.FIELD_VALUE_LIMIT,
        "footer.text": channel_file.FOOTER_LIMIT,
        "author.name": 256,
        "total_all_embeds": channel_file.EMBEDS_TOTAL_LIMIT,
    }


# Targets


@pytest.mark.parametrize(
    "url",
    [
        "https://discord.com/api/webhooks/123/a-Secret_token",
        "https://discord.com/api/v10/webhooks/123/a-Secret_token",
        "https://canary.discord.com/api/webhooks/123/a-Secret_token",
        "https://ptb.discord.com/api/webhooks/123/a-Secret_token",
        "https://discordapp.com/api/webhooks/123/a-Secret_token",
        " https://discord.com/api/webhooks/123/a-Secret_token/\n",
    ],
)
def test_every_spelling_of_a_webhook_has_one_url(url):
    expected = "https://discord.com/api/v10/webhooks/123/a-Secret_token"
    assert DiscordChannel().check_target(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a-Secret_token",
        "/api/webhooks/123/a-Secret_token",
        "http://discord.com/api/webhooks/123/a-Secret_token",
        "https://discord.com.example.org/api/webhooks/123/a-Secret_token",
        "https://discord.com@example.org/api/webhooks/123/a-Secret_token",
        "https://example.org/api/webhooks/123/a-Secret_token",
        "https://discord.com/api/v6/webhooks/123/a-Secret_token",
        "https://discord.com/api/webhooks/abc/a-Secret_token",
        "https://discord.com/api/webhooks/١٢٣/a-Secret_token",
        "https://discord.com/api/webhooks/123/",
        "https://discord.com/api/webhooks/123/a-Secret_token/slack",
        "https://discord.com/api/webhooks/123/a-Secret_token?wait=true",
        "https://discord.com/api/webhooks/123/../a-Secret_token",
    ],
)
def test_what_is_no_webhook_is_refused_without_telling_it(url):
    with pytest.raises(SettingsError, match=r"discord\.com/api/webhooks/ID/TOKEN") as raised:
        DiscordChannel().check_target(url)
    assert "Secret" not in str(raised.value)


def test_other_hosts_are_discords_only_when_we_speak_to_discord(discord):
    with pytest.raises(SettingsError):
        DiscordChannel(discord.base_url).check_target("https://ptb.discord.com/api/webhooks/1/t")
    with pytest.raises(SettingsError):
        DiscordChannel().check_target(discord.create_webhook())


# Sending


@pytest.fixture
def url(discord) -> str:
    return discord.create_webhook()


@pytest.fixture
def channel(discord) -> DiscordChannel:
    return DiscordChannel(discord.base_url)


def test_a_sent_message_is_receipted_with_discords_id(discord, channel, url):
    receipt = channel.send(MESSAGE, target=channel.check_target(url))
    (received,) = discord.messages(webhook_id(url))
    assert received == render(MESSAGE) | {"id": receipt.message_id}


def test_a_rate_limit_says_how_long_to_wait():
    now = [0.0]
    with DiscordServer(rate_limit=1, clock=lambda: now[0]) as server:
        channel, url = DiscordChannel(server.base_url), server.create_webhook()
        channel.send(MESSAGE, target=url)
        now[0] = 0.5
        with pytest.raises(ChannelBusy) as raised:
            channel.send(MESSAGE, target=url)
        now[0] += raised.value.retry_after_seconds
        channel.send(MESSAGE, target=url)
    assert raised.value.retry_after_seconds == 1.5


@needs_samples
@pytest.mark.parametrize(
    ("name", "seconds"), [("429_user", 64.57), ("429_shared", 1336.57), ("429_global", 64.57)]
)
def test_the_recorded_rate_limits_are_read(discord, channel, url, name, seconds):
    sample = json.loads((DATA / "samples" / f"{name}.json").read_text())
    extra = {key: text for key, text in sample["headers"].items() if key != "Content-Type"}
    discord.fail_next(429, sample["body"], headers=extra)
    assert busy(channel, url).retry_after_seconds == seconds


@pytest.mark.parametrize(
    ("body", "header", "seconds"),
    [
        ({"retry_after": 0.25}, "9", 0.25),
        ({}, "9", 9.0),
        ("<html></html>", "9", 9.0),
        ({"retry_after": "soon"}, "Fri, 20 Nov 2026 21:00:00 GMT", 1.0),
        ({"retry_after": -1}, "0", 1.0),
        ({"retry_after": True}, "inf", 1.0),
        ({"retry_after": float("nan")}, "", 1.0),
        ({"retry_after": 10**400}, "", 1.0),
        ({"retry_after": 1e12}, "9", 86_400.0),
    ],
)
def test_a_wait_is_read_from_the_body_else_the_header_else_it_is_a_second(
    discord, channel, url, body, header, seconds
):
    discord.fail_next(429, body, headers={"Retry-After": header})
    assert busy(channel, url).retry_after_seconds == seconds


def busy(channel: DiscordChannel, url: str) -> ChannelBusy:
    with pytest.raises(ChannelBusy) as raised:
        channel.send(MESSAGE, target=url)
    return raised.value


@pytest.mark.parametrize(
    ("status", "body", "content_type"),
    [
        (500, {"message": "500: Internal Server Error", "code": 0}, "application/json"),
        (502, "<html>Bad gateway</html>", "text/html"),
        (403, "<html>Access denied</html>", "text/html"),
        (404, "<html>Not found</html>", "text/html"),
        (200, "<html>Sign in to the hotel's network</html>", "text/html"),
        (400, [], "application/json"),
        (302, {}, "application/json"),
    ],
)
def test_a_fault_on_the_way_means_later(discord, channel, url, status, body, content_type):
    discord.fail_next(status, body, content_type)
    assert busy(channel, url).retry_after_seconds == 30


def test_silence_means_later(discord, url):
    discord.hang_next()
    impatient = DiscordChannel(discord.base_url, timeout_seconds=0.1)
    assert busy(impatient, url).retry_after_seconds == 30


def test_a_refused_connection_means_later():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    error = busy(DiscordChannel(base_url), f"{base_url}/api/webhooks/1/t")
    assert error.retry_after_seconds == 30


def test_a_deleted_webhook_is_gone(discord, channel, url):
    discord.delete_webhook(url)
    with pytest.raises(ChannelGone, match="deleted"):
        channel.send(MESSAGE, target=url)


def test_a_webhook_with_a_wrong_token_is_gone(channel, url):
    with pytest.raises(ChannelGone, match="token"):
        channel.send(MESSAGE, target=url + "x")


def test_an_address_discord_does_not_know_is_gone(discord, channel, url):
    discord.fail_next(404, {"message": "404: Not Found", "code": 0})
    with pytest.raises(ChannelGone, match="nothing at this address"):
        channel.send(MESSAGE, target=url)


@pytest.mark.parametrize("target", [None, "https://example.org/api/webhooks/1/t"])
def test_nothing_is_sent_to_a_target_that_is_no_webhook(channel, target):
    with pytest.raises(ChannelGone, match="not a webhook"):
        channel.send(MESSAGE, target=target)


def nested(words: str) -> dict[str, Any]:
    return {"_errors": [{"code": "BASE_TYPE_MAX_LENGTH", "message": words}]}


TOO_LONG = "Must be 256 or fewer in length."
FORM = {"code": 50035, "message": "Invalid Form Body"}


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (
            400,
            FORM | {"errors": {"embeds": {"0": {"title": nested(TOO_LONG)}}}},
            "embeds[0].title: Must be 256 or fewer in length.",
        ),
        (
            400,
            FORM
            | {"errors": {"content": nested("a"), "embeds": {"_errors": [], "1": nested("b")}}},
            "content: a; embeds[1]: b",
        ),
        (400, FORM | {"errors": nested("a")}, "(400, code 50035): a"),
        (
            400,
            {"embeds": ["Must be 10 or fewer in length."]},
            "embeds: Must be 10 or fewer in length.",
        ),
        (400, {"embeds": ["0"]}, "embeds: 0"),
        (400, {"message": "Cannot send an empty message", "code": 50006}, "an empty message"),
        (403, {"message": "Missing Permissions", "code": 50013}, "Missing Permissions"),
        (413, {"message": "Request entity too large", "code": 40005}, "entity too large"),
    ],
)
def test_a_refusal_says_what_discord_said(discord, channel, url, status, body, words):
    discord.fail_next(status, body)
    with pytest.raises(MessageRefused) as raised:
        channel.send(MESSAGE, target=url)
    assert str(raised.value).endswith(words)


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 413, 429, 500])
def test_neither_errors_nor_logs_tell_the_token(discord, channel, url, status, caplog):
    caplog.set_level(logging.DEBUG)
    token = url.rpartition("/")[2]
    discord.fail_next(status, {"message": f"no {url}", "code": url, "retry_after": url})
    told = ""
    try:
        channel.send(MESSAGE, target=url)
    except ChannelError as error:
        told = "".join(traceback.format_exception(error))
    assert token not in told
    assert token not in caplog.text


def test_a_time_out_does_not_tell_the_token(discord, url, caplog):
    caplog.set_level(logging.DEBUG)
    discord.hang_next()
    error = busy(DiscordChannel(discord.base_url, timeout_seconds=0.1), url)
    token = url.rpartition("/")[2]
    assert token not in "".join(traceback.format_exception(error))
    assert token not in caplog.text
