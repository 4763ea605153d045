"""Sizes within an account's limits, worked by hand, and what holds of any of them."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from quantmatrix_engine.sizing.limits import within_limits

ENTRY = {
    "user_id": pl.Int64,
    "strategy_id": pl.Int64,
    "instrument_id": pl.Int64,
    "sector": pl.String,
    "strength": pl.Float64,
    "price": pl.Float64,
    "stop": pl.Float64,
    "size_pct": pl.Float64,
}
HELD = {
    "user_id": pl.Int64,
    "instrument_id": pl.Int64,
    "sector": pl.String,
    "weight_pct": pl.Float64,
    "heat_pct": pl.Float64,
}
LIMITS = {
    "user_id": pl.Int64,
    "max_position_pct": pl.Float64,
    "max_sector_pct": pl.Float64,
    "max_heat_pct": pl.Float64,
    "max_positions": pl.Int64,
}


def entry(instrument_id: int, size_pct: float = 5.0, **change) -> dict:
    same = {"user_id": 1, "strategy_id": 1, "sector": "tech", "strength": 0.5}
    return (
        same
        | {"instrument_id": instrument_id, "price": 100.0, "stop": 90.0}
        | {"size_pct": size_pct}
        | change
    )


def held(instrument_id: int, weight_pct: float, **change) -> dict:
    same = {"user_id": 1, "instrument_id": instrument_id, "sector": "tech", "heat_pct": None}
    return same | {"weight_pct": weight_pct} | change


def cut(entries: list[dict], positions: list[dict] = (), **limits) -> list[tuple]:
    found = within_limits(
        pl.DataFrame(entries, schema=ENTRY),
        pl.DataFrame(list(positions), schema=HELD),
        pl.DataFrame([dict.fromkeys(LIMITS) | {"user_id": 1} | limits], schema=LIMITS),
    )
    return [
        (one["instrument_id"], round(one["size_pct"], 6), one["limited_by"])
        for one in found.iter_rows(named=True)
    ]


def test_without_limits_nothing_is_cut_and_the_strongest_come_first():
    entries = [entry(1, strength=0.5), entry(2, strength=0.9), entry(3, strength=0.9)]
    assert cut(entries) == [(2, 5.0, None), (3, 5.0, None), (1, 5.0, None)]


def test_a_position_is_cut_to_what_is_not_held_of_it_already():
    entries = [entry(1), entry(2), entry(3)]
    positions = [held(1, 4.0), held(2, 7.0)]
    assert cut(entries, positions, max_position_pct=6) == [
        (1, 2.0, "position"),
        (2, 0.0, "position"),
        (3, 5.0, None),
    ]


def test_two_strategies_share_the_room_of_one_instrument():
    entries = [entry(1, strategy_id=1, strength=0.4), entry(1, strategy_id=2, strength=0.8)]
    assert cut(entries, max_position_pct=8) == [(1, 5.0, None), (1, 3.0, "position")]


def test_a_sector_is_filled_by_the_strongest_first():
    # 20 may be in the sector and 8 are: 5, 5, 2, 0 of it; energy has room of its own.
    entries = [entry(number, strength=1 - number / 10) for number in (1, 2, 3, 4)]
    entries.append(entry(5, strength=0.1, sector="energy"))
    assert cut(entries, [held(9, 8.0)], max_sector_pct=20) == [
        (1, 5.0, None),
        (2, 5.0, None),
        (3, 2.0, "sector"),
        (4, 0.0, "sector"),
        (5, 5.0, None),
    ]


def test_instruments_of_unknown_sector_share_one():
    entries = [entry(1, sector=None), entry(2, sector=None)]
    assert cut(entries, [held(9, 4.0, sector=None)], max_sector_pct=10) == [
        (1, 5.0, None),
        (2, 1.0, "sector"),
    ]


def test_heat_is_the_loss_if_every_stop_is_hit():
    # A tenth of each 5 % is lost at the stop: 0.5. 2 held cost 0.2, one without a stop its 1 %.
    positions = [held(8, 2.0, heat_pct=0.2), held(9, 1.0)]
    entries = [entry(1), entry(2), entry(3, stop=50.0)]
    # 2 - 1.2 leaves 0.8: 0.5, then 0.3, then nothing.
    assert cut(entries, positions, max_heat_pct=2) == [
        (1, 5.0, None),
        (2, 3.0, "heat"),
        (3, 0.0, "heat"),
    ]


def test_no_more_positions_are_opened_than_there_is_room_for():
    entries = [entry(number) for number in (1, 2, 3, 4)]
    # Of three, one is held: two more. The one that is held is no further position.
    assert cut(entries, [held(4, 1.0)], max_positions=3) == [
        (1, 5.0, None),
        (2, 5.0, None),
        (3, 0.0, "positions"),
        (4, 5.0, None),
    ]


def test_what_came_to_nothing_takes_no_place():
    entries = [entry(1), entry(2), entry(3)]
    positions = [held(1, 6.0)]
    assert cut(entries, positions, max_position_pct=6, max_positions=2) == [
        (1, 0.0, "position"),
        (2, 5.0, None),
        (3, 0.0, "positions"),
    ]


def test_a_rest_too_small_to_trade_is_nothing():
    assert cut([entry(1)], [held(1, 5.995)], max_position_pct=6) == [(1, 0.0, "position")]


def test_each_limit_is_kept_on_what_the_one_before_left():
    # The position leaves 4 and 4, the sector 4 and 3, the heat (a tenth of it) 4 and 2.
    entries = [entry(1), entry(2)]
    assert cut(entries, max_position_pct=4, max_sector_pct=7, max_heat_pct=0.6) == [
        (1, 4.0, "position"),
        (2, 2.0, "heat"),
    ]


def test_a_user_without_limits_is_not_held_to_anothers():
    entries = [entry(1), entry(1, user_id=2)]
    assert cut(entries, max_position_pct=1) == [(1, 1.0, "position"), (1, 5.0, None)]


drawn = st.lists(
    st.builds(
        entry,
        instrument_id=st.integers(1, 4),
        size_pct=st.sampled_from([0.5, 3.0, 10.0]),
        user_id=st.integers(1, 2),
        strategy_id=st.integers(1, 3),
        sector=st.sampled_from(["tech", "energy", None]),
        strength=st.sampled_from([0.5, 0.75]),
        stop=st.sampled_from([50.0, 90.0, 98.0]),
    ),
    max_size=12,
    unique_by=lambda one: (one["user_id"], one["strategy_id"], one["instrument_id"]),
)
drawn_held = st.lists(
    st.builds(
        held,
        instrument_id=st.integers(1, 6),
        weight_pct=st.sampled_from([1.0, 6.0]),
        user_id=st.integers(1, 2),
        sector=st.sampled_from(["tech", None]),
        heat_pct=st.sampled_from([None, 0.5]),
    ),
    max_size=4,
    unique_by=lambda one: (one["user_id"], one["instrument_id"]),
)
BOTH = pl.DataFrame([(1, 8.0, 12.0, 1.0, 3), (2, None, 9.0, None, 2)], schema=LIMITS, orient="row")


@settings(max_examples=40, deadline=None, derandomize=True)
@given(drawn, drawn_held, st.integers(0, 5))
def test_no_limit_is_passed_no_size_grows_and_users_do_not_touch_each_other(
    entries, positions, seed
):
    asked, have = pl.DataFrame(entries, schema=ENTRY), pl.DataFrame(positions, schema=HELD)
    found = within_limits(asked, have, BOTH)
    key = ["user_id", "strategy_id", "instrument_id"]
    both = found.join(asked, on=key, suffix="_asked")
    assert both.height == asked.height
    assert both.select((pl.col("size_pct") <= pl.col("size_pct_asked") + 1e-9).all()).item()
    shuffled = asked.sample(fraction=1.0, shuffle=True, seed=seed)
    assert_frame_equal(within_limits(shuffled, have, BOTH), found)
    for user in (1, 2):
        of_user = pl.col("user_id") == user
        alone = within_limits(asked.filter(of_user), have.filter(of_user), BOTH)
        assert_frame_equal(found.filter(of_user), alone)
        bought = found.filter(of_user, pl.col("size_pct") > 0)
        mine = have.filter(of_user)
        for sector in ("tech", "energy", None):
            same = pl.col("sector").eq_missing(pl.lit(sector, dtype=pl.String))
            new = bought.filter(same)["size_pct"].sum()
            limit = {1: 12.0, 2: 9.0}[user]
            assert new == 0 or new + mine.filter(same)["weight_pct"].sum() <= limit + 1e-9
        ids = set(bought["instrument_id"]) - set(mine["instrument_id"])
        assert not ids or len(ids) + mine.height <= {1: 3, 2: 2}[user]
    heat = found.filter(pl.col("user_id") == 1).select(
        (pl.col("size_pct") * (1 - pl.col("stop") / pl.col("price"))).sum()
    )
    risked = have.filter(pl.col("user_id") == 1).select(pl.coalesce("heat_pct", "weight_pct").sum())
    assert heat.item() == 0 or heat.item() + risked.item() <= 1.0 + 1e-9


def test_no_entries_give_no_entries():
    assert cut([], [held(1, 5.0)], max_positions=1) == []


@pytest.mark.parametrize("strength", [0.2, 0.9])
def test_entries_keep_their_other_columns(strength):
    asked = pl.DataFrame([entry(1, strength=strength)], schema=ENTRY)
    found = within_limits(asked, pl.DataFrame(schema=HELD), pl.DataFrame(schema=LIMITS))
    assert_frame_equal(found.drop("limited_by"), asked)
