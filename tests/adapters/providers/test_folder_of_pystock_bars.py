"""A big file: 3.1 million bars of 7,072 US symbols (pystock-data, CC BY-SA 4.0)."""

import datetime as dt
from pathlib import Path

import pytest

from quantmatrix_adapters.providers.folder import FolderProvider

SHARED = Path(__file__).parents[4] / "shared" / "data"
PYSTOCK = SHARED / "ohlcv" / "pystock_us_daily_2015_2017.parquet"
ASKED_AT = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)

pytestmark = pytest.mark.skipif(not PYSTOCK.exists(), reason=f"{PYSTOCK} is absent")


@pytest.fixture(scope="module")
def pystock() -> FolderProvider:
    return FolderProvider(PYSTOCK)


def test_the_whole_file_is_read(pystock: FolderProvider) -> None:
    """Counts and dates are those its README states: 3,099,739 bars of 7,072 symbols."""
    delivery = pystock.daily_bars(*pystock.sessions(), known_at=ASKED_AT)
    assert pystock.sessions() == (dt.date(2015, 3, 20), dt.date(2017, 3, 31))
    assert pystock.listing().height == 7_072
    assert delivery.bars.height == 3_099_739
    assert delivery.findings.is_empty()


def test_a_bar_is_known_from_the_end_of_the_day_its_file_states(pystock: FolderProvider) -> None:
    session = dt.date(2015, 3, 20)
    bars = pystock.daily_bars(session, session, known_at=ASKED_AT).bars.filter(symbol="A")
    assert bars.select("open", "close", "volume", "source", "source_row", "known_at").row(0) == (
        *(42.39, 42.21, 2216600.0, "pystock_us_daily_2015_2017.parquet", 1),
        dt.datetime(2015, 3, 23, 23, 59, 59, 999999, tzinfo=dt.UTC),
    )
