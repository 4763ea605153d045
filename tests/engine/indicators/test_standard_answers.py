"""Standard indicators no library has in our form, and what they give where nothing moves."""

import math

import polars as pl
import pytest

from quantmatrix_engine.errors import ParamsError
from quantmatrix_engine.indicators.base import Spec, spec
from quantmatrix_engine.indicators.compute import compute


def _values(bars: pl.DataFrame, asked: Spec) -> list[list[float | None]]:
    result = compute(bars, [asked])
    return [result[name].to_list() for name in asked.columns()]


def _approx(*values: float | None) -> list[object]:
    return [None if value is None else pytest.approx(value, rel=1e-12) for value in values]


def test_relative_volume_compares_with_the_bars_before_the_row(bars):
    traded = bars([10.0] * 5, volume=[100, 300, 400, 0, 100])
    # 400 / 200, 0 / 350, 100 / 200.
    assert _values(traded, spec("relative_volume", window=2)) == [
        _approx(None, None, 2.0, 0.0, 0.5)
    ]


def test_relative_volume_is_null_where_nothing_was_traded_before(bars):
    traded = bars([10.0] * 4, volume=[0, 0, 50, 50])
    assert _values(traded, spec("relative_volume", window=2)) == [_approx(None, None, None, 2.0)]


def test_historical_volatility_is_a_years_worth_of_the_sample_deviation(bars):
    # Returns of ln 1.1 and -ln 1.1: mean 0, deviation of the sample ln 1.1 * sqrt 2.
    expected = math.log(1.1) * math.sqrt(2) * math.sqrt(252) * 100
    found = _values(bars([10.0, 11.0, 10.0]), spec("historical_volatility", window=2))
    assert found == [_approx(None, None, expected)]


def test_vwap_of_daily_bars_is_the_typical_price_and_null_without_volume(bars):
    daily = bars([9.0, 9.0], high=[12.0, 12.0], low=[6.0, 6.0], volume=[5, 0])
    assert _values(daily, spec("vwap")) == [[9.0, None]]


def test_obv_adds_the_volume_of_a_rise_and_takes_off_that_of_a_fall(bars):
    traded = bars([10, 11, 11, 10], volume=[5, 7, 100, 3])
    assert _values(traded, spec("obv")) == [[5.0, 12.0, 12.0, 9.0]]


def test_keltner_is_two_ranges_around_the_exponential_mean(bars):
    steady = bars([10.0] * 4, high=[11.0] * 4, low=[9.0] * 4)
    asked = spec("keltner", average=2, window=2, multiple=1.5)
    assert _values(steady, asked) == [
        [None, None, 13.0, 13.0],
        [None, None, 10.0, 10.0],
        [None, None, 7.0, 7.0],
    ]


def test_a_price_that_stands_still_has_no_place_between_its_bands(bars):
    upper, middle, lower, position, width = _values(bars([33.3] * 30), spec("bollinger"))
    assert upper[-1] == middle[-1] == lower[-1] == pytest.approx(33.3)
    assert (position[-1], width[-1]) == (None, 0.0)


@pytest.mark.parametrize("name", ["rsi", "directional_movement", "stochastic", "stochastic_rsi"])
def test_an_oscillator_of_a_price_that_stands_still_is_zero(name, bars):
    for column in _values(bars([33.3] * 80), spec(name)):
        assert column[-1] == 0.0


def test_an_oscillator_of_a_price_that_stopped_is_zero_and_not_rounding(bars):
    stopped = bars([50 + 3.7 * (row * 7 % 11) / 11 for row in range(60)] + [51.3] * 600)
    for name in ("stochastic", "stochastic_rsi"):
        for column in _values(stopped, spec(name)):
            assert column[-1] == 0.0


def test_macd_refuses_a_fast_mean_that_is_not_the_faster():
    with pytest.raises(ParamsError, match=r"fast=26, slow=12, smooth=9; fast must be less than"):
        spec("macd", fast=26, slow=12)
