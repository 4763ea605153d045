"""Discord: lays a message out as embeds and posts it to a webhook, in version 10 of its API.

Limits and errors are those of Discord's own documentation (discord-api-docs, `webhook.mdx`,
`message.mdx`, `rate-limits.mdx`). Lengths are counted in UTF-16 code units, the longest way.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from types import MappingProxyType
from typing import Any

from quantmatrix_adapters.channels.base import Receipt, one_line
from quantmatrix_adapters.http import HttpAnswer, HttpClient
from quantmatrix_engine.errors import (
    ChannelBusy,
    ChannelError,
    ChannelGone,
    HttpError,
    MessageRefused,
    SettingsError,
)
from quantmatrix_engine.notifications.message import Item, Message
from quantmatrix_engine.vocabulary import Action

DEFAULT_BASE_URL = "https://discord.com"
PROJECT_URL = "https://example.org/quantmatrix"

CONTENT_LIMIT = 2000
EMBEDS_LIMIT = 10
TITLE_LIMIT = 256
DESCRIPTION_LIMIT = 4096
FIELDS_LIMIT = 25
FIELD_NAME_LIMIT = 256
FIELD_VALUE_LIMIT = 1024
FOOTER_LIMIT = 2048
EMBEDS_TOTAL_LIMIT = 6000

# One item never takes the room of the list of those that got no embed, nor fields that of reasons.
_ALSO_ROOM = 1000
_REASONS_ROOM = 1000
_ITEM_LIMIT = EMBEDS_TOTAL_LIMIT - _ALSO_ROOM
_MORE_ROOM = len("\n… and 999999999999 more")

_RETRY_AFTER_SECONDS = 30.0
_LEAST_RETRY_AFTER_SECONDS = 1.0
_LONGEST_RETRY_AFTER_SECONDS = 86_400.0
_ERROR_TEXT_LIMIT = 1000

_OTHER_HOSTS = ("https://canary.discord.com", "https://ptb.discord.com", "https://discordapp.com")
_WEBHOOK_PATH = re.compile(r"/api/(?:v10/)?webhooks/([0-9]{1,20})/([A-Za-z0-9_-]+)/?")

_GREEN, _YELLOW, _DARK_ORANGE, _ORANGE, _RED = 0x00FF00, 0xFFFF00, 0xFF8000, 0xFFA500, 0xFF0000
_NO_TEXT = "-"
# A zero-width space parts the @ from the name; no backslash keeps Discord from reading a mention.
_PLAIN = MappingProxyType({"@": "@\u200b"})
# A slash is escaped so that no address becomes a link or an invitation.
_MARKDOWN = MappingProxyType({char: f"\\{char}" for char in r"\*_~`|[]<>#/"} | _PLAIN)
_LIST_MARK = re.compile(r"(?:[-+]|\d+\.)(?= )")


class DiscordChannel:
    """Posts to the webhooks of `base_url`; tests pass a server on loopback.

    `timeout_seconds` is how long Discord may be silent before the message counts as not taken.
    """

    name = "discord"

    def __init__(self, base_url: str = DEFAULT_BASE_URL, timeout_seconds: float = 10.0) -> None:
        self._base_url = base_url.rstrip("/")
        self._http = HttpClient(
            self._base_url,
            user_agent=f"DiscordBot ({PROJECT_URL}, {version('quantmatrix')})",
            timeout_seconds=timeout_seconds,
        )

    def check_target(self, url: str) -> str:
        """Gives the one URL we keep for the webhook a user names, with the version of the API.

        Blanks around it and a slash at its end are allowed; so are, for Discord itself, its
        hosts canary, ptb and discordapp.com. Raises SettingsError, without the URL's text.
        """
        path = self._path(url)
        if path is None:
            raise SettingsError(
                "This is not the URL of a Discord webhook. Right would be "
                f"{self._base_url}/api/webhooks/ID/TOKEN with nothing after the token, as "
                "'Copy Webhook URL' in the channel's settings, Integrations, gives it."
            )
        return self._base_url + path

    def send(self, message: Message, *, target: str | None) -> Receipt:
        """Posts the message to the webhook `target` and gives Discord's id of it.

        Keeps the promises of Channel.send. A target that is no webhook's URL counts as gone.
        """
        path = None if target is None else self._path(target)
        if path is None:
            raise ChannelGone("Discord cannot be reached: the target is not a webhook's URL.")
        try:
            answer = self._http.post_json(path, render(message), query={"wait": "true"})
        except HttpError as error:
            raise ChannelBusy(
                f"Discord did not answer: {error}",
                retry_after_seconds=_RETRY_AFTER_SECONDS,
                may_have_arrived=True,
            ) from error
        return _receipt(answer, token=path.rpartition("/")[2])

    def _path(self, url: str) -> str | None:
        bare = url.strip()
        origin = next((origin for origin in self._origins() if bare.startswith(origin)), None)
        if origin is None:
            return None
        match = _WEBHOOK_PATH.fullmatch(bare, len(origin))
        return "/api/v10/webhooks/{}/{}".format(*match.groups()) if match else None

    def _origins(self) -> tuple[str, ...]:
        is_default = self._base_url == DEFAULT_BASE_URL
        return (self._base_url, *_OTHER_HOSTS) if is_default else (self._base_url,)


def render(message: Message) -> dict[str, Any]:
    """Gives the body of 'execute webhook' for any message; it keeps every documented limit.

    The content is the headline and the notes. Each item has an embed; those after the first
    that do not fit whole are named in a last embed, before what the message calls `also`.
    Nobody is mentioned, and no text of the message formats, links or pings.
    """
    return {
        "content": _fit((message.headline, *message.notes), CONTENT_LIMIT)
        or message.session.isoformat(),
        "embeds": _embeds(message),
        "allowed_mentions": {"parse": []},
    }


def _embeds(message: Message) -> list[dict[str, Any]]:
    footer = _cut(message.footer, FOOTER_LIMIT, _PLAIN)
    if not message.items:
        return _closing_embed(message.also, footer)
    cards = [_item_embed(item, footer) for item in message.items[:EMBEDS_LIMIT]]
    for shown in range(len(cards), 1, -1):
        embeds = _beside_the_rest(message, cards[:shown])
        if len(embeds) <= EMBEDS_LIMIT and sum(map(_embed_units, embeds)) <= EMBEDS_TOTAL_LIMIT:
            return embeds
    return _beside_the_rest(message, cards[:1])


def _beside_the_rest(message: Message, cards: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Gives the cards and, where there is more to name, the embed that names it."""
    rest = (*map(_name, message.items[len(cards) :]), *message.also)
    if not rest:
        return cards
    room = EMBEDS_TOTAL_LIMIT - sum(map(_embed_units, cards))
    return [*cards, _also_embed(rest, max(room, _ALSO_ROOM))]


def _closing_embed(also: Sequence[str], footer: str) -> list[dict[str, Any]]:
    """Gives the only embed of a message without items, or none where it has nothing to say."""
    embed = _also_embed(also, EMBEDS_TOTAL_LIMIT - _units(footer)) if also else {}
    if footer:
        embed["footer"] = {"text": footer}
    return [embed] if embed else []


def _also_embed(texts: Sequence[str], limit: int) -> dict[str, Any]:
    title = "Also"
    room = min(DESCRIPTION_LIMIT, limit - _units(title))
    return {"title": title, "description": _fit([f"• {text}" for text in texts], room)}


def _name(item: Item) -> str:
    return item.title if item.symbol in item.title else f"{item.symbol}: {item.title}"


def _item_embed(item: Item, footer: str) -> dict[str, Any]:
    """Gives an item's embed, of `_ITEM_LIMIT` units at most."""
    title = _cut(item.title, TITLE_LIMIT) or _cut(item.symbol, TITLE_LIMIT) or _NO_TEXT
    reasons = [f"{'✓' if reason.is_met else '✗'} {reason.text}" for reason in item.reasons]
    room = _ITEM_LIMIT - _units(title) - _units(footer)
    wanted = _units(_fit(reasons, DESCRIPTION_LIMIT))
    fields = _fields(item, room - min(wanted, _REASONS_ROOM))
    description = _fit(reasons, min(DESCRIPTION_LIMIT, room - sum(map(_field_units, fields))))
    embed: dict[str, Any] = {"title": title, "color": _colour(item), "fields": fields}
    if description:
        embed["description"] = description
    if footer:
        embed["footer"] = {"text": footer}
    return embed


def _fields(item: Item, limit: int) -> list[dict[str, Any]]:
    """Gives levels and size as fields; those beyond the limits are counted in a last one."""
    pairs = [*item.levels, *([("Size", item.size)] if one_line(item.size) else [])]
    fields = [_field(name, value) for name, value in pairs]
    if len(fields) <= FIELDS_LIMIT and sum(map(_field_units, fields)) <= limit:
        return fields
    kept: list[dict[str, Any]] = []
    room = limit - _MORE_ROOM
    for field in fields[: FIELDS_LIMIT - 1]:
        room -= _field_units(field)
        if room < 0:
            break
        kept.append(field)
    return [*kept, _field("…", f"and {len(fields) - len(kept)} more")]


def _field(name: str, value: str) -> dict[str, Any]:
    return {
        "name": _cut(name, FIELD_NAME_LIMIT) or _NO_TEXT,
        "value": _cut(value, FIELD_VALUE_LIMIT) or _NO_TEXT,
        "inline": True,
    }


def _colour(item: Item) -> int:
    if item.action is Action.EXIT:
        return _RED
    if item.action is Action.SCALE_OUT:
        return _ORANGE
    if item.strength >= 0.8:
        return _GREEN
    return _YELLOW if item.strength >= 0.6 else _DARK_ORANGE


def _embed_units(embed: Mapping[str, Any]) -> int:
    texts = (embed.get("title", ""), embed.get("description", ""))
    footer = embed.get("footer", {}).get("text", "")
    return sum(map(_units, (*texts, footer))) + sum(map(_field_units, embed.get("fields", ())))


def _field_units(field: Mapping[str, Any]) -> int:
    return _units(field["name"]) + _units(field["value"])


def _units(text: str) -> int:
    return len(text) + sum(char > "\uffff" for char in text)


def _fit(texts: Sequence[str], limit: int) -> str:
    """Gives the texts that are not blank, a line each; those that do not fit are counted."""
    present = [text for text in texts if one_line(text)]
    lines = [_cut(text, limit if len(present) == 1 else limit - _MORE_ROOM) for text in present]
    if _units("\n".join(lines)) <= limit:
        return "\n".join(lines)
    kept: list[str] = []
    room = limit - _MORE_ROOM + 1
    for line in lines:
        room -= _units(line) + 1
        if room < 0:
            break
        kept.append(line)
    return "\n".join([*kept, f"… and {len(lines) - len(kept)} more"])


def _cut(text: str, limit: int, escapes: Mapping[str, str] = _MARKDOWN) -> str:
    """Gives the text as one escaped line of `limit` units at most; "…" ends one that was cut."""
    pieces = _escaped(one_line(text)[: limit + 1], escapes)
    if sum(map(_units, pieces)) <= limit:
        return "".join(pieces)
    room = limit - 1
    kept: list[str] = []
    for piece in pieces:
        room -= _units(piece)
        if room < 0:
            break
        kept.append(piece)
    return "".join(kept).rstrip() + "…"


def _escaped(line: str, escapes: Mapping[str, str]) -> list[str]:
    """Gives the line's characters, each with the escape it needs, so that none is torn apart."""
    pieces = [escapes.get(char, char) for char in line]
    if escapes is _MARKDOWN and (mark := _LIST_MARK.match(line)):
        pieces[mark.end() - 1] = "\\" + pieces[mark.end() - 1]
    return pieces


def _receipt(answer: HttpAnswer, *, token: str) -> Receipt:
    body = answer.json()
    if answer.status == 429:
        raise _rate_limited(answer, body)
    if answer.status == 204:
        return Receipt(None)
    if answer.status >= 500 or 300 <= answer.status < 400 or not isinstance(body, dict):
        raise ChannelBusy(
            f"Discord has a fault: status {answer.status}, and no answer of its API.",
            retry_after_seconds=_RETRY_AFTER_SECONDS,
            may_have_arrived=True,
        )
    if answer.status >= 400:
        raise _refusal(answer.status, body, token=token)
    return Receipt(body["id"] if isinstance(body.get("id"), str) else None)


def _rate_limited(answer: HttpAnswer, body: Any) -> ChannelBusy:
    """Gives the error for a rate limit, with the seconds of the body, else of the header."""
    stated = body.get("retry_after") if isinstance(body, dict) else None
    seconds = (
        _seconds(stated)
        or _seconds(answer.headers.get("retry-after"))
        or _LEAST_RETRY_AFTER_SECONDS
    )
    return ChannelBusy(f"Discord asks to wait {seconds:g} s.", retry_after_seconds=seconds)


def _seconds(value: Any) -> float | None:
    """Gives a positive number of seconds, a day at most, or None where `value` states none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    if not math.isfinite(seconds) or seconds <= 0:
        return None
    return min(seconds, _LONGEST_RETRY_AFTER_SECONDS)


def _refusal(status: int, body: dict[str, Any], *, token: str) -> ChannelError:
    """Gives the error for a 4xx; the token is blotted out, should whoever answered repeat it."""
    code = body["code"] if isinstance(body.get("code"), int) else None
    if status == 404 and code == 10015:
        return ChannelGone("Discord does not know this webhook any more: it was deleted.")
    if status == 404:
        return ChannelGone(
            f"Discord has nothing at this address (404, code {code}): check the webhook's URL."
        )
    if status == 401 and code == 50027:
        return ChannelGone("Discord does not accept this webhook's token: copy its URL again.")
    words = _error_text(body).replace(token, "TOKEN")[:_ERROR_TEXT_LIMIT]
    return MessageRefused(f"Discord refused the message ({status}, code {code}): {words}")


def _error_text(body: dict[str, Any]) -> str:
    """Gives Discord's own words on one line: each field that is wrong, or else its message."""
    errors = body.get("errors")
    if not errors and isinstance(body.get("message"), str):
        return one_line(body["message"])
    return one_line("; ".join(_form_errors(errors or body, "")))


def _form_errors(node: Any, path: str) -> Iterator[str]:
    """Gives each error below `node` as `path: words`, of the nested shape or of the flat one."""
    if isinstance(node, list):
        for entry in node:
            words = entry.get("message", entry) if isinstance(entry, dict) else entry
            yield f"{path}: {words}" if path else str(words)
    elif isinstance(node, dict):
        for key, below in node.items():
            yield from _form_errors(below, path if key == "_errors" else _step(path, key))
    else:
        yield f"{path}: {node}"


def _step(path: str, key: str) -> str:
    if key.isdigit():
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key


CHANNEL = DiscordChannel
