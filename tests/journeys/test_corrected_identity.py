"""A symbol turns out to have meant another company: the bars stored under it are put right."""

import datetime as dt

import polars as pl
from journeys.conftest import FIRST, LAST, Installation

from quantmatrix_pipelines.lake import Lake
from quantmatrix_pipelines.stores import instrument_corrections as corrections
from quantmatrix_pipelines.stores import instrument_edits, instruments

HANDED_OVER = dt.date(2012, 9, 4)


def stored(installation: Installation) -> pl.DataFrame:
    return Lake(str(installation.settings.lake)).read("bars", first=FIRST, last=LAST)


def in_order(installation: Installation) -> pl.DataFrame:
    return stored(installation).sort("instrument_id", "session")


def test_bars_of_another_company_leave_the_instrument_they_were_stored_under(
    installation: Installation,
):
    installation.load(FIRST, LAST)
    before = stored(installation)
    known = instruments.catalogue(installation.database)
    ids = dict(known.select("symbol", "instrument_id").iter_rows())
    assert set(before["instrument_id"]) == {ids["IBM"], ids["MSFT"]}

    # Until September, the map says, the bars under IBM were another company's.
    path = installation.settings.home / "symbols.csv"
    path.write_text(
        "key,symbol,exchange,valid_from,valid_to\n"
        f"old,IBM,XNYS,1990-01-02,{HANDED_OVER}\n"
        f"ibm,IBM,XNYS,{HANDED_OVER},\n"
    )
    installation.settings = installation.settings.model_copy(update={"symbol_history": path})
    installation.load(FIRST, LAST)

    after = stored(installation)
    (other,) = set(after["instrument_id"]) - {ids["IBM"], ids["MSFT"]}
    assert after.height == before.height
    days = pl.col("session")
    assert after.filter(instrument_id=other)["session"].max() < HANDED_OVER
    assert after.filter(instrument_id=ids["IBM"])["session"].min() == HANDED_OVER
    both = after.filter(pl.col("instrument_id").is_in([other, ids["IBM"]])).sort(days)
    assert both.drop("instrument_id").equals(
        before.filter(instrument_id=ids["IBM"]).sort(days).drop("instrument_id")
    )
    microsoft = {"instrument_id": ids["MSFT"]}
    assert after.filter(**microsoft).sort(days).equals(before.filter(**microsoft).sort(days))


def test_bars_of_a_delisting_that_is_taken_back_come_in_again(installation: Installation):
    installation.load(FIRST, LAST)
    before = in_order(installation)
    known = instruments.catalogue(installation.database)
    (ibm,) = known.filter(symbol="IBM").get_column("instrument_id")
    # Twenty sessions: a feed of which half the rows are of nobody would be stopped as a whole.
    ended = dt.date(2013, 2, 1)
    instrument_edits.delist(installation.database, "IBM", on=ended, trail=installation.trail())
    installation.load(FIRST, LAST)
    is_lost = (pl.col("instrument_id") == ibm) & (pl.col("session") >= ended)
    assert in_order(installation).equals(before.filter(~is_lost))

    corrections.relist(installation.database, "IBM", on=None, trail=installation.trail())
    installation.load(FIRST, LAST)
    assert in_order(installation).equals(before)
