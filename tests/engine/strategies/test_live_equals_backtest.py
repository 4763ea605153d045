"""A year of real bars judged at once says what its sessions said one by one, as they came."""

import datetime as dt

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantmatrix_engine.indicators.sessions import of_sessions
from quantmatrix_engine.strategies.base import Run, read_params
from quantmatrix_engine.strategies.evaluate import (
    default_runs,
    evaluate,
    evaluate_sessions,
    kinds,
    specs,
)

# TQQQ and SQQQ split in the year (2 for 1, and 1 for 4), on 2017-01-12.
SYMBOLS = ("AAPL", "AMD", "BAC", "F", "KO", "NVDA", "SQQQ", "TQQQ", "X", "XOM")
SPLITS = {"TQQQ": 2.0, "SQQQ": 0.25}
KNOWN = dt.datetime(2017, 4, 1, tzinfo=dt.UTC)
NOBODY = pl.DataFrame(schema={"instrument_id": pl.Int64, "session": pl.Date, "rule": pl.String})
MORE = [
    ("atr_matrix", {"atr_period": 10, "entry_max_atr_distance": 2.5}),
    ("mean_reversion", {"max_rsi": 25, "exit_average": 8}),
    ("custom", {"entry": "close > donchian_middle(50) and rsi(2) < 20 or ma_aligned > 0"}),
]


@pytest.fixture(scope="module")
def bars(shared_data) -> pl.DataFrame:
    read = pl.read_parquet(shared_data / "ohlcv" / "pystock_us_daily_2015_2017.parquet")
    ids = {symbol: number for number, symbol in enumerate(SYMBOLS, start=1)}
    chosen = read.filter(pl.col("symbol").is_in(SYMBOLS)).select(
        pl.col("symbol").replace_strict(ids, return_dtype=pl.Int64).alias("instrument_id"),
        pl.lit("pystock").alias("provider"),
        pl.col("date").alias("session"),
        "open",
        "high",
        "low",
        "close",
        pl.col("volume").cast(pl.Float64),
        pl.lit(KNOWN).cast(pl.Datetime("us", "UTC")).alias("known_at"),
    )
    market = chosen.filter(pl.col("instrument_id") == ids["XOM"])
    benchmark = market.select("session", benchmark_close="close")
    # Every 40th bar of KO is missing: what it is asked on those sessions is withheld.
    gap = (pl.col("instrument_id") == ids["KO"]) & (pl.int_range(pl.len()) % 40 == 0)
    return chosen.filter(~gap).join(benchmark, on="session", how="left")


@pytest.fixture(scope="module")
def actions() -> pl.DataFrame:
    rows = [
        (SYMBOLS.index(one) + 1, dt.date(2017, 1, 12), ratio, None) for one, ratio in SPLITS.items()
    ]
    schema = {
        "instrument_id": pl.Int64,
        "ex_date": pl.Date,
        "ratio": pl.Float64,
        "amount": pl.Float64,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def runs() -> list[Run]:
    known = kinds()
    more = [Run(0, known[name], read_params(known[name], params)) for name, params in MORE]
    return [
        Run(number, run.kind, run.params)
        for number, run in enumerate([*default_runs(), *more], start=1)
    ]


def pairs_of(asked: list[Run], bars: pl.DataFrame, sessions: list[dt.date]) -> pl.DataFrame:
    """Every run, instrument and session, with the last session the instrument has a bar of."""
    strategies = pl.DataFrame({"strategy_id": [run.strategy_id for run in asked]})
    instruments = bars.select("instrument_id").unique()
    dates = pl.DataFrame({"session": sessions})
    seen = bars.select("instrument_id", "session", last_session="session").sort("session")
    every = dates.join(instruments, how="cross").sort("session")
    return strategies.join(
        every.join_asof(seen, on="session", by="instrument_id", check_sortedness=False),
        how="cross",
    )


def test_a_year_judged_at_once_says_what_each_session_said_alone(bars, actions):
    asked = runs()
    needed = specs(asked)
    sessions = bars["session"].unique().sort().tail(252).to_list()
    pairs = pairs_of(asked, bars, sessions)
    values = of_sessions(bars, needed, first=sessions[0], last=sessions[-1], actions=actions)
    at_once = evaluate_sessions(asked, pairs, values, quarantined=NOBODY)

    daily, looked_at = [], sessions[::2]
    for session in looked_at:
        until = bars.filter(pl.col("session") <= session)
        known = actions.filter(pl.col("ex_date") <= session)
        of_session = of_sessions(until, needed, first=session, last=session, actions=known)
        live = evaluate(
            asked,
            pairs.filter(pl.col("session") == session).drop("session"),
            of_session,
            session=session,
            quarantined=NOBODY,
        )
        daily.append((session, live))

    for name in ("signals", "withheld"):
        one_by_one = pl.concat(
            getattr(live, name).select(pl.lit(session).alias("session"), pl.all())
            for session, live in daily
        )
        judged = getattr(at_once, name).filter(pl.col("session").is_in(looked_at))
        assert_frame_equal(judged, one_by_one, check_exact=True)
    said = at_once.signals.group_by("strategy_id").len().height
    assert said == len(asked)
    assert set(at_once.withheld["reason"]) == {"no_bar"}


def test_sessions_judged_at_once_withhold_what_was_refused_on_the_session_alone():
    run = Run(1, kinds()["custom"], read_params(kinds()["custom"], CLOSE_ALONE))
    dates = [dt.date(2024, 1, 2), dt.date(2024, 1, 3)]
    pairs = pl.DataFrame({"strategy_id": 1, "instrument_id": 9, "session": dates}).with_columns(
        pl.col("strategy_id", "instrument_id").cast(pl.Int64), last_session=pl.lit(dates[0])
    )
    values = pl.DataFrame({"instrument_id": [9], "session": dates[:1], "close": [10.0]})
    refused = pl.DataFrame(
        {"instrument_id": [9, 9], "session": dates, "rule": ["duplicate_key", "null_price"]}
    )
    found = evaluate_sessions([run], pairs, values, quarantined=refused)
    assert found.signals.select("session", "instrument_id", "action").rows() == [
        (dates[0], 9, "entry")
    ]
    assert found.withheld.rows() == [
        (dates[1], 1, 9, "quarantined_bar", "bar of 2024-01-03 refused: null_price")
    ]


CLOSE_ALONE = {
    "entry": "close > 1",
    "exit": "close < 1",
    "stop": "close - 1",
    "targets": ["close + 1"],
}
