"""Bounds of strategies, performance and backtests, and what a role may write of them."""

from collections.abc import Iterator
from typing import Any

import pytest
from models.cases_of.strategies import SUCCEEDED
from models.rows import a_row, fill
from models.rows_of.moments import MOMENT, moment, session
from models.test_constraints import NEW, broken
from models.test_isolation import refused
from sqlalchemy import Connection, Double, text

from quantmatrix_models.database import Database
from quantmatrix_models.migrations.tables import metadata
from quantmatrix_models.privileges import Role

MEASURES = [
    (table, column.name)
    for table in ("strategy_performance", "backtest_runs")
    for column in metadata.tables[table].columns
    if isinstance(column.type, Double)
]


@pytest.fixture
def connection(populated: Database) -> Iterator[Connection]:
    with populated.engine.connect() as made:
        yield made


def is_taken(connection: Connection, table: str, changes: dict[str, Any]) -> bool:
    fill(connection, NEW, until=table)
    return broken(connection, table, changes) is None


@pytest.mark.parametrize("document", [[], "text", 1, None], ids=str)
@pytest.mark.parametrize("column", ["params", "universe"])
@pytest.mark.parametrize("table", ["strategies", "strategy_versions", "backtest_runs"])
def test_settings_are_json_objects(
    connection: Connection, table: str, column: str, document: Any
) -> None:
    assert not is_taken(connection, table, {column: document})


@pytest.mark.parametrize("is_enabled", [True, False])
def test_an_archived_strategy_is_not_enabled(connection: Connection, is_enabled: bool) -> None:
    archived = {"archived_at": MOMENT, "is_enabled": is_enabled}
    assert is_taken(connection, "strategies", archived) is not is_enabled


def test_a_strategy_is_on_paper_unless_it_says_otherwise(connection: Connection) -> None:
    asked = "SELECT DISTINCT mode FROM strategies"
    assert connection.execute(text(asked)).scalars().all() == ["paper"]


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), float("-inf")], ids=str)
@pytest.mark.parametrize(("table", "column"), MEASURES)
def test_every_measure_is_a_finite_number(
    connection: Connection, table: str, column: str, wrong: float
) -> None:
    assert not is_taken(connection, table, {column: wrong, "benchmark_id": NEW})


@pytest.mark.parametrize(
    ("values", "taken"),
    [
        ({"total_return_pct": -250.0}, True),  # a loss on margin
        ({"max_drawdown_pct": 0.0}, True),
        ({"max_drawdown_pct": 100.0}, True),
        ({"max_drawdown_pct": 100.1}, False),
        ({"max_drawdown_pct": -12.5}, False),
        ({"win_rate_pct": 100.0}, True),
        ({"exposure_pct": 180.0}, True),
        ({"profit_factor": 0.0}, True),
        ({"average_win_pct": 3.0, "average_loss_pct": -2.0}, True),
        ({"average_win_pct": -3.0}, False),
        ({"sharpe": -2.5, "calmar": -1.0}, True),
        ({"trades": 0, "winners": 0, "losers": 0}, True),
        ({"trades": 3, "winners": 1, "losers": 1}, True),  # one came out even
        ({"trades": 1, "winners": 1, "losers": 1}, False),
        ({"trades": 2, "winners": 3, "losers": -1}, False),
        ({"beta": -0.5, "benchmark_id": NEW}, True),
        ({"excess_return_pct": 1.0}, False),
    ],
    ids=str,
)
def test_a_performance_holds_measures_within_their_bounds(
    connection: Connection, values: dict[str, Any], taken: bool
) -> None:
    assert is_taken(connection, "strategy_performance", values) is taken


def test_paper_and_money_are_measured_apart(connection: Connection) -> None:
    fill(connection, NEW, until="strategy_performance")
    assert broken(connection, "strategy_performance", {}) is None
    assert broken(connection, "strategy_performance", {"id": 4}) is not None
    assert broken(connection, "strategy_performance", {"id": 4, "source": "live"}) is None


@pytest.mark.parametrize(
    ("values", "taken"),
    [
        ({"strategy_id": None}, True),
        ({"strategy_id": NEW}, True),
        ({"last_session": session(NEW)}, False),  # one session is no stretch of time
        ({"commission_per_trade": 0, "slippage_bps": 0}, True),
        ({"seed": -1}, True),
        ({"inputs_digest": bytes(32)}, True),
        ({"inputs_digest": bytes(31)}, False),
        ({"inputs_digest": bytes(33)}, False),
        ({"status": "running", "started_at": MOMENT}, True),
        ({"status": "cancelled", "finished_at": MOMENT}, True),
        ({"status": "cancelled"}, False),
        ({"status": "failed", "finished_at": MOMENT, "error": "no bars"}, True),
        ({"status": "failed", "finished_at": MOMENT}, False),
        ({"status": "failed", "error": "no bars"}, False),
        (SUCCEEDED, True),
        (SUCCEEDED | {"final_value": -100}, True),  # more was lost than there was
        (SUCCEEDED | {"final_value": None}, False),
        (SUCCEEDED | {"finished_at": None}, False),
        (SUCCEEDED | {"started_at": None}, False),
        (SUCCEEDED | {"started_at": moment(4), "finished_at": moment(3)}, False),
        (SUCCEEDED | {"kind_version": None}, False),
        (SUCCEEDED | {"data_known_at": None}, False),
        ({"status": "cancelled", "finished_at": moment(1)}, False),  # before it was asked for
    ],
    ids=str,
)
def test_a_backtest_goes_from_its_request_to_its_end(
    connection: Connection, values: dict[str, Any], taken: bool
) -> None:
    assert is_taken(connection, "backtest_runs", values) is taken


def test_a_backtest_that_names_no_costs_has_the_usual_ones(connection: Connection) -> None:
    asked = "SELECT DISTINCT commission_per_trade, slippage_bps FROM backtest_runs"
    assert [tuple(row) for row in connection.execute(text(asked))] == [(1, 5)]


def test_a_users_newest_backtests_are_read_from_an_index(connection: Connection) -> None:
    connection.execute(text("SET LOCAL enable_seqscan = off"))
    newest = "SELECT * FROM backtest_runs WHERE user_id = 1 ORDER BY requested_at DESC LIMIT 20"
    plan = "\n".join(connection.execute(text(f"EXPLAIN {newest}")).scalars())
    assert "Index Scan Backward using ix_backtest_runs_user_id_requested_at" in plan
    assert "Sort" not in plan


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        (Role.APP, "UPDATE strategies SET kind = 'atr_matrix'"),
        (Role.APP, "INSERT INTO strategies (user_id, archived_at) VALUES (1, now())"),
        (Role.APP, "DELETE FROM strategies"),
        (Role.APP, "INSERT INTO strategy_versions (user_id, changed_by) VALUES (1, 2)"),
        (Role.APP, "UPDATE strategy_versions SET params = '{}'"),
        (Role.APP, "DELETE FROM strategy_performance"),
        (Role.APP, "INSERT INTO backtest_runs (user_id, final_value) VALUES (1, 1000000)"),
        (Role.APP, "UPDATE backtest_runs SET status = 'cancelled'"),
        (Role.PIPELINE, "INSERT INTO strategy_versions (user_id) VALUES (1)"),
        (Role.PIPELINE, "UPDATE backtest_runs SET params = '{}'"),
        (Role.PIPELINE, "UPDATE strategy_runs SET duration_ms = 1"),
        (Role.ADMIN, "UPDATE strategy_versions SET params = '{}'"),
        (Role.SUPPORT, "UPDATE strategies SET is_enabled = false"),
        (Role.AUTH, "SELECT * FROM strategies"),
    ],
)
def test_a_role_writes_of_strategies_only_what_is_its_work(
    populated: Database, role: Role, statement: str
) -> None:
    refused(populated, role, statement)


def test_a_user_changes_a_strategy_with_its_version_and_asks_for_a_backtest(
    database: Database,
) -> None:
    with database.engine.begin() as connection:
        connection.execute(metadata.tables["users"].insert().values(a_row("users", 1)))
    settings = {"kind": "atr_matrix", "params": {"atr_period": 20}, "universe": {}}
    mine = {"user_id": 1} | settings
    with database.transaction(Role.APP, user_id=1) as connection:
        for table, row in (
            ("strategies", mine | {"name": "mine"}),
            ("strategy_versions", mine | {"strategy_id": 1, "version": 1, "valid_from": MOMENT}),
            (
                "backtest_runs",
                mine
                | {
                    "strategy_id": 1,
                    "name": "two sessions",
                    "first_session": session(1),
                    "last_session": session(2),
                    "initial_capital": 10_000,
                },
            ),
        ):
            connection.execute(metadata.tables[table].insert().values(row))
        archived = "UPDATE strategies SET is_enabled = false, archived_at = now() WHERE id = 1"
        assert connection.execute(text(archived)).rowcount == 1
