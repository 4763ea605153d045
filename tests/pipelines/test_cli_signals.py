import datetime as dt
import json

import polars as pl
import pytest
from pipelines.rows import (
    AT,
    SESSION,
    add_instrument,
    add_strategy,
    add_user,
    change,
    query,
    run,
    say,
    signals,
    withheld,
)
from pipelines.test_cli import called, refused

from quantmatrix_engine.contracts.signal_outcomes import SignalOutcomes
from quantmatrix_engine.strategies import evaluate
from quantmatrix_engine.strategies.outcomes import SIGNAL_SCHEMA, followed, unmeasured
from quantmatrix_models.database import Database
from quantmatrix_pipelines.stores import evaluations, outcomes

# The two sessions after SESSION.
MONDAY, TUESDAY = dt.date(2026, 11, 23), dt.date(2026, 11, 24)


@pytest.fixture
def entry(database: Database) -> int:
    """An entry into AAA that a strategy of ada said, with two rules behind it."""
    ada = add_user(database, "ada")
    (number,) = say(database, ada, add_strategy(database, ada), add_instrument(database, "AAA"))
    met = {"rule": "trend", "label": "close, SMA50", "value": 100.0, "comparison": ">"}
    met |= {"threshold": 95.5, "is_met": True, "margin": 4.5, "is_required": True, "weight": 0.2}
    short = met | {"rule": "place", "label": "place in the range, %", "value": 43.0}
    short |= {"threshold": 50.0, "is_met": False, "margin": -7.0, "is_required": False}
    change(
        database,
        "UPDATE signals SET trace = CAST(:trace AS jsonb) WHERE id = :id",
        trace=json.dumps([met, short]),
        id=number,
    )
    return number


@pytest.mark.usefixtures("entry")
def test_a_user_is_shown_with_strategies_and_runs_and_nobody_elses(installed, database: Database):
    ben = add_user(database, "ben")
    failed = run(ben, add_strategy(database, ben), status="failed", error="no params", signals=0)
    evaluations.record(database, failed, signals().clear(), withheld())
    shown = called(installed, "users", "show", "ada").stdout.splitlines()
    assert shown == [
        "ada, user, cohort u00; no webhook: messages go to the console",
        "  Pullback: atr_matrix",
        f"{SESSION}  Pullback: of 1 instruments 1 signals, 0 of them told, 0 withheld",
    ]
    assert called(installed, "users", "show", "ben").stdout.splitlines()[-1] == (
        f"{SESSION}  Pullback: no params"
    )


def test_signals_are_listed_and_one_is_explained(installed, entry: int):
    listed = called(installed, "signals", "list", "ada").stdout
    about = f"{entry}  {SESSION}  Pullback: entry AAA at 100.00, strength 0.50"
    assert listed == f"{about}, pending\n"
    assert (
        "no signals of 2001-01-02"
        in called(installed, "signals", "list", "ada", "--on", "2001-01-02").stdout
    )
    explained = called(installed, "signals", "explain", str(entry)).stdout.splitlines()
    assert explained[0] == f"entry AAA on {SESSION}, for ada: Pullback (atr_matrix, version 1)"
    assert explained[1] == (
        "  met      close, SMA50 (trend): 100; holds above 95.5, 4.5 to spare (adds 0.2)"
    )
    assert explained[2] == (
        "  not met  place in the range, % (place): 43; adds 0.2 to the strength above 50"
    )


def test_the_size_of_the_universe_is_told_where_it_was_kept(installed, database: Database):
    ada = add_user(database, "ada")
    strategy_id, aaa = add_strategy(database, ada), add_instrument(database, "AAA")
    digest = "ab" * 32
    of_three = pl.DataFrame({"user_id": [ada], "instrument_ids": [f"{aaa},8,9"]})
    evaluations.record(
        database,
        run(ada, strategy_id, universe_digest=digest),
        signals({"strategy_id": strategy_id, "instrument_id": aaa}),
        withheld(),
        universes=of_three.with_columns(digest=pl.lit(digest)),
    )
    ((number,),) = query(database, "SELECT id FROM signals")
    explained = called(installed, "signals", "explain", str(number)).stdout.splitlines()
    assert "  one of 3 instruments the strategy was asked about" in explained
    change(database, "UPDATE resolved_universes SET instrument_ids = '{8,9}'")
    done = called(installed, "signals", "replay", str(number))
    assert done.returncode == 1
    assert done.stdout == (
        f"Signal {number} differs. universe: AAA entry said then, not among the 2 instruments its"
        " run was asked about now\n"
    )


def test_what_became_of_a_signal_is_shown_with_its_stages(installed, database: Database, entry):
    signal = pl.DataFrame(
        [(entry, 1, 1, 1, SESSION, "entry", 100.0, 90.0, 110.0, None, None, MONDAY)],
        schema=SIGNAL_SCHEMA,
        orient="row",
    )
    bars = pl.DataFrame(
        [(1, MONDAY, 101.0, 104.0, 99.0, 103.0), (1, TUESDAY, 103.0, 111.0, 102.0, 108.0)],
        schema={"instrument_id": pl.Int64, "session": pl.Date}
        | dict.fromkeys(("open", "high", "low", "close"), pl.Float64),
        orient="row",
    )
    nothing = signal.select("strategy_id", "instrument_id", "session").clear()
    no_splits = bars.clear().select("instrument_id", ex_date="session", ratio="open")
    found, stages = followed(unmeasured(signal), bars, nothing, no_splits, through=TUESDAY)
    columns = list(SignalOutcomes.to_schema().columns)
    outcomes.record(database, found.select(columns), stages, at=AT)
    standing = "target hit, target 1 reached, +10.0 %"
    listed = called(installed, "signals", "list", "ada").stdout
    assert listed.endswith(f"strength 0.50, {standing}\n")
    assert called(installed, "signals", "explain", str(entry)).stdout.splitlines()[-3:] == [
        f"  {standing}",
        "    2026-11-23  triggered at 100.00",
        "    2026-11-24  target hit 1 at 110.00",
    ]


def test_a_signal_that_cannot_be_derived_again_says_what_differs_and_ends_with_code_1(
    installed, entry: int
):
    done = called(installed, "signals", "replay", str(entry))
    assert done.returncode == 1
    now = evaluate.kinds()["atr_matrix"].version
    assert done.stdout == (f"Signal {entry} differs. version of atr_matrix: 1 then, {now} now\n")


@pytest.mark.parametrize("command", ["explain", "replay"])
def test_a_number_that_is_no_signals_is_refused(installed, command: str):
    line = refused(installed, "signals", command, "4711")
    assert "There is no signal 4711; `quantmatrix signals list` gives the numbers." in line


def test_a_strategy_that_says_the_opposite_is_named_in_the_list_and_with_the_signal(
    installed, entry: int, database: Database
):
    (ada,), (instrument,) = query(
        database,
        "SELECT unnest(ARRAY[user_id, instrument_id]) FROM signals WHERE id = :id",
        id=entry,
    )
    reversal, agreeing = (add_strategy(database, ada, name) for name in ("Reversal", "Agreeing"))
    (told,) = say(database, ada, reversal, instrument, action="exit", urgency="high")
    say(database, ada, agreeing, instrument)
    ben = add_user(database, "ben")
    say(database, ben, add_strategy(database, ben, "Ben's"), instrument, action="exit")
    listed = called(installed, "signals", "list", "ada").stdout.splitlines()
    assert [one.split(", ", 2)[-1].partition(", but ")[2] for one in listed] == [
        "Reversal says the opposite",
        "Agreeing, Pullback say the opposite",
        "Reversal says the opposite",
    ]
    explained = called(installed, "signals", "explain", str(told)).stdout.splitlines()
    assert "  but Agreeing, Pullback say the opposite" in explained
