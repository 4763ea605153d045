import datetime as dt
import gc
import re
import stat
from pathlib import Path

import pytest
import yaml
from sqlalchemy import make_url

from quantmatrix_engine.errors import DatabaseError, SettingsError
from quantmatrix_models.secrets import Vault
from quantmatrix_pipelines import home
from quantmatrix_pipelines.home import Window
from quantmatrix_pipelines.settings import Settings, read_settings

FRIDAY = dt.date(2026, 11, 20)
TODAY = dt.date(2026, 11, 21)


def test_the_window_of_a_feed_that_goes_on_has_no_end():
    window = home.window_of(dt.date(1990, 1, 2), FRIDAY, today=TODAY, history=750)
    assert window.last is None
    assert window.first < window.first_for_users


def test_the_window_counts_sessions_both_ends_included():
    # Mon 16 to Fri 20 November 2026 are five sessions.
    window = home.window_of(dt.date(1990, 1, 2), FRIDAY, today=TODAY, history=5)
    assert window == Window(dt.date(2026, 11, 16), dt.date(2026, 11, 16), None)


def test_users_sessions_begin_250_sessions_before_the_end():
    # 2012 had 250 sessions, 20 each in January and February and one on 1 March: 209 are left.
    # January and February 2013 had 21 and 19; with 1 March these are 41, and 250 in all.
    window = home.window_of(dt.date(2000, 3, 1), dt.date(2013, 3, 1), today=TODAY, history=750)
    assert window.first_for_users == dt.date(2012, 3, 2)


def test_a_feed_that_ended_long_ago_closes_its_window():
    window = home.window_of(dt.date(2000, 3, 1), dt.date(2013, 3, 1), today=TODAY, history=750)
    assert window.last == dt.date(2013, 3, 1)


@pytest.mark.parametrize(
    ("last", "has_ended"),
    # Twenty sessions before Saturday 21 November 2026 lies Monday 26 October.
    [(dt.date(2026, 10, 23), True), (dt.date(2026, 10, 26), False)],
)
def test_a_feed_has_ended_when_it_is_more_than_twenty_sessions_behind(
    last: dt.date, has_ended: bool
):
    window = home.window_of(dt.date(2020, 1, 2), last, today=TODAY, history=250)
    assert (window.last is not None) == has_ended


def test_a_short_history_begins_the_window_at_its_first_session():
    first = dt.date(2026, 11, 2)
    window = home.window_of(first, FRIDAY, today=TODAY, history=750)
    assert window == Window(first, first, None)


def test_a_bar_dated_far_ahead_does_not_move_the_window_past_the_others():
    typo = dt.date(2062, 11, 20)
    window = home.window_of(dt.date(2020, 1, 2), typo, today=TODAY, history=750)
    assert window.first < window.first_for_users <= FRIDAY


def test_without_a_window_file_the_window_is_the_default(tmp_path: Path):
    assert home.read_window(tmp_path) == Window(dt.date(2026, 1, 2), dt.date(2026, 1, 2), None)


@pytest.mark.parametrize("last", [None, dt.date(2013, 3, 1)])
def test_a_window_comes_back_as_it_was_kept(tmp_path: Path, last: dt.date | None):
    window = Window(dt.date(2010, 3, 9), dt.date(2012, 3, 1), last)
    home.write_window(tmp_path, Window())
    home.write_window(tmp_path, window)
    assert home.read_window(tmp_path) == window
    assert [path.name for path in tmp_path.iterdir()] == ["window.json"]


def test_sessions_are_kept_as_set_or_as_far_as_they_were_backfilled(settings: Settings):
    home.prepare(settings)
    assert home.sessions_kept(settings, today=FRIDAY) == settings.history_sessions == 750
    # XNYS had 251 sessions in 2018, 252 in 2019 and 253 in 2020.
    first, last = dt.date(2018, 1, 2), dt.date(2020, 12, 31)
    home.write_window(settings.home, Window(first, first))
    assert home.sessions_kept(settings, today=last) == 251 + 252 + 253
    home.write_window(settings.home, Window(first, first, dt.date(2018, 12, 31)))
    assert home.sessions_kept(settings, today=last) == 750


def test_preparing_makes_the_folders_and_may_be_repeated(settings: Settings):
    home.prepare(settings)
    home.prepare(settings)
    assert {path.name for path in settings.home.iterdir()} == {"lake", "snapshots", "dagster"}


def test_a_home_that_cannot_be_written_is_refused_by_name(tmp_path: Path):
    (tmp_path / "file").touch()
    settings = read_settings(home=tmp_path / "file" / "home")
    with pytest.raises(SettingsError, match=r"^QUANTMATRIX_HOME = .*file/home cannot be written"):
        home.prepare(settings)


def test_the_vaults_key_is_made_once_and_for_its_owner_alone(settings: Settings):
    home.prepare(settings)
    sealed = home.vault(settings).seal("https://hook", context="row")
    key = settings.home / "vault.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert home.vault(settings).open(sealed, context="row") == "https://hook"


def test_keys_of_the_environment_are_used_newest_first_and_nothing_is_written(tmp_path: Path):
    older, newer = Vault.new_key(), Vault.new_key()
    sealed = Vault([older]).seal("https://hook", context="row")
    vault = home.vault(read_settings(home=tmp_path, vault_keys=f"{newer},{older}"))
    assert vault.open(sealed, context="row") == "https://hook"
    assert Vault([newer]).open(vault.seal("x", context="row"), context="row") == "x"
    assert not list(tmp_path.iterdir())


def test_a_key_that_is_none_is_refused_without_being_shown(tmp_path: Path):
    with pytest.raises(SettingsError) as error:
        home.vault(read_settings(home=tmp_path, vault_keys="hunter2"))
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize("password", ["p@ss:w/rd", "a%40b", 'qu"ote\\', "#{x}: y", "'", "ü€𝄞"])
def test_every_character_of_a_password_is_kept_beside_dagsters_configuration(
    settings: Settings, password: str
):
    home.prepare(settings)
    address = make_url("postgresql://ada@db:5432/dagster").set(password=password)
    home.write_dagster_yaml(settings, address.render_as_string(hide_password=False))
    written = yaml.safe_load((settings.dagster_home / "dagster.yaml").read_text())
    kept = make_url(written["storage"]["postgres"]["postgres_url"])
    assert kept.drivername == "postgresql+psycopg2"
    assert (kept.password, kept.username, kept.database) == (None, "ada", "dagster")
    assert kept.query["passfile"] == str(settings.dagster_home / "pgpass")
    assert _read_by_libpq(settings.dagster_home / "pgpass") == password
    assert written["telemetry"] == {"enabled": False}


def _read_by_libpq(path: Path) -> str:
    """Gives the password of a file as PostgreSQL's documentation says it is read."""
    *_, password = re.split(r"(?<!\\)(?:\\\\)*:", path.read_text().rstrip("\n"), maxsplit=4)
    return re.sub(r"\\(.)", r"\1", password)


@pytest.mark.parametrize("name", ["dagster.yaml", "pgpass"])
def test_dagsters_configuration_is_for_its_owner_alone(settings: Settings, name: str):
    home.prepare(settings)
    home.write_dagster_yaml(settings, "postgresql://ada:secret@db/dagster")
    written = settings.dagster_home / name
    assert stat.S_IMODE(written.stat().st_mode) == 0o600


def test_dagsters_database_may_be_named(database_url: str):
    settings = read_settings(database_url=database_url, dagster_database_url=database_url)
    assert home.database_urls(settings) == (database_url, database_url)
    away = read_settings(
        database_url=database_url, dagster_database_url="postgresql://127.0.0.1:1/x"
    )
    with pytest.raises(DatabaseError, match="cannot be reached"):
        home.database_urls(away)


def test_dagsters_database_is_a_neighbour_of_ours_and_no_connection_stays_open(database_url: str):
    ours, theirs = home.database_urls(read_settings(database_url=database_url))
    assert ours == database_url
    assert make_url(theirs).database == "dagster"
    gc.collect()


def test_a_window_that_was_made_to_reach_back_stays_so():
    first, last, today = dt.date(2000, 3, 1), dt.date(2013, 3, 1), dt.date(2013, 3, 4)
    usual = home.window_of(first, last, today=today, history=10)
    reaching = home.reaching_back(usual, dt.date(2008, 1, 2))
    assert reaching == Window(dt.date(2008, 1, 2), usual.first_for_users, usual.last)
    assert home.reaching_back(reaching, last) == reaching
    assert home.window_of(first, last, today=today, history=10, kept=reaching) == reaching
    # A feed that begins later has no sessions before.
    later = dt.date(2012, 1, 3)
    assert home.window_of(later, last, today=today, history=10, kept=reaching).first == later
