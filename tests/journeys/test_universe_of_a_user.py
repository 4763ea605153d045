"""Strategies that consider what their user holds, or what is left by filters of their own."""

import datetime as dt
from typing import Any

from journeys.conftest import LAST, Installation
from pipelines.rows import add_account, hold, query

from quantmatrix_pipelines.partitions import user_range_tags
from quantmatrix_pipelines.stores import instruments, strategies, users

EARLIER = dt.date(2013, 2, 28)
BOUGHT = dt.datetime(2013, 3, 1, 15, 0, tzinfo=dt.UTC)


def add(installation: Installation, user: str, name: str, universe: dict[str, Any]) -> None:
    strategies.add(
        installation.database,
        user_id=users.named(installation.database, user).id,
        name=name,
        kind="atr_matrix",
        params={},
        universe=universe,
        trail=installation.trail(),
    )


def test_each_run_keeps_the_instruments_its_universe_came_to_on_the_session(
    measured: Installation,
):
    for name in ("ada", "ben"):
        measured.add_user(name, {})
        add(measured, name, "Mine", {"positions": True})
    # IBM closed at about 200 dollars on these sessions, Microsoft at about 28.
    add(measured, "ada", "Cheap", {"max_price": 100})
    add(measured, "ada", "Traded", {"min_dollar_volume": 1e15})
    add(measured, "ada", "Wrong", {"min_price": 9, "max_price": 5})
    database = measured.database
    catalogue = instruments.catalogue(database)
    ids = dict(catalogue.select("symbol", "instrument_id").iter_rows())
    ada = users.named(database, "ada").id
    hold(database, ada, add_account(database, ada), ids["MSFT"], opened_at=BOUGHT)
    # Every cohort of two sessions, as a backfill asks.
    measured.run("evaluation", user_range_tags([EARLIER, LAST]))
    measured.judge(LAST)
    kept = query(
        database,
        "SELECT DISTINCT u.name, s.name, r.session, r.candidates, v.instrument_ids, r.error"
        " FROM strategy_runs r JOIN strategies s ON s.id = r.strategy_id"
        " JOIN users u ON u.id = r.user_id LEFT JOIN resolved_universes v"
        " ON v.user_id = r.user_id AND v.digest = r.universe_digest",
    )
    both, microsoft = sorted(ids.values()), [ids["MSFT"]]
    assert {row[:2]: row[3:5] for row in kept if row[2] == LAST} == {
        ("ada", "ATR Matrix"): (2, both),
        ("ada", "Mine"): (1, microsoft),
        ("ada", "Cheap"): (1, microsoft),
        ("ada", "Traded"): (0, []),
        ("ada", "Wrong"): (0, None),
        ("ben", "ATR Matrix"): (2, both),
        ("ben", "Mine"): (0, []),
    }
    # Bought on the last session: nothing was held on the one before.
    assert [row[3:5] for row in kept if row[1:3] == ("Mine", EARLIER)] == [(0, [])] * 2
    wrong = "Universe of 'Wrong' cannot be read: min_price = 9 must be below max_price = 5."
    assert {row[5] for row in kept if row[1] == "Wrong"} == {wrong}
    # Three lists of Ada's and two of Ben's, whatever the number of runs; PostgreSQL's own digest.
    stored = query(
        database,
        "SELECT digest = sha256(convert_to(array_to_string(instrument_ids, ','), 'UTF8'))"
        " FROM resolved_universes",
    )
    assert stored == [(True,)] * 5
