import datetime as dt

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantmatrix_engine.contracts.bars import Bars
from quantmatrix_engine.prices.restatement import newest_known, unseen


def moment(day: int) -> dt.datetime:
    return dt.datetime(2024, 1, day, tzinfo=dt.UTC)


def told(close: float | None, day: int, **more):
    """A bar whose close was said on a day of January."""
    return {"close": close, "known_at": moment(day)} | more


@pytest.fixture
def bars(raw_bars):
    def make(*rows):
        made = raw_bars(*rows).with_columns(instrument_id=pl.lit(1, pl.Int64), is_final=True)
        return made.select(
            pl.col(name).cast(column.dtype.type)
            for name, column in Bars.to_schema().columns.items()
        )

    return make


def closes(frame) -> list[tuple[float | None, int]]:
    return [
        (close, known_at.day) for close, known_at in frame.select("close", "known_at").iter_rows()
    ]


def test_everything_is_new_where_nothing_is_known(raw_bars):
    delivered = raw_bars(told(10.5, 3), told(10.6, 4))
    assert_frame_equal(unseen(delivered, raw_bars()), delivered)


def test_a_delivery_repeated_later_adds_nothing(raw_bars):
    known = raw_bars(told(10.5, 3), told(10.5, 3, symbol="MSFT"))
    again = raw_bars(told(10.5, 4), told(10.5, 4, symbol="MSFT"))
    assert unseen(again, known).is_empty()


@pytest.mark.parametrize("column", ["open", "high", "low", "close", "volume"])
def test_a_value_that_changed_is_a_restatement(raw_bars, column):
    known, delivered = raw_bars(told(10.5, 3)), raw_bars(told(10.5, 4) | {column: 10.25})
    assert_frame_equal(unseen(delivered, known), delivered)


def test_only_what_changed_is_new(raw_bars):
    known = raw_bars(told(10.5, 3), told(10.5, 3, symbol="MSFT"))
    delivered = raw_bars(told(10.5, 4), told(10.7, 4, symbol="MSFT"))
    assert unseen(delivered, known)["symbol"].to_list() == ["MSFT"]


def test_a_value_taken_back_is_a_restatement_though_it_was_said_before(raw_bars):
    known = raw_bars(told(10.5, 3), told(10.6, 4))
    assert closes(unseen(raw_bars(told(10.5, 5)), known)) == [(10.5, 5)]


def test_a_row_known_from_the_same_moment_is_not_new_whatever_it_says(raw_bars):
    assert unseen(raw_bars(told(10.9, 3)), raw_bars(told(10.5, 3))).is_empty()


def test_one_delivery_can_restate_and_take_back(raw_bars):
    known = raw_bars(told(10.5, 3))
    delivered = raw_bars(told(10.5, 3), told(10.6, 4), told(10.5, 5))
    assert closes(unseen(delivered, known)) == [(10.6, 4), (10.5, 5)]


def test_a_delivery_that_contradicts_itself_is_new_as_a_whole(raw_bars):
    # Left alone, 10.6 would pass for a restatement; both together are refused later on.
    known, delivered = raw_bars(told(10.5, 3)), raw_bars(told(10.5, 4), told(10.6, 4))
    assert_frame_equal(unseen(delivered, known), delivered)


def test_missing_values_are_the_same_missing_values(raw_bars):
    known = raw_bars(told(None, 3))
    assert unseen(raw_bars(told(None, 4)), known).is_empty()
    assert unseen(raw_bars(told(10.5, 4)), known).height == 1


def test_providers_do_not_restate_each_other(raw_bars):
    other = raw_bars(told(10.5, 4, provider="sample"))
    assert_frame_equal(unseen(other, raw_bars(told(10.5, 3))), other)


def test_new_rows_keep_their_order_and_columns(raw_bars):
    known = raw_bars(told(10.5, 3, symbol="IBM"))
    delivered = raw_bars(
        told(10.5, 4, symbol="MSFT"), told(10.5, 4, symbol="IBM"), told(10.5, 4, symbol="AAPL")
    )
    assert_frame_equal(unseen(delivered, known), delivered[[0, 2]])


def test_nothing_delivered_is_nothing_new(raw_bars):
    assert unseen(raw_bars(), raw_bars(told(10.5, 3))).is_empty()


def test_the_newest_vintage_of_a_session_is_what_is_known(bars):
    vintages = bars(told(10.6, 4), told(10.5, 3), told(10.4, 5), told(10.3, 4))
    assert closes(newest_known(vintages)) == [(10.4, 5)]


def test_each_instrument_and_session_is_one_row_sorted_by_both(bars):
    later, sooner = dt.date(2024, 1, 3), dt.date(2024, 1, 2)
    vintages = bars(
        told(10.7, 4, session=later), told(10.5, 3, session=sooner), told(10.6, 4, session=sooner)
    )
    two = pl.concat([vintages.with_columns(instrument_id=pl.lit(2, pl.Int64)), vintages])
    assert newest_known(two).select("instrument_id", "session", "close").rows() == [
        (1, sooner, 10.6),
        (1, later, 10.7),
        (2, sooner, 10.6),
        (2, later, 10.7),
    ]
