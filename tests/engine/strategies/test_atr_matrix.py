"""ATR Matrix by hand: SMA50 is 100 and ATR 2 unless a test says otherwise, so that a price of
100 + 2 d stands at distance d."""

import pytest

from quantmatrix_engine.errors import ParamsError
from quantmatrix_engine.strategies.atr_matrix import KIND, AtrMatrixParams
from quantmatrix_engine.strategies.base import read_params, require_history

SOFT_RULES = {"ma_aligned", "range_position", "atr_pct"}


def at(distance: float | None, **facts):
    """Facts that meet both hard rules of an entry for 0 <= distance <= 4, and no soft rule."""
    price = 100 + 2 * (distance or 0.0)
    return {
        "price": price,
        "atr": 2.0,
        "atr_pct": 200 / price,
        "atr_distance": distance,
        "sma_short": 99.0,
        "sma_trend": 100.0,
        "range_position": 50.0,
        "ma_aligned": 0.0,
        "holding_sessions": 3.0,
        "holding_peak": 4.0,
        "holding_before": 2.0,
        "since_holding": 20.0,
    } | facts


@pytest.fixture
def atr_matrix(said):
    return lambda *facts, **params: said(KIND, facts, **params)


@pytest.fixture
def entry(atr_matrix):
    def only(*facts, **params):
        (signal,) = atr_matrix(*facts, **params)
        assert signal["action"] == "entry"
        return signal

    return only


def levels(signals) -> list[tuple[int, float]]:
    return [(s["instrument_id"], s["level"]) for s in signals if s["action"] == "scale_out"]


def exits(signals) -> list[tuple[int, str]]:
    return [(s["instrument_id"], s["urgency"]) for s in signals if s["action"] == "exit"]


# The strength of an entry


def test_the_hard_rules_alone_give_one_half_and_are_told(entry):
    assert entry(at(2))["strength"] == 0.50


@pytest.mark.parametrize(
    ("met", "strength"),
    [
        ({"ma_aligned": 1.0}, 0.75),
        ({"range_position": 50.1}, 0.65),
        ({"atr_pct": 3.0}, 0.60),
        ({"ma_aligned": 1.0, "range_position": 50.1}, 0.90),
        ({"ma_aligned": 1.0, "atr_pct": 3.0}, 0.85),
        ({"range_position": 50.1, "atr_pct": 3.0}, 0.75),
        ({"ma_aligned": 1.0, "range_position": 50.1, "atr_pct": 3.0}, 1.0),
    ],
)
def test_each_soft_rule_adds_its_weight(entry, met, strength):
    signal = entry(at(2, **met), min_strength=strength)
    assert signal["strength"] == strength
    assert {rule["rule"] for rule in signal["trace"] if rule["is_met"]} >= met.keys()


@pytest.mark.parametrize(
    "short_of", [{"range_position": 50.0}, {"atr_pct": 2.999}, {"ma_aligned": 0.0}]
)
def test_a_soft_rule_that_is_just_missed_adds_nothing(entry, short_of):
    assert entry(at(2, **short_of))["strength"] == 0.50


def test_an_entry_weaker_than_the_smallest_strength_is_not_told(atr_matrix):
    assert atr_matrix(at(2), min_strength=0.51) == []


# The hard rules of an entry


@pytest.mark.parametrize("distance", [0.0, 4.0])
def test_the_ends_of_the_entry_range_are_inside(entry, distance):
    assert entry(at(distance))["strength"] == 0.50


@pytest.mark.parametrize("distance", [-0.01, 4.01])
def test_just_outside_the_entry_range_is_no_entry(atr_matrix, distance):
    held = at(distance, holding_sessions=3.0, price=100 + 2 * distance)
    assert atr_matrix(held) == []


def test_a_user_moves_the_far_end_of_the_entry_range(atr_matrix):
    assert len(atr_matrix(at(2.5), at(2.6), entry_max_atr_distance=2.5)) == 1


@pytest.mark.parametrize("sma_short", [104.0, 105.0])
def test_a_close_at_or_below_sma20_is_no_entry(atr_matrix, sma_short):
    assert atr_matrix(at(2, sma_short=sma_short)) == []


def test_a_close_above_sma20_by_rounding_only_is_no_entry(atr_matrix):
    below_by_an_ulp = 104.0 - 1.5e-14
    assert below_by_an_ulp < 104.0
    assert atr_matrix(at(2, sma_short=below_by_an_ulp)) == []


def test_an_entry_is_said_on_every_session_its_rules_hold(atr_matrix):
    first = at(2, holding_sessions=1.0, holding_before=0.0, holding_peak=None)
    later = at(2, holding_sessions=40.0, holding_before=39.0, holding_peak=6.0)
    assert [signal["action"] for signal in atr_matrix(first, later)] == ["entry", "entry"]


def test_after_a_holding_ended_an_entry_waits_for_the_cooldown(atr_matrix):
    facts = [at(2, since_holding=sessions) for sessions in (2.0, 3.0, None)]
    signals = atr_matrix(*facts, cooldown_sessions=3)
    assert [signal["instrument_id"] for signal in signals] == [2, 3]
    (rule,) = [one for one in signals[0]["trace"] if one["rule"] == "cooldown"]
    assert (rule["value"], rule["threshold"], rule["margin"]) == (3.0, 3.0, 0.0)


def test_a_holding_that_was_far_above_is_not_entered_again(atr_matrix):
    facts = [at(2, holding_peak=peak) for peak in (7.0, 6.9, None)]
    signals = atr_matrix(*facts, max_entry_peak=7)
    assert [signal["instrument_id"] for signal in signals] == [2, 3]


# What an entry says: stop, targets, reward and size


@pytest.mark.parametrize(
    ("atr", "stop", "risk_reward"),
    [
        (6.0, 91.0, 42 / 9),  # 100 - 1.5 * 6; the floor is 90
        (20 / 3, 90.0, (140 / 3) / 10),  # both: 1.5 * 20 / 3 is 10 % of 100
        (8.0, 90.0, 56 / 10),  # the floor; 100 - 1.5 * 8 = 88 lies below it
    ],
)
def test_the_stop_is_the_higher_of_atr_and_floor(entry, atr, stop, risk_reward):
    signal = entry(at(0, atr=atr, atr_pct=atr))
    assert signal["stop"] == pytest.approx(stop)
    assert signal["risk_reward"] == pytest.approx(risk_reward)


def test_targets_are_multiples_of_atr_above_sma50(entry):
    signal = entry(at(3))
    assert [signal[f"target_{rank}"] for rank in (1, 2, 3)] == [114.0, 120.0, 124.0]


@pytest.mark.parametrize("distance", [0.0, 1.0, 2.5, 4.0])
def test_reward_for_the_risk_is_the_way_to_seven_over_one_and_a_half(entry, distance):
    assert entry(at(distance))["risk_reward"] == pytest.approx((7 - distance) / 1.5)


def test_a_reward_below_the_users_smallest_is_no_entry(atr_matrix):
    # (7 - 2.5) / 1.5 is 3 exactly: V1's own figure for its min_risk_reward.
    signals = atr_matrix(at(2.5), at(2.6), min_risk_reward=3.0)
    assert [signal["instrument_id"] for signal in signals] == [1]


def test_by_default_any_reward_will_do():
    assert AtrMatrixParams().min_risk_reward == 0.0


def test_an_entry_takes_five_percent_of_the_account(entry):
    # Losing 2 % at a stop 3 of 104 away would take 69 %.
    signal = entry(at(2))
    assert (signal["size_pct"], signal["size_basis"]) == (5.0, "account")


def test_an_entry_takes_less_where_the_stop_would_cost_too_much(entry):
    # 0.3 % of the account over a loss of 10 % of the price.
    assert entry(at(0, atr=8.0), risk_per_trade_pct=0.3)["size_pct"] == pytest.approx(3.0)


def test_an_entry_has_neither_level_nor_urgency(entry):
    signal = entry(at(2))
    assert (signal["level"], signal["urgency"], signal["price"]) == (None, None, 104.0)


# Scale-outs


def test_a_level_is_told_once_in_a_holding(atr_matrix):
    walk = [
        at(6.9, holding_sessions=1.0, holding_before=0.0, holding_peak=None),
        at(7.1, holding_sessions=2.0, holding_before=1.0, holding_peak=6.9),
        at(7.5, holding_sessions=3.0, holding_before=2.0, holding_peak=7.1),
        at(8.2, holding_sessions=4.0, holding_before=3.0, holding_peak=7.5),
        at(6.0, holding_sessions=5.0, holding_before=4.0, holding_peak=8.2),
        at(7.3, holding_sessions=6.0, holding_before=5.0, holding_peak=8.2),
        at(-1.0, holding_sessions=0.0, holding_before=6.0, holding_peak=None),
        at(0.5, holding_sessions=1.0, holding_before=0.0, holding_peak=None),
        at(7.2, holding_sessions=2.0, holding_before=1.0, holding_peak=0.5),
    ]
    signals = atr_matrix(*walk)
    assert levels(signals) == [(2, 7.0), (4, 8.0), (9, 7.0)]
    assert exits(signals) == [(7, "high")]


def test_a_bar_that_passes_several_levels_tells_each(atr_matrix):
    signals = atr_matrix(at(9.5, holding_peak=6.5))
    assert [(s["level"], round(s["strength"], 4), s["target_1"]) for s in signals] == [
        (7.0, 0.95, 114.0),
        (8.0, 0.85, 116.0),
        (9.0, 0.75, 118.0),
    ]


@pytest.mark.parametrize(
    ("distance", "strength"), [(7.0, 0.7), (8.0, 0.8), (10.0, 1.0), (12.0, 1.0)]
)
def test_strength_of_a_level_grows_by_a_tenth_an_atr_up_to_one(atr_matrix, distance, strength):
    signals = atr_matrix(at(distance, holding_peak=6.0), scale_out_levels=[7])
    (scale_out,) = [signal for signal in signals if signal["action"] == "scale_out"]
    assert scale_out["strength"] == pytest.approx(strength)


def test_a_level_touched_exactly_before_is_not_told_again(atr_matrix):
    assert atr_matrix(at(7.2, holding_peak=7.0)) == []


def test_a_scale_out_sells_a_quarter_of_the_position_and_names_no_stop(atr_matrix):
    (signal,) = atr_matrix(at(7.0, holding_peak=6.0))
    assert (signal["size_pct"], signal["size_basis"], signal["stop"]) == (25.0, "position", None)


def test_the_first_session_of_a_holding_can_reach_a_level(atr_matrix):
    gap = at(7.0, holding_sessions=1.0, holding_before=0.0, holding_peak=None)
    assert levels(atr_matrix(gap)) == [(1, 7.0)]


def test_users_levels_replace_the_defaults(atr_matrix):
    signals = atr_matrix(at(7.0, holding_peak=2.0), scale_out_levels=[5, 6.5], scale_out_pct=50)
    assert [(s["level"], s["size_pct"]) for s in signals] == [(5.0, 50.0), (6.5, 50.0)]


# Exits


def test_the_first_close_below_sma50_is_an_exit_and_the_next_is_not(atr_matrix):
    first = at(-0.5, holding_sessions=0.0, holding_before=12.0, holding_peak=None)
    second = at(-0.7, holding_sessions=0.0, holding_before=0.0, holding_peak=None)
    (signal,) = atr_matrix(first, second)
    assert (signal["instrument_id"], signal["action"]) == (1, "exit")
    assert (signal["strength"], signal["urgency"], signal["price"]) == (0.9, "high", 99.0)
    assert (signal["size_pct"], signal["size_basis"]) == (100.0, "position")


def test_a_close_below_sma50_by_rounding_only_is_no_exit(atr_matrix):
    # `holding` counts such a close as on the average, session after session.
    resting = at(0.0, price=100.0 - 1.5e-14, sma_short=101.0)
    assert resting["price"] < 100.0
    assert atr_matrix(resting) == []


def test_a_close_on_sma50_is_no_exit(atr_matrix):
    assert exits(atr_matrix(at(0.0))) == []


def test_nothing_is_said_to_leave_where_no_session_before_is_known(atr_matrix):
    assert atr_matrix(at(-1, holding_sessions=0.0, holding_before=None, holding_peak=None)) == []


def test_a_name_is_overextended_once_in_a_holding(atr_matrix):
    signals = atr_matrix(
        at(10.0, holding_peak=9.9),
        at(10.1, holding_peak=10.0),
        at(10.4, holding_peak=10.1),
        at(11.0, holding_peak=None, holding_sessions=1.0),
    )
    assert exits(signals) == [(2, "medium"), (4, "medium")]
    assert {s["strength"] for s in signals if s["action"] == "exit"} == {0.7}


def test_a_holding_ends_once_at_its_longest_where_one_is_set(atr_matrix):
    facts = [at(5, holding_sessions=sessions) for sessions in (29.0, 30.0, 31.0)]
    assert exits(atr_matrix(*facts)) == []
    assert exits(atr_matrix(*facts, max_holding_sessions=30)) == [(2, "medium")]


def test_an_overdue_name_that_is_overextended_is_told_once(atr_matrix):
    both = at(10.5, holding_sessions=30.0, holding_peak=10.0)
    (signal,) = [s for s in atr_matrix(both, max_holding_sessions=30) if s["action"] == "exit"]
    assert signal["trace"][0]["rule"] == "overextended"


def test_overextension_and_the_levels_it_passes_are_told_together(atr_matrix):
    signals = atr_matrix(at(10.5, holding_peak=5.0))
    assert [(s["action"], s["level"]) for s in signals] == [
        ("exit", None),
        ("scale_out", 7.0),
        ("scale_out", 8.0),
        ("scale_out", 9.0),
        ("scale_out", 10.0),
    ]


# Missing values and the trace


@pytest.mark.parametrize("name", sorted(SOFT_RULES))
def test_a_missing_soft_value_counts_as_not_met_and_is_shown_as_null(entry, name):
    all_met = {"ma_aligned": 1.0, "range_position": 90.0, "atr_pct": 5.0}
    signal = entry(at(2, **all_met | {name: None}))
    (rule,) = [rule for rule in signal["trace"] if rule["rule"] == name]
    assert (rule["value"], rule["is_met"], rule["margin"]) == (None, False, None)
    assert signal["strength"] == pytest.approx(1.0 - rule["weight"])


def test_the_trace_of_an_entry_is_its_rules_in_order(entry):
    trace = entry(at(2, range_position=70.0))["trace"]
    assert [
        (rule["rule"], rule["value"], rule["comparison"], rule["threshold"], rule["margin"])
        for rule in trace
    ] == [
        ("atr_distance_at_least", 2.0, ">=", 0.0, 2.0),
        ("atr_distance_at_most", 2.0, "<=", 4.0, 2.0),
        ("above_sma_20", 104.0, ">", 99.0, 5.0),
        ("risk_reward", pytest.approx(10 / 3), ">=", 0.0, pytest.approx(10 / 3)),
        ("ma_aligned", 0.0, ">=", 1.0, -1.0),
        ("range_position", 70.0, ">", 50.0, 20.0),
        ("atr_pct", pytest.approx(1.923, abs=1e-3), ">=", 3.0, pytest.approx(-1.077, abs=1e-3)),
    ]
    assert [rule["is_met"] for rule in trace] == [True, True, True, True, False, True, False]
    assert {rule["rule"] for rule in trace if not rule["is_required"]} == SOFT_RULES


def test_every_rule_of_a_scale_out_and_an_exit_is_met_and_explained(atr_matrix):
    leaving = at(-1, holding_sessions=0.0, holding_before=6.0, holding_peak=None)
    for signal in atr_matrix(at(10.5, holding_peak=5.0), leaving):
        assert len(signal["trace"]) == 2
        assert all(rule["is_met"] and rule["label"] for rule in signal["trace"])
        assert all(rule["margin"] >= 0 for rule in signal["trace"])


# Params


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"atr_period": 1}, "atr_period = 1: Input should be greater than or equal to 2"),
        ({"atr_period": 14.5}, "atr_period = 14.5: Input should be a valid integer"),
        ({"min_strength": 1.1}, "min_strength = 1.1: Input should be less than or equal to 1"),
        ({"max_stop_pct": 100}, "max_stop_pct = 100: Input should be less than 100"),
        ({"stop_atr_multiple": 0}, "stop_atr_multiple = 0: Input should be greater than 0"),
        ({"risk_per_trade_pct": "much"}, "risk_per_trade_pct = 'much': Input should be a valid"),
        ({"max_position_pct": float("nan")}, "max_position_pct = nan: Input should be"),
        ({"scale_out_levels": []}, "scale_out_levels = []"),
        ({"scale_out_levels": [7, -8]}, "scale_out_levels.1 = -8: Input should be greater than 0"),
        ({"scale_out_levels": [8, 7]}, "scale_out_levels = [8.0, 7.0] must rise"),
        ({"scale_out_levels": [7, 7]}, "scale_out_levels = [7.0, 7.0] must rise"),
        ({"target_atr_multiples": [10, 7, 12]}, "target_atr_multiples = [10.0, 7.0, 12.0] must"),
        ({"target_atr_multiples": [7, 10]}, "target_atr_multiples"),
        ({"entry_max_distance": 3}, "no param 'entry_max_distance', did you mean 'entry_max_atr_"),
        ({"colour": "red"}, "there is no param 'colour', there are: atr_period, entry_max_atr_"),
        (
            {"entry_max_atr_distance": 7},
            "target_atr_multiples begin at 7, which must be above entry_max_atr_distance = 7",
        ),
    ],
)
def test_params_that_make_no_sense_are_refused_in_words(document, message):
    with pytest.raises(ParamsError) as refused:
        read_params(KIND, document)
    assert message in str(refused.value)
    assert str(refused.value).startswith("Params of atr_matrix: ")
    assert "\n" not in str(refused.value)


def test_every_wrong_param_is_named_at_once():
    with pytest.raises(ParamsError, match=r"atr_period = 0: .*; min_strength = 2: "):
        read_params(KIND, {"atr_period": 0, "min_strength": 2})


@pytest.mark.parametrize(("period", "sessions"), [(14, 750), (20, 336), (100, 3_485)])
def test_params_that_look_back_within_the_sessions_kept_are_fine(period, sessions):
    require_history(KIND, AtrMatrixParams(atr_period=period), sessions=sessions)


@pytest.mark.parametrize(("period", "reach"), [(20, 335), (100, 1_704)])
def test_params_that_look_back_past_the_sessions_kept_are_refused(period, reach):
    # The seed's ranges, and 315 or 1,604 rows that forget it: 0.95 ** 315 and 0.99 ** 1604 < 1e-7.
    told = f"atr_{period} looks back over {reach:,} bars before its own; {reach:,} sessions are"
    with pytest.raises(ParamsError, match=told):
        require_history(KIND, AtrMatrixParams(atr_period=period), sessions=reach)


def test_the_defaults_are_those_of_v1():
    params = AtrMatrixParams()
    assert (params.atr_period, params.entry_max_atr_distance, params.stop_atr_multiple) == (
        14,
        4.0,
        1.5,
    )
    assert params.scale_out_levels == (7.0, 8.0, 9.0, 10.0)
    assert params.target_atr_multiples == (7.0, 10.0, 12.0)
    assert (params.min_atr_pct, params.min_range_position_pct) == (3.0, 50.0)
    assert (params.max_position_pct, params.risk_per_trade_pct) == (5.0, 2.0)


def test_each_fact_is_read_from_the_measure_the_rules_name():
    sources = KIND.sources(AtrMatrixParams(atr_period=21))
    assert {name: source.column for name, source in sources.items()} == {
        "atr": "atr_21",
        "atr_pct": "atr_pct_21",
        "atr_distance": "atr_distance_50_21",
        "sma_short": "sma_20",
        "sma_trend": "sma_50",
        "range_position": "range_position_20",
        "ma_aligned": "ma_aligned",
        "holding_sessions": "holding_sessions_50_21",
        "holding_peak": "holding_peak_50_21",
        "holding_before": "holding_before_50_21",
        "since_holding": "since_holding_50_21",
    }


# Over real bars


def test_over_real_bars_each_level_and_each_exit_is_told_once_a_holding(real_holdings):
    told = real_holdings.group_by("symbol", "holding", "action", "urgency", "level").len()
    assert told.filter(told["action"] == "scale_out").height > 0
    assert told.filter(told["urgency"] == "high").height > 0
    assert told.filter((told["action"] != "entry") & (told["len"] > 1)).is_empty()
