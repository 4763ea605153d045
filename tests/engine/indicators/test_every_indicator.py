"""The laws of the folder: what every indicator keeps, whatever it measures."""

import datetime as dt
from collections.abc import Callable
from itertools import product
from string import Formatter
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from quantmatrix_engine.indicators.base import TOLERANCE, Spec, available, spec
from quantmatrix_engine.indicators.compute import compute, fill
from quantmatrix_engine.indicators.plan import plan

MakeBars = Callable[..., pl.DataFrame]
SETTINGS = ({"average": 20, "window": 14}, {"average": 60, "window": 5})


def _with(name: str, settings: dict[str, int]) -> Spec:
    known = {param.name for param in available()[name].params}
    return spec(name, **{key: value for key, value in settings.items() if key in known})


def _shortest(name: str) -> Spec | None:
    """Gives the indicator with the least of every param, if these go together."""
    declared = available()[name]
    least = {
        param.name: int(param.least) if param.whole else param.least for param in declared.params
    }
    return None if declared.refusal(*least.values()) else spec(name, **least)


DEFAULTS = {spec(name) for name in available()}
SPECS = sorted(DEFAULTS | {_with(name, settings) for name in available() for settings in SETTINGS})
SHORTEST_SPECS = sorted(one for name in available() for one in [_shortest(name)] if one)


def _named(asked: Spec) -> str:
    return asked.columns()[0]


every_spec = pytest.mark.parametrize("asked", SPECS, ids=_named)
every_spec_and_the_shortest = pytest.mark.parametrize(
    "asked", sorted({*SPECS, *SHORTEST_SPECS}), ids=_named
)
every_indicator = pytest.mark.parametrize("name", available())


@every_spec_and_the_shortest
@pytest.mark.parametrize("height", [1, 13, 14, 61, 199, 200, 1_111])
def test_cutting_the_future_changes_nothing(asked, height, market):
    known = pl.int_range(pl.len()).over("instrument_id") < height
    of_all = compute(market, [asked]).filter(known)
    assert_frame_equal(compute(market.filter(known), [asked]), of_all, check_exact=True)


@every_spec_and_the_shortest
@pytest.mark.parametrize("newest", [1, 2, 40, 700])
def test_the_newest_rows_alone_are_those_of_all_rows_to_the_last_bit(asked, newest, market):
    """What an indicator says it reaches back over is all that its kernel is given for them."""
    sessions = market.get_column("session").unique().sort()
    since = sessions[-newest]
    of_all = compute(market, [asked]).filter(pl.col("session") >= since)
    assert_frame_equal(compute(market, [asked], since=since), of_all, check_exact=True)


@pytest.mark.parametrize("asked", [one for one in SPECS if one.lookback() is not None], ids=_named)
@pytest.mark.parametrize("start", [1, 2, 57, 300])
def test_history_before_the_lookback_changes_a_row_by_less_than_the_tolerance(asked, start, market):
    reach = asked.lookback()
    row = pl.int_range(pl.len()).over("instrument_id")
    first = start + reach
    of_all = compute(market, [asked]).filter(row >= first)
    of_rest = compute(market.filter(row >= start), [asked]).filter(row >= first - start)
    assert of_all.height > 0
    assert_frame_equal(of_rest, of_all, rel_tol=TOLERANCE, abs_tol=1e-9)


@pytest.mark.parametrize("asked", [one for one in SPECS if one.lookback() is None], ids=_named)
@pytest.mark.parametrize("start", [1, 57, 300])
def test_of_a_running_total_an_earlier_start_changes_the_level_and_no_step(asked, start, market):
    row = pl.int_range(pl.len()).over("instrument_id")
    steps = [pl.col(name).diff().over("instrument_id") for name in asked.columns()]
    of_all = compute(market, [asked]).filter(row >= start).select(steps)
    of_rest = compute(market.filter(row >= start), [asked]).select(steps)
    assert_frame_equal(of_rest, of_all, rel_tol=TOLERANCE, abs_tol=1e-6)


@every_spec_and_the_shortest
def test_an_instrument_is_computed_as_if_it_were_alone(asked, market):
    together = compute(market, [asked])
    for (instrument_id,), alone in market.partition_by("instrument_id", as_dict=True).items():
        of_it = together.filter(pl.col("instrument_id") == instrument_id)
        assert_frame_equal(compute(alone, [asked]), of_it, check_exact=True)


@every_spec
def test_the_order_of_the_bars_does_not_matter(asked, market):
    shuffled = market.sample(fraction=1.0, shuffle=True, seed=5)
    assert_frame_equal(compute(shuffled, [asked]), compute(market, [asked]), check_exact=True)


@every_spec_and_the_shortest
@pytest.mark.parametrize("height", [0, 1, 2, 3])
def test_few_bars_give_as_many_rows_with_every_column(asked, height, market):
    result = compute(market.filter(pl.col("instrument_id") == 7).head(height), [asked])
    assert result.height == height
    assert result.columns == ["instrument_id", "session", "close", *asked.columns()]
    assert set(result.select(asked.columns()).dtypes) == {pl.Float64}


@every_spec_and_the_shortest
@pytest.mark.parametrize("price", [1.0, 33.3, 1e-4, 1e9])
def test_prices_that_never_move_give_no_nan_and_no_infinity(asked, price, bars: MakeBars):
    result = compute(bars([price] * 300), [asked])
    for column in result.select(asked.columns()):
        assert column.drop_nulls().is_finite().all()


@every_spec_and_the_shortest
def test_a_price_that_stops_moving_gives_no_nan_and_no_infinity(asked, market):
    stopped = market.with_columns(pl.col("high", "low", "close").last().over("instrument_id"))
    result = compute(_then(market, stopped), [asked])
    for column in result.select(asked.columns()):
        assert column.drop_nulls().is_finite().all()


def _then(market: pl.DataFrame, later: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([market, later.with_columns(pl.col("session").dt.offset_by("10y"))])


@every_spec_and_the_shortest
def test_doubling_every_price_doubles_a_column_or_leaves_it(asked, market):
    doubled = market.with_columns(pl.col("open", "high", "low", "close") * 2.0)
    before, after = compute(market, [asked]), compute(doubled, [asked])
    for name in asked.columns():
        assert after[name].equals(before[name]) or after[name].equals(before[name] * 2.0)


@every_spec_and_the_shortest
def test_the_bars_are_left_as_they_are(asked, market):
    copy = market.clone()
    compute(market, [asked])
    assert_frame_equal(market, copy, check_exact=True)


@every_spec_and_the_shortest
def test_every_cell_is_written(asked, market):
    untouched = -12345.678
    rows = market.filter(pl.col("instrument_id") == 7).head(250)
    wanted = plan([asked])
    series = {name: rows[name].to_physical().cast(pl.Float64).to_numpy() for name in wanted.inputs}
    outs = {name: np.full(250, untouched) for name in wanted.columns}
    fill(wanted, series, np.array([0, 90, 91, 250]), outs)
    assert all((out != untouched).all() for out in outs.values())


@every_spec
def test_a_bar_with_a_null_counts_as_no_bar(asked, market):
    row = pl.int_range(pl.len()).over("instrument_id")
    holed = market.with_columns(
        pl.when((row % 97 != 40) | (pl.col("instrument_id") == 3)).then(pl.col(name)).alias(name)
        for name in ("open", "high", "low", "close", "volume")
    )
    result = compute(holed, [asked])
    assert result.height == market.height
    expected = compute(holed.drop_nulls(), [asked])
    kept = result.join(expected, on=["instrument_id", "session"], how="semi")
    assert_frame_equal(kept, expected, check_exact=True)
    left_out = result.join(expected, on=["instrument_id", "session"], how="anti")
    assert left_out.height == 2 * 28
    assert left_out.select(pl.all_horizontal(pl.col(asked.columns()).is_null().all())).item()


@every_indicator
def test_an_indicator_bears_the_name_of_its_module(name):
    assert available()[name].name == name


@every_indicator
def test_every_column_is_named_for_all_params_and_described(name):
    indicator = available()[name]
    assert len(indicator.descriptions) == len(indicator.outputs)
    assert all(text.endswith(".") for text in indicator.descriptions)
    for template in indicator.outputs:
        assert _placeholders(template) == {param.name for param in indicator.params}
    for text in indicator.descriptions:
        assert _placeholders(text) <= {param.name for param in indicator.params}


def _placeholders(template: str) -> set[str]:
    return {field for _, field, _, _ in Formatter().parse(template) if field is not None}


def test_no_two_specs_share_a_column():
    columns = [name for asked in {*SPECS, *SHORTEST_SPECS} for name in asked.columns()]
    assert len(columns) == len(set(columns))


# The same laws on markets that hypothesis draws: ties, flat stretches, trends, gaps, bars without
# volume, days without bars. All indicators at once; those that need 200 bars are null here.


class Run(NamedTuple):
    """Bars that all move alike: by `move_pct` of the close, with such shadows and such a volume."""

    move_pct: float
    shadow_pct: float
    volume: float
    bars: int
    days_apart: int


RUNS = tuple(
    Run(*one)
    for one in product((0, 0, 0.3, -0.3, 4, -4, 35, -30), (0, 1), (0, 100, 1e7), (1, 3, 14), (1, 4))
)
FIRST_CLOSES = (0.37, 10.0, 33.3, 250.0, 612_345.0)
MOST_BARS = 80
SHORT = {_with(name, {"average": 4, "window": 3}) for name in available()}
ALL = sorted({*SPECS, *SHORTEST_SPECS, *SHORT})
COLUMNS = [name for asked in ALL for name in asked.columns()]
on_drawn_markets = settings(max_examples=30, deadline=None, derandomize=True)


def _in_cents(price: float) -> float:
    return max(round(price, 2), 0.01)


def _bars_of(instrument_id: int, close: float, runs: list[Run]) -> pl.DataFrame:
    """Gives the bars of the runs: a price in cents, a range that holds open and close."""
    rows, session = [], dt.date(2019, 12, 2)
    for run in (one for one in runs for _ in range(one.bars)):
        before, close = close, _in_cents(close * (1 + run.move_pct / 100))
        # A large move is a gap: the bar does not reach back to the close before it.
        low, high = sorted((before, close)) if abs(run.move_pct) < 10 else (close, close)
        shadow = 1 + run.shadow_pct / 100
        low, high = _in_cents(low / shadow), _in_cents(high * shadow)
        opened = min(max(before, low), high)
        benchmark = None if len(rows) % 13 == 5 else 300.0 + len(rows) % 7
        rows.append((instrument_id, session, opened, high, low, close, run.volume, benchmark))
        session += dt.timedelta(days=run.days_apart)
    types = dict.fromkeys(("open", "high", "low", "close", "volume", "benchmark_close"), pl.Float64)
    schema = {"instrument_id": pl.Int64, "session": pl.Date, **types}
    return pl.DataFrame(rows[:MOST_BARS], schema=schema, orient="row")


instruments = st.tuples(
    st.sampled_from(FIRST_CLOSES), st.lists(st.sampled_from(RUNS), min_size=1, max_size=25)
)
markets = st.lists(instruments, min_size=1, max_size=3).map(
    lambda drawn: pl.concat(_bars_of(number, *one) for number, one in enumerate(drawn, start=1))
)


@on_drawn_markets
@given(markets, st.integers(0, MOST_BARS))
def test_cutting_the_future_of_a_drawn_market_changes_nothing(drawn, height):
    known = pl.int_range(pl.len()).over("instrument_id") < height
    of_all = compute(drawn, ALL).filter(known)
    assert_frame_equal(compute(drawn.filter(known), ALL), of_all, check_exact=True)


@on_drawn_markets
@given(markets)
def test_an_instrument_of_a_drawn_market_is_computed_as_if_it_were_alone(drawn):
    alone = [compute(one, ALL) for one in drawn.partition_by("instrument_id")]
    assert_frame_equal(pl.concat(alone), compute(drawn, ALL), check_exact=True)


@on_drawn_markets
@given(markets, st.integers(0, 9))
def test_the_order_of_the_bars_of_a_drawn_market_does_not_matter(drawn, seed):
    shuffled = drawn.sample(fraction=1.0, shuffle=True, seed=seed)
    assert_frame_equal(compute(shuffled, ALL), compute(drawn, ALL), check_exact=True)


@on_drawn_markets
@given(markets, st.sampled_from([0.125, 2.0, 1024.0]))
def test_scaling_the_prices_of_a_drawn_market_scales_a_column_or_leaves_it(drawn, factor):
    scaled = drawn.with_columns(pl.col("open", "high", "low", "close") * factor)
    before, after = compute(drawn, ALL), compute(scaled, ALL)
    for name in COLUMNS:
        assert after[name].equals(before[name]) or after[name].equals(before[name] * factor), name


@on_drawn_markets
@given(markets)
def test_a_drawn_market_gives_a_row_for_every_bar_no_nan_and_no_infinity(drawn):
    result = compute(drawn, ALL)
    assert result["session"].equals(drawn["session"])
    for column in result.select(COLUMNS):
        assert column.drop_nulls().is_finite().all(), column.name


@on_drawn_markets
@given(markets, st.data())
def test_a_bar_of_a_drawn_market_with_a_null_counts_as_no_bar(drawn, data):
    holes = data.draw(st.lists(st.booleans(), min_size=drawn.height, max_size=drawn.height))
    bar = pl.col("open", "high", "low", "close", "volume")
    holed = drawn.with_columns(pl.when(~pl.Series(holes)).then(bar))
    kept = holed.drop_nulls("close")
    result = compute(holed, ALL)
    assert result.height == drawn.height
    of_kept = result.join(kept, on=["instrument_id", "session"], how="semi")
    assert_frame_equal(of_kept, compute(kept, ALL), check_exact=True)
