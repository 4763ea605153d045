import datetime as dt
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from quantmatrix_engine import calendars
from quantmatrix_engine.contracts.bars import Bars, CleanBars
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


SERIES_BAR = {
    "instrument_id": 1,
    "provider": "folder",
    "open": 10.0,
    "high": 11.0,
    "low": 9.0,
    "close": 10.5,
    "volume": 100.0,
    "is_final": True,
}


@pytest.fixture(scope="session")
def series() -> MakeFrame:
    """Gives bars (contract Bars) of the sessions from 2024-01-02 on, one for each argument.

    An argument changes its bar; None leaves the session without one.
    """

    def make(*changes: dict[str, Any] | None) -> pl.DataFrame:
        days = calendars.sessions(dt.date(2024, 1, 2), dt.date(2024, 12, 31))
        rows = [
            SERIES_BAR
            | {
                "session": day,
                "known_at": dt.datetime(day.year, day.month, day.day, 22, tzinfo=dt.UTC),
            }
            | one
            for day, one in zip(days, changes, strict=False)
            if one is not None
        ]
        return pl.DataFrame(rows, schema=Bars.empty().schema)

    return make
