import datetime as dt

from quantmatrix_engine.notifications import status
from quantmatrix_engine.notifications.status import Failed

# A Monday; the Friday before is one session behind.
SESSION, FRIDAY = dt.date(2026, 11, 23), dt.date(2026, 11, 20)


def test_bars_that_are_not_there_are_counted_in_sessions():
    message = status.no_bars(SESSION, FRIDAY)
    assert message.headline == "No bars of 2026-11-23"
    assert message.notes[0] == "The newest are of 2026-11-20: 1 behind, counted in sessions."
    assert status.no_bars(SESSION, None).notes[0] == "There are no bars at all."


def test_instruments_behind_are_named_up_to_ten_and_the_rest_counted():
    message = status.instruments_behind(SESSION, [f"S{number:02}" for number in range(12)])
    assert message.headline == "12 instruments have no bar of 2026-11-23"
    assert message.notes[0].startswith(
        "S00, S01, S02, S03, S04, S05, S06, S07, S08, S09 and 2 more"
    )
    one = status.instruments_behind(SESSION, ["AAA"])
    assert one.headline == "1 instrument has no bar of 2026-11-23"


def test_failed_strategies_are_named_with_user_and_reason():
    one = status.strategies_failed(SESSION, [Failed("ada", "Trend", "no such param")])
    assert one.headline == "1 strategy of 1 user not evaluated on 2026-11-23"
    assert one.notes[0] == "ada, Trend: no such param"
    many = [Failed(f"user {number % 3}", "Trend", "why") for number in range(11)]
    told = status.strategies_failed(SESSION, many)
    assert told.headline == "11 strategies of 3 users not evaluated on 2026-11-23"
    assert told.notes[10] == "and 1 more"
    assert len(told.notes) == 12
