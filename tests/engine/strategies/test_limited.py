"""Entries cut to the limits of their users, worked by hand."""

import datetime as dt
import json

import polars as pl

from quantmatrix_engine.contracts.signals import Signals
from quantmatrix_engine.sizing import exposure
from quantmatrix_engine.sizing.exposure import Risk
from quantmatrix_engine.strategies.evaluate import WITHHELD_SCHEMA, Evaluation
from quantmatrix_engine.strategies.explanation import in_words
from quantmatrix_engine.strategies.limited import is_limit, limited, uncut

SESSION = dt.date(2024, 1, 16)
SCHEMA = {name: column.dtype.type for name, column in Signals.to_schema().columns.items()}
RULE = {
    "rule": "trend",
    "label": "close, SMA50",
    "value": 100.0,
    "comparison": ">",
    "threshold": 95.0,
    "is_met": True,
    "margin": 5.0,
    "is_required": True,
    "weight": 0.0,
}
SIGNAL = {
    "strategy_id": 1,
    "action": "entry",
    "strength": 0.5,
    "price": 100.0,
    "stop": 90.0,
    "size_pct": 5.0,
    "size_basis": "account",
    "trace": json.dumps([RULE]),
}
EXIT = {"action": "exit", "stop": None, "urgency": "high", "size_pct": 100.0}
CLOSES = pl.DataFrame({"instrument_id": [9], "close": [10.0]})
# Strategies 1 and 2 are user 7's, 3 is user 8's.
OWNERS = pl.DataFrame({"strategy_id": [1, 2, 3], "user_id": [7, 7, 8]})


def said(*signals: dict) -> Evaluation:
    frame = pl.DataFrame([SIGNAL | one for one in signals], schema=SCHEMA)
    return Evaluation(frame, pl.DataFrame(schema=WITHHELD_SCHEMA))


def cut(evaluation: Evaluation, *, held_pct: float = 0.0, before=(), **limits) -> Evaluation:
    """Cuts to limits of user 7, who holds so much of instrument 9, of the sector tech."""
    position = {"user_id": 7, "account_id": 1, "instrument_id": 9, "exchange_rate": 1.0}
    held = [position | {"quantity": held_pct}] if held_pct else []
    risk = Risk(
        pl.DataFrame([{"user_id": 7} | limits], schema=exposure.LIMITS_SCHEMA),
        # A unit of instrument 9 is a percent.
        pl.DataFrame([(7, 1, 1_000.0)], schema=exposure.ACCOUNTS_SCHEMA, orient="row"),
        pl.DataFrame(held, schema=exposure.POSITIONS_SCHEMA),
        pl.DataFrame({"instrument_id": [1, 2, 9], "sector": "tech"}),
        pl.DataFrame(list(before), exposure.SAID_SCHEMA, orient="row"),
    )
    return limited(evaluation, OWNERS, risk, closes=CLOSES, session=SESSION)


def sizes(evaluation: Evaluation) -> list[tuple]:
    return evaluation.signals.select("strategy_id", "instrument_id", "size_pct").rows()


def test_a_size_is_cut_to_what_is_left_and_its_trace_says_so():
    # 25 may be in tech and 22 are.
    found = cut(said({"instrument_id": 1}), held_pct=22.0, max_sector_pct=25.0)
    assert sizes(found) == [(1, 1, 3.0)]
    (trace,) = found.signals["trace"]
    assert json.loads(trace) == [
        RULE,
        {
            "rule": "limit_sector",
            "label": "size, % of the account, within 25 % a sector",
            "value": 5.0,
            "comparison": "<=",
            "threshold": 3.0,
            "is_met": False,
            "margin": -2.0,
            "is_required": False,
            "weight": 0.0,
        },
    ]
    assert in_words(json.loads(trace))[1] == (
        "cut      size, % of the account, within 25 % a sector (limit_sector): 5, told as 3"
    )
    assert found.withheld.is_empty()
    Signals.validate(found.signals)


def test_an_entry_nothing_is_left_of_is_withheld_and_takes_nothing_else_with_it():
    both = said({"instrument_id": 1}, {"instrument_id": 1, **EXIT}, {"instrument_id": 3})
    found = cut(both, held_pct=25.0, max_sector_pct=25.0)
    assert found.signals.select("instrument_id", "action").rows() == [(1, "exit"), (3, "entry")]
    assert found.withheld.rows() == [
        (
            1,
            1,
            "limit",
            "an entry of 5 % of the account: your limit of 25 % a sector leaves no room",
        )
    ]


def test_each_limit_is_named_in_words():
    asked = said({"instrument_id": 1}, {"instrument_id": 2, "strategy_id": 2, "strength": 0.4})
    assert "2.5 % a position" in cut(asked, max_position_pct=2.5).signals["trace"][0]
    heat = cut(asked, max_heat_pct=0.2).signals
    assert "within 0.2 % lost if every stop is hit" in heat["trace"][0]
    assert sizes(cut(asked, max_heat_pct=0.2)) == [(1, 1, 2.0)]
    few = cut(asked, max_positions=1)
    assert few.withheld["detail"].to_list() == [
        "an entry of 5 % of the account: your limit of 1 positions leaves no room"
    ]


def test_a_user_without_limits_and_what_is_within_them_stay_as_they_are():
    asked = said({"instrument_id": 1}, {"instrument_id": 1, "strategy_id": 3})
    found = cut(asked, max_position_pct=50.0)
    assert found.signals.equals(asked.signals)
    narrow = cut(asked, max_position_pct=1.0)
    assert sizes(narrow) == [(1, 1, 1.0), (3, 1, 5.0)]


def test_what_was_said_before_keeps_its_room_whatever_is_stronger_now():
    # Strategy 2 said 4 % of the sector's 6 in an earlier evaluation; strategy 1 gets the rest.
    asked = said({"instrument_id": 1, "strength": 0.9}, {"instrument_id": 2, "strategy_id": 2})
    found = cut(asked, before=[(7, 2, 2, 4.0, 100.0, 90.0)], max_sector_pct=6.0)
    assert sizes(found) == [(1, 1, 2.0), (2, 2, 5.0)]


def test_an_exit_is_never_cut():
    asked = said({"instrument_id": 9, **EXIT})
    assert cut(asked, held_pct=50.0, max_position_pct=1.0).signals.equals(asked.signals)


def test_a_size_is_never_rounded_up():
    # A third of a percent of heat at a tenth is 3.3333... percent of the account.
    found = cut(said({"instrument_id": 1}), max_heat_pct=1 / 3)
    assert sizes(found) == [(1, 1, 3.3333)]


def test_a_trace_without_rules_gets_its_first():
    found = cut(said({"instrument_id": 1, "trace": "[]"}), max_position_pct=1.0)
    assert [rule["rule"] for rule in json.loads(found.signals["trace"][0])] == ["limit_position"]


def test_a_signal_is_as_it_was_before_it_was_cut():
    asked = said({"instrument_id": 1})
    row = cut(asked, max_position_pct=1.5).signals.row(0, named=True)
    stored = row | {"trace": json.loads(row["trace"])}
    before = asked.signals.row(0, named=True)
    assert uncut(stored) == before | {"trace": [RULE]}
    # A size that is neither what was wanted nor what was left stays.
    assert uncut(stored | {"size_pct": 4.0})["size_pct"] == 4.0


def test_only_rows_of_limits_pass_for_one():
    assert [is_limit({"rule": name}) for name in ("limit_sector", "trend")] == [True, False]
