import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.symbol_histories import Catalogue, history, told

from quantmatrix_engine.contracts import gate
from quantmatrix_engine.contracts.findings import Findings
from quantmatrix_engine.contracts.instruments import SymbolHistory
from quantmatrix_engine.prices.identity import resolve

RENAMED = dt.date(2022, 6, 9)


@pytest.fixture
def listed(catalogue):
    """FB as a folder of bars lists it: one instrument since 1999, without a key of anybody."""
    return Catalogue(catalogue({"symbol": "FB", "valid_from": dt.date(1999, 9, 29)}))


def test_what_nobody_knew_is_a_new_instrument():
    changes = Catalogue().compared(told("a", "FB", "2012-05-18"))
    assert changes.instruments.select("key", "kind", "exchange", "currency").rows() == [
        ("a", "stock", "XNYS", "USD")
    ]
    assert Catalogue().with_changes(changes).spells() == [("a", "FB", "2012-05-18", None)]


def test_a_new_symbol_closes_the_old_one_under_the_same_id():
    first = Catalogue().after(told("a", "FB", "2012-05-18"))
    after = first.after(told("a", "META", "2022-06-09"))
    assert after.spells() == [
        ("a", "FB", "2012-05-18", "2022-06-09"),
        ("a", "META", "2022-06-09", None),
    ]
    assert after.instruments["instrument_id"].unique().to_list() == [1]


def test_a_symbol_taken_by_another_instrument_ends_for_the_first():
    first = Catalogue().after(told("a", "FB", "1999-09-29"))
    assert first.after(told("b", "FB", "2012-05-18")).spells() == [
        ("a", "FB", "1999-09-29", "2012-05-18"),
        ("b", "FB", "2012-05-18", None),
    ]


def test_a_symbol_can_come_back_to_its_instrument():
    rows = pl.concat(
        [
            told("a", "SPWR", "2005-11-17", "2008-09-30"),
            told("a", "SPWRA", "2008-09-30", "2011-11-17"),
            told("a", "SPWR", "2011-11-17"),
        ]
    )
    first = Catalogue().after(told("a", "SPWR", "2005-11-17"))
    assert first.after(rows).spells() == [
        ("a", "SPWR", "2005-11-17", "2008-09-30"),
        ("a", "SPWRA", "2008-09-30", "2011-11-17"),
        ("a", "SPWR", "2011-11-17", None),
    ]


def test_a_delisting_closes_every_symbol():
    first = Catalogue().after(told("a", "TWX", "2003-10-16"))
    row = {"key": "a", "symbol": "TWX", "valid_from": "2003-10-16", "delisted_on": "2018-06-16"}
    changes = first.compared(history(row))
    assert first.with_changes(changes).spells() == [("a", "TWX", "2003-10-16", "2018-06-16")]
    assert changes.delisted.rows() == [(1, dt.date(2018, 6, 16))]


def test_an_older_delivery_undoes_nothing():
    now = Catalogue().after(
        pl.concat([told("a", "FB", "2012-05-18", "2022-06-09"), told("a", "META", "2022-06-09")])
    )
    assert now.compared(told("a", "FB", "2012-05-18")).is_empty


def test_an_instrument_of_a_folder_becomes_the_one_that_has_the_symbol_last(listed):
    rows = pl.concat(
        [told("old", "FB", "1999-09-29", "2003-03-29"), told("new", "FB", "2012-05-18")]
    )
    changes = listed.compared(rows)
    after = listed.with_changes(changes)
    assert after.spells() == [
        ("new", "FB", "2012-05-18", None),
        ("old", "FB", "1999-09-29", "2003-03-29"),
    ]
    assert after.identifiers.filter(key="new")["instrument_id"].to_list() == [1]
    assert changes.moved.rows() == [(1, "FB", "XNAS", dt.date(1999, 9, 29), dt.date(2012, 5, 18))]


def test_two_instruments_of_a_folder_that_are_one_become_one(catalogue):
    two = Catalogue(
        catalogue(
            {"instrument_id": 1, "symbol": "FB", "valid_from": dt.date(2012, 5, 18)},
            {"instrument_id": 2, "symbol": "META", "valid_from": RENAMED},
        )
    )
    rows = pl.concat([told("a", "FB", "2012-05-18", "2022-06-09"), told("a", "META", "2022-06-09")])
    changes = two.compared(rows)
    after = two.with_changes(changes)
    # Who is called FB from that day on, if anybody, nobody has told.
    assert after.spells() == [
        ("-1", "FB", "2022-06-09", None),
        ("a", "FB", "2012-05-18", "2022-06-09"),
        ("a", "META", "2022-06-09", None),
    ]
    assert changes.identifiers.rows() == [(2, "a")]
    assert changes.moved.rows() == [(1, "FB", "XNAS", dt.date(2012, 5, 18), RENAMED)]


def test_today_s_symbol_begins_when_it_was_first_seen(listed):
    seen_on = dt.date(2024, 1, 2)
    # What a list of today names keeps the beginning the catalogue has for it.
    assert listed.after(told("a", "FB")).spells() == [("a", "FB", "1999-09-29", None)]
    renamed = listed.after(told("a", "FB"), told("a", "META"))
    assert renamed.spells() == [
        ("a", "FB", "1999-09-29", str(seen_on)),
        ("a", "META", str(seen_on), None),
    ]


def test_another_market_has_symbols_of_its_own():
    london = history({"key": "b", "symbol": "BA", "exchange": "XLON", "valid_from": "1990-01-02"})
    both = Catalogue().after(told("a", "BA", "1990-01-02"), london)
    assert [row[:2] for row in both.spells()] == [("a", "BA"), ("b", "BA")]


def test_an_instrument_of_another_currency_is_another_instrument(listed):
    row = {"key": "a", "symbol": "FB", "valid_from": "2020-01-02", "currency": "CAD"}
    changes = listed.compared(history(row))
    assert changes.instruments.height == 1


@pytest.mark.parametrize(
    ("known", "denied"),
    [
        # Another instrument had the symbol until a known date.
        (("a", "FB", "1999-09-29", "2003-03-29"), ("b", "FB", "2001-01-02", None)),
        (("a", "FB", "1999-09-29", "2003-03-29"), ("b", "FB", "2001-01-02", "2002-01-02")),
        # Both have it from the same date on.
        (("a", "FB", "2012-05-18", None), ("b", "FB", "2012-05-18", None)),
        # The instrument had another symbol at the time.
        (("a", "FB", "2012-05-18", "2022-06-09"), ("a", "META", "2022-01-03", None)),
        # The symbol had ended earlier.
        (("a", "FB", "2012-05-18", "2022-06-09"), ("a", "FB", "2012-05-18", "2022-07-01")),
    ],
)
def test_what_denies_a_known_date_is_a_finding_and_changes_nothing(known, denied):
    before = Catalogue().after(told(*known))
    changes = before.compared(told(*denied))
    assert changes.is_empty
    (finding,) = changes.findings.to_dicts()
    assert (finding["rule"], finding["provider"]) == ("contradicted_symbol", "maps")
    assert finding["expected"].startswith("no contradiction to instrument 1: FB on XNYS from")
    assert gate.apply(Findings, changes.findings).failures.is_empty()


def test_what_a_key_tells_is_taken_whole_or_not_at_all():
    before = Catalogue().after(told("a", "FB", "1999-09-29", "2003-03-29"))
    rows = pl.concat([told("b", "AOL", "1990-01-02", "2001-01-02"), told("b", "FB", "2001-01-02")])
    assert before.compared(rows).is_empty


def test_two_keys_that_claim_a_symbol_at_once_are_both_refused():
    rows = [told("a", "FB", "2001-01-02", "2005-01-03"), told("b", "FB", "2004-01-02")]
    changes = Catalogue().compared(pl.concat([*rows, told("c", "IBM", "1990-01-02")]))
    assert changes.findings["value"].to_list() == [
        "a: FB on XNYS from 2001-01-02 until 2005-01-03",
        "b: FB on XNYS from 2004-01-02 on",
    ]
    assert changes.identifiers["key"].to_list() == ["c"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"valid_from": "2024-01-02", "valid_to": "2024-01-02"},
        {"valid_from": "2024-01-02", "delisted_on": "2023-01-03"},
        {"symbol": ""},
        {"exchange": "NYSE "},
        {"kind": "share"},
    ],
)
def test_a_row_that_cannot_be_a_spell_breaks_the_contract(wrong):
    rows = history({"key": "a", "symbol": "FB"} | wrong)
    assert gate.apply(SymbolHistory, rows).good.is_empty()


# ------------------------------------------------------------------- whatever is delivered

YEARS = 8


def _year(number: int) -> str:
    return f"{2000 + number}-01-01"


@st.composite
def truths(draw) -> list[tuple[str, str, int, int]]:
    """Gives (key, symbol, from, to) in which no date contradicts another."""
    rows = draw(
        st.lists(
            st.tuples(
                st.sampled_from("abc"),
                st.sampled_from("XYZ"),
                st.integers(0, YEARS - 1),
                st.integers(1, YEARS + 2),
            ),
            min_size=1,
            max_size=10,
        )
    )
    kept: list[tuple[str, str, int, int]] = []
    for key, symbol, begins, length in rows:
        ends = begins + length
        clash = [
            one
            for one in kept
            if (one[0] == key or one[1] == symbol) and one[2] < ends and begins < one[3]
        ]
        # A symbol that ends and begins again on the same date has not ended.
        same = [one for one in kept if one[:2] == (key, symbol)]
        if not clash and not any(begins == one[3] or ends == one[2] for one in same):
            kept.append((key, symbol, begins, ends))
    return kept


def as_of(truth, year: int) -> pl.DataFrame:
    """Gives what an honest source says in a year: what has begun, with the ends that have come."""
    rows = [
        told(key, symbol, _year(begins), _year(ends) if ends <= year else None)
        for key, symbol, begins, ends in truth
        if begins <= year
    ]
    return pl.concat([history(), *rows])


@settings(max_examples=150, deadline=None)
@given(truths(), st.permutations(range(YEARS + 1)))
def test_the_order_of_deliveries_does_not_matter(truth, years):
    after = Catalogue().after(*(as_of(truth, year) for year in years))
    assert after.spells() == Catalogue().after(as_of(truth, YEARS)).spells()
    expected = [
        (key, symbol, _year(begins), _year(ends) if ends <= YEARS else None)
        for key, symbol, begins, ends in truth
    ]
    assert after.spells() == sorted(expected, key=lambda row: (row[0], row[2]))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"),
            st.sampled_from("XYZ"),
            st.integers(0, YEARS),
            st.none() | st.integers(1, 4),
        ),
        max_size=12,
    ),
    st.integers(0, 12),
)
def test_whatever_is_delivered_a_symbol_means_one_instrument_at_most(rows, cut):
    told_rows = [
        told(key, symbol, _year(begins), length and _year(begins + length))
        for key, symbol, begins, length in rows
    ]
    parts = [pl.concat([history(), *part]) for part in (told_rows[:cut], told_rows[cut:])]
    after = Catalogue().after(*parts)
    dates = [dt.date(2000 + year, 7, 1) for year in range(YEARS + 6)]
    asked = pl.DataFrame(
        [(symbol, date, "XNYS") for symbol in "XYZ" for date in dates],
        schema={"symbol": pl.String, "session": pl.Date, "exchange": pl.String},
        orient="row",
    )
    assert resolve(asked, after.instruments)["instrument_ids"].list.len().max() <= 1
    # Nor has an instrument two symbols on a date.
    meant = resolve(asked, after.instruments).explode("instrument_ids").drop_nulls()
    assert not meant.select("session", "instrument_ids").is_duplicated().any()
    # And what was refused once is refused again: the same delivery changes nothing further.
    again = after.after(parts[1])
    assert again.spells() == again.after(parts[1]).spells()
