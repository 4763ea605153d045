"""The stand-in for Discord, held to what was recorded of Discord."""

import json
from pathlib import Path
from typing import Any

import pytest
import requests
from support.discord_server import LIMITS, DiscordServer, webhook_id

DATA = Path(__file__).parents[3].parent / "shared" / "data" / "discord"
HEADERS = {"User-Agent": "DiscordBot (https://example.org, 1.0)"}
needs_samples = pytest.mark.skipif(not DATA.is_dir(), reason=f"{DATA} is absent")


def sample(name: str) -> Any:
    return json.loads((DATA / "samples" / f"{name}.json").read_text())


def post(
    url: str, body: Any, *, headers: dict[str, str] = HEADERS, timeout: float = 10.0
) -> requests.Response:
    return requests.post(url, json=body, headers=headers, timeout=timeout)


def version_10(url: str) -> str:
    return url.replace("/api/", "/api/v10/")


@pytest.fixture
def url(discord) -> str:
    return version_10(discord.create_webhook()) + "?wait=true"


@needs_samples
def test_the_limits_are_the_recorded_ones():
    recorded = json.loads((DATA / "limits.json").read_text())
    recorded |= recorded.pop("embed")
    assert {name: recorded[name] for name in LIMITS} == LIMITS


@needs_samples
def test_the_recorded_request_is_taken_and_answered_with_a_message(discord, url):
    answer = post(url, sample("execute_request"))
    assert answer.status_code == 200
    assert set(sample("message_object")) - {"reactions"} <= set(answer.json())
    (received,) = discord.messages(webhook_id(url))
    assert received == sample("execute_request") | {"id": answer.json()["id"]}


@needs_samples
@pytest.mark.parametrize(
    ("name", "is_versioned"),
    [("400_v10_embeds_too_many", True), ("400_unversioned_embeds_too_many", False)],
)
def test_too_many_embeds_are_refused_in_the_shape_of_the_version(discord, name, is_versioned):
    url = discord.create_webhook()
    answer = post(version_10(url) if is_versioned else url, {"embeds": [{"title": "x"}] * 11})
    assert (answer.status_code, answer.json()) == (sample(name)["status"], sample(name)["body"])


@needs_samples
def test_a_deleted_webhook_is_unknown(discord, url):
    discord.delete_webhook(url)
    answer, recorded = post(url, {"content": "x"}), sample("404_unknown_webhook")
    assert (answer.status_code, answer.json()) == (recorded["status"], recorded["body"])


@needs_samples
def test_a_malformed_path_is_not_found(discord):
    answer = post(f"{discord.base_url}/api/v10/webhooks/", {"content": "x"})
    recorded = sample("404_bad_url")
    assert (answer.status_code, answer.json()) == (recorded["status"], recorded["body"])


@needs_samples
def test_one_call_too_many_is_rate_limited_as_recorded():
    with DiscordServer(rate_limit=0, rate_window_seconds=64.57, clock=lambda: 0.0) as server:
        answer = post(version_10(server.create_webhook()), {"content": "x"})
    recorded = sample("429_user")
    assert answer.status_code == recorded["status"]
    assert answer.json() == recorded["body"]
    assert recorded["headers"].keys() <= answer.headers.keys()
    for name in ("Retry-After", "X-RateLimit-Scope", "X-RateLimit-Remaining"):
        assert answer.headers[name] == recorded["headers"][name]
    assert float(answer.headers["X-RateLimit-Reset-After"]) == 64.57


def test_the_rate_limit_is_each_webhooks_own_and_ends_with_its_window():
    now = [100.0]
    with DiscordServer(clock=lambda: now[0]) as server:
        first, second = (version_10(server.create_webhook()) for _ in range(2))
        statuses = [post(first, {"content": "x"}).status_code for _ in range(6)]
        other = post(second, {"content": "x"}).status_code
        now[0] += 2.0
        later = post(first, {"content": "x"}).status_code
    assert statuses == [204] * 5 + [429]
    assert (other, later) == (204, 204)


def test_an_unversioned_path_tells_the_wait_in_milliseconds():
    with DiscordServer(rate_limit=0, clock=lambda: 0.0) as server:
        answer = post(server.create_webhook(), {"content": "x"})
    assert (answer.json()["retry_after"], answer.headers["Retry-After"]) == (2000.0, "2000")


def test_a_wrong_token_is_refused(url):
    answer = post(url.replace("?", "x?"), {"content": "x"})
    assert (answer.status_code, answer.json()["code"]) == (401, 50027)


def test_without_wait_the_answer_has_no_body(discord):
    answer = post(version_10(discord.create_webhook()), {"content": "x"})
    assert (answer.status_code, answer.content) == (204, b"")


EMBED_OF_6000 = {"description": "d" * 4096, "footer": {"text": "f" * 1904}}
REFUSED = {
    "content": {"content": "c" * 2001},
    "content, in UTF-16 code units": {"content": "😀" * 1001},
    "title": {"embeds": [{"title": "t" * 257}]},
    "description": {"embeds": [{"description": "d" * 4097}]},
    "fields": {"embeds": [{"fields": [{"name": "n", "value": "v"}] * 26}]},
    "field name": {"embeds": [{"fields": [{"name": "n" * 257, "value": "v"}]}]},
    "field value": {"embeds": [{"fields": [{"name": "n", "value": "v" * 1025}]}]},
    "blank field value": {"embeds": [{"fields": [{"name": "n", "value": " "}]}]},
    "footer": {"embeds": [{"footer": {"text": "f" * 2049}}]},
    "author": {"embeds": [{"title": "t", "author": {"name": "a" * 257}}]},
    "all embeds": {"embeds": [EMBED_OF_6000, {"title": "t"}]},
    "empty embed": {"embeds": [{}]},
    "colour": {"embeds": [{"title": "t", "color": 0x1000000}]},
    "user name": {"content": "x", "username": "My Discord"},
    "mentions": {"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}},
    "flags": {"content": "x", "flags": 1},
    "not an object": [],
}


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED.keys())
def test_a_broken_limit_is_an_invalid_form(discord, url, body):
    answer = post(url, body)
    assert (answer.status_code, answer.json()["code"]) == (400, 50035)
    assert discord.messages(webhook_id(url)) == []


def test_the_limits_themselves_are_allowed(url):
    fields = [{"name": "n", "value": "v"}] * 25
    body = {"content": f" {'c' * 2000} ", "embeds": [{"fields": fields}] * 10}
    assert post(url, body).status_code == 200
    assert post(url, {"embeds": [EMBED_OF_6000]}).status_code == 200


def test_an_error_names_the_field_by_its_path(url):
    errors = post(url, {"embeds": [{"title": "t" * 257}]}).json()["errors"]
    expected = {"code": "BASE_TYPE_MAX_LENGTH", "message": "Must be 256 or fewer in length."}
    assert errors == {"embeds": {"0": {"title": {"_errors": [expected]}}}}


@pytest.mark.parametrize("body", [{}, {"content": " "}, {"embeds": []}])
def test_an_empty_message_is_refused(url, body):
    answer = post(url, body)
    assert (answer.status_code, answer.json()["code"]) == (400, 50006)


def test_another_content_type_is_refused(url):
    answer = requests.post(
        url, data="{}", timeout=10, headers=HEADERS | {"Content-Type": "text/plain"}
    )
    assert (answer.status_code, answer.json()["code"]) == (400, 50035)


def test_a_body_that_is_not_json_is_refused(url):
    answer = requests.post(
        url, data="{", timeout=10, headers=HEADERS | {"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (400, 50109)


def test_an_undocumented_user_agent_is_turned_away_with_html(url):
    answer = post(url, {"content": "x"}, headers={"User-Agent": "python-requests/2"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (403, "text/html")


def test_injected_answers_are_given_once_and_in_order(url, discord):
    discord.fail_next(500, {"message": "Internal Server Error"})
    discord.fail_next(502, "<html></html>", "text/html")
    assert [post(url, {"content": "x"}).status_code for _ in range(3)] == [500, 502, 200]


def test_a_hanging_request_gets_no_answer(url, discord):
    discord.hang_next()
    with pytest.raises(requests.ReadTimeout):
        post(url, {"content": "x"}, timeout=0.1)
    assert post(url, {"content": "y"}).status_code == 200
