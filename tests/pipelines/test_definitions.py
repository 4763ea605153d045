import json
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from quantmatrix_pipelines.definitions import build_definitions
from quantmatrix_pipelines.settings import read_settings

ASSETS = {
    *("instruments", "raw_bars", "corporate_actions", "bars", "indicators", "signals"),
    *("market_snapshots", "fundamentals", "notifications", "deliveries", "snapshot"),
    *("intraday_bars", "intraday_indicators", "signal_outcomes", "weekly_indicators"),
}


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    return build_definitions(read_settings(home=tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="module")
def specs(definitions: dg.Definitions) -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}


def test_the_code_location_loads(definitions: dg.Definitions):
    dg.Definitions.validate_loadable(definitions)


def test_the_chain_has_these_assets(specs: dict[str, dg.AssetSpec]):
    assert set(specs) == ASSETS


@pytest.mark.parametrize("name", sorted(ASSETS))
def test_every_asset_is_described(specs: dict[str, dg.AssetSpec], name: str):
    spec = specs[name]
    assert spec.description
    assert spec.group_name not in (None, "default")
    assert spec.owners
    assert spec.kinds
    assert spec.metadata["dagster/table_name"]


@pytest.mark.parametrize("name", sorted(ASSETS))
def test_every_asset_says_what_each_of_its_columns_is(specs: dict[str, dg.AssetSpec], name: str):
    schema = specs[name].metadata["dagster/column_schema"]
    columns = getattr(schema, "value", schema).columns
    assert columns
    assert not [column.name for column in columns if not column.description]
    assert not [column.name for column in columns if column.type in ("", "unknown")]


@pytest.mark.parametrize("name", sorted(ASSETS))
def test_every_asset_has_a_check_and_every_check_is_described(
    definitions: dg.Definitions, name: str
):
    graph = definitions.resolve_asset_graph()
    checks = [key for key in graph.asset_check_keys if key.asset_key == dg.AssetKey(name)]
    assert checks
    assert all(graph.get_check_spec(key).description for key in checks)


def test_what_gates_messages_blocks(definitions: dg.Definitions):
    graph = definitions.resolve_asset_graph()
    blocking = {
        f"{key.asset_key.to_user_string()}.{key.name}"
        for key in graph.asset_check_keys
        if graph.get_check_spec(key).blocking
    }
    assert {
        "bars.contract",
        "indicators.no_look_ahead",
        "indicators.strategies_no_look_ahead",
        "signals.contract",
    } <= blocking


def test_the_schedule_and_the_sensors_run_by_default(definitions: dg.Definitions):
    automations = [*definitions.schedules, *definitions.sensors]
    assert {one.name for one in automations} == {
        *("session_close", "after_market_data", "after_evaluation", "due_notifications"),
        *("session_fundamentals", "session_intraday", "stale_market_data"),
        "after_intraday_data",
    }
    assert {one.default_status.value for one in automations} == {"RUNNING"}
    assert all(one.description for one in automations)


def test_every_asset_belongs_to_exactly_one_job(definitions: dg.Definitions):
    names = ("market_data", "company_data", "intraday_data", "evaluation", "delivery")
    names += ("publication",)
    graphs = [definitions.resolve_job_def(name).asset_layer.selected_asset_keys for name in names]
    covered = sorted(key.to_user_string() for keys in graphs for key in keys)
    assert covered == sorted(ASSETS)


BESIDE = ("fundamentals", "intraday_bars", "intraday_indicators", "weekly_indicators")


def test_nothing_users_are_told_rests_on_what_stands_beside_the_chain(definitions: dg.Definitions):
    graph = definitions.resolve_asset_graph()
    told = [dg.AssetKey(name) for name in ("signals", "notifications", "deliveries")]
    before = {key for one in told for key in graph.get_ancestor_asset_keys(one, include_self=True)}
    assert dg.AssetKey("indicators") in before
    assert not {dg.AssetKey(name) for name in BESIDE} & before
    # Nor does the run of the chain have them in it, so that one that fails stops no signal.
    chain = definitions.resolve_job_def("market_data").asset_layer.selected_asset_keys
    assert not {dg.AssetKey(name) for name in BESIDE} & set(chain)
    names = ("raw_bars", *BESIDE)
    pools = [definitions.resolve_assets_def(name).op.pool for name in names]
    assert pools == ["lake", "fundamentals", "intraday", "intraday", "weeks"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("weekly_indicators", {"close", "sessions", "sma_30", "mansfield_52"}),
        ("intraday_indicators", {"close", "interval", "vwap", "sma_50"}),
    ],
)
def test_columns_that_are_always_the_same_are_described_before_any_is_made(
    specs: dict[str, dg.AssetSpec], name: str, expected: set[str]
):
    schema = specs[name].metadata["dagster/column_schema"]
    columns = getattr(schema, "value", schema).columns
    assert expected <= {one.name for one in columns}


def test_overrides_take_the_place_of_resources(tmp_path: Path):
    clock = dg.ResourceDefinition.hardcoded_resource("the clock")
    made = build_definitions(read_settings(home=tmp_path), overrides={"clock": clock})
    assert made.resources["clock"] is clock


IMPORT = """
import json, os, sys

seen = {"connections": [], "written": [], "variables": []}

def watch(event, args):
    if event == "socket.connect":
        seen["connections"].append(str(args[1]))
    if event == "open" and isinstance(args[0], (str, bytes)) and args[2] & (
        os.O_WRONLY | os.O_RDWR | os.O_CREAT
    ):
        seen["written"].append(os.fsdecode(args[0]))
    if event in ("os.mkdir", "os.rename"):
        seen["written"].append(os.fsdecode(args[0]))

# Libraries copy the whole environment; what counts is who asks for our variables by name.
class Watched(type(os.environ)):
    def __getitem__(self, key):
        frame = sys._getframe(1)
        while frame.f_globals.get("__name__") in ("os", "collections.abc", "_collections_abc"):
            frame = frame.f_back
        asker = frame.f_globals.get("__name__", "")
        if key.startswith("QUANTMATRIX_") and asker.startswith(("quantmatrix_", "pydantic")):
            seen["variables"].append(key)
        return super().__getitem__(key)

os.environ.__class__ = Watched
sys.addaudithook(watch)
import quantmatrix_pipelines.definitions
print(json.dumps(seen))
"""


def test_importing_the_code_location_does_nothing(tmp_path: Path):
    person = {"PYTHONDONTWRITEBYTECODE": "1", "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    ours = {"QUANTMATRIX_HOME": "/dev/null/home", "QUANTMATRIX_PORT": "no port"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", IMPORT],
        env=person | ours,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    seen = json.loads(done.stdout.splitlines()[-1])
    # numba asks of each folder of kernels whether it could be written to, and leaves nothing there.
    theirs = ("__pycache__", "/dev/null")
    seen["written"] = [one for one in seen["written"] if not any(name in one for name in theirs)]
    assert seen == {"connections": [], "written": [], "variables": []}
    assert not list(tmp_path.iterdir())
