# ruff: noqa: ARG001 (what is planted takes the same arguments each)
"""Five strategies that look ahead, each in a way of its own, are caught; those we have are not."""

import datetime as dt
from collections.abc import Mapping

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantmatrix_engine.contracts.corporate_actions import PriceActions
from quantmatrix_engine.indicators.base import Indicator, Param, Series, Spec, kernel
from quantmatrix_engine.indicators.sessions import look_ahead as indicators_look_ahead
from quantmatrix_engine.strategies.base import Kind, Params, Run, Source
from quantmatrix_engine.strategies.evaluate import default_runs, representatives
from quantmatrix_engine.strategies.look_ahead import look_ahead
from quantmatrix_engine.strategies.pairs import Pairs
from quantmatrix_engine.strategies.trace import Rule, as_json, strength
from quantmatrix_engine.strategies.trades import entries, with_risk_reward

KNOWN = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
NO_ACTIONS = pl.DataFrame(
    schema={name: one.dtype.type for name, one in PriceActions.to_schema().columns.items()}
)


@kernel
def tomorrows_close(close: Series, volume: Series, window: int, out: Series) -> None:
    out[-1] = close[-1]
    out[:-1] = close[1:]


@kernel
def centred_mean(close: Series, volume: Series, window: int, out: Series) -> None:
    for row in range(close.size):
        out[row] = close[max(0, row - window) : row + window + 1].mean()


@kernel
def half_the_maximum_of_all_history(
    close: Series, volume: Series, window: int, out: Series
) -> None:
    out[:] = close.max() * 0.5


@kernel
def filled_from_the_next_traded(close: Series, volume: Series, window: int, out: Series) -> None:
    following = close[-1]
    for row in range(close.size - 1, -1, -1):
        if volume[row] > 0.0:
            following = close[row]
        out[row] = following * 0.999 if volume[row] > 0.0 else following


@kernel
def low_before_it_is_confirmed(close: Series, volume: Series, window: int, out: Series) -> None:
    for row in range(close.size):
        is_low = close[row] <= close[max(0, row - window) : row + window + 1].min()
        out[row] = close[row] * (0.9 if is_low else 1.1)


PLANTED = {
    planted.__name__: planted
    for planted in (
        tomorrows_close,
        centred_mean,
        half_the_maximum_of_all_history,
        filled_from_the_next_traded,
        low_before_it_is_confirmed,
    )
}


class PlantedSpec(Spec):
    """A spec of an indicator that no registry has."""

    def declared(self) -> Indicator:
        return Indicator(
            name=self.indicator,
            params=(Param("window", default=3),),
            inputs=("close", "volume"),
            outputs=(self.indicator,),
            descriptions=("From the future.",),
            kernel=PLANTED[self.indicator],
            lookback=lambda window: window,
        )


def decide(pairs: Pairs) -> pl.LazyFrame:
    price = pl.col("price")
    levelled = pairs.frame().with_columns(
        stop=price * 0.9,
        target_1=price * 1.2,
        target_2=pl.lit(None, pl.Float64),
        target_3=pl.lit(None, pl.Float64),
    )
    rules = [Rule("above", price, ">", pl.col("planted"), label="close, what is planted")]
    return entries(
        with_risk_reward(levelled),
        rules,
        strength=strength(rules),
        trace=as_json(rules),
        size_pct=pl.lit(5.0),
        min_strength=pl.lit(0.0),
        valid_sessions=pl.lit(1),
    )


def planted(name: str) -> Run:
    def sources(params: Params) -> Mapping[str, Source]:
        return {"planted": Source(PlantedSpec(name, (("window", 3),)), name)}

    kind = Kind(name, name, 1, Params, sources, ("planted",), decide)
    return Run(0, kind, Params())


@pytest.fixture(scope="module")
def cut(walks) -> dict:
    """Bars that trade on most days, and three sessions to cut them at, the last the one before."""
    bars = walks.with_columns(
        provider=pl.lit("sample"),
        known_at=pl.lit(KNOWN).cast(pl.Datetime("us", "UTC")),
        volume=pl.when(pl.int_range(pl.len()) % 3 > 0).then("volume").otherwise(0.0),
    )
    sessions = bars["session"].unique().sort()
    return {
        "bars": bars,
        "sessions": [sessions[-21], sessions[-6], sessions[-2]],
        "until": sessions[-1],
        "actions": NO_ACTIONS,
    }


@pytest.mark.parametrize("name", PLANTED)
def test_a_strategy_that_looks_ahead_is_caught(name, cut):
    found = look_ahead([planted(name)], **cut)
    assert found.height > 0
    assert found["kind"].unique().to_list() == [name]
    assert found["session"].is_in(cut["sessions"]).all()
    # All sessions together are what each is alone.
    alone = [look_ahead([planted(name)], **cut | {"sessions": [one]}) for one in cut["sessions"]]
    assert_frame_equal(found, pl.concat(alone))


@pytest.mark.parametrize("name", PLANTED)
def test_an_indicator_that_looks_ahead_is_caught(name, cut):
    (session, *_), rest = cut["sessions"], {key: cut[key] for key in ("until", "actions")}
    asked = [PlantedSpec(name, (("window", 3),))]
    assert indicators_look_ahead(cut["bars"], asked, session=session, **rest).height > 0


@pytest.mark.parametrize("run", representatives(default_runs()), ids=lambda run: run.kind.name)
def test_no_kind_there_is_looks_ahead(run, cut):
    assert look_ahead([run], **cut).is_empty()


def test_what_is_told_is_what_differs():
    dates = [dt.date(2026, 11, day) for day in (2, 3, 4)]
    bars = pl.DataFrame(
        {
            "instrument_id": 7,
            "provider": "sample",
            "session": dates,
            "close": [10.0, 11.0, 9.0],
            "volume": 1.0,
            "known_at": KNOWN,
        }
    ).with_columns(
        pl.col("known_at").cast(pl.Datetime("us", "UTC")),
        pl.col("instrument_id").cast(pl.Int64),
        open="close",
        high="close",
        low="close",
    )
    # On the 3rd, tomorrow's close of 9 is below 11; without it the close stands in for it.
    found = look_ahead(
        [planted("tomorrows_close")],
        bars,
        sessions=[dates[1]],
        until=dates[2],
        actions=NO_ACTIONS,
    )
    (row,) = found.iter_rows(named=True)
    assert (row["kind"], row["session"], row["instrument_id"]) == (
        "tomorrows_close",
        dates[1],
        7,
    )
    assert '"action":"entry"' in row["with_later_bars"]
    assert row["without"] is None


def test_of_many_runs_one_for_each_kind_and_set_of_columns_is_looked_at():
    runs = default_runs()
    assert [run.kind.name for run in representatives([*runs, *runs])] == [
        run.kind.name for run in runs
    ]
    assert [run.strategy_id for run in representatives(runs)] == list(range(len(runs)))


def test_the_bars_have_gaps_at_the_cuts(cut):
    at_cut = cut["bars"].filter(pl.col("session").is_in(cut["sessions"]))
    assert np.any(at_cut["volume"].to_numpy() == 0.0)
