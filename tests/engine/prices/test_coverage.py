"""Freshness is counted in sessions. Expected values are worked by hand from the NYSE's calendar."""

import datetime as dt
from typing import Any

import polars as pl
import pytest

from quantmatrix_engine.contracts import gate
from quantmatrix_engine.contracts.coverage import Coverage
from quantmatrix_engine.contracts.instruments import Instruments
from quantmatrix_engine.prices.coverage import coverage, late

INSTRUMENTS = {name: one.dtype.type for name, one in Instruments.to_schema().columns.items()}


def instruments(*rows: dict[str, Any]) -> pl.DataFrame:
    usual = {
        "exchange": "XNYS",
        "currency": "USD",
        "kind": "stock",
        "name": None,
        "valid_from": dt.date(2000, 1, 3),
        "valid_to": None,
    }
    return pl.DataFrame([usual | row for row in rows], schema=INSTRUMENTS)


ONE = instruments({"instrument_id": 1, "symbol": "AAA"})


def bars(*sessions: str, instrument_id: int = 1) -> pl.DataFrame:
    return pl.DataFrame(
        [(instrument_id, dt.date.fromisoformat(one)) for one in sessions],
        schema={"instrument_id": pl.Int64, "session": pl.Date},
        orient="row",
    )


def behind(last_bar: str, session: str) -> int:
    found = coverage(bars(last_bar), ONE, dt.date.fromisoformat(session))
    count: int = found.get_column("sessions_behind").item()
    return count


@pytest.mark.parametrize(
    ("last_bar", "session", "sessions"),
    [
        ("2026-11-20", "2026-11-20", 0),  # Friday
        ("2026-11-20", "2026-11-23", 1),  # on Monday Friday's bar is one session old, not three
        ("2026-11-25", "2026-11-27", 1),  # over Thanksgiving, to the half day after it
        ("2026-11-27", "2026-11-30", 1),  # from the half day on
        ("2026-04-02", "2026-04-06", 1),  # over Good Friday and the weekend
        ("2026-03-06", "2026-03-09", 1),  # over the night clocks go forward
        ("2026-10-30", "2026-11-02", 1),  # over the night clocks go back
        ("2025-12-31", "2026-01-02", 1),  # over New Year
        ("2026-11-13", "2026-11-20", 5),
    ],
)
def test_age_is_counted_in_sessions(last_bar: str, session: str, sessions: int) -> None:
    assert behind(last_bar, session) == sessions


def test_a_session_without_a_bar_between_two_is_missing() -> None:
    found = coverage(bars("2026-11-16", "2026-11-17", "2026-11-20"), ONE, dt.date(2026, 11, 20))
    row = found.row(0, named=True)
    assert (row["bars"], row["missing"], row["sessions_behind"]) == (3, 2, 0)
    assert row["coverage_pct"] == 60.0
    assert (row["first_session"], row["last_session"]) == (
        dt.date(2026, 11, 16),
        dt.date(2026, 11, 20),
    )


def test_several_vintages_and_dates_that_are_no_session_count_for_nothing() -> None:
    twice = bars("2026-11-20", "2026-11-20", "2026-11-21", "2026-11-23")
    row = coverage(twice, ONE, dt.date(2026, 11, 20)).row(0, named=True)
    assert (row["bars"], row["missing"], row["sessions_behind"]) == (1, 0, 0)


def test_instruments_are_those_listed_on_the_session() -> None:
    known = instruments(
        {"instrument_id": 1, "symbol": "OLD", "valid_to": dt.date(2026, 11, 20)},
        {"instrument_id": 2, "symbol": "NEW"},
    )
    found = coverage(bars("2026-11-19"), known, dt.date(2026, 11, 20))
    assert found.select("symbol", "bars", "sessions_behind").rows() == [("NEW", 0, None)]
    assert coverage(bars("2026-11-19"), known, dt.date(2026, 11, 19)).height == 2


def test_the_furthest_behind_come_first_and_keep_the_contract() -> None:
    known = instruments(
        *({"instrument_id": number, "symbol": symbol} for number, symbol in enumerate("DCBA", 1))
    )
    held = pl.concat(
        [
            bars("2026-11-20", instrument_id=1),
            bars("2026-11-18", instrument_id=2),
            bars("2026-11-20", instrument_id=4),
        ]
    )
    found = coverage(held, known, dt.date(2026, 11, 20))
    assert found.get_column("symbol").to_list() == ["B", "C", "A", "D"]
    assert gate.apply(Coverage, found).failing_rows == 0


def test_late_is_what_still_trades_or_never_did() -> None:
    known = instruments(
        *({"instrument_id": number, "symbol": symbol} for number, symbol in enumerate("ABCD", 1))
    )
    held = pl.concat(
        [
            bars("2026-11-20", instrument_id=1),
            bars("2026-11-19", instrument_id=2),
            bars("2026-10-01", instrument_id=3),
        ]
    )
    found = late(coverage(held, known, dt.date(2026, 11, 20)))
    assert found.get_column("symbol").to_list() == ["D", "B"]
