"""The sample; values are those of the package's file, read by hand."""

import datetime as dt
import gzip
import importlib.metadata
from pathlib import Path

import bokeh_sampledata
import polars as pl
import pytest

from quantmatrix_adapters.providers.sample import SampleProvider

ASKED_AT = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def bars() -> pl.DataFrame:
    sample = SampleProvider()
    return sample.daily_bars(*sample.sessions(), known_at=ASKED_AT).bars


def test_the_sample_lists_five_stocks_on_their_exchanges() -> None:
    assert SampleProvider().listing().rows() == [
        ("AAPL", "XNAS", "USD", "stock", "Apple Inc.", dt.date(2000, 3, 1)),
        ("FB", "XNAS", "USD", "stock", "Facebook, Inc.", dt.date(2012, 5, 18)),
        ("GOOG", "XNAS", "USD", "stock", "Google Inc.", dt.date(2004, 8, 19)),
        (
            *("IBM", "XNYS", "USD", "stock"),
            *("International Business Machines Corporation", dt.date(2000, 3, 1)),
        ),
        ("MSFT", "XNAS", "USD", "stock", "Microsoft Corporation", dt.date(2000, 3, 1)),
    ]


def test_the_sample_reaches_from_march_2000_to_march_2013() -> None:
    assert SampleProvider().sessions() == (dt.date(2000, 3, 1), dt.date(2013, 3, 1))


def test_the_first_bar_of_fb_is_the_one_of_its_listing(bars: pl.DataFrame) -> None:
    prices = ["session", "open", "high", "low", "close", "volume"]
    first = bars.filter(symbol="FB").select(prices).row(0)
    assert first == (dt.date(2012, 5, 18), 42.05, 45.0, 38.0, 38.2318, 573576400.0)


def test_each_bar_says_the_line_of_the_file_it_stands_on(bars: pl.DataFrame) -> None:
    with gzip.open(Path(bokeh_sampledata.package_path("stocks.csv.gz")), "rt") as file:
        lines = [line.split(",")[:2] for line in file]
    told = bars.select("symbol", pl.col("session").cast(pl.String), "source_row").rows()
    assert bars.get_column("source").unique().to_list() == ["bokeh_sampledata/stocks.csv.gz"]
    assert len(told) == len(lines) - 1
    assert all(lines[row - 1] == [symbol, session] for symbol, session, row in told)


def test_the_version_is_the_one_of_the_package() -> None:
    assert SampleProvider().version() == importlib.metadata.version("bokeh_sampledata")
