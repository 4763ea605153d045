"""The sample: daily bars of five US stocks, 2000 to 2013, from the package bokeh_sampledata.

As traded, not adjusted (Quandl WIKI Prices, public domain). FB begins with its listing, 2012-05-18.
"""

import datetime as dt
from importlib.metadata import version as version_of
from typing import Self

import polars as pl

from quantmatrix_adapters.providers.base import Delivery, Given
from quantmatrix_engine.contracts.findings import Findings
from quantmatrix_engine.vocabulary import InstrumentKind

SOURCE = "bokeh_sampledata/stocks.csv.gz"
_NO_FINDINGS = pl.DataFrame(schema=Findings.empty().schema)
_PRICES = ("open", "high", "low", "close", "volume")
# In the order of the file, so that the line of each row follows.
_STOCKS = {
    "AAPL": ("XNAS", "Apple Inc."),
    "FB": ("XNAS", "Facebook, Inc."),
    "GOOG": ("XNAS", "Google Inc."),
    "IBM": ("XNYS", "International Business Machines Corporation"),
    "MSFT": ("XNAS", "Microsoft Corporation"),
}


class SampleProvider:
    """Gives the bars that come with the program, so that it runs without any data of one's own."""

    name = "sample"

    def __init__(self) -> None:
        self._bars: pl.DataFrame | None = None

    @classmethod
    def configured(cls, given: Given) -> Self:  # noqa: ARG003
        """Gives the sample, which needs nothing."""
        return cls()

    def version(self) -> str:
        """Gives the version of the package the bars come with."""
        return version_of("bokeh_sampledata")

    def listing(self) -> pl.DataFrame:
        """Gives the five stocks, keeping the contract Listing, sorted by symbol."""
        first = self._read().group_by("symbol").agg(first_session=pl.col("session").min())
        stocks = pl.DataFrame(
            [
                (symbol, exchange, "USD", InstrumentKind.STOCK.value, name)
                for symbol, (exchange, name) in _STOCKS.items()
            ],
            schema=["symbol", "exchange", "currency", "kind", "name"],
            orient="row",
        )
        return stocks.join(first, on="symbol").sort("symbol")

    def sessions(self) -> tuple[dt.date, dt.date]:
        """Gives 2000-03-01 and 2013-03-01, as the package's files have them."""
        found = self._read().select(first=pl.col("session").min(), last=pl.col("session").max())
        return found.item(0, "first"), found.item(0, "last")

    def daily_bars(self, first: dt.date, last: dt.date, *, known_at: dt.datetime) -> Delivery:
        """Gives the bars from `first` to `last`; every row is known from the moment of asking."""
        moment = pl.lit(known_at).dt.convert_time_zone("UTC").cast(pl.Datetime("us", "UTC"))
        asked = self._read().filter(pl.col("session").is_between(first, last))
        return Delivery(bars=asked.with_columns(known_at=moment), findings=_NO_FINDINGS)

    def _read(self) -> pl.DataFrame:
        if self._bars is None:
            self._bars = _read_sample()
        return self._bars


PROVIDER = SampleProvider


def _read_sample() -> pl.DataFrame:
    # Reading the module reads the file, and importing a provider must do nothing.
    from bokeh_sampledata import stocks

    series = [
        pl.DataFrame(getattr(stocks, symbol)).with_columns(symbol=pl.lit(symbol))
        for symbol in _STOCKS
    ]
    return (
        pl.concat(series)
        .with_row_index("source_row", offset=2)
        .select(
            pl.lit(SampleProvider.name).alias("provider"),
            "symbol",
            pl.col("date").str.to_date("%Y-%m-%d").alias("session"),
            *(pl.col(column).cast(pl.Float64) for column in _PRICES),
            pl.lit(SOURCE).alias("source"),
            pl.col("source_row").cast(pl.Int64),
        )
        .sort("symbol", "session")
    )
