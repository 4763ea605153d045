import datetime as dt

from quantmatrix_engine import calendars
from quantmatrix_pipelines import stretches
from quantmatrix_pipelines.stretches import A_QUARTER, A_YEAR, Stretch

SESSIONS = calendars.sessions(dt.date(2024, 12, 30), dt.date(2025, 7, 1))


def test_a_quarter_ends_with_its_last_session():
    assert stretches.split(SESSIONS, months=A_QUARTER) == [
        Stretch(dt.date(2024, 12, 30), dt.date(2024, 12, 31)),
        Stretch(dt.date(2025, 1, 2), dt.date(2025, 3, 31)),
        Stretch(dt.date(2025, 4, 1), dt.date(2025, 6, 30)),
        Stretch(dt.date(2025, 7, 1), dt.date(2025, 7, 1)),
    ]


def test_a_year_ends_with_its_last_session_and_one_session_is_a_stretch():
    assert stretches.split(SESSIONS, months=A_YEAR) == [
        Stretch(dt.date(2024, 12, 30), dt.date(2024, 12, 31)),
        Stretch(dt.date(2025, 1, 2), dt.date(2025, 7, 1)),
    ]
    (alone,) = stretches.split(SESSIONS[:1], months=A_QUARTER)
    assert (alone.first, alone.last, alone.note) == (SESSIONS[0], SESSIONS[0], None)
