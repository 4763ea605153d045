"""The only file that opens HTTP connections. A path may be a secret: it is never told to anyone.

Nothing is tried twice here. A POST that got no answer may have been acted on, so whoever keeps
the record of what was sent decides whether to send it again.
"""

import ipaddress
import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests

from quantmatrix_engine.errors import HttpError

_PATH = re.compile(r"""(?<![:/])(?<!HTTP)/[^\s"')]*""")
_LOGGERS_NAMING_PATHS = ("urllib3.connection", "urllib3.connectionpool", "urllib3.util.retry")


@dataclass(frozen=True)
class HttpAnswer:
    """What a server answered. The names in `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Gives the body as JSON, or None where it is not JSON (or is `null`)."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


class HttpClient:
    """Speaks to one server, `base_url` (scheme, host and port, no path); safe to share by threads.

    `timeout_seconds` holds for connecting and for each wait for more of the answer. Proxies and
    certificates are those of the environment, as requests reads them, except for a loopback
    address, which is spoken to directly. A redirect is not followed: it is the answer. Making
    one takes paths out of what urllib3 logs, for the whole process.
    """

    def __init__(self, base_url: str, *, user_agent: str, timeout_seconds: float) -> None:
        self._base_url = base_url
        self._host = urlsplit(base_url).netloc
        self._timeout_seconds = timeout_seconds
        self._session = requests.Session()
        self._session.headers["User-Agent"] = user_agent
        self._session.auth = _no_auth
        self._session.trust_env = not _is_loopback(base_url)
        for name in _LOGGERS_NAMING_PATHS:
            logging.getLogger(name).addFilter(_without_paths)

    def post_json(
        self, path: str, body: Mapping[str, Any], *, query: Mapping[str, str] | None = None
    ) -> HttpAnswer:
        """Posts `body` as JSON to `path` and gives the answer, whatever its status.

        Raises HttpError, naming the host and not the path, where there is no whole answer.
        """
        try:
            response = self._session.post(
                self._base_url + path,
                json=body,
                params=query,
                timeout=self._timeout_seconds,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            reason = self._reason(error)
        else:
            return _answer(response)
        # Raised out here so that not even its context is requests' error, which holds the URL.
        raise HttpError(f"{self._host} {reason}.")

    def _reason(self, error: requests.RequestException) -> str:
        if isinstance(error, requests.Timeout):
            return f"did not answer within {self._timeout_seconds:g} s"
        if isinstance(error, requests.ConnectionError):
            return "cannot be reached, or broke off before it answered"
        return f"gave no usable answer ({type(error).__name__})"


def _answer(response: requests.Response) -> HttpAnswer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return HttpAnswer(response.status_code, headers, response.content)


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leaves the request as it is; without it requests looks for a password in ~/.netrc."""
    return request


def _is_loopback(base_url: str) -> bool:
    host = urlsplit(base_url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _without_paths(record: logging.LogRecord) -> bool:
    """Cuts every path out of a log record, and keeps the record."""
    record.msg, record.args = _PATH.sub("/…", record.getMessage()), None
    return True
