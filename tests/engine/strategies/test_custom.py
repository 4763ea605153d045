"""Formulas: how they are read, refused, judged and explained; expected values by hand."""

import re

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from support.pairs_of_rows import pairs_of_rows

from quantmatrix_engine.errors import ParamsError
from quantmatrix_engine.indicators.base import available
from quantmatrix_engine.strategies import formula_text, formulas
from quantmatrix_engine.strategies.base import Run, read_params
from quantmatrix_engine.strategies.custom import KIND
from quantmatrix_engine.strategies.evaluate import specs


def run(strategy_id=1, **params) -> Run:
    return Run(strategy_id, KIND, read_params(KIND, params))


@pytest.fixture
def custom(said):
    """What an entry formula says of rows of facts, with levels that need no indicator."""

    def say(entry, *facts, **params):
        levels = {"stop": "close * 0.9", "targets": ["close * 1.2"], "exit": "close < 0"}
        return said(KIND, facts, **({"entry": entry} | levels | params))

    return say


# --------------------------------------------------------------------------- what is read


def worked_out(text: str, **facts: float | None) -> float | None:
    schema = dict.fromkeys(["price", *facts], pl.Float64)
    frame = pl.DataFrame([{"price": 10.0} | facts], schema=schema)
    return frame.select(formulas.value(formula_text.number(text))).item()


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2 + 3 * 4", 14.0),
        ("(2 + 3) * 4", 20.0),
        ("2 - 3 - 4", -5.0),
        ("24 / 4 / 2", 3.0),
        ("-2 * -3", 6.0),
        ("--5", 5.0),
        (".5 + 1.", 1.5),
        ("close * 1.5", 15.0),
        ("CLOSE", 10.0),
        ("min(close, 3)", 3.0),
        ("max(close, 3)", 10.0),
        ("abs(3 - close)", 7.0),
        ("max(min(1, 2), 0)", 1.0),
        ("1 / (close - 10)", None),
        ("9" * 400, None),
        ("+".join(["1"] * 250), 250.0),
    ],
)
def test_a_number_is_worked_out_as_written(text, number):
    assert worked_out(text) == number


def test_of_what_is_unknown_all_is_unknown():
    for text in ("rsi(14) + 1", "min(rsi(14), 1)", "max(1, rsi(14))", "abs(rsi(14))"):
        assert worked_out(text, rsi_14=None) is None


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("rsi(14)", "rsi_14"),
        ("rsi", "rsi_14"),
        ("rsi()", "rsi_14"),
        ("RSI(window=2)", "rsi_2"),
        ("bollinger_upper(20, 2.5)", "bollinger_upper_20_2p5"),
        ("bollinger_upper(deviations=3)", "bollinger_upper_20_3"),
        ("macd_signal(5, 10, 3)", "macd_signal_5_10_3"),
        ("ma_aligned", "ma_aligned"),
        ("atr_distance(20, 5)", "atr_distance_20_5"),
        ("performance_ytd", "performance_ytd"),
    ],
)
def test_a_name_with_params_is_an_indicators_column(text, column):
    assert list(formulas.sources(formula_text.number(text))) == [column]


def test_every_column_of_every_indicator_has_a_name_of_its_own():
    assert len(formulas.names()) == sum(len(one.outputs) for one in available().values())
    assert not formulas.names().keys() & {"close", "and", "or", "not", *formula_text.FUNCTIONS}


# -------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("rsi(14) < 30 and clos > 1", "at character 18: there is no 'clos', did you mean 'close'"),
        ("smaa(200) > 1", "at character 1: there is no 'smaa', did you mean 'sma'"),
        ("close > sma_200", "at character 9: there is no 'sma_200', did you mean 'sma(200)'?"),
        ("macd_signal_12_26_9 > 0", "did you mean 'macd_signal(12, 26, 9)'?"),
        ("qqqqq > 1", "there is no 'qqqqq', there are: close, "),
        ("rsi(0) < 30", "window must be a whole number from 1 to 1260"),
        ("close > 1 and rsi(2000) < 30", "at character 15: Indicator 'rsi' got window=2000"),
        ("rsi(14.5) < 30", "got window=14.5; window must be a whole number"),
        ("rsi(-2) < 30", "got window=-2; window must be a whole number"),
        ("rsi(windw=14) < 30", "takes no 'windw'. Did you mean 'window'?"),
        ("rsi(14, 2) < 30", "rsi takes window; 2 are given"),
        ("rsi(14, window=14) < 30", "rsi takes window; 2 are given"),
        ("bollinger_upper(20, window=9) > 1", "bollinger_upper is given window twice"),
        ("ma_aligned(3) > 0", "ma_aligned takes no params; 1 are given"),
        ("(rsi(14) < 30) > 5", "at character 2: 'rsi(14) < 30' is a condition; each side of >"),
        ("rsi(14) < 30 + (close > 1)", "at character 17: 'close > 1' is a condition; each side"),
        ("rsi(14)", "at character 1: 'rsi(14)' is a number; the formula must be a condition"),
        ("close > 1 and rsi(14)", "at character 15: 'rsi(14)' is a number; each side of 'and'"),
        ("not close", "at character 5: 'close' is a number; what 'not' turns round"),
        ("-(close > 1) > 0", "at character 3: 'close > 1' is a condition; what - is put before"),
        ("abs(close > 1) > 0", "at character 5: 'close > 1' is a condition; what abs takes"),
        ("20 < rsi(14) < 30", "at character 14: three are compared; write 'a < b and b < c'"),
        ("close == 5", "at character 7: '==': numbers are seldom equal; compare with <"),
        ("close = 5", "at character 7: '=': numbers are seldom equal"),
        ("close >", "at character 8: the end where a number, a column or a condition should be"),
        ("close > 5 close", "at character 11: 'close' where 'and', 'or' or the end should be"),
        ("(close > 5", "at character 11: the end where ')' should be"),
        ("close > 5)", "at character 10: ')' where 'and', 'or' or the end should be"),
        ("close > 5 and", "at character 14: the end where"),
        ("min(close) > 1", "at character 1: min takes 2 numbers; 1 are given"),
        ("min > 1", "at character 5: '>' where '(' should be"),
        ("close > $5", "at character 9: '$' means nothing here"),
        ("close > 5; import os", "at character 10: ';' means nothing here"),
        ("__import__('os').system('x') > 0", '"\'" means nothing here'),
        ("close.__class__ > 0", "at character 6: '.' means nothing here"),
        ("[close for close in close] > 0", "at character 1: '[' means nothing here"),
        ("lambda > 0", "there is no 'lambda'"),
        ("", "at least 1 character"),
        ("   ", "at character 1: the end where"),
        ("(" * 13 + "close" + ")" * 13 + "> 1", "more than 12 parentheses"),
        ("not " * 13 + "close > 1", "more than 12 parentheses, 'not' or signs"),
        ("-" * 13 + "close > 1", "more than 12 parentheses, 'not' or signs"),
        (" and ".join(["close > 1"] * 21), "it compares 21 times; at most 20 are allowed"),
        ("close > " + "1" * 500, "at most 500 characters"),
    ],
)
def test_a_formula_that_cannot_be_read_is_refused_with_the_place(text, told):
    with pytest.raises(ParamsError, match=re.escape(told)) as refused:
        read_params(KIND, {"entry": text})
    assert str(refused.value).startswith("Params of custom: entry = ")
    assert "\n" not in str(refused.value)


def test_stop_and_targets_must_be_numbers_and_exit_a_condition():
    wrong = {"stop": "close > 1", "targets": ["close", "rsi(0)"], "exit": "close"}
    with pytest.raises(ParamsError) as refused:
        read_params(KIND, wrong)
    for told in (
        "stop = 'close > 1': at character 1: 'close > 1' is a condition",
        "targets.1 = 'rsi(0)': at character 1: Indicator 'rsi' got window=0",
        "exit = 'close': at character 1: 'close' is a number",
    ):
        assert told in str(refused.value)


def test_a_strategy_reads_a_dozen_indicators_and_no_more():
    many = " + ".join(f"sma({window})" for window in range(1, 11))
    assert len(specs([run(entry=f"{many} > 1", exit="close < 1")])) == 11
    with pytest.raises(ParamsError, match="the formulas read 13 indicators; at most 12"):
        run(entry=f"{many} + sma(11) + sma(12) > 1", exit="close < 1")


# --------------------------------------------------------------------- what is said, and why


def test_the_formula_of_the_brief_by_hand(custom):
    facts = [
        {"price": 50.0, "rsi_14": 29.0, "sma_200": 49.0},
        {"price": 50.0, "rsi_14": 30.0, "sma_200": 49.0},
        {"price": 50.0, "rsi_14": 29.0, "sma_200": 51.0},
    ]
    (signal,) = custom("rsi(14) < 30 and close > sma(200)", *facts)
    assert (signal["instrument_id"], signal["action"], signal["strength"]) == (1, "entry", 0.5)
    assert (signal["stop"], signal["target_1"], signal["target_2"]) == (45.0, 60.0, None)
    # 0.5 % of the account over a loss of 10 %.
    assert (signal["risk_reward"], signal["size_pct"]) == (pytest.approx(2), pytest.approx(5))
    assert [
        (rule["label"], rule["value"], rule["comparison"], rule["threshold"], rule["margin"])
        for rule in signal["trace"][:2]
    ] == [("rsi(14) < 30", 29.0, "<", 30.0, 1.0), ("close > sma(200)", 50.0, ">", 49.0, 1.0)]
    assert [rule["rule"] for rule in signal["trace"]] == [
        *("entry_1", "entry_2", "stop_below_price", "stop_above_zero"),
        *("target_1_above_price", "risk_reward"),
    ]


@pytest.mark.parametrize(
    ("text", "holding"),
    [
        ("rsi(2) < 10 or rsi(14) < 30", [1, 2, 3]),
        ("not rsi(2) < 10", [2, 4]),
        ("not (rsi(2) < 10 or rsi(14) < 30)", [4]),
        ("rsi(2) < 10 and rsi(14) < 30 or close > 8", [1, 4]),
        ("rsi(2) < 10 and (rsi(14) < 30 or close > 8)", [1]),
        ("not not rsi(2) < 10", [1, 3]),
    ],
)
def test_and_binds_closer_than_or_and_not_closest(custom, text, holding):
    facts = [
        {"price": price, "rsi_2": short, "rsi_14": long}
        for price, short, long in [(8, 5, 25), (8, 50, 25), (8, 5, 50), (9, 50, 50)]
    ]
    assert [one["instrument_id"] for one in custom(text, *facts)] == holding


def test_an_alternative_is_one_rule_with_its_comparisons_below(custom):
    text = "close > 1 and (rsi(2) < 10 or rsi(14) < 30)"
    (signal,) = custom(text, {"price": 8.0, "rsi_2": 50.0, "rsi_14": 25.0})
    assert [
        (rule["label"], rule["value"], rule["threshold"], rule["is_met"], rule["is_required"])
        for rule in signal["trace"][:4]
    ] == [
        ("close > 1", 8.0, 1.0, True, True),
        ("rsi(2) < 10 or rsi(14) < 30", 1.0, 1.0, True, True),
        ("rsi(2) < 10", 50.0, 10.0, False, False),
        ("rsi(14) < 30", 25.0, 30.0, True, False),
    ]


def test_what_divides_by_zero_holds_neither_way(custom):
    fact = {"price": 10.0}
    assert custom("1 / (close - 10) > 0", fact) == []
    assert custom("not 1 / (close - 10) > 0", fact) == []
    assert len(custom("1 / (close - 10) > 0 or close > 1", fact)) == 1


@pytest.mark.parametrize(
    "levels",
    [
        {"stop": "close"},
        {"stop": "0 - 1"},
        {"stop": "1 / (close - 10)"},
        {"targets": ["close"]},
        {"targets": ["close * 2", "close * 1.5"]},
        {"min_risk_reward": 2.1},
    ],
    ids=str,
)
def test_levels_that_make_no_sense_say_nothing(custom, levels):
    assert custom("close > 1", {"price": 10.0}, **levels) == []
    assert len(custom("close > 1", {"price": 10.0})) == 1


def test_the_trace_has_the_levels_that_the_formulas_come_to(custom):
    (signal,) = custom("close > 1", {"price": 10.0}, stop="close * 0.8", targets=["close * 1.5"])
    told = {rule["rule"]: (rule["value"], rule["threshold"]) for rule in signal["trace"]}
    assert told == {
        "entry_1": (10.0, 1.0),
        "stop_below_price": (8.0, 10.0),
        "stop_above_zero": (8.0, 0.0),
        "target_1_above_price": (15.0, 10.0),
        "risk_reward": (2.5, 0.0),
    }


def test_an_exit_is_said_on_every_session_its_formula_holds(said):
    facts = [{"price": 10.0, "rsi_14": rsi} for rsi in (70.0, 70.1, 90.0)]
    params = {"entry": "close < 0", "stop": "close - 1", "targets": ["close + 1"]}
    signals = said(KIND, facts, **params)
    assert [(one["instrument_id"], one["action"], one["urgency"]) for one in signals] == [
        (2, "exit", "medium"),
        (3, "exit", "medium"),
    ]


def test_users_with_their_own_formulas_are_judged_as_if_alone(history, evaluated):
    formulas_of = [
        {},
        {"entry": "rsi(14) < 40"},
        {"entry": "rsi(14) < 40", "strength": 0.9},
        {"entry": "close > donchian_middle(20)", "stop": "close * 0.95"},
        {"entry": "rsi(14) < 40", "targets": ["close + atr(14)", "close + 2 * atr(14)"]},
        {"exit": "close < sma(200) or rsi(2) > 95"},
    ]
    runs = [run(number, **one) for number, one in enumerate(formulas_of, start=1)]
    indicators = history(specs(runs))
    together = evaluated(runs, indicators)
    alone = [evaluated([one], indicators) for one in runs]
    assert all(one.signals.height for one in alone)
    assert_frame_equal(together.signals, pl.concat(one.signals for one in alone))
    assert_frame_equal(together.withheld, pl.concat(one.withheld for one in alone))


def test_formulas_without_an_indicator_withhold_nothing(evaluated):
    prices = pl.DataFrame({"instrument_id": [1, 2], "close": [10.0, 5.0]})
    one = run(entry="close > 8", exit="close < 1", stop="close - 1", targets=["close + 2"])
    evaluation = evaluated([one], prices)
    assert evaluation.signals["instrument_id"].to_list() == [1]
    assert evaluation.withheld.is_empty()


def test_formulas_of_many_users_are_asked_one_text_after_the_other():
    texts = [f"close > {number}" for number in range(20)]
    usual = {"stop": "close * 0.9", "targets": ["close * 1.2"], "exit": "close < 0"}
    own = [run(number, entry=text, **usual) for number, text in enumerate(texts)]
    frame = pl.DataFrame(
        [
            one.params.model_dump(mode="json")
            | {"strategy_id": one.strategy_id, "instrument_id": 1, "price": 10.0}
            for one in own
        ]
    )
    said = KIND.decide(pairs_of_rows(KIND, frame))
    # What is given has been asked: a plan of all of them would grow with their number.
    assert said.explain().count("DF [") == 1
    assert said.collect()["strategy_id"].sort().to_list() == list(range(10))
