import json

import polars as pl

from quantmatrix_engine.contracts import gate, quarantine
from quantmatrix_engine.contracts.findings import Findings, UserFindings
from quantmatrix_engine.contracts.signals import Signals

SIGNAL = {
    "strategy_id": 1,
    "instrument_id": 7,
    "action": "entry",
    "strength": 0.5,
    "price": 100.0,
    "stop": 97.0,
    "size_pct": 5.0,
    "size_basis": "account",
    "trace": "[]",
}
KEY = ("strategy_id", "instrument_id")


def signals(*changes) -> pl.DataFrame:
    rows = [SIGNAL | {"instrument_id": row} | one for row, one in enumerate(changes, start=7)]
    return pl.DataFrame(rows, schema=Signals.empty().schema)


def found(frame: pl.DataFrame) -> pl.DataFrame:
    failures = gate.apply(Signals, frame).failures
    return quarantine.findings(Signals, frame, failures, provider="sample", key=KEY)


def test_a_broken_contract_is_a_finding_with_the_value_what_is_right_and_the_row():
    (finding,) = found(signals({}, {"strength": 1.5})).to_dicts()
    row = json.loads(finding.pop("row"))
    assert finding == {
        "provider": "sample",
        "symbol": None,
        "session": None,
        "rule": "broken_contract",
        "column": "strength",
        "value": "less_than_or_equal_to(1): 1.5",
        "expected": "How strongly, 0 to 1.",
        "severity": "error",
        "source": "signals: strategy_id 1, instrument_id 8, less_than_or_equal_to(1)",
        "source_row": None,
        "known_at": None,
    }
    assert (row["instrument_id"], row["strength"], row["stop"]) == (8, 1.5, 97.0)


def test_each_rule_a_row_breaks_is_a_finding_of_its_own():
    broken = found(signals({"stop": 100.0, "target_1": 120.0, "target_2": 110.0}))
    assert broken["source"].str.split(", ").list.last().sort().to_list() == [
        "stop_below_price",
        "targets_ordered",
    ]
    assert broken["expected"].unique().to_list() == ["the contract Signals"]


def test_a_null_where_none_may_be_is_told_as_null():
    assert found(signals({"price": None}))["value"].to_list() == ["not_nullable: null"]


def test_a_row_that_knows_where_it_was_read_keeps_that():
    frame = signals({"strength": 2.0}).with_columns(
        symbol=pl.lit("IBM"), source=pl.lit("bars.csv"), source_row=pl.lit(7)
    )
    failures = gate.apply(Signals, frame.select(list(Signals.to_schema().columns))).failures
    (one,) = quarantine.findings(Signals, frame, failures, provider="folder", key=KEY).to_dicts()
    assert (one["symbol"], one["source"], one["source_row"]) == ("IBM", "bars.csv", 7)


def test_findings_of_a_frame_with_owners_have_the_owner_and_keep_their_contract():
    frame = signals({}, {"strength": 2.0}).with_columns(user_id=pl.Series([4, 5]))
    failures = gate.apply(Signals, frame.drop("user_id")).failures
    owned = quarantine.findings(Signals, frame, failures, provider="sample", key=KEY)
    assert owned["user_id"].to_list() == [5]
    UserFindings.validate(owned)
    Findings.validate(owned.drop("user_id"))


def test_nothing_broken_is_no_finding():
    assert found(signals({})).schema == Findings.empty().schema
    assert found(signals({})).is_empty()
