import datetime as dt
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from quantmatrix_engine.contracts.bars import CleanBars
from quantmatrix_engine.contracts.instruments import Instruments

MakeFrame = Callable[..., pl.DataFrame]

BAR = {
    "provider": "folder",
    "symbol": "AAPL",
    "session": dt.date(2024, 1, 2),
    "open": 10.0,
    "high": 11.0,
    "low": 9.0,
    "close": 10.5,
    "volume": 100.0,
    "source": "bars.csv",
    "known_at": dt.datetime(2024, 1, 3, tzinfo=dt.UTC),
}
INSTRUMENT = {
    "instrument_id": 1,
    "symbol": "AAPL",
    "exchange": "XNAS",
    "currency": "USD",
    "kind": "stock",
    "name": None,
    "valid_from": dt.date(1990, 1, 1),
    "valid_to": None,
}


@pytest.fixture(scope="session")
def raw_bars() -> MakeFrame:
    """Gives raw bars that are good but for what each row changes; the first is line 2."""

    def make(*changes: dict[str, Any]) -> pl.DataFrame:
        rows = [BAR | {"source_row": line} | one for line, one in enumerate(changes, start=2)]
        return pl.DataFrame(rows, schema=CleanBars.empty().schema)

    return make


@pytest.fixture(scope="session")
def catalogue() -> MakeFrame:
    """Gives a catalogue of instruments that are AAPL since 1990 but for what each row changes."""

    def make(*changes: dict[str, Any]) -> pl.DataFrame:
        rows = [INSTRUMENT | one for one in changes]
        return pl.DataFrame(rows, schema=Instruments.empty().schema)

    return make
