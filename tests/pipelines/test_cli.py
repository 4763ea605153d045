import datetime as dt
import io
import json
import socket
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import polars as pl
import pytest
from pipelines.rows import (
    AT,
    add_user,
    bars,
    listing,
    query,
)
from typer.testing import CliRunner

from quantmatrix_engine import calendars
from quantmatrix_models.database import Database
from quantmatrix_pipelines.cli.main import app, run
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.stores import (
    corporate_actions,
    instruments,
    users,
)

COMMANDS = [
    [],
    ["up"],
    ["backfill"],
    ["users"],
    *(["users", one] for one in ("list", "show", "add", "webhook", "limits")),
    ["strategies"],
    *(
        ["strategies", one]
        for one in ("list", "kinds", "add", "enable", "disable", "params", "universe")
    ),
    ["signals"],
    *(["signals", one] for one in ("list", "explain", "replay")),
    ["instruments"],
    *(
        ["instruments", one]
        for one in (
            "list",
            "show",
            "add",
            "rename",
            "delist",
            "set-name",
            "set-exchange",
            "set-end",
            "relist",
            "import",
            "import-membership",
            "import-sectors",
        )
    ),
    ["chart"],
    ["coverage"],
    ["snapshots"],
    ["actions"],
    *(["actions", one] for one in ("list", "confirm", "reject")),
    ["findings"],
    *(["findings", one] for one in ("list", "release", "reject")),
    ["audit"],
    *(["audit", one] for one in ("list", "verify", "anchor")),
    ["secrets"],
    *(["secrets", one] for one in ("list", "new-key", "rotate")),
]
PASSWORD = "hunter2-of-the-test"
WEBHOOK = f"https://discord.com/api/webhooks/1/{PASSWORD}"


def called(
    environment: dict[str, str], *arguments: str, stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Calls the command: in this process, unless it sets up a whole one or asks for a secret."""
    if stdin is not None or arguments[0] == "up":
        return called_alone(environment, *arguments, stdin=stdin)
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        for name, value in environment.items():
            patch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            run(arguments)
    code = ended.value.code
    assert code is None or isinstance(code, int)
    return subprocess.CompletedProcess(arguments, code or 0, out.getvalue(), err.getvalue())


def called_alone(
    environment: dict[str, str], *arguments: str, stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from quantmatrix_pipelines.cli.main import run; run()"]
    return subprocess.run(
        [*command, *arguments],
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def refused(environment: dict[str, str], *arguments: str, stdin: str | None = None) -> str:
    """Calls a command that must end with code 2 and one line; gives the line."""
    done = called(environment, *arguments, stdin=stdin)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert PASSWORD not in done.stderr + done.stdout
    (line,) = done.stderr.splitlines()
    assert line.startswith("quantmatrix: ")
    return line


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help(command: list[str]):
    shown = CliRunner().invoke(app, [*command, "--help"])
    assert shown.exit_code == 0
    assert "Usage:" in shown.output


def test_the_commands_that_have_help_are_all_there_are():
    known = [command.name or command.callback.__name__ for command in app.registered_commands]
    for group in app.registered_groups:
        inside = group.typer_instance.registered_commands
        known.append(str(group.name))
        known += [f"{group.name} {one.name or one.callback.__name__}" for one in inside]
    assert set(known) == {" ".join(command) for command in COMMANDS if command}


@pytest.mark.parametrize("command", [["no-such-command"], ["users", "add"], ["up", "--no-such"]])
def test_a_command_that_is_none_ends_with_code_2(command: list[str]):
    shown = CliRunner().invoke(app, command)
    assert shown.exit_code == 2
    assert "Traceback" not in shown.output


# --------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize("command", [["up"], ["users", "list"]])
def test_a_database_that_cannot_be_reached_is_named_without_its_password(
    environment: dict[str, str], command: list[str]
):
    # Port 1 of loopback refuses at once.
    address = f"postgresql://ada:{PASSWORD}@127.0.0.1:1/quantmatrix"
    environment |= {"QUANTMATRIX_DATABASE_URL": address, "QUANTMATRIX_PORT": str(_free_port())}
    line = refused(environment, *command)
    assert "127.0.0.1:1/quantmatrix cannot be reached" in line


def test_a_database_of_dagster_that_cannot_be_reached_is_one_line(installed: dict[str, str]):
    address = f"postgresql://ada:{PASSWORD}@127.0.0.1:1/dagster"
    installed["QUANTMATRIX_DAGSTER_DATABASE_URL"] = address
    refused(installed, "up", "--no-serve")


@pytest.mark.parametrize(
    "address",
    [
        f"mysql://ada:{PASSWORD}@127.0.0.1/quantmatrix",
        f"sqlite:///{PASSWORD}.db",
        f"not an address {PASSWORD}",
        f"postgresql://ada:{PASSWORD}@x@127.0.0.1/quantmatrix",
        f"postgresql://ada:{PASSWORD}@127.0.0.1:port/quantmatrix",
    ],
)
def test_an_address_of_another_kind_is_refused_without_being_shown(
    environment: dict[str, str], address: str
):
    line = refused({**environment, "QUANTMATRIX_DATABASE_URL": address}, "users", "list")
    assert "postgresql://user:password@host:5432/quantmatrix" in line


def test_a_port_in_use_is_told_before_anything_is_started(environment: dict[str, str]):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        line = refused({**environment, "QUANTMATRIX_PORT": port}, "up")
    assert f"Port {port} of 127.0.0.1 is in use" in line
    assert not Path(environment["QUANTMATRIX_HOME"]).exists()


def test_a_home_that_cannot_be_written_is_named(environment: dict[str, str], tmp_path: Path):
    (tmp_path / "file").touch()
    home = str(tmp_path / "file" / "home")
    line = refused({**environment, "QUANTMATRIX_HOME": home}, "users", "list")
    assert f"QUANTMATRIX_HOME = {home} cannot be written" in line


def test_a_setting_out_of_bounds_is_named(environment: dict[str, str]):
    line = refused({**environment, "QUANTMATRIX_SESSIONS": "0"}, "up")
    assert "QUANTMATRIX_SESSIONS = '0'" in line


def test_bars_that_are_not_there_are_named(installed: dict[str, str], tmp_path: Path):
    line = refused({**installed, "QUANTMATRIX_BARS": str(tmp_path / "none")}, "up", "--no-serve")
    assert f"No bars at {tmp_path / 'none'}: it does not exist" in line


def test_a_backfill_of_intraday_bars_nobody_configured_says_what_to_set(installed: dict[str, str]):
    line = refused(installed, "backfill", "--intraday")
    assert "set QUANTMATRIX_INTRADAY_PROVIDERS or QUANTMATRIX_INTRADAY_BARS" in line


def test_a_demonstration_webhook_that_is_none_is_refused_without_being_shown(
    installed: dict[str, str],
):
    installed["QUANTMATRIX_DEMO_WEBHOOKS"] = f"ada=https://example.com/{PASSWORD}"
    line = refused(installed, "up", "--no-serve")
    assert "not the URL of a Discord webhook" in line


@pytest.mark.parametrize("name", ["Ada", "", "a b", "-ada", "a" * 65, "ada;", "ådå"])
def test_a_user_cannot_have_just_any_name(environment: dict[str, str], name: str):
    shown = CliRunner().invoke(app, ["users", "add", "--", name], env=environment)
    assert isinstance(shown.exception, Exception)
    assert "A user cannot be called" in str(shown.exception)
    assert not Path(environment["QUANTMATRIX_HOME"]).exists()


def test_a_bad_name_ends_with_code_2(environment: dict[str, str]):
    assert "A user cannot be called 'Ada'" in refused(environment, "users", "add", "Ada")


# ------------------------------------------------------------------------- what is answered


def said(runner: CliRunner, *arguments: str, stdin: str | None = None) -> str:
    shown = runner.invoke(app, list(arguments), input=stdin)
    assert shown.exit_code == 0, shown.exception
    return shown.output


def complaint(runner: CliRunner, *arguments: str, stdin: str | None = None) -> str:
    shown = runner.invoke(app, list(arguments), input=stdin)
    assert shown.exit_code == 1
    return f"{type(shown.exception).__name__}: {shown.exception}"


def test_a_user_is_added_and_listed_and_not_added_twice(asking: CliRunner):
    assert said(asking, "users", "add", "ada") == "Added ada.\n"
    assert complaint(asking, "users", "add", "ada") == (
        "SettingsError: A user is called 'ada' already; take another name."
    )
    listed = said(asking, "users", "list")
    assert listed.split() == [
        *("ada", "cohort", "u00", "user", "no", "webhook:"),
        *("messages", "go", "to", "the", "console"),
    ]


def test_a_webhook_is_asked_for_and_not_shown(asking: CliRunner, database: Database):
    add_user(database, "ada")
    url = f"https://discord.com/api/webhooks/1/{PASSWORD}"
    shown = said(asking, "users", "webhook", "ada", stdin=f"{url}\n")
    assert "Messages of signals to ada go to that webhook from now on." in shown
    assert PASSWORD not in shown
    assert users.named(database, "ada").channels == ("signals",)


def test_a_webhook_that_is_none_is_refused_without_being_shown(
    asking: CliRunner, database: Database
):
    add_user(database, "ada")
    told = complaint(asking, "users", "webhook", "ada", stdin=f"https://x/{PASSWORD}\n")
    assert "not the URL of a Discord webhook" in told
    assert PASSWORD not in told
    assert "No user is called 'eve'" in complaint(asking, "users", "webhook", "eve")


def test_limits_are_set_one_by_one_shown_and_taken_away(asking: CliRunner, database: Database):
    add_user(database, "ada")
    none = said(asking, "users", "limits", "ada").splitlines()
    assert none == [
        "max_position_pct: not limited",
        "max_sector_pct: not limited",
        "max_heat_pct: not limited",
        "max_positions: not limited",
    ]
    first = said(asking, "users", "limits", "ada", "--max-sector-pct", "25", "--max-positions", "8")
    assert first.splitlines()[-1].startswith("No sectors are known, so all instruments count as")
    shown = said(
        asking,
        *("users", "limits", "ada", "--max-heat-pct", "6.5", "--reset", "max_sector_pct"),
    )
    assert shown.splitlines() == [
        "max_position_pct: not limited",
        "max_sector_pct: not limited",
        "max_heat_pct: at most 6.5 % lost if every stop is hit",
        "max_positions: at most 8 instruments at a time",
    ]
    said(asking, "users", "limits", "ada", "--max-positions", "8")
    events = query(
        database, "SELECT changes FROM audit_events WHERE entity = 'risk_limits' ORDER BY id"
    )
    assert events == [
        (
            {
                "max_sector_pct": {"old": None, "new": "25.0"},
                "max_positions": {"old": None, "new": 8},
            },
        ),
        (
            {
                "max_sector_pct": {"old": "25.0", "new": None},
                "max_heat_pct": {"old": None, "new": "6.5"},
            },
        ),
    ]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["ada", "--max-sector-pct", "0"], "--max-sector-pct 0 is no share; take one above 0"),
        (["ada", "--max-heat-pct", "101"], "--max-heat-pct 101 is no share"),
        (["ada", "--max-position-pct", "nan"], "--max-position-pct nan is no share"),
        (["ada", "--max-position-pct", "0.00001"], "1e-05 is no share"),
        (["ada", "--reset", "max_heat"], "No limit is called 'max_heat'. Did you mean 'max_heat_"),
        (["eve", "--max-positions", "3"], "No user is called 'eve'"),
    ],
)
def test_a_limit_that_is_none_is_refused(
    asking: CliRunner, database: Database, arguments: list[str], told: str
):
    add_user(database, "ada")
    assert told in complaint(asking, "users", "limits", *arguments)
    assert query(database, "SELECT count(*) FROM risk_limits") == [(0,)]


def test_actions_are_listed_and_decided_with_a_reason(asking: CliRunner, database: Database):
    instruments.record(database, listing("AAA"))
    reported = pl.DataFrame(
        {"instrument_id": 1, "provider": "registrar", "kind": ["split"], "ratio": 4.0}
    ).with_columns(
        ex_date=pl.lit(dt.date(2026, 11, 20)),
        amount=pl.lit(None, pl.Float64),
        currency=pl.lit(None, pl.String),
        known_at=pl.lit(AT).cast(pl.Datetime("us", "UTC")),
        row=pl.lit("{}"),
    )
    assert corporate_actions.record(database, reported).height == 1
    line = "1  AAA  2026-11-20  split 4 for 1  registrar  quarantined: Reported, and not held"
    assert said(asking, "actions", "list", "--status", "quarantined").startswith(line)
    assert "A decision needs a reason" in complaint(
        asking, "actions", "confirm", "1", "--reason", " "
    )
    done = said(asking, "actions", "confirm", "1", "--reason", "seen")
    assert done == "1 actions confirmed; materialize `indicators` from 2026-11-20 on.\n"
    assert said(asking, "actions", "list", "--status", "quarantined") == ""
    assert "corporate_actions" in said(asking, "audit", "list")
    assert "There is no corporate action 9" in complaint(
        asking, "actions", "reject", "9", "--reason", "x"
    )


def test_coverage_tells_what_is_behind(
    asking: CliRunner, database: Database, environment: dict[str, str]
):
    assert "There are no bars yet" in complaint(asking, "coverage")
    instruments.record(database, listing("AAA", "BBB", "CCC"))
    held = bars(
        *((1, day, 10.0) for day in (dt.date(2026, 11, 18), dt.date(2026, 11, 20))),
        (2, dt.date(2026, 11, 19), 10.0),
    )
    Lake(str(Path(environment["QUANTMATRIX_HOME"]) / "lake")).append("bars", held)
    assert said(asking, "coverage").splitlines() == [
        "2026-11-20: 3 instruments listed, 2 late.",
        "CCC  no bar at all",
        "BBB  1 sessions behind  2026-11-19 to 2026-11-19  1 bars, 0 missing, 50.0 %",
        "AAA  fresh  2026-11-18 to 2026-11-20  2 bars, 1 missing, 66.7 %",
    ]
    told = complaint(asking, "coverage", "--session", "2026-11-21")
    assert "2026-11-21 is no session of the exchange; the one before is 2026-11-20" in told


def test_snapshots_are_listed_with_how_long_they_stay(
    asking: CliRunner, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    folder = Path(environment["QUANTMATRIX_HOME"]) / "snapshots"
    assert f"There are no snapshots in {folder}" in complaint(asking, "snapshots")
    for name, made_at in (
        ("2026-10-29.1", "2026-10-30T00:15:00+00:00"),
        ("2026-10-30.1", "2026-10-31T00:15:00+00:00"),
        ("2026-10-30.2", "2026-10-31T02:20:00+00:00"),
    ):
        (folder / name).mkdir(parents=True)
        manifest = {"session": name[:10], "made_at": made_at}
        (folder / name / "manifest.json").write_text(json.dumps(manifest))
        (folder / name / "quantmatrix.duckdb").write_bytes(b"0" * 2_500_000)
    monkeypatch.setenv("QUANTMATRIX_SNAPSHOT_DAYS", "10")
    assert said(asking, "snapshots", "--limit", "2").splitlines() == [
        f"{folder}: 3 snapshots, 7.5 MB.",
        "2026-10-30.2  2.5 MB  made 2026-10-31 02:20 UTC  stays, its month's last",
        "2026-10-30.1  2.5 MB  made 2026-10-31 00:15 UTC  stays, its month's last",
    ]
    assert said(asking, "snapshots").splitlines()[-1] == (
        "2026-10-29.1  2.5 MB  made 2026-10-30 00:15 UTC  stays until 2026-11-09"
    )


def test_a_chart_is_written_where_it_was_asked_for(
    asking: CliRunner, database: Database, environment: dict[str, str], tmp_path: Path
):
    assert "There are no bars yet" in complaint(asking, "chart", "AAA")
    instruments.record(database, listing("AAA"))
    sessions = calendars.sessions(dt.date(2026, 8, 3), dt.date(2026, 11, 20))
    held = bars(*((1, one, 10.0 + one.day / 10) for one in sessions))
    Lake(str(Path(environment["QUANTMATRIX_HOME"]) / "lake")).append("bars", held)
    add_user(database, "ada")
    picture = tmp_path / "aaa.svg"
    told = said(asking, "chart", "AAA", "--user", "ada", "--out", str(picture))
    assert told == f"AAA · 2026-11-20 · 12.00: {picture}\n"
    assert picture.read_text().startswith("<?xml")
    unknown = complaint(asking, "chart", "AAB")
    assert "AAA" in unknown
    assert ".png or .svg" in complaint(asking, "chart", "AAA", "--out", "aaa.gif")
    absent = complaint(asking, "chart", "AAA", "--out", str(tmp_path / "no" / "aaa.png"))
    assert "cannot be written: No such file or directory" in absent
    assert "ben" in complaint(asking, "chart", "AAA", "--user", "ben")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
