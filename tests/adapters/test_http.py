import logging
import socket
import traceback

import pytest
import requests
from support.discord_server import DiscordServer, webhook_id

from quantmatrix_adapters.http import HttpClient
from quantmatrix_engine.errors import HttpError

SECRET = "/api/v10/webhooks/1/a-secret-token"
USER_AGENT = "DiscordBot (https://example.org, 1.0)"


@pytest.fixture
def server():
    with DiscordServer() as running:
        yield running


def client(base_url: str, *, timeout_seconds: float = 10.0) -> HttpClient:
    return HttpClient(base_url, user_agent=USER_AGENT, timeout_seconds=timeout_seconds)


def free_address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def told(error: BaseException) -> str:
    assert error.__cause__ is None
    assert error.__context__ is None
    return "".join(traceback.format_exception(error)) + repr(error) + str(vars(error))


def test_a_body_is_posted_as_json_with_the_given_user_agent(server):
    url = server.create_webhook()
    path = url.removeprefix(server.base_url)
    answer = client(server.base_url).post_json(path, {"content": "hé"}, query={"wait": "true"})
    assert answer.status == 200
    assert answer.json()["content"] == "hé"
    assert server.messages(webhook_id(url))[0]["content"] == "hé"


def test_header_names_are_in_lower_case(server):
    server.fail_next(429, {}, headers={"Retry-After": "65"})
    assert client(server.base_url).post_json(SECRET, {}).headers["retry-after"] == "65"


def test_an_answer_that_is_not_json_reads_as_none(server):
    server.fail_next(502, "<html>Bad gateway</html>", "text/html")
    answer = client(server.base_url).post_json(SECRET, {})
    assert (answer.status, answer.json()) == (502, None)


def test_a_redirect_is_the_answer_and_is_not_followed(server):
    url = server.create_webhook()
    server.fail_next(307, "", headers={"Location": url})
    assert client(server.base_url).post_json(SECRET, {"content": "x"}).status == 307
    assert server.messages(webhook_id(url)) == []


def test_a_refused_connection_is_an_error_without_the_path():
    with pytest.raises(HttpError, match="cannot be reached") as raised:
        client(free_address()).post_json(SECRET, {})
    assert "a-secret-token" not in told(raised.value)
    assert raised.value.retryable


def test_silence_is_an_error_without_the_path(server):
    server.hang_next()
    with pytest.raises(HttpError, match=r"did not answer within 0\.1 s") as raised:
        client(server.base_url, timeout_seconds=0.1).post_json(SECRET, {})
    assert "a-secret-token" not in told(raised.value)


def test_an_address_that_is_none_is_an_error_without_the_path():
    with pytest.raises(HttpError, match="no usable answer") as raised:
        client("nowhere").post_json(SECRET, {})
    assert "a-secret-token" not in told(raised.value)


def test_no_log_line_holds_the_path(server, caplog):
    caplog.set_level(logging.DEBUG)
    server.fail_next(404, {})
    client(server.base_url).post_json(SECRET, {}, query={"wait": "true"})
    with pytest.raises(HttpError):
        client(free_address()).post_json(SECRET, {})
    assert '"POST /… HTTP/' in caplog.text
    assert "webhooks" not in caplog.text
    assert "a-secret-token" not in caplog.text


def test_a_loopback_address_is_not_reached_through_a_proxy(server, monkeypatch):
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", free_address())
    server.fail_next(404, {})
    assert client(server.base_url).post_json(SECRET, {}).status == 404


def test_a_password_of_the_netrc_file_is_not_sent(server, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    speaker = client(server.base_url)
    speaker._session.trust_env = True  # as for any address that is not loopback
    request = speaker._session.prepare_request(requests.Request("POST", server.base_url + SECRET))
    assert "Authorization" not in request.headers
