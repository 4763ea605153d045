"""What stood of an instrument's figures at a moment, and what a delivery adds to it."""

import datetime as dt
from typing import Any

import polars as pl
from polars.testing import assert_frame_equal

from quantmatrix_engine.contracts import gate
from quantmatrix_engine.contracts.findings import Findings
from quantmatrix_engine.contracts.fundamentals import Fundamentals, RawFundamentals
from quantmatrix_engine.prices.fundamentals import standing, unstated
from quantmatrix_engine.prices.identity import identified_fundamentals

# Monday to Wednesday.
MON, TUE, WED = dt.date(2026, 11, 16), dt.date(2026, 11, 17), dt.date(2026, 11, 18)


def evening(day: dt.date) -> dt.datetime:
    """A quarter past two in the night after a session, UTC."""
    return dt.datetime.combine(day, dt.time(2, 15), dt.UTC) + dt.timedelta(days=1)


def said(session: dt.date, cap: float | None, **more: Any) -> dict[str, Any]:
    key = {"instrument_id": 1, "provider": "polygon", "session": session}
    return {**key, "known_at": evening(session), "market_cap": cap, "employees": 7} | more


def frame(*rows: dict[str, Any]) -> pl.DataFrame:
    made = pl.DataFrame(list(rows), schema=Fundamentals.empty().schema)
    assert gate.apply(Fundamentals, made).failing_rows == 0
    return made


def caps(rows: pl.DataFrame) -> list[tuple[Any, ...]]:
    return rows.select("instrument_id", "provider", "session", "market_cap").rows()


def test_an_unchanged_figure_adds_no_row_and_a_changed_one_does() -> None:
    known = frame(said(MON, 100.0))
    assert unstated(frame(said(TUE, 100.0)), known).is_empty()
    assert caps(unstated(frame(said(TUE, 101.0)), known)) == [(1, "polygon", TUE, 101.0)]


def test_a_figure_that_goes_missing_and_one_that_comes_back_are_changes() -> None:
    first, gone = said(MON, 100.0), said(TUE, None)
    assert unstated(frame(gone), frame(first)).height == 1
    assert unstated(frame(said(WED, 100.0)), frame(first, gone)).height == 1
    assert unstated(frame(said(WED, None)), frame(first, gone)).is_empty()


def test_figures_of_others_are_not_taken_for_a_repetition() -> None:
    known = frame(said(MON, 100.0))
    others = frame(said(TUE, 100.0, provider="fmp"), said(TUE, 100.0, instrument_id=2))
    assert unstated(others, known).height == 2


def test_a_history_repeated_later_adds_nothing() -> None:
    history = frame(said(MON, 100.0), said(TUE, 90.0), said(WED, 110.0))
    later = history.with_columns(known_at=pl.col("known_at") + pl.duration(days=30))
    assert_frame_equal(unstated(history, history.clear()), history)
    assert unstated(history, history).is_empty()
    assert unstated(later, history).is_empty()


def test_repetitions_within_a_delivery_are_left_out() -> None:
    told = frame(said(MON, 100.0), said(TUE, 100.0), said(WED, 100.0))
    assert caps(unstated(told, told.clear())) == [(1, "polygon", MON, 100.0)]


def test_what_was_known_before_the_statement_it_repeats_is_kept() -> None:
    late = said(MON, 100.0, known_at=evening(WED))
    assert unstated(frame(said(TUE, 100.0)), frame(late)).height == 1


def test_reading_as_of_a_past_moment_gives_what_was_known_then() -> None:
    rows = frame(
        said(MON, 100.0),
        said(TUE, 101.0),
        said(TUE, 99.0, known_at=evening(WED)),
        said(MON, 5.0, provider="fmp"),
    )
    instant = dt.timedelta(microseconds=1)
    assert standing(rows, evening(MON) - instant).is_empty()
    both = [(1, "fmp", MON, 5.0)]
    assert caps(standing(rows, evening(MON))) == [*both, (1, "polygon", MON, 100.0)]
    assert caps(standing(rows, evening(TUE) - instant)) == [*both, (1, "polygon", MON, 100.0)]
    assert caps(standing(rows, evening(TUE))) == [*both, (1, "polygon", TUE, 101.0)]
    assert caps(standing(rows, evening(WED))) == [*both, (1, "polygon", TUE, 99.0)]


def test_an_older_session_restated_does_not_displace_a_newer_one() -> None:
    rows = frame(said(TUE, 101.0), said(MON, 80.0, known_at=evening(WED)))
    assert caps(standing(rows, evening(WED))) == [(1, "polygon", TUE, 101.0)]


def test_leaving_repetitions_out_changes_nothing_that_stood() -> None:
    said_daily = [100.0, 100.0, None, None, 100.0, 90.0, 90.0, 100.0]
    days = [dt.date(2026, 11, day) for day in (2, 3, 4, 5, 6, 9, 10, 11)]
    told = frame(*(said(day, cap) for day, cap in zip(days, said_daily, strict=True)))
    kept = told.clear()
    for day in days:
        kept = pl.concat([kept, unstated(told.filter(pl.col("session") == day), kept)])
    assert kept.height == 5
    figures = ["instrument_id", "market_cap", "employees"]
    for day in days:
        assert_frame_equal(
            standing(kept, evening(day)).select(figures),
            standing(told, evening(day)).select(figures),
        )


def test_figures_go_to_the_instrument_their_symbol_meant_on_the_session(catalogue) -> None:
    known = catalogue(
        {"instrument_id": 1, "symbol": "FB", "valid_to": TUE},
        {"instrument_id": 1, "symbol": "META", "valid_from": TUE},
        {"instrument_id": 2, "symbol": "FB", "valid_from": TUE},
    )
    common = {"provider": "file", "source": "fundamentals.csv", "source_row": 2, "beta": 1.0}
    keys = [("FB", MON), ("META", WED), ("FB", WED), ("META", MON)]
    stated = pl.DataFrame(
        [{"symbol": one, "session": day, "known_at": evening(day), **common} for one, day in keys],
        schema=RawFundamentals.empty().schema,
    )
    result = identified_fundamentals(stated, known)
    assert gate.apply(Fundamentals, result.fundamentals).failing_rows == 0
    assert result.fundamentals.select("instrument_id", "session").rows() == [
        (1, MON),
        (1, WED),
        (2, WED),
    ]
    assert result.findings.select("symbol", "session", "rule").rows() == [
        ("META", MON, "unknown_symbol")
    ]
    assert gate.apply(Findings, result.findings).failing_rows == 0
