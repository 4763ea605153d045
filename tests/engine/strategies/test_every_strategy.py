"""The laws of the folder: what every kind of strategy keeps, whatever it says."""

import json

import polars as pl
import pytest
from polars.testing import assert_frame_equal, assert_series_equal
from support.pairs_of_rows import pairs_of_rows

from quantmatrix_engine.contracts import gate
from quantmatrix_engine.contracts.signals import Signals
from quantmatrix_engine.errors import ParamsError
from quantmatrix_engine.indicators.base import available
from quantmatrix_engine.indicators.compute import compute
from quantmatrix_engine.strategies.base import Run, read_params
from quantmatrix_engine.strategies.evaluate import kinds, specs

every_kind = pytest.mark.parametrize("kind", kinds().values(), ids=lambda kind: kind.name)


def default(kind, strategy_id=1) -> Run:
    return Run(strategy_id, kind, kind.params())


def frame_for(kind, indicators, strategy_ids=(1,)) -> pl.DataFrame:
    """A row of all columns for each pair that `decide` gets."""
    params = kind.params()
    rows = indicators.select(
        "instrument_id",
        price="close",
        **{name: pl.col(source.column) for name, source in kind.sources(params).items()},
    ).drop_nulls(list(kind.needed(params)))
    document = params.model_dump(mode="json")
    return pl.concat(
        rows.with_columns(
            strategy_id=pl.lit(strategy_id, dtype=pl.Int64),
            **{name: pl.lit(pl.Series([value])).first() for name, value in document.items()},
        )
        for strategy_id in strategy_ids
    )


def decided(kind, frame: pl.DataFrame) -> pl.DataFrame:
    return kind.decide(pairs_of_rows(kind, frame)).collect()


def in_order(signals: pl.DataFrame) -> pl.DataFrame:
    return signals.sort("strategy_id", "instrument_id", "action", "level")


@every_kind
def test_a_kind_bears_the_name_of_its_module_and_a_title(kind):
    assert kinds()[kind.name] is kind
    assert kind.title
    assert kind.version >= 1


@every_kind
def test_no_params_at_all_are_valid_params(kind):
    assert read_params(kind, {}) == kind.params()


@every_kind
def test_params_survive_being_stored(kind):
    document = kind.params().model_dump(mode="json")
    assert read_params(kind, document) == kind.params()


@every_kind
def test_every_param_is_described_for_a_form(kind):
    for name, field in kind.params.model_json_schema()["properties"].items():
        assert field.get("description", "").endswith("."), name
        assert "default" in field, name


@every_kind
def test_every_indicator_read_exists_and_gives_the_column(kind):
    sources = kind.sources(kind.params())
    for source in sources.values():
        assert source.spec.indicator in available()
        assert source.column in source.spec.columns()
    assert set(kind.needed(kind.params())) <= sources.keys()
    assert not sources.keys() & kind.params.model_fields.keys()


@every_kind
def test_no_rows_give_no_signals(kind, history):
    frame = frame_for(kind, history(specs([default(kind)]))).clear()
    assert decided(kind, frame).height == 0


@every_kind
def test_every_signal_keeps_its_contract(kind, history, evaluated):
    run = default(kind)
    signals = evaluated([run], history(specs([run]))).signals
    assert signals.height > 0
    assert gate.apply(Signals, signals).failures.is_empty()


@every_kind
def test_the_order_of_rows_does_not_matter(kind, history):
    frame = frame_for(kind, history(specs([default(kind)])))
    shuffled = frame.sample(fraction=1.0, shuffle=True, seed=5)
    assert_frame_equal(in_order(decided(kind, shuffled)), in_order(decided(kind, frame)))


@every_kind
def test_a_users_rows_are_judged_as_if_they_were_alone(kind, history):
    indicators = history(specs([default(kind)]))
    together = decided(kind, frame_for(kind, indicators, strategy_ids=(7, 8)))
    alone = decided(kind, frame_for(kind, indicators, strategy_ids=(8,)))
    of_it = together.filter(pl.col("strategy_id") == 8)
    assert_frame_equal(in_order(of_it), in_order(alone))


@every_kind
def test_an_instrument_is_judged_as_if_it_were_alone(kind, history):
    frame = frame_for(kind, history(specs([default(kind)])))
    together = in_order(decided(kind, frame))
    for (instrument_id,), row in frame.gather_every(120).group_by("instrument_id"):
        of_it = together.filter(pl.col("instrument_id") == instrument_id)
        assert_frame_equal(in_order(decided(kind, row)), of_it)


@every_kind
def test_the_frame_is_left_as_it_is(kind, history):
    frame = frame_for(kind, history(specs([default(kind)])))
    before = frame.clone()
    decided(kind, frame)
    assert_frame_equal(frame, before, check_exact=True)


@every_kind
def test_cutting_the_future_changes_no_signal(kind, walks, evaluated_sessions):
    sessions = walks["session"].unique().sort()[60::24].to_list()
    cut_is_what_all_is(default(kind), walks, sessions, evaluated_sessions)


@every_kind
def test_over_real_bars_cutting_the_future_changes_no_signal(kind, real_bars, evaluated_sessions):
    sessions = real_bars["session"].unique().sort()[-1_000::25].to_list()
    cut_is_what_all_is(default(kind), real_bars, sessions, evaluated_sessions)


def cut_is_what_all_is(run, bars, sessions, evaluated_sessions) -> None:
    """Asserts that a run says the same of each session with the bars up to it and with all bars."""
    asked = specs([run])
    cut = [
        compute(bars.filter(pl.col("session") <= session), asked, since=session)
        for session in sessions
    ]
    later = compute(bars, asked).filter(pl.col("session").is_in(sessions))
    now, then = (evaluated_sessions([run], values) for values in (later, pl.concat(cut)))
    assert_frame_equal(now.signals, then.signals, check_exact=True)
    assert_frame_equal(now.withheld, then.withheld)
    assert now.signals["session"].n_unique() > 1


def params_of(kind) -> dict[str, dict]:
    """Each param's JSON schema; of a list, that of its items beside its own default."""
    return kind.params.model_json_schema()["properties"]


def bounds_of(schema: dict) -> dict[str, float]:
    items = schema.get("items") or (schema.get("prefixItems") or [{}])[0]
    return {
        key: number
        for one in (schema, items)
        for key, number in one.items()
        if key in {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
    }


@every_kind
def test_every_param_has_a_default_and_a_bound_at_both_ends(kind):
    for name, schema in params_of(kind).items():
        texts = schema.get("items", schema)
        if texts.get("type") == "string":
            assert texts["maxLength"] > 0, name
            continue
        assert len(bounds_of(schema)) == 2, name


@every_kind
def test_a_param_out_of_bounds_is_refused_with_the_bound(kind):
    for name, schema in params_of(kind).items():
        for bound, number in bounds_of(schema).items():
            beyond = number + (1 if "aximum" in bound else -1)
            given = beyond if schema["type"] in {"integer", "number"} else [beyond] * 3
            with pytest.raises(ParamsError) as refused:
                read_params(kind, {name: given})
            assert f"Params of {kind.name}: {name}" in str(refused.value)
            assert f" {number:g}" in str(refused.value), name


@every_kind
def test_a_param_misspelt_is_refused_with_the_nearest(kind):
    for name in params_of(kind):
        misspelt = name.replace("_", "", 1) + "s"
        with pytest.raises(ParamsError, match=f"no param '{misspelt}', did you mean '{name}'"):
            read_params(kind, {misspelt: 1})


def varied(kind) -> list[Run]:
    """A run with the defaults, and one for each number among the params with that one changed."""
    documents = [{}]
    for name, schema in params_of(kind).items():
        default = schema["default"]
        if schema["type"] == "integer":
            documents.append({name: default + 3})
        if schema["type"] == "number":
            documents.append({name: default * 0.9 + 0.01})
    return [Run(number, kind, read_params(kind, one)) for number, one in enumerate(documents, 1)]


@every_kind
def test_all_runs_at_once_say_what_each_says_alone(kind, history, evaluated):
    runs = varied(kind)
    indicators = history(specs(runs)).gather_every(2)
    together = evaluated(runs, indicators)
    alone = [evaluated([one], indicators) for one in runs]
    assert len({one.signals.drop("strategy_id").hash_rows().sum() for one in alone}) > 1
    assert_frame_equal(together.signals, pl.concat(one.signals for one in alone))
    assert_frame_equal(together.withheld, pl.concat(one.withheld for one in alone))


def holds(rule: dict) -> bool:
    """Whether a rule of a trace holds, worked out from what the trace shows."""
    value, threshold = rule["value"], rule["threshold"]
    if value is None or threshold is None:
        return False
    if abs(value - threshold) <= 1e-10 * abs(threshold):
        return rule["comparison"] in {">=", "<="}
    return value > threshold if rule["comparison"] in {">=", ">"} else value < threshold


@every_kind
def test_every_trace_derives_its_signal_again(kind, history, evaluated):
    run = default(kind)
    for signal in evaluated([run], history(specs([run]))).signals.iter_rows(named=True):
        rules = json.loads(signal["trace"])
        assert rules
        for rule in rules:
            assert rule["label"]
            assert rule["is_met"] == holds(rule)
            assert rule["is_met"] or not rule["is_required"]
            if rule["margin"] is not None:
                assert (rule["margin"] >= 0) or not rule["is_met"]
        weights = [rule["weight"] for rule in rules if rule["is_met"]]
        if any(weights):
            assert signal["strength"] == pytest.approx(min(1.0, sum(weights)))


@every_kind
def test_what_is_bought_has_a_stop_below_and_a_target_above_and_its_reward(
    kind, history, evaluated
):
    run = default(kind)
    entries = evaluated([run], history(specs([run]))).signals.filter(pl.col("action") == "entry")
    price, stop, target = pl.col("price"), pl.col("stop"), pl.col("target_1")
    assert entries.height > 0
    assert entries.select((stop < price).all(), (target > price).all()).row(0) == (True, True)
    reward = entries.select((target - price) / (price - stop)).to_series()
    assert_series_equal(entries["risk_reward"], reward, check_names=False, rel_tol=1e-9)
    assert entries["size_pct"].is_between(0, 100, closed="right").all()
    assert entries["size_basis"].unique().to_list() == ["account"]


@every_kind
def test_an_instrument_without_a_needed_value_is_withheld_and_says_nothing(
    kind, history, evaluated
):
    run = default(kind)
    sources, needed = kind.sources(run.params), kind.needed(run.params)
    indicators = history(specs([run])).drop_nulls([sources[name].column for name in needed])
    for name in needed:
        column = sources[name].column
        # Names may stand for one column: the first that is missing is enough.
        first = indicators.head(1).with_columns(pl.lit(None, pl.Float64).alias(column))
        evaluation = evaluated([run], first)
        assert evaluation.signals.is_empty()
        (withheld,) = evaluation.withheld.iter_rows(named=True)
        assert withheld["reason"] == "missing_indicator"
        assert name in withheld["detail"]
