import datetime as dt
import json

import polars as pl
import pytest
from support.symbol_histories import Catalogue

from quantmatrix_adapters.listings import sec
from quantmatrix_engine.contracts import gate
from quantmatrix_engine.contracts.instruments import SymbolHistory
from quantmatrix_engine.errors import ProviderError

FACEBOOK = {"cik_str": 1326801, "ticker": "FB", "title": "Facebook, Inc."}
CLASSES = [
    {"cik_str": 1652044, "ticker": one, "title": "Alphabet Inc."} for one in ("GOOGL", "GOOG")
]


NOTHING = pl.DataFrame(schema={"key": pl.String, "symbol": pl.String})


def of(*entries: dict) -> dict:
    return {str(number): entry for number, entry in enumerate(entries)}


def test_the_recorded_list_keeps_the_contract(shared_data):
    recorded = json.loads((shared_data / "providers/sec/company_tickers.json").read_bytes())
    told = sec.read(recorded, NOTHING)
    assert gate.apply(SymbolHistory, told).failures.is_empty()
    # Counted in the file: 9,610 symbols of 7,919 issuers.
    assert told.height == told["key"].n_unique() == 9610
    assert told["key"].str.slice(0, 10).n_unique() == 7919
    changes = Catalogue().compared(told)
    assert (changes.instruments.height, changes.findings.height) == (9610, 0)


def after(known: Catalogue, seen_on: dt.date, *entries: dict) -> Catalogue:
    """Gives the catalogue after the list of a date."""
    named = known.instruments.filter(pl.col("valid_to").is_null())
    told = sec.read(of(*entries), named.join(known.identifiers, on="instrument_id"))
    changes = known.compared(told, seen_on=seen_on)
    assert changes.findings.is_empty()
    return known.with_changes(changes)


def test_a_symbol_gone_and_one_new_of_an_issuer_are_a_rename():
    meta = FACEBOOK | {"ticker": "META", "title": "Meta Platforms, Inc."}
    known = after(Catalogue(), dt.date(2024, 1, 2), FACEBOOK, *CLASSES)
    renamed = after(known, dt.date(2024, 6, 3), meta, *CLASSES)
    assert renamed.spells() == [
        ("0001326801:FB", "FB", "2024-01-02", "2024-06-03"),
        ("0001326801:FB", "META", "2024-06-03", None),
        ("0001652044:GOOG", "GOOG", "2024-01-02", None),
        ("0001652044:GOOGL", "GOOGL", "2024-01-02", None),
    ]
    assert after(renamed, dt.date(2024, 6, 4), meta, *CLASSES).spells() == renamed.spells()


def test_a_further_symbol_of_an_issuer_changes_nothing_of_the_first():
    known = after(Catalogue(), dt.date(2024, 1, 2), FACEBOOK)
    both = after(known, dt.date(2024, 6, 3), FACEBOOK, FACEBOOK | {"ticker": "FB-WT"})
    assert both.spells() == [
        ("0001326801:FB", "FB", "2024-01-02", None),
        ("0001326801:FB-WT", "FB-WT", "2024-06-03", None),
    ]


@pytest.mark.parametrize(
    "document",
    [None, [], {}, {"0": {"ticker": "FB"}}, {"0": "FB"}, {"0": FACEBOOK | {"cik_str": "x"}}],
)
def test_what_is_not_the_list_is_refused_in_one_line(document):
    with pytest.raises(ProviderError) as refused:
        sec.read(document, NOTHING)
    assert "\n" not in str(refused.value)
