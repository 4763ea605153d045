"""For real: Dagster is served as a process, a job is launched over GraphQL, sensors do the rest."""

import datetime as dt
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import psutil
from journeys.conftest import FIRST, LAST, Installation
from pipelines.rows import query

from quantmatrix_engine import calendars
from quantmatrix_models import embedded
from quantmatrix_models.database import parse_url
from quantmatrix_models.users import UserRole
from quantmatrix_pipelines import home
from quantmatrix_pipelines.defs.market_data.sensors import EXPECTED_WITHIN
from quantmatrix_pipelines.home import Window
from quantmatrix_pipelines.stores import users

CHECKOUT = Path(__file__).parents[2]
PATIENCE_SECONDS = 240

LAUNCH = """
mutation ($key: String!) {
  launchRun(executionParams: {
    mode: "default"
    selector: {
      repositoryLocationName: "quantmatrix"
      repositoryName: "__repository__"
      jobName: "market_data"
    }
    executionMetadata: { tags: [{ key: "dagster/partition", value: $key }] }
  }) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
  }
}
"""
LOADED = "{ repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }"
RUNS = "{ runsOrError { ... on Runs { results { jobName status } } } }"


def test_a_launched_session_reaches_discord_its_age_an_administrator_and_everything_stops(
    installation: Installation, server_url: str, monkeypatch: Any
) -> None:
    ada = installation.add_user("ada", {})
    users.add(installation.database, "ops", role=UserRole.ADMIN, trail=installation.trail())
    # A feed that goes on: bars of the present are expected of it, and it has none.
    home.write_window(installation.settings.home, Window(FIRST, dt.date(2013, 2, 1)))
    environment = _environment(installation, server_url)
    monkeypatch.setenv("DAGSTER_HOME", environment["DAGSTER_HOME"])
    with dg.DagsterInstance.get() as instance:
        installation.instance = instance
        installation.load(FIRST, calendars.sessions_before(LAST, 1))
    with _served(environment) as (ask, process):
        _until(lambda: ask(LOADED)["repositoriesOrError"].get("nodes"), "the code location loads")
        launched = ask(LAUNCH, key=str(LAST))["launchRun"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        _until(lambda: installation.discord.messages(ada), "the message arrives")
        jobs = ["delivery", "evaluation", "market_data", "publication"]
        _until(lambda: _succeeded(ask) >= set(jobs), "every job of the session succeeds")
        _until(lambda: _status_messages(installation), "the sensor of stale data has looked")
        started = [process, *process.children(recursive=True)]
    (message,) = installation.discord.messages(ada)
    assert message["content"].startswith("2013-03-01: 2 entries\nLate: composed ")
    assert (installation.settings.snapshots / "latest" / "quantmatrix.duckdb").exists()
    ((name, status_of, at, headline),) = _status_messages(installation)
    assert (name, status_of) == ("ops", "system_status")
    due = calendars.last_closed_session(at.astimezone(dt.UTC) - EXPECTED_WITHIN)
    assert headline == f"No bars of {due}"
    gone, alive = psutil.wait_procs(started, timeout=30)
    assert not alive, f"{len(gone)} ended, still there: {alive}"


def _status_messages(installation: Installation) -> list[tuple[Any, ...]]:
    return query(
        installation.database,
        "SELECT u.name, n.channel, n.created_at, n.message ->> 'headline' FROM notifications n"
        " JOIN users u ON u.id = n.user_id WHERE n.kind = 'system_status'",
    )


def _environment(installation: Installation, server_url: str) -> dict[str, str]:
    name = f"dagster_{os.getpid()}"
    embedded.create_database(server_url, name)
    url = parse_url(server_url).set(database=name).render_as_string(hide_password=False)
    settings = installation.settings
    home.write_dagster_yaml(settings, url)
    assert settings.database_url is not None
    return {
        "DAGSTER_HOME": str(settings.dagster_home),
        "DAGSTER_EVENT_BATCH_SIZE": "500",
        "QUANTMATRIX_HOME": str(settings.home),
        "QUANTMATRIX_BARS": str(settings.bars),
        "QUANTMATRIX_DATABASE_URL": settings.database_url.get_secret_value(),
        "QUANTMATRIX_DAGSTER_DATABASE_URL": url,
        "QUANTMATRIX_DISCORD_URL": settings.discord_url,
    }


@contextmanager
def _served(
    environment: dict[str, str],
) -> Iterator[tuple[Callable[..., dict[str, Any]], psutil.Process]]:
    """Serves `dagster dev` on a free port; gives a way to ask it, and interrupts it at the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = Path(environment["DAGSTER_HOME"]) / "served.log"
    with log.open("wb") as sink, _heeding_interrupts():
        command = [sys.executable, "-m", "dagster", "dev", "-w", "workspace.yaml", "-p", str(port)]
        child = subprocess.Popen(
            command,
            cwd=CHECKOUT,
            env={**os.environ, **environment},
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def ask(query: str, **variables: Any) -> dict[str, Any]:
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/graphql", body, {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["data"]
        except urllib.error.URLError:
            assert child.poll() is None, log.read_text()[-3000:]
            return {"repositoriesOrError": {}}

    try:
        yield ask, psutil.Process(child.pid)
    finally:
        child.send_signal(signal.SIGINT)
        try:
            # A tick under way is waited for, and on a busy machine that takes its time.
            child.wait(180)
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)


@contextmanager
def _heeding_interrupts() -> Iterator[None]:
    """A shell lets what it runs in the background ignore Ctrl-C, and children inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _succeeded(ask: Callable[..., dict[str, Any]]) -> set[str]:
    runs = ask(RUNS)["runsOrError"]["results"]
    failed = [run for run in runs if run["status"] == "FAILURE"]
    assert not failed, failed
    return {run["jobName"] for run in runs if run["status"] == "SUCCESS"}


def _until(holds: Callable[[], Any], what: str) -> None:
    """Asks again and again until something holds; what happens meanwhile happens elsewhere."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"Gave up waiting until {what}."
        time.sleep(0.5)
