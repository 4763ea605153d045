"""Charts: what is drawn, from bars whose picture can be told."""

import datetime as dt
import io
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest
from matplotlib import image
from pipelines.rows import schema_of

from quantmatrix_engine import calendars
from quantmatrix_engine.contracts.bars import Bars
from quantmatrix_engine.contracts.corporate_actions import PriceActions
from quantmatrix_engine.errors import SettingsError
from quantmatrix_pipelines.charts import NO_SIGNALS, charted, sample_picture

LAST = dt.date(2026, 11, 20)
NO_ACTIONS = pl.DataFrame(schema=schema_of(PriceActions))
SIGNALS = pl.DataFrame({"session": [LAST, LAST], "action": ["entry", "exit"]})


def _bars(count: int = 260, instrument_id: int = 1) -> pl.DataFrame:
    sessions = calendars.sessions(LAST - dt.timedelta(days=2 * count), LAST)[-count:]
    close = 50 + 10 * np.sin(np.arange(count) / 20)
    known = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
    return pl.DataFrame(
        {
            "instrument_id": [instrument_id] * count,
            "provider": ["sample"] * count,
            "session": sessions,
            "open": close - 0.2,
            "high": close + 1,
            "low": close - 1,
            "close": close,
            "volume": [1000.0] * count,
            "known_at": [known] * count,
            "is_final": [True] * count,
        },
        schema=schema_of(Bars),
    )


def _texts(svg: bytes) -> set[str]:
    drawn = ElementTree.fromstring(svg)  # noqa: S314
    return {
        "".join(one.itertext()).strip() for one in drawn.iter("{http://www.w3.org/2000/svg}text")
    }


def test_a_chart_names_its_instrument_its_lines_and_the_signals_of_its_sessions():
    chart = charted(_bars(), NO_ACTIONS, SIGNALS, name="IBM", session=LAST, sessions=100)
    close = _bars()["close"][-1]
    texts = _texts(chart.drawn("svg"))
    assert f"IBM · 2026-11-20 · {close:,.2f}" in texts
    assert {"SMA 20", "SMA 50", "SMA 200", "RSI 14", "ATR from SMA50"} <= texts
    assert {"entry", "exit"} <= texts
    assert "scale out" not in texts
    assert chart.bars.height == chart.indicators.height == 100


def test_indicators_come_from_all_bars_and_not_only_those_shown():
    chart = charted(_bars(), NO_ACTIONS, NO_SIGNALS, name="IBM", session=LAST, sessions=20)
    assert chart.indicators["sma_200"].null_count() == 0


def test_bars_after_the_session_are_not_looked_at():
    before = dt.date(2026, 11, 13)
    chart = charted(_bars(), NO_ACTIONS, NO_SIGNALS, name="IBM", session=before)
    assert chart.bars["session"].max() == before


def test_prices_before_a_split_are_in_the_basis_of_the_last_session():
    split = pl.DataFrame(
        [{"instrument_id": 1, "ex_date": dt.date(2026, 11, 16), "ratio": 2.0}],
        schema=schema_of(PriceActions),
    )
    chart = charted(_bars(), split, NO_SIGNALS, name="IBM", session=LAST)
    as_traded = _bars().tail(150)
    before = pl.col("session") < dt.date(2026, 11, 16)
    assert chart.bars.filter(before)["close"].to_list() == pytest.approx(
        (as_traded.filter(before)["close"] / 2).to_list()
    )


def test_a_png_is_a_picture_with_more_than_one_colour():
    chart = charted(_bars(), NO_ACTIONS, SIGNALS, name="IBM", session=LAST)
    pixels = image.imread(io.BytesIO(chart.drawn("png")), format="png")
    assert pixels.shape[:2] == (825, 1210)
    assert len(np.unique(pixels.reshape(-1, pixels.shape[2]), axis=0)) > 10


@pytest.mark.parametrize("count", [1, 2, 30])
def test_a_young_instrument_is_drawn_without_what_is_not_known_yet(count):
    chart = charted(_bars(count), NO_ACTIONS, NO_SIGNALS, name="NEW", session=LAST)
    assert chart.drawn("png")


def test_the_same_rows_give_the_same_picture():
    charts = [charted(_bars(), NO_ACTIONS, SIGNALS, name="IBM", session=LAST) for _ in range(2)]
    assert charts[0].drawn("svg") == charts[1].drawn("svg")


def test_no_bar_at_all_is_an_error_that_says_until_when():
    with pytest.raises(SettingsError, match="IBM has no bar up to 1999-01-04"):
        charted(_bars(), NO_ACTIONS, NO_SIGNALS, name="IBM", session=dt.date(1999, 1, 4))


def test_the_sample_is_of_the_first_instrument_with_a_bar_of_the_session():
    old = _bars(instrument_id=1).filter(pl.col("session") < LAST)
    picture = sample_picture(pl.concat([old, _bars(instrument_id=2)]), NO_ACTIONS, LAST)
    assert picture is not None
    assert picture.startswith("![instrument 2 · 2026-11-20")
    assert "](data:image/png;base64,iVBOR" in picture
    assert sample_picture(old, NO_ACTIONS, LAST) is None
