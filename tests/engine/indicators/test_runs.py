"""Bars put in order out of the pieces they were read in."""

import datetime as dt

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantmatrix_engine.indicators.runs import put_together

FIRST = dt.date(2020, 1, 1)


def _rows(*keys: tuple[int, int]) -> pl.DataFrame:
    """Gives a row for each (instrument, day), with a column of each type a bar can have."""
    days = [FIRST + dt.timedelta(days=day) for _, day in keys]
    came = pl.Series("came", range(len(keys)), dtype=pl.Int64)
    return pl.DataFrame(
        {
            "instrument_id": pl.Series([one for one, _ in keys], dtype=pl.Int64),
            "session": pl.Series(days, dtype=pl.Date),
            "came": came,
        }
    ).with_columns(
        provider=pl.lit("one"),
        symbol=pl.format("S{}", "instrument_id"),
        volume=pl.when(came % 3 > 0).then(came.cast(pl.Float64)),
        known_at=pl.col("session").cast(pl.Datetime("us", "UTC")),
        is_final=came % 2 == 0,
        share=came.cast(pl.Decimal(20, 4)),
        parts=pl.concat_list("instrument_id"),
    )


@pytest.mark.parametrize("piece", [7, 20, 33, 80])
def test_every_column_moves_with_its_row_however_many_pieces_it_was_read_in(piece):
    rows = _rows(*[(one, day) for one in (2, 1, 4, 3) for day in range(20)])
    pieces = pl.concat(rows[start : start + piece] for start in range(0, rows.height, piece))
    put = put_together(pieces)
    assert_frame_equal(put, rows.sort("instrument_id", maintain_order=True))
    assert put["came"].n_chunks() == 1


@pytest.mark.parametrize(
    "keys",
    [
        [],
        [(1, 1)],
        [(1, day) for day in range(20)],
        # Two files, the later one first.
        [
            (one, day)
            for half in (1, 0)
            for one in (1, 2)
            for day in range(20 * half, 20 * half + 20)
        ],
        # A row out of place within a run, keys that come twice, and no runs at all.
        [(2, day) for day in range(40)] + [(1, 30), *((1, day) for day in range(30))],
        [(2, 5)] * 20 + [(1, 5)] * 20,
        [(one, day) for day in range(20) for one in (3, 1, 2)],
    ],
)
def test_rows_come_by_instrument_and_session_and_keep_their_order_in_both(keys):
    rows = _rows(*keys)
    wanted = rows.sort("instrument_id", "session", maintain_order=True)
    assert_frame_equal(put_together(rows), wanted)
