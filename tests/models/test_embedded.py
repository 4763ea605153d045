"""The embedded server: joined by whoever starts it, stopped by the last one to leave."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import create_engine, text

from quantmatrix_engine.errors import DatabaseError
from quantmatrix_models import embedded
from quantmatrix_models.database import Database, parse_url

STARTED_AT = "SELECT pg_postmaster_start_time()::text"
JOIN = """
import os, sys
from pathlib import Path
from sqlalchemy import create_engine
from quantmatrix_models import embedded
engine = create_engine(embedded.start(Path(sys.argv[1]))["quantmatrix"])
with engine.connect() as connection:
    moment = connection.exec_driver_sql("SELECT pg_postmaster_start_time()::text").scalar()
    print(moment, flush=True)
engine.dispose()
if sys.argv[2] == "killed":
    os.kill(os.getpid(), 9)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a server that this process uses."""
    made = tmp_path_factory.mktemp("embedded") / "data"
    embedded.start(made)
    return made


def in_another_process(folder: Path, ending: str = "leaves") -> subprocess.CompletedProcess[str]:
    """Starts the server of `folder` in a process of its own, and gives what that printed."""
    return subprocess.run(
        [sys.executable, "-c", JOIN, str(folder), ending],
        capture_output=True,
        text=True,
        timeout=60,
        check=ending == "leaves",
    )


def started_at(url: str) -> str:
    engine = create_engine(parse_url(url))
    with engine.connect() as connection:
        moment = connection.exec_driver_sql(STARTED_AT).scalar()
    engine.dispose()
    return str(moment)


def test_both_databases_are_there_and_distinct(folder: Path) -> None:
    urls = embedded.start(folder)
    assert sorted(urls) == ["dagster", "quantmatrix"]
    for name, url in urls.items():
        database = Database(url)
        with database.engine.connect() as connection:
            assert connection.execute(text("SELECT current_database()")).scalar() == name
        database.dispose()


def test_the_server_listens_on_no_network_address(folder: Path) -> None:
    engine = create_engine(parse_url(embedded.start(folder)["quantmatrix"]))
    with engine.connect() as connection:
        assert connection.execute(text("SHOW listen_addresses")).scalar() == ""
    engine.dispose()


def test_starting_twice_in_a_process_joins_the_same_server(folder: Path) -> None:
    first, second = embedded.start(folder), embedded.start(folder)
    assert first == second
    assert started_at(first["quantmatrix"]) == started_at(second["quantmatrix"])


def test_another_process_joins_the_same_server_and_leaves_it_running(folder: Path) -> None:
    url = embedded.start(folder)["quantmatrix"]
    joined = in_another_process(folder)
    assert joined.stdout.strip() == started_at(url)
    assert started_at(url), "still there for us"


def test_processes_that_died_are_forgotten_and_those_alive_are_not(folder: Path) -> None:
    handles = folder / ".handle_pids.json"
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    handles.write_text(json.dumps([os.getpid(), ended.pid, os.getppid()]))
    embedded.start(folder)
    assert sorted(json.loads(handles.read_text())) == sorted([os.getpid(), os.getppid()])
    handles.write_text(json.dumps([os.getpid()]))


def test_the_server_stops_with_its_last_process_though_another_was_killed(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    killed = in_another_process(folder, "killed")
    assert killed.returncode == -9
    assert (folder / "postmaster.pid").exists(), "nobody was left to stop it"
    in_another_process(folder)
    assert not (folder / "postmaster.pid").exists()


def test_a_server_that_was_stopped_starts_again(tmp_path: Path) -> None:
    first, second = (in_another_process(tmp_path / "data").stdout for _ in range(2))
    assert first != second, "the first process stopped it, the second started it again"


def test_a_folder_of_another_version_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "PG_VERSION").write_text("9")
    with pytest.raises(DatabaseError, match=r"did not start \(.*QUANTMATRIX_DATABASE_URL") as told:
        embedded.start(tmp_path)
    assert "\n" not in str(told.value)


def test_a_database_that_is_there_is_left_as_it_is(folder: Path) -> None:
    url = embedded.start(folder)["quantmatrix"]
    engine = create_engine(parse_url(url))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS kept (id int)"))
    embedded.create_database(url, "quantmatrix")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT to_regclass('kept')")).scalar() == "kept"
    engine.dispose()


def test_many_that_make_the_same_database_at_once_all_end_well(folder: Path) -> None:
    url = embedded.start(folder)["quantmatrix"]
    all_are_ready = Barrier(4)

    def create(_: int) -> None:
        all_are_ready.wait(timeout=30)
        embedded.create_database(url, "wanted_by_many")

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(create, range(4)))


def test_a_server_that_is_away_is_one_clear_line_without_the_password() -> None:
    address = "postgresql://127.0.0.1:1/quantmatrix?user=ada&password=hunter2"
    with pytest.raises(
        DatabaseError, match=r"'dagster' on the server of .* cannot be made"
    ) as told:
        embedded.create_database(address, "dagster")
    assert "hunter2" not in str(told.value)
    assert "\n" not in str(told.value)


LONGEST_LOG = """
    SELECT setting FROM pg_file_settings WHERE name = 'max_wal_size' ORDER BY seqno DESC LIMIT 1
"""


def test_a_server_writes_what_it_keeps_less_often_unless_somebody_set_that(tmp_path: Path):
    folder = tmp_path / "data"
    engine = create_engine(
        parse_url(embedded.start(folder)["quantmatrix"]), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        assert connection.execute(text(LONGEST_LOG)).scalar() == "4GB"
        connection.execute(text("ALTER SYSTEM SET max_wal_size = '2GB'"))
        embedded.start(folder)
        assert connection.execute(text(LONGEST_LOG)).scalar() == "2GB"
    engine.dispose()
    embedded.stop(folder)
