from pathlib import Path

import pytest
from pipelines.rows import (
    SESSION,
    add_account,
    add_strategy,
    add_user,
    bars,
    change,
    hold,
    listing,
    query,
)
from pipelines.test_cli import complaint, refused, said
from typer.testing import CliRunner

from quantmatrix_models.database import Database
from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.stores import (
    instruments,
    strategies,
)


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
