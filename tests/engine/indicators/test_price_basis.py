"""Indicators are in the price basis of their own session. Expected values are worked by hand."""

import datetime as dt
from collections.abc import Callable

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantmatrix_engine.contracts.bars import Bars
from quantmatrix_engine.contracts.corporate_actions import PriceActions
from quantmatrix_engine.indicators.base import spec
from quantmatrix_engine.indicators.sessions import look_ahead, of_sessions

MakeBars = Callable[..., pl.DataFrame]
SMA_2, ATR_2 = spec("sma", window=2), spec("atr", window=2)
DAYS = [dt.date(2015, 1, day) for day in range(1, 7)]
# A 2:1 split goes ex on the third day, another one on the fifth.
CLOSES = [100.0, 102.0, 52.0, 54.0, 28.0, 30.0]
ACTIONS = {name: one.dtype.type for name, one in PriceActions.to_schema().columns.items()}
KNOWN_AT = dt.datetime(2015, 1, 1, tzinfo=dt.UTC)


def stored(*parts: pl.DataFrame) -> pl.DataFrame:
    """Gives bars as the lake keeps them."""
    said = {"provider": pl.lit("a"), "is_final": pl.lit(value=True)}
    rows = pl.concat(parts).with_columns(
        **said,
        known_at=pl.col("session").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
    )
    return rows.select(
        pl.col(name).cast(one.dtype.type) for name, one in Bars.to_schema().columns.items()
    )


def splits(*rows: tuple[int, dt.date, float]) -> pl.DataFrame:
    return pl.DataFrame(
        [(one, day, ratio, None, KNOWN_AT) for one, day, ratio in rows], ACTIONS, orient="row"
    )


TWICE = splits((1, DAYS[2], 2.0), (1, DAYS[4], 2.0))


def sma_2(bars: pl.DataFrame, actions: pl.DataFrame, first: dt.date, last: dt.date) -> list[float]:
    found = of_sessions(bars, [SMA_2], first=first, last=last, actions=actions)
    return found.get_column("sma_2").to_list()


def test_each_session_sees_earlier_prices_as_its_own_day_counts_them(bars: MakeBars) -> None:
    expected = [None, 101.0, (51 + 52) / 2, 53.0, (27 + 28) / 2, 29.0]
    assert sma_2(stored(bars(CLOSES)), TWICE, DAYS[0], DAYS[-1]) == expected


@pytest.mark.parametrize("number", range(6))
def test_a_range_gives_what_each_session_alone_gave(bars: MakeBars, number: int) -> None:
    day = DAYS[number]
    whole = of_sessions(
        stored(bars(CLOSES)), [SMA_2, ATR_2], first=DAYS[0], last=DAYS[-1], actions=TWICE
    )
    then = stored(bars(CLOSES[: number + 1]))
    alone = of_sessions(then, [SMA_2, ATR_2], first=day, last=day, actions=TWICE)
    assert_frame_equal(whole.filter(pl.col("session") == day), alone)


def test_a_split_is_no_range_of_the_day(bars: MakeBars) -> None:
    """True range of the third day: from the close before, 51 in its basis, to 52."""
    found = of_sessions(
        stored(bars(CLOSES)), [spec("atr", window=1)], first=DAYS[2], last=DAYS[2], actions=TWICE
    )
    assert found.get_column("atr_1").to_list() == [1.0]


def test_a_split_of_one_instrument_changes_no_other(bars: MakeBars) -> None:
    both = stored(bars(CLOSES), bars(CLOSES, instrument_id=2))
    found = of_sessions(both, [SMA_2], first=DAYS[2], last=DAYS[2], actions=TWICE)
    assert found.select("instrument_id", "sma_2").rows() == [(1, 51.5), (2, 77.0)]


def test_without_actions_prices_are_as_traded(bars: MakeBars) -> None:
    assert sma_2(stored(bars(CLOSES)), TWICE.clear(), DAYS[2], DAYS[2]) == [77.0]


def test_a_dividend_is_not_adjusted_for(bars: MakeBars) -> None:
    paid = pl.DataFrame([(1, DAYS[2], None, 10.0, KNOWN_AT)], ACTIONS, orient="row")
    assert sma_2(stored(bars(CLOSES)), paid, DAYS[2], DAYS[2]) == [77.0]


def test_no_split_to_come_is_seen(bars: MakeBars) -> None:
    seen = look_ahead(
        stored(bars(CLOSES)), [SMA_2, ATR_2], session=DAYS[3], until=DAYS[-1], actions=TWICE
    )
    assert seen.is_empty()


def test_no_bars_give_no_rows(bars: MakeBars) -> None:
    assert sma_2(stored(bars([])), TWICE, DAYS[0], DAYS[-1]) == []
