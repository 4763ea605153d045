import datetime as dt
import io
import socket
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import polars as pl
import pytest
from pipelines.rows import (
    AT,
    SESSION,
    add_account,
    add_strategy,
    add_user,
    bars,
    change,
    findings,
    hold,
    listing,
    query,
)
from typer.testing import CliRunner

from quantmatrix_engine import calendars
from quantmatrix_engine.vocabulary import Channel
from quantmatrix_models.database import Database
from quantmatrix_models.secrets import Vault
from quantmatrix_pipelines.cli.main import app, run
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.stores import (
    corporate_actions,
    instruments,
    market_data,
    strategies,
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


@pytest.fixture
def asking(installed: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """A runner in this process, with the environment of `installed`."""
    for name, text in installed.items():
        monkeypatch.setenv(name, text)
    return CliRunner()


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


def test_params_are_changed_one_by_one_and_kept(asking: CliRunner, database: Database):
    ada = add_user(database, "ada")
    add_strategy(database, ada, "Pullback", min_strength=0.7)
    said(
        asking,
        *("strategies", "params", "ada", "Pullback"),
        *("entry_max_atr_distance=2.5", "scale_out_levels=[5, 6]"),
    )
    (kept,) = strategies.of_user(database, ada)
    expected = {
        "min_strength": 0.7,
        "entry_max_atr_distance": 2.5,
        "scale_out_levels": [5, 6],
    }
    assert kept.params == expected
    assert "ada: Pullback, atr_matrix" in said(asking, "strategies", "list")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("entry_max_atr_distanse=2", "did you mean 'entry_max_atr_distance'?"),
        ("min_strength=1.5", "min_strength = 1.5: Input should be less than or equal to 1"),
        ("min_strength=NaN", "min_strength = nan: Input should be a finite number"),
        ("min_strength=much", "min_strength = 'much': Input should be a valid number"),
        ("scale_out_levels=[8, 7]", "scale_out_levels = [8.0, 7.0] must rise"),
        ("min_strength", "'min_strength' sets nothing; write param=value."),
        (
            # Its seed's 100 ranges, and 1,604 rows: 0.99 ** 1604 < 1e-7 <= 0.99 ** 1603.
            "atr_period=100",
            "atr_100 looks back over 1,704 bars before its own; 750 sessions are kept. Choose",
        ),
    ],
)
def test_params_that_are_wrong_are_told_and_nothing_is_changed(
    asking: CliRunner, database: Database, change: str, told: str
):
    ada = add_user(database, "ada")
    add_strategy(database, ada, "Pullback")
    complained = complaint(asking, "strategies", "params", "ada", "Pullback", change)
    assert told in complained
    assert "\n" not in complained
    assert strategies.of_user(database, ada)[0].params == {}


def test_params_of_a_wrong_name_or_value_end_with_code_2(
    installed: dict[str, str], database: Database
):
    add_strategy(database, add_user(database, "ada"), "Pullback")
    line = refused(installed, "strategies", "params", "ada", "Pullback", "min_strenght=1")
    assert "did you mean 'min_strength'?" in line


def test_a_strategy_of_another_name_is_told_the_nearest(asking: CliRunner, database: Database):
    add_strategy(database, add_user(database, "ada"), "Pullback")
    add_user(database, "ben")
    told = complaint(asking, "strategies", "params", "ada", "Pulback", "min_strength=1")
    assert "Did you mean 'Pullback'?" in told
    none = complaint(asking, "strategies", "params", "ben", "Pullback", "min_strength=1")
    assert "No strategy of ben is called 'Pullback'" in none


def test_a_strategy_is_added_shown_switched_and_every_step_is_audited(
    asking: CliRunner, database: Database
):
    add_user(database, "ada")
    instruments.record(database, listing("AAA", "BBB"))
    formula = "entry=rsi(window=2) < 10 and close > sma(200)"
    added = said(
        asking,
        *("strategies", "add", "ada", "Dips", "custom", formula, "strength=0.6"),
        *("--symbols", "aaa, BBB,AAA"),
    )
    document = '{"entry": "rsi(window=2) < 10 and close > sma(200)", "strength": 0.6}'
    assert added == f"Added to ada: Dips, custom {document} of AAA, BBB\n"
    shown = said(asking, "strategies", "params", "ada", "Dips")
    assert "  strength = 0.6: Strength of its entries" in shown
    assert '  exit = "rsi(14) > 70" (default): ' in shown
    assert said(asking, "strategies", "disable", "ada", "Dips") == "ada: Dips is disabled.\n"
    assert said(asking, "strategies", "list", "ada").startswith("ada: Dips (disabled), custom")
    again = said(asking, "strategies", "disable", "ada", "Dips")
    assert again == "ada: Dips is disabled already.\n"
    assert said(asking, "strategies", "enable", "ada", "Dips") == "ada: Dips is enabled.\n"
    reset = said(asking, "strategies", "params", "ada", "Dips", "--reset", "strength")
    assert reset == 'ada: Dips {"entry": "rsi(window=2) < 10 and close > sma(200)"}\n'
    events = [line for line in said(asking, "audit", "list").splitlines() if "strategies" in line]
    assert len(events) == 4


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


def test_a_universe_is_shown_with_what_it_comes_to_and_replaced(
    asking: CliRunner, database: Database, installed: dict[str, str]
):
    ada = add_user(database, "ada")
    instruments.record(database, listing("AAA", "BBB", "CCC"))
    ids = dict(instruments.catalogue(database).select("symbol", "instrument_id").iter_rows())
    added = said(
        asking,
        *("strategies", "add", "ada", "Mine", "momentum"),
        *("--min-price", "5", "--min-dollar-volume", "1000", "--exclude", "ccc"),
    )
    words = "all that trades, at 5 or more, 1,000 or more traded a session, without CCC"
    assert added == f"Added to ada: Mine, momentum {{}} of {words}\n"
    assert strategies.of_user(database, ada)[0].universe == {
        "min_price": 5.0,
        "min_dollar_volume": 1000.0,
        "excluded": ["CCC"],
    }
    shown = said(asking, "strategies", "universe", "ada", "Mine").splitlines()
    assert shown[1] == "  There are no bars yet; `quantmatrix up` loads them."
    # 100 are traded a session, by `bars`: 20 x 100 / 20 is 100 a session, and 40 x 100 / 20 is 200.
    made = bars(
        (ids["AAA"], SESSION, 20.0), (ids["BBB"], SESSION, 4.0), (ids["CCC"], SESSION, 40.0)
    )
    Lake(str(Path(installed["QUANTMATRIX_HOME"]) / "lake")).append("bars", made)
    replaced = said(
        asking,
        *("strategies", "universe", "ada", "Mine", "--everything", "--min-price", "5"),
        *("--min-dollar-volume", "150"),
    )
    assert replaced.splitlines() == [
        "ada: Mine, momentum {} of all that trades, at 5 or more, 150 or more traded a session",
        f"  {SESSION}: 1 instruments of 3",
        "  1 left out by min_dollar_volume",
        "  1 left out by min_price",
        "  CCC",
    ]
    hold(database, ada, add_account(database, ada), ids["BBB"])
    mine = said(asking, "strategies", "universe", "ada", "Mine", "--positions").splitlines()
    assert mine[0] == "ada: Mine, momentum {} of what the user holds"
    assert mine[2] == "  BBB"
    told = complaint(asking, "strategies", "universe", "ada", "Mine", "--everything", "--positions")
    assert "--everything is a universe of its own" in told
    changes = query(database, "SELECT changes FROM audit_events ORDER BY id DESC LIMIT 1")
    assert changes[0][0]["universe"]["new"] == {"positions": True}
    versions = query(database, "SELECT universe FROM strategy_versions ORDER BY version DESC")
    assert versions[0] == ({"positions": True},)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["ada", "New", "momentun"], "No kind of strategy is called 'momentun'. Did you mean 'mo"),
        (["adda", "New", "momentum"], "No user is called 'adda'"),
        (["ada", "Pullback", "momentum"], "ada has a strategy called 'Pullback' already"),
        (["ada", " ", "momentum"], "A strategy cannot be called ' '; take 1 to 64"),
        (["ada", "x" * 65, "momentum"], "take 1 to 64 characters"),
        (["ada", "New", "momentum", "max_atr_distanc=1"], "did you mean 'max_atr_distance'?"),
        (["ada", "New", "breakout", "entry_sessions=4"], "greater than or equal to 5"),
        (["ada", "New", "custom", "entry=rsi(14)"], "at character 1: 'rsi(14)' is a number"),
        (["ada", "New", "momentum", "--symbols", "AAX"], "No symbol 'AAX' is known. Did you mea"),
        (["ada", "New", "momentum", "--symbols", ","], "--symbols ',' names none"),
        (["ada", "New", "momentum", "--index", "SP500"], "No index 'SP500' is known."),
        (
            ["ada", "New", "momentum", "--index", "SP500", "--symbols", "AAA"],
            "name one of symbols, index and positions, not symbols and index",
        ),
        (
            ["ada", "New", "momentum", "--positions", "--symbols", "AAA"],
            "name one of symbols, index and positions, not symbols and positions",
        ),
        (
            ["ada", "New", "momentum", "--min-price", "9", "--max-price", "5"],
            "min_price = 9 must be below max_price = 5",
        ),
        (["ada", "New", "momentum", "--min-price", "0"], "Input should be greater than 0"),
        (["ada", "New", "momentum", "--kinds", "stocks"], "kinds.0 = 'stocks': Input should be"),
        (["ada", "New", "momentum", "--exchanges", "XNY"], "'XNY' is known. Did you mean 'XNYS'?"),
        (["ada", "New", "momentum", "--exclude", "AAB"], "No symbol 'AAB' is known. Did you mean"),
        (["ada", "New", "momentum", "--exclude", ","], "--exclude ',' names none"),
        (["ada", "New", "momentum", "--symbols", "TWO"], "TWO means instruments "),
    ],
)
def test_a_strategy_that_makes_no_sense_is_not_added(
    asking: CliRunner, database: Database, arguments: list[str], told: str
):
    ada = add_user(database, "ada")
    add_strategy(database, ada, "Pullback")
    instruments.record(database, listing("AAA", "TWO"))
    instruments.record(database, listing("TWO", exchange="XLON"))
    complained = complaint(asking, "strategies", "add", *arguments)
    assert told in complained
    assert "\n" not in complained
    assert len(strategies.of_user(database, ada)) == 1


def test_a_param_to_reset_that_is_none_and_an_archived_strategy_are_told(
    asking: CliRunner, database: Database
):
    ada = add_user(database, "ada")
    strategy_id = add_strategy(database, ada, "Pullback")
    told = complaint(asking, "strategies", "params", "ada", "Pullback", "--reset", "min_strenght")
    assert "No param of atr_matrix is called 'min_strenght'. Did you mean 'min_strength'?" in told
    change(
        database,
        "UPDATE strategies SET is_enabled = false, archived_at = now() WHERE id = :id",
        id=strategy_id,
    )
    told = complaint(asking, "strategies", "enable", "ada", "Pullback")
    assert "'Pullback' of ada is archived; add a new one." in told


def test_one_kind_of_strategy_is_shown_with_its_bounds():
    shown = said(CliRunner(), "strategies", "kinds", "custom")
    assert shown.startswith("custom: Custom, by formulas, version 2\n")
    assert "(1 to 3 values, each at most 500 characters)" in shown
    assert "(above 0, at most 100)" in shown
    assert "momentum" not in shown
    told = complaint(CliRunner(), "strategies", "kinds", "brakeout")
    assert "Did you mean 'breakout'?" in told


def test_the_kinds_of_strategy_say_what_can_be_set():
    shown = said(CliRunner(), "strategies", "kinds")
    assert "atr_matrix: ATR Matrix, version 3" in shown
    assert "  min_strength = 0.5: " in shown
    assert "(at least 0, at most 1)" in shown


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


def test_findings_are_listed_with_file_and_line(asking: CliRunner, database: Database):
    assert said(asking, "findings", "list") == ""
    market_data.record_findings(database, findings({"value": "NaN"}))
    assert said(asking, "findings", "list") == (
        "1  bars.csv:7  AAA 2026-11-20  null_price close: 'NaN', expected a price\n"
    )


def test_a_list_of_findings_leaves_out_info_and_counts_what_it_left_out(
    asking: CliRunner, database: Database
):
    rows = [{"source_row": line, "severity": "info", "rule": "repeated_bar"} for line in range(3)]
    others = [{"source_row": line, "symbol": "BBB"} for line in (7, 8)]
    market_data.record_findings(database, findings(*rows, *others))
    assert said(asking, "findings", "list", "--limit", "1") == (
        "5  bars.csv:8  BBB 2026-11-20  null_price close: None, expected a price\n"
        "Left out: 1 older (--limit); 3 of severity info (--severity info).\n"
    )
    info = said(asking, "findings", "list", "--severity", "info", "--limit", "9")
    assert (info.count("repeated_bar"), info.count("null_price")) == (3, 0)
    assert info.endswith("Left out: 2 of severity error (--severity error).\n")
    both = said(asking, "findings", "list", "--severity", "info", "--severity", "error")
    assert (both.count("\n"), "Left out" in both) == (5, False)


def test_findings_are_listed_of_one_rule_or_symbol(asking: CliRunner, database: Database):
    market_data.record_findings(
        database, findings({}, {"rule": "not_a_number"}, {"symbol": "BBB", "source_row": 8})
    )
    assert said(asking, "findings", "list", "--rule", "null_price").count("\n") == 2
    assert said(asking, "findings", "list", "--symbol", "BBB").startswith("3  bars.csv:8  BBB")
    assert said(asking, "findings", "list", "--symbol", "BBB", "--rule", "not_a_number") == ""
    unknown = complaint(asking, "findings", "list", "--rule", "null_prices")
    assert "'null_prices' is no rule. Did you mean 'null_price'?" in unknown


def test_findings_are_released_and_rejected_with_a_reason(asking: CliRunner, database: Database):
    market_data.record_findings(database, findings({"rule": "high_below_low"}, {"source_row": 8}))
    assert "1 findings released" in said(asking, "findings", "release", "1", "--reason", "checked")
    assert "1 findings rejected" in said(asking, "findings", "reject", "2", "--reason", "an outage")
    assert said(asking, "findings", "list") == ""
    told = said(asking, "audit", "list")
    assert "changed" in told
    assert "findings" in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["release", "1", "--reason", "x"], "Finding 1 is null_price"),
        (["release", "9", "--reason", "x"], "No finding has the id 9"),
        (["reject", "1", "9", "--reason", "x"], "No finding has the id 9"),
        (["reject", "1", "--reason", " "], "A decision needs a reason"),
    ],
)
def test_a_decision_that_cannot_be_made_changes_nothing(
    asking: CliRunner, database: Database, arguments: list[str], told: str
):
    market_data.record_findings(database, findings({}))
    assert told in complaint(asking, "findings", *arguments)
    assert "null_price" in said(asking, "findings", "list")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


# The audit trail and the keys of secrets


def test_the_trail_is_verified_anchored_and_listed(asking: CliRunner):
    asking.invoke(app, ["users", "add", "ada"])
    verified = asking.invoke(app, ["audit", "verify"])
    assert verified.exit_code == 0
    assert "1 chains, 1 events, 0 anchors: 0 faults." in verified.output
    assert "There is no anchor" in verified.output
    assert asking.invoke(app, ["audit", "anchor"]).exit_code == 0
    assert "1 anchors: 0 faults." in asking.invoke(app, ["audit", "verify"]).output
    listed = asking.invoke(app, ["audit", "list", "--user", "ada"]).output
    assert "created" in listed
    assert "cli:" in listed


def test_a_trail_that_was_touched_is_told_and_not_anchored(asking: CliRunner, database: Database):
    asking.invoke(app, ["users", "add", "ada"])
    change(database, "ALTER TABLE audit_events DISABLE TRIGGER USER")
    change(database, "UPDATE audit_events SET actor = 'nobody'")
    for command in ("verify", "anchor"):
        done = asking.invoke(app, ["audit", command])
        assert done.exit_code == 1
        assert "event 1" in done.output
    assert "Nothing was anchored" in done.output


def test_an_anchor_file_that_is_damaged_is_one_clear_line(
    installed: dict[str, str], tmp_path: Path
):
    anchors = tmp_path / "anchors.jsonl"
    anchors.write_text("{}\n")
    environment = {**installed, "QUANTMATRIX_AUDIT_ANCHORS": str(anchors)}
    assert "Line 1 of" in refused(environment, "audit", "verify")


def test_secrets_are_sealed_anew_with_a_key_put_before_the_old_one(
    asking: CliRunner, database: Database, installed: dict[str, str]
):
    asking.invoke(app, ["users", "add", "ada"])
    asking.invoke(app, ["users", "webhook", "ada"], input=f"{WEBHOOK}\n")
    fresh = asking.invoke(app, ["secrets", "new-key"]).stdout.split()[0]
    path = Path(installed["QUANTMATRIX_HOME"]) / "vault.key"
    path.write_text(f"{fresh}\n{path.read_text()}")
    rotated = asking.invoke(app, ["secrets", "rotate"])
    assert rotated.exit_code == 0
    assert "1 secrets sealed with key" in rotated.output
    assert PASSWORD not in rotated.output
    path.write_text(fresh)
    (ada,) = users.listed(database)
    vault = Vault([fresh])
    opened = users.webhook(database, vault, user_id=ada.id, channel=Channel.SIGNALS)
    assert str(opened).endswith(f"/webhooks/1/{PASSWORD}")
    assert Vault([fresh]).key_id in asking.invoke(app, ["secrets", "list"]).output


def test_a_secret_no_key_opens_ends_a_rotation_with_code_1(
    asking: CliRunner, installed: dict[str, str]
):
    asking.invoke(app, ["users", "add", "ada"])
    asking.invoke(app, ["users", "webhook", "ada"], input=f"{WEBHOOK}\n")
    (Path(installed["QUANTMATRIX_HOME"]) / "vault.key").write_text(Vault.new_key())
    done = asking.invoke(app, ["secrets", "rotate"])
    assert done.exit_code == 1
    assert "does not open" in done.output
