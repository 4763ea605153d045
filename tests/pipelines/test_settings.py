import subprocess
import sys
from pathlib import Path

import pytest

from quantmatrix_adapters import providers
from quantmatrix_engine import registry
from quantmatrix_engine.errors import SettingsError
from quantmatrix_pipelines.settings import read_settings


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_without_any_variable_the_defaults_of_the_readme_hold():
    settings = read_settings()
    assert settings.home.name == ".quantmatrix"
    assert (settings.sessions, settings.history_sessions, settings.port) == (5, 750, 3000)
    assert settings.database_url is settings.dagster_database_url is settings.vault_keys is None
    assert settings.bars is None
    assert settings.discord_url == "https://discord.com"


@pytest.mark.parametrize(
    ("variable", "text", "value"),
    [
        ("HOME", "/srv/quantmatrix", Path("/srv/quantmatrix")),
        ("BARS", "/srv/bars", Path("/srv/bars")),
        ("FUNDAMENTALS", "/srv/figures.csv", Path("/srv/figures.csv")),
        ("INTRADAY_BARS", "/srv/minutes", Path("/srv/minutes")),
        ("INTRADAY_5M_SESSIONS", "1", 1),
        ("INTRADAY_1H_SESSIONS", "25000", 25_000),
        ("SNAPSHOT_DAYS", "36500", 36_500),
        ("SESSIONS", "250", 250),
        ("HISTORY_SESSIONS", "25000", 25_000),
        ("PORT", "65535", 65_535),
        ("DISCORD_URL", "http://127.0.0.1:9", "http://127.0.0.1:9"),
        ("CODE_VERSION", "v1-3-gabc", "v1-3-gabc"),
    ],
)
def test_a_variable_sets_what_it_is_named_for(
    monkeypatch: pytest.MonkeyPatch, variable: str, text: str, value: object
):
    monkeypatch.setenv(f"QUANTMATRIX_{variable}", text)
    assert getattr(read_settings(), variable.lower()) == value


@pytest.mark.parametrize(
    "variable",
    [
        "DATABASE_URL",
        "DAGSTER_DATABASE_URL",
        "VAULT_KEYS",
        "TIINGO_KEY",
        "POLYGON_KEY",
        "ALPACA_KEY",
        "FMP_KEY",
        "ALPHA_VANTAGE_KEY",
    ],
)
def test_a_secret_is_read_and_not_shown(monkeypatch: pytest.MonkeyPatch, variable: str):
    monkeypatch.setenv(f"QUANTMATRIX_{variable}", "hunter2")
    settings = read_settings()
    assert getattr(settings, variable.lower()).get_secret_value() == "hunter2"
    assert "hunter2" not in f"{settings!r} {settings} {settings.model_dump()}"


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("SESSIONS", "0"),
        ("SESSIONS", "251"),
        ("SESSIONS", "many"),
        ("HISTORY_SESSIONS", "249"),
        ("HISTORY_SESSIONS", "25001"),
        ("HISTORY_SESSIONS", "1.5"),
        ("INTRADAY_5M_SESSIONS", "0"),
        ("INTRADAY_1H_SESSIONS", "25001"),
        ("SNAPSHOT_DAYS", "0"),
        ("SNAPSHOT_DAYS", "36501"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "http"),
        ("HOME", "~nobody-of-this-name/quantmatrix"),
        ("BARS", "~nobody-of-this-name/bars"),
        ("CODE_VERSION", "v" * 65),
    ],
)
def test_a_bad_value_is_one_line_that_names_the_variable_and_the_value(
    monkeypatch: pytest.MonkeyPatch, variable: str, text: str
):
    monkeypatch.setenv(f"QUANTMATRIX_{variable}", text)
    with pytest.raises(SettingsError) as error:
        read_settings()
    assert f"QUANTMATRIX_{variable} = {text!r}" in str(error.value)
    assert "\n" not in str(error.value)


def test_two_bad_values_are_both_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("QUANTMATRIX_PORT", "0")
    monkeypatch.setenv("QUANTMATRIX_SESSIONS", "0")
    with pytest.raises(SettingsError, match=r"QUANTMATRIX_SESSIONS.*; QUANTMATRIX_PORT"):
        read_settings()


@pytest.mark.parametrize(
    "variable", ["BARS", "DATABASE_URL", "PORT", "HOME", "VAULT_KEYS", "DISCORD_URL"]
)
def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch, variable: str):
    unset = getattr(read_settings(), variable.lower())
    monkeypatch.setenv(f"QUANTMATRIX_{variable}", "")
    assert getattr(read_settings(), variable.lower()) == unset


def test_paths_are_absolute_and_a_tilde_is_the_home_of_the_person(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("HOME", "/home/ada")
    settings = read_settings(home="here", bars="~/bars")
    assert settings.home == tmp_path.resolve() / "here"
    assert settings.bars == Path("/home/ada/bars")
    assert settings.lake == settings.home / "lake"


def test_an_argument_wins_over_the_environment_and_none_is_no_argument(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("QUANTMATRIX_PORT", "4000")
    assert read_settings(port=5000).port == 5000
    assert read_settings(port=None).port == 4000


def test_settings_do_not_change():
    with pytest.raises(ValueError, match="frozen"):
        read_settings().port = 1


def test_without_a_code_version_it_is_the_installed_one():
    assert read_settings().code_version[0].isdigit()


def test_demo_webhooks_are_pairs_and_blanks_around_them_do_not_count():
    settings = read_settings(demo_webhooks=" ada = https://a/1 ,ben=https://b/2=3,")
    assert settings.webhooks_of_demo_users == {"ada": "https://a/1", "ben": "https://b/2=3"}
    assert "https://a" not in f"{settings!r} {settings.model_dump()}"


def test_no_demo_webhooks_are_no_webhooks():
    assert read_settings().webhooks_of_demo_users == {}


def test_a_demo_webhook_without_a_name_is_refused_without_being_shown():
    settings = read_settings(demo_webhooks="ada=https://a/1,https://discord/secret")
    with pytest.raises(SettingsError) as error:
        _ = settings.webhooks_of_demo_users
    assert "QUANTMATRIX_DEMO_WEBHOOKS" in str(error.value)
    assert "pair 2" in str(error.value)
    assert "secret" not in str(error.value)


def test_importing_settings_reads_no_variable():
    code = "import quantmatrix_pipelines.settings"
    environment = {"QUANTMATRIX_PORT": "no port", "QUANTMATRIX_HOME": "/dev/null/home"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=False)
    assert done.returncode == 0


def test_providers_and_symbols_are_lists_in_their_order(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("QUANTMATRIX_PROVIDERS", "tiingo, yahoo,,tiingo")
    monkeypatch.setenv("QUANTMATRIX_SYMBOLS", " MSFT,AAPL ")
    settings = read_settings()
    assert settings.provider_names == ("tiingo", "yahoo")
    assert settings.provider_symbols == ("MSFT", "AAPL")


def test_intraday_bars_are_of_files_unless_providers_are_named():
    assert read_settings().intraday_names == ()
    assert read_settings(intraday_bars="minutes").intraday_names == ("folder",)
    named = read_settings(intraday_bars="minutes", intraday_providers="yahoo, folder")
    assert named.intraday_names == ("yahoo", "folder")
    assert (named.intraday_5m_sessions, named.intraday_1h_sessions) == (90, 504)


def test_keys_are_by_provider_and_every_provider_that_needs_one_has_its_setting(
    monkeypatch: pytest.MonkeyPatch,
):
    plugins = registry.discover(providers, attribute="PROVIDER")
    needing = [name for name, one in plugins.items() if getattr(one, "needs_key", False)]
    for name in needing:
        monkeypatch.setenv(f"QUANTMATRIX_{name.upper()}_KEY", f"of {name}")
    assert read_settings().provider_keys == {name: f"of {name}" for name in needing}


def test_without_keys_there_are_none():
    assert read_settings().provider_keys == {}
