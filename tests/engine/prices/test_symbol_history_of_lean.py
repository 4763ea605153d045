"""The symbols of Lean's map files, held against the bars they were drawn from."""

import datetime as dt

import polars as pl
import pytest
from support.symbol_histories import Catalogue

from quantmatrix_engine.contracts import gate
from quantmatrix_engine.contracts.instruments import Instruments, SymbolHistory
from quantmatrix_engine.prices.identity import resolve

# Lean's letters of the exchanges; it leaves those of companies long gone empty.
EXCHANGES = {"N": "XNYS", "Q": "XNAS", "P": "ARCX", "Z": "BATS", None: "XNYS"}
SEEN_ON = dt.date(2021, 3, 31)
FOREVER = dt.date(2049, 12, 31)


@pytest.fixture(scope="module")
def history(shared_data):
    """Lean's intervals as a history; an interval there includes its last date."""
    exchange = (
        pl.read_csv(shared_data / "ohlcv/lean_renames.csv")
        .group_by("permtick", "ticker")
        .agg(pl.col("exchange").last())
    )
    intervals = pl.read_csv(shared_data / "ohlcv/lean_ticker_intervals.csv", try_parse_dates=True)
    told = intervals.join(exchange, on=["permtick", "ticker"], how="left").select(
        key="permtick",
        symbol="ticker",
        exchange=pl.col("exchange").replace_strict(EXCHANGES),
        currency=pl.lit("USD"),
        kind=pl.lit("stock"),
        name=pl.lit(None, dtype=pl.String),
        valid_from="start",
        valid_to=pl.when(pl.col("end") < FOREVER).then(pl.col("end") + pl.duration(days=1)),
        delisted_on=pl.lit(None, dtype=pl.Date),
    )
    assert gate.apply(SymbolHistory, told).failures.is_empty()
    return told


@pytest.fixture(scope="module")
def bars(shared_data):
    """Every daily bar, and whose it is by Lean."""
    return pl.read_parquet(shared_data / "ohlcv/lean_us_daily_raw.parquet").rename(
        {"date": "session"}
    )


def listing_of(bars: pl.DataFrame) -> pl.DataFrame:
    """What a folder of these bars lists: one instrument a symbol, since its first bar."""
    first = bars.group_by("symbol").agg(valid_from=pl.col("session").min()).sort("symbol")
    return first.with_row_index("instrument_id", offset=1).select(
        pl.col("instrument_id").cast(pl.Int64),
        "symbol",
        exchange=pl.lit("XNYS"),
        currency=pl.lit("USD"),
        kind=pl.lit("stock"),
        name=pl.lit(None, dtype=pl.String),
        valid_from="valid_from",
        valid_to=pl.lit(None, dtype=pl.Date),
    )


@pytest.fixture(scope="module", params=["an empty catalogue", "a folder of the bars"])
def known(request, history, bars):
    """The catalogue with the history, and the key of each instrument."""
    catalogue = listing_of(bars)
    if request.param == "an empty catalogue":
        catalogue = catalogue.clear()
    before = Catalogue(catalogue)
    changes = before.compared(history, SEEN_ON)
    assert changes.findings.is_empty()
    return before.with_changes(changes)


def whose(known, rows: pl.DataFrame) -> pl.DataFrame:
    """Gives the key of the instrument each (symbol, session) resolves to; null: nobody's."""
    asked = rows.with_columns(exchange=pl.lit(None, dtype=pl.String))
    meant = resolve(asked, known.instruments)
    assert meant["instrument_ids"].list.len().max() <= 1
    one = meant.with_columns(instrument_id=pl.col("instrument_ids").list.first())
    named = one.join(known.identifiers, on="instrument_id", how="left")
    return rows.join(named.drop("exchange", "instrument_ids"), on=["symbol", "session"])


def test_every_bar_belongs_to_the_instrument_lean_gives_it(known, bars):
    found = whose(known, bars)
    assert found.height == bars.height == 70_025
    assert found.filter(~pl.col("key").eq_missing(pl.col("permtick"))).is_empty()
    # The old BankAmerica, Washington Mutual and what BNO, EEM and USO were before are in no map.
    unknown = found.filter(pl.col("instrument_id").is_null())
    assert dict(unknown.group_by("symbol").len().iter_rows()) == {
        "BAC": 188,
        "BNO": 1100,
        "EEM": 722,
        "USO": 140,
        "WM": 2465,
    }


@pytest.mark.parametrize(
    ("symbol", "session", "key"),
    [
        ("NB", "1998-09-30", "BAC"),
        ("BAC", "1998-09-30", None),
        ("BAC", "1998-10-01", "BAC"),
        ("NB", "1998-10-01", None),
        ("FB", "2003-03-28", "FB.1"),
        ("FB", "2003-03-31", None),
        ("FB", "2012-05-18", "FB"),
        ("SPWR", "2008-09-29", "SPWR"),
        ("SPWRA", "2008-09-30", "SPWR"),
        ("SPWRA", "2011-11-16", "SPWR"),
        ("SPWR", "2011-11-16", None),
        ("SPWR", "2011-11-17", "SPWR"),
        ("WMI", "2009-08-04", "WM"),
        ("WM", "2009-08-04", None),
        ("WM", "2009-08-05", "WM"),
        ("GOOG", "2014-04-02", "GOOGL"),
        ("GOOCV", "2014-04-02", "GOOG"),
        ("GOOG", "2014-04-03", "GOOG"),
        ("GOOGL", "2014-04-03", "GOOGL"),
        ("VXX", "2019-01-29", "VXX.1"),
        ("VXXB", "2019-01-29", "VXX"),
        ("VXX", "2019-05-02", "VXX"),
        ("QQQ", "2004-12-01", None),
        ("QQQQ", "2004-12-01", "QQQ"),
        ("TWX", "2001-01-11", "TWX.1"),
        ("AOL", "2001-01-11", "TWX"),
        ("TWX", "2003-10-16", "TWX"),
        ("TWX", "2018-06-18", None),
        ("TAPA", "2012-12-31", "TAP.A"),
        ("TAP.A", "2013-01-02", "TAP.A"),
    ],
)
def test_a_symbol_means_what_the_map_files_say(known, symbol, session, key):
    rows = pl.DataFrame({"symbol": [symbol], "session": [dt.date.fromisoformat(session)]})
    assert whose(known, rows)["key"].to_list() == [key]


def test_no_bank_loses_an_eighth_of_its_worth_overnight(known, bars):
    """The old BankAmerica closed at 60.19 on 1998-09-30, the new one at 53.69 the day after."""
    bank = whose(known, bars).filter(pl.col("key") == "BAC").sort("session")
    assert bank.select("session", "close").row(0) == (dt.date(1998, 10, 1), 53.69)
    both = (
        bars.filter(symbol="BAC").sort("session").with_columns(change=pl.col("close").pct_change())
    )
    (naive,) = both.filter(session=dt.date(1998, 10, 1))["change"].to_list()
    assert round(naive, 3) == -0.108
    assert bank.filter(pl.col("session") < dt.date(1998, 10, 2)).height == 1


def test_a_history_worked_in_again_changes_nothing(known, history):
    again = known.compared(history, SEEN_ON)
    assert again.is_empty
    assert again.findings.is_empty()


def test_the_catalogue_keeps_its_contract(known):
    assert gate.apply(Instruments, known.instruments).failures.is_empty()
