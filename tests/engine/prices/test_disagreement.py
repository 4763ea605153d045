import datetime as dt

import polars as pl
import pytest

from quantmatrix_engine.contracts import gate
from quantmatrix_engine.contracts.findings import Findings
from quantmatrix_engine.contracts.raw_bars import RawBars
from quantmatrix_engine.prices.disagreement import disagreements

SESSION = dt.date(2024, 1, 2)
KNOWN_AT = dt.datetime(2024, 1, 3, tzinfo=dt.UTC)


def said(provider: str, close: float | None, **more: object) -> dict[str, object]:
    bar = dict.fromkeys(("open", "high", "low", "volume"), 1.0)
    about = {"symbol": "AAPL", "session": SESSION, "source": provider, "source_row": 1}
    return {"provider": provider, **about, **bar, "close": close, "known_at": KNOWN_AT, **more}


def found(*rows: dict[str, object]) -> list[tuple[object, ...]]:
    findings = disagreements(pl.DataFrame(list(rows), schema=RawBars.empty().schema))
    assert gate.apply(Findings, findings).failing_rows == 0
    return findings.select("provider", "symbol", "session", "value", "expected").rows()


def test_closes_that_differ_by_more_than_half_a_percent_are_a_finding():
    assert found(said("tiingo", 100.0), said("yahoo", 100.6)) == [
        (
            "yahoo",
            "AAPL",
            SESSION,
            "yahoo: 100.6, tiingo: 100.0 (0.6 %)",
            "closes of two providers within 0.5 % of each other",
        )
    ]


@pytest.mark.parametrize("other", [100.5, 99.51, 100.0])
def test_closes_within_half_a_percent_are_none(other):
    assert found(said("tiingo", 100.0), said("yahoo", other)) == []


@pytest.mark.parametrize(
    ("session", "other", "count"),
    [
        (dt.date(2009, 12, 31), 104.9, 0),
        (dt.date(2009, 12, 31), 105.1, 1),
        (dt.date(2010, 1, 4), 104.9, 1),
    ],
)
def test_old_closes_may_differ_by_more(session, other, count):
    rows = [said("tiingo", 100.0, session=session), said("yahoo", other, session=session)]
    assert len(found(*rows)) == count


def test_a_split_one_of_them_applied_is_a_finding():
    assert len(found(said("tiingo", 400.0), said("yahoo", 100.0))) == 1


def test_each_pair_of_three_is_judged():
    rows = [said("a", 100.0), said("b", 100.0), said("c", 101.0)]
    assert [row[3].split(" (")[0] for row in found(*rows)] == [
        "c: 101.0, a: 100.0",
        "c: 101.0, b: 100.0",
    ]


def test_another_symbol_or_session_is_another_bar():
    rows = [said("a", 100.0), said("b", 200.0, symbol="MSFT")]
    assert found(*rows, said("c", 300.0, session=dt.date(2024, 1, 3))) == []


def test_the_same_symbol_of_another_instrument_is_another_bar():
    rows = [said("a", 60.0), said("b", 53.0)]
    bars = pl.DataFrame(rows, schema=RawBars.empty().schema)
    assert disagreements(bars.with_columns(instrument_id=pl.Series([1, 2]))).is_empty()
    assert disagreements(bars.with_columns(instrument_id=pl.Series([1, 1]))).height == 1


def test_what_a_provider_said_last_counts():
    later = KNOWN_AT + dt.timedelta(hours=1)
    assert found(said("a", 100.0), said("b", 90.0), said("b", 100.0, known_at=later)) == []
    assert len(found(said("a", 100.0), said("b", 100.0), said("b", 90.0, known_at=later))) == 1


@pytest.mark.parametrize("close", [None, 0.0, -1.0, float("nan"), float("inf")])
def test_a_close_that_is_no_price_is_left_to_the_gate(close):
    assert found(said("a", 100.0), said("b", close)) == []


def test_nothing_is_found_in_nothing():
    assert found() == []
