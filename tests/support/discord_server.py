"""Discord's webhooks on loopback: the documented limits, errors and rate limit, nothing more.

Source: ../shared/data/discord (protocol.md, limits.json, samples), in turn discord-api-docs at
commit c98d64bc. Where the documents leave a choice the server takes the stricter one: lengths are
counted in UTF-16 code units, and an undocumented User-Agent is turned away as Cloudflare does.
"""

import json
import math
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

LIMITS = {
    "content": 2000,
    "embeds": 10,
    "title": 256,
    "description": 4096,
    "fields": 25,
    "field.name": 256,
    "field.value": 1024,
    "footer.text": 2048,
    "author.name": 256,
    "total_all_embeds": 6000,
    "username": 80,
    "allowed_mentions_ids": 100,
    "request_bytes": 26_214_400,
}
_SETTABLE_FLAGS = 4 | 4096 | 32768
_PATH = re.compile(r"/api/(?:v(?P<version>\d+)/)?webhooks/(?P<id>\d+)/(?P<token>[\w-]+)")
_USER_AGENT = re.compile(r"DiscordBot \(\S+, \S+\)")
_HTML = "<!DOCTYPE html><html><head><title>Cloudflare</title></head></html>"


@dataclass(frozen=True)
class Answer:
    """A status, a body (JSON unless it is text) and headers."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


@dataclass
class Webhook:
    """A webhook, what it received, and the calls of its present rate-limit window."""

    id: str
    token: str
    messages: list[dict[str, Any]] = field(default_factory=list)
    window_ends: float = -math.inf
    calls: int = 0


class DiscordServer:
    """Runs from entering to leaving the context; every method may be called from any thread.

    Each webhook takes `rate_limit` calls per `rate_window_seconds`, measured by `clock`.
    """

    def __init__(
        self,
        *,
        rate_limit: int = 5,
        rate_window_seconds: float = 2.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rate_limit = rate_limit
        self._rate_window_seconds = rate_window_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._webhooks: dict[str, Webhook] = {}
        self._next_ids = iter(range(334385199974967042, 2**63))
        self._injected: list[Answer | None] = []
        self._closing = threading.Event()

    def __enter__(self) -> "DiscordServer":
        handler = type("Handler", (_Handler,), {"discord": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def base_url(self) -> str:
        """Stands for https://discord.com."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def create_webhook(self) -> str:
        """Gives the URL of a new webhook as Discord's own pages show it: without a version."""
        webhook = Webhook(str(next(self._next_ids)), secrets.token_urlsafe(51))
        with self._lock:
            self._webhooks[webhook.id] = webhook
        return f"{self.base_url}/api/webhooks/{webhook.id}/{webhook.token}"

    def delete_webhook(self, url: str) -> None:
        """Forgets the webhook, as a person would who deletes it in the channel's settings."""
        with self._lock:
            del self._webhooks[webhook_id(url)]

    def messages(self, webhook_id: str) -> list[dict[str, Any]]:
        """Gives what the webhook accepted, oldest first: the body as posted, plus its `id`."""
        with self._lock:
            return list(self._webhooks[webhook_id].messages)

    def fail_next(
        self,
        status: int,
        body: Any,
        content_type: str = "application/json",
        headers: dict[str, str] | None = None,
    ) -> None:
        """Makes the next request get this answer and nothing else happen; calls queue up."""
        with self._lock:
            self._injected.append(Answer(status, body, headers or {}, content_type))

    def hang_next(self) -> None:
        """Makes the next request get no answer until the server is left; queues with fail_next."""
        with self._lock:
            self._injected.append(None)

    def answer(self, handler: BaseHTTPRequestHandler, body: bytes) -> Answer | None:
        """Gives the answer to a POST, or None to hang up without one."""
        with self._lock:
            injected = self._injected.pop(0) if self._injected else _NOTHING_INJECTED
        if injected is None:
            self._closing.wait()
        if injected is not _NOTHING_INJECTED:
            return injected
        if not _USER_AGENT.fullmatch(handler.headers.get("User-Agent", "")):
            return Answer(403, _HTML, content_type="text/html")
        with self._lock:
            return self._execute(handler, body)

    def _execute(self, handler: BaseHTTPRequestHandler, body: bytes) -> Answer:
        address = urlsplit(handler.path)
        match = _PATH.fullmatch(address.path)
        if match is None:
            return Answer(404, {"message": "404: Not Found", "code": 0})
        webhook = self._webhooks.get(match["id"])
        if webhook is None:
            return Answer(404, {"message": "Unknown Webhook", "code": 10015})
        if match["token"] != webhook.token:
            return Answer(401, {"message": "Invalid Webhook Token", "code": 50027})
        is_version_6 = match["version"] in (None, "6")
        headers, wait_seconds = self._count_call(webhook)
        if wait_seconds is not None:
            return _rate_limited(headers, wait_seconds * (1000 if is_version_6 else 1))
        refusal = _refusal(handler.headers.get("Content-Type", ""), body, is_version_6)
        if refusal is not None:
            return refusal
        is_waiting = parse_qs(address.query).get("wait", ["false"])[-1] in ("True", "true", "1")
        message = self._store(webhook, json.loads(body))
        return Answer(200, message, headers) if is_waiting else Answer(204, None, headers)

    def _count_call(self, webhook: Webhook) -> tuple[dict[str, str], float | None]:
        """Gives the rate-limit headers and, where the call is one too many, the seconds to wait."""
        now = self._clock()
        if now >= webhook.window_ends:
            webhook.window_ends, webhook.calls = now + self._rate_window_seconds, 0
        webhook.calls += 1
        left_seconds = webhook.window_ends - now
        headers = {
            "X-RateLimit-Limit": str(self._rate_limit),
            "X-RateLimit-Remaining": str(max(0, self._rate_limit - webhook.calls)),
            "X-RateLimit-Reset": f"{time.time() + left_seconds:.3f}",
            "X-RateLimit-Reset-After": f"{left_seconds:.3f}",
            "X-RateLimit-Bucket": "abcd1234",
        }
        return headers, left_seconds if webhook.calls > self._rate_limit else None

    def _store(self, webhook: Webhook, body: dict[str, Any]) -> dict[str, Any]:
        message_id = str(next(self._next_ids))
        webhook.messages.append(body | {"id": message_id})
        author = {"username": "Captain Hook", "discriminator": "0000", "id": webhook.id}
        return {
            "id": message_id,
            "type": 0,
            "content": body.get("content") or "",
            "embeds": [embed | {"type": "rich"} for embed in body.get("embeds") or []],
            "author": author | {"avatar": None, "bot": True},
            "webhook_id": webhook.id,
            "channel_id": "290926798999357250",
            "timestamp": "2026-11-20T21:15:00.000000+00:00",
            "edited_timestamp": None,
            "attachments": [],
            "mentions": [],
            "mention_roles": [],
            "mention_everyone": False,
            "pinned": False,
            "tts": False,
        }


_NOTHING_INJECTED = Answer(0)


class _Handler(BaseHTTPRequestHandler):
    discord: DiscordServer

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        answer = self.discord.answer(self, self.rfile.read(length))
        if answer is not None:
            self._write(answer)

    def log_message(self, *_: object) -> None:
        """Keeps the tests' output quiet."""

    def _write(self, answer: Answer) -> None:
        text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
        body = b"" if answer.status == 204 else text.encode()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def webhook_id(url: str) -> str:
    """Gives the id in a webhook's URL."""
    match = _PATH.fullmatch(urlsplit(url).path)
    if match is None:
        raise ValueError(f"{url!r} is not a webhook's URL")
    return match["id"]


def _rate_limited(headers: dict[str, str], wait: float) -> Answer:
    body = {"message": "You are being rate limited.", "retry_after": wait, "global": False}
    extra = {"Retry-After": str(math.ceil(wait)), "X-RateLimit-Scope": "user"}
    return Answer(429, body, headers | extra)


def _refusal(content_type: str, raw: bytes, is_version_6: bool) -> Answer | None:
    """Gives the 400 or 413 the documents ask for, or None for a message that can be saved."""
    if len(raw) > LIMITS["request_bytes"]:
        return Answer(413, {"message": "Request entity too large", "code": 40005})
    if content_type.partition(";")[0].strip() != "application/json":
        return Answer(400, _invalid_form({"_errors": [_CONTENT_TYPE]}))
    try:
        body = json.loads(raw)
    except ValueError:
        return Answer(400, {"message": "The request body contains invalid JSON.", "code": 50109})
    errors = list(_errors(body))
    if errors:
        return Answer(400, _flat(errors) if is_version_6 else _invalid_form(_nested(errors)))
    if not _text(body.get("content")) and not body.get("embeds"):
        return Answer(400, {"message": "Cannot send an empty message", "code": 50006})
    return None


# One wrong field: where it is, and the error's code and words.
Error = tuple[tuple[str, ...], str, str]

_CONTENT_TYPE = {
    "code": "CONTENT_TYPE_INVALID",
    "message": "Expected \"Content-Type\" header to be one of {'application/json'}.",
}


def _invalid_form(errors: dict[str, Any]) -> dict[str, Any]:
    return {"code": 50035, "errors": errors, "message": "Invalid Form Body"}


def _nested(errors: list[Error]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for path, code, words in errors:
        node = tree
        for key in path:
            node = node.setdefault(key, {})
        node.setdefault("_errors", []).append({"code": code, "message": words})
    return tree


def _flat(errors: list[Error]) -> dict[str, Any]:
    """Gives the shape of version 6: below the first key only the next key, or the words."""
    tree: dict[str, Any] = {}
    for path, _, words in errors:
        told = tree.setdefault(path[0] if path else "_misc", [])
        told.append(words if len(path) < 2 else path[1])
    return {key: list(dict.fromkeys(told)) for key, told in tree.items()}


def _errors(body: Any) -> Iterator[Error]:
    if not isinstance(body, dict):
        yield (), "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType"
        return
    yield from _long(("content",), body.get("content"), LIMITS["content"])
    yield from _username_errors(body.get("username"))
    yield from _mention_errors(body.get("allowed_mentions") or {})
    if not isinstance(body.get("tts", False), bool):
        yield ("tts",), "BOOLEAN_TYPE_CONVERT", "Must be either true or false."
    if not isinstance(flags := body.get("flags", 0), int) or flags & ~_SETTABLE_FLAGS:
        yield ("flags",), "BITFIELD_TYPE_INVALID", "A flag that may not be set."
    yield from _embeds_errors(body.get("embeds") or [])


def _username_errors(name: Any) -> Iterator[Error]:
    if name is None:
        return
    yield from _long(("username",), name, LIMITS["username"])
    for word in ("clyde", "discord"):
        if word in str(name).lower():
            words = f'Username cannot contain "{word}"'
            yield ("username",), "USERNAME_INVALID_CONTAINS", words


def _mention_errors(mentions: Any) -> Iterator[Error]:
    parse = mentions.get("parse", [])
    for index, kind in enumerate(parse):
        if kind not in ("users", "roles", "everyone"):
            path = ("allowed_mentions", "parse", str(index))
            yield path, "BASE_TYPE_CHOICES", "Value must be one of ('users', 'roles', 'everyone')."
    for kind in ("users", "roles"):
        ids = mentions.get(kind, [])
        if len(ids) > LIMITS["allowed_mentions_ids"]:
            yield ("allowed_mentions", kind), *_too_long(LIMITS["allowed_mentions_ids"])
        if ids and kind in parse:
            words = f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.'
            yield ("allowed_mentions",), "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", words


def _embeds_errors(embeds: Any) -> Iterator[Error]:
    if not isinstance(embeds, list):
        yield ("embeds",), "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType"
        return
    if len(embeds) > LIMITS["embeds"]:
        yield ("embeds",), *_too_long(LIMITS["embeds"])
    for index, embed in enumerate(embeds):
        yield from _embed_errors(("embeds", str(index)), embed)
    if sum(_units(text) for embed in embeds for text in _counted(embed)) > 6000:
        words = "Embed size exceeds maximum size of 6000"
        yield ("embeds",), "MAX_EMBED_SIZE_EXCEEDED", words


def _embed_errors(path: tuple[str, ...], embed: Any) -> Iterator[Error]:
    if not isinstance(embed, dict):
        yield path, "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType"
        return
    if not any(_text(text) for text in _counted(embed)) and not embed.get("image"):
        yield (*path, "description"), *_REQUIRED
    yield from _long((*path, "title"), embed.get("title"), LIMITS["title"])
    yield from _long((*path, "description"), embed.get("description"), LIMITS["description"])
    for part, key in (("footer", "text"), ("author", "name")):
        value = (embed.get(part) or {}).get(key)
        yield from _long((*path, part, key), value, LIMITS[f"{part}.{key}"])
    colour = embed.get("color", 0)
    if isinstance(colour, bool) or not isinstance(colour, int) or not 0 <= colour <= 0xFFFFFF:
        yield (*path, "color"), "NUMBER_TYPE_MAX", "Must be an integer from 0 to 16777215."
    fields = embed.get("fields") or []
    if len(fields) > LIMITS["fields"]:
        yield (*path, "fields"), *_too_long(LIMITS["fields"])
    for index, entry in enumerate(fields):
        for key in ("name", "value"):
            where = (*path, "fields", str(index), key)
            yield from _long(where, entry.get(key), LIMITS[f"field.{key}"])
            if not _text(entry.get(key)):
                yield where, *_REQUIRED


_REQUIRED = ("BASE_TYPE_REQUIRED", "This field is required")


def _too_long(limit: int) -> tuple[str, str]:
    return "BASE_TYPE_MAX_LENGTH", f"Must be {limit} or fewer in length."


def _long(path: tuple[str, ...], value: Any, limit: int) -> Iterator[Error]:
    if value is None:
        return
    if not isinstance(value, str):
        yield path, "STRING_TYPE_CONVERT", "Could not interpret as string."
    elif _units(value) > limit:
        yield path, *_too_long(limit)


def _counted(embed: Any) -> Iterator[Any]:
    """Gives the texts of an embed that count towards the 6,000 of all embeds."""
    if not isinstance(embed, dict):
        return
    yield embed.get("title")
    yield embed.get("description")
    yield (embed.get("footer") or {}).get("text")
    yield (embed.get("author") or {}).get("name")
    for entry in embed.get("fields") or []:
        yield entry.get("name")
        yield entry.get("value")


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _units(value: Any) -> int:
    """Gives the length after trimming, in UTF-16 code units."""
    return len(_text(value).encode("utf-16-le", "surrogatepass")) // 2
