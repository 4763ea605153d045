import datetime as dt

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantmatrix_engine.errors import ContractError
from quantmatrix_engine.strategies import portions
from quantmatrix_engine.strategies.atr_matrix import KIND
from quantmatrix_engine.strategies.base import Run, read_params
from quantmatrix_engine.strategies.evaluate import (
    default_runs,
    evaluate,
    kinds,
    prepare,
    specs,
)
from quantmatrix_engine.strategies.portions import Sources

SESSION = dt.date(2024, 1, 3)
DIFFERENT = [
    {},
    {"atr_period": 5},
    {"atr_period": 5, "scale_out_levels": [2, 3]},
    {"atr_period": 21, "entry_max_atr_distance": 2, "min_strength": 0.9},
    {"scale_out_levels": [1.5, 2, 2.5, 3, 3.5], "overextended_atr_distance": 4},
    {"min_risk_reward": 3.5, "target_atr_multiples": [6, 7, 8]},
]


def run(strategy_id=1, **params) -> Run:
    return Run(strategy_id, KIND, read_params(KIND, params))


@pytest.fixture
def ask(history):
    """Asks one run with defaults about `pairs` of (instrument_id, last_session)."""

    def asked(pairs, quarantined=(), change=lambda frame: frame):
        rows = history(specs([run()])).drop("session").tail(1)
        of_one = rows.with_columns(instrument_id=pl.lit(1))
        return evaluate(
            [run()],
            pl.DataFrame(
                [(1, *pair) for pair in pairs],
                schema={
                    "strategy_id": pl.Int64,
                    "instrument_id": pl.Int64,
                    "last_session": pl.Date,
                },
                orient="row",
            ),
            change(of_one),
            session=SESSION,
            quarantined=pl.DataFrame(
                quarantined, schema={"instrument_id": pl.Int64, "rule": pl.String}, orient="row"
            ),
        )

    return asked


def reasons(evaluation) -> list[tuple[int, str, str]]:
    return evaluation.withheld.select("instrument_id", "reason", "detail").rows()


def test_runs_with_different_params_are_evaluated_as_if_each_were_alone(history, evaluated):
    runs = [run(number, **params) for number, params in enumerate(DIFFERENT, start=1)]
    indicators = history(specs(runs))
    together = evaluated(runs, indicators)
    alone = [evaluated([one], indicators) for one in runs]
    assert all(one.signals.height > 0 for one in alone)
    assert_frame_equal(together.signals, pl.concat(one.signals for one in alone))
    assert_frame_equal(together.withheld, pl.concat(one.withheld for one in alone))


def test_runs_are_evaluated_in_portions_as_if_they_were_not(history, evaluated, monkeypatch):
    runs = [run(number, **params) for number, params in enumerate(DIFFERENT, start=1)]
    indicators = history(specs(runs))
    together = evaluated(runs, indicators)
    # A portion for each run, since a run has more pairs than this.
    monkeypatch.setattr(portions, "PAIRS_AT_ONCE", 10)
    apart = evaluated(runs, indicators)
    assert_frame_equal(apart.signals, together.signals)
    assert_frame_equal(apart.withheld, together.withheld)


def test_few_views_of_the_instruments_at_once_change_nothing(history, evaluated, monkeypatch):
    runs = [run(number, atr_period=10 + number % 3) for number in range(6)]
    indicators = history(specs(runs))
    together = evaluated(runs, indicators)
    assert together.signals.height > 0
    # One set of columns a portion.
    monkeypatch.setattr(portions, "VIEWS_AT_ONCE", 1)
    apart = evaluated(runs, indicators)
    assert_frame_equal(apart.signals, together.signals)
    assert_frame_equal(apart.withheld, together.withheld)


def test_another_set_of_columns_begins_a_portion_once_one_has_enough_of_them(monkeypatch):
    runs = [run(number, atr_period=10 + number // 2) for number in range(6)]
    pairs = pl.DataFrame({"strategy_id": [*range(6)] * 2})
    # Two instruments, so that two sets are four rows.
    monkeypatch.setattr(portions, "VIEWS_AT_ONCE", 4)
    found = portions.portions(runs, pairs, instruments=2)
    assert [[one.strategy_id for one in portion.runs] for portion in found] == [
        [0, 1, 2, 3],
        [4, 5],
    ]
    assert [portion.view_of_run for portion in found] == [(0, 0, 1, 1), (0, 0)]


@pytest.mark.parametrize("most", [portions.IDS_IN_A_TABLE, 0])
def test_ids_are_looked_up_wherever_they_are(most, monkeypatch):
    monkeypatch.setattr(portions, "IDS_IN_A_TABLE", most)
    asked = pl.Series([7, -3, 5, 12, 9, 2**62], dtype=pl.Int64)
    found = portions.looked_up(asked, pl.Series([9, 5, 7], dtype=pl.Int64))
    assert found.to_list() == [2, 3, 1, 3, 0, 3]
    assert portions.looked_up(asked, pl.Series([], dtype=pl.Int64)).to_list() == [0] * 6
    with pytest.raises(ContractError, match="Instrument 5 has several rows"):
        portions.looked_up(asked, pl.Series([5, 7, 5], dtype=pl.Int64))
    with pytest.raises(ContractError, match="An instrument_id is null"):
        portions.looked_up(pl.Series([7, None], dtype=pl.Int64), asked)


def test_pairs_of_strategies_may_come_mixed(history, evaluated):
    runs = [run(number, **params) for number, params in enumerate(DIFFERENT, start=1)]
    indicators = history(specs(runs)).head(200)
    in_turn = evaluated(runs, indicators)
    ids = pl.DataFrame(
        {"strategy_id": [one.strategy_id for one in runs]}, {"strategy_id": pl.Int64}
    )
    traded = indicators.select("instrument_id", last_session=pl.lit(SESSION))
    mixed = evaluate(
        runs,
        traded.join(ids, how="cross").select("strategy_id", "instrument_id", "last_session"),
        indicators.drop("session"),
        session=SESSION,
        quarantined=pl.DataFrame(schema={"instrument_id": pl.Int64, "rule": pl.String}),
    )
    assert mixed.signals.height > 0
    assert_frame_equal(mixed.signals, in_turn.signals)


def test_two_runs_of_one_strategy_are_an_error(history, evaluated):
    runs = [run(1), run(1, atr_period=5)]
    with pytest.raises(pl.exceptions.ComputeError, match="m:1"):
        evaluated(runs, history(specs(runs)))


def test_runs_of_one_kind_are_one_portion_whatever_their_windows():
    runs = [run(number, atr_period=10 + number) for number in range(6)]
    asked = {"strategy_id": range(6), "instrument": pl.Series([1] * 6, dtype=pl.UInt32)}
    (portion,) = portions.portions(runs, pl.DataFrame(asked), instruments=3)
    assert (len(portion.views), portion.view_of_run) == (6, (0, 1, 2, 3, 4, 5))
    ((own, instrument),) = portions.parted(pl.DataFrame(asked), [portion], instruments=3)
    assert own.tolist() == [0, 1, 2, 3, 4, 5]
    # The second of three instruments, in each of six views that follow one another.
    assert instrument.tolist() == [1, 4, 7, 10, 13, 16]


def test_another_atr_period_gives_another_atr_its_own_column():
    names = {column for one in specs([run(), run(2, atr_period=5)]) for column in one.columns()}
    assert {"atr_14", "atr_5", "holding_peak_50_14", "holding_peak_50_5", "sma_50"} <= names


def test_a_signal_is_valid_for_as_many_sessions_as_its_strategy_says(history, evaluated):
    # The session is a Wednesday; the fifth session after it is the next one, 10 January.
    runs = [run(1), run(2, valid_sessions=5)]
    signals = evaluated(runs, history(specs(runs))).signals
    is_entry = pl.col("action") == "entry"
    ends = dict(
        signals.filter(is_entry)
        .select("strategy_id", "valid_until")
        .unique()
        .sort("strategy_id")
        .rows()
    )
    assert ends == {1: dt.date(2024, 1, 4), 2: dt.date(2024, 1, 10)}
    others = signals.filter(~is_entry)["valid_until"].unique().to_list()
    assert others == [dt.date(2024, 1, 4)]


def test_specs_are_asked_for_once_each():
    assert specs([run(1), run(2), run(3, min_strength=0.9)]) == specs([run(1)])


@pytest.mark.parametrize("kind", kinds().values(), ids=lambda kind: kind.name)
def test_sources_found_out_once_are_those_of_each_run(kind):
    usual = kind.params().model_dump()
    windows = {
        name: [value, value + 1]
        for name, value in usual.items()
        if isinstance(value, int) and not isinstance(value, bool)
    }
    changes = [{name: one} for name, both in windows.items() for one in both]
    changes += [{"min_strength": 0.7}] if "min_strength" in usual else []
    changes += [{"entry": "rsi(9) < 20"}, {"entry": "rsi(9) < 25"}] if "entry" in usual else []
    runs = [Run(number, kind, read_params(kind, one)) for number, one in enumerate(changes)]
    asked = Sources()
    assert [asked.of(one) for one in runs] == [one.kind.sources(one.params) for one in runs]
    assert [asked.of(one) for one in runs] == [one.kind.sources(one.params) for one in runs]


def test_signals_come_sorted_and_only_of_the_pairs_asked(history, evaluated):
    runs = [run(2), run(1)]
    signals = evaluated(runs, history(specs(runs))).signals
    assert_frame_equal(signals, signals.sort("strategy_id", "instrument_id", "action", "level"))
    assert signals["strategy_id"].unique().sort().to_list() == [1, 2]


def test_an_instrument_without_a_bar_is_withheld_with_its_last_session(ask):
    pairs = [(1, SESSION), (2, dt.date(2024, 1, 2)), (3, None)]
    assert reasons(ask(pairs)) == [
        (2, "no_bar", "no bar of 2024-01-03; last bar 2024-01-02"),
        (3, "no_bar", "no bar of 2024-01-03; last bar unknown"),
    ]


def test_an_instrument_whose_bar_was_refused_is_withheld_with_the_rules(ask):
    broken = [(2, "null_price"), (2, "high_below_low"), (2, "null_price")]
    assert reasons(ask([(2, dt.date(2024, 1, 2))], quarantined=broken)) == [
        (2, "quarantined_bar", "bar of 2024-01-03 refused: high_below_low, null_price"),
    ]


def test_an_instrument_with_a_good_bar_is_judged_though_another_was_refused(ask):
    assert reasons(ask([(1, SESSION)], quarantined=[(1, "duplicate_key")])) == []


def test_a_missing_value_is_withheld_naming_what_is_missing(ask):
    unknown = pl.lit(None, dtype=pl.Float64)
    evaluation = ask(
        [(1, SESSION)], change=lambda frame: frame.with_columns(sma_50=unknown, atr_14=unknown)
    )
    assert evaluation.signals.is_empty()
    assert reasons(evaluation) == [
        (
            1,
            "missing_indicator",
            "no value of atr, sma_trend: too few bars, or a price that does not move",
        )
    ]


def test_a_missing_soft_value_withholds_nothing(ask):
    unknown = pl.lit(None, dtype=pl.Float64)
    assert reasons(ask([(1, SESSION)], change=lambda f: f.with_columns(ma_aligned=unknown))) == []


def test_a_column_nobody_computed_is_an_error_that_says_what_to_do(ask):
    with pytest.raises(ContractError) as missing:
        ask([(1, SESSION)], change=lambda frame: frame.drop("atr_14", "sma_50"))
    assert str(missing.value) == (
        "The indicators of this session lack atr_14, sma_50, which a strategy needs. "
        "Materialize the asset `indicators` of the session again, then `signals`."
    )


def test_indicators_of_another_session_are_not_looked_at(ask):
    later = pl.lit(dt.date(2024, 1, 4)).alias("session")
    with pytest.raises(ContractError, match="Indicators of 2024-01-04 were given to an evaluation"):
        ask([(1, SESSION)], change=lambda frame: frame.with_columns(later))


def test_strategies_that_cannot_be_read_stop_no_other():
    runs, errors = prepare(
        [
            (1, "atr_matrix", {}),
            (2, "atr_matrix", {"atr_period": 0}),
            (3, "atr_matrx", {}),
            (4, "atr_matrix", {"min_strength": 0.7}),
        ]
    )
    assert [(one.strategy_id, one.params.min_strength) for one in runs] == [(1, 0.5), (4, 0.7)]
    assert errors.keys() == {2, 3}
    assert "atr_period = 0" in errors[2]
    assert errors[3].startswith(
        "No kind of strategy is called 'atr_matrx'. Did you mean 'atr_matrix'?"
    )


def test_there_is_a_default_run_of_every_kind():
    assert [one.kind.name for one in default_runs()] == list(kinds())


def test_no_runs_say_nothing(history, evaluated):
    evaluation = evaluated([], history(specs([run()])))
    assert (evaluation.signals.height, evaluation.withheld.height) == (0, 0)


def test_no_pairs_say_nothing_in_the_same_shape(ask):
    evaluation, full = ask([]), ask([(1, SESSION)])
    assert evaluation.signals.schema == full.signals.schema
    assert evaluation.withheld.schema == full.withheld.schema
    assert (evaluation.signals.height, evaluation.withheld.height) == (0, 0)
