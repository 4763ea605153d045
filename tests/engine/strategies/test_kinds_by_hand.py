"""The rules of momentum, breakout, mean reversion and V1's ATR Matrix, by hand.

Each test begins with facts that meet the hard rules of an entry and no soft one.
"""

import pytest

from quantmatrix_engine.errors import ParamsError
from quantmatrix_engine.strategies import atr_matrix_v1, breakout, mean_reversion, momentum
from quantmatrix_engine.strategies.base import read_params


def told(signals) -> list[tuple]:
    return [(one["instrument_id"], one["action"], one["urgency"]) for one in signals]


# --------------------------------------------------------------------------- V1's ATR Matrix


def v1(distance: float, **facts):
    """SMA50 is 100 and ATR 2, so that a price of 100 + 2 d stands at distance d."""
    price = 100 + 2 * distance
    return {
        "price": price,
        "atr": 2.0,
        "atr_pct": 2.0,
        "atr_distance": distance,
        "sma_20": 99.0,
        "sma_50": 100.0,
        "range_position": 50.0,
        "ma_aligned": 0.0,
    } | facts


def test_v1_tells_an_entry_by_its_two_hard_rules_alone(said):
    (signal,) = said(atr_matrix_v1.KIND, [v1(2)])
    assert (signal["action"], signal["strength"], signal["size_pct"]) == ("entry", 0.5, 5.0)
    assert (signal["stop"], signal["risk_reward"]) == (101.0, pytest.approx(10 / 3))
    assert [signal[f"target_{rank}"] for rank in (1, 2, 3)] == [114.0, 120.0, 124.0]


@pytest.mark.parametrize(
    ("met", "strength"),
    [
        ({"ma_aligned": 1.0}, 0.75),
        ({"range_position": 50.1}, 0.65),
        ({"atr_pct": 3.0}, 0.60),
        ({"ma_aligned": 1.0, "range_position": 50.1, "atr_pct": 3.0}, 1.0),
    ],
)
def test_v1_adds_the_weights_of_its_soft_rules(said, met, strength):
    assert said(atr_matrix_v1.KIND, [v1(2, **met)])[0]["strength"] == pytest.approx(strength)


def test_v1_tells_an_entry_whatever_the_reward(said):
    # (7 - 4) / 1.5 is 2; V1 stated 3 as its least and never looked.
    (signal,) = said(atr_matrix_v1.KIND, [v1(4)], min_risk_reward=20)
    assert signal["risk_reward"] == pytest.approx(2.0)


def test_v1_tells_all_four_levels_on_every_session(said):
    signals = said(atr_matrix_v1.KIND, [v1(10), v1(10)])
    levels = [(one["instrument_id"], one["level"], one["strength"]) for one in signals]
    each = [(7.0, 1.0), (8.0, 0.9), (9.0, 0.8), (10.0, 0.7)]
    assert levels == [
        (number, level, pytest.approx(strength)) for number in (1, 2) for level, strength in each
    ]


def test_v1_tells_levels_and_an_exit_together_beyond_ten(said):
    signals = said(atr_matrix_v1.KIND, [v1(10.5)])
    assert [one["action"] for one in signals] == ["exit"] + ["scale_out"] * 4
    assert (signals[0]["urgency"], signals[0]["strength"]) == ("medium", 0.7)


def test_v1_tells_an_exit_on_every_session_below_sma50(said):
    signals = said(atr_matrix_v1.KIND, [v1(-1), v1(-9), v1(0)])
    assert told(signals)[:2] == [(1, "exit", "high"), (2, "exit", "high")]
    assert {one["strength"] for one in signals if one["action"] == "exit"} == {0.9}


@pytest.mark.parametrize(("asked", "given"), [(3.0, 3.0), (40.0, 40.0), (80.0, 40.0)])
def test_v1_sizes_by_the_largest_position_up_to_forty(said, asked, given):
    (signal,) = said(atr_matrix_v1.KIND, [v1(2)], max_position_size_pct=asked)
    assert signal["size_pct"] == given


# ------------------------------------------------------------------------------ momentum


def rising(**facts):
    return {
        "price": 100.0,
        "atr": 2.0,
        "atr_distance": 7.0,
        "sma_trend": 90.0,
        "relative_strength": -1.0,
        "range_position": 79.0,
        "ma_aligned": 0.0,
        "momentum_now": 10.0,
        "momentum_before": 9.9,
        "holding_sessions": 30.0,
        "holding_before": 29.0,
    } | facts


def test_momentum_that_has_come_is_an_entry_with_stop_targets_and_size_from_risk(said):
    (signal,) = said(momentum.KIND, [rising()])
    assert (signal["action"], signal["strength"], signal["stop"]) == ("entry", 0.5, 96.0)
    assert [signal[f"target_{rank}"] for rank in (1, 2, 3)] == [108.0, 116.0, 124.0]
    # 0.5 % of the account over a loss of 4 % would be 12.5 %; the cap is 10 %.
    assert (signal["risk_reward"], signal["size_pct"]) == (2.0, 10.0)


def test_a_wider_stop_of_momentum_makes_the_position_smaller(said):
    # Two ATR of 5: 10 % below; 0.5 % over 10 %.
    assert said(momentum.KIND, [rising(atr=5.0)])[0]["size_pct"] == pytest.approx(5.0)
    # Two ATR of 10 would be 20 % below; at most 15 %.
    wide = said(momentum.KIND, [rising(atr=10.0)])[0]
    assert (wide["stop"], wide["size_pct"]) == (pytest.approx(85.0), pytest.approx(0.5 / 0.15))


@pytest.mark.parametrize(
    "change",
    [
        {"momentum_now": 9.99},
        {"price": 90.0},
        {"momentum_before": 10.0},
        {"momentum_before": None, "holding_before": None},
    ],
)
def test_without_a_hard_rule_there_is_no_momentum_entry(said, change):
    assert said(momentum.KIND, [rising(**change)]) == []


def test_the_trend_found_again_is_an_entry_too(said):
    back = rising(momentum_before=50.0, holding_sessions=1.0, holding_before=0.0)
    assert told(said(momentum.KIND, [back])) == [(1, "entry", None)]


@pytest.mark.parametrize(
    ("met", "strength"),
    [
        ({"relative_strength": 0.0}, 0.65),
        ({"range_position": 80.0}, 0.65),
        ({"ma_aligned": 1.0}, 0.6),
        ({"atr_distance": 6.0}, 0.6),
        ({"relative_strength": None, "range_position": None}, 0.5),
    ],
)
def test_soft_rules_of_momentum_add_their_weights(said, met, strength):
    assert said(momentum.KIND, [rising(**met)])[0]["strength"] == pytest.approx(strength)


def test_momentum_is_left_when_it_is_lost_and_when_the_trend_breaks_once_each(said):
    facts = [
        rising(momentum_now=-0.1, momentum_before=0.0),
        rising(momentum_now=-0.2, momentum_before=-0.1),
        rising(price=89.0, holding_sessions=0.0, holding_before=9.0, momentum_before=20.0),
        rising(price=88.0, holding_sessions=0.0, holding_before=0.0),
        # Both at once: the trend speaks.
        rising(
            price=89.0,
            holding_sessions=0.0,
            holding_before=9.0,
            momentum_now=-1.0,
            momentum_before=1.0,
        ),
    ]
    assert told(said(momentum.KIND, facts)) == [
        (1, "exit", "medium"),
        (3, "exit", "high"),
        (5, "exit", "high"),
    ]


def test_momentum_cannot_be_left_above_where_it_is_entered():
    with pytest.raises(ParamsError, match=r"exit_momentum_pct = 12 must not be above min_momen"):
        read_params(momentum.KIND, {"exit_momentum_pct": 12})


# -------------------------------------------------------------------- channel breakout


def broken_out(**facts):
    return {
        "price": 100.0,
        "atr": 2.0,
        "atr_pct": 2.0,
        "relative_volume": 1.4,
        "sma_trend": 101.0,
        "range_position": 79.0,
        "channel_upper": 99.0,
        "channel_lower": 90.0,
        "rise_sessions": 1.0,
        "rise_before": 0.0,
    } | facts


def test_a_breakout_on_volume_is_an_entry(said):
    (signal,) = said(breakout.KIND, [broken_out()])
    assert (signal["action"], signal["strength"], signal["stop"]) == (
        "entry",
        pytest.approx(0.55),
        96.0,
    )
    assert [signal[f"target_{rank}"] for rank in (1, 2, 3)] == [108.0, 112.0, 116.0]


@pytest.mark.parametrize(
    "change",
    [
        {"channel_upper": 100.0},
        {"relative_volume": 1.39},
        {"rise_sessions": 2.0, "rise_before": 1.0},
    ],
)
def test_without_a_hard_rule_there_is_no_breakout(said, change):
    assert said(breakout.KIND, [broken_out(**change)]) == []


@pytest.mark.parametrize(
    "met", [{"sma_trend": 99.0}, {"range_position": 80.0}, {"atr_pct": 4.0}], ids=str
)
def test_soft_rules_of_a_breakout_add_their_weights(said, met):
    assert said(breakout.KIND, [broken_out(**met)])[0]["strength"] == pytest.approx(0.7)


def test_a_rise_ends_once_below_the_shorter_channel(said):
    ended = broken_out(price=89.0, rise_sessions=0.0, rise_before=7.0)
    again = broken_out(price=88.0, rise_sessions=0.0, rise_before=0.0)
    assert told(said(breakout.KIND, [ended, again])) == [(1, "exit", "high")]


def test_the_channel_of_the_exit_is_not_longer_than_that_of_the_entry():
    with pytest.raises(ParamsError, match=r"exit_sessions = 30 must not be above entry_sessions"):
        read_params(breakout.KIND, {"exit_sessions": 30})


# ------------------------------------------------------------------------ mean reversion


def fallen(**facts):
    return {
        "price": 100.0,
        "atr": 2.0,
        "atr_pct": 1.9,
        "atr_distance": 0.5,
        "rsi_2": 10.0,
        "sma_trend": 90.0,
        "sma_exit": 103.0,
        "band_upper": 112.0,
        "band_middle": 106.0,
        "band_position": 6.0,
        "pullback_sessions": 2.0,
        "pullback_rsi": 10.1,
        "pullback_before": 1.0,
        "holding_sessions": 60.0,
        "holding_before": 59.0,
    } | facts


def test_a_pullback_in_a_rising_trend_is_an_entry_towards_the_middle_of_the_bands(said):
    (signal,) = said(mean_reversion.KIND, [fallen()])
    assert (signal["action"], signal["strength"], signal["stop"]) == ("entry", 0.5, 96.0)
    assert [signal[f"target_{rank}"] for rank in (1, 2, 3)] == [106.0, 112.0, None]
    assert signal["risk_reward"] == pytest.approx(1.5)


@pytest.mark.parametrize(
    "change",
    [
        {"rsi_2": 10.1},
        {"price": 90.0},
        {"pullback_sessions": 0.0},
        {"pullback_rsi": 10.0},
        {"band_middle": 100.0},
    ],
)
def test_without_a_hard_rule_there_is_no_pullback_entry(said, change):
    assert said(mean_reversion.KIND, [fallen(**change)]) == []


def test_the_first_session_of_a_pullback_may_be_its_entry(said):
    first = fallen(pullback_sessions=1.0, pullback_rsi=None, pullback_before=0.0)
    assert told(said(mean_reversion.KIND, [first])) == [(1, "entry", None)]


def test_a_reward_below_the_smallest_is_no_pullback_entry(said):
    # The reward is 6 for a risk of 4.
    assert len(said(mean_reversion.KIND, [fallen()], min_risk_reward=1.5)) == 1
    assert said(mean_reversion.KIND, [fallen()], min_risk_reward=1.6) == []


@pytest.mark.parametrize(
    ("met", "strength"),
    [({"band_position": 5.0}, 0.75), ({"atr_distance": 0.0}, 0.65), ({"atr_pct": 2.0}, 0.6)],
)
def test_soft_rules_of_a_pullback_add_their_weights(said, met, strength):
    assert said(mean_reversion.KIND, [fallen(**met)])[0]["strength"] == pytest.approx(strength)


def test_a_pullback_is_left_at_its_mean_if_it_was_deep_and_when_the_trend_breaks(said):
    back = {"price": 104.0, "rsi_2": 80.0, "pullback_sessions": 0.0}
    facts = [
        fallen(**back, pullback_rsi=4.0),
        fallen(**back, pullback_rsi=30.0),
        fallen(**back, pullback_before=0.0, pullback_rsi=None),
        fallen(price=89.0, holding_sessions=0.0, holding_before=8.0),
        fallen(price=88.0, holding_sessions=0.0, holding_before=0.0),
    ]
    assert told(said(mean_reversion.KIND, facts)) == [(1, "exit", "medium"), (4, "exit", "high")]
