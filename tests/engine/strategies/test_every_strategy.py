"""The laws of the folder: what every kind of strategy keeps, whatever it says."""

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quantmatrix_engine.contracts import gate
from quantmatrix_engine.contracts.signals import Signals
from quantmatrix_engine.indicators.base import available
from quantmatrix_engine.indicators.compute import compute
from quantmatrix_engine.strategies.base import read_params
from quantmatrix_engine.strategies.evaluate import Run, kinds, specs

every_kind = pytest.mark.parametrize("kind", kinds().values(), ids=lambda kind: kind.name)


def default(kind, strategy_id=1) -> Run:
    return Run(strategy_id, kind, kind.params())


def frame_for(kind, indicators, strategy_ids=(1,)) -> pl.DataFrame:
    """The frame `decide` gets, put together without our own join."""
    params = kind.params()
    rows = indicators.select(
        "instrument_id",
        price="close",
        **{name: pl.col(source.column) for name, source in kind.sources(params).items()},
    ).drop_nulls(kind.required)
    document = params.model_dump(mode="json")
    return pl.concat(
        rows.with_columns(
            strategy_id=pl.lit(strategy_id, dtype=pl.Int64),
            **{name: pl.lit(pl.Series([value])).first() for name, value in document.items()},
        )
        for strategy_id in strategy_ids
    )


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
    assert set(kind.required) <= sources.keys()
    assert not sources.keys() & kind.params.model_fields.keys()


@every_kind
def test_no_rows_give_no_signals(kind, history):
    frame = frame_for(kind, history(specs([default(kind)]))).clear()
    assert kind.decide(frame).height == 0


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
    assert_frame_equal(in_order(kind.decide(shuffled)), in_order(kind.decide(frame)))


@every_kind
def test_a_users_rows_are_judged_as_if_they_were_alone(kind, history):
    indicators = history(specs([default(kind)]))
    together = kind.decide(frame_for(kind, indicators, strategy_ids=(7, 8)))
    alone = kind.decide(frame_for(kind, indicators, strategy_ids=(8,)))
    of_it = together.filter(pl.col("strategy_id") == 8)
    assert_frame_equal(in_order(of_it), in_order(alone))


@every_kind
def test_an_instrument_is_judged_as_if_it_were_alone(kind, history):
    frame = frame_for(kind, history(specs([default(kind)])))
    together = in_order(kind.decide(frame))
    for (instrument_id,), row in frame.gather_every(25).group_by("instrument_id"):
        of_it = together.filter(pl.col("instrument_id") == instrument_id)
        assert_frame_equal(in_order(kind.decide(row)), of_it)


@every_kind
def test_the_frame_is_left_as_it_is(kind, history):
    frame = frame_for(kind, history(specs([default(kind)])))
    before = frame.clone()
    kind.decide(frame)
    assert_frame_equal(frame, before, check_exact=True)


@every_kind
def test_cutting_the_future_changes_no_signal(kind, walks, evaluated):
    run = default(kind)
    asked = specs([run])
    of_all = compute(walks, asked)
    said = 0
    for session in walks["session"].unique().sort()[60::24]:
        cut = compute(walks.filter(pl.col("session") <= session), asked)
        today = pl.col("session") == session
        now = evaluated([run], cut.filter(today))
        later = evaluated([run], of_all.filter(today))
        assert_frame_equal(now.signals, later.signals, check_exact=True)
        assert_frame_equal(now.withheld, later.withheld)
        said += now.signals.height
    assert said > 0
