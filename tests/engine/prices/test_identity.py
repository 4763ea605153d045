import datetime as dt
import json

import polars as pl
import pytest

from quantmatrix_engine.contracts import gate
from quantmatrix_engine.contracts.bars import Bars
from quantmatrix_engine.contracts.findings import Findings
from quantmatrix_engine.prices.identity import identified, resolve

RENAMED = dt.date(2022, 6, 9)
BEFORE = dt.date(2022, 6, 8)


@pytest.fixture
def renamed(catalogue):
    """FB became META on 2022-06-09, and another name took the symbol FB over that day."""
    return catalogue(
        {"instrument_id": 1, "symbol": "FB", "valid_to": RENAMED},
        {"instrument_id": 1, "symbol": "META", "valid_from": RENAMED},
        {"instrument_id": 2, "symbol": "FB", "valid_from": RENAMED},
    )


def ids(bars) -> list[tuple]:
    return bars.select("instrument_id", "session", "close").rows()


def test_an_instrument_keeps_its_id_through_a_new_symbol(raw_bars, renamed):
    clean = raw_bars(
        {"symbol": "META", "session": RENAMED, "close": 9.5},
        {"symbol": "FB", "session": BEFORE, "close": 9.25},
    )
    assert ids(identified(clean, renamed).bars) == [(1, BEFORE, 9.25), (1, RENAMED, 9.5)]


def test_a_symbol_means_another_instrument_from_the_day_it_changes_hands(raw_bars, renamed):
    clean = raw_bars({"symbol": "FB", "session": BEFORE}, {"symbol": "FB", "session": RENAMED})
    assert ids(identified(clean, renamed).bars) == [(1, BEFORE, 10.5), (2, RENAMED, 10.5)]


@pytest.mark.parametrize(("symbol", "session"), [("META", BEFORE), ("IBM", BEFORE), ("fb", BEFORE)])
def test_a_symbol_nobody_has_on_that_session_is_a_finding(raw_bars, renamed, symbol, session):
    clean = raw_bars({"symbol": symbol, "session": session}, {"symbol": "FB", "session": RENAMED})
    result = identified(clean, renamed)
    assert ids(result.bars) == [(2, RENAMED, 10.5)]
    (finding,) = result.findings.to_dicts()
    assert json.loads(finding.pop("row"))["symbol"] == symbol
    assert finding == {
        "provider": "folder",
        "symbol": symbol,
        "session": session,
        "rule": "unknown_symbol",
        "column": "symbol",
        "value": symbol,
        "expected": "a symbol of the catalogue: materialize `instruments` again",
        "severity": "error",
        "source": "bars.csv",
        "source_row": 2,
        "known_at": clean["known_at"][0],
    }


@pytest.mark.parametrize(
    ("known_at", "is_final"),
    [
        # The session of 2024-01-02 closed at 16:00 in New York, 21:00 UTC.
        (dt.datetime(2024, 1, 2, 20, 59, 59, tzinfo=dt.UTC), False),
        (dt.datetime(2024, 1, 2, 21, 0, tzinfo=dt.UTC), True),
        (dt.datetime(2024, 1, 3, tzinfo=dt.UTC), True),
    ],
)
def test_a_bar_is_final_from_the_close_of_its_session(raw_bars, catalogue, known_at, is_final):
    clean = raw_bars({"known_at": known_at})
    assert identified(clean, catalogue({})).bars["is_final"].to_list() == [is_final]


def test_every_vintage_is_kept(raw_bars, catalogue):
    clean = raw_bars({"known_at": dt.datetime(2024, 1, 5, tzinfo=dt.UTC), "close": 10.0}, {})
    assert identified(clean, catalogue({})).bars["close"].to_list() == [10.5, 10.0]


def test_bars_and_findings_keep_their_contracts(raw_bars, catalogue):
    result = identified(raw_bars({}, {"symbol": "IBM"}), catalogue({}))
    assert gate.apply(Bars, result.bars).failures.is_empty()
    assert gate.apply(Findings, result.findings).failures.is_empty()


def test_no_bars_give_nothing_in_the_same_shape(raw_bars, catalogue):
    nothing = identified(raw_bars(), catalogue({}))
    some = identified(raw_bars({}, {"symbol": "IBM"}), catalogue({}))
    assert nothing.bars.schema == some.bars.schema
    assert nothing.findings.schema == some.findings.schema
    assert (nothing.bars.height, nothing.findings.height) == (0, 0)


def meant(instruments, *asked: tuple[str, dt.date, str | None]) -> list[list[int]]:
    schema = {"symbol": pl.String, "session": pl.Date, "exchange": pl.String}
    rows = pl.DataFrame(asked, schema=schema, orient="row")
    answers = rows.join(
        resolve(rows, instruments), on=list(schema), nulls_equal=True, maintain_order="left"
    )
    return answers["instrument_ids"].to_list()


@pytest.fixture
def abroad(catalogue):
    """BA is Boeing in New York and BAE Systems in London; Boeing has BOE in Frankfurt as well."""
    return catalogue(
        {"instrument_id": 1, "symbol": "BA", "exchange": "XNYS"},
        {"instrument_id": 1, "symbol": "BOE", "exchange": "XFRA"},
        {"instrument_id": 2, "symbol": "BA", "exchange": "XLON"},
    )


def test_the_exchange_decides_where_two_instruments_have_the_symbol(abroad):
    asked = [("BA", BEFORE, one) for one in ("XNYS", "XLON", "XNAS", "XFRA", None)]
    # Nasdaq is of the same market as New York; on Frankfurt's exchange nobody is called BA.
    assert meant(abroad, *asked) == [[1], [2], [1], [], [1, 2]]


def test_a_symbol_of_one_instrument_needs_no_exchange(abroad):
    assert meant(abroad, ("BOE", BEFORE, None), ("IBM", BEFORE, None)) == [[1], []]


def test_the_very_exchange_goes_before_another_of_its_market(catalogue):
    both = catalogue(
        {"instrument_id": 1, "exchange": "XNAS"}, {"instrument_id": 2, "exchange": "XNYS"}
    )
    asked = [("AAPL", BEFORE, one) for one in ("XNAS", "XNYS", "ARCX")]
    assert meant(both, *asked) == [[1], [2], [1, 2]]


def test_a_bar_that_two_instruments_may_have_is_a_finding_and_no_bar(raw_bars, abroad):
    result = identified(raw_bars({"symbol": "BA"}, {"symbol": "BOE"}), abroad)
    assert ids(result.bars) == [(1, dt.date(2024, 1, 2), 10.5)]
    (finding,) = result.findings.to_dicts()
    assert (finding["rule"], finding["value"]) == ("ambiguous_symbol", "BA: instruments 1, 2")
    assert gate.apply(Findings, result.findings).failures.is_empty()


@pytest.fixture
def two_symbols(catalogue):
    """One instrument with a symbol on each of two exchanges."""
    return catalogue({"symbol": "BRK.B"}, {"symbol": "BRK-B", "exchange": "XNYS"})


def test_the_same_bar_under_two_symbols_of_an_instrument_is_kept_once(raw_bars, two_symbols):
    result = identified(raw_bars({"symbol": "BRK.B"}, {"symbol": "BRK-B"}), two_symbols)
    assert ids(result.bars) == [(1, dt.date(2024, 1, 2), 10.5)]
    assert result.findings.is_empty()


def test_other_bars_under_two_symbols_of_an_instrument_are_findings(raw_bars, two_symbols):
    clean = raw_bars({"symbol": "BRK.B"}, {"symbol": "BRK-B", "close": 10.25})
    result = identified(clean, two_symbols)
    assert result.bars.is_empty()
    assert result.findings["rule"].to_list() == ["ambiguous_symbol"] * 2
    assert result.findings["symbol"].to_list() == ["BRK.B", "BRK-B"]
