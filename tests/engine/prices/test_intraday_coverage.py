import datetime as dt

import polars as pl
import pytest

from quantmatrix_engine.contracts.intraday_bars import IntradayBars
from quantmatrix_engine.prices.intraday_coverage import five_minutes_in, intraday_coverage

HALF_DAY = dt.date(2016, 11, 25)
OPEN = dt.datetime(2016, 11, 25, 14, 30, tzinfo=dt.UTC)


def bars(*told: tuple[int, int, str]) -> pl.DataFrame:
    """Bars by instrument, place in the session and interval, of the half day."""
    rows = [
        {"instrument_id": one, "provider": "folder", "interval": interval, "session": HALF_DAY}
        | {"starts_at": OPEN + dt.timedelta(minutes=5 * place)}
        | dict.fromkeys(("open", "high", "low", "close", "volume"), 10.0)
        | {"known_at": OPEN + dt.timedelta(days=1), "is_final": True}
        for one, place, interval in told
    ]
    return pl.DataFrame(rows, schema=IntradayBars.empty().schema)


@pytest.mark.parametrize(
    ("day", "count"),
    [("2016-11-25", 42), ("2016-11-28", 78), ("2016-11-04", 78), ("2016-11-07", 78)],
)
def test_a_session_has_as_many_five_minutes_as_it_is_long(day: str, count: int) -> None:
    assert five_minutes_in(dt.date.fromisoformat(day)) == count


def test_a_date_that_is_no_session_is_refused() -> None:
    with pytest.raises(ValueError, match="2016-11-24 is no session of XNYS"):
        five_minutes_in(dt.date(2016, 11, 24))


def test_intervals_count_once_and_those_expected_are_there_without_any() -> None:
    told = bars(
        *((1, place, "5m") for place in range(21)), (1, 0, "5m"), (1, 6, "1h"), (3, 0, "1h")
    )
    assert intraday_coverage(told, HALF_DAY, [2, 1]).rows() == [
        (2, 0, 0, 0.0),
        (3, 0, 1, 0.0),
        (1, 21, 1, 50.0),
    ]


def test_bars_of_another_session_do_not_count() -> None:
    assert intraday_coverage(bars((1, 0, "5m")), dt.date(2016, 11, 28), []).is_empty()
