"""A strategy that considers the members of an index, as they were on the session."""

import datetime as dt

from journeys.conftest import FIRST, LAST, Installation
from pipelines.rows import listing, query

from quantmatrix_pipelines.defs.universe.index_membership import import_file
from quantmatrix_pipelines.stores import instruments, strategies, users


def test_a_strategy_of_an_index_is_asked_about_its_members(measured: Installation):
    measured.add_user("ada", {})
    user = users.named(measured.database, "ada")
    for name, universe in (("Members", {"index": "SP500"}), ("Nobody", {"index": "NDX"})):
        strategies.add(
            measured.database,
            user_id=user.id,
            name=name,
            kind="atr_matrix",
            params={},
            universe=universe,
            trail=measured.trail(),
        )
    database = measured.database
    instruments.record(database, listing("SP500", kind="index", first_session=FIRST))
    path = measured.settings.home / "members.csv"
    # Microsoft leaves on the very session; IBM stays.
    path.write_text(
        f"index,symbol,valid_from,valid_to\nSP500,IBM,{FIRST},\nSP500,MSFT,{FIRST},{LAST}\n"
    )
    import_file(database, path, at=measured.now, today=LAST)
    earlier = LAST - dt.timedelta(days=1)
    measured.judge(earlier, LAST)
    runs = query(
        database,
        "SELECT s.name, r.session, r.status, r.candidates, r.error FROM strategy_runs r"
        " JOIN strategies s ON s.id = r.strategy_id ORDER BY s.name, r.session",
    )
    assert [row[2:] for row in runs if row[0] == "ATR Matrix"] == [("succeeded", 2, None)] * 2
    assert [row[1:] for row in runs if row[0] == "Members"] == [
        (earlier, "succeeded", 2, None),
        (LAST, "succeeded", 1, None),
    ]
    assert [row[2:] for row in runs if row[0] == "Nobody"] == [
        ("failed", 0, f"No members of NDX are known on {day}.") for day in (earlier, LAST)
    ]


def test_a_symbol_of_two_instruments_is_told_to_whoever_names_it(installation: Installation):
    installation.add_user("ada", {})
    user = users.named(installation.database, "ada")
    strategies.add(
        installation.database,
        user_id=user.id,
        name="Named",
        kind="atr_matrix",
        params={},
        universe={"symbols": ["IBM", "MSFT"]},
        trail=installation.trail(),
    )
    installation.load(FIRST, LAST)
    database = installation.database
    instruments.record(database, listing("IBM", exchange="XLON", first_session=LAST))
    installation.evaluate(LAST)
    assert query(
        database,
        "SELECT rule, symbol, user_id FROM findings WHERE source LIKE 'universe of strategy%'",
    ) == [("ambiguous_symbol", "IBM", user.id)]
    assert query(
        database,
        "SELECT r.candidates FROM strategy_runs r JOIN strategies s ON s.id = r.strategy_id"
        " WHERE s.name = 'Named'",
    ) == [(1,)]
