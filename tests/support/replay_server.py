"""A provider of market data on loopback: says what a test, or a recording, has it say."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Reply:
    """A status, a body (JSON unless it is text) and headers.

    `cut` sends only half of what Content-Length promises; `hangs` sends nothing at all.
    """

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    hangs: bool = False

    def encoded(self) -> bytes:
        """Gives the body's bytes."""
        text = self.body if isinstance(self.body, str) else json.dumps(self.body)
        return text.encode()


@dataclass(frozen=True)
class Request:
    """What was asked; the names of `headers` are in lower case."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]


Route = Callable[[Request], Reply | None]


class ReplayServer:
    """Runs from entering to leaving the context.

    A request gets the next of the queued replies; else what `route` says; else 404 as HTML, so
    that a plug-in asking a wrong address is seen.
    """

    def __init__(self, route: Route | None = None) -> None:
        self.requests: list[Request] = []
        self.route = route
        self._queued: list[Reply] = []
        self._lock = threading.Lock()
        self._closing = threading.Event()

    def __enter__(self) -> "ReplayServer":
        handler = type("Handler", (_Handler,), {"replay": self})
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
        """Stands for the provider's address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def queue(self, *replies: Reply) -> None:
        """Makes the next requests get these replies, in their order."""
        with self._lock:
            self._queued.extend(replies)

    def reply(self, request: Request) -> Reply:
        """Gives the reply to a request, and keeps the request."""
        with self._lock:
            self.requests.append(request)
            if self._queued:
                return self._queued.pop(0)
        routed = self.route(request) if self.route else None
        return routed or Reply(404, "<html>no such page</html>")

    def wait_for_the_end(self) -> None:
        """Returns when the server is left."""
        self._closing.wait()


class _Handler(BaseHTTPRequestHandler):
    replay: ReplayServer

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Request(
            address.path, dict(parse_qsl(address.query, keep_blank_values=True)), headers
        )
        reply = self.replay.reply(asked)
        if reply.hangs:
            self.replay.wait_for_the_end()
            return
        body = reply.encoded()
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if reply.cut else body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""
