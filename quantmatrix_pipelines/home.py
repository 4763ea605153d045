"""The home folder: what lies in it, and the small files that are read before any database."""

import contextlib
import datetime as dt
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pydantic import SecretStr

from quantmatrix_engine import calendars
from quantmatrix_engine.errors import SettingsError
from quantmatrix_models import embedded
from quantmatrix_models.audit import AuditKeys
from quantmatrix_models.database import Database, parse_url, without_password
from quantmatrix_models.secrets import Vault
from quantmatrix_pipelines.settings import Settings

DEFAULT_FIRST_SESSION = dt.date(2026, 1, 2)
# An asset of sessions and cohorts stays under 100,000 partitions (docs/decisions/0004).
USER_SESSIONS_AT_FIRST = 250


@dataclass(frozen=True)
class Window:
    """The sessions that have partitions.

    `first` is where shared assets begin, `first_for_users` where users' assets begin; `last` is the
    last session of a feed that has ended, and None while it goes on.
    """

    first: dt.date = DEFAULT_FIRST_SESSION
    first_for_users: dt.date = DEFAULT_FIRST_SESSION
    last: dt.date | None = None


def window_of(
    first: dt.date, last: dt.date, *, today: dt.date, history: int, kept: Window | None = None
) -> Window:
    """Gives the window of a feed with bars from `first` to `last`, `history` sessions at most.

    It begins earlier where the window `kept` so far does: what was backfilled stays.
    """
    last = last_session(last, today=today)
    begins = max(first, calendars.sessions_before(last, history - 1))
    for_users = max(begins, calendars.sessions_before(last, USER_SESSIONS_AT_FIRST - 1))
    has_ended = last < calendars.sessions_before(today, 20)
    earliest = begins if kept is None else max(first, min(begins, kept.first))
    return Window(earliest, for_users, last if has_ended else None)


def reaching_back(window: Window, first: dt.date) -> Window:
    """Gives the window with partitions from `first` on, where it began later."""
    return replace(window, first=min(window.first, first))


def last_session(last: dt.date, *, today: dt.date) -> dt.date:
    """Gives the newest session up to `last` that has a partition on the UTC date `today`.

    A feed may hold a bar of a date that has not come; it is for then.
    """
    return calendars.sessions_before(min(last + dt.timedelta(days=1), today), 1)


def read_window(home: Path) -> Window:
    """Gives the window kept in `home`, or the default where there is none yet."""
    return kept_window(home) or Window()


def kept_window(home: Path) -> Window | None:
    """Gives the window kept in `home`; None where there is none yet."""
    path = home / "window.json"
    if not path.exists():
        return None
    kept = json.loads(path.read_text())
    return Window(**{name: value and dt.date.fromisoformat(value) for name, value in kept.items()})


def sessions_kept(settings: Settings, *, today: dt.date) -> int:
    """Gives how many sessions bars are kept of: those loaded at first, or more if backfilled."""
    window = kept_window(settings.home)
    if window is None:
        return settings.history_sessions
    held = calendars.sessions(window.first, window.last or today)
    return max(settings.history_sessions, len(held))


def write_window(home: Path, window: Window) -> None:
    """Keeps the window in `home`."""
    text = json.dumps({name: value and str(value) for name, value in asdict(window).items()})
    _write_whole(home / "window.json", text)


def prepare(settings: Settings) -> None:
    """Makes the home folder. Raises SettingsError where it cannot be written."""
    try:
        for folder in (settings.home, settings.lake, settings.snapshots, settings.dagster_home):
            folder.mkdir(parents=True, exist_ok=True)
        probe = settings.home / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise SettingsError(
            f"QUANTMATRIX_HOME = {settings.home} cannot be written ({error.strerror}). "
            "Name a folder of yours in QUANTMATRIX_HOME."
        ) from None


def database_urls(settings: Settings) -> tuple[str, str]:
    """Gives the addresses of our database and of Dagster's; starts the embedded server if needed.

    Raises SettingsError or DatabaseError.
    """
    if settings.database_url is None:
        served = embedded.start(settings.home / "postgres")
        return served["quantmatrix"], served["dagster"]
    ours = settings.database_url.get_secret_value()
    _require(ours)
    if settings.dagster_database_url is not None:
        theirs = settings.dagster_database_url.get_secret_value()
        _require(theirs)
        return ours, theirs
    embedded.create_database(ours, "dagster")
    neighbour = parse_url(ours).set(database="dagster")
    return ours, neighbour.render_as_string(hide_password=False)


def _require(url: str) -> None:
    database = Database(url)
    try:
        database.require()
    finally:
        database.dispose()


def our_database_url(settings: Settings) -> str:
    """Gives the address of our database alone; starts the embedded server if needed."""
    if settings.database_url is None:
        return database_urls(settings)[0]
    return settings.database_url.get_secret_value()


def vault(settings: Settings) -> Vault:
    """Gives the vault, with the keys of QUANTMATRIX_VAULT_KEYS or of the file `vault.key`."""
    return Vault(_keys(settings.vault_keys, settings.home / "vault.key", Vault.new_key))


def audit_keys(settings: Settings) -> AuditKeys:
    """Gives the keys of the audit trail, of QUANTMATRIX_AUDIT_KEYS or the file `audit.key`."""
    return AuditKeys(_keys(settings.audit_keys, settings.home / "audit.key", AuditKeys.new_key))


def _keys(given: SecretStr | None, path: Path, new_key: Callable[[], str]) -> list[str]:
    """Gives keys, newest first: as given, or from a file of one a line.

    The file is made with one key on the first use, for its owner alone.
    """
    if given is not None:
        return given.get_secret_value().split(",")
    if not path.exists():
        _write_once(path, new_key())
    return path.read_text().split()


def write_dagster_yaml(settings: Settings, dagster_url: str) -> None:
    """Writes Dagster's configuration: its storage, how many runs at once, no telemetry."""
    storage = parse_url(dagster_url).set(drivername="postgresql+psycopg2")
    if storage.password is not None:
        # Dagster hands its configuration to its processes as arguments, which everybody can list.
        password_file = settings.dagster_home / "pgpass"
        _keep_password(str(storage.password), password_file)
        storage = without_password(storage).update_query_dict({"passfile": str(password_file)})
    address = storage.render_as_string(hide_password=False)
    text = f"""# Written by `quantmatrix up`; changes are overwritten.
storage:
  postgres:
    postgres_url: {json.dumps(address)}
concurrency:
  runs:
    max_concurrent_runs: 2
  pools:
    default_limit: 1
    granularity: run
run_monitoring:
  enabled: true
run_retries:
  enabled: true
  max_retries: 1
  retry_on_asset_or_op_failure: false
sensors:
  use_threads: true
  num_workers: 4
python_logs:
  managed_python_loggers: [quantmatrix]
  python_log_level: INFO
telemetry:
  enabled: false
nux:
  enabled: false
"""
    _write_whole(settings.dagster_home / "dagster.yaml", text)


def _keep_password(password: str, path: Path) -> None:
    """Keeps a password for every server in a file of libpq's own format, for its owner alone."""
    escaped = password.replace("\\", "\\\\").replace(":", "\\:")
    _write_whole(path, f"*:*:*:*:{escaped}\n")


def _write_once(path: Path, text: str) -> None:
    """Writes a file that only its owner reads, unless somebody else has written it first."""
    fresh = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    with contextlib.suppress(FileExistsError):
        os.link(fresh, path)
    fresh.unlink()


def _write_whole(path: Path, text: str) -> None:
    """Replaces a file in one step, so that nobody reads half of it."""
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    fresh.replace(path)
