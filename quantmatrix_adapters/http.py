"""The only file that opens HTTP connections.

Path, query and headers may hold a secret: they are never told to anyone.

A POST is never tried twice. One that got no answer may have been acted on, so whoever keeps the
record of what was sent decides whether to send it again. A GET changes nothing; it is tried again
where that can help.
"""

import datetime as dt
import email.utils
import ipaddress
import json
import logging
import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests

from quantmatrix_adapters.limits import Limiter, Unlimited
from quantmatrix_engine.errors import HttpError, ProviderBusy, QuantMatrixError

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


Check = Callable[[HttpAnswer], QuantMatrixError | None]
"""Gives the error an answer amounts to, or None for a good one; `retryable` has it asked again."""


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True)
class Patience:
    """How often a GET is tried, and how long it waits in between.

    The wait before try n + 1 is `first_wait_seconds` * 2 ** (n - 1), of which `random` (0 to 1)
    takes up to a half away, so that many clients do not come back at once. Where the server
    states a wait (Retry-After) that one counts; one above `longest_wait_seconds` ends the tries.
    `longest_queue_seconds` is how long one request waits at most for its turn at the limiter.
    """

    tries: int = 4
    first_wait_seconds: float = 1.0
    longest_wait_seconds: float = 60.0
    longest_queue_seconds: float = 600.0
    clock: Callable[[], dt.datetime] = _utc_now
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random.random

    def wait_seconds(self, tried: int, stated_seconds: float | None) -> float | None:
        """Gives how long to wait after `tried` tries, or None where it is time to give up."""
        if tried >= self.tries:
            return None
        if stated_seconds is not None:
            return stated_seconds if stated_seconds <= self.longest_wait_seconds else None
        wait: float = self.first_wait_seconds * 2.0 ** (tried - 1) * (1 - self.random() / 2)
        return min(wait, self.longest_wait_seconds)


class HttpClient:
    """Speaks to one server, `base_url` (scheme, host and port, no path); safe to share by threads.

    `timeout_seconds` holds for connecting and for each wait for more of the answer. Proxies and
    certificates are those of the environment, as requests reads them, except for a loopback
    address, which is spoken to directly. A redirect is not followed: it is the answer. Making
    one takes paths out of what urllib3 logs, for the whole process.
    """

    def __init__(
        self,
        base_url: str,
        *,
        user_agent: str,
        timeout_seconds: float,
        limiter: Limiter | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._limiter = limiter or Unlimited()
        self._patience = patience or Patience()
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
        return self._sent("POST", path, json=body, params=query)

    def get(
        self,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        check: Check | None = None,
    ) -> HttpAnswer:
        """Gets `path` and gives the answer that `check` finds nothing wrong with.

        Each try takes its turn at the limiter, which is told how it went. No whole answer, and
        what `check` calls retryable, is tried again as `Patience` says. Without `check` only 429
        and faults of the server (5xx) are, and the last answer is given, whatever its status.
        Raises what `check` gives, HttpError where there is no whole answer, ProviderPaused where
        the limiter lets nothing through.
        """
        judge = check or _fault_by_status
        for tried in range(1, self._patience.tries + 1):
            self._wait_for_turn()
            answer, error = self._attempt(path, query=query, headers=headers, judge=judge)
            if answer is not None and error is None:
                self._limiter.succeeded()
                return answer
            stated = None if answer is None else retry_after_seconds(answer, self._patience.clock())
            self._limiter.failed(str(error), retry_after_seconds=stated)
            is_hopeless = error is not None and not error.retryable
            wait = None if is_hopeless else self._patience.wait_seconds(tried, stated)
            if wait is None:
                break
            self._patience.sleep(wait)
        if check is None and answer is not None:
            return answer
        # Raised out here so that not even its context is requests' error, which holds the URL.
        raise error or HttpError(f"{self._host} gave no answer.")

    def _attempt(
        self,
        path: str,
        *,
        query: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        judge: Check,
    ) -> tuple[HttpAnswer | None, QuantMatrixError | None]:
        try:
            answer = self._sent("GET", path, params=query, headers=headers)
        except HttpError as error:
            return None, error
        return answer, judge(answer)

    def _wait_for_turn(self) -> None:
        waited = 0.0
        while (wait := self._limiter.admit()) > 0:
            if waited + wait > self._patience.longest_queue_seconds:
                raise ProviderBusy(
                    f"{self._host} was not asked: no turn within "
                    f"{self._patience.longest_queue_seconds:g} s under its limit a minute.",
                    retry_after_seconds=wait,
                )
            self._patience.sleep(wait)
            waited += wait

    def _sent(self, method: str, path: str, **given: Any) -> HttpAnswer:
        try:
            response = self._session.request(
                method,
                self._base_url + path,
                timeout=self._timeout_seconds,
                allow_redirects=False,
                **given,
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


def retry_after_seconds(answer: HttpAnswer, now: dt.datetime) -> float | None:
    """Gives the wait that the header Retry-After states (seconds or an HTTP date), or None."""
    stated = answer.headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", stated):
        return float(stated)
    try:
        moment = email.utils.parsedate_to_datetime(stated)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return max(0.0, (aware - now).total_seconds())


def is_transient(status: int) -> bool:
    """Says whether another try may be answered better: too many requests, or a server's fault."""
    return status == 429 or (500 <= status <= 599 and status not in (501, 505))


def _fault_by_status(answer: HttpAnswer) -> QuantMatrixError | None:
    return HttpError(f"HTTP {answer.status}") if is_transient(answer.status) else None


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
