"""A user with limits: entries are cut or held back, told as that, and derived again the same."""

from decimal import Decimal

import polars as pl
from journeys.conftest import LAST, Installation
from pipelines.rows import add_account, hold, insert_row, query

from quantmatrix_pipelines.defs.signals import replays
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.partitions import user_range_tags
from quantmatrix_pipelines.stores import instruments, risk_limits, signals, strategies, users


def test_entries_are_cut_to_the_limits_of_their_user(measured: Installation):
    for name in ("ada", "ben"):
        measured.add_user(name, {}, webhook=False)
    database = measured.database
    ids = dict(instruments.catalogue(database).select("symbol", "instrument_id").iter_rows())
    ben = users.named(database, "ben").id
    risk_limits.change(
        database,
        ben,
        {"max_position_pct": Decimal("2.5"), "max_positions": 1},
        trail=measured.trail(),
    )
    # IBM closed at 202.91: 10 of them are 1.5 % of 135,273.33.
    account = add_account(database, ben)
    hold(database, ben, account, ids["IBM"])
    close = (
        Lake(str(measured.settings.lake))
        .read("bars", first=LAST, last=LAST, keep=pl.col("instrument_id") == ids["IBM"])["close"]
        .item()
    )
    worth = {"as_of": measured.now, "currency": "USD", "net_liquidation": close * 10 / 0.015}
    insert_row(database, "account_balances", {"user_id": ben, "account_id": account} | worth)
    measured.judge(LAST)
    of_ada, of_ben = (
        {one.symbol: one.said.signal for one in signals.of_user(database, user_id)}
        for user_id in (users.named(database, "ada").id, ben)
    )
    assert set(of_ada) == {"IBM", "MSFT"}
    assert set(of_ben) == {"IBM"}
    assert of_ben["IBM"]["size_pct"] == 1.0
    *rules, limit = of_ben["IBM"]["trace"]
    assert rules == of_ada["IBM"]["trace"]
    assert (limit["rule"], limit["value"], limit["threshold"]) == (
        "limit_position",
        of_ada["IBM"]["size_pct"],
        1.0,
    )
    size = of_ada["MSFT"]["size_pct"]
    withheld = query(
        database, "SELECT user_id, instrument_id, reason, detail FROM withheld_signals"
    )
    assert withheld == [
        (
            ben,
            ids["MSFT"],
            "limit",
            f"an entry of {size:g} % of the account: your limit of 1 positions leaves no room",
        )
    ]
    ((message,),) = query(database, "SELECT message FROM notifications WHERE user_id = :id", id=ben)
    assert [item["size"] for item in message["items"]] == ["up to 1.0 % of the account"]
    assert message["notes"][-1].startswith("Beyond your limits: 1 not told: MSFT (an entry of")
    again = replays.replayed(
        signals.of_user(database, ben),
        Lake(str(measured.settings.lake)),
        database,
        providers=("folder",),
        benchmark="SPY",
    )
    assert again == {}

    # The session evaluated again with one strategy more: what was said has used up the room.
    strategies.add(
        database,
        user_id=ben,
        name="Second",
        kind="atr_matrix",
        params={},
        universe={},
        trail=measured.trail(),
    )
    measured.run("evaluation", user_range_tags([LAST]))
    assert [one.said.signal for one in signals.of_user(database, ben)] == [of_ben["IBM"]]
    left = query(
        database,
        "SELECT w.instrument_id, w.detail FROM withheld_signals w JOIN strategies s"
        " ON s.id = w.strategy_id WHERE s.name = 'Second'",
    )
    # Of IBM 1.5 are held and 1.0 was said; of MSFT the first strategy's entry is before it.
    no_room = "an entry of {:g} % of the account: your limit of 2.5 % a position leaves no room"
    assert dict(left) == {
        ids[symbol]: no_room.format(of_ada[symbol]["size_pct"]) for symbol in ("IBM", "MSFT")
    }
