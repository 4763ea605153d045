import datetime as dt
import json
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import polars as pl
import pytest

from quantmatrix_adapters.providers.sample import SampleProvider
from quantmatrix_engine.indicators.base import Spec
from quantmatrix_engine.indicators.compute import compute
from quantmatrix_engine.strategies.base import Kind, Run, read_params
from quantmatrix_engine.strategies.evaluate import (
    Evaluation,
    default_runs,
    evaluate,
    evaluate_sessions,
    specs,
)

SESSION = dt.date(2024, 1, 3)
NOTHING_QUARANTINED = pl.DataFrame(schema={"instrument_id": pl.Int64, "rule": pl.String})


@pytest.fixture(scope="session")
def evaluated() -> Callable[..., Evaluation]:
    """Evaluates runs over rows of indicators, every run over every row, as one session."""

    def make(runs: list[Run], indicators: pl.DataFrame) -> Evaluation:
        strategies = pl.DataFrame(
            {"strategy_id": [run.strategy_id for run in runs]}, schema={"strategy_id": pl.Int64}
        )
        traded = indicators.select("instrument_id", last_session=pl.lit(SESSION))
        pairs = strategies.join(traded, how="cross")
        of_session = indicators.drop("session", strict=False)
        return evaluate(runs, pairs, of_session, session=SESSION, quarantined=NOTHING_QUARANTINED)

    return make


@pytest.fixture(scope="session")
def evaluated_sessions() -> Callable[..., Evaluation]:
    """Evaluates runs over rows of indicators of many sessions, every run over every row."""

    def make(runs: list[Run], indicators: pl.DataFrame) -> Evaluation:
        strategies = pl.DataFrame(
            {"strategy_id": [run.strategy_id for run in runs]}, schema={"strategy_id": pl.Int64}
        )
        traded = indicators.select("instrument_id", "session", last_session="session")
        pairs = strategies.join(traded, how="cross")
        refused = NOTHING_QUARANTINED.with_columns(session=pl.lit(None, dtype=pl.Date))
        return evaluate_sessions(runs, pairs, indicators, quarantined=refused)

    return make


@pytest.fixture(scope="session")
def said(evaluated) -> Callable[..., list[dict[str, Any]]]:
    """Gives what a kind says of rows of facts, one instrument each, with its trace as objects.

    Facts are `price` and every name of the kind's sources.
    """

    def say(kind: Kind, facts: Iterable[dict[str, Any]], **params: Any) -> list[dict[str, Any]]:
        run = Run(1, kind, read_params(kind, params))
        sources = kind.sources(run.params)
        rows = [
            {"instrument_id": number, "close": fact["price"]}
            | {source.column: fact[name] for name, source in sources.items()}
            for number, fact in enumerate(facts, start=1)
        ]
        floats = {source.column: pl.Float64 for source in sources.values()}
        schema = {"instrument_id": pl.Int64, "close": pl.Float64} | floats
        signals = evaluated([run], pl.DataFrame(rows, schema=schema)).signals
        return [signal | {"trace": json.loads(signal["trace"])} for signal in signals.to_dicts()]

    return say


@pytest.fixture(scope="session")
def walks() -> pl.DataFrame:
    """Bars of twelve seeded random walks of 600 dates: rising, falling, calm and wild ones."""
    random = np.random.default_rng(20240103)
    height, first = 600, dt.date(2022, 1, 1)
    walks = []
    for number in range(1, 13):
        move_ratio = 0.003 * (number % 6 + 1)
        drift_ratio = 0.0012 * (-1) ** number
        close = 50 * np.exp(np.cumsum(random.normal(drift_ratio, move_ratio, height)))
        dates = pl.date_range(first, first + dt.timedelta(days=height - 1), eager=True)
        walks.append(
            pl.DataFrame(
                {
                    "instrument_id": np.full(height, number),
                    "session": dates,
                    "open": close,
                    "high": close * (1 + move_ratio * random.random(height)),
                    "low": close * (1 - move_ratio * random.random(height)),
                    "close": close,
                    "volume": np.round(1_000 * np.exp(random.normal(0.0, 0.5, height))),
                    "benchmark_close": 300 * np.exp(np.cumsum(random.normal(0.0, 0.01, height))),
                }
            )
        )
    return pl.concat(walks)


@pytest.fixture(scope="session")
def history(walks) -> Callable[[Iterable[Spec]], pl.DataFrame]:
    """Gives indicators of the walks' dates from the 60th on, each row an instrument of its own."""

    def rows(specs: Iterable[Spec]) -> pl.DataFrame:
        late = pl.int_range(pl.len()).over("instrument_id") >= 60
        return compute(walks, specs).filter(late).with_columns(instrument_id=pl.int_range(pl.len()))

    return rows


@pytest.fixture(scope="session")
def real_bars() -> pl.DataFrame:
    """Bars of five real stocks, each beside the close of the one with the lowest id."""
    bars = _sample_bars()
    first = bars.filter(pl.col("instrument_id") == pl.col("instrument_id").min())
    benchmark = first.select("session", benchmark_close="close")
    return bars.join(benchmark, on="session", how="left")


@pytest.fixture(scope="session")
def real_holdings(evaluated_sessions) -> pl.DataFrame:
    """What the defaults say of five real stocks on 250 sessions.

    `holding` counts the times the close has come to or above its 50-session mean, so the session
    below that ends a holding bears the number of what it ends.
    """
    close, mean = pl.col("close"), pl.col("close").rolling_mean(50)
    since = close >= mean
    bars = _sample_bars().with_columns(
        holding=(since & ~since.shift(fill_value=False)).cum_sum().over("instrument_id")
    )
    runs = [run for run in default_runs() if run.kind.name == "atr_matrix"]
    values = compute(bars, specs(runs)).join(
        bars.select("instrument_id", "session", "symbol", "holding"),
        on=["instrument_id", "session"],
    )
    sessions = values["session"].unique().sort().tail(250)
    days = values.filter(pl.col("session").is_in(sessions.to_list()))
    of_days = days.select("instrument_id", "symbol", "holding", "session")
    found = evaluated_sessions(runs, days.drop("symbol", "holding")).signals
    return found.join(of_days, on=["instrument_id", "session"])


def _sample_bars() -> pl.DataFrame:
    provider = SampleProvider()
    bars = provider.daily_bars(
        *provider.sessions(), known_at=dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    )
    return bars.bars.with_columns(instrument_id=pl.col("symbol").rank("dense").cast(pl.Int64)).sort(
        "instrument_id", "session"
    )
