import datetime as dt

import pytest

from quantmatrix_engine.prices.sampling import in_turn

SYMBOLS = ["A", "B", "C", "D", "E", "F", "G"]
# A Friday, the Monday after it, and Tuesday to Thursday.
SESSIONS = [dt.date(2024, 1, day) for day in (5, 8, 9, 10, 11)]


def test_each_session_has_the_symbols_that_follow_those_of_the_session_before():
    drawn = [in_turn(SYMBOLS, session, 2) for session in SESSIONS]
    assert {symbol for some in drawn[:4] for symbol in some} == set(SYMBOLS)
    assert all(len(some) == 2 for some in drawn)
    assert not set(drawn[0]) & set(drawn[1]), "a weekend is no turn"


def test_a_session_has_the_same_symbols_in_whatever_order_they_come():
    assert in_turn(SYMBOLS[::-1] + SYMBOLS, SESSIONS[0], 3) == in_turn(SYMBOLS, SESSIONS[0], 3)


@pytest.mark.parametrize(("count", "drawn"), [(0, 0), (7, 7), (9, 7)])
def test_no_more_are_drawn_than_there_are(count: int, drawn: int):
    assert len(in_turn(SYMBOLS, SESSIONS[0], count)) == drawn
    assert in_turn([], SESSIONS[0], count) == []
