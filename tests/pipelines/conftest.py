"""What the tests of the pipelines share: settings in a folder of their own, and a Discord."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.discord_server import DiscordServer
from typer.testing import CliRunner

from quantmatrix_pipelines.settings import Settings, read_settings


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    # Where kernels are kept is the test run's own: no home compiles them again.
    for name in Settings.model_fields.keys() - {"compiled"}:
        monkeypatch.delenv(f"QUANTMATRIX_{name.upper()}", raising=False)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings whose home is a folder of this test."""
    return read_settings(home=tmp_path / "home")


@pytest.fixture
def discord() -> Iterator[DiscordServer]:
    """Discord's webhooks on loopback."""
    with DiscordServer() as server:
        yield server


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An environment whose home is a folder of this test."""
    kept = {name: text for name, text in os.environ.items() if "QUANTMATRIX" not in name}
    return {
        **kept,
        "QUANTMATRIX_HOME": str(tmp_path / "home"),
        "QUANTMATRIX_COMPILED": os.environ["QUANTMATRIX_COMPILED"],
        "PYTHONWARNINGS": "ignore",
    }


@pytest.fixture
def installed(environment: dict[str, str], database_url: str) -> dict[str, str]:
    """The same, with a database of this test."""
    return {
        **environment,
        "QUANTMATRIX_DATABASE_URL": database_url,
        "QUANTMATRIX_DAGSTER_DATABASE_URL": database_url,
    }


@pytest.fixture
def asking(installed: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """A runner in this process, with the environment of `installed`."""
    for name, text in installed.items():
        monkeypatch.setenv(name, text)
    return CliRunner()
