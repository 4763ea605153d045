"""The queries of every day are served by an index, under row security, on a filled database."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from models.servers import named
from sqlalchemy import text
from support.daily_queries import QUERIES, Query
from support.population import FULL, populate

from quantmatrix_models import embedded
from quantmatrix_models.database import Database
from quantmatrix_models.migrations import run as migrations
from quantmatrix_models.privileges import Role

# A thirtieth of five thousand users: large enough that reading all of a table is dearer.
SCALE = 1 / 30
LARGE = {
    "signals",
    "notifications",
    "notification_signals",
    "strategy_runs",
    "transactions",
    "tax_lots",
    "positions",
    "account_balances",
}
# Below some 300 users sorting an account's transactions looks as cheap; they are not among these.
IN_ORDER = ("my signals page", "latest runs of my strategies", "newest balance of an account")
each_query = pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)


@pytest.fixture(scope="module")
def filled(server_url: str) -> Iterator[Database]:
    embedded.create_database(server_url, "filled")
    made = Database(named(server_url, "filled"))
    migrations.upgrade(made.engine)
    populate(made.engine, FULL.times(SCALE))
    yield made
    made.dispose()


def plan(database: Database, query: Query) -> list[dict[str, Any]]:
    """Gives every node of the plan a query gets, its subplans included."""
    with query.opened(database, user_id=7) as (connection, values):
        (found,) = connection.execute(text(f"EXPLAIN (FORMAT JSON) {query.sql}"), values).one()
    nodes, left = [], [found[0]["Plan"]]
    while left:
        nodes.append(left.pop())
        left += nodes[-1].get("Plans", [])
    return nodes


@each_query
def test_a_daily_query_uses_its_index(filled: Database, query: Query) -> None:
    nodes = plan(filled, query)
    used = [name for node in nodes if (name := node.get("Index Name"))]
    assert any(query.index in name for name in used), json.dumps(nodes, indent=1)


@each_query
def test_a_daily_query_reads_no_large_table_from_end_to_end(filled: Database, query: Query) -> None:
    read_whole = {
        node["Relation Name"] for node in plan(filled, query) if node["Node Type"] == "Seq Scan"
    }
    assert read_whole & LARGE == set()


@pytest.mark.parametrize(
    "query", [query for query in QUERIES if query.role is Role.APP], ids=lambda query: query.name
)
def test_row_security_asks_for_the_user_once_a_query(filled: Database, query: Query) -> None:
    nodes = plan(filled, query)
    assert any(node.get("Subplan Name", "").startswith("InitPlan") for node in nodes)


@pytest.mark.parametrize(
    "query", [query for query in QUERIES if query.name in IN_ORDER], ids=lambda query: query.name
)
def test_the_newest_rows_are_read_in_order_and_not_sorted_out_of_all(
    filled: Database, query: Query
) -> None:
    kinds = {node["Node Type"] for node in plan(filled, query)}
    assert kinds & {"Sort", "BitmapAnd"} == set()


@each_query
def test_a_daily_query_finds_rows_here(filled: Database, query: Query) -> None:
    with query.opened(filled, user_id=100) as (connection, values):
        rows = connection.execute(text(query.sql), values).all()
        connection.rollback()
    # Every signal of these two hundred sessions was told; looking for others finds none.
    assert bool(rows) == (query.index != "ix_signals_session")


def test_what_was_filled_in_keeps_every_reference_and_the_books(filled: Database) -> None:
    broken = {
        "runs": "SELECT count(*) FROM signals g LEFT JOIN strategy_runs r"
        " ON r.user_id = g.user_id AND r.id = g.run_id WHERE r.id IS NULL",
        "lots": "SELECT count(*) FROM tax_lots l WHERE remaining_quantity <> quantity - coalesce("
        "(SELECT sum(quantity) FROM lot_disposals d WHERE d.lot_id = l.id), 0)",
        "sales": "SELECT count(*) FROM lot_disposals d LEFT JOIN transactions t"
        " ON t.user_id = d.user_id AND t.id = d.closing_transaction_id AND t.kind = 'sell'"
        " WHERE t.id IS NULL",
    }
    with filled.engine.connect() as connection:
        found = {what: connection.execute(text(sql)).scalar() for what, sql in broken.items()}
    assert found == dict.fromkeys(broken, 0)
